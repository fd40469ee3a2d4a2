//! The manual pages and the support matrix, rendered from the tables.
//!
//! `cargo run -p grammar --bin pages` writes them; a test compares what is committed with what the tables give.

mod commands;
mod matrix;
mod reference;
mod roff;

pub use matrix::matrix;

/// The manual pages: file name within `man/`, and text.
pub fn manual() -> Vec<(&'static str, String)> {
    vec![
        ("evenkeel.1", commands::evenkeel()),
        ("nginx.8", commands::nginx()),
        ("keepalived.8", commands::keepalived()),
        ("evenkeel-directives.7", reference::directives()),
        ("evenkeel-keywords.7", reference::keywords()),
        ("evenkeel-variables.7", reference::variables()),
    ]
}

/// What stands around the matrix in a document.
pub const MATRIX_BEGIN: &str = "<!-- matrix: written by `cargo run -p grammar --bin pages` -->";
/// See [`MATRIX_BEGIN`].
pub const MATRIX_END: &str = "<!-- end of the matrix -->";

/// The document with its matrix replaced by the one of the tables, or nothing if it has no place for one.
pub fn with_matrix(document: &str) -> Option<String> {
    let (before, rest) = document.split_once(MATRIX_BEGIN)?;
    let (_, after) = rest.split_once(MATRIX_END)?;
    Some(format!("{before}{MATRIX_BEGIN}\n\n{}\n{MATRIX_END}{after}", matrix()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::path::Path;

    const STALE: &str = "it is not what the tables give: cargo run -p grammar --bin pages";

    #[test]
    fn the_committed_pages_are_those_of_the_tables() {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../man");
        for (name, text) in manual() {
            let committed = fs::read_to_string(folder.join(name)).unwrap_or_default();
            assert!(committed == text, "man/{name}: {STALE}");
        }
    }

    #[test]
    fn the_readme_has_the_matrix_of_the_tables() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md");
        let document = fs::read_to_string(path).expect("the repository has a README");
        assert!(with_matrix(&document).as_ref() == Some(&document), "README.md: {STALE}");
    }
}
