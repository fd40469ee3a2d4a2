//! HTTP/2 towards backends: one stream at a time on each connection, as nginx has it. The one file of the upstream side that
//! knows the h2 library.

use std::cell::Cell;
use std::fs::File;
use std::future::poll_fn;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker, ready};

use bytes::Bytes;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, RecvStream, SendStream};
use tokio::task::AbortHandle;

use super::response::{self, Parser, Progress};
use crate::http::connection::Connection;
use crate::http::connection::waiting::{Deadline, ReadFault};
use crate::http::message::headers::HeaderList;
use crate::net::stream::Stream;

/// nginx's windows: the backend is held back by the socket alone (`ngx_http_grpc_connection_start`).
const LARGEST_WINDOW: u32 = (1 << 31) - 1;
/// A body is sent in pieces of at most this size: one frame each.
const PIECE: usize = 16 * 1024;
/// So much of a request waits in the library for the backend's window or the socket.
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

impl RequestHead {
    /// As the library takes it; nothing for what HTTP/2 cannot carry.
    fn to_request(&self) -> Option<http::Request<()>> {
        let mut path = Vec::with_capacity(self.path.len());
        for &byte in &self.path {
            match byte {
                // The library refuses these, which RFC 3986 has no place for.
                0..=b' ' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'|' | b'#' | 0x7f => {
                    write!(path, "%{byte:02X}").ok()?
                }
                _ => path.push(byte),
            }
        }
        let uri = http::Uri::builder()
            .scheme(if self.is_secure { "https" } else { "http" })
            .authority(&*self.authority)
            .path_and_query(&*path)
            .build()
            .ok()?;
        let mut request = http::Request::new(());
        *request.method_mut() = http::Method::from_bytes(&self.method).ok()?;
        *request.uri_mut() = uri;
        *request.version_mut() = http::Version::HTTP_2;
        for (name, value) in self.fields.iter() {
            let name = http::HeaderName::from_bytes(name).ok()?;
            request.headers_mut().append(name, http::HeaderValue::from_bytes(value).ok()?);
        }
        Some(request)
    }
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

/// How long sending may wait, and for whom.
pub struct Patience {
    /// The client's connection, which has the timer.
    pub client: Rc<Connection>,
    /// `grpc_send_timeout`
    pub send_timeout_ms: u64,
    /// `client_body_timeout`
    pub body_timeout_ms: u64,
}

/// Why an exchange with a backend failed.
#[derive(Debug)]
pub enum Fault {
    /// The backend refused the request, with this error code.
    Rejected(u32),
    /// The backend gave the connection up, with this error code.
    GoAway(u32),
    /// The connection ended or failed.
    Io(io::Error),
    /// What the backend sent is no HTTP/2.
    Protocol(h2::Error),
    /// The backend did not take the request for too long.
    SendTimedOut,
    /// The client's body cannot be read: the status for it.
    Client(u16),
    /// The request cannot be said in HTTP/2.
    Unsayable,
}

impl From<h2::Error> for Fault {
    fn from(error: h2::Error) -> Self {
        let code = error.reason().map(u32::from).unwrap_or_default();
        match () {
            () if error.is_remote() && error.is_reset() => Self::Rejected(code),
            () if error.is_remote() && error.is_go_away() => Self::GoAway(code),
            () if error.is_io() => match error.into_io() {
                Some(error) => Self::Io(error),
                None => Self::Io(io::ErrorKind::UnexpectedEof.into()),
            },
            () => Self::Protocol(error),
        }
    }
}

/// A connection to a backend on which HTTP/2 is spoken. It ends when this is dropped.
pub struct Session {
    sender: SendRequest<Bytes>,
    driver: AbortHandle,
    stream: Option<Exchange>,
}

/// The one stream that is in use.
struct Exchange {
    /// The request's body on its way out, until it is sent.
    sending: Option<Pin<Box<dyn Future<Output = Result<(), Fault>>>>>,
    /// Sends pieces that are handed over, until the last one.
    handed: Option<Outgoing>,
    /// Body bytes that were sent so far.
    sent: Rc<Cell<u64>>,
    answer: Answer,
}

enum Answer {
    Awaited(ResponseFuture),
    /// The body is read.
    Begun(RecvStream),
    /// The answer was read to its end.
    Whole,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").finish_non_exhaustive()
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// What came of waiting for the answer.
pub enum Step {
    /// More of the request was sent.
    Sent,
    /// Hints came before the head of the answer, as lines for the parser of heads.
    EarlyHints(Vec<u8>),
    /// The head of the answer is there, as lines for the parser of heads.
    Head(Vec<u8>),
}

impl Session {
    /// Begins to speak HTTP/2 on a connection.
    pub async fn begin(stream: Stream) -> Result<Self, Fault> {
        let mut builder = Builder::new();
        builder
            .enable_push(false)
            .header_table_size(0)
            .initial_window_size(LARGEST_WINDOW)
            .initial_connection_window_size(LARGEST_WINDOW)
            .max_send_buffer_size(SEND_BUFFER);
        let (sender, connection) = builder.handshake(stream).await?;
        // How it ends is seen by the stream that is in use then.
        let driver = tokio::task::spawn_local(async move { drop(connection.await) }).abort_handle();
        Ok(Self { sender, driver, stream: None })
    }

