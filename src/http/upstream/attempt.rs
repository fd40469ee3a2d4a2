//! A try: the server that was chosen for it, what the balancer learns, and what variables show.

use std::rc::Rc;

use super::answer::Faulty;
use super::connect;
use super::group::Group;
use super::job::Job;
use super::keepalive::BackendConnection;
use super::layout::Server;
use super::record::UpstreamAttempt;
use super::retry::Situation;
use super::waiting::{Waited, wait_for};
use crate::balance::{Outcome, Session, Times};
use crate::http::connection::peer::Peer;
use crate::http::evaluate;
use crate::http::request::Request;
use crate::log::error_log::Level;
use crate::log::now;
use crate::net::connect::Local;
use crate::net::timers;
use crate::wire::http1::request_line::Method;

/// A server that was chosen for a try, and what became of it.
pub struct Try<'j> {
    job: &'j Job,
    /// What the balancer knows of the request.
    pub session: Session,
    /// No try has failed yet.
    pub is_first: bool,
    /// When the first try began, in milliseconds since boot: as exact as nginx, whose clock is the kernel's cheap one, too.
    began_ms: u64,
    /// When this try began.
    started_ms: u64,
    /// When something last came from the backend: what is done with it at once takes no time, as with nginx.
    now_ms: u64,
    /// The server's place for idle connections.
    pub target: Option<crate::net::connect::Target>,
    /// `proxy_bind`: the address that all tries come from.
    pub local: Option<Local>,
    /// Something of the request was sent in this try.
    pub request_sent: bool,
    /// All of the request was sent.
    pub request_whole: bool,
    /// What the request brings that binds it to a server (`sticky`).
    bound_by: Option<Box<[u8]>>,
    /// The server, once it was chosen.
    chosen: Option<Server>,
    /// The line of the response that has our cookie.
    cookie_line: Option<usize>,
}

impl<'j> Try<'j> {
    /// Before the first try.
    pub fn new(job: &'j Job, request: &Request) -> Self {
        let now_ms = timers::now_ms();
        Self {
            job,
            session: begin(job, request),
            is_first: true,
            began_ms: now_ms,
            started_ms: now_ms,
            now_ms,
            target: None,
            local: connect::bind(request, &job.proxy.bind),
            request_sent: false,
            request_whole: false,
            bound_by: job.group.sticky.as_ref().and_then(|sticky| sticky.id(request)),
            chosen: None,
            cookie_line: None,
        }
    }

    /// Ends the try: the balancer learns how it went. Done once.
    pub fn release(&mut self, request: &Request, outcome: Outcome) {
        if self.target.take().is_none() {
            return;
        }
        let group = &self.job.group;
        if let (Some(sticky), Some(server), Outcome::Served) = (&group.sticky, &self.chosen, outcome) {
            sticky.note_end(request, self.bound_by.as_deref(), &server.sid);
        }
        let header_ms = request.upstream.attempts.last().and_then(|attempt| attempt.header_ms);
        let response_ms = (outcome == Outcome::Served).then(|| self.elapsed_ms());
        let times = Times { header_ms, response_ms };
        if group.balancer().release(&mut self.session, outcome, times, now_ms()) {
            request.log(Level::Warn, "upstream server temporarily disabled");
        }
        if let Some(queue) = &group.queue {
            queue.wake();
        }
    }

    /// The same; with `queue` a request waits for its first server. None where it does not get one.
    pub async fn choose_or_wait(&mut self, request: &mut Request) -> Result<Option<Server>, Faulty> {
        let job = self.job;
        let Some(queue) = job.group.queue.as_ref().filter(|_| self.is_first) else { return Ok(self.choose(request)) };
        if queue.is_empty()
            && let Some(server) = self.choose(request)
        {
            return Ok(Some(server));
        }
        let Some(place) = queue.join() else { return Ok(None) };
        loop {
            let Some(left_ms) = queue.timeout_ms.checked_sub(self.waited_ms()).filter(|&left_ms| left_ms > 0) else {
                return Ok(None);
            };
            match wait_for(request, job, left_ms, place.turn()).await {
                Waited::Done(()) => {}
                Waited::TimedOut => return Ok(None),
                Waited::ClientGone => return Err(Faulty::ClientGone),
            }
            // What was looked at in vain has become free.
            self.session = begin(job, request);
            if let Some(server) = self.choose(request) {
                record(request).queue_ms = Some(self.waited_ms());
                return Ok(Some(server));
            }
        }
    }

