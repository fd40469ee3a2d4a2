//! The groups of servers as a worker runs them: addresses resolved, balancer, idle connections.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::AtomicU64;

use super::dynamic::Dynamic;
use super::keepalive::Pool;
use super::layout::{Server, SharedLayout, ranks};
use super::queue::Queue;
use super::sessions::Sticky;
use crate::balance::{Balancer, Method, Peer, PeerId, Session};
use crate::ir::http::Http;
use crate::ir::lookup::HostId;
use crate::ir::upstream::{self, Keepalive, Upstream, UpstreamId};
use crate::ir::value::{Template, Text};
use crate::net::connect::Target;
use crate::sys::shared_words::SharedWords;

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
    /// Primary and backup.
    servers: RefCell<[Vec<Server>; 2]>,
    /// The servers that are looked up while running.
    pub dynamic: Option<Dynamic<'static>>,
    /// The peers that are known from the start; kept where others may come.
    initial_peers: [Vec<Peer>; 2],
    /// Idle connections.
    pub pool: Rc<Pool>,
    /// What binds requests to servers.
    pub sticky: Option<Sticky>,
    /// Requests that wait for a server.
    pub queue: Option<Queue>,
}

/// Where the state of a group's servers is.
#[derive(Clone, Copy, Debug, Default)]
pub enum PeerWords {
    /// In this worker alone, and nobody sees it.
    #[default]
    Hidden,
    /// In this worker alone, and the master sees it.
    Watched(&'static [AtomicU64]),
    /// In a `zone`.
    Zone(&'static [AtomicU64]),
}

/// Where that is, and the words of the zone of its `sticky learn`.
pub type Zones = (PeerWords, Option<SharedWords>);

impl Group {
    fn new(
        upstream: &Upstream,
        resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>,
        (words, session_words): Zones,
    ) -> Self {
        let layout = SharedLayout::of(upstream, resolve);
        let [(primary, primary_peers), (backup, backup_peers)] = ranks(upstream, resolve);
        let (states, shared) = match words {
            PeerWords::Zone(words) => (layout.tables(words), Some(words)),
            PeerWords::Watched(words) => (layout.watched_tables(words), None),
            PeerWords::Hidden => (layout.own_tables(), None),
        };
        let method = method(&upstream.balancer);
        let initial_peers = match upstream.resolved_servers().next() {
            Some(_) => [primary_peers.clone(), backup_peers.clone()],
            None => Default::default(),
        };
        Self {
            initial_peers,
            name: Rc::from(upstream.name.to_string()),
            port: upstream.port,
            host: upstream.name.clone(),
            is_declared: true,
            balancer: Balancer::with_state(method, [primary_peers, backup_peers], states),
            key: key(&upstream.balancer),
            servers: RefCell::new([primary.clone(), backup.clone()]),
            dynamic: shared.and_then(|words| Dynamic::new(upstream, layout, words, [primary, backup])),
            pool: Pool::new(upstream.keepalive.clone()),
            sticky: upstream.sticky.clone().map(|configured| Sticky::new(configured, session_words)),
            queue: upstream.queue.map(Queue::new),
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
            servers: RefCell::new([targets.into_iter().map(Server::unbound).collect(), Vec::new()]),
            dynamic: None,
            initial_peers: Default::default(),
            pool: Pool::new(settings),
            sticky: None,
            queue: None,
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

    /// What of a request the balancer goes by (`hash`).
    pub fn key(&self) -> Option<&Template> {
        self.key.as_ref()
    }

    /// Begins a request's walk over the servers.
    pub fn start(&self, key: &[u8]) -> Session {
        self.refresh();
        self.balancer.start(key)
    }

    /// The balancer.
    pub fn balancer(&self) -> &Balancer {
        &self.balancer
    }

    /// A chosen server.
    pub fn server(&self, id: PeerId) -> Server {
        self.servers.borrow()[usize::from(id.backup)][id.index].clone()
    }

    /// Takes note of what another worker, or we, have found out about names.
    pub fn refresh(&self) {
        let Some(dynamic) = &self.dynamic else { return };
        if dynamic.version() == self.balancer.version() {
            return;
        }
        let found = dynamic.servers(&self.initial_peers);
        self.balancer.replace(found.peers, found.version);
        *self.servers.borrow_mut() = found.servers;
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
        Ir::Fair(rule) => Method::Fair(*rule),
    }
}

fn key(balancer: &upstream::Balancer) -> Option<Template> {
    use upstream::Balancer as Ir;
    match balancer {
        Ir::Hash { key, .. } | Ir::UrlHash { key, .. } => Some(key.clone()),
        _ => None,
    }
}
