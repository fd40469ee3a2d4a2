//! `include` and its relatives: what a line of it asks for, and the first look at the configuration itself.

use super::files::{FileKind, Files, glob, join};
use super::lexer::is_gap;
use super::report::{Fault, Report};

/// Which faults of an `include` are errors: bits of `includer`, `includem`, `includew`, `includeb` and `include_check`.
pub mod include_check {
    /// A file cannot be read, or is none.
    pub const READ: u8 = 1;
    /// A path without wildcards does not exist.
    pub const MATCH: u8 = 2;
    /// Nothing fits the wildcards.
    pub const WILDCARD: u8 = 4;
    /// One of the alternatives in braces does not exist.
    pub const BRACE: u8 = 8;
    /// All of them.
    pub const ALL: u8 = READ | MATCH | WILDCARD | BRACE;
}

/// What an `include` checks, by the letter behind the word, and the pattern of its files.
pub(super) fn include_line(line: &str) -> Option<(u8, &str)> {
    use include_check::{ALL, BRACE, MATCH, READ, WILDCARD};
    let rest = line.strip_prefix("include")?;
    let checks = match rest.chars().next()? {
        'r' => READ,
        'm' => READ | MATCH,
        'w' => READ | MATCH | WILDCARD,
        'b' => READ | BRACE,
        'a' => ALL,
        _ => 0,
    };
    let pattern = if checks == 0 { rest } else { &rest[1..] };
    let trimmed = pattern.trim_start_matches(is_gap);
    (trimmed.len() < pattern.len()).then_some((checks, trimmed))
}

/// Looks at the configuration itself before anything is read: whether it is there, and is one file.
pub fn check_main(files: &dyn Files, path: &str, directory: &str, checks: u8) -> (bool, Vec<Report>) {
    let mut reports = Vec::new();
    let mut say = |bit: u8, text: String| {
        let fault = if checks & bit != 0 { Fault::FileNotFound } else { Fault::Notice };
        reports.push(Report { fault, position: None, text });
    };
    let found = glob(files, directory, path);
    if found.paths.is_empty() {
        if found.missing {
            say(include_check::MATCH, format!("Config files missing '{path}'."));
        } else if checks & include_check::WILDCARD != 0 {
            say(include_check::WILDCARD, format!("No config files matched '{path}'."));
        }
        return (false, reports);
    }
    let mut sound = true;
    for path in &found.paths {
        if path.ends_with('/') {
            say(include_check::READ, format!("Configuration file '{path}' is a directory - skipping"));
        } else if files.kind(&join(directory, path)) != Some(FileKind::Regular) {
            let text = format!("Configuration file '{path}' is not a regular non-executable file - skipping");
            say(include_check::READ, text);
        } else {
            continue;
        }
        sound = false;
    }
    if sound && found.paths.len() > 1 {
        let first = &found.paths[0];
        let text = format!("WARNING, multiple configuration file matches of {path}, starting with {first}");
        reports.push(Report { fault: Fault::MultipleFiles, position: None, text });
    }
    (sound, reports)
}

/// strerror(3) without the number that the standard library adds.
pub(super) fn plain_error(error: &std::io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}
