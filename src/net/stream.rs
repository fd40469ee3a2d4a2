//! A connection's bytes, whatever carries them.

use std::io::{self, IoSlice};
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::pin::{Pin, pin};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, ReadBuf};
use tokio::net::{TcpStream, UnixStream};

use super::accept;

/// A connected stream socket.
#[derive(Debug)]
pub enum Stream {
    /// TCP.
    Tcp(TcpStream),
    /// A unix socket.
    Unix(UnixStream),
}

macro_rules! each {
    ($stream:expr, $inner:ident => $expression:expr) => {
        match $stream {
            Stream::Tcp($inner) => $expression,
            Stream::Unix($inner) => $expression,
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
        }
    }

    /// Reads what there is to the end of a buffer, at most `limit` bytes; 0 at the end of the stream.
    pub fn poll_read_to(
        &mut self,
        context: &mut Context,
        buffer: &mut Vec<u8>,
        limit: usize,
    ) -> Poll<io::Result<usize>> {
        buffer.reserve(limit);
        let mut limited = bytes::BufMut::limit(buffer, limit);
        pin!(self.read_buf(&mut limited)).poll(context)
    }

    /// Waits until a read may succeed.
    pub fn poll_readable(&self, context: &mut Context) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_read_ready(context))
    }

    /// Looks at the next byte without taking it: whether there is one, or the end of the stream.
    pub fn poll_peek(&mut self, context: &mut Context) -> Poll<io::Result<bool>> {
        let mut byte = [0];
        let mut room = ReadBuf::new(&mut byte);
        match self {
            Self::Tcp(stream) => stream.poll_peek(context, &mut room).map_ok(|length| length > 0),
            Self::Unix(stream) => stream.poll_read_ready(context).map_ok(|()| true),
        }
    }

    /// Waits until a write may succeed.
    pub fn poll_writable(&self, context: &mut Context) -> Poll<io::Result<()>> {
        each!(self, stream => stream.poll_write_ready(context))
    }

    /// Runs a system call that writes to the descriptor; when it would block, readiness is asked for anew.
    pub fn try_write_with<R>(&self, call: impl FnOnce(BorrowedFd) -> io::Result<R>) -> io::Result<R> {
        each!(self, stream => stream.try_io(tokio::io::Interest::WRITABLE, || call(stream.as_fd())))
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        each!(self, stream => stream.as_fd())
    }
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context, buffer: &mut ReadBuf) -> Poll<io::Result<()>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_read(context, buffer))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context, bytes: &[u8]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write(context, bytes))
    }

    fn poll_write_vectored(self: Pin<&mut Self>, context: &mut Context, slices: &[IoSlice]) -> Poll<io::Result<usize>> {
        each!(self.get_mut(), stream => Pin::new(stream).poll_write_vectored(context, slices))
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
