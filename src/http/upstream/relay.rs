//! A backend's answer passed on to the client: head, body, trailers, or the tunnel that takes their place.

use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use super::answer::Answer;
use super::attempt::{Try, conclude, record};
use super::exchange::News;
use super::job::Job;
use super::keepalive::{BackendConnection, Wire};
use super::pipe::{End, Framing, Pipe};
use super::response::Head;
use super::spool::Spool;
use super::store::StoredFile;
use super::waiting::{Waited, log_timeout, wait};
use super::{exchange, headers};
use crate::balance::Outcome;
use crate::http::connection::tunnel;
use crate::http::connection::waiting::{Deadline, SendFault};
use crate::http::filters::{order, write};
use crate::http::message::headers::Known;
use crate::http::request::{HTTP_20, READING, Request, SENDING, Sink};
use crate::http::verdict::{CLIENT_CLOSED_REQUEST, ClientGone, Verdict};
use crate::ir::http::proxy::Proxy;
use crate::log::error_log::Level;
use crate::log::now;

/// What the log says of a backend that sends more than its answer.
const MORE_THAN_SAID: &str = "upstream sent more data than specified in \"Content-Length\" header";
/// With so much that the client does not take while its body goes on, the backend is not read.
const MOST_DEFERRED: usize = 16 * 1024;
/// nginx lets less than this wait for more (`postpone_output`).
const POSTPONED: usize = 1460;

/// Passes an answer on to its end.
pub async fn run(request: &mut Request, job: &Job, attempt: &mut Try<'_>, answer: Answer) -> Verdict {
    let buffering = headers::take_controls(request, &job.proxy, &answer.head, &answer.buffer);
    request.filters.unbuffered = !buffering;
    headers::apply(request, &job.proxy, &job.plan, &answer.head, &answer.buffer);
    if answer.head.version == 9 {
        request.version = 9;
    }
    let upgrades = answer.head.status == 101 && asks_for_upgrade(request);
    request.keepalive &= !upgrades;
    if let Err(fault) = order::send_head(request).await {
        return fault.into();
    }
    if upgrades {
        return run_tunnel(request, job, answer).await;
    }
    // What came with the head is looked at before anything else is read.
    request.action = if buffering { READING } else { exchange::READING_HEAD };
    // Behind `post_action` nothing but the head is looked at.
    let may_store = buffering && !request.post_action;
    let store = StoredFile::of(request, job, &answer, may_store);
    if answer.has_no_body(job) || request.header_only && store.is_none() {
        if let Some(store) = store {
            store.put_in_place(request);
        }
        let is_reusable = answer.has_no_body(job) && !answer.head.close && answer.buffer.len() == answer.head.end;
        return finish_whole(request, attempt, answer, None, is_reusable).await;
    }
    if is_whole(job, &answer) && store.is_none() {
        let (from, is_reusable) = (Some(answer.head.end), !answer.head.close);
        return finish_whole(request, attempt, answer, from, is_reusable).await;
    }
    let mut relay = Relay::new(request, job, answer, buffering);
    relay.pipe.store = store;
    relay.run(request, attempt).await
}

/// Tells the client that its tunnel stands, and carries bytes both ways.
pub async fn open_tunnel(request: &mut Request, job: &Job, connection: Box<BackendConnection>) -> Verdict {
    record(request).status = 200;
    request.response.status = 200;
    if let Err(fault) = order::send_head(request).await {
        return fault.into();
    }
    run_tunnel(request, job, Answer { connection, buffer: Vec::new(), head: Head::default() }).await
}

/// Whether the request asks to leave HTTP.
fn asks_for_upgrade(request: &Request) -> bool {
    request.header(Known::Upgrade).is_some()
}

/// Keeps what variables show of the answer.
pub fn note_head(request: &mut Request, answer: &mut Answer) {
    let Answer { connection, buffer, head } = answer;
    let attempt = record(request);
    if attempt.status == 0 {
        attempt.status = if head.version == 9 { 200 } else { head.status };
    }
    attempt.bytes_received += match connection.is_http2() {
        true => connection.take_received(),
        false => buffer.len() as u64,
    };
    exchange::note_lines(request, head, buffer);
}

