//! A stream made secure by TLS towards a client, who may send something before the handshake is over (RFC 8446 section 2.3).

use std::io::{self, IoSlice, Read, Write};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use rustls::server::Accepted;
use rustls::{ServerConfig, ServerConnection};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::task::coop::poll_proceed;

use super::tcp;

/// A client's connection, made secure. tokio-rustls has such a stream too, and shows it only when the handshake is over.
#[derive(Debug)]
pub struct ServerStream {
    socket: TcpStream,
    tls: ServerConnection,
    /// What came before the end of the handshake and has not been read; `None` where nothing comes so early, or all has been read
    /// and more.
    #[expect(clippy::box_collection, reason = "one word for the many connections that have none")]
    early: Option<Box<Vec<u8>>>,
    /// What broke it behind bytes that were good.
    fault: Option<io::Error>,
    has_ended: bool,
    has_said_goodbye: bool,
}

impl ServerStream {
    /// Answers a client's hello, and shakes hands to the end or to the first bytes that come before it.
    pub async fn accept(mut socket: TcpStream, hello: Accepted, config: Arc<ServerConfig>) -> io::Result<Self> {
        let mut tls = match hello.into_connection(config) {
            Ok(tls) => tls,
            Err((fault, mut alert)) => {
                let mut bytes = Vec::new();
                alert.write_all(&mut bytes)?;
                // The connection ends here, whether the client hears it or not.
                socket.write_all(&bytes).await.ok();
                return Err(broken(fault));
            }
        };
        let early = tls.early_data().map(|_| Box::default());
        let mut stream = Self { socket, tls, early, fault: None, has_ended: false, has_said_goodbye: false };
        std::future::poll_fn(|context| stream.poll_handshake(context)).await?;
        Ok(stream)
    }

    fn poll_handshake(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // What came along with the hello makes no socket readable.
        self.process(context)?;
        loop {
            ready!(self.poll_send(context))?;
            if self.has_early() {
                return Poll::Ready(Ok(()));
            }
            if !self.tls.is_handshaking() {
                self.early = None;
                return Poll::Ready(Ok(()));
            }
            if ready!(self.poll_receive(context))? == 0 {
                return Poll::Ready(Err(io::ErrorKind::UnexpectedEof.into()));
            }
        }
    }

    /// The session.
    pub fn tls(&self) -> &ServerConnection {
        &self.tls
    }

    /// What carries it.
    pub fn socket(&self) -> &TcpStream {
        &self.socket
    }

    /// Waits until a read may succeed.
    pub fn poll_readable(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        // A record may hold more than was asked for; what is left of it makes no socket readable.
        match self.tls.process_new_packets() {
            Ok(state) if state.plaintext_bytes_to_read() == 0 && !self.has_early() => {
                self.socket.poll_read_ready(context)
            }
            _ => Poll::Ready(Ok(())),
        }
    }

    /// The next bytes, without taking them; none at the end of the stream.
    pub fn poll_fill(&mut self, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        if self.has_ended {
            return Poll::Ready(Ok(&[]));
        }
        let mut is_dry = false;
        while !is_dry && !self.has_early() && self.tls.wants_read() {
            match self.poll_receive(context)? {
                Poll::Ready(0) => break,
                Poll::Ready(_) => {}
                Poll::Pending => is_dry = true,
            }
        }
        if let Some(early) = self.early.as_deref().filter(|early| !early.is_empty()) {
            return Poll::Ready(Ok(early));
        }
        match self.tls.reader().into_first_chunk() {
            Ok(bytes) => {
                self.has_ended = bytes.is_empty();
                Poll::Ready(Ok(bytes))
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if !is_dry {
                    context.waker().wake_by_ref();
                }
                Poll::Pending
            }
            Err(error) => Poll::Ready(Err(error)),
        }
    }

    fn consume(&mut self, count: usize) {
        match &mut self.early {
            Some(early) if !early.is_empty() => drop(early.drain(..count)),
            _ => {
                self.early = None;
                io::BufRead::consume(&mut self.tls.reader(), count);
            }
        }
    }

    /// Whether nothing was read so far but what came before the end of the handshake.
    pub fn is_early(&self) -> bool {
        self.early.is_some()
    }

    fn has_early(&self) -> bool {
        self.early.as_ref().is_some_and(|early| !early.is_empty())
    }

