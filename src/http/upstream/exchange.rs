//! The request sent to a backend, and the head of its answer read.

use std::io::{self, IoSlice, Write};
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::answer::{Answer, Faulty};
use super::attempt::{Try, record};
use super::http2::{self, Patience, Session, Step};
use super::job::Job;
use super::keepalive::{BackendConnection, Wire};
use super::record::BodyLength;
use super::response::{EARLY_HINTS, Head, Parser, Progress};
use super::retry::Failure;
use super::waiting::{Waited, log_timeout, reads_stream, wait};
use super::{headers, secure};
use crate::http::body_file::BodyFile;
use crate::http::body_reader;
use crate::http::engine::Engine;
use crate::http::filters::early_hints;
use crate::http::request::Request;
use crate::http::request::body::{self, Body};
use crate::http::verdict::ClientGone;
use crate::log::error_log::Level;
use crate::net::at_once::at_once;
use crate::net::stream::Stream;
use crate::net::turn;
use crate::wire::http2::hpack::Fields;

/// A body in a file is read in pieces of this size.
const FILE_PIECE: usize = 32 * 1024;

/// What the log calls sending a request.
const SENDING: &str = "sending request to upstream";
/// What the log calls reading a head.
pub const READING_HEAD: &str = "reading response header from upstream";

/// What sending came to.
#[derive(PartialEq, Eq)]
enum Sent {
    Whole,
    /// The backend answers before it has read everything.
    Interrupted,
}

/// Sends the request and reads the head of the answer.
pub async fn run(
    request: &mut Request,
    job: &Job,
    attempt: &mut Try<'_>,
    mut connection: Box<BackendConnection>,
) -> Result<Answer, Faulty> {
    request.action = SENDING;
    attempt.request_sent = true;
    turn::give_way().await;
    let mut buffer = Vec::new();
    let outcome = match &mut connection.wire {
        Wire::Http1(stream) => run_http1(request, job, attempt, stream, &mut buffer).await,
        Wire::Http2(session) => run_http2(request, job, attempt, session, &mut buffer).await,
    };
    match outcome {
        Ok(head) => Ok(Answer { connection, buffer, head }),
        Err(faulty) => {
            // nginx reads no more than its buffer takes before it knows the head.
            let received = buffer.len().min(job.proxy.buffer_size) as u64;
            record(request).bytes_received += received + connection.take_received();
            request.connection.engine.give_buffer(buffer);
            Err(faulty)
        }
    }
}

async fn run_http1(
    request: &mut Request,
    job: &Job,
    attempt: &mut Try<'_>,
    stream: &mut Stream,
    buffer: &mut Vec<u8>,
) -> Result<Head, Faulty> {
    let sent = send(request, job, stream).await?;
    attempt.request_whole = sent == Sent::Whole;
    read_head(request, job, stream, buffer).await
}

/// The same over HTTP/2, where the answer may come while the request is still being sent.
async fn run_http2(
    request: &mut Request,
    job: &Job,
    attempt: &mut Try<'_>,
    session: &mut Session,
    buffer: &mut Vec<u8>,
) -> Result<Head, Faulty> {
    let Some(head) = &job.http2 else { return Err(Faulty::Request(500)) };
    let body = body(request, job);
    let patience = Patience {
        client: request.connection.clone(),
        send_timeout_ms: job.proxy.send_timeout_ms,
        body_timeout_ms: request.location.settings.core.client_body_timeout_ms,
    };
    session.send(head, &job.head, body, patience, job.proxy.buffer_size);
    // Whether all was sent is asked of the stream itself.
    attempt.request_whole = true;
    let outcome = hear(request, job, session, buffer).await;
    record(request).bytes_sent += session.written();
    outcome
}

