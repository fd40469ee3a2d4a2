//! How an `include` reaches other files: through a trait, so that tests need no disk.

use std::io;

/// The files that a configuration may name.
pub trait Files {
    /// The bytes of one file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// The paths that match a glob(3) pattern, sorted as glob(3) sorts them; empty if none does.
    fn glob(&self, pattern: &str) -> io::Result<Vec<String>>;
}