/// Whether the body came along with the head, as a whole and alone: that of most small answers does.
fn is_whole(job: &Job, answer: &Answer) -> bool {
    let length = (answer.buffer.len() - answer.head.end) as u64;
    let has_length = !answer.head.chunked && answer.head.content_length == Some(length);
    has_length && !answer.connection.is_http2() && job.proxy.limit_rate.is_none()
}

/// Sends a body of which nothing is left to be read. The backend is let go before the client has everything.
async fn finish_whole(
    request: &mut Request,
    attempt: &mut Try<'_>,
    answer: Answer,
    body_start: Option<usize>,
    is_reusable: bool,
) -> Verdict {
    let head_end = answer.head.end;
    let Answer { connection, buffer, .. } = answer;
    let body = body_start.map_or(&[][..], |start| &buffer[start..]);
    record(request).response_length += body.len() as u64;
    conclude(request, attempt);
    if body_start.is_none() && buffer.len() > head_end && !request.header_only {
        request.log(Level::Warn, MORE_THAN_SAID);
    }
    if is_reusable {
        attempt.keep(connection);
    } else {
        drop(connection);
    }
    attempt.release(request, Outcome::Served);
    if body_start.is_some() {
        request.action = SENDING;
    }
    let sent = order::send_body(request, body).await;
    request.connection.engine.give_buffer(buffer);
    let finished = match sent {
        Ok(()) => order::finish(request).await,
        Err(ClientGone) => Err(ClientGone),
    };
    match finished {
        Ok(()) => Verdict::Done,
        Err(ClientGone) => Verdict::Close,
    }
}

async fn run_tunnel(request: &mut Request, job: &Job, answer: Answer) -> Verdict {
    request.action = "proxying upgraded connection";
    let connection = Rc::clone(&request.connection);
    if write::flush(request).await.is_err() {
        return Verdict::Close;
    }
    let Answer { connection: mut backend, buffer, head } = answer;
    let Wire::Http1(backend) = &mut backend.wire else { return Verdict::Close };
    // A socket that is closed already shows that with the first write.
    drop(backend.set_nodelay());
    let setup = tunnel::Setup {
        from_client: request.take_unread(),
        from_backend: buffer[head.end..].to_vec(),
        buffer_size: job.proxy.buffer_size,
        timeout_ms: job.proxy.read_timeout_ms,
        send_timeout_ms: job.proxy.send_timeout_ms,
        client_send_timeout_ms: request.location.settings.core.send_timeout_ms,
    };
    let course = tunnel::run(&connection, backend, setup).await;
    record(request).bytes_received += course.sent;
    record(request).response_length += course.sent;
    record(request).bytes_sent += course.passed_on;
    // Any end but a write that fails or takes too long is as good as another to nginx's log.
    request.finished = !matches!(course.end, tunnel::End::Failed | tunnel::End::ClientTimedOut);
    if let Some(error) = course.backend_fault {
        super::secure::log_socket_error(request, &error, "recv() failed");
    }
    if let Some(error) = course.client_fault {
        request.log_error(Level::Info, &error, "recv() failed");
    }
    match course.end {
        tunnel::End::TimedOut => log_timeout(request, Level::Info),
        tunnel::End::ClientTimedOut => drop(SendFault::TimedOut.tell(request)),
        tunnel::End::Closed | tunnel::End::Failed => {}
    }
    Verdict::Close
}

/// The body on its way.
struct Relay<'j> {
    job: &'j Job,
    pipe: Pipe,
    buffer: Vec<u8>,
    /// Where the body begins in the buffer.
    from: usize,
    /// Pieces go out as they come.
    prompt: bool,
    is_released: bool,
    has_waited: bool,
    /// Nobody takes the answer any more, and it is read on to be stored.
    is_client_gone: bool,
    is_chunked: bool,
    buffers: Option<Buffers>,
    limit: Option<ReadLimit>,
    /// For the client to take something, and for the backend to say something, while the client's body goes on.
    sending: Deadline,
    reading: Deadline,
}

