//! The filters in nginx's order: heads from top to bottom, bodies through the same list.
//!
//! A handler fills in [`Request::response`](crate::http::request::Request), then calls [`send_head`], [`send_body`] as often as it
//! likes, and [`finish`]; or [`answer`] with a body that it has whole.

use std::fs::File;
use std::rc::Rc;

use super::{body, chunked, gzip, header, headers, http2, not_modified, range, slice};
use crate::http::modules;
use crate::http::request::{HTTP_20, Request, Sink};
use crate::http::verdict::{ClientGone, Verdict};
use crate::log::error_log::Level;

/// A file that is read into memory in pieces is read in pieces of this size.
const FILE_PIECE: usize = 32 * 1024;
/// A file up to this size goes out with its head in one call, which is cheaper than asking the kernel to send it.
const SMALL_FILE: u64 = 16 * 1024;

/// What the body of an answer goes through.
#[derive(Default)]
pub struct Filters {
    /// Parts of the body that were asked for.
    pub range: Option<Box<range::Ranges>>,
    /// What changes the body's text; most answers have nothing of the kind.
    pub body: Option<Box<body::BodyFilters>>,
    /// `<!--#config timefmt="…" -->`
    pub time_format: Option<Box<[u8]>>,
    /// The compressor.
    pub gzip: Option<Box<gzip::Encoder>>,
    /// What the compressor took and gave, for `$gzip_ratio`.
    pub gzip_totals: Option<(u64, u64)>,
    /// The body goes out in chunks.
    pub chunked: bool,
    /// `limit_rate`, in bytes a second; 0 for no limit.
    limit_rate: u64,
    limit_rate_after: u64,
    sent: u64,
}

/// Why a head was not sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum HeadFault {
    /// The conditions of the request ask for this status instead.
    Status(u16),
    /// The client is gone.
    Gone,
}

impl From<ClientGone> for HeadFault {
    fn from(_: ClientGone) -> Self {
        Self::Gone
    }
}

impl From<HeadFault> for Verdict {
    fn from(fault: HeadFault) -> Self {
        match fault {
            HeadFault::Status(status) => Self::Finish(status),
            HeadFault::Gone => Self::Close,
        }
    }
}

/// Sends the head of the answer.
pub async fn send_head(request: &mut Request) -> Result<(), HeadFault> {
    if request.header_sent {
        return Ok(());
    }
    if request.error_status != 0 {
        request.response.status = request.error_status;
        request.response.status_line = None;
    }
    slice::head(request)?;
    not_modified::head(request)?;
    modules::headers_more::head(request);
    headers::head(request);
    modules::userid::head(request);
    body::head(request)?;
    gzip::head(request);
    range::head(request)?;
    if request.version == HTTP_20 {
        http2::head(request).map_err(|_| HeadFault::Gone)?;
    } else {
        chunked::head(request);
        header::head(request);
    }
    if request.slices.get().is_some() {
        slice::note_range(request);
    }
    set_limit_rate(request);
    if request.filters.limit_rate > 0 && request.version != HTTP_20 {
        limit_head(request).await?;
    }
    Ok(())
}

/// Sends a piece of the body.
pub async fn send_body(request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
    if request.header_only || bytes.is_empty() {
        return Ok(());
    }
    let Some(mut ranges) = request.filters.range.take() else {
        return deliver(request, bytes).await;
    };
    for piece in ranges.pieces(bytes.len() as u64) {
        match piece {
            range::Piece::Text(text) => deliver(request, &text).await?,
            range::Piece::Body(start, end) => deliver(request, &bytes[start as usize..end as usize]).await?,
        }
    }
    request.filters.range = Some(ranges);
    Ok(())
}

/// Sends a part of a file: so many bytes from `start` on.
pub async fn send_file(request: &mut Request, file: &File, start: u64, length: u64) -> Result<(), ClientGone> {
    if request.header_only || length == 0 {
        return Ok(());
    }
    let Some(mut ranges) = request.filters.range.take() else {
        return deliver_file(request, file, start, length).await;
    };
    for piece in ranges.pieces(length) {
        match piece {
            range::Piece::Text(text) => deliver(request, &text).await?,
            range::Piece::Body(from, to) => deliver_file(request, file, start + from, to - from).await?,
        }
    }
    request.filters.range = Some(ranges);
    Ok(())
}

/// Ends the body; what was gathered of it may go out with the next answer.
pub async fn finish(request: &mut Request) -> Result<(), ClientGone> {
    request.finished = true;
    if request.filters.body.is_some() {
        Box::pin(body::finish(request)).await?;
    } else if request.slices.get().is_some() {
        slice::send_others(request).await?;
    }
    if let Some(mut encoder) = request.filters.gzip.take() {
        let mut packed = request.connection.engine.take_buffer();
        encoder.finish(&mut packed);
        request.filters.gzip_totals = Some(encoder.totals());
        let outcome = if request.header_only { Ok(()) } else { deliver_encoded(request, &packed).await };
        request.connection.engine.give_buffer(packed);
        outcome?;
    }
    if request.version == HTTP_20 {
        return http2::end(request).await;
    }
    if request.filters.chunked && !request.header_only {
        let trailers = headers::trailers(request);
        let connection = &request.connection;
        connection.gather(|out| chunked::write_last(&trailers, out));
    }
    Ok(())
}

