//! One request as `HTTP_GET` sends it, and the digest of what comes back.

use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use md5::{Digest, Md5};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};

use crate::net::stream::Stream;
use crate::net::tls_client::{self, HandshakeFault, Wish};
use crate::sys::socket_options::{self, NumberOption};

/// What is asked, and how.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Request {
    /// `--server` and `--port`
    pub server: SocketAddr,
    /// `--url`
    pub url: String,
    /// `--use-virtualhost`: what stands in `Host`, else the server's address.
    pub virtual_host: Option<String>,
    /// `--protocol`
    pub protocol: Protocol,
    /// `--use-ssl`
    pub tls: bool,
    /// `--use-sni`: TLS names the virtual host.
    pub sends_name: bool,
    /// `--fwmark`
    pub mark: Option<u32>,
    /// `--timeout`, of each step.
    pub timeout: Option<Duration>,
}

/// The values of `--protocol`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Protocol {
    /// `1.0`
    #[default]
    Http10,
    /// `1.0c`: with `Connection: close`.
    Http10Close,
    /// `1.1`
    Http11,
}

/// What has been read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Piece<'p> {
    /// More of the head.
    PartOfHead,
    /// The head, to its empty line.
    Head(&'p [u8]),
    /// Some of the body that counts: no more than the head announces.
    Body(&'p [u8]),
    /// The server has closed the connection; the digest of the body so far.
    End([u8; 16]),
}

/// Why there is no digest; shown in keepalived's words.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// No socket, or no route.
    Unreachable,
    /// The server refuses.
    Refused,
    /// It does not take the connection in time.
    ConnectTimeout,
    /// TLS does not come about.
    Handshake,
    /// It does not take the request.
    Send,
    /// It does not begin to answer in time.
    FirstReadTimeout,
    /// It does not go on in time.
    ReadTimeout {
        /// The connection has TLS.
        tls: bool,
    },
    /// The connection breaks.
    Read,
}

impl fmt::Display for Fault {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Unreachable => "HTTP/SSL_CHECK - network unreachable",
            Self::Refused => "Connection failed",
            Self::ConnectTimeout => "Timeout connecting",
            Self::Handshake => "SSL handshake/communication error connecting to",
            Self::Send => "Cannot send get request to",
            Self::FirstReadTimeout => "Timeout WEB read",
            Self::ReadTimeout { tls: false } => "Timeout HTTP read",
            Self::ReadTimeout { tls: true } => "Timeout SSL read",
            Self::Read => "Read error with",
        })
    }
}

