//! Reads a file of cases: Markdown with a `##` heading for each case and fenced blocks that say what goes in and out.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::Program;

/// What a fenced block is, by the words after its fence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// A file of the scratch directory.
    File(String),
    /// A command (`$ nginx -t`), its output, and its exit code (`$ echo $?`).
    Console,
    /// Bytes sent on a new connection, to this port or the first one listened on.
    Send(Option<u16>),
    /// The bytes that come back on the connection of the last `send`.
    Receive,
    /// What a scripted upstream on this port answers to one request.
    Answer(u16),
    /// What that upstream was sent.
    Asked(u16),
    /// What the server wrote to this log file.
    Log(String),
}

/// A fenced block of a case.
#[derive(Clone, Debug)]
pub struct Block {
    /// What it is.
    pub role: Role,
    /// The line of its opening fence, counted from 1.
    pub line: usize,
    /// The text between the fences, without the last line break.
    pub body: String,
    /// The version whose answer this is, where evenkeel's differs on purpose.
    pub version: Option<String>,
}

/// One case.
#[derive(Clone, Debug)]
pub struct Case {
    /// The file it stands in.
    pub path: PathBuf,
    /// The folder and file name within `cases/`.
    pub file: String,
    /// The line of its heading.
    pub line: usize,
    /// The heading.
    pub title: String,
    /// Its blocks in order.
    pub blocks: Vec<Block>,
    /// The last version of the original that does not know what the case shows: `Newer than 1.22: …`.
    pub newer_than: Option<String>,
    /// Whether no original that is at hand knows what the case shows: `Without an original: …`.
    pub is_without_original: bool,
}

impl Case {
    /// `http/request_line.md: A bare CR ends nothing`, the name that tests and lists use.
    pub fn name(&self) -> String {
        format!("{}: {}", self.file, self.title)
    }

    /// Whether this program, an original, does not know what the case shows.
    pub fn is_unknown_to(&self, program: &Program) -> bool {
        self.is_without_original || self.newer_than.as_ref().is_some_and(|version| program.versions.contains(version))
    }

    /// Whether a server runs during the case.
    pub fn is_served(&self) -> bool {
        self.blocks.iter().any(|block| matches!(block.role, Role::Send(_)))
    }

    /// The files to lay out before anything is started.
    pub fn files(&self) -> impl Iterator<Item = (&str, &str)> {
        self.blocks.iter().filter_map(|block| match &block.role {
            Role::File(name) => Some((name.as_str(), block.body.as_str())),
            _ => None,
        })
    }

    /// The block with the text that `program` should give where the block of that index asks, if the case stores one.
    pub fn stored_answer(&self, asking: usize, program: &Program) -> Option<&Block> {
        let (role, following) = (&self.blocks[asking].role, &self.blocks[asking + 1..]);
        let is_sent = matches!(role, Role::Send(_));
        let belongs = |block: &&Block| match is_sent {
            true => block.role == Role::Receive,
            false => block.role == *role && block.version.is_some(),
        };
        let is_before_next_question = |block: &&Block| match is_sent {
            true => !matches!(block.role, Role::Send(_) | Role::Console),
            false => block.role == *role && block.version.is_some(),
        };
        let mut candidates: Vec<&Block> =
            following.iter().take_while(is_before_next_question).filter(belongs).collect();
        if !is_sent {
            candidates.insert(0, &self.blocks[asking]);
        }
        let own = candidates.iter().find(|block| block.version.as_ref().is_some_and(|v| program.versions.contains(v)));
        own.or_else(|| candidates.iter().find(|block| block.version.is_none())).copied()
    }
}

/// The folder of all cases.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("cases")
}

/// Every case of every file, in the order of their paths.
pub fn read_all() -> Result<Vec<Case>, String> {
    let mut paths = Vec::new();
    collect(&folder(), &mut paths).map_err(|error| error.to_string())?;
    paths.sort();
    let mut cases = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let file = path.strip_prefix(folder()).unwrap_or(&path).display().to_string();
        cases.extend(parse(&path, &file, &text)?);
    }
    Ok(cases)
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            collect(&path, paths)?;
        } else if path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("README.md") {
            paths.push(path);
        }
    }
    Ok(())
}

