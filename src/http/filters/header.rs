//! The head on the wire, in nginx's order (`ngx_http_header_filter_module`).

use std::io::Write;

use crate::http::message::headers::HeaderList;
use crate::http::product::{NAME_AND_BUILD, NAME_AND_VERSION};
use crate::http::request::{HTTP_10, Request, Sink};
use crate::http::status;
use crate::ir::http::core::ServerTokens;
use crate::log::now;
use crate::primitives::{decimal, http_date};
use crate::wire::http1::request_line::Method;

/// Writes the head to what the connection is going to send.
pub fn head(request: &mut Request) {
    request.header_sent = true;
    if request.is_subrequest || !matches!(request.sink, Sink::Client) {
        return;
    }
    if request.version < HTTP_10 {
        return;
    }
    if request.method == Method::Head {
        request.header_only = true;
    }
    tidy(request);
    if request.keepalive && request.connection.engine.is_closing() {
        request.keepalive = false;
    }
    let location = absolute_location(request);
    let connection = std::rc::Rc::clone(&request.connection);
    let size = connection.gather(|out| {
        let before = out.len();
        write_fixed(request, location.as_deref(), out);
        others(&request.response.headers, location.is_some()).for_each(|(name, value)| line(out, name, value));
        request.debug(|line| line.push(&out[before..]));
        out.extend_from_slice(b"\r\n");
        out.len() - before
    });
    request.header_size = size as u64;
    if let Some(location) = location {
        request.response.headers.set(b"Location", &location);
    }
}

/// Statuses without a body lose the headers of one.
pub fn tidy(request: &mut Request) {
    let response = &mut request.response;
    // One that is no time stays in the log.
    if !matches!(response.status, 200 | 206 | 304) && response.last_modified.is_some_and(|modified| modified != -1) {
        response.last_modified = None;
    }
    if response.status_line.is_some() {
        return;
    }
    if response.status == 204 {
        request.header_only = true;
        response.content_type = None;
        response.last_modified = None;
        response.content_length = None;
    } else if response.status == 304 {
        request.header_only = true;
    }
}

/// All headers but a redirect's `Location` where that is written apart; one that `add_header` brings is another.
pub fn others(headers: &HeaderList, is_apart: bool) -> impl Iterator<Item = (&[u8], &[u8])> {
    let apart = if is_apart { headers.position(b"Location") } else { None };
    headers.iter().enumerate().filter(move |(index, _)| Some(*index) != apart).map(|(_, line)| line)
}

fn line(out: &mut Vec<u8>, name: &[u8], value: &[u8]) {
    out.extend_from_slice(name);
    out.extend_from_slice(b": ");
    out.extend_from_slice(value);
    out.extend_from_slice(b"\r\n");
}

fn write_fixed(request: &Request, location: Option<&[u8]>, out: &mut Vec<u8>) {
    let response = &request.response;
    let core = &request.location.settings.core;
    write_status_line(request, out);
    if !response.server_listed {
        line(out, b"Server", server_name(core.server_tokens).as_bytes());
    }
    if !response.date_listed {
        now::with(|now| line(out, b"Date", now.http.as_bytes()));
    }
    if response.content_type.is_some() {
        out.extend_from_slice(b"Content-Type: ");
        response.write_content_type(out);
        out.extend_from_slice(b"\r\n");
    }
    if let Some(length) = response.content_length {
        out.extend_from_slice(b"Content-Length: ");
        decimal::write(length, out);
        out.extend_from_slice(b"\r\n");
    }
    if let Some(modified) = response.last_modified
        && !response.last_modified_listed
    {
        line(out, b"Last-Modified", http_date::format(modified).as_bytes());
    }
    if let Some(location) = location {
        line(out, b"Location", location);
    }
    if request.filters.chunked {
        out.extend_from_slice(b"Transfer-Encoding: chunked\r\n");
    }
    write_connection(request, out);
    if response.gzip_vary && core.gzip_vary {
        out.extend_from_slice(b"Vary: Accept-Encoding\r\n");
    }
}

/// What `Server` says.
pub fn server_name(tokens: ServerTokens) -> &'static str {
    match tokens {
        ServerTokens::On => NAME_AND_VERSION,
        ServerTokens::Off => "nginx",
        ServerTokens::Build => NAME_AND_BUILD,
    }
}

fn write_status_line(request: &Request, out: &mut Vec<u8>) {
    out.extend_from_slice(b"HTTP/1.1 ");
    let response = &request.response;
    match (&response.status_line, status::line(response.status)) {
        (Some(text), _) => out.extend_from_slice(text),
        (None, Some(text)) => out.extend_from_slice(text.as_bytes()),
        (None, None) => write!(out, "{:03} ", response.status).expect("a vector takes every byte"),
    }
    out.extend_from_slice(b"\r\n");
}

fn write_connection(request: &Request, out: &mut Vec<u8>) {
    if request.response.status == 101 {
        out.extend_from_slice(b"Connection: upgrade\r\n");
    } else if request.keepalive {
        out.extend_from_slice(b"Connection: keep-alive\r\n");
        let seconds = request.location.settings.core.keepalive_header_seconds;
        if seconds > 0 {
            out.extend_from_slice(b"Keep-Alive: timeout=");
            decimal::write(seconds, out);
            out.extend_from_slice(b"\r\n");
        }
    } else {
        out.extend_from_slice(b"Connection: close\r\n");
    }
}

/// A redirect to a path of this server, as a whole URL.
pub fn absolute_location(request: &Request) -> Option<Vec<u8>> {
    let core = &request.location.settings.core;
    if !request.response.redirect || !core.absolute_redirect {
        return None;
    }
    let path = request.response.headers.find(b"Location").filter(|path| path.first() == Some(&b'/'))?;
    let connection = &request.connection;
    let mut url = [connection.scheme(), b"://"].concat();
    if core.server_name_in_redirect {
        url.extend_from_slice(&connection.engine.server(request.server).name);
    } else if !request.host.is_empty() {
        url.extend_from_slice(&request.host);
    } else {
        url.extend_from_slice(connection.local_text().as_bytes());
    }
    let port = connection.local_port();
    let default_port = if connection.is_secure() { 443 } else { 80 };
    if core.port_in_redirect && port != default_port && port != 0 {
        url.push(b':');
        decimal::write(u64::from(port), &mut url);
    }
    url.extend_from_slice(path);
    Some(url)
}
