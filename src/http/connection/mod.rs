//! One client connection: its socket, its one timer, its write buffer.

pub mod http1;
pub mod http2;
mod http2_head;
pub mod lingering;
mod output;
mod proxied;
pub mod request_head;
pub mod runner;
pub mod secure;
pub mod tunnel;

use std::cell::{Cell, OnceCell, RefCell};
use std::io;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::AsyncWrite;
use tokio::time::{Instant, Sleep};

use super::engine::Engine;
use super::verdict::ClientGone;
use crate::ir::listen::AddressServers;
use crate::net::accept::Accepted;
use crate::net::places::Slot;
use crate::net::stream::Stream;
use crate::net::tls_verify::Distrust;
use crate::sys::coarse_clock;
use crate::wire::proxy_protocol::Addresses;

/// Who is at the other end.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Peer {
    /// An address and port.
    Inet(SocketAddr),
    /// Somebody on this machine, through a unix socket.
    Unix,
}

impl Peer {
    /// The address without the port, as logs and `$remote_addr` show it.
    pub fn text(&self) -> String {
        match self {
            Self::Inet(address) => address.ip().to_string(),
            Self::Unix => "unix:".to_owned(),
        }
    }

    /// The address, unless it is a unix socket.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Inet(address) => Some(address.ip()),
            Self::Unix => None,
        }
    }

    /// The port; 0 for unix sockets.
    pub fn port(&self) -> u16 {
        match self {
            Self::Inet(address) => address.port(),
            Self::Unix => 0,
        }
    }
}

/// What became of reading.
#[derive(Debug)]
pub enum ReadFault {
    /// The client was silent for too long.
    TimedOut,
    /// The socket failed.
    Io(io::Error),
}

/// One client connection.
pub struct Connection {
    /// What all connections share.
    pub engine: Rc<Engine>,
    source: Source,
    /// The stream of HTTP/2 that this is, if it is one.
    pub exchange: Option<http2::Exchange>,
    /// Its number in logs.
    pub number: u64,
    /// Who is at the other end.
    pub peer: Peer,
    /// The peer's address as text.
    pub peer_text: Box<str>,
    /// What a balancer in front says about its client (`proxy_protocol`).
    pub proxied: Option<Rc<Addresses>>,
    local: Option<SocketAddr>,
    listener: usize,
    address: usize,
    /// When it was taken, since 1970.
    pub began: Duration,
    /// Requests so far, with the present one.
    pub requests: Cell<u64>,
    /// Bytes sent on it so far.
    pub sent: Cell<u64>,
    out: RefCell<Vec<u8>>,
    timer: RefCell<Timer>,
    client_trusted: OnceCell<Option<Result<(), Distrust>>>,
    /// The place among the worker's connections, held as long as this one lives.
    /// Its place among the worker's; a stream of HTTP/2 has none of its own.
    slot: Option<Slot>,
}

/// Where a connection's bytes come from.
enum Source {
    /// From a socket of its own.
    Own(RefCell<Stream>),
    /// It is a stream in another connection.
    Inside(Rc<Connection>),
}

impl Connection {
    /// Takes a connection, with its TLS handshake where the address has `ssl`; `None` if it ended there.
    async fn begin(engine: Rc<Engine>, accepted: Accepted) -> Option<Rc<Self>> {
        let Accepted { stream, peer, listener, number, slot } = accepted;
        let addresses = &engine.http.listeners[listener].addresses;
        let mut stream = Stream::from(stream);
        let local = if addresses.len() > 1 { stream.local_address() } else { None };
        let address = addresses.iter().position(|servers| is_at(servers, local)).unwrap_or(addresses.len() - 1);
        let client = secure::Client { number, address: peer };
        let mut proxied = None;
        if addresses[address].proxy_protocol {
            let header = Box::pin(proxied::begin(&engine, &addresses[address], &mut stream, &client)).await?;
            proxied = header.addresses.map(Rc::new);
        }
        if addresses[address].ssl {
            // A handshake's future is large; a connection without one is not to pay for it.
            stream = Box::pin(secure::begin(&engine, &addresses[address], stream, &client)).await?;
        }
        let peer = peer.map_or(Peer::Unix, Peer::Inet);
        Some(Rc::new(Self {
            source: Source::Own(RefCell::new(stream)),
            exchange: None,
            number,
            peer_text: peer.text().into_boxed_str(),
            peer,
            proxied,
            local,
            slot: Some(slot),
            listener,
            address,
            began: crate::log::now::since_epoch(),
            requests: Cell::new(0),
            sent: Cell::new(0),
            out: RefCell::default(),
            timer: RefCell::default(),
            client_trusted: OnceCell::new(),
            engine,
        }))
    }

