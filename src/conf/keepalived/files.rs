//! Which files an `include` brings in: braces, wildcards, and what counts as missing.

use std::io;

/// What a path leads to.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FileKind {
    /// A file that may be read as configuration.
    Regular,
    /// A regular file that somebody may execute; keepalived does not read those.
    Executable,
    /// A directory.
    Directory,
    /// A device, a pipe, a socket, or a link that leads nowhere.
    Other,
}

/// The files that a configuration may name. Relative paths count from where the program stands.
pub trait Files {
    /// The bytes of one file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// What a path leads to, links followed; `None` if it leads nowhere.
    fn kind(&self, path: &str) -> Option<FileKind>;
    /// The names in a directory, without `.` and `..`, in any order; `None` if it cannot be read.
    fn list(&self, directory: &str) -> Option<Vec<String>>;
}

/// What glob(3) found for one pattern.
#[derive(Default, Debug)]
pub(super) struct Found {
    /// Directories end in `/`.
    pub(super) paths: Vec<String>,
    /// A path without wildcards, or a directory, does not exist.
    pub(super) missing: bool,
    /// The pattern has wildcards.
    pub(super) wildcards: bool,
}

/// How many patterns one may become by its braces.
const BRACE_LIMIT: usize = 4096;

/// A path as seen from `directory`.
pub(super) fn join(directory: &str, path: &str) -> String {
    match path.starts_with('/') || directory.is_empty() {
        true => path.to_owned(),
        false => format!("{}/{path}", directory.trim_end_matches('/')),
    }
}

/// Whether a pattern has an opening brace that is not escaped.
pub(super) fn has_brace(pattern: &str) -> bool {
    let mut escaped = false;
    pattern.chars().any(|c| {
        let found = c == '{' && !escaped;
        escaped = c == '\\' && !escaped;
        found
    })
}

/// glob(3) with GLOB_MARK and GLOB_BRACE, seen from `directory`.
pub(super) fn glob(files: &dyn Files, directory: &str, pattern: &str) -> Found {
    let mut found = Found::default();
    let mut patterns = vec![];
    expand_braces(pattern, &mut patterns);
    for pattern in patterns {
        glob_one(files, directory, &pattern, &mut found);
    }
    found
}

/// Splits the first `{a,b}` into its alternatives, and those in turn.
fn expand_braces(pattern: &str, out: &mut Vec<String>) {
    let mut waiting = vec![pattern.to_owned()];
    while let Some(pattern) = waiting.pop() {
        let parts = split_braces(&pattern);
        match parts {
            Some(parts) if waiting.len() + out.len() + parts.len() < BRACE_LIMIT => {
                waiting.extend(parts.into_iter().rev())
            }
            _ => out.push(pattern),
        }
    }
}

