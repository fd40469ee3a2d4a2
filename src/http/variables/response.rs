//! Variables that come from the answer.

use super::put::{Write1, put, put_bytes, put_number, put_some};
use crate::http::request::{HTTP_10, HTTP_20, LOGGING, Request};
use crate::primitives::{decimal, http_date};

/// The getter of a name.
pub fn find(name: &str) -> Option<Write1> {
    Some(match name {
        "status" => |request, out| match status(request) {
            status @ 100.. => put_number(out, status.into()),
            status => put(out, format_args!("{status:03}")),
        },
        "bytes_sent" => |request, out| put_number(out, bytes_sent(request)),
        "body_bytes_sent" => |request, out| put_number(out, body_bytes_sent(request)),
        "request_completion" => |request, out| {
            let is_complete = request.finished && !request.filter_finalize && !request.is_subrequest;
            put_bytes(out, if is_complete { b"OK" } else { b"" })
        },
        "gzip_ratio" => |request, out| match request.filters.gzip_totals {
            Some((taken, given)) if given > 0 => {
                // Two digits behind the point, the last one rounded.
                let hundredths = (taken * 1000 / given + 5) / 10;
                put(out, format_args!("{}.{:02}", hundredths / 100, hundredths % 100))
            }
            _ => false,
        },
        "limit_rate" => |request, out| put(out, limit_rate(request)),
        "sent_http_content_type" => |request, out| match &request.response.content_type {
            Some(content_type) => {
                // The charset is added while the head is written, which HTTP/0.9 and subrequests do without.
                let is_written = request.header_sent && !request.is_subrequest && request.version >= HTTP_10;
                match is_written {
                    true => request.response.write_content_type(out),
                    false => out.extend_from_slice(content_type.as_bytes()),
                }
                true
            }
            None => false,
        },
        "sent_http_content_length" => |request, out| match request.response.content_length {
            Some(length) => {
                decimal::write(length, out);
                true
            }
            None => false,
        },
        "sent_http_last_modified" => |request, out| match request.response.last_modified {
            Some(_) if request.response.last_modified_listed => {
                put_some(out, request.response.headers.find(b"Last-Modified"))
            }
            Some(modified) => put(out, http_date::format(modified)),
            None => false,
        },
        "sent_http_location" => |request, out| match request.response.redirect {
            true => put_some(out, request.response.headers.find(b"Location")),
            false => joined(request, b"Location", out),
        },
        "sent_http_connection" => |request, out| put_bytes(out, sent_connection(request)),
        "sent_http_keep_alive" => |request, out| {
            let seconds = request.location.settings.core.keepalive_header_seconds;
            is_kept(request) && seconds > 0 && put(out, format_args!("timeout={seconds}"))
        },
        "sent_http_transfer_encoding" => |request, out| request.filters.chunked && put_bytes(out, b"chunked"),
        "sent_http_cache_control" => |request, out| joined(request, b"Cache-Control", out),
        "sent_http_link" => |request, out| joined(request, b"Link", out),
        _ => return None,
    })
}

fn sent_connection(request: &Request) -> &'static [u8] {
    match request.response.status {
        101 => b"upgrade",
        _ if is_kept(request) => b"keep-alive",
        _ => b"close",
    }
}

/// A stream never is, whatever becomes of its connection.
fn is_kept(request: &Request) -> bool {
    request.keepalive && request.version != HTTP_20
}

/// The status for the log.
pub fn status(request: &Request) -> u16 {
    match (request.error_status, request.response.status) {
        (0, status) if request.version == 9 && status == 0 => 9,
        (0, status) => status,
        (error, _) => error,
    }
}

/// What was set, or what `limit_rate` gave when something was written.
fn limit_rate(request: &Request) -> u64 {
    let given = || if bytes_sent(request) > 0 { request.filters.limit_rate } else { 0 };
    request.limit_rate.unwrap_or_else(given)
}

/// What was sent for this request, also what nginx would not let wait.
pub fn bytes_sent(request: &Request) -> u64 {
    let connection = &request.connection;
    let gathered = connection.gathered();
    let may_wait = request.action != LOGGING && !request.filters.unbuffered;
    let is_held = may_wait && gathered < request.location.settings.core.postpone_output;
    // What waits for a client that is gone is never sent.
    let gathered = if request.client_gone || is_held { 0 } else { gathered };
    (connection.sent.get() + gathered as u64).saturating_sub(request.sent_before)
}

/// Without the head, and the frames around the body.
fn body_bytes_sent(request: &Request) -> u64 {
    let around_body = request.connection.exchange().map(|exchange| exchange.around_body.get());
    bytes_sent(request).saturating_sub(around_body.unwrap_or(request.header_size))
}

fn joined(request: &Request, name: &[u8], out: &mut Vec<u8>) -> bool {
    let mut found = false;
    for value in request.response.headers.find_all(name) {
        if found {
            out.extend_from_slice(b", ");
        }
        out.extend_from_slice(value);
        found = true;
    }
    found
}
