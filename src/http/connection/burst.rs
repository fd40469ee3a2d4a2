//! The requests of HTTP/1 that a client has sent, one after the other.

use std::rc::Rc;

use super::attended::Attended;
use super::request_head::{self, NoRequest};
use super::{Connection, lingering, secure};
use crate::http::handlers::HANDLERS;
use crate::http::request::{LOGGING, Request, SENDING};
use crate::http::spare::Spare;
use crate::http::{access_log, body_reader, finalize};
use crate::ir::http::Location;
use crate::ir::http::core::{Core, LingeringClose};
use crate::log::error_log::Level;

/// What follows the requests that were there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// The connection waits for the next one to begin.
    Wait {
        /// For so long.
        keepalive_ms: u64,
        /// So long even if the worker is to end.
        kept_ms: u64,
    },
    /// The connection is closed.
    Close,
}

/// Serves requests as long as bytes of the next one are there already.
pub async fn serve_burst(connection: &Rc<Connection>, spare: &mut Spare) -> After {
    let mut pipelined = false;
    loop {
        let mut request = Attended(Request::reusing(&HANDLERS, Rc::clone(connection), std::mem::take(spare)));
        request.pipelined = pipelined;
        if !serve_one(&mut request).await {
            return After::Close;
        }
        let wait = waits_for_next(&request.location.settings.core);
        let unread = request.body_position..request.received;
        let leftover = std::mem::take(&mut request.leftover);
        pipelined = !request.contexts.ends_apart;
        *spare = request.leave();
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
            if status == 408 {
                finalize::reset(request);
            }
            request.action = LOGGING;
            access_log::write(request);
            request.contexts.is_logged = true;
        }
        return false;
    }
    counters.requests.add();
    let writing = counters.writing.hold();
    request.received = request.head.buffer.len();
    request.body_position = request.head.end;
    body_reader::begin(request);
    match outcome {
        Ok(()) => match secure::refusal(request) {
            None => finalize::answer(request).await,
            Some(status) => finalize::refuse(request, status).await,
        },
        Err(NoRequest::Refused(status) | NoRequest::Closed(status)) => finalize::refuse(request, status).await,
    }
    let is_sent = request.client_gone || request.flush().await.is_ok();
    request.finished &= is_sent;
    let is_cut = request.client_gone || !is_sent || request.filter_finalize;
    // What follows still belongs to the answer in nginx, and its line in the log comes last.
    request.action = if request.upstream.attempts.is_empty() { "" } else { SENDING };
    let is_kept = !is_cut && finish(request, &connection).await;
    drop(writing);
    if is_kept {
        // The log shows a connection that is kept as one that is closed (`ngx_http_set_keepalive`).
        request.keepalive = false;
    }
    request.action = LOGGING;
    access_log::write(request);
    request.contexts.is_logged = true;
    request.contexts.limit_conn_held.clear();
    is_kept
}

/// What follows an answer: the rest of the body, then the next request or the end.
async fn finish(request: &mut Request, connection: &Connection) -> bool {
    let location: Rc<Location> = Rc::clone(&request.location);
    let core = &location.settings.core;
    let may_be_kept = request.keepalive && core.keepalive_timeout_ms > 0;
    if may_be_kept && (core.keepalive_min_timeout_ms > 0 || !connection.engine.is_closing()) {
        return request.framing.is_done() || body_reader::drain(request).await;
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
        // One that a backend was handed piece for piece is not waited for: the client sees the end of its answer at once.
        let is_passed_on = request.upstream.hands_body_over;
        if !has_whole_body && !is_passed_on && !body_reader::drain(request).await {
            return false;
        }
        if core.lingering_close != LingeringClose::Off
            && let Err(error) = lingering::close(connection, core).await
        {
            request.log_error(Level::Info, &error, "recv() failed");
        }
    }
    false
}
