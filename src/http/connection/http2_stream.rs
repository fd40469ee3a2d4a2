//! One stream of HTTP/2: a request's body on its way in, the answer on its way out.

use std::cell::{Cell, RefCell, RefMut};
use std::io;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use crate::http::message::headers::HeaderList;
use crate::http::verdict::ClientGone;
use crate::wire::http2::frame::Code;
use crate::wire::http2::hpack::Fields;
use crate::wire::http2::server::{Body, Gone, Room, Server};

/// What the streams of a connection have in common.
pub struct Flow {
    protocol: RefCell<Server>,
    /// Wakes the connection's task.
    waker: Cell<Option<Waker>>,
    /// Wakes the tasks that wait for something on a stream: a request, and its subrequests.
    waiting: RefCell<Vec<(u32, Waker)>>,
    woken: Cell<Vec<u32>>,
}

impl Flow {
    /// Of a connection that begins.
    pub fn new(protocol: Server) -> Self {
        Self {
            protocol: RefCell::new(protocol),
            waker: Cell::default(),
            waiting: RefCell::default(),
            woken: Cell::default(),
        }
    }

    /// The protocol's state.
    pub fn protocol(&self) -> RefMut<'_, Server> {
        self.protocol.borrow_mut()
    }

    /// Notes the connection's task.
    pub fn set_waker(&self, context: &Context) {
        self.waker.set(Some(context.waker().clone()));
    }

    /// Wakes the connection's task.
    fn wake(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Wakes the tasks of streams for which something has changed.
    pub fn wake_streams(&self) {
        let mut woken = self.woken.take();
        self.protocol().take_woken(&mut woken);
        if !woken.is_empty() {
            let mut waiting = self.waiting.borrow_mut();
            for id in woken.drain(..) {
                waiting.extract_if(.., |(stream, _)| *stream == id).for_each(|(_, waker)| waker.wake());
            }
        }
        self.woken.set(woken);
    }

    /// The connection is over: so are its streams.
    pub fn end(&self) {
        self.protocol().end();
        self.wake_streams();
    }

    fn wait(&self, id: u32, context: &Context) {
        let mut waiting = self.waiting.borrow_mut();
        if !waiting.iter().any(|(stream, waker)| *stream == id && waker.will_wake(context.waker())) {
            waiting.push((id, context.waker().clone()));
        }
    }
}

impl From<Gone> for ClientGone {
    fn from(Gone: Gone) -> Self {
        Self
    }
}

/// One stream.
pub struct Exchange {
    /// Its number.
    pub id: u32,
    flow: Rc<Flow>,
    /// `http2_chunk_size`
    pub chunk_size: Cell<usize>,
    /// How much of what was sent is head, trailers and the frames around the body.
    pub around_body: Cell<u64>,
    /// How much of the request's body was read.
    pub received: Cell<u64>,
    has_ended: Cell<bool>,
    timed_out: Cell<bool>,
    is_closed: Cell<bool>,
}

/// A request that a fault of ours has ended takes its stream along: the client is not to wait, nor a worker that drains.
impl Drop for Exchange {
    fn drop(&mut self) {
        if !self.is_closed.get() {
            self.close(false);
        }
    }
}

impl Exchange {
    /// A stream that has just begun.
    pub fn new(id: u32, flow: Rc<Flow>) -> Self {
        Self {
            id,
            flow,
            chunk_size: Cell::new(usize::MAX),
            around_body: Cell::default(),
            received: Cell::default(),
            has_ended: Cell::default(),
            timed_out: Cell::default(),
            is_closed: Cell::default(),
        }
    }

    /// Does something with the protocol, which may have something to send then.
    fn with<R>(&self, run: impl FnOnce(&mut Server) -> R) -> R {
        let mut protocol = self.flow.protocol();
        let outcome = run(&mut protocol);
        let has_pending = !protocol.pending().is_empty();
        drop(protocol);
        if has_pending {
            self.flow.wake();
        }
        outcome
    }