/// Asks, and reads until the server closes the connection. Nothing, where no head of an answer came.
pub async fn digest(request: &Request, seen: &mut dyn FnMut(Piece<'_>)) -> Result<Option<[u8; 16]>, Fault> {
    let connected = within(request, Fault::ConnectTimeout, connect(request)).await?;
    let stream = connected.map_err(|error| match error.kind() {
        io::ErrorKind::NetworkUnreachable => Fault::Unreachable,
        _ => Fault::Refused,
    })?;
    if !request.tls {
        return exchange(stream, request, seen).await;
    }
    let context = tls_client::trusting().map_err(|_| Fault::Handshake)?;
    let server_name = request.virtual_host.as_deref().filter(|_| request.sends_name);
    let secured = context.connect(Stream::Tcp(stream), Wish { server_name, ..Wish::default() });
    let secured: Result<_, HandshakeFault> = within(request, Fault::ConnectTimeout, secured).await?;
    exchange(secured.map_err(|_| Fault::Handshake)?, request, seen).await
}

async fn within<T>(request: &Request, fault: Fault, step: impl Future<Output = T>) -> Result<T, Fault> {
    match request.timeout {
        None => Ok(step.await),
        Some(limit) => tokio::time::timeout(limit, step).await.map_err(|_| fault),
    }
}

async fn connect(request: &Request) -> io::Result<TcpStream> {
    let socket = if request.server.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
    if let Some(mark) = request.mark {
        socket_options::set(&socket, NumberOption::SO_MARK, mark.cast_signed())?;
    }
    socket.connect(request.server).await
}

async fn exchange(
    mut stream: impl AsyncRead + AsyncWrite + Unpin,
    request: &Request,
    seen: &mut dyn FnMut(Piece<'_>),
) -> Result<Option<[u8; 16]>, Fault> {
    stream.write_all(head(request).as_bytes()).await.map_err(|_| Fault::Send)?;
    stream.flush().await.map_err(|_| Fault::Send)?;
    let mut answer = Answer::default();
    let mut buffer = [0; 4096];
    let mut late = Fault::FirstReadTimeout;
    loop {
        match within(request, late, stream.read(&mut buffer)).await? {
            Ok(0) => {
                let (digest, has_head) = answer.end();
                seen(Piece::End(digest));
                return Ok(has_head.then_some(digest));
            }
            Ok(length) => answer.take(&buffer[..length], seen),
            // keepalived takes whatever goes wrong in TLS for the end.
            Err(_) if request.tls => {
                let (digest, has_head) = answer.end();
                return Ok(has_head.then_some(digest));
            }
            Err(_) => return Err(Fault::Read),
        }
        late = Fault::ReadTimeout { tls: request.tls };
    }
}

fn head(request: &Request) -> String {
    let (version, close) = match request.protocol {
        Protocol::Http10 => ("1.0", ""),
        Protocol::Http10Close => ("1.0", "Connection: close\r\n"),
        Protocol::Http11 => ("1.1", "Connection: close\r\n"),
    };
    let host = request.virtual_host.clone().unwrap_or_else(|| request.server.to_string());
    format!("GET {} HTTP/{version}\r\nUser-Agent: KeepAliveClient\r\n{close}Host: {host}\r\n\r\n", request.url)
}

/// The answer as far as it has come.
#[derive(Default)]
struct Answer {
    /// The head, until it is whole.
    head: Vec<u8>,
    /// What is still to come of the body, where the head says it; none before the head is whole.
    left: Option<u64>,
    digest: Md5,
}

impl Answer {
    fn take(&mut self, bytes: &[u8], seen: &mut dyn FnMut(Piece<'_>)) {
        if self.left.is_some() {
            return self.take_body(bytes, seen);
        }
        seen(Piece::PartOfHead);
        self.head.extend_from_slice(bytes);
        let Some(length) = head_length(&self.head) else { return };
        let rest = self.head.split_off(length);
        seen(Piece::Head(&self.head));
        self.left = Some(content_length(&self.head).unwrap_or(u64::MAX));
        self.take_body(&rest, seen);
    }

    fn take_body(&mut self, bytes: &[u8], seen: &mut dyn FnMut(Piece<'_>)) {
        let Some(left) = &mut self.left else { return };
        let counts = usize::try_from(*left).unwrap_or(usize::MAX).min(bytes.len());
        if counts > 0 {
            *left -= counts as u64;
            self.digest.update(&bytes[..counts]);
            seen(Piece::Body(&bytes[..counts]));
        }
    }

    /// The digest, and whether there was a head.
    fn end(self) -> ([u8; 16], bool) {
        (self.digest.finalize().into(), self.left.is_some())
    }
}

/// The length of the head with its empty line, once that has come.
fn head_length(bytes: &[u8]) -> Option<usize> {
    bytes.windows(4).position(|window| window == b"\r\n\r\n").map(|at| at + 4)
}

fn content_length(head: &[u8]) -> Option<u64> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked("Content-Length:".len())?;
        let value = name.eq_ignore_ascii_case(b"Content-Length:").then(|| String::from_utf8_lossy(value))?;
        value.trim().parse().ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answered(pieces: &[&[u8]]) -> (Vec<u8>, bool) {
        let mut body = Vec::new();
        let mut answer = Answer::default();
        for piece in pieces {
            answer.take(piece, &mut |piece| {
                if let Piece::Body(bytes) = piece {
                    body.extend_from_slice(bytes);
                }
            });
        }
        (body, answer.end().1)
    }

    #[test]
    fn the_body_counts_as_far_as_the_head_says() {
        assert_eq!(answered(&[b"HTTP/1.0 200 OK\r\n", b"\r\nhel", b"lo"]), (b"hello".to_vec(), true));
        assert_eq!(answered(&[b"x\r\ncontent-length: 4\r\n\r\nhel", b"lo"]), (b"hell".to_vec(), true));
        assert_eq!(answered(&[b"hello"]), (Vec::new(), false));
    }
}
