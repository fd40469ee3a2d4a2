//! `PUT`, `DELETE`, `MKCOL`, `COPY` and `MOVE` for files under the root (`ngx_http_dav_module`).

use std::fs;
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};

use nix::errno::Errno;

use super::dav_copy::{self, Fault};
use crate::http::body_file::BodyFile;
use crate::http::body_reader;
use crate::http::filters::order;
use crate::http::map_uri::{map_uri_to_path, path};
use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::http::upstream::unsafe_uri;
use crate::http::verdict::Verdict;
use crate::ir::http::core::Alias;
use crate::ir::http::dav::DavMethods;
use crate::log::error_log::Level;
use crate::primitives::escape::{self, Escape};
use crate::primitives::http_date;
use crate::wire::http1::request_line::Method;

/// `Depth`
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Depth {
    Zero,
    One,
    Infinity,
    Invalid,
}

/// Does what the method asks for, where the location allows it.
pub async fn handle(request: &mut Request) -> Verdict {
    if !takes(request) {
        return Verdict::Declined;
    }
    match request.method {
        Method::Put => put(request).await,
        Method::Delete => delete(request),
        Method::Mkcol => make_collection(request),
        _ => copy_or_move(request),
    }
}

/// Whether the location allows what the method asks for.
pub fn takes(request: &Request) -> bool {
    let wanted = match request.method {
        Method::Put => DavMethods::PUT,
        Method::Delete => DavMethods::DELETE,
        Method::Mkcol => DavMethods::MKCOL,
        Method::Copy => DavMethods::COPY,
        Method::Move => DavMethods::MOVE,
        _ => return false,
    };
    request.location.settings.dav.methods.contains(wanted)
}

fn shown(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn names_collection(request: &Request) -> bool {
    request.uri.last() == Some(&b'/')
}

fn refuse(request: &Request, status: u16, text: impl std::fmt::Display) -> Verdict {
    request.log(Level::Error, text);
    Verdict::Finish(status)
}

/// The status for a system call that failed, and the line in the log.
fn fail(request: &Request, fault: &Fault, not_found: u16) -> Verdict {
    let (level, status) = match fault.error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG) => (Level::Error, not_found),
        Some(Errno::EACCES | Errno::EPERM) => (Level::Error, 403),
        Some(Errno::EEXIST) => (Level::Error, 405),
        Some(Errno::ENOSPC) => (Level::Crit, 507),
        _ => (Level::Crit, 500),
    };
    request.log_error(level, &fault.error, &fault.text);
    Verdict::Finish(status)
}

async fn put(request: &mut Request) -> Verdict {
    if names_collection(request) {
        return refuse(request, 409, "cannot PUT to a collection");
    }
    if request.header(Known::ContentRange).is_some() {
        return refuse(request, 501, "PUT with range is unsupported");
    }
    if request.content_length.is_none() && !request.chunked_body {
        // Where no body is announced none is read, so that there is no file of it either.
        return refuse(request, 500, "PUT request body must be in a file");
    }
    let body = match body_reader::read_to_file(request).await {
        Ok(body) => body,
        Err(status) => return Verdict::Finish(status),
    };
    let name = map_uri_to_path(request).path;
    let is_new = match fs::metadata(path(&name)) {
        Err(_) => true,
        Ok(metadata) if metadata.is_dir() => {
            let error = io::Error::from(Errno::EISDIR);
            request.log_error(Level::Error, &error, format_args!("\"{}\" could not be created", shown(&name)));
            return Verdict::Finish(409);
        }
        Ok(_) => false,
    };
    if let Err(fault) = put_in_place(request, &body, &name) {
        request.log_error(Level::Crit, &fault.error, &fault.text);
        return Verdict::Finish(500);
    }
    if is_new {
        set_location(request);
        request.response.content_length = Some(0);
    }
    request.response.status = if is_new { 201 } else { 204 };
    request.header_only = true;
    match order::send_head(request).await {
        Ok(()) if order::finish(request).await.is_ok() => Verdict::Done,
        Ok(()) => Verdict::Close,
        Err(fault) => fault.into(),
    }
}

