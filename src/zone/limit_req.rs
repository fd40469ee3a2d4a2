//! What a zone of `limit_req` holds: for each key how full its bucket is, and when it was last used.

use std::ops::Deref;
use std::sync::atomic::AtomicU64;

use super::aged::AgedTable;
use super::lock::Holder;
use super::slab::{self, Place};
use super::table;

/// In thousandths of a request.
const EXCESS: usize = 0;
const LAST_MS: usize = 1;
/// Requests that wait for what other zones say.
const WAITING: usize = 2;
const OWN_WORDS: usize = 3;

/// What nginx's node takes beside its key.
const NODE: usize = 80;
/// What nginx keeps of the table itself: a tree's root and sentinel, and the queue.
const TREE_AND_QUEUE: usize = 80;
/// A clock that went back by more than this was set anew.
const CLOCK_JUMP_MS: i64 = 60_000;
/// An empty bucket that nobody used for so long may go.
const IDLE_MS: u64 = 60_000;

/// Buckets by key.
#[derive(Debug)]
pub struct ReqTable<W> {
    table: AgedTable<W>,
    /// Thousandths of a request a second.
    rate: u64,
    holder: Holder,
}

/// What a zone says of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// The bucket runs over.
    Busy(u64),
    /// It was counted; the bucket is that full.
    Counted(u64),
    /// It fits, and is to be counted or given up once all zones have said.
    Fits(Place),
    /// No room for a new key.
    NoMemory,
}

/// How many words a zone of so many bytes takes.
pub const fn words_needed(size: usize) -> usize {
    table::words_needed(size)
}

impl<W: Deref<Target = [AtomicU64]>> ReqTable<W> {
    /// A table over words of that zone.
    pub fn over(words: W, size: usize, rate: u64, holder: Holder) -> Self {
        Self { table: AgedTable::over(words, size, OWN_WORDS), rate, holder }
    }

    /// Nothing is counted; `name` is the zone's.
    pub fn reset(&self, name: &[u8]) {
        self.table.slab().reset();
        slab::place_nginx_notes(self.table.slab(), TREE_AND_QUEUE, b" in limit_req zone \"\"", name);
    }

    /// What this zone says of a request; with `count` it is counted at once.
    pub fn look_up(&self, key: &[u8], burst: u64, now_ms: u64, count: bool) -> Outcome {
        let _guard = self.table.slab().lock(self.holder);
        let Some(node) = self.table.find(key) else { return self.add(key, now_ms, count) };
        self.table.touch(node);
        let (excess, moved) = self.excess(node, now_ms);
        if excess > burst {
            return Outcome::Busy(excess);
        }
        if !count {
            self.table.set(node, WAITING, self.table.get(node, WAITING) + 1);
            return Outcome::Fits(node);
        }
        self.fill(node, excess, moved.then_some(now_ms));
        Outcome::Counted(excess)
    }

    /// Counts a request that the other zones let through; gives how full the bucket is.
    pub fn count(&self, node: Place, now_ms: u64) -> u64 {
        let _guard = self.table.slab().lock(self.holder);
        let (excess, moved) = self.excess(node, now_ms);
        self.fill(node, excess, moved.then_some(now_ms));
        self.table.set(node, WAITING, self.table.get(node, WAITING).saturating_sub(1));
        excess
    }

    /// Another zone refused the request.
    pub fn give_up(&self, node: Place) {
        let _guard = self.table.slab().lock(self.holder);
        self.table.set(node, WAITING, self.table.get(node, WAITING).saturating_sub(1));
    }

    /// Frees the lock if a process that is dead had it.
    pub fn free_lock_of(&self, holder: u64) -> bool {
        self.table.slab().free_lock_of(holder)
    }

    fn add(&self, key: &[u8], now_ms: u64, count: bool) -> Outcome {
        self.expire(false, now_ms);
        let mut node = self.table.insert(key, NODE + key.len());
        if node.is_none() {
            self.expire(true, now_ms);
            node = self.table.insert(key, NODE + key.len());
        }
        let Some(node) = node else { return Outcome::NoMemory };
        self.fill(node, 0, Some(if count { now_ms } else { 0 }));
        self.table.set(node, WAITING, u64::from(!count));
        if count { Outcome::Counted(0) } else { Outcome::Fits(node) }
    }