    /// The fields of its head were read.
    pub fn recycle(&self, fields: Fields) {
        self.flow.protocol().recycle(fields);
    }

    /// Notes how long its body is to be.
    pub fn declare(&self, length: u64) {
        self.flow.protocol().declare(self.id, length);
    }

    /// Notes that its request is malformed (RFC 9113 section 8.1.1).
    pub fn set_malformed(&self) {
        self.flow.protocol().set_malformed(self.id);
    }

    /// The body is read from now on: with a window of that size, or with one as large as can be where it is read to its end at once.
    pub fn want_body(&self, window: Option<usize>) {
        let window = window.map(|window| u32::try_from(window).unwrap_or(u32::MAX >> 1));
        self.with(|protocol| protocol.want_body(self.id, window));
    }

    /// The body is not read any more.
    pub fn discard_body(&self) {
        self.flow.protocol().discard_body(self.id);
    }

    /// Reads what there is of the body to the end of a buffer, at most `limit` bytes; 0 at its end.
    pub fn poll_read_to(&self, context: &mut Context, buffer: &mut Vec<u8>, limit: usize) -> Poll<io::Result<usize>> {
        let contradiction = self.flow.protocol().contradiction(self.id);
        match contradiction {
            Some((received, declared)) if received > declared => {
                return refuse("client intended to send body data larger than declared".to_owned());
            }
            Some((received, declared)) => {
                let text = format!(
                    "client prematurely closed stream: only {received} out of {declared} bytes of request body received"
                );
                return refuse(text);
            }
            None => {}
        }
        match self.with(|protocol| protocol.read(self.id, buffer, limit)) {
            Ok(Body::Data(length)) => {
                self.received.update(|received| received + length as u64);
                Poll::Ready(Ok(length))
            }
            Ok(Body::End) => Poll::Ready(Ok(0)),
            Ok(Body::Wait) => {
                self.flow.wait(self.id, context);
                Poll::Pending
            }
            Err(Gone) => {
                let text = "client prematurely closed stream";
                Poll::Ready(Err(io::Error::new(io::ErrorKind::ConnectionReset, text)))
            }
        }
    }

    /// Whether the body was read to its end.
    pub fn is_read(&self) -> bool {
        self.flow.protocol().is_read(self.id)
    }

    /// Whether the client has given the stream up.
    pub fn is_given_up(&self) -> bool {
        self.flow.protocol().given_up(self.id).is_some()
    }

    /// Ready once the client has given the stream up, or the connection has ended.
    pub fn poll_gone(&self, context: &mut Context) -> Poll<()> {
        if self.has_ended.get() {
            return Poll::Pending;
        }
        if self.flow.protocol().is_gone(self.id) {
            return Poll::Ready(());
        }
        self.flow.wait(self.id, context);
        Poll::Pending
    }

    /// Sends hints before the head of the answer.
    pub fn send_early_hints(&self, fields: &HeaderList) -> Result<(), ClientGone> {
        const EARLY_HINTS: u16 = 103;
        Ok(self.with(|protocol| protocol.send_head(self.id, EARLY_HINTS, fields.iter(), false))?)
    }

    /// Sends the head of the answer.
    pub fn send_head(&self, status: u16, fields: &HeaderList, is_whole: bool) -> Result<u64, ClientGone> {
        let length = self.frames(|protocol| protocol.send_head(self.id, status, fields.iter(), is_whole))?;
        self.has_ended.set(is_whole);
        Ok(length)
    }

    /// Lets the protocol make frames without a body; how long they are.
    fn frames(&self, make: impl FnOnce(&mut Server) -> Result<(), Gone>) -> Result<u64, ClientGone> {
        Ok(self.with(|protocol| {
            let before = protocol.pending().len();
            make(protocol)?;
            Ok::<_, Gone>((protocol.pending().len() - before) as u64)
        })?)
    }