    /// A stream of HTTP/2 as a connection of its own, which is what the request in it takes it for.
    fn inside(carrier: &Rc<Self>, exchange: http2::Exchange) -> Self {
        Self {
            engine: Rc::clone(&carrier.engine),
            source: Source::Inside(Rc::clone(carrier)),
            exchange: Some(exchange),
            number: carrier.number,
            peer: carrier.peer.clone(),
            peer_text: carrier.peer_text.clone(),
            proxied: carrier.proxied.clone(),
            local: carrier.local,
            listener: carrier.listener,
            address: carrier.address,
            began: carrier.began,
            requests: carrier.requests.clone(),
            sent: Cell::new(0),
            out: RefCell::new(carrier.engine.take_buffer()),
            timer: RefCell::default(),
            client_trusted: OnceCell::new(),
            slot: None,
        }
    }

    /// Whether the certificate that the client showed is trusted; nothing without one.
    pub fn client_trusted(&self) -> Option<Result<(), Distrust>> {
        match &self.source {
            Source::Inside(carrier) => carrier.client_trusted(),
            Source::Own(_) => *self.client_trusted.get_or_init(|| secure::judge(self)),
        }
    }

    fn stream(&self) -> &RefCell<Stream> {
        match &self.source {
            Source::Own(stream) => stream,
            Source::Inside(carrier) => carrier.stream(),
        }
    }

    /// Whether what is said on it is encrypted.
    pub fn is_secure(&self) -> bool {
        self.stream().borrow().tls().is_some()
    }

    /// Tells a TLS client that nothing is missing (RFC 8446 section 6.1). Whether it still listens is not waited for.
    async fn say_goodbye(&self) {
        std::future::poll_fn(|context| {
            let _unheard = Pin::new(&mut *self.stream().borrow_mut()).poll_shutdown(context);
            Poll::Ready(())
        })
        .await;
    }

    /// Whether its address takes HTTP/2.
    fn may_speak_http2(&self) -> bool {
        let servers = self.servers();
        let is_plain_on_secure = servers.ssl && !self.is_secure();
        let is_offered = servers.http2 || self.engine.server(servers.default_server).v2.enabled;
        // By TLS, the server that the client named has decided.
        !is_plain_on_secure && (is_offered || self.is_secure())
    }

