//! The body of a request: into memory, into a temporary file, in pieces for whoever passes it on, or read and forgotten.

use std::io::Write;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use super::body_file::{BodyFile, Place};
use super::connection::waiting::{Deadline, ReadFault};
use super::message::headers::Known;
use super::request::body::{Body, ChunkedBody, Framing};
use super::request::{HTTP_11, HTTP_20, Request};
use super::temp_file;
use super::verdict::{CLIENT_CLOSED_REQUEST, ClientGone};
use crate::ir::http::core::BodyInFile;
use crate::log::error_log::Level;
use crate::wire::http1::chunked::Progress;

/// The answer to `Expect: 100-continue`.
const CONTINUE: &[u8] = b"HTTP/1.1 100 Continue\r\n\r\n";
/// At most so much is read at once.
const READ_SIZE: usize = 16 * 1024;

/// Notes how the body of a request that was just read stands on the connection.
pub fn begin(request: &mut Request) {
    request.framing = match (request.chunked_body, request.content_length) {
        // However long it was said to be: its end is that of the stream.
        (chunked, length) if request.version == HTTP_20 && (chunked || length > Some(0)) => Framing::Stream(0),
        (true, _) => Framing::Chunked(Box::default()),
        (false, Some(length)) if length > 0 => Framing::Length(length),
        _ => Framing::None,
    };
}

/// The body will not be needed: what has come is forgotten, and the rest behind the answer. With an error, the status to answer.
pub fn discard(request: &mut Request) -> Result<(), u16> {
    if request.is_subrequest || !matches!(request.body, Body::None) {
        return Ok(());
    }
    test_expect(request);
    skip_preread(request)?;
    skip_arrived(request)?;
    if !request.framing.is_done() {
        forget(request);
    }
    Ok(())
}

/// Whatever still comes of the body is read and forgotten.
fn forget(request: &mut Request) {
    request.body = Body::Discarded;
    if let Some(stream) = request.connection.exchange() {
        stream.discard_body();
    }
}

/// Whether the whole body has arrived already; what has arrived so far is taken off the socket for that.
pub fn is_at_hand(request: &mut Request) -> bool {
    if request.version == HTTP_20 {
        return request.framing.is_done();
    }
    let max_body = request.location.settings.core.client_max_body_size;
    loop {
        let arrived = &request.head.buffer[request.body_position..request.received];
        let whole = match &request.framing {
            Framing::None => true,
            Framing::Stream(_) => false,
            Framing::Length(left) => arrived.len() as u64 >= *left,
            // One that is refused is over, too: no backend hears of it.
            Framing::Chunked(body) => !matches!(body.look_ahead(arrived, max_body), Ok(false)),
        };
        let room = request.location.settings.core.client_body_buffer_size;
        if whole || arrived.len() >= room {
            return whole;
        }
        let connection = Rc::clone(&request.connection);
        let Some(head) = Rc::get_mut(&mut request.head) else { return false };
        let mut context = Context::from_waker(Waker::noop());
        match connection.with_stream(|stream| stream.poll_read_to(&mut context, &mut head.buffer, room)) {
            Poll::Ready(Ok(length)) if length > 0 => request.received += length,
            _ => return false,
        }
    }
}

/// Tells a client that asks first to go on; whether it does.
fn test_expect(request: &mut Request) -> bool {
    if request.expect_tested || !(HTTP_11..HTTP_20).contains(&request.version) {
        return false;
    }
    request.expect_tested = true;
    let asks = request.header(Known::Expect).is_some_and(|value| value.eq_ignore_ascii_case(b"100-continue"));
    if asks {
        request.connection.gather(|out| out.extend_from_slice(CONTINUE));
    }
    asks
}

/// The same at once: a body that has come unasked may be on its way to a backend for long.
async fn meet_expectation(request: &mut Request) -> Result<(), u16> {
    if test_expect(request) && request.flush().await.is_err() {
        request.client_gone = true;
        return Err(CLIENT_CLOSED_REQUEST);
    }
    Ok(())
}

/// Reads the whole body; with an error, the status to answer.
pub async fn read(request: &mut Request) -> Result<(), u16> {
    let in_file = request.contexts.body_in_file.is_some();
    read_unless_read(request, in_file).await
}

/// The same for a body that would go on as it comes, were it not at hand as a whole: no file is made of it.
pub async fn read_at_hand(request: &mut Request) -> Result<(), u16> {
    read_unless_read(request, false).await
}

