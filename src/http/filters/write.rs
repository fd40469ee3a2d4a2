//! The end of the way of a body: the compressor, the chunks, `limit_rate`, and the connection (`ngx_http_write_filter`).

use std::rc::Rc;

use super::chunked;
use crate::http::evaluate;
use crate::http::request::{Request, SENDING, Sink};
use crate::http::verdict::ClientGone;
use crate::ir::value::Template;
use crate::log::error_log::Level;
use crate::log::now;
use crate::primitives::size::parse_size;
use crate::wire::http1::request_line::Method;

/// Whether a filter has taken something that has not come out of it.
pub fn holds_back(request: &Request) -> bool {
    request.filters.gzip.as_ref().is_some_and(|encoder| encoder.is_behind)
}

/// Lets everything that was sent so far reach the client now.
pub async fn flush(request: &mut Request) -> Result<(), ClientGone> {
    if !matches!(request.sink, Sink::Client) {
        return Ok(());
    }
    if let Some(mut encoder) = request.filters.gzip.take() {
        let mut packed = request.connection.engine.take_buffer();
        encoder.flush(&mut packed);
        request.filters.gzip = Some(encoder);
        send_packed(request, packed).await?;
    }
    request.flush().await
}

/// Sends text that has passed the filters of the body.
pub async fn encode(request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
    let Some(mut encoder) = request.filters.gzip.take() else { return deliver_encoded(request, bytes).await };
    let mut packed = request.connection.engine.take_buffer();
    encoder.write(bytes, &mut packed);
    request.filters.gzip = Some(encoder);
    send_packed(request, packed).await
}

/// Sends what came out of the compressor, and gives its buffer back.
pub async fn send_packed(request: &mut Request, packed: Vec<u8>) -> Result<(), ClientGone> {
    let outcome = if request.header_only { Ok(()) } else { deliver_encoded(request, &packed).await };
    request.connection.engine.give_buffer(packed);
    outcome
}

/// Sends text that has passed the compressor: to the client, or to whoever made the request.
async fn deliver_encoded(request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
    if bytes.is_empty() {
        return Ok(());
    }
    match &mut request.sink {
        Sink::Client => {}
        Sink::Discard => return Ok(()),
        Sink::Memory(out) => {
            if out.len() + bytes.len() > request.location.settings.core.subrequest_output_buffer_size {
                return Err(refuse_size(request));
            }
            out.extend_from_slice(bytes);
            return Ok(());
        }
        Sink::Parent(outlet) => return outlet.send(bytes).await,
    }
    if request.filters.limit_rate == 0 {
        return deliver_now(request, bytes).await;
    }
    let mut rest = bytes;
    while !rest.is_empty() {
        let room = wait_for_room(request, rest.len() as u64).await?;
        let (now, later) = rest.split_at(room as usize);
        deliver_now(request, now).await?;
        rest = later;
    }
    Ok(())
}

/// `subrequest_output_buffer_size`: nginx gives the whole request up, with what it has not sent of it.
fn refuse_size(request: &Request) -> ClientGone {
    match request.response.content_length {
        Some(length) => request.log(Level::Error, format_args!("too big subrequest response: {length}")),
        None => request.log(Level::Error, "too big subrequest response"),
    }
    request.connection.discard_gathered();
    ClientGone
}

async fn deliver_now(request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
    if !request.filters.chunked {
        return send_now(request, bytes).await;
    }
    let connection = &request.connection;
    connection.gather(|out| chunked::write_size(bytes.len() as u64, out));
    send_now(request, bytes).await?;
    connection.gather(|out| out.extend_from_slice(b"\r\n"));
    Ok(())
}

async fn send_now(request: &Request, bytes: &[u8]) -> Result<(), ClientGone> {
    let sent = request.connection.send(bytes, request.patience()).await;
    sent.map_err(|fault| fault.tell(request))
}

/// A size that variables make up; 0 for what is none (`ngx_http_complex_value_size`).
pub fn size(request: &Request, template: &Template) -> u64 {
    let text = evaluate::text(request, template);
    parse_size(&text).unwrap_or_else(|| {
        request.log(Level::Error, format_args!("invalid size \"{}\"", String::from_utf8_lossy(&text)));
        0
    })
}

/// Notes how fast the answer may go out.
pub fn set_limit_rate(request: &mut Request) {
    if !matches!(request.sink, Sink::Client) {
        return;
    }
    // nginx asks when it writes, which the head of a backend's answer alone does not make it do.
    let waits = !request.upstream.attempts.is_empty() && request.method != Method::Head;
    let action = if waits { SENDING } else { request.action };
    let before = std::mem::replace(&mut request.action, action);
    let core = &request.location.settings.core;
    let configured = |template: &Option<Template>| template.as_ref().map_or(0, |template| size(request, template));
    let rate = request.limit_rate.unwrap_or_else(|| configured(&core.limit_rate));
    let after = if rate > 0 { configured(&core.limit_rate_after) } else { 0 };
    request.action = before;
    request.filters.limit_rate = rate;
    request.filters.limit_rate_after = after;
}

/// The head counts as the body does: one that is too long for its first second goes out bit by bit.
pub async fn limit_head(request: &mut Request) -> Result<(), ClientGone> {
    let size = request.header_size;
    if size <= request.filters.limit_rate.saturating_add(request.filters.limit_rate_after) {
        request.filters.sent = size;
        return Ok(());
    }
    let connection = Rc::clone(&request.connection);
    let head = connection.gather(|out| out.split_off(out.len().saturating_sub(size as usize)));
    let mut rest = &head[..];
    while !rest.is_empty() {
        let room = wait_for_room(request, rest.len() as u64).await?;
        let (now, later) = rest.split_at(room as usize);
        send_now(request, now).await?;
        rest = later;
    }
    Ok(())
}

/// How many bytes may be sent now; waits until it is at least one (`ngx_http_write_filter`).
pub async fn wait_for_room(request: &mut Request, wanted: u64) -> Result<u64, ClientGone> {
    loop {
        let filters = &request.filters;
        let seconds = now::since_epoch().as_secs() - request.began.as_secs() + 1;
        let allowed = filters.limit_rate.saturating_mul(seconds) + filters.limit_rate_after;
        if allowed > filters.sent {
            let room = wanted.min(allowed - filters.sent);
            request.filters.sent += room;
            return Ok(room);
        }
        let excess = filters.sent - allowed;
        let delay_ms = excess * 1000 / filters.limit_rate + 1;
        request.flush().await?;
        request.pause(delay_ms).await?;
    }
}
