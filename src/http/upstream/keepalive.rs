//! Idle connections to backends, kept for later requests (`keepalive`).

use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::task::{Context, Waker};
use std::time::Duration;

use super::http2::Session;
use crate::ir::upstream::Keepalive;
use crate::net::connect::Target;
use crate::net::places::Slot;
use crate::net::stream::Stream;
use crate::net::timers::now_ms;

/// How often dead and old connections are looked for.
const SWEEP_INTERVAL: Duration = Duration::from_millis(500);

/// A connection to a backend. It goes through many hands, and therefore lies in one place.
#[derive(Debug)]
pub struct BackendConnection {
    /// What carries requests and answers.
    pub wire: Wire,
    /// Requests sent on it, with the present one.
    pub requests: u64,
    opened_ms: u64,
    /// Among the worker's connections: as with nginx it is taken as long as the connection is open, in use or not.
    _place: Slot,
}

impl BackendConnection {
    /// A connection that was just opened.
    pub fn new(wire: Wire, place: Slot) -> Box<Self> {
        Box::new(Self { wire, requests: 1, opened_ms: now_ms(), _place: place })
    }

    /// Whether HTTP/2 is spoken.
    pub fn is_http2(&self) -> bool {
        matches!(self.wire, Wire::Http2(_))
    }

    /// Bytes that were received, where the head of an answer is not what was received.
    pub fn take_received(&mut self) -> u64 {
        match &mut self.wire {
            Wire::Http1(_) => 0,
            Wire::Http2(session) => session.take_received(),
        }
    }

    /// Bytes that were received and not looked at.
    pub fn unread(&self) -> usize {
        match &self.wire {
            Wire::Http1(_) => 0,
            Wire::Http2(session) => session.unread(),
        }
    }

    /// The backend closed it, or says something that nobody asked for.
    fn is_spoilt(&mut self) -> bool {
        match &mut self.wire {
            Wire::Http1(stream) => {
                stream.has_news() && stream.poll_peek(&mut Context::from_waker(Waker::noop())).is_ready()
            }
            Wire::Http2(session) => session.is_spoilt(),
        }
    }

    /// Whether all of a request and its answer has gone over it.
    fn is_at_rest(&self) -> bool {
        match &self.wire {
            Wire::Http1(_) => true,
            Wire::Http2(session) => session.is_at_rest(),
        }
    }
}

/// What is spoken on a connection to a backend.
#[derive(Debug)]
pub enum Wire {
    /// HTTP/1, on the socket itself.
    Http1(Stream),
    /// HTTP/2.
    Http2(Box<Session>),
}

#[derive(Debug)]
struct Idle {
    connection: Box<BackendConnection>,
    target: Target,
    /// The location that opened it, where locations keep theirs apart.
    tag: usize,
    until_ms: u64,
}

/// One worker's idle connections to one group.
#[derive(Debug)]
pub struct Pool {
    settings: Keepalive,
    /// The one used last is in front.
    idle: RefCell<VecDeque<Idle>>,
    sweeping: Cell<bool>,
}

impl Pool {
    /// An empty pool.
    pub fn new(settings: Keepalive) -> Rc<Self> {
        Rc::new(Self { settings, idle: RefCell::default(), sweeping: Cell::new(false) })
    }

    /// Are connections kept at all?
    pub fn is_on(&self) -> bool {
        self.settings.connections > 0
    }

    /// An idle connection to this server, opened by the same location if locations keep theirs apart, on which HTTP/2 is spoken
    /// or not.
    pub fn take(&self, target: &Target, tag: usize, is_http2: bool) -> Option<Box<BackendConnection>> {
        let mut idle = self.idle.borrow_mut();
        while let Some(place) =
            idle.iter().position(|idle| idle.connection.is_http2() == is_http2 && self.fits(idle, target, tag))
        {
            let mut found = idle.remove(place)?;
            if !found.connection.is_spoilt() {
                found.connection.requests += 1;
                return Some(found.connection);
            }
        }
        None
    }

    fn fits(&self, idle: &Idle, target: &Target, tag: usize) -> bool {
        (!self.settings.local || idle.tag == tag) && idle.target == *target
    }

    /// Keeps a connection whose answer was read whole; the one unused for longest gives way.
    pub fn put(self: &Rc<Self>, mut connection: Box<BackendConnection>, target: &Target, tag: usize, now_ms: u64) {
        let age_ms = now_ms.saturating_sub(connection.opened_ms);
        if !self.is_on()
            || !connection.is_at_rest()
            || connection.requests >= self.settings.requests
            || age_ms > self.settings.time_ms
        {
            return;
        }
        if let Wire::Http2(session) = &mut connection.wire {
            session.rest();
        }
        let until_ms = now_ms.saturating_add(self.settings.timeout_ms);
        let mut idle = self.idle.borrow_mut();
        if idle.len() >= self.settings.connections {
            idle.pop_back();
        }
        idle.push_front(Idle { connection, target: target.clone(), tag, until_ms });
        drop(idle);
        if !self.sweeping.replace(true) {
            let pool = Rc::clone(self);
            tokio::task::spawn_local(async move { pool.sweep().await });
        }
    }

    /// Closes all: the worker is to end.
    pub fn clear(&self) {
        self.idle.borrow_mut().clear();
    }

    /// Runs as long as there are idle connections.
    async fn sweep(&self) {
        while !self.idle.borrow().is_empty() {
            tokio::time::sleep(SWEEP_INTERVAL).await;
            let now_ms = now_ms();
            self.idle.borrow_mut().retain_mut(|idle| idle.until_ms > now_ms && !idle.connection.is_spoilt());
        }
        self.sweeping.set(false);
    }
}