async fn read_unless_read(request: &mut Request, in_file: bool) -> Result<(), u16> {
    if request.is_subrequest || !matches!(request.body, Body::None) {
        return Ok(());
    }
    meet_expectation(request).await?;
    if request.framing.is_done() {
        // One in chunks was forgotten before.
        if request.content_length.is_some() && !request.chunked_body {
            request.body = match in_file {
                true => empty_file(request, true)?,
                false => Body::Memory(Vec::new()),
            };
        }
        return Ok(());
    }
    read_whole(request, in_file, true).await
}

/// Reads the whole body into a file, which the caller may move; with an error, the status to answer.
pub async fn read_to_file(request: &mut Request) -> Result<Rc<BodyFile>, u16> {
    meet_expectation(request).await?;
    if matches!(request.body, Body::None) {
        read_whole(request, true, false).await?;
    }
    match &request.body {
        Body::File(file) => Ok(Rc::clone(file)),
        // Somebody else has read it before, and had no use for a file.
        Body::Memory(_) | Body::None | Body::Discarded => {
            request.log(Level::Error, "PUT request body must be in a file");
            Err(500)
        }
    }
}

/// With `says_so`, a line in the log tells of a file.
async fn read_whole(request: &mut Request, in_file: bool, says_so: bool) -> Result<(), u16> {
    let core = Rc::clone(&request.location.settings.core);
    if let Some(stream) = request.connection.exchange() {
        stream.want_body(None);
    }
    let known = request.content_length.unwrap_or(0) as usize;
    let fits = request.content_length.is_some() && fits_buffer(request, known, core.client_body_buffer_size);
    let mut place = if fits || in_file || known == 0 { None } else { request.connection.engine.body_room.take(known) };
    let is_whole_in_memory = fits || place.is_some();
    let mut bytes =
        Vec::with_capacity(if is_whole_in_memory { known } else { known.min(core.client_body_buffer_size) });
    let mut spill: Option<BodyFile> = None;
    let mut held: Option<(String, Place)> = None;
    let mut total = 0u64;
    let came_with_head = request.chunked_body && request.body_position < request.received;
    while read_some(request, &mut bytes, spill.is_none()).await? {
        // What came along with the head is in a buffer already, however large.
        let is_at_hand = came_with_head && total == 0 && request.framing.is_done();
        let is_due = || !fits && held.is_none() && !is_at_hand && bytes.len() > core.client_body_buffer_size;
        if in_file || is_due() {
            if let Some(place) = place.take() {
                held = Some((path_of_held(request)?, place));
                continue;
            }
            total += bytes.len() as u64;
            write_spill(request, &mut spill, &bytes, says_so)?;
            bytes.clear();
        }
    }
    if in_file && spill.is_none() && held.is_none() {
        request.body = empty_file(request, says_so)?;
        if request.chunked_body {
            request.content_length = Some(0);
        }
        return Ok(());
    }
    request.body = match (spill, held) {
        (None, None) => Body::Memory(bytes),
        (None, Some((path, place))) => Body::File(Rc::new(BodyFile::held(path, bytes, place))),
        (Some(mut spill), _) => {
            total += bytes.len() as u64;
            append(request, &spill, &bytes)?;
            spill.length = total;
            Body::File(Rc::new(spill))
        }
    };
    if request.chunked_body {
        request.content_length = Some(request.body.len());
    }
    Ok(())
}

/// A body without a byte is a file like the others.
fn empty_file(request: &Request, says_so: bool) -> Result<Body, u16> {
    let mut file = None;
    write_spill(request, &mut file, &[], says_so)?;
    Ok(file.map_or(Body::None, |file| Body::File(Rc::new(file))))
}

/// Reads some more; of a body in memory whose rest never comes, that which came is kept for the log.
async fn read_some(request: &mut Request, bytes: &mut Vec<u8>, is_in_memory: bool) -> Result<bool, u16> {
    let outcome = read_part(request, bytes).await;
    if let Err(status) = outcome
        && (request.client_gone || status == 408)
        && is_in_memory
        && !bytes.is_empty()
    {
        request.body = Body::Memory(std::mem::take(bytes));
    }
    outcome
}

/// Whether a body of that length is one that nginx makes its buffer larger for (`ngx_http_read_client_request_body`): what follows
/// behind the bytes that came along with the head is less than one and a quarter of the usual size.
fn fits_buffer(request: &Request, length: usize, size: usize) -> bool {
    if request.version == HTTP_20 {
        return length <= size;
    }
    // nginx reads the head into a smaller buffer, so less comes along.
    let core = &request.connection.engine.server(request.server).core;
    let along = request.received - request.body_position;
    let rest = match core.client_header_buffer_size.checked_sub(request.head.end) {
        Some(room) => length.saturating_sub(along.min(room)),
        None => length.saturating_sub(along),
    };
    rest < size + size / 4
}

