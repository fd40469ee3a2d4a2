//! Reading the head of a request, with nginx's rules for buffers: what fits a header buffer, and how many large ones there are.

use std::rc::Rc;

use super::WAITING_FOR_REQUEST;
use super::waiting::{Deadline, ReadFault};
use crate::http::host::{self, Host};
use crate::http::message::headers::{Known, Line};
use crate::http::request::{ConnectionType, HTTP_10, HTTP_11, Request};
use crate::http::virtual_server::{self, Misdirected};
use crate::ir::http::core::ServerCore;
use crate::log::error_log::Level;
use crate::wire::http1::header_line::{HeaderLine, Progress};
use crate::wire::http1::request_line::{Fault, Method};
use crate::wire::http1::uri;

/// At least so much is asked of the kernel at once, whatever the configured buffer; it only saves calls.
const READ_SIZE: usize = 4096;

/// Why there is no request.
#[derive(Debug)]
pub enum NoRequest {
    /// It is answered with this status.
    Refused(u16),
    /// The connection is closed without an answer; the status is for the log.
    Closed(u16),
}

impl From<Misdirected> for NoRequest {
    fn from(_: Misdirected) -> Self {
        Self::Refused(421)
    }
}

/// nginx's header buffers, reckoned with but not kept: all bytes lie in one buffer, and `end` is where nginx's present one would end.
pub struct Window {
    end: usize,
    large_used: usize,
}

impl Window {
    /// The first buffer of a request that begins at the start of the read buffer.
    pub fn new(core: &ServerCore) -> Self {
        Self { end: core.client_header_buffer_size, large_used: 0 }
    }

    /// Takes another large buffer, into which nginx would copy what has been read of the present line.
    fn grow(&mut self, core: &ServerCore, line_start: usize, position: usize) -> bool {
        let large = core.large_client_header_buffers;
        if position - line_start >= large.size || self.large_used >= large.count {
            return false;
        }
        self.large_used += 1;
        self.end = line_start + large.size;
        true
    }
}

/// Reads line and headers, checks them as nginx does, and chooses the server.
pub async fn read(request: &mut Request) -> Result<(), NoRequest> {
    let core = Rc::clone(&request.connection.engine.server(request.server).core);
    let mut window = Window::new(&core);
    let mut deadline = Deadline::after_ms(core.client_header_timeout_ms);
    let mut position = 0;
    request.action = match request.pipelined {
        true => "reading client pipelined request line",
        false => "reading client request line",
    };
    read_request_line(request, &core, &mut window, &mut position, &mut deadline).await?;
    if request.version < HTTP_10 {
        head(request).end = position;
        if request.host.is_empty() {
            virtual_server::choose(request, &[])?;
        }
        return Ok(());
    }
    request.action = "reading client request headers";
    read_headers(request, &mut window, &mut position, &mut deadline).await?;
    head(request).end = position;
    if request.host.is_empty() {
        // `server_name ""` is for those who name no host.
        virtual_server::choose(request, &[])?;
    }
    note_length(request, position);
    check(request)?;
    if let (Some(length), false) = (request.content_length, request.chunked_body) {
        request.contexts.ends_apart = position as u64 + length >= window.end as u64;
    }
    Ok(())
}

/// The head, which nobody shares while it is read.
pub fn head(request: &mut Request) -> &mut crate::http::message::head::Head {
    Rc::get_mut(&mut request.head).expect("nobody shares a head that is still being read")
}

/// Reads more bytes to the end of the head's buffer.
async fn read_more(request: &mut Request, deadline: &mut Deadline) -> Result<(), NoRequest> {
    let connection = Rc::clone(&request.connection);
    let outcome = connection.read(&mut head(request).buffer, READ_SIZE, deadline).await;
    match outcome {
        Ok(0) => {
            log_closed(request);
            Err(NoRequest::Closed(400))
        }
        Ok(_) => Ok(()),
        Err(ReadFault::TimedOut) => {
            let error = std::io::Error::from_raw_os_error(nix::errno::Errno::ETIMEDOUT as i32);
            request.log_error(Level::Info, &error, "client timed out");
            Err(NoRequest::Closed(408))
        }
        Err(ReadFault::Io(error)) => {
            if request.head.buffer.is_empty() && connection.requests.get() > 1 {
                connection.log_kept(Some(&error));
            } else {
                request.log_error(Level::Info, &error, "recv() failed");
            }
            Err(NoRequest::Closed(400))
        }
    }
}

