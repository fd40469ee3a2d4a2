//! The keep-alive loop: a request is read, answered, logged; then the next one on the same connection.
//!
//! A connection that waits for its next request holds no buffer and no request: both begin with its first byte.

use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use super::burst::After;
use super::runner::Runner;
use super::waiting::Deadline;
use super::{Connection, WAITING_FOR_REQUEST, http2};
use crate::http::engine::Engine;
use crate::log::error_log::Level;
use crate::net::accept::Accepted;
use crate::net::timers::now_ms;
use crate::wire::http2::frame::PREFACE;

/// Begins to serve a connection, in a task of its own.
pub fn serve(engine: &Rc<Engine>, accepted: Accepted) {
    engine.counters.accepted.add();
    engine.counters.handled.add();
    let connection = Connection::new(Rc::clone(engine), accepted);
    connection.debug_socket(|line, socket| {
        line.push_display(format_args!("accept: {} fd:{socket}", connection.peer.with_port()));
    });
    let servers = connection.servers();
    if servers.proxy_protocol || servers.ssl || connection.may_speak_http2() {
        tokio::task::spawn_local(serve_other(connection));
    } else {
        tokio::task::spawn_local(Serving::new(Rc::new(connection), Vec::new()));
    }
}

/// Serves a connection that does not begin with a request of HTTP/1, or may not.
async fn serve_other(connection: Connection) {
    // The futures of handshakes and of HTTP/2 are large: who is through with them, or needs none, is not to hold them.
    let Some(connection) = Box::pin(connection.begin()).await else { return };
    let connection = Rc::new(connection);
    match connection.may_speak_http2() {
        false => Serving::new(Rc::clone(&connection), Vec::new()).await,
        true => Box::pin(serve_either(&connection)).await,
    }
    if connection.is_secure() {
        connection.say_goodbye().await;
    }
}

/// Serves a connection on which the client decides what is spoken: in the handshake, or with its first bytes.
async fn serve_either(connection: &Rc<Connection>) {
    let mut first = Vec::new();
    let speaks_http2 = match connection.is_secure() {
        true => connection.with_stream(|stream| stream.tls().and_then(|tls| tls.alpn_protocol()) == Some(b"h2")),
        false => reads_preface(connection, &mut first).await,
    };
    if !speaks_http2 {
        return Serving::new(Rc::clone(connection), first).await;
    }
    set_options(connection);
    http2::serve(connection, first).await;
}

/// Reads until it is clear whether the client begins with HTTP/2 (`ngx_http_wait_request_handler`).
async fn reads_preface(connection: &Rc<Connection>, first: &mut Vec<u8>) -> bool {
    let core = Rc::clone(&connection.engine.server(connection.server()).core);
    let mut deadline = Deadline::after_ms(core.client_header_timeout_ms);
    while PREFACE.starts_with(first) && first.len() < PREFACE.len() {
        let wanted = PREFACE.len() - first.len();
        match connection.read(first, wanted, &mut deadline).await {
            Ok(length) if length > 0 => {}
            _ => return false,
        }
    }
    PREFACE == *first
}

/// Serves requests of HTTP/1 until the connection is to be closed. By far the most connections of a busy server wait: this is what
/// a waiting one's task consists of.
struct Serving {
    connection: Rc<Connection>,
    stage: Stage,
}

/// tokio's part of a task takes 104 bytes, and a task begins and ends at a multiple of 128.
const _: () = assert!(size_of::<Serving>() <= 24);

enum Stage {
    Waiting(Wait),
    Answering(Runner),
    Over,
}

impl Serving {
    /// `first` is what was read of the first request already.
    fn new(connection: Rc<Connection>, first: Vec<u8>) -> Self {
        set_options(&connection);
        let timeout_ms = connection.engine.server(connection.server()).core.client_header_timeout_ms;
        let stage = match first.is_empty() {
            true => Stage::Waiting(Wait::for_ms(timeout_ms, 0)),
            false => Stage::Answering(Runner::start(&connection, first)),
        };
        let mut serving = Self { connection, stage: Stage::Over };
        serving.enter(stage);
        serving
    }

