//! What a zone of `limit_conn` holds: how many requests run for each key.

use std::ops::Deref;
use std::sync::atomic::AtomicU64;

use super::lock::Holder;
use super::slab::{self, Place};
use super::table::{self, Table};

const CONNECTIONS: usize = 0;
const OWN_WORDS: usize = 1;
/// What nginx's node takes beside its key.
const NODE: usize = 36;
/// What nginx keeps of the table itself: a tree's root and sentinel.
const TREE: usize = 64;

/// Counts by key.
#[derive(Debug)]
pub struct ConnTable<W> {
    table: Table<W>,
    holder: Holder,
}

/// Why a request was not counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// There are as many as allowed.
    Limited,
    /// The zone is full.
    NoMemory,
}

/// How many words a zone of so many bytes takes.
pub const fn words_needed(size: usize) -> usize {
    table::words_needed(size)
}

impl<W: Deref<Target = [AtomicU64]>> ConnTable<W> {
    /// A table over words of that zone.
    pub fn over(words: W, size: usize, holder: Holder) -> Self {
        Self { table: Table::over(words, size, OWN_WORDS), holder }
    }

    /// Nothing is counted; `name` is the zone's.
    pub fn reset(&self, name: &[u8]) {
        self.table.slab.reset();
        slab::place_nginx_notes(&self.table.slab, TREE, b" in limit_conn_zone \"\"", name);
    }

    /// Counts one more for a key, unless there are as many as allowed.
    pub fn take(&self, key: &[u8], allowed: u32) -> Result<Place, Refusal> {
        let _guard = self.table.slab.lock(self.holder);
        if let Some(node) = self.table.find(key) {
            let connections = self.table.get(node, CONNECTIONS);
            if connections >= u64::from(allowed) {
                return Err(Refusal::Limited);
            }
            self.table.set(node, CONNECTIONS, connections + 1);
            return Ok(node);
        }
        let node = self.table.insert(key, NODE + key.len()).ok_or(Refusal::NoMemory)?;
        self.table.set(node, CONNECTIONS, 1);
        Ok(node)
    }

    /// Counts one less.
    pub fn give(&self, node: Place) {
        let _guard = self.table.slab.lock(self.holder);
        match self.table.get(node, CONNECTIONS) {
            0 | 1 => self.table.remove(node),
            connections => self.table.set(node, CONNECTIONS, connections - 1),
        }
    }

    /// Frees the lock if a process that is dead had it.
    pub fn free_lock_of(&self, holder: u64) -> bool {
        self.table.slab.free_lock_of(holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(size: usize) -> ConnTable<Box<[AtomicU64]>> {
        let words = (0..words_needed(size)).map(|_| AtomicU64::new(0)).collect();
        let table = ConnTable::over(words, size, Holder { id: 1, wait: || () });
        table.reset(b"z");
        table
    }

    #[test]
    fn places_are_given_back() {
        let table = table(32_768);
        let first = table.take(b"a", 1).expect("the first");
        assert_eq!(table.take(b"a", 1), Err(Refusal::Limited));
        assert!(table.take(b"b", 1).is_ok());
        table.give(first);
        assert!(table.take(b"a", 1).is_ok());
    }

    #[test]
    fn a_full_zone_refuses_new_keys_only() {
        let table = table(32_768);
        let refused = (0..10_000_u32).find(|key| table.take(&key.to_le_bytes(), 1).is_err());
        // Seven pages; the name of the zone takes one, the tree's root a piece of 64 bytes.
        assert_eq!(refused, Some(6 * 64 - 1));
        assert_eq!(table.take(b"other", 1), Err(Refusal::NoMemory));
        assert!(table.take(&1_u32.to_le_bytes(), 2).is_ok());
    }
}
