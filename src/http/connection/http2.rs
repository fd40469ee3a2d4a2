//! HTTP/2: a connection's streams become requests like all others. The one file of the client side that knows the h2 library.

use std::cell::{Cell, RefCell};
use std::io;
use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};
use std::time::Duration;

use bytes::{Buf, Bytes};
use h2::server::{Builder, SendResponse};
use h2::{Reason, RecvStream, SendStream};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::http2_head::{self, Received};
use super::request_head::NoRequest;
use super::{Connection, Deadline, lingering, secure};
use crate::http::engine::Engine;
use crate::http::message::head::Head;
use crate::http::message::headers::HeaderList;
use crate::http::request::Request;
use crate::http::verdict::ClientGone;
use crate::http::{access_log, body_reader, finalize};
use crate::log::error_log::Level;
use crate::wire::http2_frames::{Block, Frames};

/// What a client that knows beforehand that HTTP/2 is spoken here begins with (RFC 9113 section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Every frame begins with so many bytes (RFC 9113 section 4.1); nginx counts them as sent.
const FRAME_HEADER: usize = 9;
/// The largest window (RFC 9113 section 6.9.1): the connection as a whole is not held back, only its streams are.
const LARGEST_WINDOW: u32 = (1 << 31) - 1;
/// What SETTINGS_MAX_FRAME_SIZE may be at least and at most (RFC 9113 section 6.5.2).
const FRAME_SIZES: (u32, u32) = (1 << 14, (1 << 24) - 1);
/// The window that a client may count on before it knows the settings (RFC 9113 section 6.9.2).
const FIRST_WINDOW: u32 = (1 << 16) - 1;
/// So much of an answer waits in the library for the client's window or the socket.
const SEND_BUFFER: usize = 64 * 1024;
/// nginx's measure of a flood: bytes that carried no request, of which so many are free.
const FREE_OVERHEAD: u64 = 1024 * 1024;

/// The connection's bytes as the library reads and writes them.
struct Wire {
    connection: Rc<Connection>,
    /// What was read before it was known that this is HTTP/2.
    first: Bytes,
    flow: Rc<Flow>,
}

/// What the streams of a connection have in common.
#[derive(Default)]
struct Flow {
    /// Streams that are being answered.
    active: Cell<usize>,
    /// Bytes read from the socket.
    total: Cell<u64>,
    /// Bytes of these that were part of a request.
    payload: Cell<u64>,
    /// Where in the client's frames these bytes end.
    frames: RefCell<Frames>,
    /// Wakes the connection's task when a stream has ended.
    waker: RefCell<Option<Waker>>,
}

impl Flow {
    /// nginx's rule (`ngx_http_v2_read_handler`): an eighth of what comes has to be of use.
    fn is_flooded(&self) -> bool {
        self.total.get() / 8 > self.payload.get() + FREE_OVERHEAD
    }
}

/// A stream that is being answered, counted until it is dropped.
struct Active(Rc<Flow>);

impl Drop for Active {
    fn drop(&mut self) {
        self.0.active.set(self.0.active.get() - 1);
        if let Some(waker) = self.0.waker.take() {
            waker.wake();
        }
    }
}

impl AsyncRead for Wire {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        if this.first.is_empty() {
            ready!(this.connection.with_stream(|stream| Pin::new(stream).poll_read(context, buffer)))?;
        } else {
            let length = this.first.len().min(buffer.remaining());
            buffer.put_slice(&this.first.split_to(length));
        }
        this.flow.frames.borrow_mut().advance(&buffer.filled()[before..]);
        this.flow.total.set(this.flow.total.get() + (buffer.filled().len() - before) as u64);
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.connection.with_stream(|stream| Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context,
        slices: &[io::IoSlice],
    ) -> Poll<io::Result<usize>> {
        self.connection.with_stream(|stream| Pin::new(stream).poll_write_vectored(context, slices))
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        self.connection.with_stream(|stream| Pin::new(stream).poll_flush(context))
    }

