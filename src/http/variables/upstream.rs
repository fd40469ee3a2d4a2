//! Variables that come from the attempts at backends.

use super::put::{Write1, put, put_bytes, put_number, put_seconds, put_some};
use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::http::upstream::record::{BodyLength, UpstreamAttempt};

/// The getter of a name.
pub fn find(name: &str) -> Option<Write1> {
    Some(match name {
        "upstream_addr" => |request, out| each(request, out, |attempt, out| put_bytes(out, attempt.address.as_bytes())),
        "upstream_status" => |request, out| {
            each(request, out, |attempt, out| match attempt.status {
                0 => put_bytes(out, b"-"),
                status => put(out, status),
            })
        },
        "upstream_connect_time" => |request, out| each(request, out, |attempt, out| time(attempt.connect_ms, out)),
        "upstream_header_time" => |request, out| each(request, out, |attempt, out| time(attempt.header_ms, out)),
        "upstream_response_time" => |request, out| each(request, out, |attempt, out| time(attempt.response_ms, out)),
        "upstream_queue_time" => |request, out| each(request, out, |attempt, out| time(attempt.queue_ms, out)),
        "upstream_response_length" => {
            |request, out| each(request, out, |attempt, out| put(out, attempt.response_length))
        }
        "upstream_bytes_received" => |request, out| each(request, out, |attempt, out| put(out, attempt.bytes_received)),
        "upstream_bytes_sent" => |request, out| each(request, out, |attempt, out| put(out, counted_at_end(attempt))),
        "proxy_host" => |request, out| put_some(out, request.upstream.proxy_host.as_deref()),
        "proxy_port" => |request, out| put_some(out, request.upstream.proxy_port.as_deref()),
        "proxy_internal_body_length" => |request, out| match request.upstream.body {
            BodyLength::Known(length) => put_number(out, length),
            BodyLength::None | BodyLength::Chunked => false,
        },
        "proxy_internal_chunked" => {
            |request, out| request.upstream.body == BodyLength::Chunked && put_bytes(out, b"chunked")
        }
        "proxy_add_x_forwarded_for" => add_forwarded_for,
        _ => return None,
    })
}

/// nginx looks at what the connection has sent when it is done with it.
fn counted_at_end(attempt: &UpstreamAttempt) -> u64 {
    if attempt.response_ms.is_some() { attempt.bytes_sent } else { 0 }
}

fn add_forwarded_for(request: &Request, out: &mut Vec<u8>) -> bool {
    if super::request::joined(request, Known::XForwardedFor, b", ", out) {
        out.extend_from_slice(b", ");
    }
    put(out, request.peer())
}

/// All attempts, with `, ` between them, and ` : ` where another group took over.
fn each(request: &Request, out: &mut Vec<u8>, write: fn(&UpstreamAttempt, &mut Vec<u8>) -> bool) -> bool {
    for (index, attempt) in request.upstream.attempts.iter().enumerate() {
        if index > 0 {
            out.extend_from_slice(if attempt.redirected { b" : " } else { b", " });
        }
        write(attempt, out);
    }
    !request.upstream.attempts.is_empty()
}

fn time(milliseconds: Option<u64>, out: &mut Vec<u8>) -> bool {
    match milliseconds {
        Some(milliseconds) => put_seconds(out, milliseconds),
        None => put_bytes(out, b"-"),
    }
}

/// The value of a cookie that the backend sets.
pub fn cookie<'r>(request: &'r Request, name: &[u8]) -> Option<&'r [u8]> {
    request.upstream.headers.find_all(b"Set-Cookie").find_map(|line| cookie_value(line, name))
}

/// As nginx reads it: the name at the very start, spaces but no tabs around the `=`, all up to a semicolon.
fn cookie_value<'l>(line: &'l [u8], name: &[u8]) -> Option<&'l [u8]> {
    let behind_spaces = |text: &'l [u8]| &text[text.iter().take_while(|byte| **byte == b' ').count()..];
    let (found, rest) = line.split_at_checked(name.len())?;
    let value = behind_spaces(behind_spaces(rest).strip_prefix(b"=")?);
    let end = memchr::memchr(b';', value).unwrap_or(value.len());
    found.eq_ignore_ascii_case(name).then(|| &value[..end])
}
