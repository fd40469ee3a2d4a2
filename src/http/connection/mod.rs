//! One client connection: its socket, its one timer, its write buffer.

mod attended;
mod begin;
mod burst;
mod hello;
pub mod http1;
pub mod http2;
mod http2_head;
pub mod http2_stream;
pub mod lingering;
pub mod output;
pub mod peer;
mod proxied;
pub mod request_head;
pub mod runner;
pub mod secure;
pub mod tunnel;
pub mod waiting;

use std::cell::{Cell, OnceCell, RefCell, RefMut};
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, RawFd};
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use rustls::ServerConnection;
use tokio::io::AsyncWrite;

use self::peer::Peer;
use self::waiting::{Deadline, ReadFault, SendFault};
use super::engine::Engine;
use crate::ir::ids::ServerId;
use crate::ir::listen::{AddressServers, ListenAddress};
use crate::log::error_log::{Level, Line, Whose};
use crate::net::accept::Accepted;
use crate::net::peer_end::PeerEnd;
use crate::net::places::Slot;
use crate::net::stream::Stream;
use crate::net::timers::Timer;
use crate::net::tls_hello::Hello;
use crate::net::tls_verify::Distrust;
use crate::wire::proxy_protocol::Addresses;

/// What the log calls a wait for the first request.
pub const WAITING_FOR_REQUEST: &str = "waiting for request";
/// What a connection does before that, over TLS.
pub const SSL_HANDSHAKING: &str = "SSL handshaking";

/// One client connection. Ten thousand of them may wait for a request: what few of them have is in [`Extra`].
pub struct Connection {
    /// What all connections share.
    pub engine: Rc<Engine>,
    /// Its socket; a stream in another connection has none.
    stream: RefCell<Option<Stream>>,
    extra: Option<Box<Extra>>,
    /// Its number in logs.
    pub number: u64,
    /// Who is at the other end.
    pub peer: Peer,
    listener: u32,
    address: u32,
    /// When it was taken, in milliseconds since 1970.
    pub began_ms: u64,
    /// Requests so far, with the present one.
    pub requests: Cell<u64>,
    /// Bytes sent on it so far.
    pub sent: Cell<u64>,
    out: Cell<Vec<u8>>,
    timer: Timer,
    /// Watches for the client's end while bytes before it lie unread.
    end: Cell<Option<Box<PeerEnd>>>,
    /// Its place among the worker's; a stream of HTTP/2 has none of its own.
    slot: Option<Slot>,
}

/// What most connections do without.
#[derive(Default)]
struct Extra {
    /// What a balancer in front says about its client (`proxy_protocol`).
    proxied: Option<Rc<Addresses>>,
    /// The address that the client came to, where it decides what answers.
    local: Option<SocketAddr>,
    client_trusted: OnceCell<Option<Result<(), Distrust>>>,
    /// What the client's hello offered, where variables show that.
    hello: Option<Box<Hello>>,
    /// What responders have against the client's certificate.
    client_fault: Option<&'static str>,
    /// The server that the client named in its hello.
    named: Option<ServerId>,
    inside: Option<Inside>,
}

/// A stream in another connection.
struct Inside {
    carrier: Rc<Connection>,
    exchange: http2_stream::Exchange,
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.engine.timers.clear(&self.timer);
        // What has no place of its own is a stream inside of another connection, or a view of one whose handshake goes on.
        if self.slot.is_some() {
            self.debug_socket(|line, socket| line.push_display(format_args!("close http connection: {socket}")));
            self.engine.counters.active.sub();
            self.engine.draining.leave();
        }
    }
}

/// What `Rc` adds is 16 bytes; the next larger size that memory is given out in is 32 bytes more.
const _: () = assert!(size_of::<Connection>() + 16 <= 192);

