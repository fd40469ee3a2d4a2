//! One request's way through a group of servers: tries, their outcomes, and the answer that is passed on.

use std::borrow::Cow;
use std::pin::pin;
use std::rc::Rc;
use std::task::Poll;

use tokio::time::Instant;

use super::connect;
use super::exchange::{self, Answer, Faulty};
use super::group::Group;
use super::headers;
use super::http2;
use super::keepalive::BackendConnection;
use super::layout::Server;
use super::relay;
use super::request::{BodyLength, Destination};
use super::response::Kind;
use super::retry::{Failure, Situation};
use super::secure::Secure;
use crate::balance::{Outcome, Session, Times};
use crate::http::finalize;
use crate::http::message::headers::Known;
use crate::http::request::{Request, UpstreamAttempt};
use crate::http::verdict::{CLIENT_CLOSED_REQUEST, Verdict};
use crate::ir::http::proxy::{IgnoreHeaders, Proxy, Store};
use crate::log::error_log::Level;
use crate::wire::http1::request_line::Method;

/// All that the tries of one request share.
pub struct Job {
    /// The location's directives.
    pub proxy: Rc<Proxy>,
    /// What is made of the answer's headers.
    pub plan: Rc<headers::Plan>,
    /// The servers.
    pub group: Rc<Group>,
    /// TLS towards the servers.
    pub tls: Option<Secure>,
    /// The URL.
    pub destination: Destination,
    /// The request line and headers, and a body of `proxy_set_body` behind them, which is all of it with HTTP/2.
    pub head: Vec<u8>,
    /// The head where HTTP/2 is spoken.
    pub http2: Option<http2::RequestHead>,
    /// How the body follows.
    pub body: BodyLength,
    /// The client's body goes on as it comes.
    pub passes_body_through: bool,
    /// The client's body goes on.
    pub passes_body: bool,
    /// The method asks for a head alone.
    pub is_head: bool,
    /// Nothing is asked: bytes go both ways once there is a connection (`tunnel_pass`).
    pub opens_tunnel: bool,
}

impl Job {
    /// Connections are kept apart by location where `keepalive` says so.
    pub fn tag(&self) -> usize {
        Rc::as_ptr(&self.proxy) as usize
    }
}

