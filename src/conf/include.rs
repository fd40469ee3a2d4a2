//! How an `include` reaches other files: through a trait, so that tests need no disk.

use std::io;

/// The files that a configuration may name.
pub trait Files {
    /// The bytes of one file.
    fn read(&self, path: &str) -> io::Result<Vec<u8>>;
    /// The paths that match a glob(3) pattern, sorted as glob(3) sorts them; empty if none does.
    fn glob(&self, pattern: &str) -> io::Result<Vec<String>>;
}

/// Files that exist in memory alone, for tests.
#[cfg(test)]
#[derive(Default)]
pub struct MemoryFiles(pub std::collections::BTreeMap<String, Vec<u8>>);

#[cfg(test)]
impl MemoryFiles {
    /// Files by path and text.
    pub fn of<'a>(files: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        Self(files.into_iter().map(|(path, text)| (path.to_owned(), text.into())).collect())
    }
}

#[cfg(test)]
impl Files for MemoryFiles {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.get(path).cloned().ok_or_else(|| io::Error::from_raw_os_error(2))
    }

    /// Knows one `*` only, which is enough for tests.
    fn glob(&self, pattern: &str) -> io::Result<Vec<String>> {
        let (before, after) = pattern.split_once('*').unwrap_or((pattern, ""));
        let fits = |path: &&String| path.starts_with(before) && path.ends_with(after);
        Ok(self.0.keys().filter(fits).cloned().collect())
    }
}
