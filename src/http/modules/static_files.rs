//! Files under the root (`ngx_http_static_module`).

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;

use super::map_uri_to_path;
use crate::http::filters::order;
use crate::http::open_file::{self, Fault};
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::http::{body_reader, rewrite};
use crate::log::error_log::Level;
use crate::primitives::escape::{self, Escape};
use crate::wire::http1::request_line::Method;

/// Sends the file of the request's path.
pub async fn handle(request: &mut Request) -> Verdict {
    if !matches!(request.method, Method::Get | Method::Head | Method::Post) {
        return Verdict::Finish(405);
    }
    if request.uri.last() == Some(&b'/') {
        return Verdict::Declined;
    }
    let name = map_uri_to_path(request).path;
    let (file, metadata) = match open_file::open(request, &name) {
        Ok(opened) => opened,
        Err(fault) => return refuse(request, &name, &fault),
    };
    if metadata.is_dir() {
        return add_slash(request);
    }
    if !metadata.is_file() {
        request.log(Level::Crit, format_args!("\"{}\" is not a regular file", String::from_utf8_lossy(&name)));
        return Verdict::Finish(404);
    }
    if request.method == Method::Post {
        return Verdict::Finish(405);
    }
    if let Err(status) = body_reader::discard(request) {
        return Verdict::Finish(status);
    }
    request.action = "sending response to client";
    if request.response.content_type.is_none() {
        request.response.content_type = Some(rewrite::content_type(request));
    }
    send(request, &file, &metadata, None).await
}

/// Sends an open file with its validators, and the coding it is in.
pub async fn send(request: &mut Request, file: &File, metadata: &Metadata, coding: Option<&[u8]>) -> Verdict {
    let length = metadata.len();
    request.response.status = 200;
    request.response.content_length = Some(length);
    request.response.last_modified = Some(metadata.mtime());
    if request.location.settings.core.etag {
        let tag = format!("\"{:x}-{length:x}\"", metadata.mtime());
        request.response.headers.push(b"ETag", tag.as_bytes());
    }
    if let Some(coding) = coding {
        request.response.headers.push(b"Content-Encoding", coding);
    }
    request.response.allow_ranges = true;
    if let Err(fault) = order::send_head(request).await {
        return fault.into();
    }
    if order::send_file(request, file, length).await.is_err() || order::finish(request).await.is_err() {
        return Verdict::Close;
    }
    Verdict::Done
}

/// The status for a file that cannot be opened, and the line in the log.
pub fn refuse(request: &Request, name: &[u8], Fault { call, error }: &Fault) -> Verdict {
    use nix::errno::Errno;
    let (level, status) = match error.raw_os_error().map(Errno::from_raw) {
        Some(Errno::ENOENT | Errno::ENOTDIR | Errno::ENAMETOOLONG) => (Level::Error, 404),
        Some(Errno::EACCES | Errno::EMLINK | Errno::ELOOP) => (Level::Error, 403),
        _ => (Level::Crit, 500),
    };
    if status != 404 || request.location.settings.core.log_not_found {
        request.log_error(level, error, format_args!("{call} \"{}\" failed", String::from_utf8_lossy(name)));
    }
    Verdict::Finish(status)
}

/// Sends the client to the directory's name with its slash.
fn add_slash(request: &mut Request) -> Verdict {
    let mut location = Vec::with_capacity(request.uri.len() + 1);
    escape::write(&request.uri, Escape::Uri, &mut location);
    location.push(b'/');
    if !request.args.is_empty() {
        location.push(b'?');
        location.extend_from_slice(&request.args);
    }
    request.response.set_location(&location);
    Verdict::Finish(301)
}
