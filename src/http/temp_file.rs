//! Temporary files with nginx's names: ten digits, the last of them as directories.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::Path;
use std::rc::Rc;

use super::counters::Counter;
use crate::ir::value::TempPath;

/// A file that goes with whoever holds it.
#[derive(Debug)]
pub struct TempFile {
    /// The file, open for reading and writing.
    pub file: Rc<File>,
    /// Its path.
    pub path: String,
}

impl TempFile {
    /// The file stays; gives its path.
    pub fn keep(mut self) -> String {
        std::mem::take(&mut self.path)
    }
}

impl Drop for TempFile {
    fn drop(&mut self) {
        // Somebody else may have moved it away, which is as good.
        if !self.path.is_empty() {
            drop(std::fs::remove_file(&self.path));
        }
    }
}

/// A file that could not be made.
#[derive(Debug)]
pub struct Fault {
    /// `open() "/a" failed`
    pub text: String,
    /// What the system said.
    pub error: io::Error,
}

impl Fault {
    /// The fault of a call with that path.
    pub fn of(call: &str, path: &Path) -> impl FnOnce(io::Error) -> Self + use<> {
        let text = format!("{call} \"{}\" failed", path.display());
        move |error| Self { text, error }
    }
}

/// The next path under a path of the configuration; its directories are there.
pub fn next_path(temp: &TempPath, numbers: Counter) -> Result<String, Fault> {
    let name = format!("{:010}", numbers.next() % 10_000_000_000);
    let mut path = temp.path.to_string();
    let mut end = name.len();
    for &width in temp.levels.iter().filter(|&&width| width > 0) {
        path.push('/');
        path.push_str(&name[end - usize::from(width)..end]);
        end -= usize::from(width);
    }
    if end < name.len() {
        DirBuilder::new().recursive(true).mode(0o700).create(&path).map_err(Fault::of("mkdir()", Path::new(&path)))?;
    }
    path.push('/');
    path.push_str(&name);
    Ok(path)
}

/// Creates a new file under a path of the configuration, with the next number.
pub fn create(temp: &TempPath, numbers: Counter) -> Result<TempFile, Fault> {
    loop {
        let path = next_path(temp, numbers)?;
        match create_own(&path) {
            Ok(file) => return Ok(TempFile { file: Rc::new(file), path }),
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(Fault::of("open()", Path::new(&path))(error)),
        }
    }
}

/// Bodies are nobody else's business, also those that are kept (`client_body_in_file_only on`).
fn create_own(path: &str) -> io::Result<File> {
    File::options().read(true).write(true).create_new(true).mode(0o600).open(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn nobody_else_may_read_what_waits_in_a_file() {
        let path = std::env::temp_dir().join(format!("evenkeel-temp-file-{}", std::process::id()));
        let path = path.to_str().expect("a path of letters");
        let file = TempFile { file: Rc::new(create_own(path).expect("a new file")), path: path.to_owned() };
        let rights = file.file.metadata().expect("an open file").permissions();
        assert_eq!(rights.mode() & 0o777, 0o600);
    }
}
