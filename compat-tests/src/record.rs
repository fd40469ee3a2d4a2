//! Rewrites the stored answers of case files: what `RECORD=1` asks for.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use crate::case::{Case, Role};
use crate::program::Program;
use crate::run::Answer;

/// Edits gathered from cases that ran at the same time, written file by file at the end.
#[derive(Debug, Default)]
pub struct Recorder {
    /// Whether what differs goes beside the stored answer, as that of the original's version, instead of into its place.
    is_beside: bool,
    edits: Mutex<BTreeMap<PathBuf, Vec<Edit>>>,
}

#[derive(Debug)]
struct Edit {
    /// The line of the fence whose body is replaced, or after whose block a new block goes.
    fence: usize,
    body: String,
    /// What goes before the body of a block to be added, its fence included; none to replace the body.
    added: Option<String>,
}

impl Recorder {
    /// Nothing noted yet; with `is_beside`, what differs is stored beside the answer that is there, under its version.
    pub fn new(is_beside: bool) -> Self {
        Self { is_beside, edits: Mutex::default() }
    }

    /// Notes the answers of a program where they differ from the stored ones.
    pub fn note(&self, case: &Case, answers: &[Answer], program: &Program) {
        let mut edits = self.edits.lock().unwrap_or_else(PoisonError::into_inner);
        for answer in answers {
            let edit = match case.stored_answer(answer.block, program) {
                Some(block) if block.body == answer.text => continue,
                // evenkeel's own answer is only written where the case says that it differs.
                Some(_) if program.versions.is_empty() && !has_other_version(case, answer) => continue,
                Some(block) if self.is_beside && block.version.is_none() && !program.versions.is_empty() => {
                    let version = version_for(program, &case.blocks[answer.block].body);
                    let fence = format!("\nDiffers from {version}:\n\n{} {version}", fence_of(&block.role));
                    Edit { fence: block.line, body: answer.text.clone(), added: Some(fence) }
                }
                Some(block) => Edit { fence: block.line, body: answer.text.clone(), added: None },
                None => {
                    let fence = format!("\n{}", fence_of(&Role::Receive));
                    Edit { fence: case.blocks[answer.block].line, body: answer.text.clone(), added: Some(fence) }
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

/// The short number of the version that a fence names: nginx's, or that of keepalived where the block runs that.
fn version_for<'a>(program: &'a Program, block: &str) -> &'a str {
    let mut short = program.versions.iter().filter(|version| version.matches('.').count() == 1);
    let version = if block.starts_with("$ keepalived") { short.next_back() } else { short.next() };
    version.map_or("", String::as_str)
}

fn fence_of(role: &Role) -> String {
    match role {
        Role::Asked(port) => format!("```http asked {port}"),
        Role::Log(name) => format!("```log {name}"),
        Role::Console => "```console".to_owned(),
        _ => "```http receive".to_owned(),
    }
}

fn apply(text: &str, edits: &[Edit]) -> String {
    let mut lines: Vec<String> = text.lines().map(str::to_owned).collect();
    let mut edits: Vec<&Edit> = edits.iter().collect();
    // From the bottom up, so that the line numbers above stay right.
    edits.sort_by_key(|edit| std::cmp::Reverse(edit.fence));
    for edit in edits {
        let end = edit.fence + lines[edit.fence..].iter().position(|line| line == "```").unwrap_or(0);
        let body = edit.body.lines().map(str::to_owned);
        match &edit.added {
            None => drop(lines.splice(edit.fence..end, body)),
            Some(head) => {
                let block = head.lines().map(str::to_owned).chain(body).chain(["```".to_owned()]);
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
            Edit { fence: 2, body: "HTTP/1.1 200".to_owned(), added: Some("\n```http receive".to_owned()) },
            Edit { fence: 7, body: "$ nginx -t\nnew".to_owned(), added: None },
        ];
        let expected = "## a\n```http send\nGET\n```\n\n```http receive\nHTTP/1.1 200\n```\n\n## b\n```console\n$ nginx -t\nnew\n```\n";
        assert_eq!(apply(text, &edits), expected);
    }
}
