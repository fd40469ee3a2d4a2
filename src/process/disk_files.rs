//! The files that a configuration includes, on the disk.

use std::fs;
use std::io;

use crate::conf::include::Files;
use crate::sys::glob;

/// Files by their real paths.
#[derive(Clone, Copy, Default, Debug)]
pub struct DiskFiles;

impl Files for DiskFiles {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        fs::read(path)
    }

    fn glob(&self, pattern: &str) -> io::Result<Vec<String>> {
        glob::glob(pattern)
    }
}
