//! Certificates, keys and the like, read once however many servers name them, and only anew if they have changed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;

use crate::ir::value::Text;

/// What one generation has read. A pipe can only be read once.
#[derive(Default, Debug)]
pub struct TlsFiles(RefCell<HashMap<Text, TlsFile>>);

/// A file, and what it looked like when it was read.
#[derive(Clone, Debug)]
struct TlsFile {
    contents: Vec<u8>,
    identity: Option<(u64, i64)>,
}

impl TlsFiles {
    /// The contents of a file. What the generation before has read (`ssl_object_cache_inheritable`) is good as long as inode and
    /// time of change are the same, which is all that nginx looks at, to the second.
    pub fn read(&self, path: &Text, inherited: Option<&Self>) -> io::Result<Vec<u8>> {
        if let Some(file) = self.0.borrow().get(path) {
            return Ok(file.contents.clone());
        }
        let name = OsStr::from_bytes(path);
        let identity = fs::metadata(name).ok().filter(Metadata::is_file).map(|found| (found.ino(), found.mtime()));
        let known = inherited.and_then(|before| before.unchanged(path, identity));
        let file = match known {
            Some(file) => file,
            None => TlsFile { contents: fs::read(name)?, identity },
        };
        let contents = file.contents.clone();
        self.0.borrow_mut().insert(path.clone(), file);
        Ok(contents)
    }

    fn unchanged(&self, path: &Text, identity: Option<(u64, i64)>) -> Option<TlsFile> {
        let files = self.0.borrow();
        let file = files.get(path)?;
        (identity.is_some() && file.identity == identity && is_kept(&file.contents)).then(|| file.clone())
    }
}

/// nginx keeps certificates, keys that are not locked and lists of revoked ones, and reads everything else each time.
fn is_kept(contents: &[u8]) -> bool {
    let has = |text: &str| memchr::memmem::find(contents, text.as_bytes()).is_some();
    has("-----BEGIN ") && !has("ENCRYPTED")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_pem_and_not_locked_is_kept() {
        assert!(is_kept(b"# mine\n-----BEGIN CERTIFICATE-----\n"));
        assert!(!is_kept(b"-----BEGIN ENCRYPTED PRIVATE KEY-----\n"));
        assert!(!is_kept(&[b'k'; 48]));
    }
}
