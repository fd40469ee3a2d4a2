//! The groups of servers as a worker runs them: addresses resolved, balancer, idle connections.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::AtomicU64;

use super::keepalive::Pool;
use super::sticky::{self, Sticky};
use crate::balance::{Balancer, Method, Peer, PeerId, Session};
use crate::http::connection;
use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::http::Http;
use crate::ir::lookup::HostId;
use crate::ir::upstream::{self, Keepalive, PeerAddress, Upstream, UpstreamId};
use crate::ir::value::{Template, Text};
use crate::net::connect::Target;
use crate::sys::fork;
use crate::sys::shared_words::SharedWords;
use crate::zone::lock::Holder;
use crate::zone::peers::PeerTable;

/// A server's address, with the text that logs and variables show.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to connect to.
    pub target: Target,
    /// `127.0.0.1:80`, `unix:/path`
    pub name: Rc<str>,
    /// What `sticky` calls it.
    sid: Box<[u8]>,
}

/// One group.
#[derive(Debug)]
pub struct Group {
    /// As `$upstream_addr` shows it when no server could be chosen.
    pub name: Rc<str>,
    /// The port that was written with an implied group's name.
    pub port: Option<u16>,
    /// The host: what TLS is asked to show a certificate for.
    pub host: Text,
    /// Its servers outlive a request, and with them the sessions of TLS.
    pub is_declared: bool,
    balancer: Balancer,
    key: Option<Template>,
    primary: Box<[Server]>,
    backup: Box<[Server]>,
    /// Idle connections.
    pub pool: Rc<Pool>,
    /// What binds requests to servers.
    pub sticky: Option<Sticky>,
}

