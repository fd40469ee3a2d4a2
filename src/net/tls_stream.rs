//! A stream made secure by TLS towards a backend.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};

use rustls::ClientConnection;
use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::client::TlsStream;

/// What can carry it.
pub trait Socket: AsyncRead + AsyncWrite + Unpin {
    /// Writes what the socket takes without waiting.
    fn write_at_once(&self, bytes: &[u8]) -> io::Result<usize>;
}

/// A connection to a backend, made secure. It says goodbye when it is dropped, as far as the socket takes it at once.
#[derive(Debug)]
pub struct Secured<S: Socket>(TlsStream<S>);

impl<S: Socket> Secured<S> {
    /// A stream whose handshake is done.
    pub fn new(stream: TlsStream<S>) -> Self {
        Self(stream)
    }

    /// The session.
    pub fn tls(&self) -> &ClientConnection {
        self.0.get_ref().1
    }

    /// What carries it.
    pub fn socket(&self) -> &S {
        self.0.get_ref().0
    }

    /// The application protocol that was agreed on.
    pub fn application_protocol(&self) -> Option<&[u8]> {
        self.0.get_ref().1.alpn_protocol()
    }

    /// Whether a byte of the backend's answer is there; false at its end. Tickets are taken on the way.
    pub fn poll_peek(&mut self, context: &mut Context<'_>) -> Poll<io::Result<bool>> {
        match Pin::new(&mut self.0).poll_fill_buf(context) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(false)),
            filled => filled.map_ok(|bytes| !bytes.is_empty()),
        }
    }
}

impl<S: Socket> Drop for Secured<S> {
    fn drop(&mut self) {
        struct AtOnce<'s, S>(&'s S);
        impl<S: Socket> io::Write for AtOnce<'_, S> {
            fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
                self.0.write_at_once(bytes)
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let (socket, tls) = self.0.get_mut();
        tls.send_close_notify();
        // A backend that is gone does not hear it.
        drop(tls.write_tls(&mut AtOnce(socket)));
    }
}

impl<S: Socket> AsyncRead for Secured<S> {
    /// Many servers end without TLS's own goodbye; HTTP knows how long an answer is (`SSL_OP_IGNORE_UNEXPECTED_EOF`).
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        match Pin::new(&mut self.get_mut().0).poll_read(context, buffer) {
            Poll::Ready(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Poll::Ready(Ok(())),
            outcome => outcome,
        }
    }
}

impl<S: Socket> AsyncWrite for Secured<S> {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(context, bytes)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write_vectored(context, slices)
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(context)
    }
}
