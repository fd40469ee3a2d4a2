//! A hash table over a slab: from a key to a node that has a few words of its owner's and the key.

use std::ops::Deref;
use std::sync::atomic::AtomicU64;

use super::slab::{self, Place, Slab};
use crate::primitives::hash::crc32;

/// Chains for each page: about one for each node of 128 bytes.
const CHAINS_PER_PAGE: usize = 32;

const NEXT: usize = 0;
/// The hash, and the length of the key.
const HASH_AND_LENGTH: usize = 1;
/// The owner's words come first, then the key.
const OWN: usize = 2;

/// Nodes by key.
#[derive(Debug)]
pub struct Table<W> {
    /// Where the nodes are.
    pub slab: Slab<W>,
    chains: Place,
    chain_count: usize,
    own_words: usize,
}

/// How many words a table takes that stands for a zone of so many bytes.
pub const fn words_needed(size: usize) -> usize {
    slab::words_needed(size) + slab::pages(size) * CHAINS_PER_PAGE
}

impl<W: Deref<Target = [AtomicU64]>> Table<W> {
    /// A table whose nodes have so many words of their own.
    pub fn over(words: W, size: usize, own_words: usize) -> Self {
        let chain_count = slab::pages(size) * CHAINS_PER_PAGE;
        Self { slab: Slab::over(words, size), chains: slab::words_needed(size), chain_count, own_words }
    }

    fn chain(&self, hash: u32) -> Place {
        self.chains + hash as usize % self.chain_count
    }

    /// The node of a key.
    pub fn find(&self, key: &[u8]) -> Option<Place> {
        let hash = crc32(key);
        let wanted = u64::from(hash) << 32 | key.len() as u64;
        let mut node = self.slab.get(self.chain(hash)) as usize;
        while node != 0 {
            let looks_alike = self.slab.get(node + HASH_AND_LENGTH) == wanted;
            if looks_alike && self.slab.has_bytes(node + OWN + self.own_words, key) {
                return Some(node);
            }
            node = self.slab.get(node + NEXT) as usize;
        }
        None
    }

    /// A node for a key that has none, in a piece of so many bytes.
    pub fn insert(&self, key: &[u8], bytes: usize) -> Option<Place> {
        let node = self.slab.allocate(bytes)?;
        let hash = crc32(key);
        let chain = self.chain(hash);
        self.slab.set(node + HASH_AND_LENGTH, u64::from(hash) << 32 | key.len() as u64);
        self.slab.set(node + NEXT, self.slab.get(chain));
        self.slab.set_bytes(node + OWN + self.own_words, key);
        self.slab.set(chain, node as u64);
        Some(node)
    }

    /// Takes a node out and frees it.
    pub fn remove(&self, node: Place) {
        let mut link = self.chain((self.slab.get(node + HASH_AND_LENGTH) >> 32) as u32);
        while self.slab.get(link) as usize != node {
            link = self.slab.get(link) as usize + NEXT;
        }
        self.slab.set(link, self.slab.get(node + NEXT));
        self.slab.free(node);
    }

    /// How many words of a node come before what its owner keeps behind the key.
    pub fn words_to_end_of_key(&self, key_length: usize) -> usize {
        OWN + self.own_words + key_length.div_ceil(size_of::<u64>())
    }

    /// A word of a node.
    pub fn get(&self, node: Place, word: usize) -> u64 {
        self.slab.get(node + OWN + word)
    }

    /// Sets a word of a node.
    pub fn set(&self, node: Place, word: usize, value: u64) {
        self.slab.set(node + OWN + word, value);
    }
}
