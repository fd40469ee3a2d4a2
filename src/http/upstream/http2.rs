//! HTTP/2 towards backends: the socket below the machine of `wire`, one stream at a time on each connection, as nginx has it.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};

use tokio::io::AsyncWrite;

use crate::http::connection::waiting::{Deadline, ReadFault};
use crate::http::message::headers::HeaderList;
use crate::net::stream::Stream;
use crate::wire::http2::client::{self, Client, Event, write_request};
use crate::wire::http2::hpack::Fields;

/// A body is taken in pieces of at most this size: one frame each.
const PIECE: usize = 16 * 1024;
/// So much of a request waits for the socket.
const SEND_BUFFER: usize = 64 * 1024;

/// The head of a request.
#[derive(Clone, Debug)]
pub struct RequestHead {
    /// The method.
    pub method: Vec<u8>,
    /// `https` rather than `http`.
    pub is_secure: bool,
    /// `:authority`
    pub authority: Vec<u8>,
    /// `:path`
    pub path: Vec<u8>,
    /// The fields behind the pseudo-fields.
    pub fields: HeaderList,
}

/// Where the body of a request comes from.
pub enum Body {
    /// There is none.
    None,
    /// From memory.
    Bytes(Vec<u8>),
    /// From a file, so many bytes.
    File(Rc<File>, u64),
    /// From the client's stream, while the answer is on its way already; at most so many bytes, 0 for any number.
    Client(u64),
    /// Piece by piece by [`Session::hand_over`].
    Handed,
}

/// The client that an exchange is for, as far as sending needs it.
pub trait Downstream {
    /// Reads more of its body to the end of a buffer, at most `limit` bytes; 0 at its end.
    fn poll_body(&self, context: &mut Context, buffer: &mut Vec<u8>, limit: usize) -> Poll<io::Result<usize>>;
    /// Whether the whole body was read.
    fn is_read(&self) -> bool;
    /// Whether a deadline has passed, by its timer.
    fn poll_deadline(&self, deadline: &mut Deadline, context: &mut Context) -> Poll<()>;
}

/// How long sending may wait, and for whom.
pub struct Patience {
    /// The client.
    pub client: Rc<dyn Downstream>,
    /// `grpc_send_timeout`
    pub send_timeout_ms: u64,
    /// `client_body_timeout`
    pub body_timeout_ms: u64,
}

/// Why an exchange with a backend failed.
#[derive(Debug)]
pub enum Fault {
    /// What the backend sent is no answer.
    Protocol(client::Fault),
    /// The backend ended the connection.
    Closed,
    /// Reading failed.
    Read(io::Error),
    /// Writing failed.
    Write(io::Error),
    /// A piece of the request cannot be read from its file.
    File(io::Error),
    /// The backend did not take the request for too long.
    SendTimedOut,
    /// The client's body cannot be read: the status for it.
    Client(u16),
}

/// A connection to a backend on which HTTP/2 is spoken. It ends when this is dropped.
#[derive(Debug)]
pub struct Session {
    stream: Stream,
    protocol: Client,
    /// What was received, and what of it was looked at.
    received: Vec<u8>,
    position: usize,
    /// Bytes that were received since this was asked last.
    news: u64,
    /// Bytes that were written for the present request.
    written: u64,
    outgoing: Option<Outgoing>,
    trailers: Fields,
}

/// What came of waiting for the answer.
pub enum Step {
    /// More of the request was sent.
    Sent,
    /// Hints came before the head of the answer.
    EarlyHints(Fields),
    /// The head of the answer is there: its status and its fields.
    Head(u16, Fields),
}

impl Session {
    /// Begins to speak HTTP/2 on a connection.
    pub fn new(stream: Stream) -> Self {
        Self {
            stream,
            protocol: Client::default(),
            received: Vec::new(),
            position: 0,
            news: 0,
            written: 0,
            outgoing: None,
            trailers: Fields::default(),
        }
    }

    /// Whether the connection has ended, or says something that nobody asked for.
    pub fn is_spoilt(&mut self) -> bool {
        self.stream.has_news() && self.stream.poll_peek(&mut Context::from_waker(Waker::noop())).is_ready()
    }

    /// Whether request and answer are over, so that another one can follow.
    pub fn is_at_rest(&self) -> bool {
        self.protocol.is_at_rest() && self.unread() == 0
    }

    /// Lets go of what a connection that waits does not need: memory, and the client that is served.
    pub fn rest(&mut self) {
        self.outgoing = None;
        (self.received, self.position) = (Vec::new(), 0);
    }

