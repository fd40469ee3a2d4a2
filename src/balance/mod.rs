//! Which upstream server gets the next try: the same sequence of peers as nginx gives.
//!
//! A [`Balancer`] stands for one `upstream`; a [`Session`] is one request's walk over it. Time and randomness are arguments.

mod fair;
mod group;
mod hash;
mod ip_hash;
mod least_conn;
mod least_time;
mod members;
mod method;
mod peer;
mod random;
mod round_robin;
#[cfg(test)]
mod tests;
mod walk;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

use self::group::Group;
use self::members::Members;
use self::walk::{Tried, Walk};
use crate::zone::peers::{Field, PeerTable};

pub use self::least_time::Times;
pub use self::method::Method;
pub use self::peer::{Condition, Peer, Remembered};
pub use self::walk::Busy;

/// A chosen peer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PeerId {
    /// Among the backup servers?
    pub backup: bool,
    /// Its place there.
    pub index: usize,
}

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
    members: Rc<Members>,
    walk: Walk,
    current: Option<usize>,
}

impl Session {
    /// Binds the request to the peer of this name (`sticky`), as long as that can be taken.
    pub fn bind_to(&mut self, sid: Option<Box<[u8]>>) {
        self.walk.hint = sid;
    }
}

/// One `upstream`: its servers, their state and its method.
#[derive(Debug)]
pub struct Balancer {
    method: Method,
    members: RefCell<Rc<Members>>,
    tables: [Rc<PeerTable<'static>>; 2],
    /// `fair`: the place that had the last turn, and how many turns there were.
    fair_turn: Cell<(usize, i64)>,
}

impl Balancer {
    /// With the state in this worker alone, as nginx has it without `zone`.
    pub fn new(method: Method, primary: Vec<Peer>, backup: Vec<Peer>) -> Self {
        let table = |peers: &[Peer]| PeerTable::own(&peers.iter().map(|peer| peer.weight).collect::<Vec<_>>());
        let tables = [table(&primary), table(&backup)];
        Self::with_state(method, [primary, backup], tables)
    }