/// The path that a body's file would have, were it not held in memory.
fn path_of_held(request: &Request) -> Result<String, u16> {
    let core = &request.location.settings.core;
    let path = temp_file::next_path(&core.client_body_temp_path, request.connection.engine.counters.temp_files)
        .map_err(|fault| no_temp_file(request, &fault))?;
    say_buffered(request, Level::Warn, &path);
    Ok(path)
}

fn no_temp_file(request: &Request, fault: &temp_file::Fault) -> u16 {
    request.log_error(Level::Crit, &fault.error, &fault.text);
    500
}

fn say_buffered(request: &Request, level: Level, path: &str) {
    request.log(level, format_args!("a client request body is buffered to a temporary file {path}"));
}

fn write_spill(request: &Request, spill: &mut Option<BodyFile>, bytes: &[u8], says_so: bool) -> Result<(), u16> {
    let file = match spill {
        Some(spill) => spill,
        None => {
            let core = &request.location.settings.core;
            let made = temp_file::create(&core.client_body_temp_path, request.connection.engine.counters.temp_files);
            let temp = made.map_err(|fault| no_temp_file(request, &fault))?;
            let remains = request.contexts.body_in_file == Some(BodyInFile::On);
            if says_so {
                let is_wanted = core.client_body_in_file_only != BodyInFile::Off;
                let level = if is_wanted { Level::Notice } else { Level::Warn };
                say_buffered(request, level, &temp.path);
            }
            spill.insert(BodyFile::written(temp, !remains))
        }
    };
    append(request, file, bytes)
}

fn append(request: &Request, file: &BodyFile, bytes: &[u8]) -> Result<(), u16> {
    file.file().and_then(|file| (&**file).write_all(bytes)).map_err(|error| {
        let path = file.path().unwrap_or_default();
        request.log_error(Level::Crit, &error, format_args!("pwrite() \"{path}\" failed"));
        500
    })
}

/// Reads some more of the body to the end of `out`; false at the end of the body. With an error, the status to answer.
pub async fn read_part(request: &mut Request, out: &mut Vec<u8>) -> Result<bool, u16> {
    meet_expectation(request).await?;
    want_some(request);
    let timeout_ms = request.location.settings.core.client_body_timeout_ms;
    match &mut request.framing {
        Framing::None | Framing::Length(0) => Ok(false),
        Framing::Length(_) => read_plain(request, out, timeout_ms).await.map(|()| true),
        Framing::Chunked(_) => {
            let limit = request.location.settings.core.client_max_body_size;
            let outcome = read_chunked(request, out, limit, timeout_ms).await;
            if outcome == Err(413) {
                request.body = Body::Discarded;
            }
            outcome
        }
        Framing::Stream(_) => {
            let limit = request.location.settings.core.client_max_body_size;
            read_stream(request, out, limit, timeout_ms).await
        }
    }
}

/// Opens the window of a stream of HTTP/2 as wide as nginx's buffer is (`ngx_http_v2_read_request_body`).
pub fn want_some(request: &Request) {
    if let Some(stream) = request.connection.exchange() {
        let buffer = request.location.settings.core.client_body_buffer_size;
        let whole = request.content_length.map_or(buffer, |length| (length as usize).saturating_add(1));
        let window = request.connection.engine.server(request.server).v2.body_preread_size as usize;
        stream.want_body(Some(buffer.min(whole).max(window)));
    }
}

/// The status for a body that failed on its way.
fn failed(request: &mut Request, fault: ReadFault) -> u16 {
    match fault {
        ReadFault::TimedOut => 408,
        ReadFault::Io(error) if request.connection.exchange().is_some() => {
            request.log(Level::Info, format_args!("{error}"));
            if error.kind() == std::io::ErrorKind::ConnectionReset { CLIENT_CLOSED_REQUEST } else { 400 }
        }
        ReadFault::Io(error) => {
            request.log_error(Level::Info, &error, "recv() failed");
            request.client_gone = true;
            400
        }
    }
}