    /// Whether the connection has ended, or is about to.
    pub fn is_spoilt(&mut self) -> bool {
        let mut context = Context::from_waker(Waker::noop());
        self.driver.is_finished() || matches!(self.sender.poll_ready(&mut context), Poll::Ready(Err(_)))
    }

    /// Whether request and answer are over, so that another one can follow.
    pub fn is_at_rest(&self) -> bool {
        match &self.stream {
            None => true,
            Some(Exchange { sending: Some(_), .. } | Exchange { handed: Some(_), .. }) => false,
            Some(Exchange { answer, .. }) => match answer {
                Answer::Awaited(_) => false,
                Answer::Begun(body) => body.is_end_stream(),
                Answer::Whole => true,
            },
        }
    }

    /// Sends the head of a request; its body follows while the answer is awaited. `first` goes before the body.
    pub async fn send(
        &mut self,
        head: &RequestHead,
        first: &[u8],
        body: Body,
        patience: Patience,
    ) -> Result<(), Fault> {
        self.stream = None;
        let request = head.to_request().ok_or(Fault::Unsayable)?;
        poll_fn(|context| self.sender.poll_ready(context)).await?;
        let is_whole = first.is_empty() && matches!(body, Body::None);
        let (answer, stream) = self.sender.send_request(request, is_whole)?;
        let sent = Rc::new(Cell::new(0));
        let outgoing = Outgoing { stream, sent: Rc::clone(&sent), patience };
        let first = Bytes::copy_from_slice(first);
        let (sending, handed): (Option<Pin<Box<dyn Future<Output = _>>>>, _) = match body {
            _ if is_whole => (None, None),
            Body::Handed => (None, Some(outgoing)),
            body => (Some(Box::pin(outgoing.send_all(first, body))), None),
        };
        self.stream = Some(Exchange { sending, handed, sent, answer: Answer::Awaited(answer) });
        Ok(())
    }

    /// Sends a piece of a body that comes in pieces.
    pub async fn hand_over(&mut self, piece: Vec<u8>, is_last: bool) -> Result<(), Fault> {
        let Some(exchange) = &mut self.stream else { return Err(ended()) };
        if let Some(outgoing) = &mut exchange.handed {
            outgoing.send(piece.into(), is_last).await?;
        }
        if is_last {
            exchange.handed = None;
        }
        Ok(())
    }

    /// Bytes of the request's body that were sent.
    pub fn sent(&self) -> u64 {
        self.stream.as_ref().map_or(0, |exchange| exchange.sent.get())
    }

    /// Sends on; ready once something was sent.
    pub fn poll_send(&mut self, context: &mut Context) -> Poll<Result<(), Fault>> {
        let Some(Exchange { sending: sending @ Some(_), sent, .. }) = &mut self.stream else { return Poll::Pending };
        let before = sent.get();
        match sending.as_mut().map(|future| future.as_mut().poll(context)) {
            Some(Poll::Ready(Ok(()))) => *sending = None,
            // A backend that has answered need not take the rest (RFC 9113 section 8.1).
            Some(Poll::Ready(Err(Fault::Rejected(code)))) if code == u32::from(Reason::NO_ERROR) => *sending = None,
            Some(Poll::Ready(Err(fault))) => return Poll::Ready(Err(fault)),
            Some(Poll::Pending) | None if sent.get() == before => return Poll::Pending,
            Some(Poll::Pending) | None => {}
        }
        Poll::Ready(Ok(()))
    }

