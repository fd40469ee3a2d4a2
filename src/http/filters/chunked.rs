//! Bodies whose length is not known beforehand, sent in chunks (`ngx_http_chunked_filter_module`).

use crate::http::message::headers::HeaderList;
use crate::http::request::{HTTP_11, Request};
use crate::wire::http1::request_line::Method;

/// Decides whether the body goes out in chunks.
pub fn head(request: &mut Request) {
    let response = &mut request.response;
    if matches!(response.status, 204 | 304)
        || response.status < 200
        || request.is_subrequest
        || request.method == Method::Head
        || request.method == Method::Connect && response.status < 300
    {
        return;
    }
    let trailers = request.filters.expects_trailers || !response.trailers.is_empty();
    if response.content_length.is_some() && !trailers {
        return;
    }
    if request.version >= HTTP_11 && request.location.settings.core.chunked_transfer_encoding {
        response.content_length = None;
        request.filters.chunked = true;
    } else if response.content_length.is_none() {
        request.keepalive = false;
    }
}

/// Writes the line before a chunk.
pub fn write_size(size: u64, out: &mut Vec<u8>) {
    use std::io::Write;
    write!(out, "{size:x}\r\n").expect("a vector takes every byte");
}

/// Writes the last chunk and the trailers.
pub fn write_last(trailers: &HeaderList, out: &mut Vec<u8>) {
    out.extend_from_slice(b"0\r\n");
    for (name, value) in trailers.iter() {
        for part in [name, b": ", value, b"\r\n"] {
            out.extend_from_slice(part);
        }
    }
    out.extend_from_slice(b"\r\n");
}
