//! Rewrites the stored answers of case files: what `RECORD=1` asks for.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::case::{Case, Role};
use crate::compare::stored;
use crate::program::Program;
use crate::run::Answer;

/// Edits gathered from cases that ran at the same time, written file by file at the end.
#[derive(Debug, Default)]
pub struct Recorder {
    edits: Mutex<BTreeMap<PathBuf, Vec<Edit>>>,
}

#[derive(Debug)]
struct Edit {
    /// The line of the fence whose body is replaced, or after whose block a new block goes.
    fence: usize,
    body: String,
    /// The fence of a block to be added; none to replace the body.
    added: Option<&'static str>,
}

impl Recorder {
    /// Notes the answers of a program where they differ from the stored ones.
    pub fn note(&self, case: &Case, answers: &[Answer], program: &Program) {
        let mut edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        for answer in answers {
            let edit = match stored(case, answer, program) {
                Some(block) if block.body == answer.text => continue,
                // evenkeel's own answer is only written where the case says that it differs.
                Some(block) if program.versions.is_empty() && !has_other_version(case, answer) => {
                    let _ = block;
                    continue;
                }
                Some(block) => Edit { fence: block.line, body: answer.text.clone(), added: None },
                None => {
                    let asking = &case.blocks[answer.block];
                    let fence = if asking.role == Role::Send(None) { "```http receive" } else { "```text receive" };
                    Edit { fence: asking.line, body: answer.text.clone(), added: Some(fence) }
                }
            };
            edits.entry(case.path.clone()).or_default().push(edit);
        }
    }

    /// Writes what was noted.
    pub fn write(&self) -> Result<(), String> {
        let edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        for (path, edits) in edits.iter() {
            let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
            fs::write(path, apply(&text, edits)).map_err(|error| format!("{}: {error}", path.display()))?;
        }
        Ok(())
    }
}

fn has_other_version(case: &Case, answer: &Answer) -> bool {
    let role = match case.blocks[answer.block].role {
        Role::Send(_) => &Role::Receive,
        ref other => other,
    };
    case.blocks[answer.block..].iter().any(|block| block.role == *role && block.version.is_some())
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut edits: Vec<&Edit> = edits.iter().collect();
    // From the bottom up, so that the line numbers above stay right.
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.fence));
    for edit in edits {
        let end = edit.fence + lines[edit.fence..].iter().position(|line| line == "```").unwrap_or(0);
        let body = edit.body.lines().map(str::to_owned);
        match edit.added {
            None => drop(lines.splice(edit.fence..end, body)),
            Some(fence) => {
                let block = [String::new(), fence.to_owned()].into_iter().chain(body).chain(["```".to_owned()]);
                lines.splice(end + 1..end + 1, block);
            }
        }
    }
    lines.join("\n") + "\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bodies_are_replaced_and_missing_blocks_added() {
        let text = "## a\n```http send\nGET\n```\n\n## b\n```console\n$ nginx -t\nold\n```\n";
        let edits = [
            Edit { fence: 2, body: "HTTP/1.1 200".to_owned(), added: Some("```http receive") },
            Edit { fence: 7, body: "$ nginx -t\nnew".to_owned(), added: None },
        ];
        let expected = "## a\n```http send\nGET\n```\n\n```http receive\nHTTP/1.1 200\n```\n\n## b\n```console\n$ nginx -t\nnew\n```\n";
        assert_eq!(apply(text, &edits), expected);
    }
}
