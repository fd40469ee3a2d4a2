//! How connections reach a worker. All workers wait on the same sockets; the kernel wakes one of them, or they take turns.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::pin::pin;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, UnixListener, UnixStream};
use tokio::time::Instant;

use super::at_once::at_once;
use super::draining::Draining;
use super::listener::{Address, Listening};
use super::places::{Connections, Slot};
use super::turns::Turns;
use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::sys::descriptors;
use crate::sys::exclusive_wake::ExclusiveWake;

/// How long a worker leaves its sockets alone when it has no descriptors left.
const PAUSE_WITHOUT_DESCRIPTORS: Duration = Duration::from_millis(500);

/// After so many connections on a socket others are woken first: those that began to wait first always are, otherwise.
const QUEUED_LAST_AFTER: u32 = 16;

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
    /// Where nobody else needs the descriptor, it is used itself.
    fn new(address: &Address, descriptor: Rc<OwnedFd>) -> io::Result<Self> {
        let descriptor = Rc::try_unwrap(descriptor).or_else(descriptors::duplicate)?;
        Ok(match address {
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

impl AsFd for Watched {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(listener) => listener.as_fd(),
            Self::Unix(listener) => listener.as_fd(),
        }
    }
}

/// What several workers have to do with the same socket.
struct Shared<'t> {
    turns: &'t Turns,
    /// Without it all are woken for each connection.
    wake: Option<ExclusiveWake>,
    until_queued_last: u32,
}

impl<'t> Shared<'t> {
    fn new(watched: &Watched, turns: &'t Turns) -> Self {
        let wake = if turns.by_mutex() { None } else { ExclusiveWake::of(watched) };
        Self { turns, wake, until_queued_last: 0 }
    }

    async fn accept(&mut self, watched: &Watched) -> io::Result<(Stream, Option<SocketAddr>)> {
        if self.turns.by_mutex() {
            return self.turns.in_turn(async || watched.accept().await).await;
        }
        self.let_others_be_woken();
        self.turns.hold_back().await;
        watched.accept().await
    }

    fn let_others_be_woken(&mut self) {
        self.until_queued_last = match self.until_queued_last.checked_sub(1) {
            Some(left) if !self.turns.is_ahead() => left,
            _ => QUEUED_LAST_AFTER,
        };
        if self.until_queued_last == QUEUED_LAST_AFTER {
            // A kernel that does not know the flag wakes all.
            self.wake.take_if(|wake| wake.queue_last().is_err());
        }
    }
}

/// Who accepts, and until when.
pub struct Acceptor<'a> {
    /// The worker's places.
    pub connections: &'a Connections,
    /// How it shares out connections with the others.
    pub turns: &'a Turns,
    /// Tells when it is to accept no more.
    pub draining: &'a Draining,
    /// Where faults go.
    pub log: &'a ErrorLog,
}