fn split_braces(pattern: &str) -> Option<Vec<String>> {
    let (mut depth, mut open, mut commas) = (0u32, 0, Vec::new());
    let mut characters = pattern.char_indices();
    while let Some((at, c)) = characters.next() {
        match c {
            '\\' => {
                characters.next();
            }
            '{' => {
                if depth == 0 {
                    open = at;
                }
                depth += 1;
            }
            ',' if depth == 1 => commas.push(at),
            '}' if depth == 1 => {
                let (head, tail) = (&pattern[..open], &pattern[at + 1..]);
                let mut from = open + 1;
                let mut parts = Vec::new();
                for end in commas.into_iter().chain([at]) {
                    parts.push(format!("{head}{}{tail}", &pattern[from..end]));
                    from = end + 1;
                }
                return Some(parts);
            }
            '}' => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    None
}

fn has_wildcard(part: &str) -> bool {
    let mut escaped = false;
    part.chars().any(|c| {
        let found = matches!(c, '*' | '?' | '[') && !escaped;
        escaped = c == '\\' && !escaped;
        found
    })
}

fn unescape(part: &str) -> String {
    let mut out = String::new();
    let mut characters = part.chars();
    while let Some(c) = characters.next() {
        out.push(if c == '\\' { characters.next().unwrap_or(c) } else { c });
    }
    out
}

/// One pattern without braces: walks its parts from the left.
fn glob_one(files: &dyn Files, directory: &str, pattern: &str, found: &mut Found) {
    if !has_wildcard(pattern) {
        let path = unescape(pattern);
        match files.kind(&join(directory, &path)) {
            Some(FileKind::Directory) if !path.ends_with('/') => found.paths.push(path + "/"),
            Some(_) => found.paths.push(path),
            None => found.missing = true,
        }
        return;
    }
    found.wildcards = true;
    let rooted = pattern.starts_with('/');
    let mut heads = vec![if rooted { "/".to_owned() } else { String::new() }];
    let parts: Vec<_> = pattern.split('/').filter(|part| !part.is_empty()).collect();
    for (index, part) in parts.iter().enumerate() {
        let last = index + 1 == parts.len();
        let mut next = Vec::new();
        for head in &heads {
            if !has_wildcard(part) {
                let path = format!("{head}{}", unescape(part));
                next.push(path);
                continue;
            }
            let Some(mut names) = files.list(&join(directory, if head.is_empty() { "." } else { head })) else {
                found.missing = true;
                continue;
            };
            names.sort();
            let hidden = part.starts_with('.');
            names.retain(|name| (hidden || !name.starts_with('.')) && matches(part, name));
            next.extend(names.into_iter().map(|name| format!("{head}{name}")));
        }
        next.retain_mut(|path| {
            let kind = files.kind(&join(directory, path));
            if kind == Some(FileKind::Directory) {
                path.push('/');
            }
            let leads_on = kind.is_some_and(|kind| last || kind == FileKind::Directory);
            // What is written out must be there; only what wildcards stand for may be nothing.
            found.missing |= !leads_on && !has_wildcard(part);
            leads_on
        });
        heads = next;
    }
    found.paths.extend(heads);
}

/// fnmatch(3) within one part of a path. Linear in the name for each star, by going back to the last star only.
fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut at, mut position, mut star) = (0, 0, None);
    while position < name.len() {
        match matches_one(&pattern, at, name[position]) {
            Some(next) => (at, position) = (next, position + 1),
            None if pattern.get(at) == Some(&'*') => {
                star = Some((at + 1, position));
                at += 1;
            }
            None => match star {
                Some((after, from)) => {
                    star = Some((after, from + 1));
                    (at, position) = (after, from + 1);
                }
                None => return false,
            },
        }
    }
    pattern[at..].iter().all(|&c| c == '*')
}

/// Matches one character; gives where the pattern goes on. A star is not matched here.
fn matches_one(pattern: &[char], at: usize, c: char) -> Option<usize> {
    match pattern.get(at)? {
        '*' => None,
        '?' => Some(at + 1),
        '\\' => (pattern.get(at + 1) == Some(&c)).then_some(at + 2),
        '[' => {
            let negated = matches!(pattern.get(at + 1), Some('!' | '^'));
            let first = at + 1 + usize::from(negated);
            let end = first + 1 + pattern.get(first + 1..)?.iter().position(|&c| c == ']')?;
            let set = &pattern[first..end];
            let mut inside = false;
            let mut index = 0;
            while index < set.len() {
                if index + 2 < set.len() && set[index + 1] == '-' {
                    inside |= (set[index]..=set[index + 2]).contains(&c);
                    index += 3;
                } else {
                    inside |= set[index] == c;
                    index += 1;
                }
            }
            (inside != negated).then_some(end + 1)
        }
        literal => (*literal == c).then_some(at + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn braces_give_every_alternative_in_order() {
        let mut out = Vec::new();
        expand_braces("a{b,c{d,e}}f", &mut out);
        assert_eq!(out, ["abf", "acdf", "acef"]);
    }

    #[test]
    fn patterns_match_as_fnmatch() {
        assert!(matches("*.conf", "a.conf"));
        assert!(matches("a*b*c", "axxbyybc"));
        assert!(matches("[a-c]?", "bz"));
        assert!(!matches("[!a-c]?", "bz"));
        assert!(!matches("*.conf", "a.confx"));
    }
}
