//! What `stub_status` shows: counts of all workers together, in words that they share.

use std::sync::atomic::{AtomicU64, Ordering};

/// One count. The order in which workers see each other's changes does not matter.
#[derive(Clone, Copy, Debug)]
pub struct Counter(&'static AtomicU64);

impl Counter {
    /// The count.
    pub fn get(self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    /// One more.
    pub fn add(self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// One more; gives the count with it.
    pub fn next(self) -> u64 {
        self.0.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// One less.
    pub fn sub(self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }

    /// One more until the value is dropped, also where a task ends before its time.
    pub fn hold(self) -> Held {
        self.add();
        Held(self)
    }
}

/// Something that is counted as long as it lives.
#[derive(Debug)]
pub struct Held(Counter);

impl Drop for Held {
    fn drop(&mut self) {
        self.0.sub();
    }
}

/// The counts of a server.
#[derive(Clone, Copy, Debug)]
pub struct Counters {
    /// Connections taken.
    pub accepted: Counter,
    /// Connections served.
    pub handled: Counter,
    /// Requests.
    pub requests: Counter,
    /// Open connections.
    pub active: Counter,
    /// Connections on which a request is being read.
    pub reading: Counter,
    /// Connections on which an answer is being made.
    pub writing: Counter,
    /// Connections between two requests.
    pub waiting: Counter,
    /// Temporary files so far: no two have one number.
    pub temp_files: Counter,
}

impl Counters {
    /// How many words they take.
    pub const WORDS: usize = 8;

    /// Counts in these words.
    pub fn over(words: &'static [AtomicU64; Self::WORDS]) -> Self {
        let [accepted, handled, requests, active, reading, writing, waiting, temp_files] =
            words.each_ref().map(Counter);
        Self { accepted, handled, requests, active, reading, writing, waiting, temp_files }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_held_counts_until_it_is_dropped() {
        static WORDS: [AtomicU64; Counters::WORDS] = [const { AtomicU64::new(0) }; Counters::WORDS];
        let counters = Counters::over(&WORDS);
        let held = counters.active.hold();
        counters.requests.add();
        assert_eq!((counters.active.get(), counters.requests.get()), (1, 1));
        drop(held);
        assert_eq!((counters.active.get(), counters.requests.get(), counters.accepted.get()), (0, 1, 0));
    }
}