/// Sends the rest of a request, and reads the head of the answer.
async fn hear(request: &mut Request, job: &Job, session: &mut Session, buffer: &mut Vec<u8>) -> Result<Head, Faulty> {
    let mut hints = EarlyHints::default();
    loop {
        let waited = match job.passes_body_through && !request.framing.is_done() {
            true => Waited::Done(hand_over(request, session).await?),
            false => {
                // An answer is due once the request is sent.
                let timeout_ms = if session.is_sent() { job.proxy.read_timeout_ms } else { u64::MAX };
                wait(request, job, timeout_ms, |context| session.poll_head(context)).await
            }
        };
        // Whatever is received, nginx sends on behind it.
        request.action = match waited {
            Waited::Done(Ok(Step::Sent) | Err(http2::Fault::SendTimedOut)) | Waited::ClientGone => SENDING,
            _ => READING_HEAD,
        };
        match waited {
            Waited::Done(Ok(Step::Sent)) => {}
            Waited::Done(Ok(Step::EarlyHints(fields))) => {
                let mut lines = Vec::new();
                let head = take_head(request, EARLY_HINTS, &fields, &mut lines)?;
                hints.pass_on(request, job, &head, &lines).await?;
            }
            Waited::Done(Ok(Step::Head(status, fields))) => {
                let mut head = take_head(request, status, &fields, buffer)?;
                // gRPC alone takes the end of the stream for a length (`ngx_http_grpc_process_header`).
                if session.is_head_all() && request.upstream.is_grpc {
                    head.content_length.get_or_insert(0);
                }
                let has_none = matches!(status, 204 | 304) || job.is_head;
                session.expect_body(if has_none { Some(0) } else { head.content_length });
                return Ok(head);
            }
            Waited::Done(Err(fault)) => return Err(explain(request, &fault)),
            Waited::TimedOut => return Err(timed_out(request)),
            // Of a body that is not whole nginx misses the rest.
            Waited::ClientGone if reads_stream(request, job) => return Err(Faulty::Request(400)),
            Waited::ClientGone => return Err(Faulty::ClientGone),
        }
    }
}

/// Sends the body of a client that speaks HTTP/1 as it comes, until the backend is heard of.
async fn hand_over(request: &mut Request, session: &mut Session) -> Result<Result<Step, http2::Fault>, Faulty> {
    while !request.framing.is_done() {
        let mut piece = Vec::new();
        let hear = |context: &mut Context| {
            loop {
                match session.poll_head(context) {
                    Poll::Ready(Ok(Step::Sent)) => {}
                    Poll::Ready(heard) => return News::Heard(heard),
                    Poll::Pending if session.wants_piece() => return News::PieceWanted,
                    Poll::Pending => return News::Nothing,
                }
            }
        };
        match read_or_hear(request, &mut piece, hear).await {
            Ok(heard) => return Ok(heard),
            Err(is_last) => session.hand_over(piece, is_last.map_err(Faulty::Request)?),
        }
    }
    Ok(Ok(Step::Sent))
}

/// What a backend of HTTP/2 has to say to a client that is not done asking.
pub enum News<T> {
    /// Something came from it.
    Heard(T),
    /// Nothing, but it takes more of the request.
    PieceWanted,
    /// Nothing.
    Nothing,
}

/// Reads a piece of the body once one is wanted, unless the backend is heard of first. Of a piece it is said whether it is the last
/// one, or what status to answer instead.
pub async fn read_or_hear<T>(
    request: &mut Request,
    piece: &mut Vec<u8>,
    mut hear: impl FnMut(&mut Context) -> News<T>,
) -> Result<T, Result<bool, u16>> {
    let read = {
        let mut reading = pin!(body_reader::read_part(request, piece));
        std::future::poll_fn(|context| match hear(context) {
            News::Heard(heard) => Poll::Ready(Ok(heard)),
            News::PieceWanted => reading.as_mut().poll(context).map(Err),
            News::Nothing => Poll::Pending,
        })
        .await
    };
    read.map_err(|more| more.map(|more| !more || request.framing.is_done()))
}

