//! `queue`: requests that wait while no server can be chosen, in the order in which they came.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::Notify;

use crate::ir::upstream;

/// A server may come back without a sign: its rest is over, or another worker has let go of it.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// The requests of one group that wait.
#[derive(Debug)]
pub struct Queue {
    limit: usize,
    /// How long one may wait.
    pub timeout_ms: u64,
    waiting: RefCell<VecDeque<Rc<Notify>>>,
}

impl Queue {
    /// A queue in which nobody stands.
    pub fn new(configured: upstream::Queue) -> Self {
        Self { limit: configured.requests, timeout_ms: configured.timeout_ms, waiting: RefCell::default() }
    }

    /// Whether nobody waits.
    pub fn is_empty(&self) -> bool {
        self.waiting.borrow().is_empty()
    }

    /// Takes the last place; none if the queue is full.
    pub fn join(&self) -> Option<Place<'_>> {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= self.limit {
            return None;
        }
        let turn = Rc::new(Notify::new());
        waiting.push_back(Rc::clone(&turn));
        Some(Place { queue: self, turn })
    }

    /// A server has become free: whoever is first looks.
    pub fn wake(&self) {
        if let Some(first) = self.waiting.borrow().front() {
            first.notify_one();
        }
    }
}

/// A place in a queue; left when this is dropped.
pub struct Place<'q> {
    queue: &'q Queue,
    turn: Rc<Notify>,
}

impl Place<'_> {
    /// Until it is worth looking for a server.
    pub async fn turn(&self) {
        loop {
            let sign = tokio::time::timeout(LOOK_AGAIN, self.turn.notified()).await;
            if sign.is_ok() || self.is_first() {
                return;
            }
        }
    }

    fn is_first(&self) -> bool {
        self.queue.waiting.borrow().front().is_some_and(|first| Rc::ptr_eq(first, &self.turn))
    }
}

impl Drop for Place<'_> {
    /// More than one server may be free: the next one looks, too.
    fn drop(&mut self) {
        self.queue.waiting.borrow_mut().retain(|turn| !Rc::ptr_eq(turn, &self.turn));
        self.queue.wake();
    }
}
