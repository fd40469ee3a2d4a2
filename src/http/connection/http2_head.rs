//! The head of a request that came by HTTP/2: made a head like any other, then checked as nginx does (`ngx_http_v2_run_request`).

use std::rc::Rc;

use super::request_head::{self, NoRequest};
use crate::http::message::headers::Known;
use crate::http::request::{HTTP_20, Request};
use crate::http::virtual_server;
use crate::log::error_log::Level;
use crate::wire::http1::header_line::HeaderLine;
use crate::wire::http1::request_line::Method;

/// How a request line that nginx makes up ends, and the version by which it is read here.
const ENDING: &[u8] = b" HTTP/2.0";
const READ_AS: &[u8] = b" HTTP/1.1\r\n";

/// What the pseudo-header fields say (RFC 9113 section 8.3.1).
pub struct Received<'r> {
    /// `:method`
    pub method: &'r [u8],
    /// `:path`
    pub path: Option<&'r [u8]>,
    /// `:authority`
    pub authority: Option<&'r [u8]>,
    /// The request has no body.
    pub is_whole: bool,
    /// Bytes of the header block, if they were counted.
    pub length: Option<usize>,
}

/// Takes a request over, and chooses its server.
pub fn take<'f>(
    request: &mut Request,
    received: &Received<'_>,
    fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
) -> Result<(), NoRequest> {
    request.action = "reading client request headers";
    request.version = HTTP_20;
    take_line(request, received)?;
    if let Some(authority) = received.authority {
        request_head::take_host(request, authority, "client sent invalid \":authority\" header")?;
    }
    let outcome = take_fields(request, fields);
    if request.host.is_empty() {
        virtual_server::choose(request, &[]);
    }
    let head = request_head::head(request);
    head.end = head.buffer.len();
    let length = head.end;
    request.received = length;
    request.body_position = length;
    request.request_length.set(received.length.unwrap_or(length) as u64);
    outcome?;
    check(request, received)?;
    request.action = "";
    Ok(())
}

fn refuse(request: &Request, text: &str) -> NoRequest {
    request.log(Level::Info, text);
    NoRequest::Refused(400)
}

/// Makes the request line that nginx makes, and reads it as one.
fn take_line(request: &mut Request, received: &Received<'_>) -> Result<(), NoRequest> {
    let Some(path) = received.path else {
        return Err(refuse(request, "client sent no :path header"));
    };
    let head = request_head::head(request);
    for part in [received.method, b" ", path, READ_AS] {
        head.buffer.extend_from_slice(part);
    }
    let outcome = head.line.parse(&head.buffer, &mut 0);
    let start = head.buffer.len() - READ_AS.len();
    head.buffer.truncate(start);
    head.buffer.extend_from_slice(ENDING);
    if outcome != Ok(true) || path.first() != Some(&b'/') {
        head.line.end = head.buffer.len();
        let is_path = received.method.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'_' | b'-'));
        let (what, value) = if is_path { ("invalid :path header", path) } else { ("invalid method", received.method) };
        let value = String::from_utf8_lossy(value);
        return Err(refuse(request, &format!("client sent {what}: \"{value}\"")));
    }
    let core = Rc::clone(&request.connection.engine.server(request.server).core);
    let outcome = request_head::take_line(request, &core);
    request.version = HTTP_20;
    outcome
}

fn take_fields<'f>(request: &mut Request, fields: impl Iterator<Item = (&'f [u8], &'f [u8])>) -> Result<(), NoRequest> {
    let mut cookies: Vec<u8> = Vec::new();
    for (count, (name, value)) in fields.enumerate() {
        let core = Rc::clone(&request.connection.engine.server(request.server).core);
        let is_usual = |byte: &u8| {
            byte.is_ascii_lowercase()
                || byte.is_ascii_digit()
                || *byte == b'-'
                || *byte == b'_' && core.underscores_in_headers
        };
        if core.ignore_invalid_headers && !name.iter().all(is_usual) {
            let name = String::from_utf8_lossy(name);
            request.log(Level::Info, format_args!("client sent invalid header: \"{name}\""));
            continue;
        }
        if name == b"cookie" {
            // RFC 9113 section 8.2.3: what was split for the sake of compression belongs together.
            if !cookies.is_empty() {
                cookies.extend_from_slice(b"; ");
            }
            cookies.extend_from_slice(value);
            continue;
        }
        if count as u64 >= core.max_headers as u64 {
            request.log(Level::Info, "client sent too many header lines");
            return Err(NoRequest::Refused(494));
        }
        take_field(request, name, value)?;
    }
    if !cookies.is_empty() {
        take_field(request, b"cookie", &cookies)?;
    }
    Ok(())
}

fn take_field(request: &mut Request, name: &[u8], value: &[u8]) -> Result<(), NoRequest> {
    let buffer = &mut request_head::head(request).buffer;
    let start = buffer.len();
    buffer.extend_from_slice(name);
    let middle = buffer.len();
    buffer.extend_from_slice(value);
    let line = HeaderLine::whole(start..middle, middle..buffer.len());
    request_head::take_header(request, &line)
}

fn check(request: &mut Request, received: &Received<'_>) -> Result<(), NoRequest> {
    let servers = request.connection.servers();
    if !servers.http2 && !request.connection.engine.server(request.server).v2.enabled {
        let text = "client attempted to request the server name for which the negotiated protocol is disabled";
        request.log(Level::Info, text);
        return Err(NoRequest::Refused(421));
    }
    // RFC 9113 section 8.2.2: what concerns a connection has no place in a stream.
    for (known, name) in [
        (Known::Connection, "Connection"),
        (Known::KeepAlive, "Keep-Alive"),
        (Known::TransferEncoding, "Transfer-Encoding"),
        (Known::Upgrade, "Upgrade"),
    ] {
        if request.header(known).is_some() {
            return Err(refuse(request, &format!("client sent \"{name}\" header")));
        }
    }
    let mut te = request.head.header_all(Known::Te);
    let invalid_te = te.next().is_some_and(|value| !value.eq_ignore_ascii_case(b"trailers")) || te.next().is_some();
    drop(te);
    if invalid_te {
        return Err(refuse(request, "client sent invalid \"TE\" header"));
    }
    if request.host.is_empty() {
        return Err(refuse(request, "client sent neither \":authority\" nor \"Host\" header"));
    }
    if let Some(authority) = received.authority {
        match request.header(Known::Host) {
            Some(host) if host != authority => {
                let text = "client sent \":authority\" and \"Host\" headers with different values";
                return Err(refuse(request, text));
            }
            Some(_) => {}
            None => take_field(request, b"host", authority)?,
        }
    }
    check_body(request, received)?;
    match request.method {
        Method::Connect | Method::Trace => {
            let name = if request.method == Method::Connect { "CONNECT" } else { "TRACE" };
            request.log(Level::Info, format_args!("client sent {name} method"));
            Err(NoRequest::Refused(405))
        }
        _ => Ok(()),
    }
}

fn check_body(request: &mut Request, received: &Received<'_>) -> Result<(), NoRequest> {
    match request.header(Known::ContentLength) {
        None => request.chunked_body = !received.is_whole,
        Some(value) => match request_head::decimal(value) {
            None => return Err(refuse(request, "client sent invalid \"Content-Length\" header")),
            Some(length) => {
                request.content_length = Some(length);
                if length > 0 && received.is_whole {
                    return Err(refuse(request, "client prematurely closed stream"));
                }
            }
        },
    }
    Ok(())
}
