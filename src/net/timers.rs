//! The timers of all connections of an engine: one sleep for all of them, an entry here and a word in the connection for each.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::slice;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::AbortHandle;

use crate::sys::coarse_clock;

/// The lower bits of an entry's key tell timers apart that are due at the same time.
const NUMBER_BITS: u32 = 20;
const LATEST_MS: u64 = u64::MAX >> NUMBER_BITS;

/// All timers that are set.
#[derive(Default, Debug)]
pub struct Timers {
    queue: Rc<Queue>,
    driver: OnceCell<AbortHandle>,
}

/// Of so many tasks that wait with one timer some have surely ended: all are woken, and those that still wait come back.
const MOST_WAITERS: usize = 16;

/// One timer, not set at first. It is not moved when a deadline moves away, which is what mostly happens: it fires early then, and
/// is set anew. Subrequests wait with the timer of their connection in tasks of their own; the earliest deadline counts.
#[derive(Default, Debug)]
pub struct Timer(Cell<u64>);

impl Timers {
    /// Whether the time has come; wakes the task when it does.
    pub fn poll(&self, timer: &Timer, due_ms: u64, context: &mut Context) -> Poll<()> {
        let due_ms = due_ms.min(LATEST_MS);
        if timer.0.get() >> NUMBER_BITS <= due_ms && self.queue.keeps(timer, context.waker()) {
            return Poll::Pending;
        }
        let others = self.queue.take(timer);
        if now_ms() >= due_ms {
            others.inspect(Waiters::wake);
            return Poll::Ready(());
        }
        let mut waiters = others.unwrap_or_else(|| Waiters::One(context.waker().clone()));
        waiters.join(context.waker());
        self.queue.set(timer, due_ms, waiters);
        self.driver.get_or_init(|| {
            let queue = Rc::clone(&self.queue);
            tokio::task::spawn_local(async move { queue.run().await }).abort_handle()
        });
        Poll::Pending
    }

    /// Lets go of a timer that nobody waits for any more.
    pub fn clear(&self, timer: &Timer) {
        drop(self.queue.take(timer));
    }

    /// Wakes everybody who waits with a timer: something else than the time has changed.
    pub fn wake_all(&self) {
        self.queue.entries.borrow().values().for_each(Waiters::wake);
    }
}

impl Drop for Timers {
    fn drop(&mut self) {
        if let Some(driver) = self.driver.get() {
            driver.abort();
        }
    }
}

/// Milliseconds since boot, good enough for timeouts.
pub fn now_ms() -> u64 {
    coarse_clock::since_boot().as_millis() as u64
}

#[derive(Default, Debug)]
struct Queue {
    entries: RefCell<BTreeMap<u64, Waiters>>,
    last_number: Cell<u64>,
    /// There is a first timer, or an earlier one.
    has_new_first: Notify,
}

/// The tasks that wait with one timer: mostly one, and for its sake no larger than it.
#[derive(Debug)]
enum Waiters {
    One(Waker),
    /// In a box of their own for the sake of timers with one.
    #[allow(clippy::box_collection)]
    Several(Box<Vec<Waker>>),
}

const _: () = assert!(size_of::<Waiters>() == size_of::<Waker>());

impl Waiters {
    /// Lets a task wait, too, if it does not already.
    fn join(&mut self, waker: &Waker) {
        if self.wakers().iter().any(|known| known.will_wake(waker)) {
            return;
        }
        match self {
            Self::One(first) => *self = Self::Several(Box::new(vec![first.clone(), waker.clone()])),
            Self::Several(wakers) if wakers.len() < MOST_WAITERS => wakers.push(waker.clone()),
            Self::Several(_) => {
                self.wake();
                *self = Self::One(waker.clone());
            }
        }
    }

    fn wake(&self) {
        self.wakers().iter().for_each(Waker::wake_by_ref);
    }

    fn wakers(&self) -> &[Waker] {
        match self {
            Self::One(waker) => slice::from_ref(waker),
            Self::Several(wakers) => wakers,
        }
    }
}

impl Queue {
    /// Whether the timer has not fired yet; the task waits with it then.
    fn keeps(&self, timer: &Timer, waker: &Waker) -> bool {
        match self.entries.borrow_mut().get_mut(&timer.0.get()) {
            None => false,
            Some(waiters) => {
                waiters.join(waker);
                true
            }
        }
    }

