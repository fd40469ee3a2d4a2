//! Where in the file system a request's path is: `root` and `alias` (`ngx_http_map_uri_to_path`).

use std::borrow::Cow;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::evaluate;
use super::request::Request;
use crate::ir::http::core::Alias;
use crate::ir::value::Template;
use crate::log::error_log::Level;

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

/// What a template of a path says. One without variables is a full path already.
pub fn path_of(request: &Request, template: &Template) -> Vec<u8> {
    let text = evaluate::text(request, template);
    match template.is_constant() {
        true => text.into_owned(),
        false => full_path(request, text).into_owned(),
    }
}

/// A relative path begins at the prefix.
pub fn full_path<'t>(request: &Request, root: Cow<'t, [u8]>) -> Cow<'t, [u8]> {
    if root.first() == Some(&b'/') {
        return root;
    }
    Cow::Owned([request.connection.engine.prefix.as_bytes(), &root].concat())
}

/// `root`, or what `alias` stands for, followed by the path (`ngx_http_map_uri_to_path`).
pub fn map_uri_to_path(request: &Request) -> Mapped {
    let root = &request.location.settings.core.root;
    let mut path = path_of(request, &root.path);
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

/// `alias` stands for the location's name, and a path that `rewrite … break` made need not begin with that.
pub fn fits_alias(request: &Request) -> bool {
    if request.location.settings.core.root.alias.is_none() || request.valid_location {
        return true;
    }
    let name = &request.location.name;
    request.log(Level::Alert, format_args!("\"alias\" cannot be used in location \"{name}\" where URI was rewritten"));
    false
}

/// `$document_root`
pub fn document_root(request: &Request) -> Vec<u8> {
    path_of(request, &request.location.settings.core.root.path)
}