    /// Goes on to another stage; gives the one that was.
    fn enter(&mut self, stage: Stage) -> Stage {
        let waiting = self.connection.engine.counters.waiting;
        if let Stage::Waiting(_) = stage {
            waiting.add();
        }
        let before = std::mem::replace(&mut self.stage, stage);
        if let Stage::Waiting(_) = before {
            waiting.sub();
            self.connection.stop_waiting();
        }
        before
    }

    fn end_answering(&mut self, after: After) {
        self.connection.stop_watching();
        let next = match after {
            After::Wait { keepalive_ms, kept_ms } => Stage::Waiting(Wait::for_ms(keepalive_ms, kept_ms)),
            After::Close => Stage::Over,
        };
        if let Stage::Answering(runner) = self.enter(next) {
            runner.rest();
        }
    }
}

impl Future for Serving {
    type Output = ();

    fn poll(self: Pin<&mut Self>, context: &mut Context) -> Poll<()> {
        let this = self.get_mut();
        loop {
            match &mut this.stage {
                Stage::Waiting(wait) => match ready!(wait.poll(&this.connection, context)) {
                    true => drop(this.enter(Stage::Answering(Runner::start(&this.connection, Vec::new())))),
                    false => drop(this.enter(Stage::Over)),
                },
                Stage::Answering(runner) => {
                    let after = ready!(runner.poll(context));
                    this.end_answering(after);
                }
                Stage::Over => return Poll::Ready(()),
            }
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.enter(Stage::Over);
    }
}

fn set_options(connection: &Connection) {
    let nodelay = connection.engine.server(connection.server()).location.settings.core.tcp_nodelay;
    connection.with_stream(|stream| {
        if nodelay {
            // A socket that is closed already shows that with the first read.
            drop(stream.set_nodelay());
        }
    });
}

/// How long a connection waits for a request.
struct Wait {
    /// So long; once it has begun, until then.
    due_ms: u64,
    /// Only so long before then the end of the worker is a reason to close it (`keepalive_min_timeout`).
    closable_ms: u32,
    has_begun: bool,
}

impl Wait {
    /// The end of the worker is a reason to close it all the time.
    const ALWAYS: u32 = u32::MAX;

    /// The clock is read only once there is something to wait for.
    fn for_ms(timeout_ms: u64, kept_ms: u64) -> Self {
        let closable_ms =
            if kept_ms == 0 { Self::ALWAYS } else { (timeout_ms - kept_ms).try_into().unwrap_or(Self::ALWAYS) };
        Self { due_ms: timeout_ms, closable_ms, has_begun: false }
    }

    /// Waits for the first byte of a request; false if the connection is to be closed.
    fn poll(&mut self, connection: &Connection, context: &mut Context) -> Poll<bool> {
        let is_first = connection.requests.get() == 0;
        // A new socket claims to be readable until somebody has tried.
        let peeked = connection.with_stream(|stream| match is_first {
            true => stream.poll_peek(context).map_ok(drop),
            false => stream.poll_readable(context),
        });
        if let Poll::Ready(outcome) = peeked {
            return Poll::Ready(outcome.map_err(|error| connection.log_broken(&error)).is_ok());
        }
        if !std::mem::replace(&mut self.has_begun, true) {
            self.due_ms = self.due_ms.saturating_add(now_ms());
        }
        if self.closable_ms != Self::ALWAYS {
            let kept_ms = self.due_ms.saturating_sub(self.closable_ms.into());
            ready!(connection.poll_until(kept_ms, context));
            self.closable_ms = Self::ALWAYS;
        }
        // A connection on which nothing was sent yet is kept until its header timeout.
        if !is_first && connection.engine.is_closing() || connection.poll_reclaimed(context).is_ready() {
            return Poll::Ready(false);
        }
        ready!(connection.poll_until(self.due_ms, context));
        if is_first {
            let text = b"client timed out (110: Connection timed out)";
            connection.log(Level::Info, WAITING_FOR_REQUEST, |line| line.push(text));
        }
        Poll::Ready(false)
    }
}
