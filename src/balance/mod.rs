//! Which upstream server gets the next try: the same sequence of peers as nginx gives.
//!
//! A [`Balancer`] stands for one `upstream`; a [`Session`] is one request's walk over it. Time and randomness are arguments.

mod fair;
mod hash;
mod ip_hash;
mod least_conn;
mod random;
mod round_robin;
#[cfg(test)]
mod tests;

use crate::zone::peers::{Field, PeerTable};
use std::cell::Cell;

/// How an `upstream` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The default: smooth weighted round robin.
    RoundRobin,
    /// `ip_hash`.
    IpHash,
    /// `hash key`.
    Hash,
    /// `hash key consistent` (ketama).
    ConsistentHash,
    /// `least_conn`.
    LeastConn,
    /// `random`, and `random two [least_conn]`.
    Random {
        /// Take the less loaded of two.
        two: bool,
    },
    /// Third-party `fair`.
    Fair,
    /// Third-party `hash` with `hash_again`: as `Hash`, with this many further tries.
    UrlHash {
        /// How often a taken or failed peer leads to another hash.
        again: u32,
    },
}

/// One address of a `server` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The server as written: consistent hashing takes its points from it.
    pub server: Box<[u8]>,
    /// `weight=`
    pub weight: i64,
    /// `max_conns=`, 0 for no limit.
    pub max_conns: i64,
    /// `max_fails=`, 0 for "never out of use".
    pub max_fails: i64,
    /// `fail_timeout=`
    pub fail_timeout_s: i64,
    /// `down`
    pub down: bool,
}

impl Peer {
    /// A peer with the defaults of `server`.
    pub fn new(server: &[u8]) -> Self {
        Peer { server: server.into(), weight: 1, max_conns: 0, max_fails: 1, fail_timeout_s: 10, down: false }
    }
}

/// The servers of one rank, primary or backup.
#[derive(Debug)]
struct Group {
    peers: Box<[Peer]>,
    state: PeerTable,
    total_weight: i64,
    /// How many are not down.
    tries: u32,
    /// The peers with the heaviest first: `fair` goes round in this order.
    heaviest_first: Box<[usize]>,
}

impl Group {
    fn new(peers: Vec<Peer>, state: PeerTable) -> Self {
        let mut heaviest_first: Box<[usize]> = (0..peers.len()).collect();
        heaviest_first.sort_by_key(|index| std::cmp::Reverse(peers[*index].weight));
        let total_weight = peers.iter().map(|peer| peer.weight).sum();
        let tries = peers.iter().filter(|peer| !peer.down).count() as u32;
        Group { peers: peers.into(), state, total_weight, tries, heaviest_first }
    }

    /// Up, not tried yet by this request, not resting after failures, and below its limit.
    fn eligible(&self, session: &Session, index: usize, now_s: i64) -> bool {
        !session.tried.contains(index) && self.usable(index, now_s)
    }

    fn usable(&self, index: usize, now_s: i64) -> bool {
        let peer = &self.peers[index];
        let resting = peer.max_fails != 0
            && self.state.get(index, Field::Fails) >= peer.max_fails
            && now_s - self.state.get(index, Field::Checked) <= peer.fail_timeout_s;
        let full = peer.max_conns != 0 && self.state.get(index, Field::Conns) >= peer.max_conns;
        !peer.down && !resting && !full
    }

    /// One turn of smooth weighting for this peer; gives the weight it took part with.
    fn weigh(&self, index: usize) -> i64 {
        let effective = self.state.get(index, Field::EffectiveWeight);
        self.state.add(index, Field::CurrentWeight, effective);
        if effective < self.peers[index].weight {
            self.state.set(index, Field::EffectiveWeight, effective + 1);
        }
        effective
    }

    /// The peer in whose share of the total weight `point` lies.
    fn by_weight(&self, mut point: i64) -> usize {
        for (index, peer) in self.peers.iter().enumerate() {
            if point < peer.weight {
                return index;
            }
            point -= peer.weight;
        }
        self.peers.len() - 1
    }

    fn take(&self, session: &mut Session, index: usize, now_s: i64) -> usize {
        if now_s - self.state.get(index, Field::Checked) > self.peers[index].fail_timeout_s {
            self.state.set(index, Field::Checked, now_s);
        }
        self.state.add(index, Field::Conns, 1);
        session.tried.insert(index);
        index
    }
}

/// Which peers this request has tried; the first 64 without allocation.
#[derive(Debug, Default)]
struct Tried {
    first: u64,
    rest: Vec<u64>,
}

impl Tried {
    fn contains(&self, index: usize) -> bool {
        let word = if index < 64 { self.first } else { self.rest.get(index / 64 - 1).copied().unwrap_or(0) };
        word >> (index % 64) & 1 == 1
    }

    fn insert(&mut self, index: usize) {
        if index < 64 {
            self.first |= 1 << index;
            return;
        }
        if self.rest.len() < index / 64 {
            self.rest.resize(index / 64, 0);
        }
        self.rest[index / 64 - 1] |= 1 << (index % 64);
    }

    fn clear(&mut self) {
        self.first = 0;
        self.rest.clear();
    }
}

/// A chosen peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerId {
    /// Among the backup servers?
    pub backup: bool,
    /// Its place there.
    pub index: usize,
}

/// No server can be chosen: `no live upstreams`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;

/// What became of a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It answered.
    Served,
    /// It answered, and another is asked all the same (403, 404): no failure of the server.
    Next,
    /// It failed.
    Failed,
}