impl Acceptor<'_> {
    /// Accepts connections on one socket until the worker is to end, and hands each to `serve`.
    pub async fn run(&self, socket: Listening, mut serve: impl FnMut(Accepted)) -> io::Result<()> {
        let Listening { wanted, descriptor, .. } = socket;
        let watched = Watched::new(&wanted.address, descriptor)?;
        // A socket of `reuseport` is one worker's alone.
        let is_shared = self.turns.are_shared() && wanted.worker.is_none();
        let mut shared = is_shared.then(|| Shared::new(&watched, self.turns));
        let mut ending = pin!(self.draining.begun());
        loop {
            let accept = async {
                match &mut shared {
                    None => watched.accept().await,
                    Some(shared) => shared.accept(&watched).await,
                }
            };
            tokio::select! {
                biased;
                () = &mut ending => break,
                accepted = accept => self.take(accepted, wanted.listener, &mut serve).await,
            }
            if !self.turns.takes_all() {
                // One connection, then the turn of the others: our own connections, and the other workers at this socket.
                tokio::task::yield_now().await;
            }
        }
        // For these we were woken, and nobody else is.
        while let Some(accepted @ Ok(_)) = at_once(watched.accept()) {
            self.take(accepted, wanted.listener, &mut serve).await;
        }
        Ok(())
    }

    async fn take(
        &self,
        accepted: io::Result<(Stream, Option<SocketAddr>)>,
        listener: usize,
        serve: &mut impl FnMut(Accepted),
    ) {
        match accepted {
            Ok((stream, peer)) => {
                let number = self.connections.next_number();
                // Without a place it is closed at once.
                match self.connections.take(self.log).await {
                    Ok(slot) => serve(Accepted { stream, peer, listener, number, slot }),
                    Err(lack) => self.log.say(Level::Alert, lack),
                }
            }
            Err(error) => self.pause_after(&error).await,
        }
    }

    /// Says what went wrong as nginx does; without descriptors, waits for some to be closed.
    async fn pause_after(&self, error: &io::Error) {
        if error.kind() == io::ErrorKind::ConnectionAborted {
            self.log.say_error(Level::Error, error, "accept4() failed");
        } else if descriptors::are_exhausted(error) {
            // All sockets of the worker are left alone, and one line is enough for them.
            let paused_until = self.connections.paused_until();
            let until = paused_until.get().filter(|until| *until > Instant::now()).unwrap_or_else(|| {
                self.log.say_error(Level::Crit, error, "accept4() failed");
                Instant::now() + PAUSE_WITHOUT_DESCRIPTORS
            });
            paused_until.set(Some(until));
            tokio::time::sleep_until(until).await;
        } else {
            self.log.say_error(Level::Alert, error, "accept4() failed");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::net::TcpListener as Plain;
    use std::num::NonZeroUsize;

    use super::*;
    use crate::ir::listen::SocketOptions;
    use crate::log::open_files::LogFile;
    use crate::net::listener::Wanted;
    use crate::net::turns::{Board, Rules};
    use crate::sys::shared_words;

    /// What happens while three connections wait: `a` for one that is accepted, `-` for a turn of others.
    async fn course(takes_all: bool) -> String {
        let listener = Plain::bind("127.0.0.1:0").expect("a port");
        listener.set_nonblocking(true).expect("a socket");
        let address = listener.local_addr().expect("an address");
        let clients = [(); 3].map(|()| std::net::TcpStream::connect(address).expect("it listens"));
        let options = SocketOptions::default();
        let wanted = Wanted { address: Address::Inet(address), options, listener: 0, worker: None };
        let socket = Listening { wanted, descriptor: Rc::new(listener.into()), inherited: false };
        let words = shared_words::map(NonZeroUsize::new(Board::WORDS).expect("not 0")).expect("there is memory");
        let board = Board::over(words.first_chunk().expect("that many words"));
        let turns = Turns::new(board, 0, Rules { workers: 1, mutex_delay_ms: None, takes_all });
        let connections = Connections::new(10, 0, &words[0], None);
        let log = ErrorLog::at_start(LogFile::stderr(), Level::Emerg);
        let draining = Draining::default();
        let acceptor = Acceptor { connections: &connections, turns: &turns, draining: &draining, log: &log };
        let course = RefCell::new(String::new());
        let serve = |accepted| {
            course.borrow_mut().push('a');
            std::mem::forget::<Accepted>(accepted);
        };
        let others = async {
            while course.borrow().matches('a').count() < clients.len() {
                course.borrow_mut().push('-');
                tokio::task::yield_now().await;
            }
        };
        tokio::select! {
            biased;
            outcome = acceptor.run(socket, serve) => outcome.expect("it can be watched"),
            () = others => {}
        }
        course.into_inner()
    }

    #[tokio::test]
    async fn one_connection_is_taken_at_a_time_or_all_that_wait() {
        assert!(course(true).await.contains("aaa"));
        let course = course(false).await;
        assert!(!course.contains("aa"), "{course}");
    }
}
