//! `ssl_key_log`: the secrets of handshakes, in lines that Wireshark reads.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::sync::Arc;

use rustls::KeyLog;

use crate::log::open_files::{self, OpenError};
use crate::sys::descriptors;

/// Whoever reads such a file can read what was sent.
const MODE: u32 = 0o600;

/// The open files of one generation.
#[derive(Default, Debug)]
pub struct KeyLogs(RefCell<BTreeMap<String, Arc<KeyLogFile>>>);

/// One of them, as rustls shares it.
#[derive(Debug)]
pub struct KeyLogFile(File);

impl KeyLogs {
    /// The file of that path, opened now if it is not open yet.
    pub fn open(&self, path: &str) -> Result<Arc<KeyLogFile>, OpenError> {
        if let Some(file) = self.0.borrow().get(path) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(KeyLogFile(open_files::open(path, MODE)?));
        self.0.borrow_mut().insert(path.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    /// Opens every file anew by its name and, given an owner, makes it that user's. What fails keeps its old descriptor.
    pub fn reopen(&self, owner: Option<u32>, mut complain: impl FnMut(OpenError)) {
        for (path, file) in &*self.0.borrow() {
            let reopened = open_files::open_for(path, MODE, owner).and_then(|fresh| {
                let text = || format!("dup3(\"{path}\") failed");
                descriptors::replace(&file.0, fresh).map_err(|error| OpenError { text: text(), error })
            });
            reopened.unwrap_or_else(&mut complain);
        }
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = line(label, client_random, secret);
        // One call, so that lines of several processes do not mix; a full disk is no reason to refuse a client.
        drop((&self.0).write(line.as_bytes()));
    }
}

fn line(label: &str, client_random: &[u8], secret: &[u8]) -> String {
    let mut line = format!("{label} ");
    for byte in client_random {
        _ = write!(line, "{byte:02x}");
    }
    line.push(' ');
    for byte in secret {
        _ = write!(line, "{byte:02x}");
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_label_number_and_secret() {
        assert_eq!(line("CLIENT_RANDOM", &[0, 0xab], &[16]), "CLIENT_RANDOM 00ab 10\n");
    }
}