/// Reads a body that ends with its stream of HTTP/2.
async fn read_stream(request: &mut Request, out: &mut Vec<u8>, limit: u64, timeout_ms: u64) -> Result<bool, u16> {
    let Framing::Stream(before) = request.framing else { return Ok(false) };
    let connection = Rc::clone(&request.connection);
    match connection.read(out, READ_SIZE, &mut Deadline::after_ms(timeout_ms)).await {
        Ok(0) => {
            request.framing = Framing::None;
            Ok(false)
        }
        Ok(length) => {
            let received = before + length as u64;
            request.framing = Framing::Stream(received);
            if limit > 0 && received > limit {
                let status = refuse_chunk(request, &BadChunk::TooLarge(before, length as u64));
                forget(request);
                return Err(status);
            }
            Ok(true)
        }
        Err(fault) => Err(failed(request, fault)),
    }
}

/// What came behind the head along with it, and was not looked at yet.
fn take_preread(request: &mut Request, limit: usize) -> Option<std::ops::Range<usize>> {
    let start = request.body_position;
    let end = request.received.min(start.saturating_add(limit));
    request.body_position = end;
    (start < end).then_some(start..end)
}

async fn read_plain(request: &mut Request, out: &mut Vec<u8>, timeout_ms: u64) -> Result<(), u16> {
    let Framing::Length(left) = request.framing else { return Ok(()) };
    let limit = usize::try_from(left).unwrap_or(usize::MAX);
    let length = match take_preread(request, limit) {
        Some(range) => {
            out.extend_from_slice(&request.head.buffer[range.clone()]);
            range.len()
        }
        None => {
            // Into all the room there is: the fewest calls.
            let room = READ_SIZE.max(out.capacity() - out.len());
            read_socket(request, out, limit.min(room), timeout_ms).await?
        }
    };
    request.request_length.set(request.request_length.get() + length as u64);
    request.framing = Framing::Length(left - length as u64);
    Ok(())
}

async fn read_socket(request: &mut Request, out: &mut Vec<u8>, limit: usize, timeout_ms: u64) -> Result<usize, u16> {
    let connection = Rc::clone(&request.connection);
    if connection.gathered() > 0 {
        request.flush().await.map_err(|ClientGone| CLIENT_CLOSED_REQUEST)?;
    }
    match connection.read(out, limit, &mut Deadline::after_ms(timeout_ms)).await {
        Ok(0) => {
            // Of a body that is only forgotten nobody misses the end, nor behind the answer.
            if !request.body.is_discarded() && !request.finished {
                request.log(Level::Info, "client prematurely closed connection");
            }
            // nginx writes nothing more to it; the status is for the log.
            request.client_gone = true;
            Err(400)
        }
        Ok(length) => Ok(length),
        Err(fault) => Err(failed(request, fault)),
    }
}

/// Reads more chunks, of a body that may have `limit` bytes; 0 is no limit.
async fn read_chunked(request: &mut Request, out: &mut Vec<u8>, limit: u64, timeout_ms: u64) -> Result<bool, u16> {
    let before = out.len();
    loop {
        let preread = take_preread(request, usize::MAX);
        let came_with_head = preread.is_some();
        let raw = match preread {
            Some(range) => request.head.buffer[range].to_vec(),
            None => {
                let mut raw = request.connection.engine.take_buffer();
                read_socket(request, &mut raw, READ_SIZE, timeout_ms).await?;
                raw
            }
        };
        // Not before there is something: whoever waits for it may think better of it.
        let Framing::Chunked(mut body) = std::mem::take(&mut request.framing) else { return Ok(false) };
        let mut position = 0;
        let progress = body.decode(&raw, &mut position, limit, out);
        let counted = match progress {
            Ok(_) => position,
            // What came along with the head counts once it is read, the rest at once.
            Err(_) if came_with_head => 0,
            Err(_) => raw.len(),
        };
        request.request_length.set(request.request_length.get() + counted as u64);
        if !matches!(progress, Ok(false)) {
            request.content_length = Some(body.received);
        }
        let done = progress.map_err(|fault| refuse_chunk(request, &fault))?;
        if done {
            // What follows is the next request.
            request.leftover.extend_from_slice(&raw[position..]);
        }
        request.connection.engine.give_buffer(raw);
        if done {
            return Ok(out.len() > before);
        }
        request.framing = Framing::Chunked(body);
        if out.len() > before {
            return Ok(true);
        }
    }
}

/// What is wrong with a chunk.
enum BadChunk {
    Invalid,
    /// With so many bytes received, it has so many more than the body may have.
    TooLarge(u64, u64),
}

fn refuse_chunk(request: &Request, fault: &BadChunk) -> u16 {
    match fault {
        BadChunk::Invalid => {
            request.log(Level::Error, "client sent invalid chunked body");
            400
        }
        BadChunk::TooLarge(received, more) => {
            let text = format_args!("client intended to send too large chunked body: {received}+{more} bytes");
            request.log(Level::Error, text);
            413
        }
    }
}

