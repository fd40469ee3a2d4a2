//! The keep-alive loop: a request is read, answered, logged; then the next one on the same connection.
//!
//! A connection that waits for its next request holds no buffer and no request: both begin with its first byte.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::request_head::{self, NoRequest};
use super::runner::{self, After};
use super::{Connection, Deadline, http2, lingering, secure};
use crate::http::engine::Engine;
use crate::http::request::Request;
use crate::http::spare::Spare;
use crate::http::{access_log, body_reader, finalize};
use crate::ir::http::Location;
use crate::ir::http::core::{Core, LingeringClose};
use crate::log::error_log::Level;
use crate::net::accept::Accepted;

/// nginx's own status for plain HTTP on an address with `ssl`.
const HTTP_TO_HTTPS: u16 = 497;

/// Serves a connection to its end.
pub async fn serve(engine: Rc<Engine>, accepted: Accepted) {
    let counters = &engine.counters;
    counters.accepted.add();
    counters.handled.add();
    let _active = counters.active.hold();
    let Some(connection) = Connection::begin(Rc::clone(&engine), accepted).await else { return };
    match connection.may_speak_http2() {
        false => serve_requests(&engine, &connection, Vec::new()).await,
        // Its future is larger, and most connections are of HTTP/1.
        true => Box::pin(serve_either(&engine, &connection)).await,
    }
}

/// Serves a connection on which the client decides what is spoken: in the handshake, or with its first bytes.
async fn serve_either(engine: &Rc<Engine>, connection: &Rc<Connection>) {
    let mut first = Vec::new();
    let speaks_http2 = match connection.is_secure() {
        true => connection.with_stream(|stream| stream.tls().and_then(|tls| tls.alpn_protocol()) == Some(b"h2")),
        false => reads_preface(engine, connection, &mut first).await,
    };
    if !speaks_http2 {
        return serve_requests(engine, connection, first).await;
    }
    set_options(connection);
    http2::serve(connection, first).await;
    if connection.is_secure() {
        connection.say_goodbye().await;
    }
}

/// Reads until it is clear whether the client begins with HTTP/2 (`ngx_http_wait_request_handler`).
async fn reads_preface(engine: &Rc<Engine>, connection: &Rc<Connection>, first: &mut Vec<u8>) -> bool {
    let core = Rc::clone(&engine.server(connection.servers().default_server).core);
    let mut deadline = Deadline::after_ms(core.client_header_timeout_ms);
    while http2::PREFACE.starts_with(first) && first.len() < http2::PREFACE.len() {
        let wanted = http2::PREFACE.len() - first.len();
        match connection.read(first, wanted, &mut deadline).await {
            Ok(length) if length > 0 => {}
            _ => return false,
        }
    }
    http2::PREFACE == *first
}

/// Serves requests of HTTP/1. `first` is what was read of the first one already.
async fn serve_requests(engine: &Rc<Engine>, connection: &Rc<Connection>, mut first: Vec<u8>) {
    set_options(connection);
    let core = Rc::clone(&engine.server(connection.servers().default_server).core);
    let mut wait = Wait { deadline: Deadline::after_ms(core.client_header_timeout_ms), kept: None };
    let mut closing = std::pin::pin!(engine.draining.begun());
    while !first.is_empty() || wait_readable(connection, &mut wait, closing.as_mut()).await {
        match runner::run(connection, std::mem::take(&mut first)).await {
            After::Wait { keepalive_ms, kept_ms } => wait = Wait::after(keepalive_ms, kept_ms),
            After::Close => break,
        }
    }
    if connection.is_secure() {
        connection.say_goodbye().await;
    }
}

fn set_options(connection: &Connection) {
    let nodelay = connection.engine.server(connection.servers().default_server).location.settings.core.tcp_nodelay;
    connection.with_stream(|stream| {
        if nodelay {
            // A socket that is closed already shows that with the first read.
            drop(stream.set_nodelay());
        }
    });
}

/// How long a connection waits for a request.
struct Wait {
    deadline: Deadline,
    /// `keepalive_min_timeout`: until then the end of the worker is no reason to close it.
    kept: Option<Deadline>,
}

impl Wait {
    fn after(keepalive_ms: u64, kept_ms: u64) -> Self {
        let kept = (kept_ms > 0).then(|| Deadline::after_ms(kept_ms));
        Self { deadline: Deadline::after_ms(keepalive_ms), kept }
    }

    /// Whether the connection is still kept, whatever becomes of the worker.
    fn is_kept(&mut self, connection: &Connection, context: &mut Context) -> bool {
        let is_kept = self.kept.as_mut().is_some_and(|kept| connection.poll_deadline(kept, context).is_pending());
        if !is_kept {
            self.kept = None;
        }
        is_kept
    }
}

