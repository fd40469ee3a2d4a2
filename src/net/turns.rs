//! How workers that listen on the same sockets share out the connections: by what each shows the others of its load, or by turns
//! (`accept_mutex`).

use std::cell::Cell;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;

use super::places::Connections;
use crate::zone::lock;

/// So many workers can show their load; further ones share the places of the first.
const MOST_WORKERS: usize = 64;
/// So many connections more than another worker, and an eighth of those, are no reason to hold back.
const TOLERATED: u64 = 4;
/// How long a worker that holds back leaves a connection to the others. They may be unable to take it.
const HOLD_BACK: Duration = Duration::from_millis(1);
/// How many connections it takes then before it asks again.
const TAKEN_AT_ONCE: u32 = 16;

/// What the workers of a master have in common.
#[derive(Clone, Copy, Debug)]
pub struct Board {
    mutex: &'static AtomicU64,
    loads: &'static [AtomicU64],
}

impl Board {
    /// How many words it needs.
    pub const WORDS: usize = 1 + MOST_WORKERS;

    /// Over words that the workers share, all 0.
    pub fn over(words: &'static [AtomicU64; Self::WORDS]) -> Self {
        let [mutex, loads @ ..] = words;
        Self { mutex, loads }
    }

    /// Frees the mutex of a worker that has died.
    pub fn free_mutex_of(&self, pid: i32) {
        lock::free_of(self.mutex, pid as u64);
    }

    fn load(&self, worker: usize) -> &'static AtomicU64 {
        &self.loads[worker % MOST_WORKERS]
    }
}

/// The directives that say how connections are shared out.
#[derive(Clone, Copy, Debug)]
pub struct Rules {
    /// How many workers there are.
    pub workers: usize,
    /// `accept_mutex`: a worker that does not have it asks for it again after `accept_mutex_delay`.
    pub mutex_delay_ms: Option<u64>,
    /// `multi_accept`: all connections that wait are taken at once.
    pub takes_all: bool,
}

/// One worker among those that share the sockets.
#[derive(Debug)]
pub struct Turns {
    board: Board,
    worker: usize,
    rules: Rules,
    /// How many connections it takes without a look at the others.
    unasked: Cell<u32>,
    has_mutex: Cell<bool>,
    /// It has the mutex now, or has it no longer.
    mutex_moved: Notify,
    /// A connection was taken under the mutex.
    was_used: Notify,
}

impl Turns {
    /// The turns of a worker.
    pub fn new(board: Board, worker: usize, rules: Rules) -> Self {
        Self {
            board,
            worker,
            rules,
            unasked: Cell::new(0),
            has_mutex: Cell::new(false),
            mutex_moved: Notify::new(),
            was_used: Notify::new(),
        }
    }

    /// Where this worker shows how many connections it has.
    pub fn own_load(&self) -> &'static AtomicU64 {
        self.board.load(self.worker)
    }

    /// Whether all connections that wait are taken at once.
    pub fn takes_all(&self) -> bool {
        self.rules.takes_all
    }

    /// Whether there are others.
    pub fn are_shared(&self) -> bool {
        self.rules.workers > 1
    }

    /// Whether workers take turns; otherwise the kernel wakes one of them.
    pub fn by_mutex(&self) -> bool {
        self.are_shared() && self.rules.mutex_delay_ms.is_some()
    }

    /// Whether this worker has so many more connections than another one that it lets that one go first.
    pub fn is_ahead(&self) -> bool {
        let others = (0..self.rules.workers.min(MOST_WORKERS)).filter(|worker| *worker != self.worker);
        let fewest = others.map(|worker| self.board.load(worker).load(Ordering::Relaxed)).min();
        fewest.is_some_and(|fewest| self.own_load().load(Ordering::Relaxed) > fewest + fewest / 8 + TOLERATED)
    }

    /// Leaves the next connection to another worker for a moment, if that one has fewer.
    pub async fn hold_back(&self) {
        match self.unasked.get().checked_sub(1) {
            Some(left) => self.unasked.set(left),
            None if self.is_ahead() => {
                tokio::time::sleep(HOLD_BACK).await;
                self.unasked.set(TAKEN_AT_ONCE);
            }
            None => {}
        }
    }

    /// Waits for something while it is this worker's turn; it begins anew with the next turn.
    pub async fn in_turn<T>(&self, wait: impl AsyncFn() -> T) -> T {
        loop {
            let mut moved = pin!(self.mutex_moved.notified());
            moved.as_mut().enable();
            if !self.has_mutex.get() {
                moved.await;
                continue;
            }
            tokio::select! {
                biased;
                () = moved => {}
                outcome = wait() => {
                    self.was_used.notify_one();
                    return outcome;
                }
            }
        }
    }

    /// Takes the mutex whenever it is free, and gives it back after each connection, for ever. As with nginx, a worker with few
    /// places left leaves it to others.
    pub async fn take_mutex_in_turns(&self, connections: &Connections) {
        let delay = Duration::from_millis(self.rules.mutex_delay_ms.unwrap_or_default());
        loop {
            let mutex = match connections.are_scarce() {
                true => None,
                false => lock::try_lock(self.board.mutex, u64::from(std::process::id())),
            };
            let Some(mutex) = mutex else {
                tokio::time::sleep(delay).await;
                continue;
            };
            self.move_mutex(true);
            self.was_used.notified().await;
            self.move_mutex(false);
            drop(mutex);
            tokio::task::yield_now().await;
        }
    }

    fn move_mutex(&self, has_mutex: bool) {
        self.has_mutex.set(has_mutex);
        self.mutex_moved.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroUsize;

    use super::*;
    use crate::sys::shared_words;

    fn board() -> Board {
        let words = shared_words::map(NonZeroUsize::new(Board::WORDS).expect("not 0")).expect("there is memory");
        Board::over(words.first_chunk().expect("that many words"))
    }

    fn turns(board: Board, worker: usize) -> Turns {
        Turns::new(board, worker, Rules { workers: 3, mutex_delay_ms: Some(1), takes_all: false })
    }

    #[test]
    fn whoever_has_clearly_more_than_another_is_ahead() {
        let board = board();
        let workers = [0, 1, 2].map(|worker| turns(board, worker));
        let ahead = |loads: [u64; 3]| {
            for (worker, load) in workers.iter().zip(loads) {
                worker.own_load().store(load, Ordering::Relaxed);
            }
            workers.each_ref().map(Turns::is_ahead)
        };
        assert_eq!(ahead([4, 4, 0]), [false, false, false]);
        assert_eq!(ahead([5, 4, 0]), [true, false, false]);
        assert_eq!(ahead([1000, 895, 890]), [false, false, false]);
        assert_eq!(ahead([1006, 895, 890]), [true, false, false]);
    }

    #[tokio::test]
    async fn one_has_the_mutex_until_it_has_used_it() {
        let board = board();
        let (first, second) = (turns(board, 0), turns(board, 1));
        let connections = || Connections::new(100, 0, Box::leak(Box::default()), None);
        let (places, others) = (connections(), connections());
        let alternate = async {
            first.in_turn(async || ()).await;
            // Whoever used it gives it back, and takes it again if nobody else has.
            first.in_turn(async || ()).await;
            assert!(first.has_mutex.get() && !second.has_mutex.get());
        };
        tokio::select! {
            () = first.take_mutex_in_turns(&places) => unreachable!("it goes on for ever"),
            () = alternate => {}
        }
        // The one that has ended has let it go.
        tokio::select! {
            () = second.take_mutex_in_turns(&others) => unreachable!("it goes on for ever"),
            () = second.in_turn(async || ()) => {}
        }
    }
}