fn put_in_place(request: &Request, body: &BodyFile, name: &[u8]) -> Result<(), Fault> {
    let settings = &request.location.settings.dav;
    let rights = fs::Permissions::from_mode(settings.access);
    let path = body.path().map_err(Fault::of("open()", name))?;
    fs::set_permissions(path, rights).map_err(Fault::of("chmod()", path.as_bytes()))?;
    if let (Some(date), Ok(file)) = (request.header(Known::Date).and_then(http_date::parse), body.file()) {
        dav_copy::set_time(file, date).map_err(Fault::of("futimes()", path.as_bytes()))?;
    }
    let made = settings.create_full_put_path.then_some(settings.access);
    dav_copy::rename(path.as_bytes(), name, made)
}

/// The answer names what was made.
fn set_location(request: &mut Request) {
    let mut location = Vec::new();
    escape::write(&request.uri, Escape::Uri, &mut location);
    request.response.set_location(&location);
}

fn has_body(request: &Request) -> bool {
    request.content_length.is_some_and(|length| length > 0) || request.chunked_body
}

fn delete(request: &mut Request) -> Verdict {
    if has_body(request) {
        return refuse(request, 415, "DELETE with body is unsupported");
    }
    let least = request.location.settings.dav.min_delete_depth;
    let depth = uri_depth(&request.uri, least);
    if let Err(depth) = depth {
        return refuse(request, 409, format_args!("insufficient URI depth:{depth} to DELETE"));
    }
    let name = map_uri_to_path(request).path;
    let metadata = match fs::symlink_metadata(path(&name)) {
        Ok(metadata) => metadata,
        Err(error) => {
            let status = if error.raw_os_error() == Some(Errno::ENOTDIR as i32) { 409 } else { 404 };
            return fail(request, &Fault::of("lstat()", &name)(error), status);
        }
    };
    if !metadata.is_dir() {
        return match depth_of(request, Depth::Zero) {
            Depth::Zero | Depth::Infinity => remove(request, &name, false),
            _ => refuse(request, 400, "\"Depth\" header must be 0 or infinity"),
        };
    }
    if !names_collection(request) {
        let error = io::Error::from(Errno::EISDIR);
        request.log_error(Level::Error, &error, format_args!("DELETE \"{}\" failed", shown(&name)));
        return Verdict::Finish(409);
    }
    match depth_of(request, Depth::Infinity) {
        Depth::Infinity => remove(request, &name[..name.len() - 1], true),
        _ => refuse(request, 400, "\"Depth\" header must be infinity"),
    }
}

/// Whether a name is at least so many directories deep; if not, how deep it is.
fn uri_depth(uri: &[u8], least: usize) -> Result<(), usize> {
    let slashes = memchr::memchr_iter(b'/', uri);
    let is_deep = least == 0 || slashes.clone().nth(least - 1).is_some_and(|slash| slash + 1 < uri.len());
    if is_deep { Ok(()) } else { Err(slashes.count()) }
}

fn remove(request: &Request, name: &[u8], is_directory: bool) -> Verdict {
    match dav_copy::remove(request, name, is_directory) {
        Ok(()) => Verdict::Finish(204),
        Err(fault) => fail(request, &fault, 404),
    }
}

fn make_collection(request: &mut Request) -> Verdict {
    if has_body(request) {
        return refuse(request, 415, "MKCOL with body is unsupported");
    }
    if !names_collection(request) {
        return refuse(request, 409, "MKCOL can create a collection only");
    }
    let mut name = map_uri_to_path(request).path;
    name.pop();
    let rights = dav_copy::directory_rights(request.location.settings.dav.access);
    match fs::DirBuilder::new().mode(rights).create(path(&name)) {
        Ok(()) => {
            set_location(request);
            Verdict::Finish(201)
        }
        Err(error) => fail(request, &Fault::of("mkdir()", &name)(error), 409),
    }
}

/// Where a `COPY` or `MOVE` leads.
struct Target {
    /// The header.
    header: Vec<u8>,
    /// The path, without its last slash.
    path: Vec<u8>,
    /// It had one.
    slash: bool,
}

