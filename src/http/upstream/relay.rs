//! A backend's answer passed on to the client: head, body, trailers, or the tunnel that takes their place.

use std::rc::Rc;
use std::task::Poll;
use std::time::Duration;

use super::answer::Answer;
use super::attempt::{Try, conclude, record};
use super::exchange;
use super::headers;
use super::job::Job;
use super::keepalive::{BackendConnection, Wire};
use super::pipe::{End, Framing, Pipe};
use super::response::Head;
use super::spool::Spool;
use super::store::StoredFile;
use super::waiting::{Waited, log_client_gone, log_timeout, wait};
use crate::balance::Outcome;
use crate::http::connection::tunnel;
use crate::http::evaluate;
use crate::http::filters::order;
use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::http::verdict::{CLIENT_CLOSED_REQUEST, ClientGone, Verdict};
use crate::ir::http::proxy::Proxy;
use crate::log::error_log::Level;
use crate::log::now;
use crate::primitives::size;

/// What the log calls a wait for the backend.
const READING: &str = "reading upstream";
/// nginx lets less than this wait for more (`postpone_output`).
const POSTPONED: usize = 1460;

/// Passes an answer on to its end.
pub async fn run(request: &mut Request, job: &Job, attempt: &mut Try<'_>, answer: Answer) -> Verdict {
    let buffering = headers::take_controls(request, &job.proxy, &answer.head, &answer.buffer);
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
    let store = StoredFile::of(request, job, &answer, buffering);
    if answer.has_no_body(job) || request.header_only && store.is_none() {
        if let Some(store) = store {
            store.put_in_place(request);
        }
        let is_reusable = answer.has_no_body(job) && !answer.head.close && answer.buffer.len() == answer.head.end;
        return finish_whole(request, attempt, answer, None, is_reusable).await;
    }
    // What nginx finds out while it passes on what came with the head, it finds out while it sends.
    let sends_first = !buffering && answer.buffer.len() > answer.head.end;
    request.action = if sends_first { "sending to client" } else { READING };
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
pub fn note_head(request: &mut Request, head: &Head, buffer: &[u8]) {
    let attempt = record(request);
    if attempt.status == 0 {
        attempt.status = if head.version == 9 { 200 } else { head.status };
    }
    attempt.bytes_received += buffer.len() as u64;
    if request.connection.engine.upstreams.shows_headers() {
        let list = &mut request.upstream.headers;
        list.clear();
        for line in &head.lines {
            list.push(&buffer[line.name.clone()], &buffer[line.value.clone()]);
        }
    }
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
    let Answer { connection, buffer, .. } = answer;
    let body = body_start.map_or(&[][..], |start| &buffer[start..]);
    record(request).response_length += body.len() as u64;
    conclude(request, attempt);
    if is_reusable {
        attempt.keep(connection);
    } else {
        drop(connection);
    }
    attempt.release(request, Outcome::Served);
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
    if order::flush(request).await.is_err() {
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
    };
    let (end, received) = tunnel::run(&connection, backend, setup).await;
    record(request).bytes_received += received;
    record(request).response_length += received;
    if end == tunnel::End::TimedOut {
        log_timeout(request);
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
    first_buffer: Option<FirstBuffer>,
    limit: Option<ReadLimit>,
}

/// nginx passes nothing on before its first buffer is full, and nothing of it at all if the backend then falls silent or resets.
struct FirstBuffer {
    /// What fits in behind the head.
    room: u64,
    /// What waited for the client before the body.
    gathered: usize,
    /// What had been sent.
    sent: u64,
}

impl FirstBuffer {
    fn of(request: &Request, job: &Job, answer: &Answer) -> Self {
        Self {
            room: job.proxy.buffer_size.saturating_sub(answer.head.end) as u64,
            gathered: request.connection.gathered(),
            sent: request.connection.sent.get(),
        }
    }

    /// Drops the body, if nothing of it is on its way.
    fn drop(&self, request: &Request) {
        if request.connection.sent.get() == self.sent {
            request.connection.gather(|out| out.truncate(self.gathered));
        }
    }
}

/// `proxy_limit_rate`
struct ReadLimit {
    bytes_per_second: u64,
    began_second: u64,
    read: u64,
}

impl ReadLimit {
    fn of(request: &Request, proxy: &Proxy) -> Option<Self> {
        let text = evaluate::text(request, proxy.limit_rate.as_ref()?);
        let bytes_per_second = size::parse_size(&text).filter(|&rate| rate > 0)?;
        Some(Self { bytes_per_second, began_second: now::since_epoch().as_secs(), read: 0 })
    }

    /// How many bytes may be read now; waits until it is at least one.
    async fn room(&self) -> usize {
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
    fn new(request: &Request, job: &'j Job, answer: Answer, buffering: bool) -> Self {
        let framing = match answer.connection.is_http2() {
            true => Framing::Stream(job.proxy.pass_trailers),
            false => Framing::of(&answer.head, job.proxy.pass_trailers),
        };
        let proxy = match buffering == job.proxy.buffering {
            true => Rc::clone(&job.proxy),
            false => Rc::new(Proxy { buffering, ..(*job.proxy).clone() }),
        };
        let is_chunked = answer.head.chunked;
        let is_held = buffering && !is_chunked && !answer.connection.is_http2() && !request.is_subrequest;
        let first_buffer = is_held.then(|| FirstBuffer::of(request, job, &answer));
        let spool = Spool::new(proxy, request.connection.engine.counters.temp_files);
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
            first_buffer,
            limit: ReadLimit::of(request, &job.proxy),
        }
    }

    async fn run(&mut self, request: &mut Request, attempt: &mut Try<'_>) -> Verdict {
        let first = (self.buffer.len() - self.from) as u64;
        record(request).response_length += first;
        if let Some(limit) = &mut self.limit {
            limit.read = first;
        }
        let mut buffer = std::mem::take(&mut self.buffer);
        let mut range = self.pipe.take_first(&mut buffer, self.from);
        loop {
            self.note_progress(request, attempt);
            if !range.is_empty() && !self.is_client_gone {
                self.is_client_gone = self.pipe.send_while_reading(request, &buffer[range]).await.is_err();
            }
            if self.is_client_gone && self.pipe.store.is_none() {
                return Verdict::Close;
            }
            self.note_progress(request, attempt);
            range = match self.next(request, &mut buffer).await {
                Ok(Some(range)) => range,
                Ok(None) => break,
                Err(verdict) => return verdict,
            };
        }
        request.connection.engine.give_buffer(buffer);
        self.finish(request).await
    }

    /// The next piece: what waits, or what the backend sends. Nothing at the end.
    async fn next(
        &mut self,
        request: &mut Request,
        buffer: &mut Vec<u8>,
    ) -> Result<Option<std::ops::Range<usize>>, Verdict> {
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
        if let Some(limit) = &self.limit {
            self.pipe.set_read_limit(limit.room().await);
        }
        if let Some(range) = self.read_now(buffer) {
            return Ok(Some(range));
        }
        self.note_first_buffer(request);
        let gathered = request.connection.gathered();
        let waits = gathered >= POSTPONED && self.first_buffer.is_none()
            || self.prompt && (gathered > 0 || order::holds_back(request));
        if waits && !self.is_client_gone && order::flush(request).await.is_err() {
            self.is_client_gone = true;
            if self.pipe.store.is_none() {
                return Err(Verdict::Close);
            }
        }
        self.has_waited = true;
        request.action = READING;
        let pipe = &mut self.pipe;
        let waited = wait(request, self.job, self.job.proxy.read_timeout_ms, |context| pipe.poll_read(context, buffer));
        match waited.await {
            Waited::Done(range) => Ok(Some(range)),
            Waited::TimedOut => {
                log_timeout(request);
                self.drop_first_buffer(request);
                Err(break_off(request).await)
            }
            Waited::ClientGone => {
                log_client_gone(request);
                let is_begun = request.connection.sent.get() > request.sent_before;
                Err(if is_begun { Verdict::Close } else { Verdict::Finish(CLIENT_CLOSED_REQUEST) })
            }
        }
    }

    /// What has arrived already: as long as there is more, the client's packets are filled.
    fn read_now(&mut self, buffer: &mut Vec<u8>) -> Option<std::ops::Range<usize>> {
        let mut context = std::task::Context::from_waker(std::task::Waker::noop());
        match self.pipe.poll_read(&mut context, buffer) {
            Poll::Ready(range) => Some(range),
            Poll::Pending => None,
        }
    }

    /// Notes what was read; a backend that was read to the end is let go before the client has everything.
    fn note_progress(&mut self, request: &mut Request, attempt: &mut Try) {
        if let Some(path) = self.pipe.spool.news.take()
            && self.pipe.store.is_none()
        {
            let text = format_args!("an upstream response is buffered to a temporary file {path}");
            request.log(Level::Warn, text);
        }
        let received = std::mem::take(&mut self.pipe.received);
        let entry = record(request);
        entry.bytes_received += received;
        entry.response_length += received;
        if let Some(limit) = &mut self.limit {
            limit.read += received;
        }
        if self.is_released || self.pipe.end.is_none() {
            return;
        }
        self.is_released = true;
        if std::mem::take(&mut self.has_waited) {
            attempt.look_at_clock();
        }
        conclude(request, attempt);
        if let Some(store) = self.pipe.store.take_if(|_| matches!(self.pipe.end, Some(End::Whole(_)))) {
            store.put_in_place(request);
        }
        if self.pipe.excess {
            let text = match self.is_chunked {
                true => "upstream sent data after final chunk",
                false => "upstream sent more data than specified in \"Content-Length\" header",
            };
            request.log(Level::Warn, text);
        }
        if let Some(connection) = self.pipe.take_reusable() {
            attempt.keep(connection);
        }
        attempt.release(request, Outcome::Served);
    }

    fn note_first_buffer(&mut self, request: &mut Request) {
        let received = record(request).response_length;
        self.first_buffer.take_if(|buffer| received >= buffer.room);
    }

    fn drop_first_buffer(&mut self, request: &mut Request) {
        self.note_first_buffer(request);
        if let Some(buffer) = &self.first_buffer {
            buffer.drop(request);
        }
    }

    async fn finish(&mut self, request: &mut Request) -> Verdict {
        match self.pipe.end.take() {
            Some(End::Whole(_)) => {
                for (name, value) in self.pipe.trailers.iter() {
                    if !self.job.plan.hides_name(name) {
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
                self.drop_first_buffer(request);
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
            Some(End::Spool(fault)) => request.log_error(Level::Crit, &fault.error, &fault.text),
        }
        break_off(request).await
    }
}

/// The client gets what there is; the end of the connection shows that it is not all.
async fn break_off(request: &mut Request) -> Verdict {
    // If the client is gone as well, nobody is left to tell.
    let (Ok(()) | Err(ClientGone)) = order::flush(request).await;
    Verdict::Close
}