/// One request's walk over the peers.
#[derive(Debug)]
pub struct Session {
    /// Tries left.
    pub tries: u32,
    backup: bool,
    tried: Tried,
    current: Option<usize>,
    /// The hash methods' key, or the client's address for `ip_hash`.
    key: Box<[u8]>,
    hash: u32,
    rehash: u32,
    hash_tries: u32,
}

/// One `upstream`: its servers, their state and its method.
#[derive(Debug)]
pub struct Balancer {
    method: Method,
    primary: Group,
    backup: Option<Group>,
    points: hash::Points,
    ranges: Box<[i64]>,
    /// `fair`: the place that had the last turn, and how many turns there were.
    fair_turn: Cell<(usize, i64)>,
}

impl Balancer {
    /// With the state in this worker alone, as nginx has it without `zone`.
    pub fn new(method: Method, primary: Vec<Peer>, backup: Vec<Peer>) -> Self {
        let table = |peers: &[Peer]| PeerTable::own(&peers.iter().map(|peer| peer.weight).collect::<Vec<_>>());
        let (first, second) = (table(&primary), table(&backup));
        Self::with_state(method, primary, first, backup, second)
    }

    /// With state tables that the caller has made, for `zone`.
    pub fn with_state(
        method: Method,
        primary: Vec<Peer>,
        primary_state: PeerTable,
        backup: Vec<Peer>,
        backup_state: PeerTable,
    ) -> Self {
        let primary = Group::new(primary, primary_state);
        let backup = (!backup.is_empty()).then(|| Group::new(backup, backup_state));
        let points = match method {
            Method::ConsistentHash => hash::Points::new(&primary.peers),
            _ => hash::Points::default(),
        };
        let ranges = match method {
            Method::Random { .. } => random::ranges(&primary.peers),
            _ => Box::default(),
        };
        let fair_turn = Cell::new((primary.peers.len().saturating_sub(1), 0));
        Balancer { method, primary, backup, points, ranges, fair_turn }
    }

    /// Does the method ask for a key (`hash`) or the client's address (`ip_hash`)?
    pub fn needs_key(&self) -> bool {
        matches!(self.method, Method::IpHash | Method::Hash | Method::ConsistentHash | Method::UrlHash { .. })
    }

    /// Begins a request. For `ip_hash` the key is the address: three octets of IPv4, sixteen of IPv6.
    pub fn start(&self, key: &[u8]) -> Session {
        let mut session = Session {
            tries: self.primary.tries + self.backup.as_ref().map_or(0, |group| group.tries),
            backup: false,
            tried: Tried::default(),
            current: None,
            key: key.into(),
            hash: 0,
            rehash: 0,
            hash_tries: 0,
        };
        match self.method {
            Method::IpHash => session.hash = ip_hash::START,
            Method::ConsistentHash => session.hash = self.points.find(key),
            _ => {}
        }
        session
    }

    /// Chooses the server for the next try.
    pub fn pick(&self, session: &mut Session, now_s: i64, random: &mut dyn FnMut() -> u32) -> Result<PeerId, Busy> {
        let guard = self.group(session.backup).state.lock();
        let index = match self.method {
            Method::RoundRobin => None,
            Method::IpHash => ip_hash::pick(self, session, now_s),
            Method::Hash => hash::pick(self, session, now_s, hash::TRIES),
            Method::UrlHash { again } => hash::pick(self, session, now_s, again),
            Method::ConsistentHash => hash::pick_consistent(self, session, now_s)?,
            Method::LeastConn => least_conn::pick(self, session, now_s),
            Method::Random { two } => random::pick(self, session, now_s, two, random),
            Method::Fair => fair::pick(self, session, now_s),
        };
        let index = index.or_else(|| round_robin::pick(self, session, now_s));
        drop(guard);
        if let Some(index) = index {
            session.current = Some(index);
            return Ok(PeerId { backup: session.backup, index });
        }
        if session.backup || self.backup.is_none() {
            return Err(Busy);
        }
        session.backup = true;
        session.tried.clear();
        self.pick(session, now_s, random)
    }

    /// Ends a try. True when the server is now out of use: nginx logs `upstream server temporarily disabled`.
    pub fn release(&self, session: &mut Session, outcome: Outcome, now_s: i64) -> bool {
        let Some(index) = session.current.take() else { return false };
        let group = self.group(session.backup);
        let _guard = group.state.lock();
        group.state.add(index, Field::Conns, -1);
        if self.is_single() {
            group.state.set(index, Field::Fails, 0);
            session.tries = 0;
            return false;
        }
        session.tries = session.tries.saturating_sub(1);
        if outcome == Outcome::Failed {
            return group.fail(index, now_s);
        }
        if group.state.get(index, Field::Accessed) < group.state.get(index, Field::Checked) {
            group.state.set(index, Field::Fails, 0);
        }
        false
    }

    /// One server and no backup: it is never taken out of use.
    fn is_single(&self) -> bool {
        self.primary.peers.len() == 1 && self.backup.is_none()
    }

    fn group(&self, backup: bool) -> &Group {
        match &self.backup {
            Some(group) if backup => group,
            _ => &self.primary,
        }
    }

    fn current_group(&self, session: &Session) -> &Group {
        self.group(session.backup)
    }
}

impl Group {
    fn fail(&self, index: usize, now_s: i64) -> bool {
        let peer = &self.peers[index];
        self.state.add(index, Field::Fails, 1);
        self.state.set(index, Field::Accessed, now_s);
        self.state.set(index, Field::Checked, now_s);
        if peer.max_fails == 0 {
            return false;
        }
        let effective = self.state.get(index, Field::EffectiveWeight) - peer.weight / peer.max_fails;
        self.state.set(index, Field::EffectiveWeight, effective.max(0));
        self.state.get(index, Field::Fails) >= peer.max_fails
    }
}
