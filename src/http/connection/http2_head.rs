//! The head of a request that came by HTTP/2: made a head like any other, then checked as nginx does (`ngx_http_v2_run_request`).

use std::borrow::Cow;
use std::rc::Rc;

use super::http2_stream::Exchange;
use super::request_head::{self, NoRequest};
use crate::http::message::headers::Known;
use crate::http::request::{HTTP_20, Request};
use crate::ir::http::core::ServerCore;
use crate::log::error_log::Level;
use crate::wire::http1::header_line::HeaderLine;
use crate::wire::http1::request_line::{Method, RequestLine};
use crate::wire::http2::server::NewStream;

/// How a request line that nginx makes up ends, and the version by which it is read here.
const ENDING: &[u8] = b" HTTP/2.0";
const READ_AS: &[u8] = b" HTTP/1.1\r\n";

/// What the pseudo-header fields say (RFC 9113 section 8.3.1).
#[derive(Default)]
struct Pseudo<'f> {
    method: Option<&'f [u8]>,
    scheme: Option<&'f [u8]>,
    path: Option<&'f [u8]>,
    authority: Option<&'f [u8]>,
}

/// Takes a request over, and chooses its server.
pub fn take(request: &mut Request, stream: &NewStream, exchange: &Exchange) -> Result<(), NoRequest> {
    request.action = "reading client request headers";
    request.version = HTTP_20;
    let mut pseudo = Pseudo::default();
    let outcome = take_fields(request, stream, &mut pseudo);
    if (outcome.is_err() || stream.is_broken) && request.head.method().is_empty() {
        // No line was made; nginx names the method and the path all the same.
        request.method_name = pseudo.method.map(|name| Cow::Owned(name.to_vec()));
        note_path(request, pseudo.path.unwrap_or_default());
    }
    let head = request_head::head(request);
    head.end = head.buffer.len();
    let length = head.end;
    request.received = length;
    request.body_position = length;
    request.request_length.set(stream.length as u64);
    outcome?;
    if stream.is_broken {
        return Ok(());
    }
    check(request, &pseudo)?;
    check_body(request, stream.is_whole, exchange)?;
    check_method(request)?;
    Ok(())
}

fn refuse(request: &Request, text: &str) -> NoRequest {
    request.log(Level::Info, text);
    note_malformed(request);
    NoRequest::Refused(400)
}

/// nginx's page is followed by the stream error that RFC 9113 section 8.1.1 wants. A host that is none, or missing, is a fault of
/// HTTP, not of HTTP/2: its page is all.
fn note_malformed(request: &Request) {
    if let Some(exchange) = request.connection.exchange() {
        exchange.set_malformed();
    }
}

fn text(bytes: &[u8]) -> Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

fn take_fields<'f>(request: &mut Request, stream: &'f NewStream, pseudo: &mut Pseudo<'f>) -> Result<(), NoRequest> {
    let mut core = Rc::clone(&request.connection.engine.server(request.server).core);
    let mut cookies: Vec<u8> = Vec::new();
    let (mut has_line, mut count) = (false, 0);
    for (name, value) in stream.fields.iter() {
        let is_usual = check_field(request, &core, name, value)?;
        if let Some(name) = name.strip_prefix(b":") {
            if has_line {
                return Err(refuse(request, "client sent out of order pseudo-headers"));
            }
            take_pseudo(request, pseudo, name, value)?;
            request.debug_parts("http2 header: ", &[b":", name, b": ", value]);
            continue;
        }
        if !std::mem::replace(&mut has_line, true) {
            take_line(request, pseudo)?;
            core = Rc::clone(&request.connection.engine.server(request.server).core);
        }
        if !is_usual && core.ignore_invalid_headers {
            request.log(Level::Info, format_args!("client sent invalid header: \"{}\"", text(name)));
            continue;
        }
        if name == b"cookie" {
            // RFC 9113 section 8.2.3: what was split for the sake of compression belongs together.
            if !cookies.is_empty() {
                cookies.extend_from_slice(b"; ");
            }
            cookies.extend_from_slice(value);
            request.debug_header("http2 header: ", name, value);
            continue;
        }
        if count >= core.max_headers {
            request.log(Level::Info, "client sent too many header lines");
            return Err(NoRequest::Refused(494));
        }
        count += 1;
        take_field(request, name, value)?;
        request.debug_header("http2 header: ", name, value);
    }
    if !has_line && !stream.is_broken {
        take_line(request, pseudo)?;
    }
    request.debug_value("http2 request line: ", request.head.request_line());
    if !cookies.is_empty() {
        take_field(request, b"cookie", &cookies)?;
    }
    Ok(())
}

