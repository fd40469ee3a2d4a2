//! `worker_connections`: the places of a worker, and who gives one up when there are too few: whoever waits longest for a request.

use std::cell::{Cell, RefCell};
use std::fmt;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};

use tokio::time::Instant;

use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::log::now;

/// nginx gives up waiting connections when no more than this part of the places is free.
const RESERVE: usize = 16;
/// At most so many at once, and no more than an eighth of those that wait.
const MOST_AT_ONCE: usize = 32;
/// Where the ends of the line meet: no connection has this number.
const ENDS: u32 = 0;
/// What follows a connection that was sent away: it is not in the line any more, nor joins it again.
const SENT_AWAY: u32 = u32::MAX;
/// Room for so many is made at once. A page that nobody has touched takes no memory; a table that grows leaves its former places
/// behind.
const MOST_ROOM: usize = 1 << 20;

#[derive(Debug)]
struct Places {
    limit: usize,
    used: Cell<usize>,
    counter: &'static AtomicU64,
    /// Where the other workers see how many are used.
    load: Cell<Option<&'static AtomicU64>>,
    line: RefCell<Line>,
    /// When the log was told of a lack, in seconds.
    told_s: Cell<u64>,
    paused_until: Cell<Option<Instant>>,
}

impl Places {
    fn set_used(&self, used: usize) {
        self.used.set(used);
        if let Some(load) = self.load.get() {
            load.store(used as u64, Ordering::Relaxed);
        }
    }
}

/// Connections that wait for a request, in the order in which they began; linked, so that each joins and leaves at once.
#[derive(Debug)]
struct Line {
    entries: Vec<Entry>,
    free: Vec<u32>,
    length: usize,
}

/// Every connection has one, idle ones first of all.
#[derive(Clone, Debug, Default)]
struct Entry {
    earlier: u32,
    later: u32,
    /// There while it waits.
    waker: Option<Waker>,
}

const _: () = assert!(size_of::<Entry>() == 24);

impl Line {
    fn with_room(connections: usize) -> Self {
        let mut entries = Vec::with_capacity(connections.min(MOST_ROOM) + 1);
        entries.push(Entry::default());
        Self { entries, free: Vec::new(), length: 0 }
    }

    fn entry(&mut self, number: u32) -> &mut Entry {
        &mut self.entries[number as usize]
    }

    fn enter(&mut self) -> u32 {
        match self.free.pop() {
            Some(number) => {
                *self.entry(number) = Entry::default();
                number
            }
            None => {
                self.entries.push(Entry::default());
                (self.entries.len() - 1) as u32
            }
        }
    }

    fn is_sent_away(&self, number: u32) -> bool {
        self.entries[number as usize].later == SENT_AWAY
    }

    fn join(&mut self, number: u32, waker: &Waker) {
        if let Some(known) = &mut self.entry(number).waker {
            return known.clone_from(waker);
        }
        let last = self.entry(ENDS).earlier;
        *self.entry(number) = Entry { earlier: last, later: ENDS, waker: Some(waker.clone()) };
        self.entry(last).later = number;
        self.entry(ENDS).earlier = number;
        self.length += 1;
    }

    fn leave(&mut self, number: u32) -> Option<Waker> {
        let entry = self.entry(number);
        let waker = entry.waker.take()?;
        let (earlier, later) = (entry.earlier, entry.later);
        self.entry(earlier).later = later;
        self.entry(later).earlier = earlier;
        self.length -= 1;
        Some(waker)
    }

    /// Sends away whoever waits longest.
    fn reclaim_first(&mut self) {
        let first = self.entry(ENDS).later;
        if let Some(waker) = self.leave(first) {
            self.entry(first).later = SENT_AWAY;
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
    number: u32,
}

/// All places are taken by connections at work; shown in nginx's words, an alert.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lack(usize);

impl fmt::Display for Lack {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} worker_connections are not enough", self.0)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.places.set_used(self.places.used.get() - 1);
        let mut line = self.places.line.borrow_mut();
        line.leave(self.number);
        line.free.push(self.number);
    }
}

impl Slot {
    /// Waits for a request: ready when the connection has to go instead.
    pub fn poll_reclaimed(&self, context: &Context) -> Poll<()> {
        let mut line = self.places.line.borrow_mut();
        if line.is_sent_away(self.number) {
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
    /// all workers; `load` is where the others see how many there are.
    pub fn new(limit: usize, own: usize, counter: &'static AtomicU64, load: Option<&'static AtomicU64>) -> Self {
        let line = RefCell::new(Line::with_room(limit));
        let (used, told_s) = (Cell::new(0), Cell::new(0));
        let places =
            Places { limit, used, counter, load: Cell::new(load), line, told_s, paused_until: Cell::default() };
        places.set_used(own);
        Self(Rc::new(places))
    }

    /// Until when none of the worker's sockets is to accept, for want of descriptors.
    pub fn paused_until(&self) -> &Cell<Option<Instant>> {
        &self.0.paused_until
    }

    /// The worker accepts no more: its place among the others is another one's.
    pub fn hide_load(&self) {
        self.0.load.set(None);
    }

    /// Whether fewer than an eighth of the places are left.
    pub fn are_scarce(&self) -> bool {
        self.0.limit.saturating_sub(self.0.used.get()) < self.0.limit / 8
    }

    /// A place, for a client or a backend. Where few are left, those who wait longest go, and as this takes them a turn of the
    /// runtime, so does this.
    pub async fn take(&self, log: &ErrorLog) -> Result<Slot, Lack> {
        let Places { limit, used, line, .. } = &*self.0;
        let mut turns = self.reclaim(log) * 2;
        while used.get() >= *limit && turns > 0 {
            tokio::task::yield_now().await;
            turns -= 1;
        }
        if used.get() >= *limit {
            return Err(Lack(*limit));
        }
        self.0.set_used(used.get() + 1);
        let number = line.borrow_mut().enter();
        Ok(Slot { places: Rc::clone(&self.0), number })
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
        let mut line = Line::with_room(3);
        let numbers = [line.enter(), line.enter(), line.enter()];
        for number in numbers {
            line.join(number, Waker::noop());
        }
        line.leave(numbers[1]);
        line.join(numbers[1], Waker::noop());
        line.join(numbers[0], Waker::noop());
        line.reclaim_first();
        line.reclaim_first();
        let reclaimed: Vec<bool> = numbers.iter().map(|number| line.is_sent_away(*number)).collect();
        assert_eq!(reclaimed, [true, false, true]);
        let ends = line.entry(ENDS).clone();
        assert_eq!((line.length, ends.later, ends.earlier), (1, numbers[1], numbers[1]));
        line.reclaim_first();
        line.reclaim_first();
        assert_eq!((line.length, line.entry(ENDS).later), (0, ENDS));
    }
}
