//! Any bytes as nginx.conf, its includes and the text of `-g`: reading and lowering never panic, overflow or hang.

#![no_main]

use std::collections::BTreeMap;
use std::io;

use evenkeel::conf::include::Files;
use evenkeel::conf::nginx;
use evenkeel::conf::source::Sources;
use evenkeel::ir::lower::lower;
use evenkeel::ir::reader::Environment;
use libfuzzer_sys::fuzz_target;

/// Texts by number: `include 1;` is the second.
struct Texts<'a>(BTreeMap<String, &'a [u8]>);

impl Files for Texts<'_> {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.get(path).map(|text| text.to_vec()).ok_or_else(|| io::Error::from_raw_os_error(2))
    }

    fn glob(&self, _pattern: &str) -> io::Result<Vec<String>> {
        Ok(self.0.keys().cloned().collect())
    }
}

fuzz_target!(|bytes: &[u8]| {
    // 0xff never occurs in a text that is UTF-8, so it may part the texts.
    let mut texts = bytes.split(|byte| *byte == 0xff);
    let main = texts.next().unwrap_or_default();
    let command_line = texts.next().unwrap_or_default();
    let mut files = Texts(texts.enumerate().map(|(number, text)| (format!("/{number}"), text)).collect());
    files.0.insert("/nginx.conf".into(), main);
    let sources = Sources::default();
    let tree = nginx::parse(&sources, &files, "/", command_line, "/nginx.conf");
    drop(lower(&tree, &Environment::default()));
});