    /// The end of the connection is the business of whoever began it.
    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

/// Serves a connection on which HTTP/2 is spoken to its end. `first` is what was read of it already.
pub async fn serve(connection: &Rc<Connection>, first: Vec<u8>) {
    let flow = Rc::new(Flow::default());
    let engine = Rc::clone(&connection.engine);
    let server = engine.server(connection.servers().default_server);
    let core = &server.location.settings.core;
    let wire = Wire { connection: Rc::clone(connection), first: first.into(), flow: Rc::clone(&flow) };
    let limit = Duration::from_millis(server.core.client_header_timeout_ms);
    let handshake = tokio::time::timeout(limit, builder(connection).handshake(wire)).await;
    let outcome = match handshake {
        Ok(Ok(mut protocol)) => serve_streams(connection, &mut protocol, &flow).await,
        Ok(Err(fault)) => Err(fault),
        Err(_) => return,
    };
    if let Err(fault) = outcome {
        log(connection, &fault);
    }
    lingering::close(connection, core).await;
}

fn builder(connection: &Connection) -> Builder {
    let server = connection.engine.server(connection.servers().default_server);
    let headers = server.core.large_client_header_buffers;
    let window = server.v2.body_preread_size.max(FRAME_SIZES.0);
    let mut builder = Builder::new();
    builder
        .max_concurrent_streams(server.v2.max_concurrent_streams)
        .initial_window_size(window)
        .initial_connection_window_size(LARGEST_WINDOW)
        .max_frame_size(window.min(FRAME_SIZES.1))
        .max_header_list_size(u32::try_from(headers.count * headers.size).unwrap_or(u32::MAX))
        .max_send_buffer_size(SEND_BUFFER);
    builder
}

fn log(connection: &Connection, fault: &h2::Error) {
    // A client that closes does no wrong.
    if fault.is_io() {
        return;
    }
    say(connection, format_args!("http2 connection ended: {fault}"));
}

fn say(connection: &Connection, text: std::fmt::Arguments) {
    connection.log(Level::Info, "processing HTTP/2 connection", |line| line.push_display(text));
}

type Protocol = h2::server::Connection<Wire, Bytes>;

/// Takes streams until the client, a limit or the worker ends the connection.
async fn serve_streams(connection: &Rc<Connection>, protocol: &mut Protocol, flow: &Rc<Flow>) -> Result<(), h2::Error> {
    let engine = Rc::clone(&connection.engine);
    let server = engine.server(connection.servers().default_server);
    let keepalive_ms = server.location.settings.core.keepalive_timeout_ms;
    let header_timeout_ms = server.core.client_header_timeout_ms;
    let mut patience =
        Patience { idle: Deadline::after_ms(header_timeout_ms), head: Deadline::after_ms(header_timeout_ms) };
    let mut closing = pin!(engine.draining.begun());
    let (mut is_last, mut is_over) = (false, false);
    std::future::poll_fn(|context| {
        flow.waker.replace(Some(context.waker().clone()));
        loop {
            match protocol.poll_accept(context) {
                Poll::Ready(Some(stream)) => {
                    let (head, answer) = stream?;
                    patience.idle = Deadline::after_ms(keepalive_ms);
                    connection.requests.set(connection.requests.get() + 1);
                    begin_stream(connection, flow, head, answer);
                    if !is_last && !may_go_on(connection) {
                        protocol.graceful_shutdown();
                        is_last = true;
                    }
                    continue;
                }
                Poll::Ready(None) => return Poll::Ready(Ok(())),
                // GOAWAY waits for no client that does not read.
                Poll::Pending if is_over => return Poll::Ready(Ok(())),
                Poll::Pending => {}
            }
            if flow.is_flooded() {
                say(connection, format_args!("http2 flood detected"));
                is_over = true;
                protocol.abrupt_shutdown(Reason::NO_ERROR);
                continue;
            }
            let is_busy = flow.active.get() > 0 || protocol.has_streams();
            if !is_last && (engine.is_closing() || closing.as_mut().poll(context).is_ready()) {
                is_last = true;
                if is_busy {
                    protocol.graceful_shutdown();
                    continue;
                }
            }
            if is_busy {
                connection.stop_waiting();
                patience.idle.restart();
                return Poll::Pending;
            }
            let reason = if is_last { Poll::Ready(Reason::NO_ERROR) } else { patience.poll(connection, flow, context) };
            // nginx waits for no round trip either: what the client has sent meanwhile it may send again elsewhere.
            protocol.abrupt_shutdown(ready!(reason));
            (is_last, is_over) = (true, true);
        }
    })
    .await
}

/// How long a connection on which nothing is answered may wait.
struct Patience {
    /// For a stream.
    idle: Deadline,
    /// For the rest of a header block.
    head: Deadline,
}

impl Patience {
    /// Ready when it is over; why, as the client is told.
    fn poll(&mut self, connection: &Connection, flow: &Flow, context: &mut Context) -> Poll<Reason> {
        if !flow.frames.borrow().is_in_header_block() {
            self.head.restart();
            let is_over = connection.poll_deadline(&mut self.idle, context).is_ready();
            let is_over = is_over || connection.poll_reclaimed(context).is_ready();
            return if is_over { Poll::Ready(Reason::NO_ERROR) } else { Poll::Pending };
        }
        // A stream like any other for nginx, which resets it; the library does not know it yet, and so the connection ends.
        connection.stop_waiting();
        ready!(connection.poll_deadline(&mut self.head, context));
        say(connection, format_args!("client timed out"));
        Poll::Ready(Reason::PROTOCOL_ERROR)
    }
}

/// Whether a further stream may follow (`ngx_http_v2_state_headers`).
fn may_go_on(connection: &Connection) -> bool {
    let core = &connection.engine.server(connection.servers().default_server).location.settings.core;
    let age_ms = (crate::log::now::since_epoch().as_millis() as u64).saturating_sub(connection.began_ms);
    core.keepalive_timeout_ms > 0
        && connection.requests.get() < core.keepalive_requests
        && age_ms <= core.keepalive_time_ms
}

fn begin_stream(
    connection: &Rc<Connection>,
    flow: &Rc<Flow>,
    head: http::Request<RecvStream>,
    mut answer: SendResponse<Bytes>,
) {
    let block = flow.frames.borrow_mut().take_block(answer.stream_id().as_u32());
    if is_early(connection, block, head.body()) {
        say(connection, format_args!("client sent stream with data before settings were acknowledged"));
        return answer.send_reset(Reason::REFUSED_STREAM);
    }
    flow.active.set(flow.active.get() + 1);
    let active = Active(Rc::clone(flow));
    let (parts, body) = head.into_parts();
    let exchange = Exchange {
        id: answer.stream_id().as_u32(),
        body: RefCell::new(Incoming { stream: body, left: Bytes::new() }),
        answer: RefCell::new(Answer::Due(answer)),
        chunk_size: Cell::new(usize::MAX),
        timed_out: Cell::new(false),
        flow: Rc::clone(flow),
    };
    let stream = Rc::new(Connection::inside_of(connection, exchange));
    tokio::task::spawn_local(async move {
        serve_stream(stream, parts, block).await;
        drop(active);
    });
}

/// Whether a body follows of which the client cannot know how small a window it has (`ngx_http_v2_state_headers`).
fn is_early(connection: &Connection, block: Option<Block>, body: &RecvStream) -> bool {
    let server = connection.engine.server(connection.servers().default_server);
    block.is_some_and(|block| !block.is_acknowledged)
        && server.v2.body_preread_size < FIRST_WINDOW
        && !body.is_end_stream()
}

/// Serves one stream: one request from its head to its line in the log.
async fn serve_stream(connection: Rc<Connection>, parts: http::request::Parts, block: Option<Block>) {
    let engine: &Engine = &connection.engine;
    let Some(exchange) = connection.exchange() else { return };
    let mut request = Request::new(Rc::clone(&connection), Head { buffer: engine.take_buffer(), ..Head::default() });
    let received = Received {
        method: parts.method.as_str().as_bytes(),
        path: parts.uri.path_and_query().map(|path| path.as_str().as_bytes()),
        authority: parts.uri.authority().map(|authority| authority.as_str().as_bytes()),
        is_whole: exchange.body.borrow().stream.is_end_stream(),
        length: block.map(|block| block.length),
    };
    let fields = parts.headers.iter().map(|(name, value)| (name.as_str().as_bytes(), value.as_bytes()));
    let outcome = http2_head::take(&mut request, &received, fields);
    exchange.flow.payload.set(exchange.flow.payload.get() + request.request_length.get());
    engine.counters.requests.add();
    let writing = engine.counters.writing.hold();
    body_reader::begin(&mut request);
    match outcome {
        Ok(()) => match secure::refusal(&request) {
            None => finalize::answer(&mut request).await,
            Some(status) => finalize::refuse(&mut request, status).await,
        },
        Err(NoRequest::Refused(status) | NoRequest::Closed(status)) => finalize::refuse(&mut request, status).await,
    }
    drop(writing);
    exchange.close(&request);
    access_log::write(&mut request);
    request.limit_conn_held.clear();
}

/// One stream of HTTP/2: a request's body on its way in, the answer on its way out.
pub struct Exchange {
    id: u32,
    body: RefCell<Incoming>,
    answer: RefCell<Answer>,
    /// `http2_chunk_size`
    pub chunk_size: Cell<usize>,
    timed_out: Cell<bool>,
    flow: Rc<Flow>,
}

struct Incoming {
    stream: RecvStream,
    /// What came in the last frame and was not asked for yet.
    left: Bytes,
}

enum Answer {
    /// Nothing was sent.
    Due(SendResponse<Bytes>),
    /// The head was sent, or all.
    Begun { stream: SendStream<Bytes>, ended: bool },
}

impl Exchange {
    /// Reads what there is of the body to the end of a buffer, at most `limit` bytes; 0 at its end.
    pub fn poll_read_to(&self, context: &mut Context, buffer: &mut Vec<u8>, limit: usize) -> Poll<io::Result<usize>> {
        let Incoming { stream, left } = &mut *self.body.borrow_mut();
        while left.is_empty() {
            match ready!(stream.poll_data(context)) {
                None => return Poll::Ready(Ok(0)),
                Some(Err(fault)) => return Poll::Ready(Err(io::Error::other(fault))),
                Some(Ok(data)) => {
                    self.flow.payload.set(self.flow.payload.get() + data.len() as u64);
                    *left = data;
                }
            }
        }
        let length = left.len().min(limit);
        buffer.extend_from_slice(&left[..length]);
        left.advance(length);
        // A stream that was reset meanwhile has no window to give back to.
        stream.flow_control().release_capacity(length).ok();
        Poll::Ready(Ok(length))
    }

