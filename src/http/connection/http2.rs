//! HTTP/2: the shell around [`crate::wire::http2::server`]. Bytes are read and written here; a connection's streams become requests
//! like all others.

use std::pin::{Pin, pin};
use std::rc::Rc;
use std::task::{Context, Poll};

use tokio::io::AsyncWrite;

use super::attended::Attended;
use super::http2_stream::{Exchange, Flow};
use super::request_head::NoRequest;
use super::waiting::Deadline;
use super::{Connection, http2_head, lingering, secure};
use crate::http::engine::Engine;
use crate::http::handlers::HANDLERS;
use crate::http::message::head::Head;
use crate::http::request::{LOGGING, Request};
use crate::http::verdict::{CLOSE, ClientGone};
use crate::http::{access_log, body_reader, finalize};
use crate::ir::http::Server as VirtualServer;
use crate::log::error_log::Level;
use crate::wire::http2::frame::{Code, LARGEST_WINDOW};
use crate::wire::http2::hpack::Limits;
use crate::wire::http2::server::{Event, Fault, NewStream, Server, Settings};

/// So much is read at once.
const READ_SIZE: usize = 16 * 1024;
/// Behind so many reads the streams have their turn.
const MOST_READS: usize = 4;
/// Nothing is read while so much waits to be sent.
const MOST_PENDING: usize = 128 * 1024;

/// Serves a connection on which HTTP/2 is spoken to its end. `first` is what was read of it already.
pub async fn serve(connection: &Rc<Connection>, first: Vec<u8>) {
    let engine = Rc::clone(&connection.engine);
    let server = engine.server(connection.server());
    let flow = Rc::new(Flow::new(Server::new(settings(server))));
    let mut driver = Driver::new(connection, server, Rc::clone(&flow), first);
    let mut draining = pin!(engine.draining.begun());
    let outcome = std::future::poll_fn(|context| {
        let is_draining =
            !driver.has_gone_away() && (engine.is_closing() || draining.as_mut().poll(context).is_ready());
        driver.poll(context, is_draining)
    })
    .await;
    flow.end();
    if outcome.is_ok() {
        drop(lingering::close(connection, &server.location.settings.core).await);
    }
}

fn settings(server: &VirtualServer) -> Settings {
    let headers = server.core.large_client_header_buffers;
    Settings {
        max_streams: server.v2.max_concurrent_streams,
        window: server.v2.body_preread_size.min(LARGEST_WINDOW),
        limits: Limits { field: headers.size, block: headers.count * headers.size },
    }
}

/// What drives a connection: its bytes, its deadlines, its streams.
struct Driver<'c> {
    connection: &'c Rc<Connection>,
    server: &'c VirtualServer,
    flow: Rc<Flow>,
    events: Vec<Event>,
    /// What was read and is not received as a whole.
    bytes: Vec<u8>,
    /// So much of it is: to a request's head, whose stream has its turn before the rest.
    received: usize,
    /// For a stream.
    idle: Deadline,
    /// For the rest of a header block.
    head: Deadline,
    /// For the client to read.
    send: Deadline,
    /// What ends the connection, once the stream that has met with it has had its turn.
    fault: Option<Fault>,
    /// GOAWAY was the last that there is to say.
    is_over: bool,
    /// TLS may hold what it was given.
    is_unflushed: bool,
}

/// What came of reading.
enum Reading {
    /// There is no more.
    Done,
    /// What is to be sent has to be sent first.
    HeldBack,
    /// There may be more.
    Unfinished,
}

impl<'c> Driver<'c> {
    fn new(connection: &'c Rc<Connection>, server: &'c VirtualServer, flow: Rc<Flow>, first: Vec<u8>) -> Self {
        let header_timeout_ms = server.core.client_header_timeout_ms;
        Self {
            connection,
            server,
            flow,
            events: Vec::new(),
            bytes: first,
            received: 0,
            idle: Deadline::after_ms(header_timeout_ms),
            head: Deadline::after_ms(header_timeout_ms),
            send: Deadline::after_ms(server.location.settings.core.send_timeout_ms),
            fault: None,
            is_over: false,
            is_unflushed: false,
        }
    }

    fn has_gone_away(&self) -> bool {
        self.flow.protocol().has_gone_away()
    }