/// nginx reads into buffers and passes on those that are full: of the last one the client gets nothing before the answer ends, and
/// nothing at all if the backend falls silent or resets.
struct Buffers {
    /// What fits in behind the head.
    first: u64,
    /// What fits into each further one.
    each: u64,
    /// Bytes of the body that were passed on.
    passed: u64,
    /// What is in the last one.
    held: Vec<u8>,
}

impl Buffers {
    fn of(job: &Job, answer: &Answer) -> Self {
        let first = job.proxy.buffer_size.saturating_sub(answer.head.end) as u64;
        Self { first, each: job.proxy.buffers.size.max(1) as u64, passed: 0, held: Vec::new() }
    }

    /// How much of so many bytes stands in full buffers.
    fn full(&self, length: u64) -> u64 {
        match length.checked_sub(self.first) {
            Some(behind) => self.first + behind / self.each * self.each,
            None => 0,
        }
    }

    /// How much of a piece behind what is held is to be passed on, if the first buffers that it fills are full; else it is held.
    fn take(&mut self, piece: &[u8]) -> Option<usize> {
        let waiting = (self.held.len() + piece.len()) as u64;
        let due = (self.full(self.passed + waiting) - self.passed) as usize;
        if due <= self.held.len() {
            self.held.extend_from_slice(piece);
            return None;
        }
        self.passed += due as u64;
        Some(due - self.held.len())
    }
}

/// `proxy_limit_rate`
struct ReadLimit {
    bytes_per_second: u64,
    began_second: u64,
    read: u64,
    /// How long to wait before more is read, so that what was read last keeps to the rate by itself.
    pause_ms: u64,
}

impl ReadLimit {
    fn of(request: &Request, proxy: &Proxy) -> Option<Self> {
        let bytes_per_second = Some(write::size(request, proxy.limit_rate.as_ref()?)).filter(|&rate| rate > 0)?;
        Some(Self { bytes_per_second, began_second: now::since_epoch().as_secs(), read: 0, pause_ms: 0 })
    }

    /// Counts what was read (`ngx_event_pipe_read_upstream`).
    fn count(&mut self, length: u64) {
        self.read += length;
        self.pause_ms = length * 1000 / self.bytes_per_second;
    }

    /// How many bytes may be read now; waits until it is at least one.
    async fn room(&mut self) -> usize {
        tokio::time::sleep(Duration::from_millis(std::mem::take(&mut self.pause_ms))).await;
        loop {
            let seconds = now::since_epoch().as_secs() - self.began_second + 1;
            let allowed = self.bytes_per_second.saturating_mul(seconds);
            if allowed > self.read {
                return usize::try_from(allowed - self.read).unwrap_or(usize::MAX);
            }
            let delay_ms = (self.read - allowed) * 1000 / self.bytes_per_second + 1;
            tokio::time::sleep(Duration::from_millis(delay_ms)).await;
        }
    }
}

impl<'j> Relay<'j> {
    fn new(request: &mut Request, job: &'j Job, answer: Answer, buffering: bool) -> Self {
        let framing = match answer.connection.is_http2() {
            true => Framing::Stream,
            false => Framing::of(&answer.head, job.proxy.pass_trailers),
        };
        let proxy = match buffering == job.proxy.buffering {
            true => Rc::clone(&job.proxy),
            false => Rc::new(Proxy { buffering, ..(*job.proxy).clone() }),
        };
        let is_chunked = answer.head.chunked;
        let is_held =
            buffering && !is_chunked && !answer.connection.is_http2() && !matches!(request.sink, Sink::Memory(_));
        let buffers = is_held.then(|| Buffers::of(job, &answer));
        let meanwhile = Rc::default();
        request.upstream.meanwhile = Some(Rc::clone(&meanwhile));
        let spool = Spool::new(proxy, request.connection.engine.counters.temp_files, meanwhile);
        let pipe = Pipe::new(answer.connection, framing, spool, answer.head.close, job.proxy.buffer_size);
        Self {
            job,
            pipe,
            buffer: answer.buffer,
            from: answer.head.end,
            prompt: !buffering,
            is_released: false,
            has_waited: false,
            is_client_gone: false,
            is_chunked,
            buffers,
            limit: ReadLimit::of(request, &job.proxy),
            sending: Deadline::after_ms(request.location.settings.core.send_timeout_ms),
            reading: Deadline::after_ms(job.proxy.read_timeout_ms),
        }
    }