/// Where the body of a request over HTTP/2 comes from. A client's stream is read while the answer comes.
fn body(request: &mut Request, job: &Job) -> http2::Body {
    if !job.passes_body {
        return http2::Body::None;
    }
    if job.passes_body_through && !request.framing.is_done() {
        if request.connection.exchange().is_some() {
            body_reader::want_some(request);
            let limit = request.location.settings.core.client_max_body_size;
            request.framing = body::Framing::None;
            return http2::Body::Client(limit);
        }
        return http2::Body::Handed;
    }
    match &request.body {
        Body::Memory(bytes) if !bytes.is_empty() => http2::Body::Bytes(bytes.clone()),
        Body::File(body) => match body.in_memory() {
            Some(bytes) => http2::Body::Bytes(bytes.to_vec()),
            None => body.file().map_or(http2::Body::None, |file| http2::Body::File(Rc::clone(file), body.length)),
        },
        // One that was announced ends with a frame of its own, though it is empty.
        _ if !request.is_subrequest && request.content_length.is_some() => http2::Body::Bytes(Vec::new()),
        _ => http2::Body::None,
    }
}

/// Checks the head of an answer that came over HTTP/2, and writes its fields one behind the other.
fn take_head(request: &Request, status: u16, fields: &Fields, buffer: &mut Vec<u8>) -> Result<Head, Faulty> {
    let fields = fields.iter().filter(|(name, _)| !name.starts_with(b":"));
    let parser = Parser::of_fields(status, fields, buffer).map_err(|fault| {
        request.log(Level::Error, fault);
        Faulty::Server(Failure::InvalidHeader)
    })?;
    log_duplicates(request, &parser);
    Ok(parser.head)
}

/// Says what went wrong on a stream of HTTP/2, and whose doing it is.
pub fn explain(request: &Request, fault: &http2::Fault) -> Faulty {
    use http2::Fault;
    match fault {
        Fault::Protocol(fault) => {
            fault.lines().for_each(|line| request.log(Level::Error, line));
            Faulty::Server(Failure::InvalidHeader)
        }
        Fault::Closed => {
            request.log(Level::Error, "upstream prematurely closed connection");
            Faulty::Server(Failure::Error)
        }
        Fault::Read(error) => {
            secure::log_socket_error(request, error, "recv() failed");
            Faulty::Server(Failure::Error)
        }
        Fault::Write(error) => write_failed(request, error),
        Fault::File(error) => {
            request.log_error(Level::Crit, error, "pread() failed");
            Faulty::Request(500)
        }
        Fault::SendTimedOut => timed_out(request),
        Fault::Client(status) => Faulty::Request(*status),
    }
}

async fn send(request: &mut Request, job: &Job, stream: &mut Stream) -> Result<Sent, Faulty> {
    if job.passes_body_through {
        return pass_through(request, job, stream).await;
    }
    let (sent, written) = match &request.body {
        Body::Memory(bytes) if job.passes_body => write(request, job, stream, &job.head, bytes).await,
        Body::File(body) if job.passes_body => {
            let body = Rc::clone(body);
            write_file(request, job, stream, &body).await
        }
        _ => write(request, job, stream, &job.head, &[]).await,
    };
    record(request).bytes_sent += written;
    sent
}

