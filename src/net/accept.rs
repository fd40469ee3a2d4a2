//! How connections reach a worker. All workers wait on the same sockets; whoever is first takes the connection.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};

use super::listener::{Address, Listening};
use super::places::{Connections, Slot};
use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::sys::descriptors;

/// How long a worker leaves its sockets alone when it has no descriptors left.
const PAUSE_WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(500);

/// A stream that a client has opened, before anybody has read from it.
#[derive(Debug)]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a unix socket.
    Unix(UnixStream),
}

/// A connection that has just been accepted.
#[derive(Debug)]
pub struct Accepted {
    /// The stream.
    pub stream: Stream,
    /// The client's address; `None` for a unix socket, whose clients have none.
    pub peer: Option<SocketAddr>,
    /// Which of the configuration's listeners it came in on.
    pub listener: usize,
    /// Its number: `*N` in the error log, `$connection`.
    pub number: u64,
    /// Its place among the worker's connections.
    pub slot: Slot,
}

/// A listening socket, watched by the runtime.
enum Watched {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Watched {
    fn new(socket: &Listening) -> io::Result<Self> {
        let descriptor = descriptors::duplicate(&*socket.descriptor)?;
        Ok(match socket.wanted.address {
            Address::Inet(_) => Self::Tcp(TcpListener::from_std(descriptor.into())?),
            Address::Unix(_) => Self::Unix(UnixListener::from_std(descriptor.into())?),
        })
    }

    async fn accept(&self) -> io::Result<(Stream, Option<SocketAddr>)> {
        match self {
            Self::Tcp(listener) => {
                let (stream, peer) = listener.accept().await?;
                Ok((Stream::Tcp(stream), Some(peer)))
            }
            Self::Unix(listener) => Ok((Stream::Unix(listener.accept().await?.0), None)),
        }
    }
}

/// Accepts connections on one socket until the future is dropped, and hands each to `serve`.
pub async fn accept_all(
    socket: &Listening,
    connections: &Connections,
    log: &ErrorLog,
    mut serve: impl FnMut(Accepted),
) -> io::Result<()> {
    let watched = Watched::new(socket)?;
    loop {
        match watched.accept().await {
            Ok((stream, peer)) => {
                let number = connections.next_number();
                // Without a place it is closed at once.
                if let Some(slot) = connections.take(log).await {
                    serve(Accepted { stream, peer, listener: socket.wanted.listener, number, slot });
                }
            }
            Err(error) => pause_after(&error, log).await,
        }
        // One connection, then the turn of the others: our own connections, and the other workers at this socket.
        tokio::task::yield_now().await;
    }
}

/// Says what went wrong as nginx does; without descriptors, waits for some to be closed.
async fn pause_after(error: &io::Error, log: &ErrorLog) {
    if error.kind() == io::ErrorKind::ConnectionAborted {
        log.say_error(Level::Error, error, "accept4() failed");
    } else if descriptors::are_exhausted(error) {
        log.say_error(Level::Crit, error, "accept4() failed");
        tokio::time::sleep(PAUSE_WITHOUT_DESCRIPTORS).await;
    } else {
        log.say_error(Level::Alert, error, "accept4() failed");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
