//! Variables that come from the request.

use super::put::{Write1, put, put_bytes, put_seconds, put_some};
use crate::http::message::headers::Known;
use crate::http::request::body::Body;
use crate::http::request::{HTTP_20, Request};
use crate::http::{map_uri, modules};
use crate::log::now;
use crate::wire::http1::request_line::Method;

/// The getter of a name.
pub fn find(name: &str) -> Option<Write1> {
    Some(match name {
        "args" | "query_string" => |request, out| request.has_args && put_bytes(out, &request.args),
        "content_length" => |request, out| match (request.header(Known::ContentLength), request.content_length) {
            (Some(text), _) => put_bytes(out, text),
            (None, Some(length)) if request.chunked_body => put(out, length),
            _ => false,
        },
        "content_type" => |request, out| joined(request, Known::ContentType, b", ", out),
        "document_root" => |request, out| put_bytes(out, &map_uri::document_root(request)),
        "realpath_root" => realpath_root,
        // A line that was refused has no URI; one that was read has an empty one if its URI was refused later.
        "uri" | "document_uri" => {
            |request, out| (!request.uri.is_empty() || request.uri_refused) && put_bytes(out, &request.uri)
        }
        "host" => host,
        "http_host" => |request, out| put_some(out, request.header(Known::Host)),
        "http_user_agent" => |request, out| joined(request, Known::UserAgent, b", ", out),
        "http_referer" => |request, out| joined(request, Known::Referer, b", ", out),
        "http_via" => |request, out| joined(request, Known::Via, b", ", out),
        "http_x_forwarded_for" => |request, out| joined(request, Known::XForwardedFor, b", ", out),
        "http_cookie" => |request, out| joined(request, Known::Cookie, b"; ", out),
        "is_args" => |request, out| put_bytes(out, if request.args.is_empty() { b"" } else { b"?" }),
        "is_request_port" => |request, out| put_bytes(out, if request.host_port > 0 { b":" } else { b"" }),
        "request_port" => |request, out| request.host_port == 0 || put(out, request.host_port),
        "remote_user" => |request, out| put_some(out, modules::auth_basic::user(request).as_deref()),
        "request" => |request, out| {
            let line = request.head.request_line();
            // Of a malformed head of HTTP/2 no line is made.
            !((line.is_empty() || request.uri_refused) && request.version == HTTP_20) && put_bytes(out, line)
        },
        "request_body" => |request, out| match &request.body {
            Body::Memory(bytes) => put_bytes(out, bytes),
            _ => false,
        },
        "request_body_file" => |request, out| match &request.body {
            Body::File(file) => file.path().is_ok_and(|path| put(out, path)),
            _ => false,
        },
        "request_filename" => {
            |request, out| map_uri::fits_alias(request) && put_bytes(out, &map_uri::map_uri_to_path(request).path)
        }
        "request_id" => request_id,
        "request_length" => |request, out| put(out, request.length()),
        "request_method" => |request, out| {
            let name = request.main_method_name();
            put_some(out, Some(name).filter(|name| !name.is_empty() && !has_no_line(request)))
        },
        "request_time" => |request, out| put_seconds(out, elapsed_ms(request)),
        "request_uri" => |request, out| {
            let (is_refused, target) = (has_no_line(request) || request.uri_refused, request.head.target());
            !is_refused && !(target.is_empty() && request.version == HTTP_20) && put_bytes(out, target)
        },
        "http2" => |request, out| match (request.connection.exchange(), request.connection.is_secure()) {
            (None, _) => true,
            (Some(_), true) => put_bytes(out, b"h2"),
            (Some(_), false) => put_bytes(out, b"h2c"),
        },
        "http3" => |_, _| true,
        "server_name" => |request, out| put(out, &request.connection.engine.server(request.server).name),
        "server_protocol" => |request, out| match request.version {
            HTTP_20 => put_bytes(out, b"HTTP/2.0"),
            _ => request.head.line.protocol_start.is_some() && put_bytes(out, request.head.protocol()),
        },
        _ => return None,
    })
}

/// Whether a first line that could be read never came: nginx takes its parts from the whole line alone.
fn has_no_line(request: &Request) -> bool {
    let has_none = request.version == HTTP_20 || request.method == Method::Connect;
    request.uri.is_empty() && !request.uri_refused && !has_none
}

/// Milliseconds since the request began.
pub fn elapsed_ms(request: &Request) -> u64 {
    now::since_epoch().saturating_sub(request.began).as_millis() as u64
}

fn host(request: &Request, out: &mut Vec<u8>) -> bool {
    if request.host.is_empty() {
        return put(out, &request.connection.engine.server(request.server).name);
    }
    put_bytes(out, &request.host)
}

/// The values of all lines of a header, one behind the other.
pub fn joined(request: &Request, known: Known, separator: &[u8], out: &mut Vec<u8>) -> bool {
    let mut found = false;
    for value in request.head.header_all(known) {
        if found {
            out.extend_from_slice(separator);
        }
        out.extend_from_slice(value);
        found = true;
    }
    found
}

fn realpath_root(request: &Request, out: &mut Vec<u8>) -> bool {
    use std::os::unix::ffi::OsStrExt;
    let root = map_uri::document_root(request);
    match std::fs::canonicalize(map_uri::path(&root)) {
        Ok(path) => put_bytes(out, path.as_os_str().as_bytes()),
        Err(_) => false,
    }
}

/// Sixteen random bytes in hexadecimal.
fn request_id(_: &Request, out: &mut Vec<u8>) -> bool {
    use std::hash::{BuildHasher, Hasher};
    // Each RandomState has keys of its own, from the system's randomness.
    for _ in 0..2 {
        let number = std::hash::RandomState::new().build_hasher().finish();
        put(out, format_args!("{number:016x}"));
    }
    true
}