    /// Sends on, and takes the head of the answer when it is there.
    pub fn poll_head(&mut self, context: &mut Context) -> Poll<Result<Step, Fault>> {
        let sent = self.poll_send(context);
        let Some(exchange) = &mut self.stream else { return Poll::Ready(Err(ended())) };
        let Answer::Awaited(answer) = &mut exchange.answer else { return Poll::Ready(Err(ended())) };
        // What went wrong is told by the answer itself.
        while let Poll::Ready(Some(Ok(hints))) = answer.poll_informational(context) {
            if hints.status() == http::StatusCode::EARLY_HINTS {
                return Poll::Ready(Ok(Step::EarlyHints(lines(&hints.into_parts().0))));
            }
        }
        match Pin::new(answer).poll(context) {
            Poll::Ready(Ok(head)) => {
                let (parts, body) = head.into_parts();
                exchange.answer = Answer::Begun(body);
                Poll::Ready(Ok(Step::Head(lines(&parts))))
            }
            Poll::Ready(Err(fault)) => Poll::Ready(Err(fault.into())),
            Poll::Pending => sent.map_ok(|()| Step::Sent),
        }
    }

    /// Whether nothing follows the head.
    pub fn is_head_all(&self) -> bool {
        let exchange = self.stream.as_ref();
        exchange.is_some_and(|exchange| matches!(&exchange.answer, Answer::Begun(body) if body.is_end_stream()))
    }

    /// Reads what there is of the answer's body to the end of a buffer; 0 at its end. Nothing, if only something was sent.
    pub fn poll_read(&mut self, context: &mut Context, buffer: &mut Vec<u8>) -> Poll<Result<Option<usize>, Fault>> {
        let sent = self.poll_send(context);
        let Some(exchange) = &mut self.stream else { return Poll::Ready(Err(ended())) };
        let Answer::Begun(body) = &mut exchange.answer else { return Poll::Ready(Ok(Some(0))) };
        loop {
            match body.poll_data(context) {
                Poll::Ready(Some(Ok(data))) if data.is_empty() => {}
                Poll::Ready(Some(Ok(data))) => {
                    buffer.extend_from_slice(&data);
                    // A stream that was reset meanwhile has no window to give back to.
                    body.flow_control().release_capacity(data.len()).ok();
                    return Poll::Ready(Ok(Some(data.len())));
                }
                Poll::Ready(Some(Err(fault))) => return Poll::Ready(Err(fault.into())),
                Poll::Ready(None) => return Poll::Ready(Ok(Some(0))),
                Poll::Pending => return sent.map_ok(|()| None),
            }
        }
    }

    /// Behind the body: its trailers.
    pub fn poll_trailers(&mut self, context: &mut Context) -> Poll<Result<HeaderList, Fault>> {
        let Some(exchange) = &mut self.stream else { return Poll::Ready(Err(ended())) };
        let Answer::Begun(body) = &mut exchange.answer else { return Poll::Ready(Ok(HeaderList::default())) };
        let trailers = ready!(body.poll_trailers(context))?;
        exchange.answer = Answer::Whole;
        let mut list = HeaderList::default();
        for (name, value) in trailers.iter().flatten() {
            list.push(name.as_str().as_bytes(), value.as_bytes());
        }
        Poll::Ready(Ok(list))
    }
}

fn ended() -> Fault {
    Fault::Io(io::ErrorKind::UnexpectedEof.into())
}

/// The head of an answer as the lines that a backend would have sent in HTTP/1: one parser then checks both.
fn lines(head: &http::response::Parts) -> Vec<u8> {
    let mut text = format!("HTTP/1.1 {}\r\n", head.status.as_u16()).into_bytes();
    for (name, value) in &head.headers {
        text.extend_from_slice(name.as_str().as_bytes());
        text.extend_from_slice(b": ");
        text.extend_from_slice(value.as_bytes());
        text.extend_from_slice(b"\r\n");
    }
    text.extend_from_slice(b"\r\n");
    text
}

/// Reads those lines: a head that has no phrase, and says nothing of the connection.
pub fn parse(lines: &[u8]) -> Result<Parser, response::Fault> {
    let mut parser = Parser::default();
    let progress = parser.parse(lines)?;
    debug_assert_ne!(progress, Progress::Again, "the lines end with an empty one");
    parser.head.status_text = 0..0;
    parser.head.close = false;
    Ok(parser)
}

/// A request's body on its way out.
struct Outgoing {
    stream: SendStream<Bytes>,
    sent: Rc<Cell<u64>>,
    patience: Patience,
}

impl Outgoing {
    async fn send_all(mut self, first: Bytes, body: Body) -> Result<(), Fault> {
        match body {
            Body::None | Body::Handed => self.send(first, true).await,
            Body::Bytes(bytes) => {
                self.send(first, false).await?;
                self.send(bytes.into(), true).await
            }
            Body::File(file, length) => self.send_file(&file, length).await,
            Body::Client(limit) => self.send_as_it_comes(limit).await,
        }
    }

