//! The body of a backend's answer on its way to the client: taken out of its framing, held back in memory and in a temporary
//! file while the client is slower than the backend.

use std::ops::Range;
use std::pin::pin;
use std::task::{Context, Poll, ready};

use super::http2;
use super::keepalive::{BackendConnection, Wire};
use super::response::Head;
use super::spool::Spool;
use super::store::StoredFile;
use crate::http::filters::order;
use crate::http::message::headers::HeaderList;
use crate::http::request::Request;
use crate::http::verdict::ClientGone;
use crate::wire::http1::chunked::{Chunked, Progress};
use crate::wire::http1::header_line::{HeaderLine, Progress as LineProgress};

/// How the end of a body is known.
#[derive(Debug)]
pub enum Framing {
    /// So many bytes are still to come.
    Length(u64),
    /// Chunks; with the trailers kept, what was read of them.
    Chunked(Box<ChunkedBody>),
    /// Until the backend closes the connection.
    UntilClose,
    /// Until the stream of HTTP/2 ends.
    Stream,
}

/// A chunked body in the making.
#[derive(Debug, Default)]
pub struct ChunkedBody {
    chunked: Chunked,
    trailers: Option<Trailers>,
    keeps_trailers: bool,
}

#[derive(Debug, Default)]
struct Trailers {
    bytes: Vec<u8>,
    position: usize,
    line: HeaderLine,
}

/// What a read piece was.
#[derive(Debug, PartialEq, Eq)]
pub struct Decoded {
    /// These bytes of it are the body's.
    pub data: Range<usize>,
    /// The body has ended.
    pub done: bool,
    /// The backend said more than its body.
    pub excess: bool,
}

/// What is wrong with a body.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// `upstream sent invalid chunked response`
    InvalidChunk,
    /// `upstream sent too big trailers`
    TrailersTooBig,
    /// `upstream sent invalid trailer`: its beginning, and the byte that does not belong there.
    InvalidTrailer(Vec<u8>, u8),
}

impl std::fmt::Display for Fault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::InvalidChunk => f.write_str("upstream sent invalid chunked response"),
            Self::TrailersTooBig => f.write_str("upstream sent too big trailers"),
            Self::InvalidTrailer(text, byte) => {
                write!(f, "upstream sent invalid trailer: \"{}\\x{byte:02x}...\"", String::from_utf8_lossy(text))
            }
        }
    }
}

impl Framing {
    /// The framing of an answer that has a body.
    pub fn of(head: &Head, keeps_trailers: bool) -> Self {
        match head.content_length {
            _ if head.chunked => {
                let chunked = if keeps_trailers { Chunked::keeping_trailers() } else { Chunked::default() };
                Self::Chunked(Box::new(ChunkedBody { chunked, trailers: None, keeps_trailers }))
            }
            Some(length) => Self::Length(length),
            None => Self::UntilClose,
        }
    }

    /// Takes the body's bytes out of what was read behind `from`. Chunks are moved together in place.
    pub fn decode(
        &mut self,
        raw: &mut [u8],
        from: usize,
        kept: &mut HeaderList,
        limit: usize,
    ) -> Result<Decoded, Fault> {
        match self {
            Self::UntilClose | Self::Stream => Ok(Decoded { data: from..raw.len(), done: false, excess: false }),
            Self::Length(left) => {
                let available = (raw.len() - from) as u64;
                let taken = available.min(*left);
                *left -= taken;
                Ok(Decoded { data: from..from + taken as usize, done: *left == 0, excess: available > taken })
            }
            Self::Chunked(body) => body.decode(raw, from, kept, limit),
        }
    }

    /// Whether the end of the connection is the end of the body.
    pub fn ends_with_connection(&self) -> bool {
        matches!(self, Self::UntilClose)
    }
}

