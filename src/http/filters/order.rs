//! The filters in nginx's order: heads from top to bottom, bodies through the same list.
//!
//! A handler fills in [`Request::response`](crate::http::request::Request), then calls [`send_head`], [`send_body`] as often as it
//! likes, and [`finish`]; or [`answer`] with a body that it has whole.

use std::fs::File;
use std::rc::Rc;

use super::{body, chunked, gzip, header, headers, http2, not_modified, range, ranges, slice, write};
use crate::http::modules;
use crate::http::request::{HTTP_20, Request, Sink};
use crate::http::verdict::{ClientGone, HeadFault, Verdict};
use crate::log::error_log::Level;

/// A file that is read into memory in pieces is read in pieces of this size.
const FILE_PIECE: usize = 32 * 1024;
/// A file up to this size goes out with its head in one call, which is cheaper than asking the kernel to send it.
const SMALL_FILE: u64 = 16 * 1024;

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
    if request.contexts.slices.get().is_some() {
        slice::note_range(request);
    }
    write::set_limit_rate(request);
    if request.filters.limit_rate > 0 && request.version != HTTP_20 {
        write::limit_head(request).await?;
    }
    Ok(())
}

/// What the filters put in front of the body comes out, though there is none of it yet.
pub async fn begin_body(request: &mut Request) -> Result<(), ClientGone> {
    if request.header_only || request.body_filters.is_none() { Ok(()) } else { deliver(request, b"").await }
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
            ranges::Piece::Text(text) => deliver(request, &text).await?,
            ranges::Piece::Body(start, end) => deliver(request, &bytes[start as usize..end as usize]).await?,
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
            ranges::Piece::Text(text) => deliver(request, &text).await?,
            ranges::Piece::Body(from, to) => deliver_file(request, file, start + from, to - from).await?,
        }
    }
    request.filters.range = Some(ranges);
    Ok(())
}

/// Ends the body; what was gathered of it may go out with the next answer.
pub async fn finish(request: &mut Request) -> Result<(), ClientGone> {
    // To a client that left within its body nginx writes nothing more.
    request.finished = !request.client_gone;
    if let Err(ClientGone) = finish_body(request).await {
        request.finished = false;
        return Err(ClientGone);
    }
    if let Some(mut encoder) = request.filters.gzip.take() {
        let mut packed = request.connection.engine.take_buffer();
        encoder.finish(&mut packed);
        request.filters.gzip_totals = Some(encoder.totals());
        write::send_packed(request, packed).await?;
    }
    if request.version == HTTP_20 {
        return http2::end(request).await;
    }
    // Also where nothing can carry them: the log asks.
    headers::add_trailers_ahead(request);
    if request.filters.chunked && !request.header_only {
        let trailers = headers::trailers(request);
        let connection = &request.connection;
        connection.gather(|out| chunked::write_last(&trailers, out));
    }
    Ok(())
}

/// What the filters of the body held back comes out, then the slices that are still missing.
async fn finish_body(request: &mut Request) -> Result<(), ClientGone> {
    match request.body_filters.take() {
        Some(_) if request.header_only => Ok(()),
        Some(mut filters) => {
            filters.finish(request).await?;
            slice::send_others(request).await?;
            filters.follow(request).await
        }
        None if request.contexts.slices.get().is_none() => Ok(()),
        None => slice::send_others(request).await,
    }
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
    headers::add_trailers_ahead(request);
    if send_body(request, body).await.is_err() || finish(request).await.is_err() {
        return Verdict::Close;
    }
    Verdict::Done
}

async fn deliver(request: &mut Request, bytes: &[u8]) -> Result<(), ClientGone> {
    let Some(mut filters) = request.body_filters.take() else { return write::encode(request, bytes).await };
    let outcome = filters.write(request, bytes).await;
    request.body_filters = Some(filters);
    outcome
}

async fn deliver_file(request: &mut Request, file: &File, offset: u64, length: u64) -> Result<(), ClientGone> {
    let core = Rc::clone(&request.location.settings.core);
    let filters = &request.filters;
    let is_changed = filters.chunked || filters.gzip.is_some() || request.body_filters.is_some();
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
            _ => write::wait_for_room(request, end - position).await?,
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