impl ChunkedBody {
    /// Whether the body ends with these bytes, or is refused because of them.
    fn look_ahead(&self, arrived: &[u8], limit: u64) -> Result<bool, BadChunk> {
        let mut ahead = Self { chunked: self.chunked.clone(), received: self.received };
        ahead.decode(arrived, &mut 0, limit, &mut Vec::new())
    }

    /// Appends the data of these bytes; true at the end of the body.
    fn decode(&mut self, raw: &[u8], position: &mut usize, limit: u64, out: &mut Vec<u8>) -> Result<bool, BadChunk> {
        loop {
            match self.chunked.parse(raw, position).map_err(|_| BadChunk::Invalid)? {
                Progress::Data(range) => {
                    let announced = range.len() as u64 + self.chunked.left_of_chunk();
                    if limit > 0 && announced > limit.saturating_sub(self.received) {
                        return Err(BadChunk::TooLarge(self.received, announced));
                    }
                    self.received += range.len() as u64;
                    out.extend_from_slice(&raw[range]);
                }
                Progress::Again => return Ok(false),
                Progress::Done => return Ok(true),
            }
        }
    }
}

/// Forgets what has come by now but not along with the head, as far as the kernel has it.
fn skip_arrived(request: &mut Request) -> Result<(), u16> {
    if request.version == HTTP_20 {
        return Ok(());
    }
    let connection = Rc::clone(&request.connection);
    let mut context = Context::from_waker(Waker::noop());
    let mut raw = connection.engine.take_buffer();
    let mut outcome = Ok(());
    while outcome.is_ok() && !request.framing.is_done() {
        raw.clear();
        let room = match request.framing {
            Framing::Length(left) => usize::try_from(left).map_or(READ_SIZE, |left| left.min(READ_SIZE)),
            _ => READ_SIZE,
        };
        let arrived = connection.with_stream(|stream| stream.poll_read_to(&mut context, &mut raw, room));
        if !matches!(arrived, Poll::Ready(Ok(length)) if length > 0) {
            break;
        }
        let mut position = 0;
        outcome = skip(request, &raw, &mut position);
        request.leftover.extend_from_slice(&raw[position..]);
    }
    connection.engine.give_buffer(raw);
    outcome
}

/// Forgets what has come of a body that nobody wanted: only the rest of it still counts. With an error, the status to answer.
pub fn skip_preread(request: &mut Request) -> Result<(), u16> {
    let head = Rc::clone(&request.head);
    let mut position = request.body_position;
    let outcome = skip(request, &head.buffer[..request.received], &mut position);
    request.body_position = position;
    outcome
}

/// Forgets what these bytes from `position` on have of the body.
fn skip(request: &mut Request, raw: &[u8], position: &mut usize) -> Result<(), u16> {
    match &mut request.framing {
        Framing::None | Framing::Stream(_) => Ok(()),
        Framing::Length(left) => {
            let arrived = raw.len().saturating_sub(*position) as u64;
            let length = arrived.min(*left);
            *left -= length;
            *position += length as usize;
            request.content_length = Some(*left);
            Ok(())
        }
        Framing::Chunked(body) => {
            let outcome = body.decode(raw, position, 0, &mut Vec::new());
            if !matches!(outcome, Ok(false)) {
                request.framing = Framing::None;
            }
            if matches!(outcome, Ok(true)) {
                request.content_length = Some(0);
            }
            outcome.map(drop).map_err(|fault| refuse_chunk(request, &fault))
        }
    }
}

/// Reads the rest of a body that nobody wanted, so that the connection can be kept; false if that is in vain.
pub async fn drain(request: &mut Request) -> bool {
    let core = Rc::clone(&request.location.settings.core);
    request.expect_tested = true;
    let end = tokio::time::Instant::now() + std::time::Duration::from_millis(core.lingering_time_ms);
    let mut forgotten = Vec::new();
    while !request.framing.is_done() {
        forgotten.clear();
        let left_ms = end.saturating_duration_since(tokio::time::Instant::now()).as_millis() as u64;
        let timeout_ms = core.lingering_timeout_ms.min(left_ms);
        let outcome = match request.framing {
            Framing::Chunked(_) => read_chunked(request, &mut forgotten, 0, timeout_ms).await.map(drop),
            Framing::Stream(_) => read_stream(request, &mut forgotten, 0, timeout_ms).await.map(drop),
            _ => read_plain(request, &mut forgotten, timeout_ms).await,
        };
        if outcome.is_err() || left_ms == 0 {
            return false;
        }
    }
    true
}
