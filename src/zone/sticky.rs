//! What a zone of `sticky learn` holds: for each session the server that began it, and when it was used last.

use std::ops::Deref;
use std::sync::atomic::AtomicU64;

use super::aged::AgedTable;
use super::lock::Holder;
use super::slab::{self, Place};
use super::table;

const LAST_MS: usize = 0;
const SID_LENGTH: usize = 1;
const SID: usize = 2;
/// The longest name of a server, in words.
const SID_WORDS: usize = 4;
const OWN_WORDS: usize = SID + SID_WORDS;

/// What nginx's node takes.
const NODE: usize = 144;
/// What nginx keeps of the table itself: two trees with their sentinels.
const TREES: usize = 128;

/// The digest of a session's name.
pub type Key = [u8; 16];

/// Servers by session.
#[derive(Debug)]
pub struct Sessions<W> {
    table: AgedTable<W>,
    timeout_ms: u64,
    holder: Holder,
}

/// What became of a new session.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Learned {
    /// It is kept.
    Kept,
    /// It is kept in the place of the one unused for longest.
    InPlaceOfOldest,
    /// There is no room.
    NoMemory,
}

/// How many words a zone of so many bytes takes.
pub const fn words_needed(size: usize) -> usize {
    table::words_needed(size)
}

impl<W: Deref<Target = [AtomicU64]>> Sessions<W> {
    /// Sessions over words of that zone.
    pub fn over(words: W, size: usize, timeout_ms: u64, holder: Holder) -> Self {
        Self { table: AgedTable::over(words, size, OWN_WORDS), timeout_ms, holder }
    }

    /// There are no sessions; `name` is the zone's.
    pub fn reset(&self, name: &[u8]) {
        self.table.slab().reset();
        slab::place_nginx_notes(self.table.slab(), TREES, b" in sticky session zone \"\"", name);
    }

    /// The server of a session.
    pub fn find(&self, key: &Key, now_ms: u64) -> Option<Box<[u8]>> {
        let _guard = self.table.slab().lock(self.holder);
        self.expire(now_ms);
        self.table.find(key).map(|node| self.sid(node))
    }

    /// The session goes on with this server; a new one only begins where `creates` says so.
    pub fn learn(&self, key: &Key, sid: &[u8], creates: bool, now_ms: u64) -> Learned {
        let _guard = self.table.slab().lock(self.holder);
        self.expire(now_ms);
        if let Some(node) = self.table.find(key) {
            self.table.touch(node);
            self.fill(node, sid, now_ms);
            return Learned::Kept;
        }
        if !creates {
            return Learned::Kept;
        }
        if let Some(node) = self.table.insert(key, NODE) {
            self.fill(node, sid, now_ms);
            return Learned::Kept;
        }
        let Some(oldest) = self.table.oldest() else { return Learned::NoMemory };
        self.table.remove(oldest);
        let Some(node) = self.table.insert(key, NODE) else { return Learned::NoMemory };
        self.fill(node, sid, now_ms);
        Learned::InPlaceOfOldest
    }

    /// Frees the lock if a process that is dead had it.
    pub fn free_lock_of(&self, holder: u64) -> bool {
        self.table.slab().free_lock_of(holder)
    }

    fn sid(&self, node: Place) -> Box<[u8]> {
        let words = (0..SID_WORDS).flat_map(|word| self.table.get(node, SID + word).to_ne_bytes());
        words.take(self.table.get(node, SID_LENGTH) as usize).collect()
    }

    fn fill(&self, node: Place, sid: &[u8], now_ms: u64) {
        self.table.set(node, SID_LENGTH, sid.len().min(SID_WORDS * 8) as u64);
        for (word, chunk) in sid.chunks(8).take(SID_WORDS).enumerate() {
            let mut bytes = [0; 8];
            bytes[..chunk.len()].copy_from_slice(chunk);
            self.table.set(node, SID + word, u64::from_ne_bytes(bytes));
        }
        self.table.set(node, LAST_MS, now_ms);
    }

    fn expire(&self, now_ms: u64) {
        while let Some(node) = self.table.oldest() {
            if now_ms < self.table.get(node, LAST_MS).saturating_add(self.timeout_ms) {
                return;
            }
            self.table.remove(node);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: usize = 32 * 1024;

    fn sessions() -> Sessions<Box<[AtomicU64]>> {
        let words = (0..words_needed(SIZE)).map(|_| AtomicU64::new(0)).collect();
        let sessions = Sessions::over(words, SIZE, 1000, Holder { id: 1, wait: || () });
        sessions.reset(b"z");
        sessions
    }

    #[test]
    fn a_session_ends_when_nobody_uses_it() {
        let sessions = sessions();
        assert_eq!(sessions.learn(&[1; 16], b"one", true, 0), Learned::Kept);
        assert_eq!(sessions.learn(&[2; 16], b"other", false, 0), Learned::Kept);
        assert_eq!(sessions.find(&[1; 16], 999).as_deref(), Some(&b"one"[..]));
        assert_eq!(sessions.find(&[2; 16], 0), None, "only a new session is created");
        sessions.learn(&[1; 16], b"a server with a rather long nam", false, 999);
        assert_eq!(sessions.find(&[1; 16], 1998).as_deref(), Some(&b"a server with a rather long nam"[..]));
        assert_eq!(sessions.find(&[1; 16], 1999), None);
    }

    #[test]
    fn the_oldest_gives_way() {
        let sessions = sessions();
        let key = |number: u64| -> Key { std::array::from_fn(|at| (number >> (8 * (at % 8))) as u8) };
        let first = (1..).find(|number| sessions.learn(&key(*number), b"s", true, 5) != Learned::Kept);
        let first = first.expect("the zone is full at some time");
        assert_eq!(sessions.find(&key(1), 5), None);
        assert!(sessions.find(&key(first), 5).is_some());
    }
}