/// Whether a name is a usual one; what cannot be one, or a value that cannot be one, makes a request malformed (RFC 9113 section
/// 8.2.1).
fn check_field(request: &Request, core: &ServerCore, name: &[u8], value: &[u8]) -> Result<bool, NoRequest> {
    let mut is_usual = true;
    for &byte in name.strip_prefix(b":").unwrap_or(name) {
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b'-' => {}
            b'_' if core.underscores_in_headers => {}
            ..=b' ' | 0x7f | b':' | b'A'..=b'Z' => {
                return Err(refuse(request, &format!("client sent invalid header name: \"{}\"", text(name))));
            }
            _ => is_usual = false,
        }
    }
    if value.iter().any(|byte| matches!(byte, b'\0' | b'\n' | b'\r')) {
        let (name, value) = (text(name), text(value));
        return Err(refuse(request, &format!("client sent header \"{name}\" with invalid value: \"{value}\"")));
    }
    Ok(is_usual)
}

fn take_pseudo<'f>(
    request: &mut Request,
    pseudo: &mut Pseudo<'f>,
    name: &[u8],
    value: &'f [u8],
) -> Result<(), NoRequest> {
    let place = match name {
        b"method" => &mut pseudo.method,
        b"scheme" => &mut pseudo.scheme,
        b"path" => &mut pseudo.path,
        b"authority" => &mut pseudo.authority,
        _ => return Err(refuse(request, &format!("client sent unknown pseudo-header \":{}\"", text(name)))),
    };
    if place.is_some() {
        let name = if name == b"authority" { "\":authority\"".into() } else { format!(":{}", text(name)) };
        return Err(refuse(request, &format!("client sent duplicate {name} header")));
    }
    *place = Some(value);
    if value.is_empty() && name != b"authority" {
        return Err(refuse(request, &format!("client sent empty :{} header", text(name))));
    }
    let is_scheme_byte = |(at, byte): (usize, &u8)| {
        byte.is_ascii_alphabetic() || at > 0 && (byte.is_ascii_digit() || matches!(byte, b'+' | b'-' | b'.'))
    };
    let is_right = match name {
        b"method" => {
            // Whatever becomes of the request, an answer to HEAD has no body.
            request.method = Method::from_name(value);
            value.iter().all(|byte| matches!(byte, b'A'..=b'Z' | b'_' | b'-'))
        }
        b"scheme" => value.iter().enumerate().all(is_scheme_byte),
        b"path" => is_path(value),
        _ => true,
    };
    match is_right {
        true => Ok(()),
        false if name == b"method" => Err(refuse(request, &format!("client sent invalid method: \"{}\"", text(value)))),
        false if name == b"path" => {
            Err(refuse(request, &format!("client sent invalid :path header: \"{}\"", text(value))))
        }
        false => Err(refuse(request, &format!("client sent invalid :scheme header: \"{}\"", text(value)))),
    }
}

/// Makes the request line that nginx makes, and reads it as one. Before there is one, the host is known, and a path that is none.
fn take_line(request: &mut Request, pseudo: &Pseudo) -> Result<(), NoRequest> {
    if let Some(authority) = pseudo.authority {
        request_head::take_host(request, authority, "client sent invalid \":authority\" header")?;
    }
    let (Some(method), Some(_), Some(path)) = (pseudo.method, pseudo.scheme, pseudo.path) else {
        let missing = match (pseudo.method, pseudo.scheme) {
            (None, _) => "method",
            (_, None) => "scheme",
            _ => "path",
        };
        return Err(refuse(request, &format!("client sent no :{missing} header")));
    };
    if !write_line(request, method, path) {
        return Err(NoRequest::Refused(400));
    }
    let core = Rc::clone(&request.connection.engine.server(request.server).core);
    let outcome = request_head::take_line(request, &core);
    request.version = HTTP_20;
    outcome
}