impl ChunkedBody {
    fn decode(&mut self, raw: &mut [u8], from: usize, kept: &mut HeaderList, limit: usize) -> Result<Decoded, Fault> {
        let (mut position, mut end) = (from, from);
        let mut done = self.trailers.is_some();
        while !done {
            match self.chunked.parse(raw, &mut position).map_err(|_| Fault::InvalidChunk)? {
                Progress::Data(range) => {
                    let length = range.len();
                    raw.copy_within(range, end);
                    end += length;
                }
                Progress::Again => return Ok(Decoded { data: from..end, done: false, excess: false }),
                Progress::Done => done = true,
            }
        }
        if self.keeps_trailers {
            done = self.trailers.get_or_insert_default().read(raw, &mut position, kept, limit)?;
        }
        Ok(Decoded { data: from..end, done, excess: done && position < raw.len() })
    }
}

impl Trailers {
    /// Reads trailer lines; true behind the last one.
    fn read(&mut self, raw: &[u8], position: &mut usize, kept: &mut HeaderList, limit: usize) -> Result<bool, Fault> {
        let before = self.bytes.len();
        self.bytes.extend_from_slice(&raw[*position..]);
        loop {
            match self.line.parse(&self.bytes, &mut self.position, true) {
                Ok(LineProgress::Line) => {
                    kept.push(&self.bytes[self.line.name.clone()], &self.bytes[self.line.value.clone()]);
                }
                Ok(LineProgress::End) => {
                    *position += self.position - before;
                    return Ok(true);
                }
                Ok(LineProgress::Again) if self.bytes.len() >= limit => return Err(Fault::TrailersTooBig),
                Ok(LineProgress::Again) => {
                    *position = raw.len();
                    return Ok(false);
                }
                Err(fault) => {
                    let text = self.bytes[self.line.name.start.min(fault.0)..fault.0].to_vec();
                    return Err(Fault::InvalidTrailer(text, self.bytes[fault.0]));
                }
            }
        }
    }
}

/// How reading from the backend ended.
#[derive(Debug)]
pub enum End {
    /// The body was read to its end; true if the connection can serve another request.
    Whole(bool),
    /// The backend closed the connection too early.
    Premature,
    /// The socket failed.
    Failed(std::io::Error),
    /// The stream of HTTP/2 failed.
    Broken(http2::Fault),
    /// The bytes were no body.
    Malformed(Fault),
    /// The temporary file failed.
    Spool(crate::http::temp_file::Fault),
}

/// The way from one backend connection to one client.
pub struct Pipe {
    connection: Option<Box<BackendConnection>>,
    framing: Framing,
    /// What waits for the client.
    pub spool: Spool,
    /// How reading ended.
    pub end: Option<End>,
    /// The trailers that are kept.
    pub trailers: HeaderList,
    /// Bytes read from the socket.
    pub received: u64,
    /// Bytes of the body.
    pub length: u64,
    /// The backend said more than its body.
    pub excess: bool,
    read_size: usize,
    trailer_limit: usize,
    closes: bool,
    /// Keeps what is read.
    pub store: Option<StoredFile>,
}

impl Pipe {
    /// A pipe for the rest of an answer whose head was read.
    pub fn new(
        connection: Box<BackendConnection>,
        framing: Framing,
        spool: Spool,
        closes: bool,
        trailer_limit: usize,
    ) -> Self {
        let read_size = spool.memory_limit();
        let (end, trailers) = (None, HeaderList::default());
        let connection = Some(connection);
        Self {
            connection,
            framing,
            spool,
            end,
            trailers,
            received: 0,
            length: 0,
            excess: false,
            read_size,
            trailer_limit,
            closes,
            store: None,
        }
    }

    /// Bytes that were received behind the head and not looked at.
    pub fn unread(&self) -> usize {
        self.connection.as_ref().map_or(0, |connection| connection.unread())
    }

    /// Takes what was read behind the head.
    pub fn take_first(&mut self, buffer: &mut [u8], from: usize) -> Range<usize> {
        if matches!(self.framing, Framing::Length(0)) && from == buffer.len() {
            self.end = Some(End::Whole(!self.closes));
            return from..from;
        }
        if from == buffer.len() { from..from } else { self.decode(buffer, from) }
    }

    fn decode(&mut self, raw: &mut [u8], from: usize) -> Range<usize> {
        match self.framing.decode(raw, from, &mut self.trailers, self.trailer_limit) {
            Ok(decoded) => {
                self.length += decoded.data.len() as u64;
                self.excess |= decoded.excess;
                if decoded.done {
                    self.end = Some(End::Whole(!self.closes && !decoded.excess));
                }
                self.keep(&raw[decoded.data.clone()]);
                decoded.data
            }
            Err(fault) => {
                self.end = Some(End::Malformed(fault));
                from..from
            }
        }
    }

