//! Compares answers with what a case stores, and shows a difference so that it can be read.

use crate::case::Case;
use crate::program::Program;
use crate::run::Answer;

/// Nothing, or what differs from the stored answers, with the places in the case's file.
pub fn with_stored(case: &Case, answers: &[Answer], program: &Program) -> Result<(), String> {
    let mut faults = Vec::new();
    for answer in answers {
        match case.stored_answer(answer.block, program) {
            Some(block) if block.body == answer.text => {}
            Some(block) => {
                let place = format!("{}:{}", case.path.display(), block.line);
                faults.push(format!("{place}\n{}", difference("stored", &block.body, "came", &answer.text)));
            }
            None => {
                let place = format!("{}:{}", case.path.display(), case.blocks[answer.block].line);
                faults.push(format!(
                    "{place}\nno answer is stored (RECORD=1 stores the original's); came:\n{}",
                    answer.text
                ));
            }
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Nothing, or what differs between the answers of the original and ours where the case does not say that they should.
pub fn side_by_side(case: &Case, original: (&Program, &[Answer]), ours: (&Program, &[Answer])) -> Result<(), String> {
    let mut faults = Vec::new();
    for (theirs, own) in original.1.iter().zip(ours.1) {
        let expected = case.stored_answer(theirs.block, original.0);
        let is_own = expected.is_some_and(|block| block.version.is_some());
        if !is_own && theirs.text != own.text {
            let place = format!("{}:{}", case.path.display(), case.blocks[own.block].line);
            faults.push(format!("{place}\n{}", difference("original", &theirs.text, "evenkeel", &own.text)));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("\n")) }
}

/// Both texts as one, line by line: common lines plain, others with `-` for the first and `+` for the second.
fn difference(first_name: &str, first: &str, second_name: &str, second: &str) -> String {
    let (a, b): (Vec<&str>, Vec<&str>) = (first.lines().collect(), second.lines().collect());
    let mut out = format!("--- {first_name}\n+++ {second_name}\n");
    let common = longest_common(&a, &b);
    let (mut i, mut j) = (0, 0);
    for (next_i, next_j) in common.into_iter().chain([(a.len(), b.len())]) {
        a[i..next_i].iter().for_each(|line| out.push_str(&format!("-{line}\n")));
        b[j..next_j].iter().for_each(|line| out.push_str(&format!("+{line}\n")));
        if let Some(line) = a.get(next_i) {
            out.push_str(&format!(" {line}\n"));
        }
        (i, j) = (next_i + 1, next_j + 1);
    }
    out
}

/// The positions of a longest common subsequence.
fn longest_common(a: &[&str], b: &[&str]) -> Vec<(usize, usize)> {
    let mut lengths = vec![vec![0usize; b.len() + 1]; a.len() + 1];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            lengths[i][j] =
                if a[i] == b[j] { lengths[i + 1][j + 1] + 1 } else { lengths[i + 1][j].max(lengths[i][j + 1]) };
        }
    }
    let (mut i, mut j, mut pairs) = (0, 0, Vec::new());
    while i < a.len() && j < b.len() {
        if a[i] == b[j] {
            pairs.push((i, j));
            (i, j) = (i + 1, j + 1);
        } else if lengths[i + 1][j] >= lengths[i][j + 1] {
            i += 1;
        } else {
            j += 1;
        }
    }
    pairs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_shows_common_lines_once() {
        let text = difference("stored", "a\nb\nc", "came", "a\nx\nc\nd");
        assert_eq!(text, "--- stored\n+++ came\n a\n-b\n+x\n c\n+d\n");
    }
}