    /// Whether the body of a client that speaks HTTP/1 is still passed on: it is read, whether the client takes the answer or not.
    fn goes_both_ways(&self, request: &Request) -> bool {
        self.job.passes_body_through && !request.framing.is_done() && self.pipe.takes_pieces()
    }

    async fn run(&mut self, request: &mut Request, attempt: &mut Try<'_>) -> Verdict {
        let first = (self.buffer.len() - self.from + self.pipe.unread()) as u64;
        record(request).response_length += first;
        if let Some(limit) = &mut self.limit {
            limit.read = first;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut range = self.pipe.take_first(&mut buffer, self.from);
        self.note_progress(request, attempt);
        if self.prompt && !range.is_empty() {
            request.action = SENDING;
        }
        loop {
            if !range.is_empty() && !self.is_client_gone {
                self.is_client_gone = self.pass_on(request, &buffer[range]).await.is_err();
            }
            self.note_progress(request, attempt);
            if self.is_client_gone && self.pipe.store.is_none() && !matches!(self.pipe.end, Some(End::Spool(_))) {
                return Verdict::Close;
            }
            range = match self.next(request, &mut buffer).await {
                Ok(Some(range)) => range,
                Ok(None) => break,
                Err(verdict) => return verdict,
            };
            self.note_progress(request, attempt);
        }
        request.connection.engine.give_buffer(buffer);
        self.finish(request).await
    }

    /// Of a client that is watched nginx hears between two pieces, of another one when it writes.
    fn begin_sending(&self, request: &mut Request) -> &'static str {
        let before = request.action;
        if self.job.proxy.ignore_client_abort && !self.prompt {
            request.action = SENDING;
        }
        before
    }

    /// Passes on a piece.
    async fn pass_on(&mut self, request: &mut Request, piece: &[u8]) -> Result<(), ClientGone> {
        let before = self.begin_sending(request);
        request.upstream.defers_writing = self.goes_both_ways(request);
        let passed = self.pass_on_full(request, piece).await;
        request.upstream.defers_writing = false;
        request.action = before;
        passed
    }

    /// Passes on a piece, as far as it stands in full buffers.
    async fn pass_on_full(&mut self, request: &mut Request, piece: &[u8]) -> Result<(), ClientGone> {
        let Some(buffers) = self.buffers.as_mut().filter(|_| self.pipe.end.is_none()) else {
            self.pass_held(request).await?;
            return self.pipe.send_while_reading(request, piece).await;
        };
        let Some(due) = buffers.take(piece) else { return Ok(()) };
        self.pass_held(request).await?;
        let (now, later) = piece.split_at(due);
        if let Some(buffers) = &mut self.buffers {
            buffers.held.extend_from_slice(later);
        }
        self.pipe.send_while_reading(request, now).await
    }

    async fn pass_held(&mut self, request: &mut Request) -> Result<(), ClientGone> {
        match self.buffers.as_mut().map(|buffers| std::mem::take(&mut buffers.held)) {
            Some(held) if !held.is_empty() => self.pipe.send_while_reading(request, &held).await,
            _ => Ok(()),
        }
    }

