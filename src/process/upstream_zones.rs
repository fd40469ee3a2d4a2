//! `zone` of an upstream and of its `sticky learn`: words that all workers of a generation share.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
use std::rc::Rc;
use std::sync::atomic::AtomicU64;

use super::upstream_status::{UpstreamStatus, Watched};
use crate::http::upstream::dynamic::Dynamic;
use crate::http::upstream::group::{self, PeerWords};
use crate::http::upstream::layout::{Server, SharedLayout, ranks};
use crate::http::upstream::sessions;
use crate::ir::Nginx;
use crate::ir::upstream::sticky::{Learn, Source, Sticky};
use crate::ir::upstream::{Upstream, UpstreamId};
use crate::ir::value::Text;
use crate::log::error_log::{ErrorLog, Level};
use crate::net::hosts::Hosts;
use crate::sys::fork::Pid;
use crate::sys::shared_words::SharedWords;
use crate::zone::lock;
use crate::zone::sticky::words_needed;

/// The zones of one generation, mapped before its workers are forked.
#[derive(Default)]
pub struct UpstreamZones {
    /// For each upstream its zone, if it has one.
    zones: Vec<Option<Zone>>,
    /// For each upstream its sessions, if it learns them.
    sessions: Vec<Option<SessionZone>>,
    own: OwnWords,
    hosts: Rc<Hosts>,
}

/// `zone`
struct Zone {
    upstream: Upstream,
    layout: SharedLayout,
    words: SharedWords,
}

impl Zone {
    /// Every server as an old generation knows it, others as they are at the start. nginx forgets how its servers do: after each
    /// reload it would ask those that are out of use once more.
    fn map(
        upstream: &Upstream,
        layout: &SharedLayout,
        hosts: &Hosts,
        old: Option<&UpstreamZones>,
        log: &ErrorLog,
    ) -> io::Result<Option<Self>> {
        let Some(zone) = &upstream.zone else { return Ok(None) };
        let Some(count) = NonZeroUsize::new(layout.words()) else { return Ok(None) };
        let new = Self { upstream: upstream.clone(), layout: layout.clone(), words: SharedWords::map(count)? };
        layout.reset(&new.words);
        let is_same = |other: &&Self| {
            other.upstream.name == upstream.name
                && other.upstream.zone.as_ref().is_some_and(|old| old.name == zone.name)
        };
        let Some(old) = old else { return Ok(Some(new)) };
        let Some(earlier) = old.zones.iter().flatten().find(is_same) else { return Ok(Some(new)) };
        if let (Some(dynamic), Some(earlier)) = (new.dynamic(), earlier.dynamic()) {
            dynamic.begin_from(&earlier, log);
        }
        if earlier.upstream.zone == upstream.zone {
            new.take_health(hosts, earlier, &old.hosts);
        }
        Ok(Some(new))
    }

    /// Servers of the same name and address do as they did, whatever is written of them now.
    fn take_health(&self, hosts: &Hosts, earlier: &Self, earlier_hosts: &Hosts) {
        let known = ranks_now(&earlier.upstream, Some(earlier), earlier_hosts);
        let mut known: Vec<_> = known
            .into_iter()
            .zip(0..)
            .flat_map(|(servers, rank)| servers.into_iter().map(move |server| (server, rank)))
            .collect();
        let tables = self.layout.tables(&self.words);
        for (servers, table) in ranks_now(&self.upstream, Some(self), hosts).iter().zip(tables) {
            for server in servers {
                let is_same = |(other, _): &(Watched, usize)| {
                    other.name == server.name && other.peer.server == server.peer.server
                };
                if let Some(found) = known.iter().position(is_same) {
                    // Of two that look the same, each has one to begin from.
                    let (other, rank) = known.remove(found);
                    table.begin_from(server.slot, earlier.layout.table(&earlier.words, rank), other.slot);
                }
            }
        }
    }

    /// The servers that are looked up, if there are any.
    fn dynamic(&self) -> Option<Dynamic<'_>> {
        Dynamic::new(&self.upstream, self.layout.clone(), &self.words, Default::default())
    }
}