fn parse(path: &Path, file: &str, text: &str) -> Result<Vec<Case>, String> {
    let mut cases: Vec<Case> = Vec::new();
    let mut shared: Vec<Block> = Vec::new();
    let mut lines = text.lines().enumerate();
    while let Some((index, line)) = lines.next() {
        if let Some(title) = line.strip_prefix("## ") {
            let title = title.trim().to_owned();
            if cases.iter().any(|case| case.title == title) {
                return Err(format!("{file}:{}: two cases have the heading {title:?}", index + 1));
            }
            cases.push(Case {
                path: path.to_owned(),
                file: file.to_owned(),
                line: index + 1,
                title,
                blocks: shared.clone(),
                newer_than: None,
                is_without_original: false,
            });
        } else if let (Some(rest), Some(case)) = (line.strip_prefix("Newer than "), cases.last_mut()) {
            case.newer_than = rest.split_once(':').map(|(version, _)| version.to_owned());
        } else if let (true, Some(case)) = (line.starts_with("Without an original: "), cases.last_mut()) {
            case.is_without_original = true;
        } else if let Some(info) = line.strip_prefix("```") {
            let place = format!("{file}:{}", index + 1);
            let body = lines.by_ref().map(|(_, line)| line).take_while(|line| *line != "```").collect::<Vec<_>>();
            let (role, version) = read_info(info).ok_or_else(|| format!("{place}: unknown kind of block {info:?}"))?;
            let block = Block { role, line: index + 1, body: body.join("\n"), version };
            match cases.last_mut() {
                Some(case) => case.blocks.push(block),
                None if matches!(block.role, Role::File(_) | Role::Answer(_)) => shared.push(block),
                None => return Err(format!("{place}: only files and answers can be shared by all cases of a file")),
            }
        }
    }
    Ok(cases)
}

fn read_info(info: &str) -> Option<(Role, Option<String>)> {
    let words: Vec<&str> = info.split_whitespace().collect();
    let version = |rest: &[&str]| rest.first().map(|word| (*word).to_owned());
    Some(match words[..] {
        ["console", ref rest @ ..] => (Role::Console, version(rest)),
        [_, "send"] => (Role::Send(None), None),
        [_, "send", port] => (Role::Send(Some(port.parse().ok()?)), None),
        [_, "receive", ref rest @ ..] => (Role::Receive, version(rest)),
        [_, "answer", port] => (Role::Answer(port.parse().ok()?), None),
        [_, "asked", port, ref rest @ ..] => (Role::Asked(port.parse().ok()?), version(rest)),
        ["log", name, ref rest @ ..] => (Role::Log(name.to_owned()), version(rest)),
        ["nginx"] => (Role::File("nginx.conf".to_owned()), None),
        ["keepalived"] => (Role::File("keepalived.conf".to_owned()), None),
        [_, name] => (Role::File(name.to_owned()), None),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_heading_opens_a_case_and_fences_say_what_they_hold() {
        let text = "# File\n\n## One\n\nWhy.\n\n```nginx\nevents {}\n```\n\n```console 1.22\n$ nginx -t\n```\n";
        let cases = parse(Path::new("x.md"), "x.md", text).expect("it is well formed");
        assert_eq!(cases.len(), 1);
        assert_eq!(cases[0].name(), "x.md: One");
        assert_eq!(cases[0].blocks[0].role, Role::File("nginx.conf".to_owned()));
        assert_eq!(cases[0].blocks[0].body, "events {}");
        assert_eq!(cases[0].blocks[1].version.as_deref(), Some("1.22"));
        assert_eq!(cases[0].blocks[1].line, 11);
    }

    #[test]
    fn an_unknown_block_is_an_error_with_its_line() {
        let error = parse(Path::new("x.md"), "x.md", "## One\n```\n```\n").expect_err("a fence without words");
        assert!(error.starts_with("x.md:2:"), "{error}");
    }
}
