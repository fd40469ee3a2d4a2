//! Files of a location, opened as its `disable_symlinks` allows.

use std::fs::{File, Metadata, OpenOptions};
use std::io;
use std::os::unix::fs::OpenOptionsExt;

use nix::fcntl::OFlag;

use super::evaluate;
use super::map_uri::path;
use super::request::Request;
use crate::ir::http::core::DisableSymlinks;
use crate::sys::no_symlinks::{self, Links};

/// A file that could not be opened.
#[derive(Debug)]
pub struct Fault {
    /// The call that failed: `open()`, `stat()`, `openat()`
    pub call: &'static str,
    /// What the system said.
    pub error: io::Error,
}

/// Opens a file for reading, without waiting for a pipe's other end.
pub fn open(request: &Request, name: &[u8]) -> Result<(File, Metadata), Fault> {
    let (call, opened) = match links(request, name) {
        None => ("open()", OpenOptions::new().read(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path(name))),
        Some((links, trusted)) => {
            ("openat()", no_symlinks::open(name, trusted, links, OFlag::O_RDONLY | OFlag::O_NONBLOCK))
        }
    };
    let fault = |error| Fault { call, error };
    let file = opened.map_err(fault)?;
    let metadata = file.metadata().map_err(|error| Fault { call: "fstat()", error })?;
    Ok((file, metadata))
}

/// What is known of a file.
pub fn metadata(request: &Request, name: &[u8]) -> Result<Metadata, Fault> {
    match links(request, name) {
        None => std::fs::metadata(path(name)).map_err(|error| Fault { call: "stat()", error }),
        Some(_) => open(request, name).map(|(_, metadata)| metadata),
    }
}

/// Whether there is no such file, which nobody has to be told.
pub fn is_missing(error: &io::Error) -> bool {
    use nix::errno::Errno;
    let errno = error.raw_os_error().map(Errno::from_raw);
    matches!(errno, Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG))
}

/// Opens a log for appending; creates it, readable by all, if there is none.
pub fn append(request: &Request, name: &[u8]) -> Result<File, Fault> {
    let (call, opened) = match links(request, name) {
        None => ("open()", OpenOptions::new().append(true).create(true).mode(0o644).open(path(name))),
        Some((_, trusted)) => {
            let flags = OFlag::O_WRONLY | OFlag::O_APPEND | OFlag::O_CREAT;
            // A file that may be made is never reached by a link, whoever owns it.
            ("openat()", no_symlinks::open(name, trusted, Links::None, flags))
        }
    };
    opened.map_err(|error| Fault { call, error })
}

/// Which links are followed, and how much of the path is trusted; nothing where all are.
fn links(request: &Request, name: &[u8]) -> Option<(Links, usize)> {
    let (links, from) = match &request.location.settings.core.disable_symlinks {
        DisableSymlinks::Off => return None,
        DisableSymlinks::On(from) => (Links::None, from),
        DisableSymlinks::IfNotOwner(from) => (Links::SameOwner, from),
    };
    let from = from.as_ref().map(|from| evaluate::text(request, from)).unwrap_or_default();
    let trusted = match name.strip_prefix(&*from) {
        _ if from.is_empty() => 0,
        None => 0,
        Some(b"") => return None,
        Some([b'/', ..]) => from.len(),
        Some(_) if from.last() == Some(&b'/') => from.len() - 1,
        Some(_) => 0,
    };
    Some((links, trusted))
}
