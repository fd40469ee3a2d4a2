//! `zone` of an upstream: the state of its servers in words that all workers of a generation share.

use std::io;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicU64;

use crate::http::upstream::group;
use crate::ir::Nginx;
use crate::ir::upstream::UpstreamId;
use crate::net::hosts::Hosts;
use crate::sys::fork::Pid;
use crate::sys::shared_words;
use crate::zone::lock;

/// The zones of one generation, mapped before its workers are forked.
#[derive(Debug, Default)]
pub struct UpstreamZones {
    /// For each upstream its words, if it has a zone.
    words: Vec<Option<&'static [AtomicU64]>>,
    locks: Vec<&'static AtomicU64>,
}

impl UpstreamZones {
    /// Maps the zones of a configuration, every server as it is at the start.
    pub fn map(nginx: &Nginx, hosts: &Hosts) -> io::Result<Self> {
        let mut zones = Self::default();
        for upstream in nginx.http.iter().flat_map(|http| &http.upstreams) {
            let layout = group::SharedLayout::of(upstream, &mut |id| hosts.addresses(id).to_vec());
            let words = match upstream.zone.as_ref().and(NonZeroUsize::new(layout.words())) {
                None => None,
                Some(count) => {
                    let words = shared_words::map(count)?;
                    zones.locks.extend(layout.reset(words));
                    Some(words)
                }
            };
            zones.words.push(words);
        }
        Ok(zones)
    }

    /// The words of an upstream.
    pub fn words(&self, id: UpstreamId) -> Option<&'static [AtomicU64]> {
        self.words.get(id.0 as usize).copied().flatten()
    }

    /// Frees what a worker had locked when it died.
    pub fn free_locks_of(&self, worker: Pid) {
        for lock in &self.locks {
            lock::free_of(lock, u64::from(worker.unsigned_abs()));
        }
    }
}
