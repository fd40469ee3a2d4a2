//! Where in the file system a request's path is: `root` and `alias` (`ngx_http_map_uri_to_path`).

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::evaluate;
use super::request::Request;
use crate::ir::http::core::Alias;

/// Bytes as a path of the file system.
pub fn path(bytes: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(bytes))
}

/// Where in the file system a request's path is.
pub struct Mapped {
    /// The path.
    pub path: Vec<u8>,
    /// How many bytes of it the root takes.
    pub root_length: usize,
}

/// A relative path with variables begins at the prefix.
pub fn full_path<'t>(request: &Request, root: Cow<'t, [u8]>) -> Cow<'t, [u8]> {
    if root.first() == Some(&b'/') {
        return root;
    }
    Cow::Owned([request.connection.engine.prefix.as_bytes(), &root].concat())
}

/// `root`, or what `alias` stands for, followed by the path (`ngx_http_map_uri_to_path`).
pub fn map_uri_to_path(request: &Request) -> Mapped {
    let root = &request.location.settings.core.root;
    let mut path = full_path(request, evaluate::text(request, &root.path)).into_owned();
    let root_length = path.len();
    let skipped = match root.alias {
        None => 0,
        Some(Alias::Prefix(length)) => length.min(request.uri.len()),
        Some(Alias::Whole) if request.adds_uri_to_alias => 0,
        Some(Alias::Whole) => request.uri.len(),
    };
    path.extend_from_slice(&request.uri[skipped..]);
    Mapped { path, root_length }
}

/// `$document_root`
pub fn document_root(request: &Request) -> Vec<u8> {
    full_path(request, evaluate::text(request, &request.location.settings.core.root.path)).into_owned()
}