impl Connection {
    /// A connection that has just been taken.
    fn new(engine: Rc<Engine>, accepted: Accepted) -> Self {
        let Accepted { stream, peer, listener, number, slot } = accepted;
        engine.counters.active.add();
        engine.draining.enter();
        let addresses = &engine.http.listeners[listener].addresses;
        let stream = Stream::from(stream);
        let is_named = matches!(engine.http.listeners[listener].address, ListenAddress::Host(_));
        let local = if addresses.len() > 1 || is_named { stream.local_address() } else { None };
        let address = addresses.iter().position(|servers| is_at(servers, local)).unwrap_or(addresses.len() - 1);
        Self {
            stream: RefCell::new(Some(stream)),
            extra: local.is_some().then(|| Box::new(Extra { local, ..Extra::default() })),
            number,
            peer: peer.map_or(Peer::Unix, Peer::from),
            listener: listener as u32,
            address: address as u32,
            began_ms: crate::log::now::since_epoch().as_millis() as u64,
            requests: Cell::new(0),
            sent: Cell::new(0),
            out: Cell::default(),
            timer: Timer::default(),
            end: Cell::default(),
            slot: Some(slot),
            engine,
        }
    }

    /// The connection as variables see it while its handshake goes on.
    fn shaking_hands(&self, hello: Hello, local: Option<SocketAddr>) -> Self {
        let proxied = self.extra.as_ref().and_then(|extra| extra.proxied.clone());
        let extra = Extra { proxied, local, hello: Some(Box::new(hello)), ..Extra::default() };
        Self {
            engine: Rc::clone(&self.engine),
            stream: RefCell::new(None),
            extra: Some(Box::new(extra)),
            number: self.number,
            peer: self.peer.clone(),
            listener: self.listener,
            address: self.address,
            began_ms: self.began_ms,
            requests: Cell::new(0),
            sent: Cell::new(0),
            out: Cell::default(),
            timer: Timer::default(),
            end: Cell::default(),
            slot: None,
        }
    }

    /// A stream of HTTP/2 as a connection of its own, which is what the request in it takes it for.
    fn inside_of(carrier: &Rc<Self>, exchange: http2_stream::Exchange) -> Self {
        let inside = Some(Inside { carrier: Rc::clone(carrier), exchange });
        let extra = carrier.extra.as_ref();
        let (proxied, local) = extra.map_or((None, None), |extra| (extra.proxied.clone(), extra.local));
        Self {
            engine: Rc::clone(&carrier.engine),
            stream: RefCell::new(None),
            extra: Some(Box::new(Extra { proxied, local, named: carrier.named(), inside, ..Extra::default() })),
            number: carrier.number,
            peer: carrier.peer.clone(),
            listener: carrier.listener,
            address: carrier.address,
            began_ms: carrier.began_ms,
            requests: carrier.requests.clone(),
            sent: Cell::new(0),
            out: Cell::new(carrier.engine.take_buffer()),
            timer: Timer::default(),
            end: Cell::default(),
            slot: None,
        }
    }

    fn inside(&self) -> Option<&Inside> {
        self.extra.as_ref()?.inside.as_ref()
    }

    /// The stream of HTTP/2 that this is, if it is one.
    pub fn exchange(&self) -> Option<&http2_stream::Exchange> {
        self.inside().map(|inside| &inside.exchange)
    }

    /// What a balancer in front says about its client.
    pub fn proxied(&self) -> Option<&Addresses> {
        self.extra.as_ref()?.proxied.as_deref()
    }

    /// Whether the certificate that the client showed is trusted; nothing without one.
    pub fn client_trusted(&self) -> Option<Result<(), Distrust>> {
        let extra = self.extra.as_ref()?;
        match &extra.inside {
            Some(inside) => inside.carrier.client_trusted(),
            None => *extra
                .client_trusted
                .get_or_init(|| self.with_tls(|tls| hello::judge(&self.engine, self.servers(), tls))),
        }
    }