/// A worker needs its words until it ends, so it never lets them go.
fn for_a_worker(words: SharedWords) -> &'static SharedWords {
    Box::leak(Box::new(words))
}

/// The state of servers without a zone: each worker has its part, which the master alone looks into.
#[derive(Default)]
struct OwnWords {
    /// For each upstream without a zone its place in a worker's part.
    places: Vec<Option<Range<usize>>>,
    /// The words of one worker.
    part: usize,
    workers: usize,
    words: Option<SharedWords>,
}

impl OwnWords {
    fn add(&mut self, layout: Option<&SharedLayout>) {
        let place = layout.map(|layout| self.part..self.part + layout.own_words());
        self.part = place.as_ref().map_or(self.part, |place| place.end);
        self.places.push(place);
    }

    /// Fresh words, so that workers which drain keep what they have.
    fn map(&mut self) -> io::Result<()> {
        self.words = NonZeroUsize::new(self.part * self.workers).map(SharedWords::map).transpose()?;
        Ok(())
    }

    fn place(&self, id: UpstreamId, worker: usize) -> Option<Range<usize>> {
        let place = self.places.get(id.0 as usize)?.as_ref().filter(|_| worker < self.workers)?;
        Some(worker * self.part + place.start..worker * self.part + place.end)
    }
}

/// Where an upstream's sessions are, kept over a reload.
struct SessionZone {
    learn: Learn,
    upstream: Text,
    words: SharedWords,
}

/// Why there are no zones; the log has the reason.
pub struct NotMapped;

impl UpstreamZones {
    /// Maps the zones of a configuration. Servers and sessions go on where name and size of their zone are the same as in an old
    /// generation.
    pub fn map(
        nginx: &Nginx,
        workers: usize,
        hosts: &Rc<Hosts>,
        old: Option<&Self>,
        log: &ErrorLog,
    ) -> Result<Self, NotMapped> {
        let own = OwnWords { workers, ..OwnWords::default() };
        let mut zones = Self { own, hosts: Rc::clone(hosts), ..Self::default() };
        let not_mapped = |error: std::io::Error| {
            log.say_error(Level::Alert, &error, "mmap(MAP_ANON|MAP_SHARED) failed");
            NotMapped
        };
        for upstream in nginx.http.iter().flat_map(|http| &http.upstreams) {
            let layout = SharedLayout::of(upstream, &mut |id| hosts.addresses(id).to_vec());
            zones.own.add(upstream.zone.is_none().then_some(&layout));
            zones.zones.push(Zone::map(upstream, &layout, hosts, old, log).map_err(not_mapped)?);
            let sessions = match &upstream.sticky {
                Some(Sticky { source: Source::Learn(learn), .. }) => {
                    Some(SessionZone::find_or_map(learn, upstream, old, log, not_mapped)?)
                }
                _ => None,
            };
            zones.sessions.push(sessions);
        }
        zones.own.map().map_err(not_mapped)?;
        Ok(zones)
    }

    /// Other words for workers that begin while those of the same generation still drain.
    pub fn begin_again(&mut self) -> io::Result<()> {
        self.own.map()
    }

    fn zone(&self, id: UpstreamId) -> Option<&Zone> {
        self.zones.get(id.0 as usize)?.as_ref()
    }

    /// The words of an upstream for one worker.
    pub fn words(&self, id: UpstreamId, worker: usize) -> group::Zones {
        let zone = self.zone(id).map(|zone| PeerWords::Zone(for_a_worker(zone.words.clone())));
        let watched = || {
            let (words, place) = (self.own.words.clone()?, self.own.place(id, worker)?);
            Some(PeerWords::Watched(&for_a_worker(words)[place]))
        };
        let words = zone.or_else(watched).unwrap_or_default();
        let sessions = self.sessions.get(id.0 as usize).and_then(Option::as_ref);
        (words, sessions.map(|zone| zone.words.clone()))
    }

