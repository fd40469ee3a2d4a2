//! What is remembered of each upstream peer: in words of this worker, or in a `zone` that all workers share.

use super::lock;
use std::sync::atomic::{AtomicU64, Ordering};

/// One remembered number of a peer, with nginx's names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Field {
    /// Smooth weighted round robin's running weight.
    CurrentWeight,
    /// The weight, lowered by failures and regained by one a pick.
    EffectiveWeight,
    /// Connections open at this moment.
    Conns,
    /// Failures since the last success.
    Fails,
    /// When it failed last, in seconds.
    Accessed,
    /// When it failed last or was tried again, in seconds.
    Checked,
    /// The number of the last request given to it, for `fair`.
    LastRequest,
    /// The average time to the header, in milliseconds.
    HeaderTime,
    /// The average time to the last byte.
    ResponseTime,
    /// The average time that requests wait that are not answered yet.
    InflightTime,
    /// How long those had waited altogether when their number changed last.
    InflightLast,
    /// When it changed.
    InflightChanged,
    /// Their number.
    InflightRequests,
    /// Requests given to it since the start.
    Requests,
    /// When it came back after failures, in milliseconds, with `slow_start`.
    CameBack,
}

impl Field {
    const ALL: [Self; 15] = [
        Self::CurrentWeight,
        Self::EffectiveWeight,
        Self::Conns,
        Self::Fails,
        Self::Accessed,
        Self::Checked,
        Self::LastRequest,
        Self::HeaderTime,
        Self::ResponseTime,
        Self::InflightTime,
        Self::InflightLast,
        Self::InflightChanged,
        Self::InflightRequests,
        Self::Requests,
        Self::CameBack,
    ];
}

const FIELDS: usize = Field::ALL.len();

/// How a peer does. Its open connections end with the workers that have them, and whose turn it is begins anew.
const HEALTH: [Field; 7] = [
    Field::Fails,
    Field::Accessed,
    Field::Checked,
    Field::HeaderTime,
    Field::ResponseTime,
    Field::Requests,
    Field::CameBack,
];

#[derive(Debug)]
enum Words<'w> {
    Own(Box<[AtomicU64]>),
    /// Of this worker alone, with the master looking on.
    Watched(&'w [AtomicU64]),
    Shared {
        words: &'w [AtomicU64],
        holder: lock::Holder,
    },
}

/// The state of all peers of one group.
#[derive(Debug)]
pub struct PeerTable<'w> {
    words: Words<'w>,
}

impl<'w> PeerTable<'w> {
    /// The words that a table of so many peers takes: a lock, then the fields.
    pub const fn words_needed(peers: usize) -> usize {
        1 + peers * FIELDS
    }

    /// A table of this worker alone, for peers of these weights.
    pub fn own(weights: &[i64]) -> Self {
        let words = (0..Self::words_needed(weights.len())).map(|_| AtomicU64::new(0)).collect();
        let table = PeerTable { words: Words::Own(words) };
        table.reset(weights);
        table
    }

    /// The same in words that the master can read. What an earlier worker left in them goes.
    pub fn watched(words: &'w [AtomicU64], weights: &[i64]) -> Self {
        let table = PeerTable { words: Words::Watched(words) };
        table.reset(weights);
        table
    }

    /// A field in the words of a table, for whoever only looks.
    pub fn read(words: &[AtomicU64], peer: usize, field: Field) -> i64 {
        words[1 + peer * FIELDS + field as usize].load(Ordering::Relaxed).cast_signed()
    }

    /// A table in shared words; The one who maps the zone calls `reset` once.
    pub fn shared(words: &'w [AtomicU64], holder: lock::Holder) -> Self {
        PeerTable { words: Words::Shared { words, holder } }
    }

    /// Every peer as it is at the start.
    pub fn reset(&self, weights: &[i64]) {
        for (peer, weight) in weights.iter().enumerate() {
            self.reset_peer(peer, *weight);
        }
    }

    /// One peer as it is at the start.
    pub fn reset_peer(&self, peer: usize, weight: i64) {
        for field in Field::ALL {
            self.set(peer, field, if field == Field::EffectiveWeight { weight } else { 0 });
        }
    }

    /// A peer does as one does in the words of another table. That one is in use meanwhile, and what happens to it from now on is
    /// not heard of here.
    pub fn begin_from(&self, peer: usize, other_words: &[AtomicU64], other: usize) {
        for field in HEALTH {
            self.set(peer, field, Self::read(other_words, other, field));
        }
    }

    /// Held over one choice, so that no other worker sees it half made; costs nothing for a worker's own table.
    pub fn lock(&self) -> Option<lock::Guard<'_>> {
        match &self.words {
            Words::Own(_) | Words::Watched(_) => None,
            Words::Shared { words, holder } => Some(lock::lock(&words[0], *holder)),
        }
    }

    fn word(&self, peer: usize, field: Field) -> &AtomicU64 {
        let words: &[AtomicU64] = match &self.words {
            Words::Own(words) => words,
            Words::Watched(words) | Words::Shared { words, .. } => words,
        };
        &words[1 + peer * FIELDS + field as usize]
    }

    /// Reads a field.
    pub fn get(&self, peer: usize, field: Field) -> i64 {
        self.word(peer, field).load(Ordering::Relaxed).cast_signed()
    }

    /// Writes a field.
    pub fn set(&self, peer: usize, field: Field, value: i64) {
        self.word(peer, field).store(value.cast_unsigned(), Ordering::Relaxed);
    }

    /// Adds to a field.
    pub fn add(&self, peer: usize, field: Field, value: i64) {
        self.set(peer, field, self.get(peer, field).wrapping_add(value));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_do_not_overlap() {
        let table = PeerTable::own(&[3, 5]);
        table.add(0, Field::Conns, 2);
        table.add(1, Field::CurrentWeight, -4);
        assert_eq!(table.get(0, Field::Conns), 2);
        assert_eq!(table.get(0, Field::EffectiveWeight), 3);
        assert_eq!(table.get(1, Field::EffectiveWeight), 5);
        assert_eq!(table.get(1, Field::CurrentWeight), -4);
        assert_eq!(table.get(1, Field::Conns), 0);
    }

    #[test]
    fn health_is_taken_over_without_connections_and_turns() {
        let words: Vec<_> = (0..PeerTable::words_needed(2)).map(|_| AtomicU64::new(0)).collect();
        let old = PeerTable::shared(&words, holder(1));
        Field::ALL.into_iter().for_each(|field| old.set(1, field, 7));
        let new = PeerTable::own(&[3, 3]);
        new.begin_from(0, &words, 1);
        let is_kept = |field: &Field| new.get(0, *field) == 7;
        assert_eq!(Field::ALL.into_iter().filter(is_kept).collect::<Vec<_>>(), HEALTH);
        assert_eq!(new.get(0, Field::EffectiveWeight), 3);
    }

    fn holder(id: u64) -> lock::Holder {
        lock::Holder { id, wait: || () }
    }

    #[test]
    fn shared_words_are_seen_by_each_table_over_them() {
        let words: &'static [AtomicU64] =
            (0..PeerTable::words_needed(1)).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak();
        let (one, other) = (PeerTable::shared(words, holder(1)), PeerTable::shared(words, holder(2)));
        one.reset(&[4]);
        drop(one.lock());
        one.add(0, Field::Fails, 1);
        let guard = other.lock();
        assert!(guard.is_some());
        assert_eq!(other.get(0, Field::Fails), 1);
        assert_eq!(other.get(0, Field::EffectiveWeight), 4);
    }
}