/// Writes all of two pieces; with the outcome, how many bytes went out.
async fn write(
    request: &Request,
    job: &Job,
    stream: &mut Stream,
    first: &[u8],
    second: &[u8],
) -> (Result<Sent, Faulty>, u64) {
    let total = first.len() + second.len();
    let mut written = 0;
    while written < total {
        let (head, tail) = match written.checked_sub(first.len()) {
            None => (&first[written..], second),
            Some(into_second) => (&[][..], &second[into_second..]),
        };
        let slices = [IoSlice::new(head), IoSlice::new(tail)];
        let slices = if head.is_empty() { &slices[1..] } else { &slices[..1 + usize::from(!tail.is_empty())] };
        let stream = &mut *stream;
        let waited = wait(request, job, job.proxy.send_timeout_ms, |context| {
            let written = match slices {
                [slice] => Pin::new(&mut *stream).poll_write(context, slice),
                _ => Pin::new(&mut *stream).poll_write_vectored(context, slices),
            };
            match written {
                Poll::Pending => stream.poll_peek(context).map(|_| Ok(None)),
                Poll::Ready(outcome) => Poll::Ready(outcome.map(Some)),
            }
        });
        match waited.await {
            Waited::Done(Ok(Some(length))) => written += length,
            Waited::Done(Ok(None)) => return (Ok(Sent::Interrupted), written as u64),
            Waited::Done(Err(error)) => return (Err(write_failed(request, &error)), written as u64),
            Waited::TimedOut => return (Err(timed_out(request)), written as u64),
            Waited::ClientGone => return (Err(Faulty::ClientGone), written as u64),
        }
    }
    if stream.needs_flush() {
        let stream = &mut *stream;
        let flushed =
            wait(request, job, job.proxy.send_timeout_ms, |context| Pin::new(&mut *stream).poll_flush(context));
        match flushed.await {
            Waited::Done(Ok(())) => {}
            Waited::Done(Err(error)) => return (Err(write_failed(request, &error)), written as u64),
            Waited::TimedOut => return (Err(timed_out(request)), written as u64),
            Waited::ClientGone => return (Err(Faulty::ClientGone), written as u64),
        }
    }
    (Ok(Sent::Whole), written as u64)
}

fn write_failed(request: &Request, error: &io::Error) -> Faulty {
    secure::log_socket_error(request, error, "writev() failed");
    Faulty::Server(Failure::Error)
}

fn timed_out(request: &Request) -> Faulty {
    log_timeout(request, Level::Error);
    Faulty::Server(Failure::Timeout)
}

async fn write_file(request: &Request, job: &Job, stream: &mut Stream, body: &BodyFile) -> (Result<Sent, Faulty>, u64) {
    use std::os::unix::fs::FileExt;
    if let Some(bytes) = body.in_memory() {
        return write(request, job, stream, &job.head, bytes).await;
    }
    let length = body.length;
    let mut piece = vec![0; FILE_PIECE];
    let (mut offset, mut total) = (0, 0);
    loop {
        let wanted = usize::try_from(length - offset).unwrap_or(usize::MAX).min(FILE_PIECE);
        if let Err(error) = body.file().and_then(|file| file.read_exact_at(&mut piece[..wanted], offset)) {
            request.log_error(Level::Crit, &error, "pread() failed");
            return (Err(Faulty::Request(500)), total);
        }
        let head: &[u8] = if offset == 0 { &job.head } else { &[] };
        let (sent, written) = write(request, job, stream, head, &piece[..wanted]).await;
        offset += wanted as u64;
        total += written;
        if sent != Ok(Sent::Whole) || offset == length {
            return (sent, total);
        }
    }
}

/// Sends the client's body as it comes (`proxy_request_buffering off`).
async fn pass_through(request: &mut Request, job: &Job, stream: &mut Stream) -> Result<Sent, Faulty> {
    let is_chunked = job.body == BodyLength::Chunked;
    let mut piece = job.head.clone();
    let mut read = request.connection.engine.take_buffer();
    let mut more = true;
    // What came along with the client's head goes along with ours.
    while more && request.body_position < request.received {
        let Some(outcome) = at_once(body_reader::read_part(request, &mut read)) else { break };
        more = outcome.map_err(Faulty::Request)?;
    }
    loop {
        more &= !request.framing.is_done();
        add_part(&mut piece, &read, is_chunked, more);
        request.connection.engine.give_buffer(read);
        let (sent, written) = write(request, job, stream, &piece, &[]).await;
        record(request).bytes_sent += written;
        if !more {
            return sent;
        }
        if sent? == Sent::Interrupted {
            return Ok(interrupt(request));
        }
        piece.clear();
        read = request.connection.engine.take_buffer();
        more = match read_or_answer(request, stream, &mut read).await {
            Some(outcome) => outcome.map_err(Faulty::Request)?,
            None => return Ok(interrupt(request)),
        };
    }
}

