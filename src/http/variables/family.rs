//! Families of variables that share a prefix: `arg_x`, `http_x`, `cookie_x`.

use super::put::{WriteFamily, put_bytes, put_some};
use super::{connection, upstream};
use crate::http::message::cookie::find_cookie;
use crate::http::message::headers::{HeaderList, Known};
use crate::http::request::Request;

/// The getter of a family.
pub fn find(prefix: &str) -> Option<WriteFamily> {
    Some(match prefix {
        "arg_" => |request, name, out| put_some(out, argument(&request.args, name)),
        "http_" => http,
        "cookie_" => |request, name, out| put_some(out, cookie(request, name)),
        "sent_http_" => |request, name, out| listed(&request.response.headers, name, out),
        "sent_trailer_" => |request, name, out| listed(&request.response.trailers, name, out),
        "proxy_protocol_tlv_" => connection::proxied_entry,
        "upstream_http_" => |request, name, out| listed(&request.upstream.headers, name, out),
        "upstream_trailer_" => |request, name, out| listed(&request.upstream.trailers, name, out),
        "upstream_cookie_" => |request, name, out| put_some(out, upstream::cookie(request, name)),
        _ => return None,
    })
}

/// Whether a header's name is what a variable calls it: lower case, `_` for `-`.
pub fn is_name(header: &[u8], variable: &[u8]) -> bool {
    header.len() == variable.len()
        && header.iter().zip(variable).all(|(&byte, &wanted)| {
            let byte = if byte == b'-' { b'_' } else { byte.to_ascii_lowercase() };
            byte == wanted
        })
}

fn http(request: &Request, name: &[u8], out: &mut Vec<u8>) -> bool {
    join(request.head.lines().filter(|(header, _)| is_name(header, name)).map(|(_, value)| value), out)
}

fn listed(headers: &HeaderList, name: &[u8], out: &mut Vec<u8>) -> bool {
    join(headers.iter().filter(|(header, _)| is_name(header, name)).map(|(_, value)| value), out)
}

fn join<'v>(values: impl Iterator<Item = &'v [u8]>, out: &mut Vec<u8>) -> bool {
    let mut found = false;
    for value in values {
        if found {
            out.extend_from_slice(b", ");
        }
        found = put_bytes(out, value);
    }
    found
}

/// The value of an argument; letter case of the name does not matter.
pub fn argument<'a>(args: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    args.split(|&byte| byte == b'&').find_map(|part| {
        let equals = memchr::memchr(b'=', part)?;
        part[..equals].eq_ignore_ascii_case(name).then(|| &part[equals + 1..])
    })
}

/// The value of a cookie of the request.
pub fn cookie<'r>(request: &'r Request, name: &[u8]) -> Option<&'r [u8]> {
    request.head.header_all(Known::Cookie).find_map(|line| find_cookie(line, name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_and_names() {
        assert_eq!(argument(b"a=1&B=2&c", b"b"), Some(&b"2"[..]));
        assert_eq!(argument(b"a=1&c", b"c"), None);
        assert!(is_name(b"X-Forwarded-For", b"x_forwarded_for"));
    }
}
