//! `zone` of an upstream and of its `sticky learn`: words that all workers of a generation share.

use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;

use crate::http::upstream::dynamic::Dynamic;
use crate::http::upstream::layout::SharedLayout;
use crate::http::upstream::{group, sticky};
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
    pub fn map(nginx: &Nginx, hosts: &Hosts, old: Option<&Self>, log: &ErrorLog) -> Result<Self, NotMapped> {
        let mut zones = Self::default();
        let not_mapped = |error: std::io::Error| {
            log.say_error(Level::Alert, &error, "mmap(MAP_ANON|MAP_SHARED) failed");
            NotMapped
        };
        for upstream in nginx.http.iter().flat_map(|http| &http.upstreams) {
            let layout = SharedLayout::of(upstream, &mut |id| hosts.addresses(id).to_vec());
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

    /// The words of an upstream.
    pub fn words(&self, id: UpstreamId) -> group::Zones {
        let words = self.words.get(id.0 as usize).copied().flatten();
        let sessions = self.sessions.get(id.0 as usize).and_then(Option::as_ref);
        (words, sessions.map(|zone| zone.words.clone()))
    }

    /// Frees what a worker had locked when it died.
    pub fn free_locks_of(&self, worker: Pid) {
        let worker = u64::from(worker.unsigned_abs());
        for lock in &self.locks {
            lock::free_of(lock, worker);
        }
        for zone in self.sessions.iter().flatten() {
            sticky::sessions(&zone.learn, zone.words.clone()).free_lock_of(worker);
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
                sticky::sessions(learn, words.clone()).reset(learn.zone.name.as_bytes());
                words
            }
        };
        Ok(Self { learn: learn.clone(), upstream: upstream.name.clone(), words })
    }
}