    /// `https` or `http`
    pub fn scheme(&self) -> &'static [u8] {
        if self.is_secure() { b"https" } else { b"http" }
    }

    /// The servers of the address that the client came to.
    pub fn servers(&self) -> &AddressServers {
        &self.engine.http.listeners[self.listener].addresses[self.address]
    }

    /// The port it came to; 0 for unix sockets.
    pub fn local_port(&self) -> u16 {
        self.local().map_or(0, |address| address.port())
    }

    /// The address it came to, without the port.
    pub fn local_text(&self) -> String {
        self.local().map_or_else(|| "unix:".to_owned(), |address| address.ip().to_string())
    }

    /// The address it came to; asked of the kernel only when somebody wants to know.
    pub fn local(&self) -> Option<SocketAddr> {
        self.local.or_else(|| self.stream().borrow().local_address())
    }

    /// Reads to the end of a buffer, at most `limit` bytes; 0 at the end of the stream.
    pub async fn read(&self, buffer: &mut Vec<u8>, limit: usize, deadline: &mut Deadline) -> Result<usize, ReadFault> {
        std::future::poll_fn(|context| match self.poll_read_to(context, buffer, limit) {
            Poll::Ready(outcome) => Poll::Ready(outcome.map_err(ReadFault::Io)),
            Poll::Pending => self.poll_deadline(deadline, context).map(|()| Err(ReadFault::TimedOut)),
        })
        .await
    }

    /// Reads what there is to the end of a buffer, at most `limit` bytes; 0 at the end of the stream.
    pub fn poll_read_to(&self, context: &mut Context, buffer: &mut Vec<u8>, limit: usize) -> Poll<io::Result<usize>> {
        match &self.exchange {
            None => self.stream().borrow_mut().poll_read_to(context, buffer, limit),
            Some(exchange) => exchange.poll_read_to(context, buffer, limit),
        }
    }

    /// Whether the deadline has passed; wakes the task when it does.
    pub fn poll_deadline(&self, deadline: &mut Deadline, context: &mut Context) -> Poll<()> {
        self.timer.borrow_mut().poll(deadline.due_ms(), context)
    }

    /// Waits for a request: ready when its place is needed by somebody else.
    pub fn poll_reclaimed(&self, context: &Context) -> Poll<()> {
        self.slot.as_ref().map_or(Poll::Pending, |slot| slot.poll_reclaimed(context))
    }

    /// It waits no longer.
    pub fn stop_waiting(&self) {
        if let Some(slot) = &self.slot {
            slot.stop_waiting();
        }
    }

    /// Ready once the client has closed its side; whatever it sends instead is left unread.
    pub fn poll_gone(&self, context: &mut Context) -> Poll<()> {
        if let Some(exchange) = &self.exchange {
            return exchange.poll_gone(context);
        }
        match self.stream().borrow_mut().poll_peek(context) {
            Poll::Ready(Ok(true)) | Poll::Pending => Poll::Pending,
            Poll::Ready(Ok(false) | Err(_)) => Poll::Ready(()),
        }
    }

    /// Waits, unless the client goes away first.
    pub async fn pause(&self, delay_ms: u64) -> Result<(), ClientGone> {
        let mut deadline = Deadline::after_ms(delay_ms);
        std::future::poll_fn(|context| match self.poll_gone(context) {
            Poll::Ready(()) => Poll::Ready(Err(ClientGone)),
            Poll::Pending => self.poll_deadline(&mut deadline, context).map(Ok),
        })
        .await
    }

    /// Runs something with the socket; a stream of HTTP/2 has that of its connection.
    pub fn with_stream<R>(&self, run: impl FnOnce(&mut Stream) -> R) -> R {
        run(&mut self.stream().borrow_mut())
    }
}

fn is_at(servers: &AddressServers, local: Option<SocketAddr>) -> bool {
    use crate::ir::listen::ListenAddress;
    matches!((&servers.address, local), (ListenAddress::Inet(address), Some(local)) if *address == local)
}

/// When waiting is to end. The clock is read only once there is something to wait for.
#[derive(Debug)]
pub struct Deadline {
    timeout_ms: u64,
    due_ms: Option<u64>,
}

impl Deadline {
    /// So long from the first time that something has to be waited for.
    pub fn after_ms(timeout_ms: u64) -> Self {
        Self { timeout_ms, due_ms: None }
    }

    /// Begins anew.
    pub fn restart(&mut self) {
        self.due_ms = None;
    }

    fn due_ms(&mut self) -> u64 {
        *self.due_ms.get_or_insert_with(|| now_ms().saturating_add(self.timeout_ms))
    }
}

/// Milliseconds since boot, good enough for timeouts.
fn now_ms() -> u64 {
    coarse_clock::since_boot().as_millis() as u64
}

/// The connection's one timer. It is not moved when a deadline moves away, which is what mostly happens: it fires early then,
/// and is set anew.
#[derive(Default)]
struct Timer {
    sleep: Option<Pin<Box<Sleep>>>,
    set_for_ms: u64,
}

impl Timer {
    fn poll(&mut self, due_ms: u64, context: &mut Context) -> Poll<()> {
        if self.sleep.is_none() || self.set_for_ms > due_ms {
            self.set(due_ms);
        }
        loop {
            let fired = self.sleep.as_mut().is_none_or(|sleep| sleep.as_mut().poll(context).is_ready());
            if !fired {
                return Poll::Pending;
            }
            if self.set_for_ms >= due_ms || now_ms() >= due_ms {
                return Poll::Ready(());
            }
            self.set(due_ms);
        }
    }

    fn set(&mut self, due_ms: u64) {
        let due = Instant::now() + Duration::from_millis(due_ms.saturating_sub(now_ms()));
        match &mut self.sleep {
            Some(sleep) => sleep.as_mut().reset(due),
            None => self.sleep = Some(Box::pin(tokio::time::sleep_until(due))),
        }
        self.set_for_ms = due_ms;
    }
}