fn copy_or_move(request: &mut Request) -> Verdict {
    if has_body(request) {
        return refuse(request, 415, "COPY and MOVE with body are unsupported");
    }
    let prepared = destination(request).and_then(|target| {
        check_depth(request)?;
        Ok((target, overwrites(request)?))
    });
    let ((header, uri), overwrite) = match prepared {
        Ok(prepared) => prepared,
        Err(verdict) => return verdict,
    };
    let from = merge_slashes(&map_uri_to_path(request).path);
    let source_uri = std::mem::replace(&mut request.uri, uri);
    let mut to = merge_slashes(&map_uri_to_path(request).path);
    request.uri = source_uri;
    let slash = to.last() == Some(&b'/');
    if slash {
        to.pop();
    }
    let target = Target { header, path: to, slash };
    if let Some(verdict) = same_place(request, &from, &target) {
        return verdict;
    }
    transfer(request, &from, &target, overwrite)
}

/// The `Destination` header, and the path it names.
fn destination(request: &Request) -> Result<(Vec<u8>, Vec<u8>), Verdict> {
    let Some(header) = request.header(Known::Destination) else {
        return Err(refuse(request, 400, "client sent no \"Destination\" header"));
    };
    let invalid =
        || refuse(request, 400, format_args!("client sent invalid \"Destination\" header: \"{}\"", shown(header)));
    let uri = if header.first() == Some(&b'/') { header } else { behind_host(request, header, &invalid)? };
    let Some((decoded, _)) = unsafe_uri::parse(uri) else {
        request.log(Level::Error, format_args!("unsafe URI \"{}\" was detected", shown(&unsafe_uri::decode(uri))));
        return Err(invalid());
    };
    if names_collection(request) != (uri.last() == Some(&b'/')) {
        let text = format_args!(
            "both URI \"{}\" and \"Destination\" URI \"{}\" should be either collections or non-collections",
            shown(&request.uri),
            shown(header)
        );
        return Err(refuse(request, 409, text));
    }
    match request.location.settings.core.root.alias {
        Some(Alias::Prefix(length)) if decoded.len() < length => Err(invalid()),
        _ => Ok((header.to_vec(), decoded)),
    }
}

/// The path of a whole URL, which has to be on the same host.
fn behind_host<'h>(request: &Request, header: &'h [u8], invalid: &dyn Fn() -> Verdict) -> Result<&'h [u8], Verdict> {
    if request.host.is_empty() {
        return Err(refuse(request, 400, "client sent no \"Host\" header"));
    }
    let scheme: &[u8] = if request.connection.is_secure() { b"https://" } else { b"http://" };
    let rest = header.strip_prefix(scheme).ok_or_else(invalid)?;
    let Some(rest) = rest.strip_prefix(request.host.as_slice()) else {
        let text = format_args!(
            "\"Destination\" URI \"{}\" is handled by different repository than the source URI",
            shown(header)
        );
        return Err(refuse(request, 400, text));
    };
    memchr::memchr(b'/', rest).map(|slash| &rest[slash..]).ok_or_else(invalid)
}

fn check_depth(request: &Request) -> Result<(), Verdict> {
    let fault = match depth_of(request, Depth::Infinity) {
        Depth::Infinity => return Ok(()),
        Depth::Zero if request.method == Method::Copy => return Ok(()),
        _ if request.method == Method::Copy => "\"Depth\" header must be 0 or infinity",
        _ => "\"Depth\" header must be infinity",
    };
    Err(refuse(request, 400, fault))
}

fn overwrites(request: &Request) -> Result<bool, Verdict> {
    match request.header(Known::Overwrite) {
        None | Some(b"T" | b"t") => Ok(true),
        Some(b"F" | b"f") => Ok(false),
        Some(value) => {
            let text = format_args!("client sent invalid \"Overwrite\" header: \"{}\"", shown(value));
            Err(refuse(request, 400, text))
        }
    }
}

fn depth_of(request: &Request, default: Depth) -> Depth {
    match request.header(Known::Depth) {
        None => default,
        Some(b"0") => Depth::Zero,
        Some(b"1") => Depth::One,
        Some(b"infinity") => Depth::Infinity,
        Some(value) => {
            request.log(Level::Error, format_args!("client sent invalid \"Depth\" header: \"{}\"", shown(value)));
            Depth::Invalid
        }
    }
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut out = path.to_vec();
    out.dedup_by(|byte, before| *byte == b'/' && *before == b'/');
    out
}

