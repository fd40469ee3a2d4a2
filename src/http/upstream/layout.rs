//! The servers of a group as its configuration names them, and how their state lies in words that workers share.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::AtomicU64;

use super::sessions;
use crate::balance::Peer;
use crate::ir::lookup::HostId;
use crate::ir::upstream::{self, PeerAddress, Upstream};
use crate::net::connect::Target;
use crate::net::zone_holder;
use crate::zone::members::Members;
use crate::zone::peers::PeerTable;

/// What nginx takes of a zone for one address, more or less.
const BYTES_PER_ADDRESS: usize = 1024;
/// Where another line gives the zone its size.
const FEWEST_ADDRESSES: usize = 64;

/// A server's address, with the text that logs and variables show.
#[derive(Clone, Debug)]
pub struct Server {
    /// Where to connect to.
    pub target: Target,
    /// `127.0.0.1:80`, `unix:/path`
    pub name: Rc<str>,
    /// What `sticky` calls it.
    pub sid: Rc<[u8]>,
}

impl Server {
    /// A server that nothing is bound to.
    pub fn unbound(target: Target) -> Self {
        let name = match &target {
            Target::Inet(address) => address.to_string(),
            Target::Unix(path) => format!("unix:{path}"),
        };
        Self { target, name: Rc::from(name), sid: Rc::from([]) }
    }

    /// A server of this line.
    pub fn of(target: Target, line: &upstream::Server) -> Self {
        let server = Self::unbound(target);
        let sid = sessions::sid(line.route.as_ref(), &server.name);
        Self { sid: sid.into(), ..server }
    }
}

/// What the balancer knows of a server of this line.
pub fn peer(line: &upstream::Server, server: &Server) -> Peer {
    Peer {
        server: line.name.as_bytes().into(),
        weight: i64::from(line.weight),
        max_conns: i64::from(line.max_conns),
        max_fails: i64::from(line.max_fails),
        fail_timeout_s: line.fail_timeout_seconds as i64,
        slow_start_ms: line.slow_start_ms as i64,
        down: line.down,
        draining: line.drain,
        sid: (*server.sid).into(),
    }
}

/// The servers of a group and their peers, primary and backup; those that are looked up while running are not among them.
pub type Ranks = [(Vec<Server>, Vec<Peer>); 2];

/// The servers that are known from the start.
pub fn ranks(upstream: &Upstream, resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>) -> Ranks {
    let mut ranks = Ranks::default();
    for line in &upstream.servers {
        let (servers, peers) = &mut ranks[usize::from(line.backup)];
        for target in targets(&line.address, resolve) {
            let server = Server::of(target, line);
            peers.push(peer(line, &server));
            servers.push(server);
        }
    }
    ranks
}

fn targets(address: &PeerAddress, resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>) -> Vec<Target> {
    match address {
        PeerAddress::Inet(address) => vec![Target::Inet(*address)],
        PeerAddress::Unix(path) => vec![Target::Unix(Rc::from(path.to_string()))],
        PeerAddress::Host(id) => resolve(*id).into_iter().map(Target::Inet).collect(),
        PeerAddress::Resolve { .. } => Vec::new(),
    }
}

/// How the state of a group's servers lies in shared words: primary, backup, then the addresses that are looked up.
#[derive(Clone, Debug)]
pub struct SharedLayout {
    /// The weights of the servers that are known from the start.
    weights: [Vec<i64>; 2],
    templates: usize,
    /// How many looked up addresses there is room for.
    capacity: usize,
}

impl SharedLayout {
    /// The layout of a group.
    pub fn of(upstream: &Upstream, resolve: &mut dyn FnMut(HostId) -> Vec<SocketAddr>) -> Self {
        let weights = ranks(upstream, resolve).map(|(_, peers)| peers.iter().map(|peer| peer.weight).collect());
        let templates = upstream.resolved_servers().count();
        let size = upstream.zone.as_ref().map_or(0, |zone| zone.size);
        let capacity = if templates == 0 { 0 } else { (size / BYTES_PER_ADDRESS).max(FEWEST_ADDRESSES) };
        Self { weights, templates, capacity }
    }

    /// How many words it takes.
    pub fn words(&self) -> usize {
        let members = if self.templates == 0 { 0 } else { Members::words_needed(self.templates, self.capacity) };
        self.table_words(0) + self.table_words(1) + members
    }

    fn table_words(&self, rank: usize) -> usize {
        PeerTable::words_needed(self.weights[rank].len() + self.capacity)
    }

    /// Every server as it is at the start.
    pub fn reset(&self, words: &[AtomicU64]) {
        let [primary, backup] = self.tables(words);
        primary.reset(&self.weights[0]);
        backup.reset(&self.weights[1]);
    }

    /// The words that are locks.
    pub fn locks<'w>(&self, words: &'w [AtomicU64]) -> impl Iterator<Item = &'w AtomicU64> {
        let of_members = self.members(words).map(|members| members.lock_word());
        [&words[0], &words[self.table_words(0)]].into_iter().chain(of_members)
    }

    /// The state of primary and backup servers.
    pub fn tables<'w>(&self, words: &'w [AtomicU64]) -> [PeerTable<'w>; 2] {
        [0, 1].map(|rank| PeerTable::shared(self.table(words, rank), zone_holder::own()))
    }

    /// How many words the tables of one worker take that share nothing.
    pub fn own_words(&self) -> usize {
        self.table_words(0) + self.table_words(1)
    }

    /// The tables of one worker in words that the master can read.
    pub fn watched_tables<'w>(&self, words: &'w [AtomicU64]) -> [PeerTable<'w>; 2] {
        [0, 1].map(|rank| PeerTable::watched(self.table(words, rank), &self.weights[rank]))
    }

    /// The words of one rank's table.
    pub fn table<'a>(&self, words: &'a [AtomicU64], rank: usize) -> &'a [AtomicU64] {
        let start = if rank == 0 { 0 } else { self.table_words(0) };
        &words[start..start + self.table_words(rank)]
    }

    /// The same in words of this worker alone.
    pub fn own_tables(&self) -> [PeerTable<'static>; 2] {
        [PeerTable::own(&self.weights[0]), PeerTable::own(&self.weights[1])]
    }

    /// The addresses that are looked up.
    pub fn members<'w>(&self, words: &'w [AtomicU64]) -> Option<Members<'w>> {
        let words = &words[self.table_words(0) + self.table_words(1)..];
        (self.templates > 0).then(|| Members::over(words, self.templates, self.capacity, zone_holder::own()))
    }

    /// Where the state of a looked up address stands in the table of its rank.
    pub fn slot(&self, place: usize, is_backup: bool) -> usize {
        self.weights[usize::from(is_backup)].len() + place
    }
}