    fn fill(&self, node: Place, excess: u64, last_ms: Option<u64>) {
        self.table.set(node, EXCESS, excess);
        if let Some(last_ms) = last_ms {
            self.table.set(node, LAST_MS, last_ms);
        }
    }

    /// How full the bucket is with one more request, and whether time has passed.
    fn excess(&self, node: Place, now_ms: u64) -> (u64, bool) {
        let passed = match now_ms.wrapping_sub(self.table.get(node, LAST_MS)).cast_signed() {
            passed if passed < -CLOCK_JUMP_MS => 1,
            passed => passed.max(0).cast_unsigned(),
        };
        let drained = self.rate.saturating_mul(passed) / 1000;
        ((self.table.get(node, EXCESS) + 1000).saturating_sub(drained), passed > 0)
    }

    /// Makes room: the oldest node goes if `forced`, and up to two empty ones that nobody used for a minute.
    fn expire(&self, forced: bool, now_ms: u64) {
        for step in usize::from(!forced)..3 {
            let Some(node) = self.table.oldest() else { return };
            // Nodes move to the young end when they are looked up: where the last one waits, all are young.
            if self.table.get(node, WAITING) > 0 {
                return;
            }
            let idle = now_ms.abs_diff(self.table.get(node, LAST_MS));
            let is_empty = self.table.get(node, EXCESS) <= self.rate.saturating_mul(idle) / 1000;
            if step > 0 && (idle < IDLE_MS || !is_empty) {
                return;
            }
            self.table.remove(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(size: usize, rate: u64) -> ReqTable<Box<[AtomicU64]>> {
        let words = (0..words_needed(size)).map(|_| AtomicU64::new(0)).collect();
        let table = ReqTable::over(words, size, rate, Holder { id: 1, wait: || () });
        table.reset(b"z");
        table
    }

    #[test]
    fn a_bucket_drains_at_its_rate() {
        let table = table(65_536, 2000);
        assert_eq!(table.look_up(b"a", 0, 1000, true), Outcome::Counted(0));
        assert_eq!(table.look_up(b"a", 0, 1000, true), Outcome::Busy(1000));
        assert_eq!(table.look_up(b"a", 1000, 1000, true), Outcome::Counted(1000));
        assert_eq!(table.look_up(b"a", 0, 2000, true), Outcome::Counted(0));
        assert_eq!(table.look_up(b"b", 0, 2000, true), Outcome::Counted(0));
    }

    /// Six pages of 32 pieces of 128 bytes; the zone's name takes the seventh page, its tree the first piece.
    const KEYS: u32 = 6 * 32 - 1;

    #[test]
    fn the_oldest_key_makes_room() {
        let table = table(32_768, 1000);
        for key in 0..KEYS {
            assert_eq!(table.look_up(&key.to_le_bytes(), 0, 1000, true), Outcome::Counted(0));
        }
        assert_eq!(table.look_up(&0_u32.to_le_bytes(), 0, 1000, true), Outcome::Busy(1000));
        assert_eq!(table.look_up(b"new", 0, 1000, true), Outcome::Counted(0));
        assert_eq!(table.look_up(&2_u32.to_le_bytes(), 0, 1000, true), Outcome::Busy(1000));
        assert_eq!(table.look_up(&1_u32.to_le_bytes(), 0, 1000, true), Outcome::Counted(0));
    }

    #[test]
    fn no_room_is_made_of_those_that_wait() {
        let table = table(32_768, 1000);
        for key in 0..KEYS {
            assert!(matches!(table.look_up(&key.to_le_bytes(), 0, 1000, false), Outcome::Fits(_)));
        }
        assert_eq!(table.look_up(b"new", 0, 1000, true), Outcome::NoMemory);
    }

    #[test]
    fn empty_buckets_go_after_a_minute() {
        let table = table(32_768, 1000);
        for key in *b"abc" {
            table.look_up(&[key], 0, 1000, true);
        }
        table.look_up(b"d", 0, 61_000, true);
        assert_eq!([b"a", b"b", b"c", b"d"].map(|key| table.table.find(key).is_some()), [false, false, true, true]);
    }
}
