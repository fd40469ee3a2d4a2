//! `ssl_key_log`: the secrets of handshakes, in lines that Wireshark reads.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::{self, Write as _};
use std::fs::File;
use std::io::Write as _;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::KeyLog;

use crate::log::open_files::{self, OpenError};

/// Whoever reads such a file can read what was sent.
const MODE: u32 = 0o600;

/// The open files of one generation.
#[derive(Default, Debug)]
pub struct KeyLogs(RefCell<BTreeMap<String, Arc<KeyLogFile>>>);

/// One of them. rustls may write from any thread.
pub struct KeyLogFile(Mutex<File>);

impl KeyLogs {
    /// The file of that path, opened now if it is not open yet.
    pub fn open(&self, path: &str) -> Result<Arc<KeyLogFile>, OpenError> {
        if let Some(file) = self.0.borrow().get(path) {
            return Ok(Arc::clone(file));
        }
        let file = Arc::new(KeyLogFile(Mutex::new(open_files::open(path, MODE)?)));
        self.0.borrow_mut().insert(path.to_owned(), Arc::clone(&file));
        Ok(file)
    }

    /// Opens every file anew by its name and, given an owner, makes it that user's. What fails keeps its old descriptor.
    pub fn reopen(&self, owner: Option<u32>, mut complain: impl FnMut(OpenError)) {
        for (path, file) in &*self.0.borrow() {
            match open_files::open_for(path, MODE, owner) {
                Ok(fresh) => *file.0.lock().unwrap_or_else(PoisonError::into_inner) = fresh,
                Err(fault) => complain(fault),
            }
        }
    }
}

impl fmt::Debug for KeyLogFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyLogFile")
    }
}

impl KeyLog for KeyLogFile {
    fn log(&self, label: &str, client_random: &[u8], secret: &[u8]) {
        let line = line(label, client_random, secret);
        // One call, so that lines of several processes do not mix; a full disk is no reason to refuse a client.
        drop(self.0.lock().unwrap_or_else(PoisonError::into_inner).write(line.as_bytes()));
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
