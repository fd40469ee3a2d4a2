//! Files and functions stay small enough to be read at once.

use regex_lite::Regex;

use crate::sources::{self, Source};
use crate::{known, report};

const FILE_LIMIT: usize = 600;
const FUNCTION_LIMIT: usize = 70;

/// Tables of data, which are not read from top to bottom.
const TABLES: &[&str] = &["grammar/src/nginx/", "grammar/src/keepalived/", "grammar/src/variables/"];

#[test]
fn files_are_short() {
    let sizes = files().map(|source| {
        let lines = source.code_lines().filter(|(_, line)| !line.trim().is_empty()).count();
        (source.path.clone(), lines)
    });
    check("lines of code in a file", FILE_LIMIT, sizes, known::LARGE_FILES);
}

#[test]
fn functions_are_short() {
    let sizes = files().flat_map(functions);
    check("lines in a function", FUNCTION_LIMIT, sizes, known::LARGE_FUNCTIONS);
}

fn files() -> impl Iterator<Item = &'static Source> {
    sources::all().iter().filter(|source| !TABLES.iter().any(|table| source.path.starts_with(table)))
}

/// Whatever is larger than the limit has to stand in the list, with a size that it does not exceed; and what stands there has to be larger.
fn check(what: &str, limit: usize, sizes: impl Iterator<Item = (String, usize)>, known: &[(&str, usize)]) {
    let mut faults = Vec::new();
    let mut met = Vec::new();
    for (name, size) in sizes {
        let allowed = known.iter().find(|(known_name, _)| *known_name == name).map(|(_, size)| *size);
        if size > allowed.unwrap_or(limit) {
            faults.push(format!("{name}: {size}"));
        } else if size > limit {
            met.push(name);
        }
    }
    for (name, _) in known.iter().filter(|(name, _)| !met.iter().any(|met| met == name)) {
        faults.push(format!("{name} is small now: take it off the list in house/known.rs"));
    }
    report(&format!("At most {limit} {what}"), &faults);
}

/// Every function outside the tests with the number of its lines, from its `fn` to its closing brace.
fn functions(source: &Source) -> Vec<(String, usize)> {
    let opening = Regex::new(r"\bfn (\w+)").expect("the pattern is well formed");
    let lines: Vec<&str> = source.code_lines().map(|(_, line)| line).collect();
    let mut found = Vec::new();
    for (index, line) in lines.iter().enumerate() {
        let Some(name) = opening.captures(line).and_then(|captures| captures.get(1)) else { continue };
        if let Some(length) = length_of_body(&lines[index..], name.start()) {
            found.push((format!("{}::{}", source.path, name.as_str()), length));
        }
    }
    found
}

/// The number of lines up to the brace that closes the first one opened, or none if a `;` comes first.
fn length_of_body(lines: &[&str], start: usize) -> Option<usize> {
    let (mut depth, mut brackets) = (0usize, 0usize);
    for (index, line) in lines.iter().enumerate() {
        for c in line.chars().skip(if index == 0 { start } else { 0 }) {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                ';' if depth == 0 && brackets == 0 => return None,
                '{' => depth += 1,
                '}' if depth == 1 => return Some(index + 1),
                '}' => depth = depth.saturating_sub(1),
                _ => {}
            }
        }
    }
    None
}

#[test]
fn the_length_of_a_function_ends_at_its_brace() {
    assert_eq!(length_of_body(&["fn a(x: [u8; 2]) {", "  if x { b }", "}", "fn c() {}"], 0), Some(3));
    assert_eq!(length_of_body(&["fn a();", "fn c() {}"], 0), None);
}