fn is_path(path: &[u8]) -> bool {
    let line = [b"GET ", path, READ_AS].concat();
    path.first() == Some(&b'/') && RequestLine::default().parse(&line, &mut 0) == Ok(true)
}

/// Makes the head begin with the line; false, and nothing is made, where the path is none.
fn write_line(request: &mut Request, method: &[u8], path: &[u8]) -> bool {
    let head = request_head::head(request);
    // There is no line of HTTP/1 with this method and a path, but one with another name of that length.
    let read_as = if method == b"CONNECT" { b"OPTIONS" } else { method };
    for part in [read_as, b" ", path, READ_AS] {
        head.buffer.extend_from_slice(part);
    }
    let is_line = head.line.parse(&head.buffer, &mut 0) == Ok(true) && path.first() == Some(&b'/');
    if !is_line {
        head.line = RequestLine::default();
        head.buffer.clear();
        return false;
    }
    head.buffer[..method.len()].copy_from_slice(method);
    head.line.method = Method::from_name(method);
    let start = head.buffer.len() - READ_AS.len();
    head.buffer.truncate(start);
    head.buffer.extend_from_slice(ENDING);
    true
}

/// Shows the path of a request that was refused before its line was made.
fn note_path(request: &mut Request, path: &[u8]) {
    let (method, core) = (request.method, Rc::clone(&request.connection.engine.server(request.server).core));
    if write_line(request, b"GET", path) {
        // What is wrong with the request was said.
        let (Ok(()) | Err(_)) = request_head::take_line(request, &core);
    }
    (request.method, request.version) = (method, HTTP_20);
    // The target is shown, the line is not.
    let head = request_head::head(request);
    (head.line.start, head.line.end, head.line.method_end) = (head.buffer.len(), 0, 0);
}

fn take_field(request: &mut Request, name: &[u8], value: &[u8]) -> Result<(), NoRequest> {
    let buffer = &mut request_head::head(request).buffer;
    let start = buffer.len();
    buffer.extend_from_slice(name);
    let middle = buffer.len();
    buffer.extend_from_slice(value);
    let line = HeaderLine::whole(start..middle, middle..buffer.len());
    let outcome = request_head::take_header(request, &line);
    if outcome.is_err() && name == b"content-length" {
        note_malformed(request);
    }
    outcome
}

fn check(request: &mut Request, pseudo: &Pseudo) -> Result<(), NoRequest> {
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
        (Known::ProxyConnection, "Proxy-Connection"),
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
        request.log(Level::Info, "client sent neither \":authority\" nor \"Host\" header");
        return Err(NoRequest::Refused(400));
    }
    if let Some(authority) = pseudo.authority {
        match request.header(Known::Host) {
            Some(host) if host != authority => {
                let text = "client sent \":authority\" and \"Host\" headers with different values";
                return Err(refuse(request, text));
            }
            Some(_) => {}
            None => take_field(request, b"host", authority)?,
        }
    }
    Ok(())
}

fn check_body(request: &mut Request, is_whole: bool, exchange: &Exchange) -> Result<(), NoRequest> {
    let length = match request.header(Known::ContentLength).map(request_head::decimal) {
        Some(Some(length)) => length,
        Some(None) => return Err(refuse(request, "client sent invalid \"Content-Length\" header")),
        None => {
            request.chunked_body = !is_whole;
            return Ok(());
        }
    };
    request.content_length = Some(length);
    exchange.declare(length);
    match length > 0 && is_whole {
        true => Err(refuse(request, "client prematurely closed stream")),
        false => Ok(()),
    }
}

fn check_method(request: &Request) -> Result<(), NoRequest> {
    let name = match request.method {
        Method::Connect => "CONNECT",
        Method::Trace => "TRACE",
        _ => return Ok(()),
    };
    request.log(Level::Info, format_args!("client sent {name} method"));
    Err(NoRequest::Refused(405))
}