    fn take(&self, timer: &Timer) -> Option<Waiters> {
        self.entries.borrow_mut().remove(&timer.0.take())
    }

    fn set(&self, timer: &Timer, due_ms: u64, waiters: Waiters) {
        let mut entries = self.entries.borrow_mut();
        let key = loop {
            self.last_number.set((self.last_number.get() + 1) % (1 << NUMBER_BITS));
            let key = due_ms << NUMBER_BITS | self.last_number.get();
            if !entries.contains_key(&key) {
                break key;
            }
        };
        if entries.first_key_value().is_none_or(|(first, _)| key < *first) {
            self.has_new_first.notify_one();
        }
        entries.insert(key, waiters);
        timer.0.set(key);
    }

    async fn run(&self) {
        loop {
            self.wake_due(now_ms());
            let next_ms = self.entries.borrow().first_key_value().map(|(key, _)| key >> NUMBER_BITS);
            match next_ms {
                None => self.has_new_first.notified().await,
                Some(next_ms) => {
                    let left = Duration::from_millis(next_ms.saturating_sub(now_ms()).max(1));
                    // Either way it is looked at again which one is due.
                    drop(tokio::time::timeout(left, self.has_new_first.notified()).await);
                }
            }
        }
    }

    fn wake_due(&self, now_ms: u64) {
        let mut entries = self.entries.borrow_mut();
        while let Some(first) = entries.first_entry()
            && first.key() >> NUMBER_BITS <= now_ms
        {
            first.remove().wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::future::poll_fn;

    use tokio::task::LocalSet;

    use super::*;

    #[tokio::test]
    async fn each_fires_when_it_is_due_and_not_before() {
        let timers = Timers::default();
        let (late, early) = (Timer::default(), Timer::default());
        let begun_ms = now_ms();
        let wait = async |timer, after_ms| {
            poll_fn(|context| timers.poll(timer, begun_ms + after_ms, context)).await;
            now_ms() - begun_ms
        };
        let both = async { tokio::join!(wait(&late, 60), wait(&early, 30)) };
        let (late_ms, early_ms) = LocalSet::new().run_until(both).await;
        assert!(early_ms >= 30 && late_ms >= 60, "{early_ms} {late_ms}");
        assert!(timers.queue.entries.borrow().is_empty());
    }

    #[tokio::test]
    async fn a_deadline_that_moves_away_keeps_its_entry_until_it_fires() {
        let timers = Timers::default();
        let timer = Timer::default();
        let begun_ms = now_ms();
        let mut due_ms = begun_ms + 20;
        let waiting = poll_fn(|context| {
            let polled = timers.poll(&timer, due_ms, context);
            due_ms = begun_ms + 60;
            polled
        });
        LocalSet::new().run_until(waiting).await;
        assert!(now_ms() >= begun_ms + 60);
    }

    #[tokio::test]
    async fn every_task_that_waits_with_one_timer_is_woken() {
        let timers = Rc::new(Timers::default());
        let timer = Rc::new(Timer::default());
        let begun_ms = now_ms();
        let tasks = LocalSet::new();
        // More than are kept for one timer, the later ones due earlier.
        let waiting: Vec<_> = (0..2 * MOST_WAITERS as u64)
            .map(|number| {
                let (timers, timer) = (Rc::clone(&timers), Rc::clone(&timer));
                tasks.spawn_local(async move {
                    poll_fn(|context| timers.poll(&timer, begun_ms + 100 - 2 * number, context)).await;
                })
            })
            .collect();
        let all = async {
            for task in waiting {
                task.await.expect("no task panics");
            }
        };
        let in_time = tasks.run_until(tokio::time::timeout(Duration::from_secs(5), all)).await;
        assert!(in_time.is_ok() && timers.queue.entries.borrow().is_empty());
    }

    #[tokio::test]
    async fn a_timer_that_is_let_go_leaves_nothing_behind() {
        let timers = Timers::default();
        let timer = Timer::default();
        let first_poll = poll_fn(|context| {
            assert!(timers.poll(&timer, now_ms() + 1000, context).is_pending());
            Poll::Ready(())
        });
        LocalSet::new().run_until(first_poll).await;
        timers.clear(&timer);
        assert!(timers.queue.entries.borrow().is_empty());
    }
}