/// Adds what was read of a body, and its end, as the backend is told of them.
fn add_part(piece: &mut Vec<u8>, read: &[u8], is_chunked: bool, more: bool) {
    if !is_chunked {
        return piece.extend_from_slice(read);
    }
    if !read.is_empty() {
        write!(piece, "{:x}\r\n", read.len()).expect("a vector takes every byte");
        piece.extend_from_slice(read);
        piece.extend_from_slice(b"\r\n");
    }
    if !more {
        piece.extend_from_slice(b"0\r\n\r\n");
    }
}

/// The rest of the body is of no interest to the backend; on this connection nothing can follow it.
fn interrupt(request: &mut Request) -> Sent {
    request.keepalive = false;
    request.lingering_close = true;
    Sent::Interrupted
}

/// Reads a piece of the body, unless the backend answers first.
async fn read_or_answer(request: &mut Request, stream: &mut Stream, piece: &mut Vec<u8>) -> Option<Result<bool, u16>> {
    let mut reading = pin!(body_reader::read_part(request, piece));
    std::future::poll_fn(|context| match reading.as_mut().poll(context) {
        Poll::Ready(outcome) => Poll::Ready(Some(outcome)),
        Poll::Pending => stream.poll_peek(context).map(|_| None),
    })
    .await
}

/// nginx calls it reading from when something has come.
fn note_reading<T>(request: &mut Request, waited: &Waited<T>) {
    if !matches!(waited, Waited::ClientGone) {
        request.action = READING_HEAD;
    }
}

async fn read_head(
    request: &mut Request,
    job: &Job,
    stream: &mut Stream,
    buffer: &mut Vec<u8>,
) -> Result<Head, Faulty> {
    let limit = job.proxy.buffer_size;
    let size = match job.proxy.buffering && job.proxy.limit_rate.is_none() {
        true => limit.max((job.proxy.buffers.count * job.proxy.buffers.size).min(64 * 1024)),
        // A client that reads slowly is to hold this buffer alone, and a slow rate counts from its end.
        false => limit,
    };
    let mut parser = Parser::default();
    let mut hints = EarlyHints::default();
    loop {
        let room = if buffer.is_empty() { size } else { limit.saturating_sub(buffer.len()).max(1) };
        let waited = wait(request, job, job.proxy.read_timeout_ms, |context| {
            poll_read(&request.connection.engine, stream, buffer, room, context)
        });
        let waited = waited.await;
        note_reading(request, &waited);
        match waited {
            Waited::Done(Ok(0)) => {
                request.log(Level::Error, "upstream prematurely closed connection");
                return Err(Faulty::Server(Failure::Error));
            }
            Waited::Done(Ok(_)) => {}
            Waited::Done(Err(error)) => {
                secure::log_socket_error(request, &error, "recv() failed");
                return Err(Faulty::Server(Failure::Error));
            }
            Waited::TimedOut => return Err(timed_out(request)),
            Waited::ClientGone => {
                // `$upstream_status` shows what the first line said, even if no other came.
                record(request).status = parser.head.status;
                return Err(Faulty::ClientGone);
            }
        }
        loop {
            let parsed = parse(request, &mut parser, buffer, limit);
            if parsed.is_err() {
                note_lines(request, &parser.head, buffer);
            }
            match parsed? {
                Parsed::Part => {
                    // In front of an end that comes too early.
                    note_lines(request, &parser.head, buffer);
                    break;
                }
                Parsed::EarlyHints => {
                    hints.pass_on(request, job, &parser.head, buffer).await?;
                    record(request).bytes_received += parser.head.end as u64;
                    buffer.drain(..parser.head.end);
                    parser = Parser::default();
                }
                Parsed::Head => {
                    if request.connection.engine.may_debug {
                        debug_head(request, &parser.head, buffer);
                    }
                    log_duplicates(request, &parser);
                    return Ok(parser.head);
                }
            }
        }
    }
}

