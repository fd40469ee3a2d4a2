//! What is sent to a backend: request line, headers in nginx's order, and the rules of `proxy_pass` for the URI.

use std::borrow::Cow;
use std::io::Write;

use super::plan::{Planned, RequestPlan};
use super::record::BodyLength;
use crate::http::evaluate;
use crate::http::message::headers::{self, HeaderList, Known};
use crate::http::request::Request;
use crate::ir::http::proxy::{HttpVersion, Proxy};
use crate::ir::value::Text;
use crate::primitives::escape::{self, Escape};

/// The URL of a `proxy_pass`, with its variables' values.
#[derive(Clone, Debug)]
pub struct Destination {
    /// `$proxy_host`, and `Host` where nothing else is said.
    pub host_header: Text,
    /// The URI part; nothing where there is none.
    pub uri: Option<Text>,
    /// The URL has variables: its URI part is sent as it is.
    pub is_evaluated: bool,
    /// How many bytes of the request's path the URI part replaces.
    pub location_length: usize,
}

/// Nothing can stand behind the method.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ZeroLengthUri;

/// The method that is sent.
pub fn method<'r>(request: &'r Request, proxy: &'r Proxy) -> Cow<'r, [u8]> {
    match &proxy.method {
        Some(template) => evaluate::text(request, template),
        None => Cow::Borrowed(request.method_name()),
    }
}

/// Writes the URI that is sent; gives its place in `out`.
pub fn write_uri(request: &Request, destination: &Destination, out: &mut Vec<u8>) -> Result<(), ZeroLengthUri> {
    let before = out.len();
    let uri = destination.uri.as_deref().unwrap_or_default();
    if destination.is_evaluated && !uri.is_empty() {
        out.extend_from_slice(uri);
    } else if uri.is_empty() && request.valid_unparsed_uri {
        out.extend_from_slice(request.head.target());
    } else {
        let mut rest = &request.uri[..];
        if request.valid_location {
            out.extend_from_slice(uri);
            if !uri.is_empty() {
                rest = &rest[destination.location_length.min(rest.len())..];
            }
        }
        if request.quoted_uri || request.internal {
            escape::write(rest, Escape::Uri, out);
        } else {
            out.extend_from_slice(rest);
        }
        if !request.args.is_empty() {
            out.push(b'?');
            out.extend_from_slice(&request.args);
        }
    }
    if out.len() == before { Err(ZeroLengthUri) } else { Ok(()) }
}

/// Writes the headers and the empty line behind them; before it came method and URI.
pub fn write_headers(
    request: &Request,
    proxy: &Proxy,
    plan: &RequestPlan,
    destination: &Destination,
    body: BodyLength,
    out: &mut Vec<u8>,
) {
    let is_http11 = proxy.http_version != HttpVersion::Http10;
    out.extend_from_slice(if is_http11 { b" HTTP/1.1\r\n" } else { b" HTTP/1.0\r\n" });
    write_host(request, plan, destination, is_http11, out);
    for planned in &plan.lines {
        write_planned(request, planned, body, out);
    }
    if proxy.pass_request_headers {
        let head = &request.head;
        for header in &head.headers {
            let name = &head.buffer[header.name()];
            if plan.passes_on(header.known, name) {
                request.debug_header("http proxy header: ", name, &head.buffer[header.value()]);
                copy(&head.buffer, header, out);
            }
        }
    }
    out.extend_from_slice(b"\r\n");
    request.debug_value("http proxy header:\n", out);
}

fn write_host(request: &Request, plan: &RequestPlan, destination: &Destination, is_http11: bool, out: &mut Vec<u8>) {
    let set = plan.host.as_ref().map(|template| evaluate::text(request, template));
    match set {
        Some(host) if !host.is_empty() => line(b"Host", &host, out),
        // HTTP/1.1 does not go without one.
        Some(_) if !is_http11 => {}
        _ if destination.host_header.is_empty() => {}
        _ => line(b"Host", &destination.host_header, out),
    }
}

fn write_planned(request: &Request, planned: &Planned, body: BodyLength, out: &mut Vec<u8>) {
    match (planned, body) {
        (Planned::Set(header), _) => {
            let before = out.len();
            out.extend_from_slice(&header.name);
            out.extend_from_slice(b": ");
            let value = out.len();
            evaluate::write(request, &header.value, out);
            if out.len() == value {
                out.truncate(before);
            } else {
                out.extend_from_slice(b"\r\n");
            }
        }
        (Planned::ContentLength, BodyLength::Known(length)) => {
            write!(out, "Content-Length: {length}\r\n").expect("a vector takes every byte");
        }
        (Planned::TransferEncoding, BodyLength::Chunked) => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
        (Planned::ContentLength | Planned::TransferEncoding | Planned::Te, _) => {}
    }
}

/// The fields of a request over HTTP/2 and its `:authority`: without what HTTP/1 says of the connection, names in small letters.
pub fn fields(
    request: &Request,
    proxy: &Proxy,
    plan: &RequestPlan,
    destination: &Destination,
    body: BodyLength,
) -> (Vec<u8>, HeaderList) {
    let host = plan.host.as_ref().map(|template| evaluate::text(request, template));
    let authority =
        host.filter(|host| !host.is_empty()).unwrap_or(Cow::Borrowed(&destination.host_header)).into_owned();
    let mut fields = HeaderList::default();
    let mut push = |name: &[u8], value: &[u8]| fields.push(&name.to_ascii_lowercase(), value);
    for planned in &plan.lines {
        match (planned, body) {
            (Planned::Set(header), _) => {
                let value = evaluate::text(request, &header.value);
                if !value.is_empty() {
                    push(&header.name, &value);
                }
            }
            (Planned::ContentLength, BodyLength::Known(length)) => {
                push(b"content-length", length.to_string().as_bytes())
            }
            (Planned::Te, _) if accepts_trailers(request) => push(b"te", b"trailers"),
            (Planned::ContentLength | Planned::TransferEncoding | Planned::Te, _) => {}
        }
    }
    let head = &request.head;
    for header in head.headers.iter().filter(|_| proxy.pass_request_headers) {
        let name = &head.buffer[header.name()];
        if plan.passes_on(header.known, name) {
            push(name, &head.buffer[header.value()]);
        }
    }
    (authority, fields)
}

/// The client's `TE` is passed on as far as gRPC needs it.
fn accepts_trailers(request: &Request) -> bool {
    let te = request.header(Known::Te).unwrap_or_default();
    te.windows(8).any(|word| word.eq_ignore_ascii_case(b"trailers"))
}

/// Copies a line of the client's head: in one piece, where it was written as we write it.
fn copy(buffer: &[u8], header: &headers::Line, out: &mut Vec<u8>) {
    let (name, value) = (header.name(), header.value());
    let is_ours = buffer.get(name.end..value.start) == Some(&b": "[..]) && buffer[value.end..].starts_with(b"\r\n");
    if is_ours {
        out.extend_from_slice(&buffer[name.start..value.end + 2]);
    } else {
        line(&buffer[name], &buffer[value], out);
    }
}

fn line(name: &[u8], value: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}