    /// Whether the body was read to its end.
    pub fn is_read(&self) -> bool {
        let body = self.body.borrow();
        body.left.is_empty() && body.stream.is_end_stream()
    }

    /// Ready once the client has given the stream up, or the connection has ended.
    pub fn poll_gone(&self, context: &mut Context) -> Poll<()> {
        match &mut *self.answer.borrow_mut() {
            Answer::Due(answer) => answer.poll_reset(context).map(drop),
            Answer::Begun { ended: true, .. } => Poll::Pending,
            Answer::Begun { stream, .. } => stream.poll_reset(context).map(drop),
        }
    }

    /// Sends hints before the head of the answer.
    pub fn send_early_hints(&self, fields: &HeaderList) -> Result<(), ClientGone> {
        let Answer::Due(answer) = &mut *self.answer.borrow_mut() else { return Err(ClientGone) };
        let mut head = http::Response::new(());
        *head.status_mut() = http::StatusCode::EARLY_HINTS;
        *head.headers_mut() = header_map(fields);
        answer.send_informational(head).map_err(|_| ClientGone)
    }

    /// Sends the head of the answer.
    pub fn send_head(&self, status: u16, fields: &HeaderList, is_whole: bool) -> Result<(), ClientGone> {
        let mut place = self.answer.borrow_mut();
        let Answer::Due(answer) = &mut *place else { return Err(ClientGone) };
        let mut head = http::Response::new(());
        *head.status_mut() = http::StatusCode::from_u16(status).map_err(|_| ClientGone)?;
        *head.headers_mut() = header_map(fields);
        let stream = answer.send_response(head, is_whole).map_err(|_| ClientGone)?;
        *place = Answer::Begun { stream, ended: is_whole };
        Ok(())
    }