/// Keeps the lines that were read for variables, also those in front of a fault.
pub fn note_lines(request: &mut Request, head: &Head, buffer: &[u8]) {
    if request.connection.engine.upstreams.shows_headers() {
        let list = &mut request.upstream.headers;
        list.clear();
        for line in head.lines.iter().filter(|line| !line.dropped) {
            list.push(&buffer[line.name.clone()], &buffer[line.value.clone()]);
        }
    }
}

/// The hints of one try.
#[derive(Default)]
struct EarlyHints {
    /// So many bytes in all.
    length: usize,
}

impl EarlyHints {
    async fn pass_on(&mut self, request: &mut Request, job: &Job, head: &Head, buffer: &[u8]) -> Result<(), Faulty> {
        // `$upstream_status` keeps the first status of a try.
        record(request).status = head.status;
        self.length += head.end;
        if self.length > job.proxy.buffer_size {
            request.log(Level::Info, "upstream sent too big early hints");
            return Ok(());
        }
        let hints = headers::early_hints(&job.plan, head, buffer);
        early_hints::send(request, &hints).await.map_err(|ClientGone| Faulty::ClientGone)
    }
}

/// Shows the head of an answer (`ngx_http_proxy_process_header`).
#[cold]
fn debug_head(request: &Request, head: &Head, buffer: &[u8]) {
    request.debug(|line| {
        line.push_display(format_args!("http proxy status {} \"", head.status));
        line.push(&buffer[head.status_text.clone()]);
        line.push(b"\"");
    });
    for line in &head.lines {
        request.debug_header("http proxy header: ", &buffer[line.name.clone()], &buffer[line.value.clone()]);
    }
    request.debug(|line| line.push(b"http proxy header done"));
}

fn log_duplicates(request: &Request, parser: &Parser) {
    for (line, previous) in &parser.duplicates {
        let text =
            format_args!("upstream sent duplicate header line: \"{line}\", previous value: \"{previous}\", ignored");
        request.log(Level::Warn, text);
    }
}

/// Reads into a buffer that is taken only once there is something to read: most answers then go through the same one, which the
/// processor still has at hand.
fn poll_read(
    engine: &Engine,
    stream: &mut Stream,
    buffer: &mut Vec<u8>,
    room: usize,
    context: &mut Context,
) -> Poll<io::Result<usize>> {
    if buffer.capacity() == 0 {
        *buffer = engine.take_large_buffer();
    }
    let polled = stream.poll_read_to(context, buffer, room);
    if polled.is_pending() && buffer.is_empty() {
        engine.give_buffer(std::mem::take(buffer));
    }
    polled
}

/// What the bytes so far are.
enum Parsed {
    /// More of them are needed.
    Part,
    /// Hints, which a head follows.
    EarlyHints,
    /// The head.
    Head,
}

fn parse(request: &Request, parser: &mut Parser, buffer: &[u8], limit: usize) -> Result<Parsed, Faulty> {
    let progress = parser.parse(buffer).map_err(|fault| {
        request.log(Level::Error, fault);
        Faulty::Server(Failure::InvalidHeader)
    })?;
    match progress {
        Progress::NoHead => {
            request.log(Level::Error, "upstream sent no valid HTTP/1.0 header");
            Ok(Parsed::Head)
        }
        Progress::Again if buffer.len() < limit => Ok(Parsed::Part),
        Progress::EarlyHints if parser.head.end <= limit => Ok(Parsed::EarlyHints),
        Progress::Done if parser.head.end <= limit => Ok(Parsed::Head),
        Progress::Again | Progress::EarlyHints | Progress::Done => {
            request.log(Level::Error, "upstream sent too big header");
            Err(Faulty::Server(Failure::InvalidHeader))
        }
    }
}
