//! `upstream { }`: groups of servers and how one of them is chosen.

pub mod draft;
pub mod sticky;

use std::net::SocketAddr;
use std::rc::Rc;

use super::http::core::Resolver;
use super::lookup::HostId;
use super::value::{Template, Text, Zone};
use crate::conf::diagnostic::Place;

/// The number of an [`Upstream`] in [`super::http::Http::upstreams`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
pub struct UpstreamId(pub u32);

/// A group of servers.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Upstream {
    /// The name in `upstream NAME { }`, or the host of a `proxy_pass` that names no group.
    pub name: Text,
    /// The port that was written with it, for a group that a `proxy_pass` implies.
    pub port: Option<u16>,
    /// Whether that port was written rather than the scheme's.
    pub has_port: bool,
    /// Whether an `upstream { }` declares it.
    pub explicit: bool,
    /// The servers, in source order.
    pub servers: Vec<Server>,
    /// How one is chosen.
    pub balancer: Balancer,
    /// Idle connections that are kept.
    pub keepalive: Keepalive,
    /// `zone`: the shared memory that all workers' view of the servers lies in.
    pub zone: Option<Zone>,
    /// `sticky`
    pub sticky: Option<sticky::Sticky>,
    /// `queue`
    #[serde(skip_serializing_if = "Option::is_none")]
    pub queue: Option<Queue>,
    /// Who is asked for names while running: its own `resolver`, or that of `http`.
    pub resolver: Option<Rc<Resolver>>,
    /// `resolver_timeout`
    pub resolver_timeout_ms: u64,
    /// Where it is declared, or first used.
    pub place: Place,
}

impl Upstream {
    /// The lines whose names are looked up while running.
    pub fn resolved_servers(&self) -> impl Iterator<Item = &Server> {
        self.servers.iter().filter(|server| matches!(server.address, PeerAddress::Resolve { .. }))
    }

    /// May there be backup servers?
    pub fn takes_backup(&self) -> bool {
        matches!(self.balancer, Balancer::RoundRobin | Balancer::LeastConn | Balancer::LeastTime { .. })
    }
}

/// `queue`: requests wait while no server can be chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Queue {
    /// So many at the most, in each worker.
    pub requests: usize,
    /// `timeout`: so long at the most.
    pub timeout_ms: u64,
}

/// One `server` line.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Server {
    /// As the operator wrote it.
    pub name: Text,
    /// Where to connect to. A host name may turn out to be several peers.
    pub address: PeerAddress,
    /// `weight`
    pub weight: u32,
    /// `max_conns`; 0 for no limit.
    pub max_conns: u32,
    /// `max_fails`; 0 switches the count off.
    pub max_fails: u32,
    /// `fail_timeout`
    pub fail_timeout_seconds: u64,
    /// `slow_start`; 0 where it has its whole weight at once.
    #[serde(skip_serializing_if = "is_none")]
    pub slow_start_ms: u64,
    /// `down`
    pub down: bool,
    /// `backup`
    pub backup: bool,
    /// `drain`
    pub drain: bool,
    /// `route`
    pub route: Option<Text>,
    /// `resolve`: the name is looked up again while running.
    pub resolve: bool,
    /// `service`: the SRV record to look up.
    pub service: Option<Text>,
}

fn is_none(time_ms: &u64) -> bool {
    *time_ms == 0
}

/// Where to connect to.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum PeerAddress {
    /// An address and port.
    Inet(SocketAddr),
    /// The path of a unix socket.
    Unix(Text),
    /// A host name; `process::cycle` resolves it.
    Host(HostId),
    /// A host name that is looked up while running (`resolve`).
    Resolve {
        /// The name.
        host: Text,
        /// All addresses get it, unless a service says otherwise.
        port: u16,
    },
}

/// How a server is chosen.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Balancer {
    /// Smooth weighted round robin.
    RoundRobin,
    /// `ip_hash`
    IpHash,
    /// `hash`
    Hash {
        /// What is hashed.
        key: Template,
        /// `consistent`: a ring, so that a changed group moves few keys.
        consistent: bool,
    },
    /// The old upstream_hash module's `hash` with `hash_again`.
    UrlHash {
        /// What is hashed.
        key: Template,
        /// How often another server is tried by hashing anew.
        again: u32,
    },
    /// `least_conn`
    LeastConn,
    /// `random`, `random two`, `random two least_conn`
    Random {
        /// Two are drawn and the less loaded one is taken.
        two: bool,
    },
    /// `least_time`
    LeastTime {
        /// `last_byte` rather than `header`.
        last_byte: bool,
        /// `inflight`: unfinished requests count too.
        inflight: bool,
    },
    /// The third-party `fair`.
    Fair(Fair),
}

/// The parameters of the third-party `fair`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub struct Fair {
    /// `no_rr`: each search begins with the first server again.
    pub no_rr: bool,
    /// `weight_mode`
    pub weight_mode: WeightMode,
}

/// What a weight means to the third-party `fair`.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug, serde::Serialize)]
pub enum WeightMode {
    /// The load counts in shares of it.
    #[default]
    Load,
    /// `idle`: with fewer requests a server counts as idle.
    Idle,
    /// `peak`: a server gets no more requests at a time.
    Peak,
}

/// Idle connections to servers that are kept for later requests.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Keepalive {
    /// `keepalive`: how many idle ones a worker keeps; 0 switches it off.
    pub connections: usize,
    /// `local`: connections are kept apart by the location that opened them.
    pub local: bool,
    /// `keepalive_requests`
    pub requests: u64,
    /// `keepalive_time`
    pub time_ms: u64,
    /// `keepalive_timeout`
    pub timeout_ms: u64,
}

impl Default for Keepalive {
    /// Mainline keeps connections of every declared group.
    fn default() -> Self {
        Self { connections: 32, local: true, requests: 1000, time_ms: 3_600_000, timeout_ms: 60_000 }
    }
}