    /// Sends the head of a request; its body follows while the answer is awaited. `first` goes before the body. The fields of an
    /// answer may be as large as `head_limit`.
    pub fn send(&mut self, head: &RequestHead, first: &[u8], body: Body, patience: Patience, head_limit: usize) {
        let is_whole = first.is_empty() && matches!(body, Body::None);
        let block = write_request((&head.method, &head.path, &head.authority), head.is_secure, head.fields.iter());
        self.protocol.begin(&block, is_whole, head_limit);
        self.written = 0;
        self.outgoing = Some(Outgoing::new(first, body, patience));
    }

    /// Whether the request was sent, as far as windows are concerned.
    pub fn is_sent(&self) -> bool {
        self.protocol.is_sent()
    }

    /// Whether the piece that was handed over last was taken, so that another one is wanted.
    pub fn wants_piece(&self) -> bool {
        self.outgoing.as_ref().is_some_and(|outgoing| outgoing.left().is_empty() && !outgoing.is_last)
    }

    /// Sends a piece of a body that comes in pieces.
    pub fn hand_over(&mut self, piece: Vec<u8>, is_last: bool) {
        if let Some(outgoing) = &mut self.outgoing {
            (outgoing.piece, outgoing.taken, outgoing.is_last) = (piece, 0, is_last);
        }
    }

    /// Bytes that were written for the present request.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Bytes that were received since this was asked last.
    pub fn take_received(&mut self) -> u64 {
        std::mem::take(&mut self.news)
    }

    /// Bytes that were received and not looked at.
    pub fn unread(&self) -> usize {
        self.received.len() - self.position
    }

    /// Sends on; ready once something was sent.
    pub fn poll_send(&mut self, context: &mut Context) -> Poll<Result<(), Fault>> {
        let before = self.written;
        loop {
            let is_blocked = match &mut self.outgoing {
                Some(outgoing) => outgoing.fill(&mut self.protocol, context)?,
                None => false,
            };
            let pending = self.protocol.pending();
            let is_stuck = match pending.is_empty() {
                true => is_blocked,
                false => match Pin::new(&mut self.stream).poll_write(context, pending) {
                    Poll::Ready(Ok(length)) => {
                        self.protocol.advance(length);
                        self.written += length as u64;
                        continue;
                    }
                    Poll::Ready(Err(error)) => return Poll::Ready(Err(Fault::Write(error))),
                    Poll::Pending => true,
                },
            };
            if self.stream.needs_flush()
                && let Poll::Ready(Err(error)) = Pin::new(&mut self.stream).poll_flush(context)
            {
                return Poll::Ready(Err(Fault::Write(error)));
            }
            let has_sent = self.written > before;
            if let Some(outgoing) = &mut self.outgoing
                && outgoing.has_waited_too_long(is_stuck, has_sent, context)
            {
                return Poll::Ready(Err(Fault::SendTimedOut));
            }
            return if has_sent { Poll::Ready(Ok(())) } else { Poll::Pending };
        }
    }

    /// Sends on, and takes the head of the answer when it is there.
    pub fn poll_head(&mut self, context: &mut Context) -> Poll<Result<Step, Fault>> {
        loop {
            let mut input = &self.received[self.position..];
            let event = self.protocol.receive(&mut input, &mut Vec::new(), &mut self.trailers);
            self.position = self.received.len() - input.len();
            // Before anything is said of it: the backend may wait for an answer of ours.
            let sent = self.poll_send(context)?;
            match event.map_err(Fault::Protocol)? {
                Some(Event::EarlyHints(fields)) => return Poll::Ready(Ok(Step::EarlyHints(fields))),
                Some(Event::Head(status, fields)) => return Poll::Ready(Ok(Step::Head(status, fields))),
                None => {}
            }
            match self.poll_receive(context, PIECE) {
                Poll::Ready(outcome) => outcome?,
                Poll::Pending => return sent.map(|()| Ok(Step::Sent)),
            }
        }
    }

    /// Whether nothing follows the head.
    pub fn is_head_all(&self) -> bool {
        self.protocol.is_done()
    }

    /// Behind the head: how long the body is to be.
    pub fn expect_body(&mut self, length: Option<u64>) {
        self.protocol.expect_body(length);
    }

    /// Reads what there is of the answer's body to the end of a buffer; 0 at its end. Nothing, if only something was sent.
    pub fn poll_read(
        &mut self,
        context: &mut Context,
        buffer: &mut Vec<u8>,
        limit: usize,
    ) -> Poll<Result<Option<usize>, Fault>> {
        loop {
            let before = buffer.len();
            let mut input = &self.received[self.position..];
            let event = self.protocol.receive(&mut input, buffer, &mut self.trailers);
            self.position = self.received.len() - input.len();
            event.map_err(Fault::Protocol)?;
            let sent = self.poll_send(context)?;
            if buffer.len() > before {
                return Poll::Ready(Ok(Some(buffer.len() - before)));
            }
            if self.protocol.is_done() {
                return Poll::Ready(Ok(Some(0)));
            }
            match self.poll_receive(context, limit) {
                Poll::Ready(outcome) => outcome?,
                Poll::Pending => return sent.map(|()| Ok(None)),
            }
        }
    }

