//! The sockets of a resolver: one for datagrams and one connection to each name server, opened when first needed.

use std::cell::RefCell;
use std::fmt;
use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::rc::Rc;
use std::time::Duration;

use tokio::io::unix::AsyncFd;
use tokio::io::{AsyncReadExt, AsyncWriteExt, Interest};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::AbortHandle;

use super::lookups::Transport;
use crate::log::error_log::{ErrorLog, Level};
use crate::sys::readiness;

/// nginx reads no longer datagrams.
const LARGEST_DATAGRAM: usize = 4096;
/// A connection on which nothing was sent for so long is closed.
const TCP_TIMEOUT: Duration = Duration::from_secs(5);

/// Takes the messages of name servers.
pub type Receiver = Rc<dyn Fn(&[u8], Transport)>;

/// All sockets of a resolver.
pub struct Sockets {
    servers: Vec<Server>,
    log: Rc<ErrorLog>,
    receive: Receiver,
}

struct Server {
    address: SocketAddr,
    /// Closed by its reader when it fails.
    datagrams: Rc<RefCell<Option<Datagrams>>>,
    connection: Option<Connection>,
}

struct Datagrams {
    socket: Rc<UdpSocket>,
    reader: AbortHandle,
}

impl Drop for Datagrams {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

struct Connection {
    questions: mpsc::UnboundedSender<Vec<u8>>,
    task: AbortHandle,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl fmt::Debug for Sockets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.servers.iter().map(|server| server.address)).finish()
    }
}

impl Sockets {
    /// None is open yet.
    pub fn new(addresses: Vec<SocketAddr>, log: Rc<ErrorLog>, receive: Receiver) -> Self {
        let server = |address| Server { address, datagrams: Rc::default(), connection: None };
        Self { servers: addresses.into_iter().map(server).collect(), log, receive }
    }

    /// Sends a question as a datagram; false if that failed, and the log says why.
    pub fn send_datagram(&mut self, index: usize, question: &[u8]) -> bool {
        let Server { address, datagrams, .. } = &self.servers[index];
        if datagrams.borrow().is_none() {
            match self.open(*address, datagrams) {
                Ok(opened) => *datagrams.borrow_mut() = Some(opened),
                Err((level, call, error)) => {
                    say(&self.log, level, &error, call, *address);
                    return false;
                }
            }
        }
        let sent = datagrams.borrow().as_ref().map(|open| open.socket.send(question));
        let Some(Err(error)) = sent else { return true };
        say(&self.log, level_of(&error), &error, "send() failed", *address);
        *datagrams.borrow_mut() = None;
        false
    }

    fn open(
        &self,
        address: SocketAddr,
        place: &Rc<RefCell<Option<Datagrams>>>,
    ) -> Result<Datagrams, (Level, &'static str, io::Error)> {
        let socket_failed = |error| (Level::Alert, "socket() failed", error);
        let any: SocketAddr = if address.is_ipv4() { ([0; 4], 0).into() } else { ([0; 16], 0).into() };
        let socket = UdpSocket::bind(any).map_err(socket_failed)?;
        socket.connect(address).map_err(|error| (Level::Crit, "connect() failed", error))?;
        socket.set_nonblocking(true).map_err(socket_failed)?;
        let socket = Rc::new(socket);
        let readable = readiness::watch_input(Rc::clone(&socket)).map_err(socket_failed)?;
        let (place, receive) = (Rc::downgrade(place), Rc::clone(&self.receive));
        let log = Rc::clone(&self.log);
        let reading = async move {
            let error = read_datagrams(readable, receive).await;
            say(&log, level_of(&error), &error, "recv() failed", address);
            if let Some(place) = place.upgrade() {
                place.take();
            }
        };
        Ok(Datagrams { socket, reader: tokio::task::spawn_local(reading).abort_handle() })
    }