    /// What responders have against the client's certificate (`ssl_ocsp`); it is trusted otherwise.
    pub fn client_fault(&self) -> Option<&'static str> {
        let extra = self.extra.as_ref()?;
        match &extra.inside {
            Some(inside) => inside.carrier.client_fault(),
            None => extra.client_fault,
        }
    }

    /// The socket, which is the carrier's for a stream inside of it.
    fn stream(&self) -> RefMut<'_, Stream> {
        match self.inside() {
            Some(inside) => inside.carrier.stream(),
            None => RefMut::map(self.stream.borrow_mut(), |stream| {
                stream.as_mut().expect("only `begin` takes the stream, and nobody shares the connection then")
            }),
        }
    }

    /// Whether what is said on it is encrypted.
    pub fn is_secure(&self) -> bool {
        self.is_shaking_hands() || self.stream().tls().is_some()
    }

    fn is_shaking_hands(&self) -> bool {
        self.inside().is_none() && self.stream.borrow().is_none()
    }

    /// Runs something with the connection's TLS, if it has any and its handshake is done.
    pub fn with_tls<R>(&self, run: impl FnOnce(&ServerConnection) -> Option<R>) -> Option<R> {
        match self.is_shaking_hands() {
            true => None,
            false => self.stream().tls().and_then(run),
        }
    }

    /// Whether nothing was read so far but what came before the end of its handshake, and may have been sent by somebody else.
    pub fn is_early(&self) -> bool {
        !self.is_shaking_hands() && self.stream().is_early()
    }

    /// What the client's hello offered, as far as it was kept.
    pub fn hello(&self) -> Option<&Hello> {
        let extra = self.extra.as_ref()?;
        match &extra.inside {
            Some(inside) => inside.carrier.hello(),
            None => extra.hello.as_deref(),
        }
    }

    /// Tells a TLS client that nothing is missing (RFC 8446 section 6.1). Whether it still listens is not waited for.
    async fn say_goodbye(&self) {
        std::future::poll_fn(|context| {
            let _unheard = Pin::new(&mut *self.stream()).poll_shutdown(context);
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
        &self.engine.http.listeners[self.listener as usize].addresses[self.address as usize]
    }

    /// The server that the client named in its hello, if one goes by that name.
    pub fn named(&self) -> Option<ServerId> {
        self.extra.as_ref()?.named
    }

    /// Whose it is while no request has named a server.
    pub fn server(&self) -> ServerId {
        self.named().unwrap_or(self.servers().default_server)
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
        let known = self.extra.as_ref().and_then(|extra| extra.local);
        known.or_else(|| self.stream().local_address())
    }

    /// Whose lines of the log are those about it.
    pub fn whose(&self) -> Whose {
        Whose { number: self.number, is_debugged: self.engine.debugs(&self.peer) }
    }

    /// Says at debug what becomes of its socket.
    fn debug_socket(&self, text: impl FnOnce(&mut Line, RawFd)) {
        if self.engine.may_debug
            && let Some(stream) = &*self.stream.borrow()
        {
            let log = self.engine.error_log(&self.engine.server(self.server()).location);
            log.write(Level::Debug, Some(self.whose()), |line| text(line, stream.as_fd().as_raw_fd()));
        }
    }

    /// Writes a line about what is done on it outside of any request.
    pub fn log(&self, level: Level, action: &str, text: impl FnOnce(&mut Line)) {
        let server = self.engine.server(self.server());
        self.engine.error_log(&server.location).write(level, Some(self.whose()), |line| {
            text(line);
            line.push_display(format_args!(" while {action}"));
            self.log_ends(line);
        });
    }

    /// Says that it broke between requests, or before the first one.
    pub fn log_broken(&self, error: &io::Error) {
        if self.requests.get() > 0 {
            return self.log_kept(Some(error));
        }
        self.log(Level::Info, WAITING_FOR_REQUEST, |line| {
            line.push(b"recv() failed");
            line.push_error(error);
        });
    }

    /// Says that the client closed it while it was kept; nothing else is told of that.
    pub fn log_kept(&self, error: Option<&io::Error>) {
        let server = self.engine.server(self.server());
        self.engine.error_log(&server.location).write(Level::Info, Some(self.whose()), |line| {
            line.push_display(format_args!("client {} closed keepalive connection", self.peer));
            if let Some(error) = error {
                line.push_error(error);
            }
        });
    }

    /// Adds who is at either end to a line of the log that no server has a part in yet (`ngx_http_log_error`).
    pub fn log_ends(&self, line: &mut Line) {
        line.push_display(format_args!(", client: {}, server: ", self.peer));
        match &self.engine.http.listeners[self.listener as usize].address {
            ListenAddress::Inet(address) => line.push_display(address),
            ListenAddress::Unix(path) => line.push_display(format_args!("unix:{path}")),
            ListenAddress::Host(_) => {
                if let Some(local) = self.extra.as_ref().and_then(|extra| extra.local) {
                    line.push_display(local);
                }
            }
        }
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
        match self.exchange() {
            None => self.stream().poll_read_to(context, buffer, limit),
            Some(exchange) => exchange.poll_read_to(context, buffer, limit),
        }
    }

    /// Whether the deadline has passed; wakes the task when it does.
    pub fn poll_deadline(&self, deadline: &mut Deadline, context: &mut Context) -> Poll<()> {
        self.poll_until(deadline.due_ms(), context)
    }

    /// Whether it is so late, in milliseconds since boot; wakes the task when it is.
    fn poll_until(&self, due_ms: u64, context: &mut Context) -> Poll<()> {
        self.engine.timers.poll(&self.timer, due_ms, context)
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

    /// Whether it is worth asking [`Self::poll_gone`] before anything else: something was heard of the client.
    pub fn may_be_gone(&self) -> bool {
        self.exchange().is_some() || self.stream().has_news()
    }

    /// Ready once the client has closed its side, or with what broke it; whatever it sends instead is left unread.
    pub fn poll_gone(&self, context: &mut Context) -> Poll<Option<io::Error>> {
        if let Some(exchange) = self.exchange() {
            return exchange.poll_gone(context).map(|()| None);
        }
        if let Some(end) = self.end.take() {
            return self.poll_end(end, context);
        }
        let peeked = self.stream().poll_peek(context);
        match peeked {
            Poll::Ready(Ok(true)) => match PeerEnd::watch(&*self.stream()) {
                Ok(end) => self.poll_end(Box::new(end), context),
                // Without a descriptor to spare, the end shows once what is before it was read.
                Err(_) => Poll::Pending,
            },
            Poll::Ready(Ok(false)) => Poll::Ready(None),
            Poll::Ready(Err(error)) => Poll::Ready(Some(error)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn poll_end(&self, end: Box<PeerEnd>, context: &mut Context) -> Poll<Option<io::Error>> {
        let gone = end.poll(context);
        self.end.set(Some(end));
        gone
    }

    /// The requests that were there are answered: from here on, reading shows the client's end.
    fn stop_watching(&self) {
        drop(self.end.take());
    }

    /// Waits, unless the client goes away first.
    pub async fn pause(&self, delay_ms: u64) -> Result<(), SendFault> {
        let mut deadline = Deadline::after_ms(delay_ms);
        std::future::poll_fn(|context| match self.poll_gone(context) {
            Poll::Ready(error) => Poll::Ready(Err(SendFault::Closed(error))),
            Poll::Pending => self.poll_deadline(&mut deadline, context).map(Ok),
        })
        .await
    }

    /// Runs something with the socket; a stream of HTTP/2 has that of its connection.
    pub fn with_stream<R>(&self, run: impl FnOnce(&mut Stream) -> R) -> R {
        run(&mut self.stream())
    }
}

fn is_at(servers: &AddressServers, local: Option<SocketAddr>) -> bool {
    matches!((&servers.address, local), (ListenAddress::Inet(address), Some(local)) if *address == local)
}
