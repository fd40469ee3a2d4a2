//! The head of an answer by HTTP/2, in nginx's order (`ngx_http_v2_filter_module`).

use crate::http::message::headers::HeaderList;
use crate::http::request::{Request, Sink};
use crate::http::verdict::ClientGone;
use crate::log::now;
use crate::primitives::{decimal, http_date};
use crate::wire::http1::request_line::Method;

use super::{header, headers};

/// Sends the head.
pub fn head(request: &mut Request) -> Result<(), ClientGone> {
    request.header_sent = true;
    if request.is_subrequest || !matches!(request.sink, Sink::Client) {
        return Ok(());
    }
    let connection = std::rc::Rc::clone(&request.connection);
    let Some(exchange) = connection.exchange() else { return Err(ClientGone) };
    if request.method == Method::Head {
        request.header_only = true;
    }
    // A stream carries no phrase, so nginx looks at the status alone (`ngx_http_v2_header_filter`).
    request.response.status_line = None;
    header::tidy(request);
    let fields = fields(request);
    let trailers = request.filters.expects_trailers || !request.response.trailers.is_empty();
    let is_whole = request.header_only || request.response.content_length == Some(0) && !trailers;
    exchange.chunk_size.set(request.location.settings.v2.chunk_size);
    request.header_size = exchange.send_head(request.response.status, &fields, is_whole)?;
    connection.count_frames(exchange, request.header_size, 0);
    Ok(())
}

/// Ends the answer, with its trailers.
pub async fn end(request: &mut Request) -> Result<(), ClientGone> {
    if request.is_subrequest || !matches!(request.sink, Sink::Client) {
        return Ok(());
    }
    let connection = std::rc::Rc::clone(&request.connection);
    let trailers = if request.header_only { HeaderList::default() } else { lower_case(&headers::trailers(request)) };
    connection.end(&trailers, request.patience().timeout_ms).await
}

/// Fields as a stream may carry them.
pub fn of_stream(fields: &HeaderList) -> HeaderList {
    let mut list = HeaderList::default();
    let carried = fields.iter().filter(|(name, _)| !is_of_connection(name));
    carried.for_each(|(name, value)| list.push(&name.to_ascii_lowercase(), value));
    list
}

fn lower_case(fields: &HeaderList) -> HeaderList {
    let mut lower = HeaderList::default();
    fields.iter().for_each(|(name, value)| lower.push(&name.to_ascii_lowercase(), value));
    lower
}

fn fields(request: &mut Request) -> HeaderList {
    let location = header::absolute_location(request).or_else(|| own_location(request));
    let response = &request.response;
    let core = &request.location.settings.core;
    let mut fields = HeaderList::default();
    if !response.server_listed {
        fields.push(b"server", header::server_name(core.server_tokens).as_bytes());
    }
    if !response.date_listed {
        now::with(|now| fields.push(b"date", now.http.as_bytes()));
    }
    if response.content_type.is_some() {
        let mut value = Vec::new();
        response.write_content_type(&mut value);
        fields.push(b"content-type", &value);
    }
    if let Some(length) = response.content_length {
        let mut value = Vec::new();
        decimal::write(length, &mut value);
        fields.push(b"content-length", &value);
    }
    if let Some(modified) = response.last_modified
        && !response.last_modified_listed
    {
        fields.push(b"last-modified", http_date::format(modified).as_bytes());
    }
    if let Some(location) = &location {
        fields.push(b"location", location);
    }
    if response.gzip_vary && core.gzip_vary {
        fields.push(b"vary", b"Accept-Encoding");
    }
    let others = header::others(&response.headers, location.is_some());
    let carried = others.filter(|(name, _)| !is_of_connection(name));
    carried.for_each(|(name, value)| fields.push(&name.to_ascii_lowercase(), value));
    if let Some(location) = location {
        request.response.headers.set(b"Location", &location);
    }
    fields
}

/// Any other `Location` that is not passed on as it came; it too stands before the other fields (`ngx_http_v2_header_filter`).
fn own_location(request: &Request) -> Option<Vec<u8>> {
    let response = &request.response;
    let location = response.redirect.then(|| response.headers.find(b"Location")).flatten()?;
    (!location.is_empty()).then(|| location.to_vec())
}

/// Fields that concern a connection make an answer malformed (RFC 9113 section 8.2.2).
fn is_of_connection(name: &[u8]) -> bool {
    [&b"Connection"[..], b"Keep-Alive", b"Proxy-Connection", b"Transfer-Encoding", b"Upgrade"]
        .iter()
        .any(|other| name.eq_ignore_ascii_case(other))
}