/// A client that closes before it sends anything does no wrong; between requests not even its context is told.
fn log_closed(request: &mut Request) {
    if !request.head.buffer.is_empty() {
        request.log(Level::Info, "client prematurely closed connection");
        return;
    }
    if request.connection.requests.get() > 1 {
        request.connection.log_kept(None);
    } else {
        request.action = WAITING_FOR_REQUEST;
        request.log(Level::Info, "client closed connection");
    }
}

async fn read_request_line(
    request: &mut Request,
    core: &ServerCore,
    window: &mut Window,
    position: &mut usize,
    deadline: &mut Deadline,
) -> Result<(), NoRequest> {
    loop {
        let head = head(request);
        let visible = head.buffer.len().min(window.end);
        match head.line.parse(&head.buffer[..visible], position) {
            Ok(true) => break,
            Ok(false) => {}
            Err(fault) => return Err(refuse_line(request, fault)),
        }
        if *position < window.end {
            read_more(request, deadline).await?;
        } else if !head.line.is_started() {
            // Nothing but line ends: nginx begins its buffer anew.
            head.buffer.drain(..*position);
            *position = 0;
        } else if !window.grow(core, head.line.start, *position) {
            head.line.end = *position;
            request.log(Level::Info, "client sent too long URI");
            return Err(NoRequest::Refused(414));
        }
    }
    note_length(request, *position);
    request.debug_value("http request line: ", request.head.request_line());
    take_line(request, core)
}

/// Counts what was read of the head, so that the log shows it of a refused one, too.
fn note_length(request: &Request, position: usize) {
    request.request_length.set((position - request.head.line.start) as u64);
}

fn refuse_line(request: &mut Request, fault: Fault) -> NoRequest {
    request.method = request.head.line.method;
    if fault == Fault::InvalidMethodIn09 {
        request.version = request.head.line.version();
    }
    request.log(Level::Info, fault.text());
    NoRequest::Refused(if fault == Fault::InvalidVersion { 505 } else { 400 })
}

/// Takes over what the first line says.
pub fn take_line(request: &mut Request, core: &ServerCore) -> Result<(), NoRequest> {
    let head = Rc::clone(&request.head);
    let line = &head.line;
    request.method = line.method;
    request.version = line.version();
    request.plus_in_uri = line.plus_in_uri;
    request.quoted_uri = line.quoted_uri;
    let raw = head.target();
    if line.complex_uri || line.quoted_uri || line.empty_path {
        let Ok(normal) = uri::normalize(raw, core.merge_slashes, line.empty_path, &mut request.uri) else {
            request.uri.clear();
            request.uri_refused = true;
            request.log(Level::Info, "client sent invalid request");
            return Err(NoRequest::Refused(400));
        };
        request.plus_in_uri |= normal.plus;
        request.quoted_uri |= normal.quoted;
        request.extension = normal.extension_start.map_or(0..0, |start| start..request.uri.len());
        request.args.extend_from_slice(normal.args.map_or(&[], |args| &raw[args]));
    } else {
        let path = line.path();
        request.uri.extend_from_slice(&head.buffer[path.clone()]);
        request.extension = line.extension_start.map_or(0..0, |start| start - path.start..request.uri.len());
        request.args.extend_from_slice(line.args_start.map_or(&[], |start| &head.buffer[start..line.uri.end]));
    }
    request.debug_target();
    request.has_args = !request.args.is_empty();
    request.valid_unparsed_uri = !line.empty_path;
    match &line.host {
        Some(host) => take_host(request, &head.buffer[host.clone()], "client sent invalid host in request line"),
        None => Ok(()),
    }
}

