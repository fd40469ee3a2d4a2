//! For tests: a configuration from its text, with nothing of the machine asked for.

use std::io;

use crate::conf::keepalived::files::{FileKind, Files};
use crate::ir::keepalived::Keepalived;
use crate::ir::keepalived::read::{self, Options};
use crate::ir::keepalived::system::AnyMachine;

struct OneFile<'a>(&'a str);

impl Files for OneFile<'_> {
    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Ok(self.0.as_bytes().to_vec())
    }

    fn kind(&self, _: &str) -> Option<FileKind> {
        Some(FileKind::Regular)
    }

    fn list(&self, _: &str) -> Option<Vec<String>> {
        None
    }
}

pub(crate) fn read(text: &str) -> Keepalived {
    let options = Options { path: "k.conf".into(), directory: "/".into(), testing: true, ..Options::default() };
    read::read(&OneFile(text), &AnyMachine, &options).keepalived
}
