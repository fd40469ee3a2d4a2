//! What a zone of `ssl_session_cache` holds: sessions by their names, and the keys that seal tickets.

use std::ops::Deref;
use std::sync::atomic::AtomicU64;

use super::aged::{self, AgedTable};
use super::lock::Holder;
use super::slab::{self, Place};
use super::table;

/// The length of a key that seals tickets.
pub const KEY_LENGTH: usize = 32;

/// A session with a chain of certificates longer than most would push many others out.
const LONGEST_SESSION: usize = 8192;

/// When a session ends, and how long it is; the session itself stands behind its name.
const ENDS: usize = 0;
const LENGTH: usize = 1;
const OWN_WORDS: usize = 2;
/// What nginx keeps of the cache itself: a tree, a queue, and the keys.
const CACHE: usize = 400;

/// The slab's word that says where the keys are.
const KEYS: usize = aged::OWN_ROOT;

/// Where the keys are: since when the newer one seals, the newer one, the older one.
const KEY_WORDS: usize = KEY_LENGTH / 8;
const NEWER_KEY: usize = 1;
const OLDER_KEY: usize = NEWER_KEY + KEY_WORDS;

/// A key that seals tickets.
pub type Key = [u8; KEY_LENGTH];

/// Sessions and keys that all workers share.
#[derive(Debug)]
pub struct Sessions<W> {
    table: AgedTable<W>,
}

/// How many words a zone of so many bytes takes.
pub const fn words_needed(size: usize) -> usize {
    table::words_needed(size)
}

impl<W: Deref<Target = [AtomicU64]>> Sessions<W> {
    /// A cache over words of that zone.
    pub fn over(words: W, size: usize) -> Self {
        Self { table: AgedTable::over(words, size, OWN_WORDS) }
    }

    /// Nothing is remembered; `name` is the zone's.
    pub fn reset(&self, name: &[u8]) {
        let slab = self.table.slab();
        slab.reset();
        slab::place_nginx_notes(slab, CACHE, b" in SSL session shared cache \"\"", name);
        // The smallest zone has eight pages.
        let keys = slab.allocate(8 * (OLDER_KEY + KEY_WORDS)).unwrap_or_default();
        slab.set_root(KEYS, keys as u64);
    }

    /// Remembers a session until a second, unless it is longer than sessions are. The oldest ones make room for it; false if
    /// even that is not enough.
    pub fn put(&self, name: &[u8], session: &[u8], ends_s: u64, holder: Holder) -> bool {
        if session.len() > LONGEST_SESSION {
            return false;
        }
        let _guard = self.table.slab().lock(holder);
        if let Some(node) = self.table.find(name) {
            self.table.remove(node);
        }
        let value_at = self.table.words_to_end_of_key(name.len());
        let bytes = 8 * value_at + session.len();
        let node = loop {
            match (self.table.insert(name, bytes), self.table.oldest()) {
                (Some(node), _) => break node,
                (None, None) => return false,
                (None, Some(oldest)) => self.table.remove(oldest),
            }
        };
        self.table.slab().set_bytes(node + value_at, session);
        self.table.set(node, ENDS, ends_s);
        self.table.set(node, LENGTH, session.len() as u64);
        true
    }

    /// The session of a name, if it has not ended.
    pub fn get(&self, name: &[u8], now_s: u64, holder: Holder) -> Option<Vec<u8>> {
        let _guard = self.table.slab().lock(holder);
        let node = self.table.find(name)?;
        if self.table.get(node, ENDS) < now_s {
            self.table.remove(node);
            return None;
        }
        let value_at = self.table.words_to_end_of_key(name.len());
        Some(self.table.slab().bytes(node + value_at, self.table.get(node, LENGTH) as usize))
    }

    /// The same, and it is not remembered any longer.
    pub fn take(&self, name: &[u8], now_s: u64, holder: Holder) -> Option<Vec<u8>> {
        let session = self.get(name, now_s, holder)?;
        let _guard = self.table.slab().lock(holder);
        if let Some(node) = self.table.find(name) {
            self.table.remove(node);
        }
        Some(session)
    }

