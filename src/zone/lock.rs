//! A spin lock in one shared word; the word names its holder, so that a dead worker's lock can be freed.

use std::sync::atomic::{AtomicU64, Ordering};

/// Held while it lives.
#[derive(Debug)]
pub struct Guard<'a> {
    word: &'a AtomicU64,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        self.word.store(0, Ordering::Release);
    }
}

/// Who takes locks.
#[derive(Clone, Copy, Debug)]
pub struct Holder {
    /// Not zero and unlike any other's: the process id.
    pub id: u64,
    /// Lets another process go on: the one that has the lock may share our core.
    pub wait: fn(),
}

/// Waits for the lock.
pub fn lock(word: &AtomicU64, holder: Holder) -> Guard<'_> {
    while word.compare_exchange_weak(0, holder.id, Ordering::Acquire, Ordering::Relaxed).is_err() {
        (holder.wait)();
    }
    Guard { word }
}

/// The lock, if nobody has it.
pub fn try_lock(word: &AtomicU64, holder: u64) -> Option<Guard<'_>> {
    word.compare_exchange(0, holder, Ordering::Acquire, Ordering::Relaxed).ok().map(|_| Guard { word })
}

/// Frees the lock if the holder of that id has it: for the master, when a worker has died.
pub fn free_of(word: &AtomicU64, holder: u64) -> bool {
    word.compare_exchange(holder, 0, Ordering::AcqRel, Ordering::Relaxed).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guard_frees_on_drop() {
        let word = AtomicU64::new(0);
        let guard = lock(&word, Holder { id: 7, wait: || () });
        assert_eq!(word.load(Ordering::Relaxed), 7);
        drop(guard);
        assert_eq!(word.load(Ordering::Relaxed), 0);
    }

    #[test]
    fn only_the_dead_holders_lock_is_freed() {
        let word = AtomicU64::new(7);
        assert!(!free_of(&word, 8));
        assert!(free_of(&word, 7));
        assert_eq!(word.load(Ordering::Relaxed), 0);
    }
}