    /// Sends a question over a connection.
    pub fn send_over_tcp(&mut self, index: usize, question: &[u8]) -> bool {
        let Ok(length) = u16::try_from(question.len()) else { return false };
        let message = [&length.to_be_bytes(), question].concat();
        let message = match &self.servers[index].connection {
            Some(open) => match open.questions.send(message) {
                Ok(()) => return true,
                Err(closed) => closed.0,
            },
            None => message,
        };
        let (questions, receiver) = mpsc::unbounded_channel();
        let sent = questions.send(message).is_ok();
        let address = self.servers[index].address;
        let talk = talk_over_tcp(address, receiver, Rc::clone(&self.receive), Rc::clone(&self.log));
        let task = tokio::task::spawn_local(talk).abort_handle();
        self.servers[index].connection = Some(Connection { questions, task });
        sent
    }
}

/// Reads until that fails.
async fn read_datagrams(socket: AsyncFd<Rc<UdpSocket>>, receive: Receiver) -> io::Error {
    let mut message = [0; LARGEST_DATAGRAM];
    loop {
        // A refusal makes no input, only an error.
        let mut ready = match socket.ready(Interest::READABLE.add(Interest::ERROR)).await {
            Ok(ready) => ready,
            Err(error) => return error,
        };
        match ready.try_io(|socket| socket.get_ref().recv(&mut message)) {
            Ok(Ok(length)) => receive(&message[..length], Transport::Udp),
            Ok(Err(error)) => return error,
            Err(_would_block) => {}
        }
    }
}

async fn talk_over_tcp(
    address: SocketAddr,
    mut questions: mpsc::UnboundedReceiver<Vec<u8>>,
    receive: Receiver,
    log: Rc<ErrorLog>,
) {
    let mut stream = match tokio::time::timeout(TCP_TIMEOUT, TcpStream::connect(address)).await {
        Ok(Ok(stream)) => stream,
        // nginx sees a refusal when it writes.
        Ok(Err(error)) => return say(&log, level_of(&error), &error, "send() failed", address),
        Err(_elapsed) => return,
    };
    let mut answers = Vec::new();
    let mut deadline = tokio::time::Instant::now() + TCP_TIMEOUT;
    loop {
        tokio::select! {
            question = questions.recv() => {
                let Some(question) = question else { return };
                if let Err(error) = stream.write_all(&question).await {
                    return say(&log, level_of(&error), &error, "send() failed", address);
                }
                deadline = tokio::time::Instant::now() + TCP_TIMEOUT;
            }
            read = stream.read_buf(&mut answers) => match read {
                Ok(0) => return,
                Ok(_) => take_answers(&mut answers, &receive),
                Err(error) => return say(&log, level_of(&error), &error, "recv() failed", address),
            },
            () = tokio::time::sleep_until(deadline) => return,
        }
    }
}

/// Takes whole answers off the front; each has its length before it.
fn take_answers(bytes: &mut Vec<u8>, receive: &Receiver) {
    while let Some((length, rest)) = bytes.split_first_chunk() {
        let length = usize::from(u16::from_be_bytes(*length));
        let Some(message) = rest.get(..length) else { return };
        receive(message, Transport::Tcp);
        bytes.drain(..2 + length);
    }
}

/// A server that is not there is less grave than a system that does not work.
fn level_of(error: &io::Error) -> Level {
    use io::ErrorKind as Kind;
    let is_networks = matches!(
        error.kind(),
        Kind::ConnectionRefused
            | Kind::ConnectionReset
            | Kind::NotConnected
            | Kind::BrokenPipe
            | Kind::TimedOut
            | Kind::NetworkDown
            | Kind::NetworkUnreachable
            | Kind::HostUnreachable
    );
    if is_networks { Level::Error } else { Level::Alert }
}

fn say(log: &ErrorLog, level: Level, error: &io::Error, call: &str, address: SocketAddr) {
    log.write(level, None, |line| {
        line.push_display(call);
        line.push_error(error);
        line.push_display(format_args!(" while resolving, resolver: {address}"));
    });
}
