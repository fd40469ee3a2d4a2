//! A table whose nodes stand in a queue too, the one used last at its young end.

use std::ops::Deref;
use std::sync::atomic::AtomicU64;

use super::slab::{Place, Slab};
use super::table::Table;

const NEWER: usize = 0;
const OLDER: usize = 1;
/// The owner's words of a node come after these.
const OWN: usize = 2;

/// The words of the slab that hold the ends of the queue; the owner's come after them.
const NEWEST: usize = 0;
const OLDEST: usize = 1;
/// The first of the slab's words that is the owner's.
pub const OWN_ROOT: usize = 2;

/// Nodes by key and by age.
#[derive(Debug)]
pub struct AgedTable<W> {
    table: Table<W>,
}

impl<W: Deref<Target = [AtomicU64]>> AgedTable<W> {
    /// A table over words for a zone of so many bytes, whose nodes have so many words of their own.
    pub fn over(words: W, size: usize, own_words: usize) -> Self {
        Self { table: Table::over(words, size, OWN + own_words) }
    }

    /// Where the nodes are.
    pub fn slab(&self) -> &Slab<W> {
        &self.table.slab
    }

    /// The node of a key, which stays as old as it is.
    pub fn find(&self, key: &[u8]) -> Option<Place> {
        self.table.find(key)
    }

    /// The node that nobody used for longest.
    pub fn oldest(&self) -> Option<Place> {
        Some(self.slab().root(OLDEST) as usize).filter(|node| *node != 0)
    }

    /// A node at the young end for a key that has none, in a piece of so many bytes.
    pub fn insert(&self, key: &[u8], bytes: usize) -> Option<Place> {
        let node = self.table.insert(key, bytes)?;
        self.link(node);
        Some(node)
    }

    /// Moves a node to the young end.
    pub fn touch(&self, node: Place) {
        self.unlink(node);
        self.link(node);
    }

    /// Takes a node out and frees it.
    pub fn remove(&self, node: Place) {
        self.unlink(node);
        self.table.remove(node);
    }

    /// How many words of a node come before what its owner keeps behind the key.
    pub fn words_to_end_of_key(&self, key_length: usize) -> usize {
        self.table.words_to_end_of_key(key_length)
    }

    /// A word of a node.
    pub fn get(&self, node: Place, word: usize) -> u64 {
        self.table.get(node, OWN + word)
    }

    /// Sets a word of a node.
    pub fn set(&self, node: Place, word: usize, value: u64) {
        self.table.set(node, OWN + word, value);
    }

    fn link(&self, node: Place) {
        let newest = self.slab().root(NEWEST);
        self.table.set(node, NEWER, 0);
        self.table.set(node, OLDER, newest);
        match newest as usize {
            0 => self.slab().set_root(OLDEST, node as u64),
            newest => self.table.set(newest, NEWER, node as u64),
        }
        self.slab().set_root(NEWEST, node as u64);
    }

    fn unlink(&self, node: Place) {
        let (newer, older) = (self.table.get(node, NEWER), self.table.get(node, OLDER));
        match newer as usize {
            0 => self.slab().set_root(NEWEST, older),
            node => self.table.set(node, OLDER, older),
        }
        match older as usize {
            0 => self.slab().set_root(OLDEST, newer),
            node => self.table.set(node, NEWER, newer),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::table::words_needed;
    use super::*;

    #[test]
    fn the_oldest_is_the_one_not_used_for_longest() {
        let size = 65_536;
        let table = AgedTable::over((0..words_needed(size)).map(|_| AtomicU64::new(0)).collect::<Box<_>>(), size, 1);
        table.slab().reset();
        assert_eq!(table.oldest(), None);
        let [a, b, c] = [b"a", b"b", b"c"].map(|key| table.insert(key, 128).expect("there is room"));
        assert_eq!(table.oldest(), Some(a));
        table.touch(a);
        assert_eq!(table.oldest(), Some(b));
        table.remove(c);
        table.remove(b);
        assert_eq!(table.oldest(), Some(a));
        table.remove(a);
        assert_eq!(table.oldest(), None);
    }
}