    fn keep(&mut self, bytes: &[u8]) {
        if let Some(store) = &mut self.store
            && let Err(fault) = store.write(bytes)
        {
            self.end = Some(End::Spool(fault));
        }
    }

    /// The connection, once: if the answer was read to its end and another request can follow.
    pub fn take_reusable(&mut self) -> Option<Box<BackendConnection>> {
        let connection = self.connection.take();
        connection.filter(|_| matches!(self.end, Some(End::Whole(true))))
    }

    /// At most so much is read at once from here on.
    pub fn set_read_limit(&mut self, limit: usize) {
        self.read_size = limit.min(self.spool.memory_limit());
    }

    /// Reads one piece to the end of an empty buffer; the place of the body's bytes in it.
    pub fn poll_read(&mut self, context: &mut Context, buffer: &mut Vec<u8>) -> Poll<Range<usize>> {
        let stream = match self.connection.as_mut().map(|connection| &mut connection.wire) {
            None => return Poll::Ready(0..0),
            Some(Wire::Http2(_)) => return self.poll_read_stream(context, buffer),
            Some(Wire::Http1(stream)) => stream,
        };
        match stream.poll_read_to(context, buffer, self.read_size) {
            Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(0)) => {
                let whole = self.framing.ends_with_connection();
                self.end = Some(if whole { End::Whole(false) } else { End::Premature });
                Poll::Ready(0..0)
            }
            Poll::Ready(Ok(length)) => {
                self.received += length as u64;
                Poll::Ready(self.decode(buffer, 0))
            }
            Poll::Ready(Err(error)) => {
                self.end = Some(End::Failed(error));
                Poll::Ready(0..0)
            }
        }
    }

    /// The same from a stream of HTTP/2; an empty range where only more of the request was sent.
    fn poll_read_stream(&mut self, context: &mut Context, buffer: &mut Vec<u8>) -> Poll<Range<usize>> {
        let Some(Wire::Http2(session)) = self.connection.as_mut().map(|connection| &mut connection.wire) else {
            return Poll::Ready(0..0);
        };
        let outcome = ready!(session.poll_read(context, buffer, self.read_size));
        self.received += session.take_received();
        match outcome {
            Ok(Some(0)) => {
                self.trailers = session.take_trailers();
                self.end = Some(End::Whole(true));
            }
            Ok(Some(length)) => {
                self.length += length as u64;
                self.keep(buffer);
                return Poll::Ready(0..buffer.len());
            }
            Ok(None) => {}
            Err(http2::Fault::Closed) => self.end = Some(End::Premature),
            Err(http2::Fault::Read(error)) => self.end = Some(End::Failed(error)),
            Err(fault) => self.end = Some(End::Broken(fault)),
        }
        Poll::Ready(0..0)
    }

    /// Whether the client's body goes on in pieces while the answer comes.
    pub fn takes_pieces(&self) -> bool {
        self.connection.as_ref().is_some_and(|connection| connection.is_http2())
    }

    /// Whether a piece of the client's body is wanted.
    pub fn wants_piece(&mut self) -> bool {
        self.session().is_some_and(|session| session.wants_piece())
    }

    /// Takes a piece of the client's body, and whether it is the last one; what failed is seen as the end.
    pub fn hand_over(&mut self, piece: Vec<u8>, is_last: Result<bool, u16>) {
        match (is_last, self.session()) {
            (Ok(is_last), Some(session)) => session.hand_over(piece, is_last),
            (Ok(_), None) => {}
            (Err(status), _) => self.end = Some(End::Broken(http2::Fault::Client(status))),
        }
    }

    fn session(&mut self) -> Option<&mut http2::Session> {
        match &mut self.connection.as_mut()?.wire {
            Wire::Http2(session) => Some(session),
            Wire::Http1(_) => None,
        }
    }

    /// The same for as long as the answer is not read: ready once something has failed.
    pub fn poll_send_on(&mut self, context: &mut Context) -> Poll<Range<usize>> {
        self.send_on(context);
        if self.end.is_some() { Poll::Ready(0..0) } else { Poll::Pending }
    }

    /// Sends on what the client sends meanwhile; the outcome is seen with the next piece that is read.
    fn send_on(&mut self, context: &mut Context) {
        if let Some(session) = self.session() {
            while let Poll::Ready(outcome) = session.poll_send(context) {
                if let Err(fault) = outcome {
                    self.end = Some(End::Broken(fault));
                    return;
                }
            }
        }
    }

    /// Sends a piece. While the client does not take it, the backend is read further, as far as there is room.
    pub async fn send_while_reading(&mut self, request: &mut Request, piece: &[u8]) -> Result<(), ClientGone> {
        self.spool.in_filter = if request.body_filters.is_some() { piece.len() } else { 0 };
        let mut sending = pin!(order::send_body(request, piece));
        std::future::poll_fn(|context| match sending.as_mut().poll(context) {
            Poll::Ready(outcome) => Poll::Ready(outcome),
            Poll::Pending => {
                self.read_ahead(context);
                self.send_on(context);
                // nginx gives the request up at once, with what it has not sent of it.
                if matches!(self.end, Some(End::Spool(_))) { Poll::Ready(Err(ClientGone)) } else { Poll::Pending }
            }
        })
        .await
    }

    fn read_ahead(&mut self, context: &mut Context) {
        while self.end.is_none() && self.spool.has_room() {
            let mut buffer = Vec::new();
            let Poll::Ready(range) = self.poll_read(context, &mut buffer) else { return };
            buffer.truncate(range.end);
            if let Err(fault) = self.spool.push(buffer) {
                self.end = Some(End::Spool(fault));
            }
            if self.end.is_some() {
                self.spool.note_end();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chunked(keeps_trailers: bool) -> Framing {
        Framing::of(&Head { chunked: true, ..Head::default() }, keeps_trailers)
    }

    fn decode(framing: &mut Framing, text: &str) -> (String, bool, bool, HeaderList) {
        let mut kept = HeaderList::default();
        let mut raw = text.as_bytes().to_vec();
        let decoded = framing.decode(&mut raw, 0, &mut kept, 100).expect("a good body");
        (String::from_utf8_lossy(&raw[decoded.data]).into_owned(), decoded.done, decoded.excess, kept)
    }

    #[test]
    fn lengths() {
        let mut framing = Framing::Length(5);
        assert_eq!(decode(&mut framing, "abc").0, "abc");
        let (data, done, excess, _) = decode(&mut framing, "defg");
        assert_eq!((data.as_str(), done, excess), ("de", true, true));
    }

    #[test]
    fn chunks_are_moved_together() {
        let (data, done, excess, _) = decode(&mut chunked(false), "3\r\nabc\r\n2\r\nde\r\n0\r\nA: b\r\n\r\n");
        assert_eq!((data.as_str(), done, excess), ("abcde", true, false));
        let mut framing = chunked(false);
        assert_eq!(decode(&mut framing, "3\r\na").0, "a");
        assert_eq!(decode(&mut framing, "bc\r\n").0, "bc");
        let (data, done, excess, _) = decode(&mut framing, "0\r\n\r\nmore");
        assert_eq!((data.as_str(), done, excess), ("", true, true));
    }

    #[test]
    fn trailers_are_kept_on_request() {
        let mut framing = chunked(true);
        assert!(!decode(&mut framing, "1\r\na\r\n0\r\nX: 1\r\nY").1);
        let (_, done, excess, kept) = decode(&mut framing, ": 2\r\n\r\n");
        assert_eq!((done, excess, kept.find(b"y")), (true, false, Some(&b"2"[..])));
        let mut raw = b"0\r\n: x".to_vec();
        let fault = chunked(true).decode(&mut raw, 0, &mut HeaderList::default(), 100);
        assert_eq!(fault, Err(Fault::InvalidTrailer(Vec::new(), b':')));
    }

    #[test]
    fn a_bad_chunk_is_a_fault() {
        let mut raw = b"x\r\n".to_vec();
        assert_eq!(chunked(false).decode(&mut raw, 0, &mut HeaderList::default(), 100), Err(Fault::InvalidChunk));
    }
}