/// A server that was chosen for a try, and what became of it.
pub struct Try<'j> {
    job: &'j Job,
    session: Session,
    began: Instant,
    /// When this try began.
    pub started: Instant,
    /// When something last came from the backend: what is done with it at once takes no time, as with nginx.
    pub now: Instant,
    /// The server's place for idle connections.
    pub target: Option<crate::net::connect::Target>,
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
    fn new(job: &'j Job, request: &Request) -> Self {
        let now = Instant::now();
        Self {
            job,
            session: begin(job, request),
            began: now,
            started: now,
            now,
            target: None,
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
    async fn choose_or_wait(&mut self, request: &mut Request) -> Result<Option<Server>, Faulty> {
        let job = self.job;
        let first = self.now == self.began;
        let Some(queue) = job.group.queue.as_ref().filter(|_| first) else { return Ok(self.choose(request)) };
        if queue.is_empty()
            && let Some(server) = self.choose(request)
        {
            return Ok(Some(server));
        }
        let Some(place) = queue.join() else { return Ok(None) };
        loop {
            let waited_ms = self.began.elapsed().as_millis() as u64;
            let Some(left_ms) = queue.timeout_ms.checked_sub(waited_ms).filter(|&left_ms| left_ms > 0) else {
                return Ok(None);
            };
            match wait_for(request, job, left_ms, place.turn()).await {
                Waited::Done(()) => {}
                Waited::TimedOut => return Ok(None),
                Waited::ClientGone => {
                    log_client_gone(request);
                    return Err(Faulty::ClientGone);
                }
            }
            // What was looked at in vain has become free.
            self.session = begin(job, request);
            if let Some(server) = self.choose(request) {
                record(request).queue_ms = Some(self.began.elapsed().as_millis() as u64);
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
    fn note_header(&mut self, request: &Request) {
        let group = &self.job.group;
        if let (Some(sticky), Some(server)) = (&group.sticky, &self.chosen) {
            sticky.note_header(request, self.bound_by.as_deref(), &server.sid);
        }
        if let Some(header_ms) = request.upstream.attempts.last().and_then(|attempt| attempt.header_ms) {
            group.balancer().note_header(&mut self.session, header_ms, now_ms());
        }
    }

    /// The backend's answer was read whole: its connection serves another request, if it can.
    pub fn keep(&mut self, connection: BackendConnection) {
        if let Some(target) = &self.target
            && self.request_whole
        {
            self.job.group.pool.put(connection, target, self.job.tag(), self.now);
        }
    }

    /// Reads the clock, after something was waited for.
    pub fn look_at_clock(&mut self) {
        self.now = Instant::now();
    }

    /// Milliseconds since the try began.
    pub fn elapsed_ms(&self) -> u64 {
        (self.now - self.started).as_millis() as u64
    }

    fn situation(&self, request: &Request) -> Situation {
        Situation {
            tries_left: self.session.tries,
            allowed: self.job.proxy.next_upstream,
            request_sent: self.request_sent,
            non_idempotent: matches!(request.method, Method::Post | Method::Lock | Method::Patch),
            body_passed_through: self.job.passes_body_through,
            elapsed_ms: (self.now - self.began).as_millis() as u64,
            timeout_ms: self.job.proxy.next_upstream_timeout_ms,
        }
    }
}

/// A request's walk over the servers.
fn begin(job: &Job, request: &Request) -> Session {
    let mut session = job.group.start(request);
    if job.proxy.next_upstream_tries > 0 {
        session.tries = session.tries.min(job.proxy.next_upstream_tries);
    }
    session
}

/// Milliseconds on the balancers' clock.
fn now_ms() -> i64 {
    crate::log::now::since_epoch().as_millis() as i64
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

/// What a try came to.
enum Tried {
    /// The request has its answer, or its end.
    Over(Verdict),
    /// It failed; the connection had been used before.
    Failed(Failure, bool),
}

/// Tries servers until one has answered or none is left.
pub async fn run(request: &mut Request, job: &Job) -> Verdict {
    let mut attempt = Try::new(job, request);
    let redirected = !request.upstream.attempts.is_empty();
    loop {
        let (failure, reused) = match one_try(request, job, &mut attempt, redirected).await {
            Tried::Over(verdict) => {
                if record(request).response_ms.is_none() {
                    attempt.look_at_clock();
                    conclude(request, &attempt);
                }
                attempt.release(request, Outcome::Served);
                request.action = "sending to client";
                return verdict;
            }
            Tried::Failed(failure, reused) => (failure, reused),
        };
        fail(request, &mut attempt, failure, reused);
        if !attempt.situation(request).tries_again_after(failure) {
            request.action = "sending to client";
            return Verdict::Finish(failure.status());
        }
    }
}

fn fail(request: &mut Request, attempt: &mut Try, failure: Failure, reused: bool) {
    let outcome = if failure.is_servers_fault() { Outcome::Failed } else { Outcome::Next };
    attempt.release(request, outcome);
    attempt.look_at_clock();
    conclude(request, attempt);
    record(request).status = failure.status();
    if reused && failure == Failure::Error {
        // The backend closed an idle connection just then: that says nothing about the server.
        attempt.session.tries += 1;
    }
}

async fn one_try(request: &mut Request, job: &Job, attempt: &mut Try<'_>, redirected: bool) -> Tried {
    let first_of_redirect = redirected && attempt.started == attempt.began;
    attempt.started = attempt.now;
    attempt.request_sent = false;
    attempt.request_whole = false;
    request.action = "connecting to upstream";
    request.upstream.attempts.push(UpstreamAttempt { redirected: first_of_redirect, ..UpstreamAttempt::default() });
    let server = match attempt.choose_or_wait(request).await {
        Ok(Some(server)) => server,
        Ok(None) => {
            record(request).address = Rc::clone(&job.group.name);
            request.log(Level::Error, "no live upstreams");
            return Tried::Failed(Failure::NoLive, false);
        }
        Err(faulty) => return over_or_failed(faulty, false),
    };
    record(request).address = Rc::clone(&server.name);
    attempt.target = Some(server.target.clone());
    if job.opens_tunnel {
        return open_tunnel(request, job, attempt, &server).await;
    }
    let (connection, reused) = match job.group.pool.take(&server.target, job.tag(), job.http2.is_some()) {
        Some(connection) => (connection, true),
        None => match connect::open(request, job, &server).await {
            Ok(connection) => {
                attempt.look_at_clock();
                (connection, false)
            }
            Err(faulty) => return over_or_failed(faulty, false),
        },
    };
    record(request).connect_ms = Some(attempt.elapsed_ms());
    let answer = match exchange::run(request, job, attempt, connection).await {
        Ok(answer) => answer,
        Err(faulty) => return over_or_failed(faulty, reused),
    };
    attempt.look_at_clock();
    record(request).header_ms = Some(attempt.elapsed_ms());
    judge(request, job, attempt, answer).await
}

/// A connection alone is an answer.
async fn open_tunnel(request: &mut Request, job: &Job, attempt: &mut Try<'_>, server: &Server) -> Tried {
    let connection = match connect::open(request, job, server).await {
        Ok(connection) => connection,
        Err(faulty) => return over_or_failed(faulty, false),
    };
    attempt.look_at_clock();
    let elapsed_ms = attempt.elapsed_ms();
    let entry = record(request);
    (entry.connect_ms, entry.header_ms) = (Some(elapsed_ms), Some(elapsed_ms));
    Tried::Over(relay::open_tunnel(request, job, connection).await)
}

fn over_or_failed(faulty: Faulty, reused: bool) -> Tried {
    match faulty {
        Faulty::Server(failure) => Tried::Failed(failure, reused),
        Faulty::ClientGone => Tried::Over(Verdict::Finish(CLIENT_CLOSED_REQUEST)),
        Faulty::Request(status) => Tried::Over(Verdict::Finish(status)),
    }
}

/// Decides what becomes of an answer whose head was read.
async fn judge(request: &mut Request, job: &Job, attempt: &mut Try<'_>, answer: Answer) -> Tried {
    let status = answer.head.status;
    relay::note_head(request, &answer.head, &answer.buffer);
    if status >= 300 {
        let failure = Failure::Status(status);
        // The present server still counts among the tries here.
        if attempt.session.tries > 1 && attempt.situation(request).tries_again_after(failure) {
            return Tried::Failed(failure, false);
        }
        if is_intercepted(request, job, status) {
            keep_challenges(request, &answer, status);
            keep_if_bodyless(job, attempt, answer);
            return Tried::Over(Verdict::Finish(status));
        }
    }
    attempt.note_header(request);
    if let Some(target) = redirect_target(job, &answer) {
        let target = target.into_owned();
        headers::take_controls(request, &job.proxy, &answer.head, &answer.buffer);
        headers::apply_to_redirect(request, &job.proxy, &job.plan, &answer.head, &answer.buffer);
        keep_if_bodyless(job, attempt, answer);
        return Tried::Over(redirect(request, &target));
    }
    Tried::Over(relay::run(request, job, attempt, answer).await)
}

fn is_intercepted(request: &Request, job: &Job, status: u16) -> bool {
    let core = &request.location.settings.core;
    job.proxy.intercept_errors && core.error_pages.iter().any(|page| page.status == status)
}

fn keep_challenges(request: &mut Request, answer: &Answer, status: u16) {
    if status != 401 {
        return;
    }
    for line in answer.head.lines.iter().filter(|line| line.kind == Kind::WwwAuthenticate) {
        let (name, value) = (&answer.buffer[line.name.clone()], &answer.buffer[line.value.clone()]);
        request.response.headers.push(name, value);
    }
}

fn keep_if_bodyless(job: &Job, attempt: &mut Try, answer: Answer) {
    if answer.has_no_body(job) && !answer.head.close && answer.head.end == answer.buffer.len() {
        attempt.keep(answer.connection);
    }
}

fn redirect_target<'a>(job: &Job, answer: &'a Answer) -> Option<Cow<'a, [u8]>> {
    if job.proxy.ignore_headers.contains(IgnoreHeaders::X_ACCEL_REDIRECT) {
        return None;
    }
    answer.head.find(&answer.buffer, Kind::AccelRedirect).map(Cow::Borrowed)
}

/// `X-Accel-Redirect`
fn redirect(request: &mut Request, target: &[u8]) -> Verdict {
    if target.first() == Some(&b'@') {
        return finalize::named_location(request, target);
    }
    let Some((uri, args)) = super::unsafe_uri::parse(target) else {
        let text = String::from_utf8_lossy(target).into_owned();
        request.log(Level::Error, format_args!("unsafe URI \"{text}\" was detected"));
        return Verdict::Finish(404);
    };
    if request.method != Method::Head {
        request.method = Method::Get;
        request.method_name = Some(b"GET");
    }
    finalize::internal_redirect(request, &uri, &args)
}

/// Waits for something that concerns the backend, while the client is watched.
pub async fn wait<T>(
    request: &Request,
    job: &Job,
    timeout_ms: u64,
    mut poll: impl FnMut(&mut std::task::Context) -> Poll<T>,
) -> Waited<T> {
    let mut deadline = crate::http::connection::Deadline::after_ms(timeout_ms);
    let connection = &request.connection;
    // On a stream of HTTP/2 the end of the body and the end of the stream are different things.
    let is_stream = connection.exchange().is_some();
    // What is stored is read to its end for its own sake.
    let is_stored = job.proxy.store != Store::Off;
    let watched = !is_stored && !job.proxy.ignore_client_abort && (!job.passes_body_through || is_stream);
    std::future::poll_fn(|context| {
        // The client first: of an end and an answer that are there together, nginx sees what came first, which is the end.
        if watched && connection.poll_gone(context).is_ready() {
            return Poll::Ready(Waited::ClientGone);
        }
        if let Poll::Ready(value) = poll(context) {
            return Poll::Ready(Waited::Done(value));
        }
        connection.poll_deadline(&mut deadline, context).map(|()| Waited::TimedOut)
    })
    .await
}

/// The same for a future.
pub async fn wait_for<F: Future>(request: &Request, job: &Job, timeout_ms: u64, future: F) -> Waited<F::Output> {
    let mut future = pin!(future);
    wait(request, job, timeout_ms, |context| future.as_mut().poll(context)).await
}

/// What waiting came to.
pub enum Waited<T> {
    /// It happened.
    Done(T),
    /// It took too long.
    TimedOut,
    /// The client went away first.
    ClientGone,
}

/// Says that the client went away.
pub fn log_client_gone(request: &Request) {
    request.log(
        Level::Info,
        "epoll_wait() reported that client prematurely closed connection, so upstream connection is closed too",
    );
}

/// Says that the backend was silent for too long.
pub fn log_timeout(request: &Request) {
    let error = std::io::Error::from_raw_os_error(110);
    request.log_error(Level::Error, &error, "upstream timed out");
}

/// Whether the request asks to leave HTTP.
pub fn asks_for_upgrade(request: &Request) -> bool {
    request.header(Known::Upgrade).is_some()
}