    /// The key that seals, and the one before it, which still opens. A key seals for as long as a session lasts.
    pub fn keys(&self, now_s: u64, lasts_s: u64, fresh: impl Fn() -> Key, holder: Holder) -> [Key; 2] {
        let slab = self.table.slab();
        let _guard = slab.lock(holder);
        let place = slab.root(KEYS) as Place;
        if place == 0 {
            return [fresh(), fresh()];
        }
        let since_s = slab.get(place);
        if since_s == 0 || now_s >= since_s.saturating_add(lasts_s) {
            // What the newer one sealed may still last, unless it was not used for long.
            let has_ended = since_s == 0 || now_s >= since_s.saturating_add(2 * lasts_s);
            let older = if has_ended { fresh().to_vec() } else { slab.bytes(place + NEWER_KEY, KEY_LENGTH) };
            slab.set_bytes(place + OLDER_KEY, &older);
            slab.set_bytes(place + NEWER_KEY, &fresh());
            slab.set(place, now_s.max(1));
        }
        let key = |at: usize| {
            let bytes = slab.bytes(place + at, KEY_LENGTH);
            bytes.try_into().unwrap_or([0; KEY_LENGTH])
        };
        [key(NEWER_KEY), key(OLDER_KEY)]
    }

    /// Frees the lock if a process that is dead had it.
    pub fn free_lock_of(&self, holder: u64) -> bool {
        self.table.slab().free_lock_of(holder)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ME: Holder = Holder { id: 1, wait: || () };

    fn sessions() -> Sessions<Box<[AtomicU64]>> {
        let size = 8 * 4096;
        let words = (0..words_needed(size)).map(|_| AtomicU64::new(0)).collect();
        let sessions = Sessions::over(words, size);
        sessions.reset(b"SSL");
        sessions
    }

    #[test]
    fn a_session_is_there_until_it_ends_or_is_taken() {
        let sessions = sessions();
        assert!(sessions.put(b"one", b"session 1", 10, ME));
        assert!(sessions.put(b"one", b"session one", 10, ME));
        assert_eq!(sessions.get(b"one", 10, ME).as_deref(), Some(&b"session one"[..]));
        assert_eq!(sessions.get(b"two", 10, ME), None);
        assert_eq!(sessions.take(b"one", 10, ME).as_deref(), Some(&b"session one"[..]));
        assert_eq!(sessions.get(b"one", 10, ME), None);
        assert!(sessions.put(b"one", b"x", 10, ME));
        assert_eq!(sessions.get(b"one", 11, ME), None);
    }

    #[test]
    fn the_oldest_make_room() {
        let sessions = sessions();
        for number in 0..200_u32 {
            assert!(sessions.put(&number.to_be_bytes(), &[7; 900], 10, ME));
        }
        assert_eq!(sessions.get(&0_u32.to_be_bytes(), 1, ME), None);
        assert_eq!(sessions.get(&199_u32.to_be_bytes(), 1, ME), Some(vec![7; 900]));
        assert!(!sessions.put(b"large", &[7; 65_536], 10, ME), "it fits nowhere");
    }

    #[test]
    fn keys_are_renewed_and_open_once_more() {
        let sessions = sessions();
        let counter = std::cell::Cell::new(0);
        let fresh = || {
            counter.set(counter.get() + 1);
            [counter.get(); KEY_LENGTH]
        };
        let keys_at = |now_s| sessions.keys(now_s, 300, fresh, ME);
        let [first, _] = keys_at(1000);
        assert_eq!(keys_at(1299)[0], first);
        let [second, before] = keys_at(1300);
        assert_eq!(before, first);
        assert_ne!(second, first);
        assert_ne!(keys_at(2000)[1], second, "what it sealed has ended");
    }
}
