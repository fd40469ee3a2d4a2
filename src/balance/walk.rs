//! What one request remembers of its walk over the peers.

/// The peers tried, and where the methods that draw or hash stand.
#[derive(Debug, Default)]
pub(super) struct Walk {
    /// The time of the present choice.
    pub(super) now_ms: i64,
    pub(super) is_backup: bool,
    pub(super) tried: Tried,
    /// The hash methods' key, or the client's address for `ip_hash`.
    pub(super) key: Box<[u8]>,
    pub(super) hash: u32,
    pub(super) rehash: u32,
    /// Draws and hashes that led nowhere.
    pub(super) draws: u32,
    /// The peer that the request is bound to (`sticky`).
    pub(super) hint: Option<Box<[u8]>>,
    /// `least_time … inflight`: this request is among those not answered yet.
    pub(super) is_inflight: bool,
}

/// Which peers this request has tried; the first 64 without allocation.
#[derive(Debug, Default)]
pub(super) struct Tried {
    first: u64,
    rest: Vec<u64>,
}

impl Tried {
    pub(super) fn contains(&self, index: usize) -> bool {
        let word = if index < 64 { self.first } else { self.rest.get(index / 64 - 1).copied().unwrap_or(0) };
        word >> (index % 64) & 1 == 1
    }

    pub(super) fn insert(&mut self, index: usize) {
        if index < 64 {
            self.first |= 1 << index;
            return;
        }
        if self.rest.len() < index / 64 {
            self.rest.resize(index / 64, 0);
        }
        self.rest[index / 64 - 1] |= 1 << (index % 64);
    }
}

/// No server can be chosen: `no live upstreams`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Busy;