    /// Goes on as far as it can; ready when the connection is over, with an error if there is nobody to say good-bye to.
    fn poll(&mut self, context: &mut Context, is_draining: bool) -> Poll<Result<(), ClientGone>> {
        self.flow.set_waker(context);
        if self.bytes.is_empty() {
            self.flow.protocol().begin_turn();
        }
        if is_draining {
            self.flow.protocol().go_away(Code::NO_ERROR);
        }
        let mut reads = 0;
        loop {
            let reading = self.read(context)?;
            self.flow.wake_streams();
            if matches!(reading, Reading::Unfinished) && (!self.bytes.is_empty() || self.fault.is_some()) {
                // A request that has begun has its turn before what came behind it.
                context.waker().wake_by_ref();
                return Poll::Pending;
            }
            let is_written = self.poll_write(context)?.is_ready();
            self.flow.wake_streams();
            reads += 1;
            match (reading, is_written) {
                (_, true) if self.is_over => return Poll::Ready(Ok(())),
                (Reading::HeldBack, true) => continue,
                (Reading::Unfinished, _) if reads < MOST_READS => continue,
                (Reading::Unfinished, _) => context.waker().wake_by_ref(),
                (Reading::Done | Reading::HeldBack, false) => {}
                (Reading::Done, true) => {
                    if self.poll_rest(context).is_ready() {
                        continue;
                    }
                }
            }
            return Poll::Pending;
        }
    }

    /// Goes on with what was read, or reads once.
    fn read(&mut self, context: &mut Context) -> Result<Reading, ClientGone> {
        if let Some(fault) = self.fault.take() {
            self.say(format_args!("{}", fault.text));
            self.finish(fault.code);
        }
        if self.is_over {
            return Ok(Reading::Done);
        }
        if self.flow.protocol().pending().len() >= MOST_PENDING {
            return Ok(Reading::HeldBack);
        }
        if self.bytes.is_empty() {
            let mut buffer = self.connection.engine.take_buffer();
            let outcome = self.connection.poll_read_to(context, &mut buffer, READ_SIZE);
            match outcome {
                Poll::Ready(Ok(length)) if length > 0 => self.bytes = buffer,
                Poll::Ready(_) => {
                    self.say_what_is_cut();
                    return Err(ClientGone);
                }
                Poll::Pending => {
                    self.connection.engine.give_buffer(buffer);
                    return Ok(Reading::Done);
                }
            }
        }
        self.receive();
        Ok(Reading::Unfinished)
    }

    fn say_what_is_cut(&self) {
        let protocol = self.flow.protocol();
        if protocol.is_incomplete() || protocol.active() > 0 {
            self.say(format_args!("client prematurely closed connection"));
        }
    }

    /// Receives what was read, to the next request's head.
    fn receive(&mut self) {
        let mut events = std::mem::take(&mut self.events);
        let outcome = self.flow.protocol().receive(&self.bytes[self.received..], &mut events);
        for event in events.drain(..) {
            match event {
                Event::Request(stream) => self.begin_stream(stream),
                Event::Say(text) => self.say(format_args!("{text}")),
            }
        }
        self.events = events;
        match outcome {
            Ok(length) if self.received + length < self.bytes.len() => {
                self.received += length;
                return;
            }
            Ok(_) => {}
            Err(fault) => self.fault = Some(fault),
        }
        self.received = 0;
        self.connection.engine.give_buffer(std::mem::take(&mut self.bytes));
    }

    /// Says why, and no more.
    fn finish(&mut self, code: Code) {
        self.flow.protocol().go_away(code);
        self.flow.end();
        self.is_over = true;
    }

    fn begin_stream(&mut self, stream: NewStream) {
        self.idle = Deadline::after_ms(self.server.location.settings.core.keepalive_timeout_ms);
        self.connection.requests.set(self.connection.requests.get() + 1);
        if !self.may_go_on() {
            self.flow.protocol().go_away(Code::NO_ERROR);
        }
        let exchange = Exchange::new(stream.id, Rc::clone(&self.flow));
        let connection = Rc::new(Connection::inside_of(self.connection, exchange));
        tokio::task::spawn_local(serve_stream(connection, stream));
    }

    /// Whether a further stream may follow (`ngx_http_v2_state_headers`).
    fn may_go_on(&self) -> bool {
        let core = &self.server.location.settings.core;
        let age_ms = (crate::log::now::since_epoch().as_millis() as u64).saturating_sub(self.connection.began_ms);
        core.keepalive_timeout_ms > 0
            && self.connection.requests.get() < core.keepalive_requests
            && age_ms <= core.keepalive_time_ms
    }