/// Sends head and body.
pub async fn answer(request: &mut Request, body: &[u8]) -> Verdict {
    request.response.content_length = Some(body.len() as u64);
    answer_of_unknown_length(request, body).await
}

/// Sends head and body; the head does not say how long the body is.
pub async fn answer_of_unknown_length(request: &mut Request, body: &[u8]) -> Verdict {
    match send_head(request).await {
        Ok(()) => {}
        Err(fault) => return fault.into(),
    }
    if send_body(request, body).await.is_err() || finish(request).await.is_err() {
        return Verdict::Close;
    }
    Verdict::Done
}

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
        let outcome = deliver_encoded(request, &packed).await;
        request.connection.engine.give_buffer(packed);
        outcome?;
    }
    request.flush().await
}

async fn deliver(request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
    match request.filters.body {
        None => encode(request, bytes).await,
        Some(_) => Box::pin(body::write(request, bytes)).await,
    }
}

/// Sends text that has passed the filters of the body.
pub async fn encode(request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
    let Some(mut encoder) = request.filters.gzip.take() else { return deliver_encoded(request, bytes).await };
    let mut packed = request.connection.engine.take_buffer();
    encoder.write(bytes, &mut packed);
    request.filters.gzip = Some(encoder);
    let outcome = deliver_encoded(request, &packed).await;
    request.connection.engine.give_buffer(packed);
    outcome
}

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

async fn deliver_file(request: &mut Request, file: &File, offset: u64, length: u64) -> Result<(), ClientGone> {
    let core = Rc::clone(&request.location.settings.core);
    let filters = &request.filters;
    let is_changed = filters.chunked || filters.gzip.is_some() || filters.body.is_some();
    let direct = core.sendfile && matches!(request.sink, Sink::Client) && !is_changed && request.version != HTTP_20;
    if !direct || length <= SMALL_FILE {
        return deliver_file_by_copy(request, file, offset, length).await;
    }
    let connection = Rc::clone(&request.connection);
    let mut position = offset;
    let end = offset + length;
    while position < end {
        let room = match request.filters.limit_rate {
            0 => end - position,
            _ => wait_for_room(request, end - position).await?,
        };
        let sent = connection.send_file(file, (position, room), core.sendfile_max_chunk, request.patience()).await;
        sent.map_err(|fault| fault.tell(request))?;
        position += room;
    }
    Ok(())
}

async fn deliver_file_by_copy(request: &mut Request, file: &File, offset: u64, length: u64) -> Result<(), ClientGone> {
    use std::os::unix::fs::FileExt;
    let mut piece = request.connection.engine.take_buffer();
    piece.resize(FILE_PIECE.min(length as usize), 0);
    let mut position = offset;
    let end = offset + length;
    let mut outcome = Ok(());
    while position < end && outcome.is_ok() {
        let wanted = piece.len().min((end - position) as usize);
        outcome = match file.read_at(&mut piece[..wanted], position) {
            Ok(0) => Err(ClientGone),
            Ok(length) => {
                position += length as u64;
                deliver(request, &piece[..length]).await
            }
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => Ok(()),
            Err(error) => {
                request.log_error(Level::Crit, &error, "pread() failed");
                Err(ClientGone)
            }
        };
    }
    request.connection.engine.give_buffer(piece);
    outcome
}

fn set_limit_rate(request: &mut Request) {
    if !matches!(request.sink, Sink::Client) {
        return;
    }
    let core = &request.location.settings.core;
    let configured = |template: &Option<crate::ir::value::Template>| {
        let text = template.as_ref().map(|template| crate::http::evaluate::text(request, template));
        text.and_then(|text| crate::primitives::size::parse_size(&text)).unwrap_or(0)
    };
    let rate = request.limit_rate.unwrap_or_else(|| configured(&core.limit_rate));
    let after = configured(&core.limit_rate_after);
    if core.limit_rate.is_some() {
        request.limit_rate = Some(rate);
    }
    request.filters.limit_rate = rate;
    request.filters.limit_rate_after = after;
}

/// The head counts as the body does: one that is too long for its first second goes out bit by bit.
async fn limit_head(request: &mut Request) -> Result<(), ClientGone> {
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
async fn wait_for_room(request: &mut Request, wanted: u64) -> Result<u64, ClientGone> {
    loop {
        let filters = &request.filters;
        let seconds = crate::log::now::since_epoch().as_secs() - request.began.as_secs() + 1;
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