    /// The next piece: what waits, or what the backend sends. Nothing at the end.
    async fn next(
        &mut self,
        request: &mut Request,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<std::ops::Range<usize>>, Verdict> {
        if matches!(self.pipe.end, Some(End::Spool(_))) {
            return Ok(None);
        }
        match self.pipe.spool.pop() {
            Ok(Some(piece)) => {
                *buffer = piece;
                return Ok(Some(0..buffer.len()));
            }
            Ok(None) => {}
            Err(fault) => self.pipe.end = Some(End::Spool(fault)),
        }
        if self.pipe.end.is_some() {
            return Ok(None);
        }
        buffer.clear();
        if let Some(limit) = &mut self.limit {
            self.pipe.set_read_limit(limit.room().await);
            self.has_waited = true;
        }
        let (gathered, goes_both_ways) = (request.connection.gathered(), self.goes_both_ways(request));
        if (!goes_both_ways || gathered < MOST_DEFERRED)
            && let Some(range) = self.read_now(buffer)
        {
            self.note_hearing();
            return Ok(Some(range));
        }
        let waits = gathered >= POSTPONED || self.prompt && (gathered > 0 || write::holds_back(request));
        let before = self.begin_sending(request);
        request.upstream.defers_writing = goes_both_ways;
        let is_flushed = !waits || self.is_client_gone || write::flush(request).await.is_ok();
        request.action = before;
        if !is_flushed {
            self.is_client_gone = true;
            if self.pipe.store.is_none() {
                return Err(Verdict::Close);
            }
        }
        self.has_waited = true;
        let waited = match goes_both_ways {
            true => self.read_both_ways(request, buffer).await,
            false => {
                let (pipe, timeout_ms) = (&mut self.pipe, self.job.proxy.read_timeout_ms);
                wait(request, self.job, timeout_ms, |context| pipe.poll_read(context, buffer)).await
            }
        };
        request.upstream.defers_writing = false;
        if !matches!(waited, Waited::ClientGone) {
            request.action = READING;
        }
        match waited {
            Waited::Done(range) => Ok(Some(range)),
            Waited::TimedOut => {
                log_timeout(request, Level::Error);
                Err(break_off(request).await)
            }
            Waited::ClientGone => {
                let is_begun = request.connection.sent.get() > request.sent_before;
                Err(if is_begun { Verdict::Close } else { Verdict::Finish(CLIENT_CLOSED_REQUEST) })
            }
        }
    }

    /// Waits for the backend, or for a piece of the body of a client that speaks HTTP/1, which the backend is handed; an empty range
    /// then. Meanwhile the client is sent what waits for it.
    async fn read_both_ways(&mut self, request: &mut Request, buffer: &mut Vec<u8>) -> Waited<std::ops::Range<usize>> {
        request.upstream.hands_body_over = true;
        let connection = Rc::clone(&request.connection);
        let (patience, mut piece) = (request.patience(), Vec::new());
        let Self { pipe, sending, reading, .. } = self;
        let hear = |context: &mut Context| {
            if let Poll::Ready(Err(fault)) = connection.poll_write_out(patience, sending, context) {
                return News::Heard(Err(fault));
            }
            // While it takes nothing, the backend is held up as well, but not what the client sends.
            let polled = match connection.gathered() < MOST_DEFERRED {
                true => pipe.poll_read(context, buffer),
                false => {
                    reading.restart();
                    pipe.poll_send_on(context)
                }
            };
            match polled {
                Poll::Ready(range) => News::Heard(Ok(Waited::Done(range))),
                Poll::Pending if connection.poll_deadline(reading, context).is_ready() => {
                    News::Heard(Ok(Waited::TimedOut))
                }
                Poll::Pending if pipe.wants_piece() => News::PieceWanted,
                Poll::Pending => News::Nothing,
            }
        };
        let heard = exchange::read_or_hear(request, &mut piece, hear).await;
        self.note_hearing();
        match heard {
            Ok(Ok(waited)) => waited,
            Ok(Err(fault)) => {
                fault.tell(request);
                Waited::ClientGone
            }
            Err(is_last) => {
                self.pipe.hand_over(piece, is_last);
                Waited::Done(0..0)
            }
        }
    }

    /// A backend that said something has its time anew.
    fn note_hearing(&mut self) {
        if self.pipe.received > 0 {
            self.reading.restart();
        }
    }

    /// What has arrived already: as long as there is more, the client's packets are filled.
    fn read_now(&mut self, buffer: &mut Vec<u8>) -> Option<std::ops::Range<usize>> {
        let mut context = Context::from_waker(std::task::Waker::noop());
        match self.pipe.poll_read(&mut context, buffer) {
            Poll::Ready(range) => Some(range),
            Poll::Pending => None,
        }
    }

    /// Notes what was read; a backend that was read to the end is let go before the client has everything.
    fn note_progress(&mut self, request: &mut Request, attempt: &mut Try) {
        request.log_temp_file();
        let received = std::mem::take(&mut self.pipe.received);
        let entry = record(request);
        entry.bytes_received += received;
        entry.response_length += received;
        if let Some(limit) = self.limit.as_mut().filter(|_| received > 0) {
            limit.count(received);
        }
        if self.is_released || self.pipe.end.is_none() {
            return;
        }
        self.is_released = true;
        match request.upstream.meanwhile.as_ref().and_then(|meanwhile| meanwhile.ended_ms.get()) {
            Some(ended_ms) => attempt.note_time(ended_ms),
            None if std::mem::take(&mut self.has_waited) => attempt.look_at_clock(),
            None => {}
        }
        conclude(request, attempt);
        if let Some(store) = self.pipe.store.take_if(|_| matches!(self.pipe.end, Some(End::Whole(_)))) {
            store.put_in_place(request);
        }
        if self.pipe.excess {
            let text = match self.is_chunked {
                true => "upstream sent data after final chunk",
                false => MORE_THAN_SAID,
            };
            request.log(Level::Warn, text);
        }
        if let Some(connection) = self.pipe.take_reusable() {
            attempt.keep(connection);
        }
        attempt.release(request, Outcome::Served);
    }

    async fn finish(&mut self, request: &mut Request) -> Verdict {
        if matches!(self.pipe.end, Some(End::Whole(_) | End::Premature))
            && !self.is_client_gone
            && self.pass_held(request).await.is_err()
        {
            return Verdict::Close;
        }
        match self.pipe.end.take() {
            Some(End::Whole(_)) => {
                for (name, value) in self.pipe.trailers.iter() {
                    if self.job.proxy.pass_trailers && !self.job.plan.hides_name(name) {
                        request.response.trailers.push(name, value);
                    }
                    request.upstream.trailers.push(name, value);
                }
                return match order::finish(request).await {
                    Ok(()) => Verdict::Done,
                    Err(ClientGone) => Verdict::Close,
                };
            }
            Some(End::Premature) | None => request.log(Level::Error, "upstream prematurely closed connection"),
            Some(End::Failed(error)) => {
                let call = if self.prompt { "recv() failed" } else { "readv() failed" };
                super::secure::log_socket_error(request, &error, call);
            }
            Some(End::Broken(fault)) => {
                exchange::explain(request, &fault);
                request.connection.discard_gathered();
                return Verdict::Close;
            }
            Some(End::Malformed(fault)) => {
                request.log(Level::Error, fault);
                // nginx closes at once, and with that drops what it has held back until then.
                request.connection.discard_gathered();
                return Verdict::Close;
            }
            Some(End::Spool(fault)) => {
                request.log_error(Level::Crit, &fault.error, &fault.text);
                request.connection.discard_gathered();
                return Verdict::Close;
            }
        }
        break_off(request).await
    }
}

/// The client gets what there is; the end of the connection shows that it is not all.
async fn break_off(request: &mut Request) -> Verdict {
    request.keepalive = false;
    let may_wait = request.body_filters.as_ref().is_some_and(|filters| filters.passes_no_flush());
    if may_wait
        && !request.filters.unbuffered
        && request.connection.gathered() < request.location.settings.core.postpone_output
    {
        request.connection.discard_gathered();
    }
    // If the client is gone as well, nobody is left to tell; otherwise this is an end as good as any to nginx's log.
    request.finished = write::flush(request).await.is_ok();
    // With nginx the answer has ended: one that it is a part of goes on, and so do copies of the request and `post_action`.
    let is_stream = request.version == HTTP_20 && !request.is_subrequest;
    if request.finished && !is_stream { Verdict::Done } else { Verdict::Close }
}