    /// With state tables that the caller has made, for `zone`. Primary servers come first, then backup.
    pub fn with_state(method: Method, peers: [Vec<Peer>; 2], tables: [PeerTable<'static>; 2]) -> Self {
        let tables = tables.map(Rc::new);
        let in_order = |peers: Vec<Peer>| peers.into_iter().enumerate().map(|(slot, peer)| (peer, slot)).collect();
        let members = Rc::new(members(method, peers.map(in_order), &tables, 0));
        let fair_turn = Cell::new((members.primary.peers.len().saturating_sub(1), 0));
        Balancer { method, members: RefCell::new(members), tables, fair_turn }
    }

    /// Other servers from now on, each with its place in the state table. Requests that have begun find no further one.
    pub fn replace(&self, peers: [Vec<(Peer, usize)>; 2], version: u64) {
        let members = members(self.method, peers, &self.tables, version);
        self.members.replace(Rc::new(members));
    }

    /// Which servers these are: the number given with them.
    pub fn version(&self) -> u64 {
        self.members.borrow().version
    }

    /// Does the method ask for a key (`hash`) or the client's address (`ip_hash`)?
    pub fn needs_key(&self) -> bool {
        self.method.needs_key()
    }

    /// Begins a request. For `ip_hash` the key is the address: three octets of IPv4, sixteen of IPv6.
    pub fn start(&self, key: &[u8]) -> Session {
        let members = Rc::clone(&self.members.borrow());
        let hash = match self.method {
            Method::IpHash => ip_hash::START,
            Method::ConsistentHash => members.points.find(key),
            _ => 0,
        };
        let walk = Walk { key: key.into(), hash, ..Walk::default() };
        Session { tries: members.tries(), members, walk, current: None }
    }

    /// Chooses the server for the next try.
    pub fn pick(&self, session: &mut Session, now_ms: i64, random: &mut dyn FnMut() -> u32) -> Result<PeerId, Busy> {
        let Session { members, walk, .. } = session;
        walk.now_ms = now_ms;
        if members.version != self.version() {
            return Err(Busy);
        }
        let index = loop {
            let group = members.group(walk.is_backup);
            let guard = group.table.lock();
            let index = self.pick_in(group, members, walk, now_ms, random)?;
            drop(guard);
            match index {
                Some(index) => break index,
                None if walk.is_backup || members.backup.is_none() => return Err(Busy),
                None => (walk.is_backup, walk.tried) = (true, Tried::default()),
            }
        };
        session.current = Some(index);
        Ok(PeerId { backup: session.walk.is_backup, index })
    }

    /// None: nothing can be taken in this rank.
    fn pick_in(
        &self,
        group: &Group,
        members: &Members,
        walk: &mut Walk,
        now_ms: i64,
        random: &mut dyn FnMut() -> u32,
    ) -> Result<Option<usize>, Busy> {
        let now_s = now_ms.div_euclid(1000);
        let is_single = members.is_single();
        let index = match self.method {
            Method::RoundRobin => None,
            Method::IpHash => ip_hash::pick(group, walk, now_s),
            Method::Hash => hash::pick(group, walk, now_s, hash::TRIES),
            Method::UrlHash { again } => hash::pick(group, walk, now_s, again),
            Method::ConsistentHash if is_single => None,
            Method::ConsistentHash => hash::pick_consistent(group, &members.points, walk, now_s)?,
            Method::Random { two } => random::pick(group, &members.ranges, walk, now_s, two, random),
            Method::LeastConn | Method::LeastTime { .. } | Method::Fair(_) if is_single => None,
            Method::LeastConn => least_conn::pick(group, walk, now_s),
            Method::LeastTime { last_byte, inflight } => least_time::pick(group, walk, now_ms, last_byte, inflight),
            Method::Fair(rule) => return Ok(fair::pick(group, &self.fair_turn, rule, walk, now_s)),
        };
        Ok(index.or_else(|| match is_single {
            true => round_robin::pick_only(group, walk, now_s),
            false => round_robin::pick(group, walk, now_s),
        }))
    }

    /// The header of the answer has come, so long after the try began.
    pub fn note_header(&self, session: &mut Session, header_ms: u64, now_ms: i64) {
        let Method::LeastTime { last_byte: false, inflight: true } = self.method else { return };
        if let Some(index) = session.current {
            let group = session.members.group(session.walk.is_backup);
            let _guard = group.table.lock();
            least_time::note_header(group, &mut session.walk, index, header_ms, now_ms);
        }
    }

    /// Ends a try. True when the server is now out of use: nginx logs `upstream server temporarily disabled`.
    pub fn release(&self, session: &mut Session, outcome: Outcome, times: Times, now_ms: i64) -> bool {
        let Some(index) = session.current.take() else { return false };
        let group = session.members.group(session.walk.is_backup);
        let _guard = group.table.lock();
        if let Method::LeastTime { last_byte, inflight } = self.method {
            let is_served = outcome == Outcome::Served;
            least_time::release(group, &mut session.walk, index, times, is_served, (last_byte, inflight), now_ms);
        }
        group.add(index, Field::Conns, -1);
        if session.members.is_single() {
            group.set(index, Field::Fails, 0);
            session.tries = 0;
            return false;
        }
        session.tries = session.tries.saturating_sub(1);
        if outcome == Outcome::Failed {
            return group.fail(index, now_ms.div_euclid(1000));
        }
        if group.get(index, Field::Accessed) < group.get(index, Field::Checked) {
            group.come_back(index, now_ms);
        }
        false
    }
}

fn members(
    method: Method,
    [primary, backup]: [Vec<(Peer, usize)>; 2],
    tables: &[Rc<PeerTable<'static>>; 2],
    version: u64,
) -> Members {
    let group = |peers, table: &Rc<PeerTable<'static>>| Group::new(peers, Rc::clone(table));
    Members::new(method, group(primary, &tables[0]), group(backup, &tables[1]), version)
}