/// Takes over the host that the target or a header line names.
pub fn take_host(request: &mut Request, host: &[u8], complaint: &str) -> Result<(), NoRequest> {
    let memory = if request.host.is_empty() { std::mem::take(&mut request.host) } else { Vec::new() };
    let Some(Host { name, port }) = host::validate_host(host, memory) else {
        request.log(Level::Info, complaint);
        return Err(NoRequest::Refused(400));
    };
    if !request.host.is_empty() {
        return Ok(());
    }
    virtual_server::choose(request, &name)?;
    request.host = name;
    request.host_port = port;
    Ok(())
}

async fn read_headers(
    request: &mut Request,
    window: &mut Window,
    position: &mut usize,
    deadline: &mut Deadline,
) -> Result<(), NoRequest> {
    let mut line = HeaderLine::default();
    let mut line_start = *position;
    let mut has_lines = false;
    let mut core = Rc::clone(&request.connection.engine.server(request.server).core);
    let mut count = 0;
    loop {
        let head = head(request);
        let visible = head.buffer.len().min(window.end);
        match line.parse(&head.buffer[..visible], position, core.underscores_in_headers) {
            Ok(Progress::Line) => {
                has_lines = true;
                line_start = *position;
                note_length(request, line_start);
                if line.invalid && core.ignore_invalid_headers {
                    let text =
                        String::from_utf8_lossy(&request.head.buffer[line.name.start..line.value.end]).into_owned();
                    request.log(Level::Info, format_args!("client sent invalid header line: \"{text}\""));
                    continue;
                }
                if count >= core.max_headers {
                    request.lingering_close = true;
                    request.log(Level::Info, "client sent too many header lines");
                    return Err(NoRequest::Refused(494));
                }
                count += 1;
                let server = request.server;
                take_header(request, &line)?;
                let buffer = &request.head.buffer;
                request.debug_header("http header: ", &buffer[line.name.clone()], &buffer[line.value.clone()]);
                if request.server != server {
                    core = Rc::clone(&request.connection.engine.server(request.server).core);
                }
            }
            Ok(Progress::End) => {
                request.debug(|line| line.push(b"http header done"));
                return Ok(());
            }
            Ok(Progress::Again) if *position < window.end => read_more(request, deadline).await?,
            Ok(Progress::Again) => {
                if !window.grow(&core, line_start, *position) {
                    return Err(too_large(request, line_start, *position, has_lines));
                }
            }
            Err(invalid) => return Err(invalid_line(request, line_start, invalid.0)),
        }
    }
}

fn too_large(request: &mut Request, line_start: usize, position: usize, has_lines: bool) -> NoRequest {
    const LONGEST_SHOWN: usize = 2048 - 300;
    request.lingering_close = true;
    if !has_lines && line_start == position {
        request.log(Level::Info, "client sent too large request");
        return NoRequest::Refused(494);
    }
    let shown = &request.head.buffer[line_start..position.min(line_start + LONGEST_SHOWN)];
    let shown = String::from_utf8_lossy(shown).into_owned();
    request.log(Level::Info, format_args!("client sent too long header line: \"{shown}...\""));
    NoRequest::Refused(494)
}

fn invalid_line(request: &mut Request, line_start: usize, at: usize) -> NoRequest {
    let buffer = &request.head.buffer;
    let (text, byte) = (String::from_utf8_lossy(&buffer[line_start..at]).into_owned(), buffer[at]);
    request.log(Level::Info, format_args!("client sent invalid header line: \"{text}\\x{byte:02x}...\""));
    NoRequest::Refused(400)
}