    /// Sends a piece as far as the backend's window allows, the rest later.
    async fn send(&mut self, mut bytes: Bytes, and_end: bool) -> Result<(), Fault> {
        while !bytes.is_empty() {
            let wanted = bytes.len().min(PIECE);
            self.stream.reserve_capacity(wanted);
            let mut deadline = Deadline::after_ms(self.patience.send_timeout_ms);
            let (stream, client) = (&mut self.stream, &self.patience.client);
            let room = poll_fn(|context| {
                if stream.capacity() > 0 {
                    return Poll::Ready(Ok(stream.capacity()));
                }
                match stream.poll_capacity(context) {
                    Poll::Ready(Some(room)) => Poll::Ready(room.map_err(Fault::from)),
                    Poll::Ready(None) => Poll::Ready(Err(ended())),
                    Poll::Pending => client.poll_deadline(&mut deadline, context).map(|()| Err(Fault::SendTimedOut)),
                }
            });
            let piece = bytes.split_to(room.await?.min(wanted));
            let length = piece.len() as u64;
            self.stream.send_data(piece, and_end && bytes.is_empty())?;
            self.sent.set(self.sent.get() + length);
            if bytes.is_empty() {
                return Ok(());
            }
        }
        if and_end {
            self.stream.send_data(Bytes::new(), true)?;
        }
        Ok(())
    }

    async fn send_file(&mut self, file: &File, length: u64) -> Result<(), Fault> {
        let mut offset = 0;
        while offset < length {
            let mut piece = vec![0; usize::try_from(length - offset).unwrap_or(usize::MAX).min(PIECE)];
            file.read_exact_at(&mut piece, offset).map_err(Fault::Io)?;
            offset += piece.len() as u64;
            self.send(piece.into(), offset == length).await?;
        }
        Ok(())
    }

    async fn send_as_it_comes(&mut self, limit: u64) -> Result<(), Fault> {
        let client = Rc::clone(&self.patience.client);
        loop {
            let mut piece = Vec::new();
            let mut deadline = Deadline::after_ms(self.patience.body_timeout_ms);
            let length = client.read(&mut piece, PIECE, &mut deadline).await.map_err(|fault| match fault {
                ReadFault::TimedOut => Fault::Client(408),
                ReadFault::Io(_) => Fault::Client(400),
            })?;
            if limit > 0 && self.sent.get() + length as u64 > limit {
                return Err(Fault::Client(413));
            }
            let is_last = length == 0 || client.exchange().is_some_and(|stream| stream.is_read());
            self.send(piece.into(), is_last).await?;
            if is_last {
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn head(path: &str) -> RequestHead {
        let (method, authority, path) = (b"GET".to_vec(), b"localhost".to_vec(), path.as_bytes().to_vec());
        RequestHead { method, is_secure: false, authority, path, fields: HeaderList::default() }
    }

    #[test]
    fn a_path_is_carried_as_it_is_where_the_library_takes_it() {
        let request = head("/a%20b?c={d}").to_request().expect("a good request");
        assert_eq!(request.uri(), "http://localhost/a%20b?c={d}");
        let request = head("/a b<c>").to_request().expect("a good request");
        assert_eq!(request.uri().path(), "/a%20b%3Cc%3E");
    }

    #[test]
    fn a_head_becomes_lines_and_a_head_again() {
        let mut answer = http::Response::new(());
        answer.headers_mut().append("x", http::HeaderValue::from_static("y"));
        let (parts, ()) = answer.into_parts();
        let text = lines(&parts);
        let parser = parse(&text).expect("a good head");
        assert_eq!((parser.head.status, parser.head.lines.len(), parser.head.end), (200, 1, text.len()));
        assert!(parser.head.status_text.is_empty());
    }
}
