//! `worker_connections`: the places of a worker, and who gives one up when there are too few: whoever waits longest for a request.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::log::now;

/// nginx gives up waiting connections when no more than this part of the places is free.
const RESERVE: usize = 16;
/// At most so many at once, and no more than an eighth of those that wait.
const MOST_AT_ONCE: usize = 32;
/// Where the ends of the line meet: no connection has this number.
const ENDS: usize = 0;

#[derive(Debug)]
struct Places {
    limit: usize,
    used: Cell<usize>,
    counter: &'static AtomicU64,
    line: RefCell<Line>,
    /// When the log was told of a lack, in seconds.
    told_s: Cell<u64>,
}

/// Connections that wait for a request, in the order in which they began; linked, so that each joins and leaves at once.
#[derive(Debug)]
struct Line {
    entries: Vec<Entry>,
    free: Vec<usize>,
    length: usize,
}

#[derive(Clone, Debug, Default)]
struct Entry {
    earlier: usize,
    later: usize,
    /// There while it waits.
    waker: Option<Waker>,
    is_reclaimed: bool,
}

impl Line {
    fn new() -> Self {
        Self { entries: vec![Entry::default()], free: Vec::new(), length: 0 }
    }

    fn enter(&mut self) -> usize {
        match self.free.pop() {
            Some(number) => {
                self.entries[number] = Entry::default();
                number
            }
            None => {
                self.entries.push(Entry::default());
                self.entries.len() - 1
            }
        }
    }

    fn join(&mut self, number: usize, waker: &Waker) {
        match &mut self.entries[number].waker {
            Some(known) => known.clone_from(waker),
            absent => {
                *absent = Some(waker.clone());
                let last = self.entries[ENDS].earlier;
                (self.entries[number].earlier, self.entries[number].later) = (last, ENDS);
                self.entries[last].later = number;
                self.entries[ENDS].earlier = number;
                self.length += 1;
            }
        }
    }

    fn leave(&mut self, number: usize) -> Option<Waker> {
        let waker = self.entries[number].waker.take()?;
        let Entry { earlier, later, .. } = self.entries[number];
        self.entries[earlier].later = later;
        self.entries[later].earlier = earlier;
        self.length -= 1;
        Some(waker)
    }

    /// Sends away whoever waits longest.
    fn reclaim_first(&mut self) {
        let first = self.entries[ENDS].later;
        if let Some(waker) = self.leave(first) {
            self.entries[first].is_reclaimed = true;
            waker.wake();
        }
    }
}

/// The places of a worker. All clones count together.
#[derive(Clone, Debug)]
pub struct Connections(Rc<Places>);

/// One connection's place; given back when dropped.
#[derive(Debug)]
pub struct Slot {
    places: Rc<Places>,
    number: usize,
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.places.used.set(self.places.used.get() - 1);
        let mut line = self.places.line.borrow_mut();
        line.leave(self.number);
        line.free.push(self.number);
    }
}

impl Slot {
    /// Waits for a request: ready when the connection has to go instead.
    pub fn poll_reclaimed(&self, context: &Context) -> Poll<()> {
        let mut line = self.places.line.borrow_mut();
        if line.entries[self.number].is_reclaimed {
            return Poll::Ready(());
        }
        line.join(self.number, context.waker());
        Poll::Pending
    }

    /// The request has come, or something else has ended the waiting.
    pub fn stop_waiting(&self) {
        self.places.line.borrow_mut().leave(self.number);
    }
}

impl Connections {
    /// Room for so many, of which the worker itself needs some. The counter gives connections their numbers and is shared by
    /// all workers.
    pub fn new(limit: usize, own: usize, counter: &'static AtomicU64) -> Self {
        let (used, told_s) = (Cell::new(own), Cell::new(0));
        Self(Rc::new(Places { limit, used, counter, line: RefCell::new(Line::new()), told_s }))
    }

    /// A place. Where few are left, those who wait longest go, and as this takes them a turn of the runtime, so does this.
    /// `None`, with nginx's alert, if all are taken by connections at work.
    pub async fn take(&self, log: &ErrorLog) -> Option<Slot> {
        let Places { limit, used, line, .. } = &*self.0;
        let mut turns = self.reclaim(log) * 2;
        while used.get() >= *limit && turns > 0 {
            tokio::task::yield_now().await;
            turns -= 1;
        }
        if used.get() >= *limit {
            log.say(Level::Alert, format_args!("{limit} worker_connections are not enough"));
            return None;
        }
        used.set(used.get() + 1);
        let number = line.borrow_mut().enter();
        Some(Slot { places: Rc::clone(&self.0), number })
    }

    /// Sends some away that wait, if there is a lack; gives their number.
    fn reclaim(&self, log: &ErrorLog) -> usize {
        let Places { limit, used, line, told_s, .. } = &*self.0;
        let mut line = line.borrow_mut();
        if limit.saturating_sub(used.get()) > limit / RESERVE || line.length == 0 {
            return 0;
        }
        let now_s = now::since_epoch().as_secs();
        if told_s.replace(now_s) != now_s {
            let text = format_args!("{limit} worker_connections are not enough, reusing connections");
            log.say(Level::Warn, text);
        }
        let count = (line.length / 8).clamp(1, MOST_AT_ONCE);
        (0..count).for_each(|_| line.reclaim_first());
        count
    }

    /// The number of the next connection.
    pub fn next_number(&self) -> u64 {
        self.0.counter.fetch_add(1, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_wait_is_the_first_to_go() {
        let mut line = Line::new();
        let numbers = [line.enter(), line.enter(), line.enter()];
        for number in numbers {
            line.join(number, Waker::noop());
        }
        line.leave(numbers[1]);
        line.join(numbers[1], Waker::noop());
        line.join(numbers[0], Waker::noop());
        line.reclaim_first();
        line.reclaim_first();
        let reclaimed: Vec<bool> = numbers.iter().map(|number| line.entries[*number].is_reclaimed).collect();
        assert_eq!(reclaimed, [true, false, true]);
        assert_eq!((line.length, line.entries[ENDS].later, line.entries[ENDS].earlier), (1, numbers[1], numbers[1]));
        line.reclaim_first();
        line.reclaim_first();
        assert_eq!((line.length, line.entries[ENDS].later), (0, ENDS));
    }
}