    /// Chooses a server. With `sticky cookie` the response tells the client of it, whatever becomes of the try.
    fn choose(&mut self, request: &mut Request) -> Option<Server> {
        let group = &self.job.group;
        group.refresh();
        if let (Some(sticky), Some(id)) = (&group.sticky, &self.bound_by) {
            self.session.bind_to(sticky.server(id));
        }
        let engine = Rc::clone(&request.connection.engine);
        let picked = group.balancer().pick(&mut self.session, now_ms(), &mut || engine.upstreams.random());
        self.chosen = picked.ok().map(|id| group.server(id));
        let server = self.chosen.clone()?;
        if let Some(cookie) = group.sticky.as_ref().and_then(|sticky| sticky.cookie(request, &server.sid)) {
            let headers = &mut request.response.headers;
            match self.cookie_line {
                Some(line) => headers.set_at(line, &cookie),
                None => {
                    self.cookie_line = Some(headers.len());
                    headers.push(b"Set-Cookie", &cookie);
                }
            }
        }
        Some(server)
    }

    /// An answer's header has come that is passed on.
    pub fn note_header(&mut self, request: &Request) {
        let group = &self.job.group;
        if let (Some(sticky), Some(server)) = (&group.sticky, &self.chosen) {
            sticky.note_header(request, self.bound_by.as_deref(), &server.sid);
        }
        if let Some(header_ms) = request.upstream.attempts.last().and_then(|attempt| attempt.header_ms) {
            group.balancer().note_header(&mut self.session, header_ms, now_ms());
        }
    }

    /// The backend's answer was read whole: its connection serves another request, if it can.
    pub fn keep(&mut self, connection: Box<BackendConnection>) {
        if let Some(target) = &self.target
            && self.request_whole
        {
            self.job.group.pool.put(connection, target, self.job.tag(), self.now_ms);
        }
    }

    /// Reads the clock, after something was waited for.
    pub fn look_at_clock(&mut self) {
        self.now_ms = timers::now_ms();
    }

    /// Takes what the clock said when the answer ended.
    pub fn note_time(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
    }

    /// Begins another try, when the last one has ended.
    pub fn start(&mut self) {
        self.started_ms = self.now_ms;
        self.request_sent = false;
        self.request_whole = false;
    }

    /// Milliseconds since the first try began, by the clock.
    fn waited_ms(&self) -> u64 {
        timers::now_ms() - self.began_ms
    }

    /// Milliseconds since the try began.
    pub fn elapsed_ms(&self) -> u64 {
        self.now_ms - self.started_ms
    }

    /// What decides whether there is another try.
    pub fn situation(&self, request: &Request) -> Situation {
        Situation {
            tries_left: self.session.tries,
            allowed: self.job.proxy.next_upstream,
            request_sent: self.request_sent,
            non_idempotent: matches!(request.method, Method::Post | Method::Lock | Method::Patch),
            body_passed_through: self.job.passes_body_through,
            elapsed_ms: self.now_ms - self.began_ms,
            timeout_ms: self.job.proxy.next_upstream_timeout_ms,
        }
    }
}

/// A request's walk over the servers.
fn begin(job: &Job, request: &Request) -> Session {
    let mut session = start(request, &job.group);
    if job.proxy.next_upstream_tries > 0 {
        session.tries = session.tries.min(job.proxy.next_upstream_tries);
    }
    session
}

/// Milliseconds on the balancers' clock.
fn now_ms() -> i64 {
    now::at_last_tick().as_millis() as i64
}

/// The present attempt's entry for variables.
pub fn record(request: &mut Request) -> &mut UpstreamAttempt {
    let attempts = &mut request.upstream.attempts;
    if attempts.is_empty() {
        attempts.push(UpstreamAttempt::default());
    }
    let last = attempts.len() - 1;
    &mut attempts[last]
}

/// Notes that the present attempt is over.
pub fn conclude(request: &mut Request, attempt: &Try) {
    let elapsed_ms = attempt.elapsed_ms();
    record(request).response_ms.get_or_insert(elapsed_ms);
}

/// Begins a request's walk over the servers of a group: by the text of its `hash`, or by the client's address (`ip_hash`).
fn start(request: &Request, group: &Group) -> Session {
    if let Some(key) = group.key() {
        return group.start(&evaluate::text(request, key));
    }
    if !group.balancer().needs_key() {
        return group.start(&[]);
    }
    match request.peer() {
        Peer::V4(address) => group.start(&address.ip().octets()[..3]),
        Peer::V6(address) => group.start(&address.ip().octets()),
        Peer::Unix => group.start(&[0; 3]),
    }
}
