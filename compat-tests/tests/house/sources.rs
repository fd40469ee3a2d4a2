//! The source files, with comments and texts taken out, so that a search finds code only.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

/// One source file.
pub struct Source {
    /// Its path from the root of the repository.
    pub path: String,
    /// Its text as it stands.
    pub text: String,
    /// Its text with the content of comments and string literals blanked out; line for line the same.
    pub code: String,
    /// The number of the line that begins its unit tests, or of the line after its last.
    pub tests_begin: usize,
}

impl Source {
    /// The numbered lines of code that are no tests.
    pub fn code_lines(&self) -> impl Iterator<Item = (usize, &str)> {
        self.code.lines().enumerate().map(|(index, line)| (index + 1, line)).take_while(|(n, _)| *n < self.tests_begin)
    }

    /// The content of its string literals alone, line for line.
    pub fn literals(&self) -> String {
        let lines = self.text.lines().zip(self.code.lines());
        let kept = lines.filter(|(text, _)| !text.trim_start().starts_with("//")).map(|(text, code)| {
            let pairs = text.chars().zip(code.chars());
            pairs.map(|(text, code)| if text != code { text } else { ' ' }).filter(|c| *c != '"').collect::<String>()
        });
        kept.collect::<Vec<_>>().join("\n")
    }

    /// The folder of `src/` it stands in: its layer.
    pub fn folder(&self) -> Option<&str> {
        self.path.strip_prefix("src/")?.split_once('/').map(|(folder, _)| folder)
    }
}

/// The root of the repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the package lies in the repository")
}

/// All Rust files of the packages.
pub fn all() -> &'static [Source] {
    static ALL: LazyLock<Vec<Source>> = LazyLock::new(|| {
        let mut paths = Vec::new();
        for folder in ["src", "grammar/src", "compat-tests/src", "compat-tests/tests", "examples", "fuzz", "tests"] {
            collect(&root().join(folder), &mut paths);
        }
        paths.sort();
        paths.iter().map(|path| read(path)).collect()
    });
    &ALL
}

/// The files of the program and library alone.
pub fn product() -> impl Iterator<Item = &'static Source> {
    all().iter().filter(|source| source.path.starts_with("src/"))
}

fn collect(folder: &Path, paths: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, paths);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            paths.push(path);
        }
    }
}

fn read(path: &Path) -> Source {
    let text = fs::read_to_string(path).expect("a source file can be read");
    let code = blank(&text);
    let path = path.strip_prefix(root()).expect("it was found below the root").display().to_string();
    let is_test = path.ends_with("/tests.rs") || path.contains("/tests/");
    let tests_begin = match code.lines().position(|line| line.starts_with("#[cfg(test)]")) {
        _ if is_test && path.starts_with("src/") => 1,
        Some(index) if code.lines().nth(index + 1).is_some_and(|line| line.ends_with('{')) => index + 1,
        _ => code.lines().count() + 1,
    };
    Source { path, text, code, tests_begin }
}

/// Replaces everything inside comments and string literals by spaces.
fn blank(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = match (chars[at], chars.get(at + 1)) {
            ('/', Some('/')) => find(&chars, at, |c| c == '\n'),
            ('/', Some('*')) => end_of_block_comment(&chars, at),
            ('"', _) => end_of_string(&chars, at),
            ('r', Some('"' | '#')) if !is_word(&chars, at) => end_of_raw_string(&chars, at).unwrap_or(at),
            ('\'', Some(_)) => end_of_char(&chars, at),
            _ => at,
        };
        if end == at {
            out.push(chars[at]);
            at += 1;
            continue;
        }
        out.extend(chars[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
        at = end;
    }
    out
}

fn is_word(chars: &[char], at: usize) -> bool {
    at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_')
}

fn find(chars: &[char], at: usize, is_end: impl Fn(char) -> bool) -> usize {
    chars[at..].iter().position(|c| is_end(*c)).map_or(chars.len(), |length| at + length)
}

fn end_of_block_comment(chars: &[char], at: usize) -> usize {
    (at + 2..chars.len()).find(|end| chars[*end - 1] == '*' && chars[*end] == '/').map_or(chars.len(), |end| end + 1)
}

fn end_of_string(chars: &[char], at: usize) -> usize {
    let mut end = at + 1;
    while end < chars.len() && chars[end] != '"' {
        end += if chars[end] == '\\' { 2 } else { 1 };
    }
    (end + 1).min(chars.len())
}

fn end_of_raw_string(chars: &[char], at: usize) -> Option<usize> {
    let hashes = chars[at + 1..].iter().take_while(|c| **c == '#').count();
    if chars.get(at + 1 + hashes) != Some(&'"') {
        return None;
    }
    let closing: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let start = at + 2 + hashes;
    (start..chars.len()).find(|end| chars[*end..].starts_with(&closing)).map(|end| end + closing.len())
}

/// The end of a character literal, or `at` if the quote begins a lifetime.
fn end_of_char(chars: &[char], at: usize) -> usize {
    match chars.get(at + 1) {
        Some('\\') => find(chars, at + 3, |c| c == '\'') + 1,
        Some(_) if chars.get(at + 2) == Some(&'\'') => at + 3,
        _ => at,
    }
}

#[test]
fn comments_and_texts_are_blanked_and_code_is_not() {
    let text = "let a = \"x{\\\"\"; // }\nlet b: &'a str = r#\"{\"#; let c = '{'; let d = '\\'';";
    let expected = "let a =       ;     \nlet b: &'a str =       ; let c =    ; let d =     ;";
    assert_eq!(blank(text).split_whitespace().collect::<Vec<_>>(), expected.split_whitespace().collect::<Vec<_>>());
    assert_eq!(blank(text).lines().count(), 2);
}