    /// Gives TLS what the socket has; 0 at its end.
    fn poll_receive(&mut self, context: &mut Context<'_>) -> Poll<io::Result<usize>> {
        let length = match self.tls.read_tls(&mut AtOnce { socket: &self.socket, context }) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
            outcome => outcome?,
        };
        self.process(context)?;
        Poll::Ready(Ok(length))
    }

    fn process(&mut self, context: &mut Context<'_>) -> io::Result<()> {
        if let Err(fault) = self.tls.process_new_packets() {
            // The client is told, if it listens.
            let _unheard = self.poll_send(context);
            return Err(broken(fault));
        }
        if let (Some(early), Some(mut came)) = (&mut self.early, self.tls.early_data()) {
            came.read_to_end(early)?;
        }
        Ok(())
    }

    /// Sends what TLS has to send.
    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.tls.wants_write() {
            match self.tls.write_tls(&mut AtOnce { socket: &self.socket, context }) {
                Ok(0) => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Poll::Pending,
                outcome => outcome?,
            };
        }
        Poll::Ready(Ok(()))
    }
}

fn broken(fault: rustls::Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, fault)
}

/// A socket as rustls wants it: what it would have to wait for is an error.
struct AtOnce<'s, 'c, 'w> {
    socket: &'s TcpStream,
    context: &'c mut Context<'w>,
}

fn at_once<T>(outcome: Poll<io::Result<T>>) -> io::Result<T> {
    match outcome {
        Poll::Ready(outcome) => outcome,
        Poll::Pending => Err(io::ErrorKind::WouldBlock.into()),
    }
}

impl Read for AtOnce<'_, '_, '_> {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        at_once(tcp::poll_read(self.socket, self.context, bytes))
    }
}

impl Write for AtOnce<'_, '_, '_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        at_once(tcp::poll_write(self.socket, self.context, bytes))
    }

    fn write_vectored(&mut self, slices: &[IoSlice<'_>]) -> io::Result<usize> {
        at_once(tcp::poll_write_vectored(self.socket, self.context, slices))
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl AsyncRead for ServerStream {
    fn poll_read(self: Pin<&mut Self>, context: &mut Context<'_>, room: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        if let Some(fault) = stream.fault.take() {
            return Poll::Ready(Err(fault));
        }
        // A client that sends without end is not to keep all others waiting.
        let coop = ready!(poll_proceed(context));
        let before = room.filled().len();
        while room.remaining() > 0 {
            let bytes = match stream.poll_fill(context) {
                Poll::Ready(Ok([])) => break,
                Poll::Ready(Ok(bytes)) => bytes,
                unread if room.filled().len() == before => return unread.map_ok(drop),
                Poll::Ready(Err(fault)) => {
                    stream.fault = Some(fault);
                    break;
                }
                Poll::Pending => break,
            };
            let count = bytes.len().min(room.remaining());
            room.put_slice(&bytes[..count]);
            stream.consume(count);
        }
        coop.made_progress();
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for ServerStream {
    fn poll_write(self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        self.poll_write_vectored(context, &[IoSlice::new(bytes)])
    }

    /// What TLS has taken counts as written, whether the socket takes it at once or not.
    fn poll_write_vectored(
        self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let stream = self.get_mut();
        if slices.iter().all(|slice| slice.is_empty()) {
            return Poll::Ready(Ok(0));
        }
        loop {
            let written = stream.tls.writer().write_vectored(slices)?;
            let sent = stream.poll_send(context)?;
            match (written, sent) {
                (0, Poll::Pending) => return Poll::Pending,
                (0, Poll::Ready(())) => {}
                (written, _) => return Poll::Ready(Ok(written)),
            }
        }
    }

    fn is_write_vectored(&self) -> bool {
        true
    }

    fn poll_flush(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        stream.tls.writer().flush()?;
        stream.poll_send(context)
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let stream = self.get_mut();
        if !stream.has_said_goodbye {
            stream.tls.send_close_notify();
            stream.has_said_goodbye = true;
        }
        ready!(stream.poll_send(context))?;
        match ready!(Pin::new(&mut stream.socket).poll_shutdown(context)) {
            Err(error) if error.kind() == io::ErrorKind::NotConnected => Poll::Ready(Ok(())),
            outcome => Poll::Ready(outcome),
        }
    }
}
