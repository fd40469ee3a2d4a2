//! Any bytes as keepalived.conf and its includes: reading and checking never panic, overflow or hang.

#![no_main]

use std::collections::BTreeMap;
use std::io;

use evenkeel::conf::keepalived::files::{FileKind, Files};
use evenkeel::ir::keepalived::read::{self, Options};
use evenkeel::ir::keepalived::system::AnyMachine;
use libfuzzer_sys::fuzz_target;

/// Texts by number: `include 1` is the second.
struct Texts<'a>(BTreeMap<String, &'a [u8]>);

impl Files for Texts<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.get(path).map(|text| text.to_vec()).ok_or_else(|| io::Error::from_raw_os_error(2))
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        self.0.contains_key(path).then_some(FileKind::Regular)
    }

    fn list(&self, _directory: &str) -> Option<Vec<String>> {
        Some(self.0.keys().map(|path| path.trim_start_matches('/').to_owned()).collect())
    }
}

fuzz_target!(|bytes: &[u8]| {
    // 0xff never occurs in a text that is UTF-8, so it may part the texts.
    let mut texts = bytes.split(|byte| *byte == 0xff);
    let main = texts.next().unwrap_or_default();
    let mut files = Texts(texts.enumerate().map(|(number, text)| (format!("/{number}"), text)).collect());
    files.0.insert("/keepalived.conf".into(), main);
    let options =
        Options { path: "/keepalived.conf".into(), directory: "/".into(), testing: true, ..Options::default() };
    let outcome = read::read(&files, &AnyMachine, &options);
    assert!(matches!(outcome.test_exit_code, 0 | 2 | 4 | 5 | 6));
});