    /// Sends the first `length` bytes, or as many of them as the client's window has room for; with them the end, if all are
    /// sent and it is asked for.
    pub fn poll_send(
        &self,
        context: &mut Context,
        bytes: &mut Bytes,
        length: usize,
        and_end: bool,
    ) -> Poll<Result<usize, ClientGone>> {
        let Answer::Begun { stream, ended: ended @ false } = &mut *self.answer.borrow_mut() else {
            return Poll::Ready(Err(ClientGone));
        };
        stream.reserve_capacity(length);
        let mut room = stream.capacity();
        while room == 0 && length > 0 {
            room = match ready!(stream.poll_capacity(context)) {
                Some(Ok(room)) => room,
                Some(Err(_)) | None => return Poll::Ready(Err(ClientGone)),
            };
        }
        let sent = room.min(length);
        *ended = and_end && sent == length;
        stream.send_data(bytes.split_to(sent), *ended).map_err(|_| ClientGone)?;
        Poll::Ready(Ok(sent + FRAME_HEADER))
    }

    /// Ends the answer with trailers.
    pub fn send_trailers(&self, fields: &HeaderList) -> Result<(), ClientGone> {
        let Answer::Begun { stream, ended: ended @ false } = &mut *self.answer.borrow_mut() else {
            return Err(ClientGone);
        };
        stream.send_trailers(header_map(fields)).map_err(|_| ClientGone)?;
        *ended = true;
        Ok(())
    }

