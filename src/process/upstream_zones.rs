//! `zone` of an upstream and of its `sticky learn`: words that all workers of a generation share.

use std::io;
use std::num::NonZeroUsize;
use std::ops::Range;
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
use crate::sys::shared_words::{self, SharedWords};
use crate::zone::lock;
use crate::zone::sticky::words_needed;

/// The zones of one generation, mapped before its workers are forked.
#[derive(Default)]
pub struct UpstreamZones {
    /// For each upstream its words, if it has a zone.
    words: Vec<Option<&'static [AtomicU64]>>,
    /// For each upstream its sessions, if it learns them.
    sessions: Vec<Option<SessionZone>>,
    /// The upstreams whose servers are looked up, for the next generation to begin from.
    dynamic: Vec<(Upstream, Dynamic)>,
    locks: Vec<&'static AtomicU64>,
    own: OwnWords,
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
    /// Maps the zones of a configuration, every server as it is at the start. Sessions go on where name and size of their
    /// zone are the same as in an old generation.
    pub fn map(
        nginx: &Nginx,
        workers: usize,
        hosts: &Hosts,
        old: Option<&Self>,
        log: &ErrorLog,
    ) -> Result<Self, NotMapped> {
        let mut zones = Self { own: OwnWords { workers, ..OwnWords::default() }, ..Self::default() };
        let not_mapped = |error: std::io::Error| {
            log.say_error(Level::Alert, &error, "mmap(MAP_ANON|MAP_SHARED) failed");
            NotMapped
        };
        for upstream in nginx.http.iter().flat_map(|http| &http.upstreams) {
            let layout = SharedLayout::of(upstream, &mut |id| hosts.addresses(id).to_vec());
            zones.own.add(upstream.zone.is_none().then_some(&layout));
            let words = match upstream.zone.as_ref().and(NonZeroUsize::new(layout.words())) {
                None => None,
                Some(count) => {
                    let words = shared_words::map(count).map_err(not_mapped)?;
                    zones.locks.extend(layout.reset(words));
                    zones.begin_dynamic(upstream, layout, words, old, log);
                    Some(words)
                }
            };
            zones.words.push(words);
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

    fn begin_dynamic(
        &mut self,
        upstream: &Upstream,
        layout: SharedLayout,
        words: &'static [AtomicU64],
        old: Option<&Self>,
        log: &ErrorLog,
    ) {
        let Some(dynamic) = Dynamic::new(upstream, layout, words, Default::default()) else { return };
        let zone = |upstream: &Upstream| upstream.zone.as_ref().map(|zone| zone.name.clone());
        let is_same = |other: &Upstream| other.name == upstream.name && zone(other) == zone(upstream);
        let earlier = old.iter().flat_map(|old| &old.dynamic).find(|(other, _)| is_same(other));
        if let Some((_, earlier)) = earlier {
            dynamic.begin_from(earlier, log);
        }
        self.dynamic.push((upstream.clone(), dynamic));
    }

    /// Other words for workers that begin while those of the same generation still drain.
    pub fn begin_again(&mut self) -> io::Result<()> {
        self.own.map()
    }

    /// The words of an upstream for one worker.
    pub fn words(&self, id: UpstreamId, worker: usize) -> group::Zones {
        let zone = self.words.get(id.0 as usize).copied().flatten().map(PeerWords::Zone);
        let watched = || {
            let (words, place) = (self.own.words.clone()?, self.own.place(id, worker)?);
            // A worker needs them until it ends, so it never lets them go.
            Some(PeerWords::Watched(&Box::leak(Box::new(words))[place]))
        };
        let words = zone.or_else(watched).unwrap_or_default();
        let sessions = self.sessions.get(id.0 as usize).and_then(Option::as_ref);
        (words, sessions.map(|zone| zone.words.clone()))
    }

    /// Every server as it is at this moment, for people to look at.
    pub fn status(&self, upstreams: &[Upstream], hosts: &Hosts, now_s: i64) -> Vec<UpstreamStatus> {
        let numbered = upstreams.iter().zip(0..);
        let status = |(upstream, number): (&Upstream, u32)| {
            let layout = SharedLayout::of(upstream, &mut |id| hosts.addresses(id).to_vec());
            let ranks = self.ranks(upstream, hosts);
            let id = UpstreamId(number);
            let zone = self.words.get(number as usize).copied().flatten();
            let own = || {
                (0..self.own.workers).filter_map(|worker| Some(&self.own.words.as_ref()?[self.own.place(id, worker)?]))
            };
            let parts: Vec<&[AtomicU64]> = zone.map_or_else(|| own().collect(), |words| vec![words]);
            let servers = ranks.iter().enumerate().flat_map(|(rank, servers)| {
                let tables: Vec<_> = parts.iter().map(|part| layout.table(part, rank)).collect();
                servers.iter().map(move |server| server.status(&tables, rank == 1, now_s)).collect::<Vec<_>>()
            });
            UpstreamStatus { name: upstream.name.to_string(), servers: servers.collect() }
        };
        numbered.map(status).collect()
    }

    /// The servers of both ranks, those that are looked up too.
    fn ranks(&self, upstream: &Upstream, hosts: &Hosts) -> [Vec<Watched>; 2] {
        let [primary, backup] = ranks(upstream, &mut |id| hosts.addresses(id).to_vec());
        let (servers, peers) = ([primary.0, backup.0], [primary.1, backup.1]);
        let dynamic = self.dynamic.iter().find(|(other, _)| other.name == upstream.name);
        let (servers, peers) = match dynamic {
            Some((_, dynamic)) => {
                let found = dynamic.servers(&peers);
                // Those known from the start are not the dynamic ones' to name in the master.
                let [primary, backup] = servers;
                let [more, more_backup] = found.servers;
                ([[primary, more].concat(), [backup, more_backup].concat()], found.peers)
            }
            None => {
                (servers, peers.map(|peers| peers.into_iter().enumerate().map(|(slot, peer)| (peer, slot)).collect()))
            }
        };
        let mut peers = peers.into_iter();
        servers.map(|servers| {
            let peers = peers.next().unwrap_or_default();
            let watched = |(server, (peer, slot)): (Server, _)| Watched { name: server.name.to_string(), peer, slot };
            servers.into_iter().zip(peers).map(watched).collect()
        })
    }

    /// Frees what a worker had locked when it died.
    pub fn free_locks_of(&self, worker: Pid) {
        let worker = u64::from(worker.unsigned_abs());
        for lock in &self.locks {
            lock::free_of(lock, worker);
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
