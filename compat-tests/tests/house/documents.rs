//! What the documents say is true of the tree.

use std::collections::BTreeSet;
use std::fs;
use std::process::Command;

use regex_lite::Regex;

use crate::{report, sources};

/// The paths that git would commit.
fn tracked() -> Vec<String> {
    let output = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(sources::root())
        .output();
    let output = output.expect("git is there: the tests run in a clone");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

#[test]
fn documents_name_real_files() {
    let path = Regex::new(r"`([\w./{},*-]+/[\w./{},*-]*|[\w-]+\.(?:rs|md|toml))`").expect("it is well formed");
    let tracked = tracked();
    let mut faults = Vec::new();
    for document in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "compat-tests/cases/README.md"] {
        let Ok(text) = fs::read_to_string(sources::root().join(document)) else { continue };
        for (number, line) in text.lines().enumerate() {
            for found in path.captures_iter(line).filter_map(|captures| captures.get(1)) {
                for name in expand(found.as_str()) {
                    if !is_real(&name, &tracked) {
                        faults.push(format!("{document}:{}: {name}", number + 1));
                    }
                }
            }
        }
    }
    report("Documents name files that exist", &faults);
}

/// `a/{b,c}.rs` as `a/b.rs` and `a/c.rs`.
fn expand(name: &str) -> Vec<String> {
    let Some((before, rest)) = name.split_once('{') else { return vec![name.to_owned()] };
    let Some((list, after)) = rest.split_once('}') else { return vec![name.to_owned()] };
    list.split(',').map(|choice| format!("{before}{choice}{after}")).collect()
}

/// Whether the name is a tracked file or folder; absolute paths, URLs and patterns with an `X` or `*` for a name are not looked up.
fn is_real(name: &str, tracked: &[String]) -> bool {
    let is_pattern = name.contains('*') || name.split(['/', '.']).any(|word| word == "X" || word.ends_with("_X"));
    let is_elsewhere =
        name.starts_with('/') || name.starts_with("target") || name.starts_with("./") || name.contains("..");
    // What a case, a configuration or a scratch directory would hold.
    let is_sample =
        ["conf.d/", "html/", "modules/ngx", "dir/", "modules-enabled/"].iter().any(|start| name.starts_with(start));
    let name = name.trim_end_matches('/');
    is_pattern
        || is_elsewhere
        || is_sample
        || tracked.iter().any(|path| {
            path == name
                || path.ends_with(&format!("/{name}"))
                || path.starts_with(&format!("{name}/"))
                || path.contains(&format!("/{name}/"))
        })
}

#[test]
fn nothing_committed_names_a_machine() {
    // Put together here, so that this file does not name them itself.
    let places = ["work/", "opt/src/", "opt/ref/", "root/", "home/"].map(|place| format!("/{place}"));
    let mut faults = BTreeSet::new();
    for path in tracked() {
        let Ok(text) = fs::read_to_string(sources::root().join(&path)) else { continue };
        for (number, line) in text.lines().enumerate() {
            let starts_path = |place: &String| {
                line.match_indices(place.as_str())
                    .any(|(at, _)| !line[..at].ends_with(|c: char| c.is_alphanumeric() || "._-}/*".contains(c)))
            };
            if places.iter().any(starts_path) {
                faults.insert(format!("{path}:{}: {}", number + 1, line.trim()));
            }
        }
    }
    report("No committed text names a place on somebody's machine", &faults.into_iter().collect::<Vec<_>>());
}