/// Waits for the first byte of a request; false if the connection is to be closed.
async fn wait_readable(
    connection: &Connection,
    wait: &mut Wait,
    mut closing: Pin<&mut impl Future<Output = ()>>,
) -> bool {
    let engine = &connection.engine;
    let _waiting = engine.counters.waiting.hold();
    let is_readable = std::future::poll_fn(|context| {
        // A new socket claims to be readable until somebody has tried.
        let peeked = connection.with_stream(|stream| match connection.requests.get() {
            0 => stream.poll_peek(context).map_ok(drop),
            _ => stream.poll_readable(context),
        });
        match peeked {
            Poll::Ready(outcome) => Poll::Ready(outcome.is_ok()),
            // A connection on which nothing was sent yet is kept until its header timeout.
            Poll::Pending if wait.is_kept(connection, context) => Poll::Pending,
            Poll::Pending if connection.requests.get() > 0 && is_closing(engine, closing.as_mut(), context) => {
                Poll::Ready(false)
            }
            Poll::Pending if connection.poll_reclaimed(context).is_ready() => Poll::Ready(false),
            Poll::Pending => connection.poll_deadline(&mut wait.deadline, context).map(|()| false),
        }
    })
    .await;
    connection.stop_waiting();
    is_readable
}

/// Whether the worker is to end; wakes the task when it is told so.
fn is_closing(engine: &Engine, closing: Pin<&mut impl Future<Output = ()>>, context: &mut Context) -> bool {
    engine.is_closing() || closing.poll(context).is_ready()
}

/// Serves requests as long as bytes of the next one are there already.
pub async fn serve_burst(connection: &Rc<Connection>, spare: &mut Spare) -> After {
    let mut pipelined = false;
    loop {
        let mut request = Request::reusing(Rc::clone(connection), std::mem::take(spare));
        request.pipelined = std::mem::replace(&mut pipelined, true);
        if !serve_one(&mut request).await {
            return After::Close;
        }
        let wait = waits_for_next(&request.location.settings.core);
        let unread = request.body_position..request.received;
        let leftover = std::mem::take(&mut request.leftover);
        *spare = Spare::of(&mut request);
        drop(request);
        if !spare.keep_unread(unread, &leftover) {
            return wait;
        }
    }
}

fn waits_for_next(core: &Core) -> After {
    let keepalive_ms = core.keepalive_timeout_ms;
    After::Wait { keepalive_ms, kept_ms: core.keepalive_min_timeout_ms.min(keepalive_ms) }
}

/// Serves one request; whether the connection is kept.
async fn serve_one(request: &mut Request) -> bool {
    let connection = Rc::clone(&request.connection);
    let counters = &connection.engine.counters;
    connection.requests.set(connection.requests.get() + 1);
    let reading = counters.reading.hold();
    let outcome = request_head::read(request).await;
    drop(reading);
    if let Err(NoRequest::Closed(status)) = outcome {
        // A client that sends nothing but line ends has begun a request, too.
        if request.head.line.is_started() || !request.head.buffer.is_empty() {
            counters.requests.add();
            request.response.status = status;
            request.action = "logging request";
            access_log::write(request);
        }
        return false;
    }
    counters.requests.add();
    let writing = counters.writing.hold();
    request.received = request.head.buffer.len();
    request.body_position = request.head.end;
    body_reader::begin(request);
    match outcome {
        Ok(()) if connection.servers().ssl && !connection.is_secure() => {
            request.log(Level::Info, "client sent plain HTTP request to HTTPS port");
            finalize::refuse(request, HTTP_TO_HTTPS).await;
        }
        Ok(()) => match secure::refusal(request) {
            None => finalize::answer(request).await,
            Some(status) => finalize::refuse(request, status).await,
        },
        Err(NoRequest::Refused(status) | NoRequest::Closed(status)) => finalize::refuse(request, status).await,
    }
    let flushed = request.client_gone || connection.flush(request.send_timeout_ms()).await.is_err();
    drop(writing);
    request.action = "logging request";
    access_log::write(request);
    request.limit_conn_held.clear();
    !flushed && finish(request, &connection).await
}

/// What follows an answer: the rest of the body, then the next request or the end.
async fn finish(request: &mut Request, connection: &Connection) -> bool {
    let location: Rc<Location> = Rc::clone(&request.location);
    let core = &location.settings.core;
    if request.keepalive && (core.keepalive_min_timeout_ms > 0 || !connection.engine.is_closing()) {
        if request.framing.is_done() || body_reader::drain(request).await {
            return true;
        }
        return false;
    }
    // The answer is out; a fault in what is forgotten changes it no more.
    let (Ok(()) | Err(_)) = body_reader::skip_preread(request);
    let has_whole_body = request.framing.is_done();
    let linger = match core.lingering_close {
        // A body that is still to come is read to be forgotten all the same.
        LingeringClose::Off => !has_whole_body,
        LingeringClose::Always => true,
        LingeringClose::On => {
            request.lingering_close
                || !has_whole_body
                || request.body_position < request.received
                || !request.leftover.is_empty()
        }
    };
    if linger {
        if !has_whole_body && !body_reader::drain(request).await {
            return false;
        }
        if core.lingering_close != LingeringClose::Off {
            lingering::close(connection, core).await;
        }
    }
    false
}
