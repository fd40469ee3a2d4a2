//! A connection's bytes, whatever carries them.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::{Pin, pin};
use std::task::{Context, Poll, ready};

use rustls::ServerConnection;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, Interest, ReadBuf};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::coop::poll_proceed;

use super::tls_server_stream::ServerStream;
use super::tls_stream::{self, Socket};
use super::{accept, tcp};

/// TLS towards a backend, over a plain stream.
pub type Secured = tls_stream::Secured<Stream>;

/// A connected stream socket.
#[derive(Debug)]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
    /// TLS over TCP. It is large, and most connections are plain.
    Tls(Box<ServerStream>),
    /// TLS towards a backend.
    TlsClient(Box<Secured>),
}

macro_rules! each {
    ($stream:expr, $inner:ident => $expression:expr) => {
        match $stream {
            Stream::Tcp($inner) => $expression,
            Stream::Unix($inner) => $expression,
            Stream::Tls($inner) => $expression,
            Stream::TlsClient($inner) => $expression,
        }
    };
}

impl From<accept::Stream> for Stream {
    fn from(stream: accept::Stream) -> Self {
        match stream {
            accept::Stream::Tcp(stream) => Self::Tcp(stream),
            accept::Stream::Unix(stream) => Self::Unix(stream),
        }
    }
}

impl Stream {
    /// The address of this end; nothing for unix sockets.
    pub fn local_address(&self) -> Option<SocketAddr> {
        match self {
            Self::Tcp(stream) => stream.local_addr().ok(),
            Self::Unix(_) => None,
            Self::Tls(stream) => stream.socket().local_addr().ok(),
            Self::TlsClient(stream) => stream.socket().local_address(),
        }
    }

    /// `tcp_nodelay`; nothing to do for unix sockets.
    pub fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Self::Tcp(stream) => stream.set_nodelay(true),
            Self::Unix(_) => Ok(()),
            Self::Tls(stream) => stream.socket().set_nodelay(true),
            Self::TlsClient(stream) => stream.socket().set_nodelay(),
        }
    }

    /// The connection's TLS, if it has any.
    pub fn tls(&self) -> Option<&ServerConnection> {
        match self {
            Self::Tls(stream) => Some(stream.tls()),
            Self::Tcp(_) | Self::Unix(_) | Self::TlsClient(_) => None,
        }
    }

    /// Whether nothing was read so far but what came before the end of a TLS handshake.
    pub fn is_early(&self) -> bool {
        matches!(self, Self::Tls(stream) if stream.is_early())
    }

    /// Whether bytes that were written may still wait for a flush.
    pub fn needs_flush(&self) -> bool {
        matches!(self, Self::Tls(_) | Self::TlsClient(_))
    }

    /// Reads what there is to the end of a buffer, at most `limit` bytes; 0 at the end of the stream.
    pub fn poll_read_to(
        &mut self,
        context: &mut Context,
        buffer: &mut Vec<u8>,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        buffer.reserve(limit);
        if let Self::Tcp(stream) = self {
            let coop = ready!(poll_proceed(context));
            let outcome = ready!(tcp::poll_read_to(stream, context, buffer, limit));
            coop.made_progress();
            return Poll::Ready(outcome);
        }
        let mut limited = bytes::BufMut::limit(buffer, limit);
        let outcome = pin!(self.read_buf(&mut limited)).poll(context);
        self.answer(context);
        match outcome {
            // A client that ends TLS without saying so does no wrong (OpenSSL's SSL_OP_IGNORE_UNEXPECTED_EOF, which nginx sets).
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(0)),
            outcome => outcome,
        }
    }

    /// Waits until a read may succeed.
    pub fn poll_readable(&mut self, context: &mut Context) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_read_ready(context),
            Self::Unix(stream) => stream.poll_read_ready(context),
            Self::Tls(stream) => stream.poll_readable(context),
            Self::TlsClient(stream) => stream.poll_peek(context).map_ok(drop),
        }
    }

    /// Whether something was heard of the other end that nobody has looked at; where that cannot be known without a look, it is so.
    pub fn has_news(&self) -> bool {
        match self {
            Self::Tcp(stream) => stream.try_io(Interest::READABLE, || Ok(())).is_ok(),
            Self::Unix(_) | Self::Tls(_) | Self::TlsClient(_) => true,
        }
    }

    /// Looks at the next byte without taking it: whether there is one, or the end of the stream.
    pub fn poll_peek(&mut self, context: &mut Context) -> Poll<io::Result<bool>> {
        let mut byte = [0];
        let mut room = ReadBuf::new(&mut byte);
        match self {
            Self::Tcp(stream) => stream.poll_peek(context, &mut room).map_ok(|length| length > 0),
            Self::Unix(stream) => stream.poll_read_ready(context).map_ok(|()| true),
            // What came along with the end of the handshake makes no socket readable.
            Self::Tls(stream) => {
                let filled = stream.poll_fill(context).map_ok(|bytes| !bytes.is_empty());
                self.answer(context);
                match filled {
                    Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(false)),
                    filled => filled,
                }
            }
            Self::TlsClient(stream) => stream.poll_peek(context),
        }
    }

    /// Sends what TLS itself answers to what was read: that there is no renegotiation, or that a key has changed. What the socket
    /// does not take goes out with the next write.
    fn answer(&mut self, context: &mut Context) {
        if let Self::Tls(stream) = self
            && stream.tls().wants_write()
        {
            // A client that is gone shows that with the next read.
            drop(Pin::new(stream).poll_flush(context));
        }
    }

    /// Waits until a write to the descriptor may succeed.
    pub fn poll_writable(&self, context: &mut Context) -> Poll<io::Result<()>> {
        match self {
            Self::Tcp(stream) => stream.poll_write_ready(context),
            Self::Unix(stream) => stream.poll_write_ready(context),
            Self::Tls(stream) => stream.socket().poll_write_ready(context),
            Self::TlsClient(stream) => stream.socket().poll_writable(context),
        }
    }

    /// Lets closing reset the connection instead of ending it in order.
    pub fn reset_when_closed(&self) {
        if let Self::Tcp(stream) = self {
            // A socket that is gone already needs no reset.
            drop(stream.set_zero_linger());
        }
    }

    /// Runs a system call that writes to the descriptor; when it would block, readiness is asked for anew. Not for TLS, whose
    /// bytes are not the descriptor's.
    pub fn try_write_with<R>(&self, call: impl FnOnce(BorrowedFd) -> io::Result<R>) -> io::Result<R> {
        match self {
            Self::Tcp(stream) => stream.try_io(Interest::WRITABLE, || call(stream.as_fd())),
            Self::Unix(stream) => stream.try_io(Interest::WRITABLE, || call(stream.as_fd())),
            Self::Tls(_) | Self::TlsClient(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl Socket for Stream {
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(stream) => stream.try_write(bytes),
            Self::Unix(stream) => stream.try_write(bytes),
            Self::Tls(_) | Self::TlsClient(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
            Self::Tls(stream) => stream.socket().as_fd(),
            Self::TlsClient(stream) => stream.socket().as_fd(),
        }
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => tcp::poll_write(stream, context, bytes),
            stream => each!(stream, stream => Pin::new(stream).poll_write(context, bytes)),
        }
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context, slices: &[IoSlice]) -> Poll<io::Result<usize>> {
        match self.get_mut() {
            Self::Tcp(stream) => tcp::poll_write_vectored(stream, context, slices),
            stream => each!(stream, stream => Pin::new(stream).poll_write_vectored(context, slices)),
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_flush(context))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_shutdown(context))
    }
}