/// The words of a group's `zone`, and of the zone of its `sticky learn`.
pub type Zones = (Option<&'static [AtomicU64]>, Option<SharedWords>);

/// The servers of a group and their peers, primary and backup.
type Ranks = [(Vec<Server>, Vec<Peer>); 2];

fn ranks(upstream: &Upstream, resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>) -> Ranks {
    let mut ranks = Ranks::default();
    for server in &upstream.servers {
        let (servers, peers) = &mut ranks[usize::from(server.backup)];
        for target in targets(&server.address, resolve) {
            let target = Server::new(target, server.route.as_ref());
            peers.push(peer(server, &target.sid));
            servers.push(target);
        }
    }
    ranks
}

/// How the state of a group's servers lies in shared words: primary, then backup.
#[derive(Debug)]
pub struct SharedLayout {
    weights: [Vec<i64>; 2],
}

impl SharedLayout {
    /// The layout of a group.
    pub fn of(upstream: &Upstream, resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>) -> Self {
        Self { weights: ranks(upstream, resolve).map(|(_, peers)| peers.iter().map(|peer| peer.weight).collect()) }
    }

    /// How many words it takes.
    pub fn words(&self) -> usize {
        self.weights.iter().map(|weights| PeerTable::words_needed(weights.len())).sum()
    }

    /// Every server as it is at the start; gives the words that are locks.
    pub fn reset(&self, words: &'static [AtomicU64]) -> [&'static AtomicU64; 2] {
        let [primary, backup] = self.tables(words);
        primary.reset(&self.weights[0]);
        backup.reset(&self.weights[1]);
        [&words[0], &words[PeerTable::words_needed(self.weights[0].len())]]
    }

    fn tables(&self, words: &'static [AtomicU64]) -> [PeerTable; 2] {
        let holder = Holder { id: u64::from(fork::own_pid().unsigned_abs()), wait: std::thread::yield_now };
        let (primary, backup) = words.split_at(PeerTable::words_needed(self.weights[0].len()));
        [PeerTable::shared(primary, holder), PeerTable::shared(backup, holder)]
    }
}

impl Group {
    fn new(
        upstream: &Upstream,
        resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>,
        (shared, session_words): Zones,
    ) -> Self {
        let layout = SharedLayout::of(upstream, resolve);
        let [(primary, primary_peers), (backup, backup_peers)] = ranks(upstream, resolve);
        let states = match shared {
            Some(words) => layout.tables(words),
            None => layout.weights.map(|weights| PeerTable::own(&weights)),
        };
        let method = method(&upstream.balancer);
        Self {
            name: Rc::from(upstream.name.to_string()),
            port: upstream.port,
            host: upstream.name.clone(),
            is_declared: true,
            balancer: Balancer::with_state(method, [primary_peers, backup_peers], states),
            key: key(&upstream.balancer),
            primary: primary.into(),
            backup: backup.into(),
            pool: Pool::new(upstream.keepalive.clone()),
            sticky: upstream.sticky.clone().map(|configured| Sticky::new(configured, session_words)),
        }
    }

    /// A group for one request alone: addresses that its URL names.
    pub fn of_addresses(name: &[u8], targets: Vec<Target>) -> Self {
        let peers = targets.iter().map(|_| Peer::new(name)).collect();
        let settings = Keepalive { connections: 0, ..Keepalive::default() };
        Self {
            name: Rc::from(String::from_utf8_lossy(name).into_owned()),
            port: None,
            host: Text::from(name),
            is_declared: false,
            balancer: Balancer::new(Method::RoundRobin, peers, Vec::new()),
            key: None,
            primary: targets.into_iter().map(|target| Server::new(target, None)).collect(),
            backup: Box::default(),
            pool: Pool::new(settings),
            sticky: None,
        }
    }

    /// Is this the group that a URL with variables names?
    pub fn is_named(&self, host: &[u8], port: Option<u16>, default_port: u16) -> bool {
        let same_port = match (self.port, port) {
            (None, None) => true,
            (Some(own), port) => own == port.unwrap_or(default_port),
            (None, Some(_)) => false,
        };
        same_port && self.host.eq_ignore_ascii_case(host)
    }

    /// Begins a request's walk over the servers.
    pub fn start(&self, request: &Request) -> Session {
        if let Some(key) = &self.key {
            return self.balancer.start(&evaluate::text(request, key));
        }
        if !self.balancer.needs_key() {
            return self.balancer.start(&[]);
        }
        match request.peer() {
            connection::Peer::Inet(SocketAddr::V4(address)) => self.balancer.start(&address.ip().octets()[..3]),
            connection::Peer::Inet(SocketAddr::V6(address)) => self.balancer.start(&address.ip().octets()),
            connection::Peer::Unix => self.balancer.start(&[0; 3]),
        }
    }

    /// The balancer.
    pub fn balancer(&self) -> &Balancer {
        &self.balancer
    }

    /// What a chosen server is called by `sticky`.
    pub fn sid(&self, id: PeerId) -> &[u8] {
        &self.server(id).sid
    }

    /// A chosen server.
    pub fn server(&self, id: PeerId) -> &Server {
        if id.backup { &self.backup[id.index] } else { &self.primary[id.index] }
    }
}

impl Server {
    fn new(target: Target, route: Option<&Text>) -> Self {
        let name = match &target {
            Target::Inet(address) => address.to_string(),
            Target::Unix(path) => format!("unix:{path}"),
        };
        let sid = sticky::sid(route, &name);
        Self { target, name: Rc::from(name), sid }
    }
}

/// All groups of a configuration, by their number.
pub fn groups(
    http: &Http,
    resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>,
    zones: &dyn Fn(UpstreamId) -> Zones,
) -> Vec<Rc<Group>> {
    let numbered = http.upstreams.iter().zip(0..);
    numbered.map(|(upstream, number)| Rc::new(Group::new(upstream, resolve, zones(UpstreamId(number))))).collect()
}

fn targets(address: &PeerAddress, resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>) -> Vec<Target> {
    match address {
        PeerAddress::Inet(address) => vec![Target::Inet(*address)],
        PeerAddress::Unix(path) => vec![Target::Unix(Rc::from(path.to_string()))],
        PeerAddress::Host(id) => resolve(*id).into_iter().map(Target::Inet).collect(),
    }
}

fn peer(server: &upstream::Server, sid: &[u8]) -> Peer {
    Peer {
        server: server.name.as_bytes().into(),
        weight: i64::from(server.weight),
        max_conns: i64::from(server.max_conns),
        max_fails: i64::from(server.max_fails),
        fail_timeout_s: server.fail_timeout_seconds as i64,
        down: server.down,
        draining: server.drain,
        sid: sid.into(),
    }
}

fn method(balancer: &upstream::Balancer) -> Method {
    use upstream::Balancer as Ir;
    match balancer {
        Ir::RoundRobin => Method::RoundRobin,
        Ir::IpHash => Method::IpHash,
        Ir::Hash { consistent: false, .. } => Method::Hash,
        Ir::Hash { consistent: true, .. } => Method::ConsistentHash,
        Ir::UrlHash { again, .. } => Method::UrlHash { again: *again },
        Ir::LeastConn => Method::LeastConn,
        Ir::LeastTime { last_byte, inflight } => Method::LeastTime { last_byte: *last_byte, inflight: *inflight },
        Ir::Random { two } => Method::Random { two: *two },
        Ir::Fair => Method::Fair,
    }
}

fn key(balancer: &upstream::Balancer) -> Option<Template> {
    use upstream::Balancer as Ir;
    match balancer {
        Ir::Hash { key, .. } | Ir::UrlHash { key, .. } => Some(key.clone()),
        _ => None,
    }
}
