//! A row that says done is read by the typed configuration, and a case names it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use grammar::Status;

use crate::{report, sources};

/// Names of rows that say done.
fn done() -> BTreeSet<&'static str> {
    let nginx = grammar::nginx::directives().filter(|row| row.status == Status::Done).map(|row| row.name);
    let keepalived = grammar::keepalived::keywords().filter(|row| row.status == Status::Done).map(|row| row.name);
    nginx.chain(keepalived).collect()
}

/// Every string literal of the program outside its tests.
fn literals() -> BTreeSet<String> {
    let mut literals = BTreeSet::new();
    for source in sources::product() {
        for (number, line) in source.text.lines().enumerate() {
            if number + 1 < source.tests_begin {
                literals.extend(line.split('"').skip(1).step_by(2).map(str::to_owned));
            }
        }
    }
    literals
}

#[test]
fn what_is_done_is_read() {
    let literals = literals();
    let unread: Vec<String> = done().into_iter().filter(|name| !literals.contains(*name)).map(str::to_owned).collect();
    report("A row says done and nothing in src/ names it", &unread);
}

/// Every word of every case.
fn words_of_cases() -> BTreeSet<String> {
    let mut words = BTreeSet::new();
    collect(&sources::root().join("compat-tests/cases"), &mut words);
    words
}

fn collect(folder: &Path, words: &mut BTreeSet<String>) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            collect(&path, words);
        } else if let Ok(text) = fs::read_to_string(&path) {
            let is_part = |c: char| c.is_alphanumeric() || c == '_' || c == '-';
            words.extend(text.split(|c| !is_part(c)).map(str::to_owned));
        }
    }
}

#[test]
fn what_is_done_has_a_case() {
    let words = words_of_cases();
    let without: Vec<&str> = done().into_iter().filter(|name| !words.contains(*name)).collect();
    // Shown, so that the next case can be chosen; a row may land before its case does.
    println!("{} rows are done without a case: {}", without.len(), without.join(" "));
}
