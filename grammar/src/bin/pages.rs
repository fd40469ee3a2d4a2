//! Writes the manual pages into `man/` and the support matrix into `README.md`.

use std::fs;
use std::io::{self, Error};
use std::path::Path;

use grammar::pages;

fn main() -> io::Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    fs::create_dir_all(root.join("man"))?;
    for (name, text) in pages::manual() {
        fs::write(root.join("man").join(name), text)?;
    }
    let readme = root.join("README.md");
    let document = fs::read_to_string(&readme)?;
    let document =
        pages::with_matrix(&document).ok_or_else(|| Error::other("README.md has no place for the matrix"))?;
    fs::write(readme, document)
}