    /// Behind the body: its trailers.
    pub fn take_trailers(&mut self) -> HeaderList {
        let mut list = HeaderList::default();
        std::mem::take(&mut self.trailers).iter().for_each(|(name, value)| list.push(name, value));
        list
    }

    fn poll_receive(&mut self, context: &mut Context, limit: usize) -> Poll<Result<(), Fault>> {
        self.received.clear();
        self.position = 0;
        self.stream.poll_read_to(context, &mut self.received, limit).map(|outcome| match outcome {
            Ok(0) => Err(Fault::Closed),
            Ok(length) => {
                self.news += length as u64;
                Ok(())
            }
            Err(error) => Err(Fault::Read(error)),
        })
    }
}

/// A request's body on its way out.
struct Outgoing {
    source: Body,
    /// So many bytes of the source were taken.
    read: u64,
    /// The present piece, what was taken of it, and whether it is the last one.
    piece: Vec<u8>,
    taken: usize,
    is_last: bool,
    patience: Patience,
    sending: Deadline,
    reading: Deadline,
}

impl std::fmt::Debug for Outgoing {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outgoing").field("read", &self.read).finish_non_exhaustive()
    }
}

impl Outgoing {
    fn new(first: &[u8], source: Body, patience: Patience) -> Self {
        let mut piece = first.to_vec();
        let source = match source {
            Body::Bytes(bytes) => {
                piece.extend_from_slice(&bytes);
                Body::None
            }
            source => source,
        };
        let is_last = matches!(source, Body::None);
        let sending = Deadline::after_ms(patience.send_timeout_ms);
        let reading = Deadline::after_ms(patience.body_timeout_ms);
        Self { source, read: 0, piece, taken: 0, is_last, patience, sending, reading }
    }

    fn left(&self) -> &[u8] {
        &self.piece[self.taken..]
    }

    /// Gives the protocol what it has room for; true where it has none for something.
    fn fill(&mut self, protocol: &mut Client, context: &mut Context) -> Result<bool, Fault> {
        while !protocol.is_sent() && protocol.pending().len() < SEND_BUFFER {
            if self.left().is_empty() && !self.is_last && self.refill(context)?.is_pending() {
                return Ok(false);
            }
            let room = protocol.room();
            if room == 0 {
                return Ok(true);
            }
            let piece = &self.piece[self.taken..];
            let length = piece.len().min(PIECE);
            self.taken += protocol.send(&piece[..length], self.is_last && length == piece.len());
        }
        Ok(false)
    }

    /// Takes the next piece from the source.
    fn refill(&mut self, context: &mut Context) -> Result<Poll<()>, Fault> {
        match &self.source {
            Body::File(file, total) => {
                let left = total - self.read;
                self.piece.resize(usize::try_from(left).unwrap_or(usize::MAX).min(PIECE), 0);
                file.read_exact_at(&mut self.piece, self.read).map_err(Fault::File)?;
                self.read += self.piece.len() as u64;
                self.is_last = self.read == *total;
                self.taken = 0;
                Ok(Poll::Ready(()))
            }
            Body::Client(limit) => self.read_client(*limit, context),
            Body::None | Body::Bytes(_) | Body::Handed => Ok(Poll::Pending),
        }
    }

    fn read_client(&mut self, limit: u64, context: &mut Context) -> Result<Poll<()>, Fault> {
        self.piece.clear();
        self.taken = 0;
        let client = &self.patience.client;
        let fault = |fault| match fault {
            ReadFault::TimedOut => Fault::Client(408),
            ReadFault::Io(_) => Fault::Client(400),
        };
        let length = match client.poll_body(context, &mut self.piece, PIECE) {
            Poll::Ready(Ok(length)) => length,
            Poll::Ready(Err(error)) => return Err(fault(ReadFault::Io(error))),
            Poll::Pending => match client.poll_deadline(&mut self.reading, context) {
                Poll::Ready(()) => return Err(fault(ReadFault::TimedOut)),
                Poll::Pending => return Ok(Poll::Pending),
            },
        };
        self.reading.restart();
        self.read += length as u64;
        if limit > 0 && self.read > limit {
            return Err(Fault::Client(413));
        }
        self.is_last = length == 0 || client.is_read();
        Ok(Poll::Ready(()))
    }

    fn has_waited_too_long(&mut self, is_stuck: bool, has_sent: bool, context: &mut Context) -> bool {
        if has_sent || !is_stuck {
            self.sending.restart();
        }
        is_stuck && self.patience.client.poll_deadline(&mut self.sending, context).is_ready()
    }
}