/// Takes a header line, with what nginx does at once for some of them.
pub fn take_header(request: &mut Request, line: &HeaderLine) -> Result<(), NoRequest> {
    let head = head(request);
    let entry = Line::new(&head.buffer, line.name.clone(), line.value.clone());
    let earlier = entry.known != Known::Other && head.header(entry.known).is_some();
    head.headers.push(entry);
    match entry.known {
        Known::Host => {
            if earlier {
                return Err(duplicate(request, &entry, "host header"));
            }
            let head = Rc::clone(&request.head);
            take_host(request, &head.buffer[entry.value()], "client sent invalid host header")
        }
        // A second one of these leaves in doubt which counts.
        Known::IfModifiedSince
        | Known::IfUnmodifiedSince
        | Known::IfMatch
        | Known::IfNoneMatch
        | Known::ContentLength
        | Known::ContentRange
        | Known::IfRange
        | Known::TransferEncoding
        | Known::Expect
        | Known::Authorization
        | Known::ProxyAuthorization
            if earlier =>
        {
            Err(duplicate(request, &entry, "header line"))
        }
        Known::Connection => {
            let value = &request.head.buffer[entry.value()];
            if contains_ignoring_case(value, b"close") {
                request.connection_type = ConnectionType::Close;
            } else if contains_ignoring_case(value, b"keep-alive") {
                request.connection_type = ConnectionType::KeepAlive;
            }
            Ok(())
        }
        _ => Ok(()),
    }
}

fn duplicate(request: &mut Request, entry: &Line, what: &str) -> NoRequest {
    let buffer = &request.head.buffer;
    let show = |line: &Line| {
        let (name, value) = (&buffer[line.name()], &buffer[line.value()]);
        format!("{}: {}", String::from_utf8_lossy(name), String::from_utf8_lossy(value))
    };
    let previous = request.head.headers.iter().find(|line| line.known == entry.known).map(show).unwrap_or_default();
    let present = show(entry);
    let text = format!("client sent duplicate {what}: \"{present}\", previous value: \"{previous}\"");
    request.log(Level::Info, text);
    NoRequest::Refused(400)
}

/// Whether a text has another in it, whatever the case of letters.
pub fn contains_ignoring_case(text: &[u8], part: &[u8]) -> bool {
    text.windows(part.len()).any(|window| window.eq_ignore_ascii_case(part))
}

/// What has to be right in a whole head (`ngx_http_process_request_header`).
fn check(request: &mut Request) -> Result<(), NoRequest> {
    let refuse = |request: &Request, status: u16, text: &str| {
        request.log(Level::Info, text);
        Err(NoRequest::Refused(status))
    };
    if request.header(Known::Host).is_none() && request.version > HTTP_10 {
        return refuse(request, 400, "client sent HTTP/1.1 request without \"Host\" header");
    }
    if let Some(value) = request.header(Known::ContentLength) {
        match decimal(value) {
            Some(length) => request.content_length = Some(length),
            None => return refuse(request, 400, "client sent invalid \"Content-Length\" header"),
        }
    }
    if let Some(coding) = request.header(Known::TransferEncoding) {
        if request.version < HTTP_11 {
            return refuse(request, 400, "client sent HTTP/1.0 request with \"Transfer-Encoding\" header");
        }
        if !coding.eq_ignore_ascii_case(b"chunked") {
            let text = format!("client sent unknown \"Transfer-Encoding\": \"{}\"", String::from_utf8_lossy(coding));
            return refuse(request, 501, &text);
        }
        if request.content_length.is_some() {
            let text = "client sent \"Content-Length\" and \"Transfer-Encoding\" headers at the same time";
            return refuse(request, 400, text);
        }
        request.chunked_body = true;
    }
    match request.method {
        Method::Connect if request.version != HTTP_11 || !takes_connect(request) => {
            refuse(request, 405, "client sent CONNECT method")
        }
        Method::Connect if request.content_length.is_some_and(|length| length > 0) || request.chunked_body => {
            refuse(request, 400, "client sent CONNECT request with body")
        }
        Method::Trace => refuse(request, 405, "client sent TRACE method"),
        _ => Ok(()),
    }
}

/// Only a server with a `tunnel_pass` does.
fn takes_connect(request: &Request) -> bool {
    request.connection.engine.server(request.server).core.allow_connect
}

/// Digits alone, within what an offset can hold (`ngx_atoof`).
pub fn decimal(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    let number: i64 = std::str::from_utf8(text).ok()?.parse().ok()?;
    Some(number as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_digits_alone() {
        assert_eq!(decimal(b"0012"), Some(12));
        for text in ["", "+1", "-1", "1 ", "0x1", "9223372036854775808"] {
            assert_eq!(decimal(text.as_bytes()), None, "{text}");
        }
    }
}