    /// Whether nothing can follow any more.
    pub fn has_ended(&self) -> bool {
        matches!(&*self.answer.borrow(), Answer::Begun { ended: true, .. })
    }

    /// Notes that the client did not read, or did not send, for too long.
    pub fn set_timed_out(&self) {
        self.timed_out.set(true);
    }

    /// What is left to say when a request is over: an answer that is not whole ends with a reset (`ngx_http_v2_close_stream`).
    fn close(&self, request: &Request) {
        let reason = match self.timed_out.get() || request.response.status == 408 {
            true => Reason::PROTOCOL_ERROR,
            false => Reason::INTERNAL_ERROR,
        };
        let mut context = Context::from_waker(Waker::noop());
        match &mut *self.answer.borrow_mut() {
            Answer::Due(answer) => match answer.poll_reset(&mut context) {
                Poll::Ready(given) => log_reset(request, self.id, given),
                Poll::Pending => answer.send_reset(reason),
            },
            Answer::Begun { ended: true, .. } => {}
            Answer::Begun { stream, .. } => match stream.poll_reset(&mut context) {
                Poll::Ready(given) => log_reset(request, self.id, given),
                Poll::Pending => stream.send_reset(reason),
            },
        }
    }
}

/// nginx's words for a stream that its client gives up (`ngx_http_v2_state_rst_stream`).
fn log_reset(request: &Request, id: u32, given: Result<Reason, h2::Error>) {
    let Ok(reason) = given else { return };
    match reason {
        Reason::CANCEL => request.log(Level::Info, format_args!("client canceled stream {id}")),
        Reason::REFUSED_STREAM => request.log(Level::Info, format_args!("client refused stream {id}")),
        Reason::INTERNAL_ERROR => {
            request.log(Level::Info, format_args!("client terminated stream {id} due to internal error"));
        }
        _ => {
            let code = u32::from(reason);
            request.log(Level::Info, format_args!("client terminated stream {id} with status {code}"));
        }
    }
}

/// Lines as the library takes them. One that HTTP/2 cannot carry, like a value with a control character, stays out.
fn header_map(fields: &HeaderList) -> http::HeaderMap {
    let mut map = http::HeaderMap::with_capacity(fields.len());
    for (name, value) in fields.iter() {
        if let (Ok(name), Ok(value)) = (http::HeaderName::from_bytes(name), http::HeaderValue::from_bytes(value)) {
            map.append(name, value);
        }
    }
    map
}