/// A thing cannot be copied onto itself, nor a collection into itself.
fn same_place(request: &Request, from: &[u8], to: &Target) -> Option<Verdict> {
    let from = from.strip_suffix(b"/").unwrap_or(from);
    if from == to.path {
        let text = format_args!(
            "both URI \"{}\" and \"Destination\" URI \"{}\" point to the same location",
            shown(&request.uri),
            shown(&to.header)
        );
        return Some(refuse(request, 403, text));
    }
    let (shorter, longer) = if from.len() < to.path.len() { (from, &to.path[..]) } else { (&to.path[..], from) };
    let is_inside = longer.strip_prefix(shorter).is_some_and(|rest| rest.first() == Some(&b'/'));
    (to.slash && is_inside).then(|| refuse(request, 403, not_to_collection(request, to)))
}

fn not_to_collection(request: &Request, to: &Target) -> String {
    let (uri, method) = (shown(&request.uri), shown(request.method_name()));
    format!("\"{uri}\" could not be {method}ed to collection \"{}\"", shown(&to.header))
}

fn transfer(request: &Request, from: &[u8], to: &Target, overwrite: bool) -> Verdict {
    let existing = match fs::symlink_metadata(path(&to.path)) {
        Ok(metadata) => Some(metadata.is_dir()),
        Err(error) if error.raw_os_error() == Some(Errno::ENOENT as i32) => None,
        Err(error) => return fail(request, &Fault::of("lstat()", &to.path)(error), 404),
    };
    if existing == Some(true) && !to.slash {
        return refuse(request, 409, not_to_collection(request, to));
    }
    if existing.is_some() && !overwrite {
        let error = io::Error::from(Errno::EEXIST);
        request.log_error(Level::Error, &error, format_args!("\"{}\" could not be created", shown(&to.path)));
        return Verdict::Finish(412);
    }
    let metadata = match fs::symlink_metadata(path(from)) {
        Ok(metadata) => metadata,
        Err(error) => return fail(request, &Fault::of("lstat()", from)(error), 404),
    };
    if !metadata.is_dir() {
        return transfer_file(request, from, to, &metadata);
    }
    if !names_collection(request) {
        return refuse(request, 400, format_args!("\"{}\" is collection", shown(&request.uri)));
    }
    if let Some(is_directory) = existing
        && let Err(fault) = dav_copy::remove(request, &to.path, is_directory)
    {
        return fail(request, &fault, 404);
    }
    transfer_directory(request, &from[..from.len() - 1], to, metadata.mode() & 0o777)
}

fn transfer_file(request: &Request, from: &[u8], to: &Target, metadata: &fs::Metadata) -> Verdict {
    let outcome = match request.method {
        Method::Move => dav_copy::rename(from, &to.path, Some(request.location.settings.dav.access)),
        _ => dav_copy::copy_file(from, &to.path, metadata),
    };
    match outcome {
        Ok(()) => Verdict::Finish(204),
        Err(fault) => {
            request.log_error(Level::Crit, &fault.error, &fault.text);
            Verdict::Finish(500)
        }
    }
}

fn transfer_directory(request: &Request, from: &[u8], to: &Target, rights: u32) -> Verdict {
    let moves = request.method == Method::Move;
    if moves && fs::rename(path(from), path(&to.path)).is_ok() {
        return Verdict::Finish(201);
    }
    if let Err(error) = fs::DirBuilder::new().mode(rights).create(path(&to.path)) {
        return fail(request, &Fault::of("mkdir()", &to.path)(error), 404);
    }
    if let Err(fault) = dav_copy::copy_tree(request, from, &to.path) {
        request.log_error(Level::Crit, &fault.error, &fault.text);
        return Verdict::Finish(500);
    }
    if moves && let Err(fault) = dav_copy::remove(request, from, true) {
        return fail(request, &fault, 404);
    }
    Verdict::Finish(201)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_depth_of_a_name_is_its_slashes() {
        assert_eq!(uri_depth(b"/a", 0), Ok(()));
        assert_eq!(uri_depth(b"/a", 1), Ok(()));
        assert_eq!(uri_depth(b"/a", 2), Err(1));
        assert_eq!(uri_depth(b"/a/", 2), Err(2));
        assert_eq!(uri_depth(b"/a/b", 2), Ok(()));
    }

    #[test]
    fn slashes_are_merged() {
        assert_eq!(merge_slashes(b"//a///b/"), b"/a/b/");
    }
}