    /// Every server as it is at this moment, for people to look at.
    pub fn status(&self, upstreams: &[Upstream], now_s: i64) -> Vec<UpstreamStatus> {
        let numbered = upstreams.iter().zip(0..);
        let status = |(upstream, number): (&Upstream, u32)| {
            let layout = SharedLayout::of(upstream, &mut |id| self.hosts.addresses(id).to_vec());
            let id = UpstreamId(number);
            let zone = self.zone(id);
            let ranks = ranks_now(upstream, zone, &self.hosts);
            let own = || {
                (0..self.own.workers).filter_map(|worker| Some(&self.own.words.as_ref()?[self.own.place(id, worker)?]))
            };
            let parts: Vec<&[AtomicU64]> = zone.map_or_else(|| own().collect(), |zone| vec![&*zone.words]);
            let servers = ranks.iter().enumerate().flat_map(|(rank, servers)| {
                let tables: Vec<_> = parts.iter().map(|part| layout.table(part, rank)).collect();
                servers.iter().map(move |server| server.status(&tables, rank == 1, now_s)).collect::<Vec<_>>()
            });
            UpstreamStatus { name: upstream.name.to_string(), servers: servers.collect() }
        };
        numbered.map(status).collect()
    }

    /// Frees what a worker had locked when it died.
    pub fn free_locks_of(&self, worker: Pid) {
        let worker = u64::from(worker.unsigned_abs());
        for zone in self.zones.iter().flatten() {
            zone.layout.locks(&zone.words).for_each(|lock| {
                lock::free_of(lock, worker);
            });
        }
        for zone in self.sessions.iter().flatten() {
            sessions::sessions(&zone.learn, zone.words.clone()).free_lock_of(worker);
        }
    }
}

impl SessionZone {
    fn find_or_map(
        learn: &Learn,
        upstream: &Upstream,
        old: Option<&UpstreamZones>,
        log: &ErrorLog,
        not_mapped: impl FnOnce(std::io::Error) -> NotMapped,
    ) -> Result<Self, NotMapped> {
        let old = old.iter().flat_map(|old| &old.sessions).flatten().find(|old| old.learn.zone == learn.zone);
        let words = match old {
            Some(old) if old.upstream == upstream.name => old.words.clone(),
            Some(old) => {
                let text = format_args!(
                    "sticky zone \"{}\" is used in upstream \"{}\" while previously it was used in upstream \"{}\"",
                    learn.zone.name, upstream.name, old.upstream
                );
                log.say(Level::Emerg, text);
                return Err(NotMapped);
            }
            None => {
                let count = NonZeroUsize::new(words_needed(learn.zone.size)).unwrap_or(NonZeroUsize::MIN);
                let words = SharedWords::map(count).map_err(not_mapped)?;
                sessions::sessions(learn, words.clone()).reset(learn.zone.name.as_bytes());
                words
            }
        };
        Ok(Self { learn: learn.clone(), upstream: upstream.name.clone(), words })
    }
}

/// The servers of both ranks, those that are looked up too.
fn ranks_now(upstream: &Upstream, zone: Option<&Zone>, hosts: &Hosts) -> [Vec<Watched>; 2] {
    let [primary, backup] = ranks(upstream, &mut |id| hosts.addresses(id).to_vec());
    let (servers, peers) = ([primary.0, backup.0], [primary.1, backup.1]);
    let (servers, peers) = match zone.and_then(Zone::dynamic) {
        Some(dynamic) => {
            let found = dynamic.servers(&peers);
            // Those known from the start are not the dynamic ones' to name in the master.
            let [primary, backup] = servers;
            let [more, more_backup] = found.servers;
            ([[primary, more].concat(), [backup, more_backup].concat()], found.peers)
        }
        None => (servers, peers.map(|peers| peers.into_iter().enumerate().map(|(slot, peer)| (peer, slot)).collect())),
    };
    let mut peers = peers.into_iter();
    servers.map(|servers| {
        let peers = peers.next().unwrap_or_default();
        let watched = |(server, (peer, slot)): (Server, _)| Watched { name: server.name.to_string(), peer, slot };
        servers.into_iter().zip(peers).map(watched).collect()
    })
}
