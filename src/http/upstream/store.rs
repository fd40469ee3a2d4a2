//! An answer kept as a file (`proxy_store`): written to a temporary file while it is read, and put in its place when it is whole.

use std::fs;
use std::io;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;

use super::answer::Answer;
use super::job::Job;
use super::response::Kind;
use crate::http::counters::Counter;
use crate::http::evaluate;
use crate::http::map_uri::map_uri_to_path;
use crate::http::modules::dav_copy;
use crate::http::request::Request;
use crate::http::temp_file::{self, Fault, TempFile};
use crate::ir::http::proxy::{Proxy, Store};
use crate::log::error_log::Level;
use crate::primitives::http_date;

/// A file in the making.
#[derive(Debug)]
pub struct StoredFile {
    proxy: Rc<Proxy>,
    numbers: Counter,
    /// Made with the first byte.
    file: Option<TempFile>,
    length: u64,
    expected_length: Option<u64>,
    last_modified: Option<i64>,
}

impl StoredFile {
    /// For an answer that is to be kept: 200, and passed on through buffers.
    pub fn of(request: &Request, job: &Job, answer: &Answer, buffering: bool) -> Option<Self> {
        if !buffering || job.proxy.store == Store::Off || answer.head.status != 200 {
            return None;
        }
        Some(Self {
            proxy: Rc::clone(&job.proxy),
            numbers: request.connection.engine.counters.temp_files,
            file: None,
            length: 0,
            expected_length: answer.head.content_length,
            last_modified: answer.head.find(&answer.buffer, Kind::LastModified).and_then(http_date::parse),
        })
    }

    /// Adds bytes of the answer.
    pub fn write(&mut self, bytes: &[u8]) -> Result<(), Fault> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.length += bytes.len() as u64;
        let file = self.file()?;
        let mut target: &fs::File = &file.file;
        target.write_all(bytes).map_err(Fault::of("write()", Path::new(&file.path)))
    }

    fn file(&mut self) -> Result<&TempFile, Fault> {
        Ok(match &mut self.file {
            Some(file) => file,
            none => none.insert(temp_file::create(&self.proxy.temp_path, self.numbers)?),
        })
    }

    /// Puts the file in its place: the answer was read to its end. A fault is only logged.
    pub fn put_in_place(mut self, request: &Request) {
        if self.expected_length.is_some_and(|expected| expected != self.length) {
            return;
        }
        if let Err((error, text)) = self.rename(request) {
            request.log_error(Level::Crit, &error, text);
        }
    }

    fn rename(&mut self, request: &Request) -> Result<(), (io::Error, String)> {
        let target = match &self.proxy.store {
            Store::Off => return Ok(()),
            Store::On => map_uri_to_path(request).path,
            Store::Path(path) => evaluate::text(request, path).into_owned(),
        };
        let (access, last_modified) = (self.proxy.store_access, self.last_modified);
        let temp = self.file().map_err(|fault| (fault.error, fault.text))?;
        if target.is_empty() {
            return Ok(());
        }
        let name = temp.path.as_bytes();
        fs::set_permissions(&temp.path, fs::Permissions::from_mode(access))
            .map_err(dav_copy::Fault::of("chmod()", name))
            .and_then(|()| match last_modified {
                Some(time) => dav_copy::set_time(&temp.file, time).map_err(dav_copy::Fault::of("futimes()", name)),
                None => Ok(()),
            })
            .and_then(|()| dav_copy::rename(name, &target, Some(access)))
            .map_err(|fault| (fault.error, fault.text))
    }
}