    /// Sends a frame with these bytes, or as many of them as the client's window has room for; with them the end, if all are sent
    /// and it is asked for.
    pub fn poll_send(&self, context: &mut Context, bytes: &[u8], and_end: bool) -> Poll<Result<usize, ClientGone>> {
        if self.has_ended.get() {
            return Poll::Ready(Err(ClientGone));
        }
        let room = match bytes.len() {
            0 => 0,
            length => match self.flow.protocol().room(self.id) {
                Ok(Room::Bytes(room)) => room.min(length),
                Ok(Room::Wait) => {
                    self.flow.wait(self.id, context);
                    return Poll::Pending;
                }
                Err(Gone) => return Poll::Ready(Err(ClientGone)),
            },
        };
        let ends = and_end && room == bytes.len();
        let outcome = self.with(|protocol| protocol.send_data(self.id, &bytes[..room], ends));
        self.has_ended.set(ends);
        Poll::Ready(outcome.map(|()| room).map_err(ClientGone::from))
    }

    /// Ends the answer with trailers.
    pub fn send_trailers(&self, fields: &HeaderList) -> Result<u64, ClientGone> {
        let length = self.frames(|protocol| protocol.send_trailers(self.id, fields.iter()))?;
        self.has_ended.set(true);
        Ok(length)
    }

    /// Whether nothing can follow any more.
    pub fn has_ended(&self) -> bool {
        self.has_ended.get()
    }

    /// Notes that the client did not read, or did not send, for too long.
    pub fn set_timed_out(&self) {
        self.timed_out.set(true);
    }

    /// What is left to say when a request is over: an answer that is not whole ends with a reset (`ngx_http_v2_close_stream`).
    /// The code with which the client has given it up, if it has.
    pub fn close(&self, has_timed_out: bool) -> Option<Code> {
        self.is_closed.set(true);
        let code = match self.timed_out.get() || has_timed_out {
            true => Code::PROTOCOL_ERROR,
            false => Code::INTERNAL_ERROR,
        };
        let given_up = self.flow.protocol().given_up(self.id);
        self.flow.protocol().close(self.id, code);
        self.flow.waiting.borrow_mut().retain(|(stream, _)| *stream != self.id);
        // It may have been the last one that the connection waits for.
        self.flow.wake();
        given_up
    }
}

fn refuse(text: String) -> Poll<io::Result<usize>> {
    Poll::Ready(Err(io::Error::new(io::ErrorKind::InvalidData, text)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::http2::frame::{self, PREFACE, flag, kind};
    use crate::wire::http2::hpack::Limits;
    use crate::wire::http2::server::Settings;

    /// `GET http://a/`
    const GET: &[u8] = &[0x82, 0x84, 0x86, 0x41, 1, b'a'];

    #[test]
    fn a_stream_ends_with_its_request_however_that_ends() {
        let limits = Limits { field: 8192, block: 32_768 };
        let mut server = Server::new(Settings { max_streams: 4, window: 65_536, limits });
        let mut bytes = PREFACE.to_vec();
        frame::write_head(0, kind::SETTINGS, 0, 0, &mut bytes);
        frame::write_head(GET.len(), kind::HEADERS, flag::END_STREAM | flag::END_HEADERS, 1, &mut bytes);
        bytes.extend_from_slice(GET);
        let mut events = Vec::new();
        assert_eq!(server.receive(&bytes, &mut events).ok(), Some(bytes.len()), "it is a request");
        let flow = Rc::new(Flow::new(server));
        assert_eq!((events.len(), flow.protocol().active()), (1, 1));
        drop(Exchange::new(1, Rc::clone(&flow)));
        let protocol = flow.protocol();
        assert_eq!(protocol.active(), 0);
        let mut reset = Vec::new();
        frame::write_reset(1, Code::INTERNAL_ERROR, &mut reset);
        assert!(protocol.pending().ends_with(&reset), "{:?}", protocol.pending());
    }
}
