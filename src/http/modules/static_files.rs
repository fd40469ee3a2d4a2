//! Files under the root (`ngx_http_static_module`).

use std::fs::{File, Metadata};
use std::os::unix::fs::MetadataExt;

use crate::http::filters::{headers, order};
use crate::http::map_uri::{fits_alias, map_uri_to_path};
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
    request.debug_value("http filename: ", &name);
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
    set_validators(request, metadata, metadata.len());
    if let Some(coding) = coding {
        request.response.headers.push(b"Content-Encoding", coding);
    }
    transfer(request, file, &[Part::File(0, metadata.len())]).await
}

/// A part of a body that is made of a file.
pub enum Part<'p> {
    /// Bytes that the file does not have.
    Bytes(&'p [u8]),
    /// From the first place to the second.
    File(u64, u64),
}

impl Part<'_> {
    fn length(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(start, end) => end - start,
        }
    }
}

/// Sends parts of an open file, with its validators. A tag is of the length that is sent.
pub async fn send_parts(request: &mut Request, file: &File, metadata: &Metadata, parts: &[Part<'_>]) -> Verdict {
    set_validators(request, metadata, parts.iter().map(Part::length).sum());
    transfer(request, file, parts).await
}

fn set_validators(request: &mut Request, metadata: &Metadata, length: u64) {
    request.response.status = 200;
    request.response.content_length = Some(length);
    request.response.last_modified = Some(metadata.mtime());
    if request.location.settings.core.etag {
        request.response.headers.push(b"ETag", &entity_tag(metadata.mtime(), length));
    }
    request.response.allow_ranges = true;
}

async fn transfer(request: &mut Request, file: &File, parts: &[Part<'_>]) -> Verdict {
    if let Err(fault) = order::send_head(request).await {
        return fault.into();
    }
    headers::add_trailers_ahead(request);
    for part in parts {
        let sent = match *part {
            Part::Bytes(bytes) => order::send_body(request, bytes).await,
            Part::File(start, end) => order::send_file(request, file, start, end - start).await,
        };
        if sent.is_err() {
            return Verdict::Close;
        }
    }
    if order::finish(request).await.is_err() { Verdict::Close } else { Verdict::Done }
}

/// Opens the file that a content handler is asked for, which is only for reading.
pub fn open_for_reading(request: &mut Request) -> Result<(File, Metadata), Verdict> {
    if !matches!(request.method, Method::Get | Method::Head) {
        return Err(Verdict::Finish(405));
    }
    if request.uri.last() == Some(&b'/') {
        return Err(Verdict::Declined);
    }
    body_reader::discard(request).map_err(Verdict::Finish)?;
    if !fits_alias(request) {
        return Err(Verdict::Finish(500));
    }
    let name = map_uri_to_path(request).path;
    let (file, metadata) = open_file::open(request, &name).map_err(|fault| refuse(request, &name, &fault))?;
    if metadata.is_file() { Ok((file, metadata)) } else { Err(Verdict::Declined) }
}

/// `"6923a1b0-400"`: time and length, as `ngx_http_set_etag` writes them.
fn entity_tag(modified: i64, length: u64) -> Vec<u8> {
    let mut tag = Vec::with_capacity(36);
    tag.push(b'"');
    push_hex(&mut tag, modified as u64);
    tag.push(b'-');
    push_hex(&mut tag, length);
    tag.push(b'"');
    tag
}

fn push_hex(out: &mut Vec<u8>, value: u64) {
    let digits = (u64::BITS - value.leading_zeros()).div_ceil(4).max(1);
    out.extend((0..digits).rev().map(|place| b"0123456789abcdef"[(value >> (4 * place) & 15) as usize]));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_time_and_length_in_hexadecimal() {
        for (modified, length) in [(0, 0), (0x6923_a1b0, 1024), (-1, u64::MAX), (1, 15)] {
            assert_eq!(entity_tag(modified, length), format!("\"{modified:x}-{length:x}\"").into_bytes());
        }
    }
}