    /// Writes what there is; pending while the client does not read.
    fn poll_write(&mut self, context: &mut Context) -> Result<Poll<()>, ClientGone> {
        loop {
            let mut protocol = self.flow.protocol();
            if protocol.pending().is_empty() && !self.is_unflushed {
                return Ok(Poll::Ready(()));
            }
            let polled = {
                let mut stream = self.connection.stream();
                let stream = Pin::new(&mut *stream);
                match protocol.pending() {
                    [] => stream.poll_flush(context).map_ok(|()| 0),
                    bytes => stream.poll_write(context, bytes),
                }
            };
            match polled {
                Poll::Ready(Ok(length)) => {
                    self.is_unflushed = length > 0 && self.connection.stream().needs_flush();
                    protocol.advance(length);
                    self.send.restart();
                }
                Poll::Ready(Err(_)) => return Err(ClientGone),
                Poll::Pending => {
                    drop(protocol);
                    let is_late = self.connection.poll_deadline(&mut self.send, context).is_ready();
                    return if is_late { Err(ClientGone) } else { Ok(Poll::Pending) };
                }
            }
        }
    }

    /// What is to be done where there is nothing to read or write; ready if that has led to something.
    fn poll_rest(&mut self, context: &mut Context) -> Poll<()> {
        let (is_in_request, is_busy) = {
            let protocol = self.flow.protocol();
            (protocol.is_in_request(), protocol.active() > 0)
        };
        if is_in_request {
            self.connection.stop_waiting();
            if self.connection.poll_deadline(&mut self.head, context).is_pending() {
                return Poll::Pending;
            }
            // The stream alone (`ngx_http_v2_close_stream_handler`); the connection waits on as it does for a stream.
            self.say(format_args!("client timed out"));
            self.flow.protocol().give_up_request();
            self.idle = Deadline::after_ms(self.server.location.settings.core.keepalive_timeout_ms);
            return Poll::Ready(());
        }
        self.head.restart();
        if is_busy {
            self.connection.stop_waiting();
            self.idle.restart();
            return Poll::Pending;
        }
        if self.has_gone_away() {
            self.is_over = true;
            return Poll::Ready(());
        }
        if self.connection.poll_deadline(&mut self.idle, context).is_ready() {
            let is_incomplete = self.flow.protocol().is_incomplete();
            if is_incomplete {
                self.say(format_args!("client timed out"));
            }
            self.finish(if is_incomplete { Code::PROTOCOL_ERROR } else { Code::NO_ERROR });
            return Poll::Ready(());
        }
        if self.connection.poll_reclaimed(context).is_ready() {
            self.finish(Code::NO_ERROR);
            return Poll::Ready(());
        }
        self.flow.protocol().rest();
        Poll::Pending
    }

    fn say(&self, text: std::fmt::Arguments) {
        self.connection.log(Level::Info, "processing HTTP/2 connection", |line| line.push_display(text));
    }
}

/// Serves one stream: one request from its head to its line in the log.
async fn serve_stream(connection: Rc<Connection>, mut stream: NewStream) {
    let engine: &Engine = &connection.engine;
    let Some(exchange) = connection.exchange() else { return };
    let head = Head { buffer: engine.take_buffer(), ..Head::default() };
    let mut request = Attended(Request::new(&HANDLERS, Rc::clone(&connection), head));
    let outcome = http2_head::take(&mut request, &stream, exchange);
    exchange.recycle(std::mem::take(&mut stream.fields));
    engine.counters.requests.add();
    let writing = engine.counters.writing.hold();
    body_reader::begin(&mut request);
    match outcome {
        // It is never whole.
        Ok(()) if stream.is_broken => std::future::poll_fn(|context| exchange.poll_gone(context)).await,
        Ok(()) => match secure::refusal(&mut request) {
            None => finalize::answer(&mut request).await,
            Some(status) => finalize::refuse(&mut request, status).await,
        },
        Err(NoRequest::Refused(status) | NoRequest::Closed(status)) => finalize::refuse(&mut request, status).await,
    }
    request.finished &= exchange.has_ended();
    drop(writing);
    if let Some(code) = exchange.close(matches!(request.response.status, 408 | CLOSE)) {
        log_given_up(&request, exchange.id, code);
    }
    engine.give_buffer(connection.out.take());
    request.action = LOGGING;
    access_log::write(&request);
    request.contexts.is_logged = true;
    request.contexts.limit_conn_held.clear();
}

/// nginx's words for a stream that its client gives up (`ngx_http_v2_state_rst_stream`).
fn log_given_up(request: &Request, id: u32, code: Code) {
    match code {
        Code::CANCEL => request.log(Level::Info, format_args!("client canceled stream {id}")),
        Code::INTERNAL_ERROR => {
            request.log(Level::Info, format_args!("client terminated stream {id} due to internal error"));
        }
        Code(status) => request.log(Level::Info, format_args!("client terminated stream {id} with status {status}")),
    }
}
