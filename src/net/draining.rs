//! The end of a worker as its connections see it: new requests are no longer wanted.

use std::cell::Cell;
use std::future::Future;
use std::rc::Rc;

use tokio::sync::Notify;

#[derive(Default, Debug)]
struct State {
    begun: Cell<bool>,
    wake: Notify,
    clients: Cell<usize>,
    left: Notify,
}

/// Whether the worker is shutting down gracefully. All clones tell the same.
#[derive(Clone, Default, Debug)]
pub struct Draining(Rc<State>);

impl Draining {
    /// Says it to everybody: idle connections close, running requests are answered with `Connection: close`.
    pub fn begin(&self) {
        self.0.begun.set(true);
        self.0.wake.notify_waiters();
    }

    /// Whether it has been said.
    pub fn has_begun(&self) -> bool {
        self.0.begun.get()
    }

    /// Waits until it is said; returns at once if it has been.
    pub fn begun(&self) -> impl Future<Output = ()> + '_ {
        let notified = self.0.wake.notified();
        async move {
            // The registration comes before the question, so that nothing said between the two is missed.
            tokio::pin!(notified);
            notified.as_mut().enable();
            if !self.has_begun() {
                notified.await;
            }
        }
    }
}

impl Draining {
    /// Counts a client's connection; the worker waits for it before it ends.
    pub fn enter(&self) {
        self.0.clients.set(self.0.clients.get() + 1);
    }

    /// The connection is over.
    pub fn leave(&self) {
        self.0.clients.set(self.0.clients.get() - 1);
        self.0.left.notify_waiters();
    }

    /// How many connections there are.
    pub fn clients(&self) -> usize {
        self.0.clients.get()
    }

    /// Waits until the last connection is gone.
    pub async fn empty(&self) {
        while self.clients() > 0 {
            self.0.left.notified().await;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiters_before_and_after_are_woken() {
        let draining = Draining::default();
        let other = draining.clone();
        let waiting = async { other.begun().await };
        let saying = async { draining.begin() };
        tokio::join!(waiting, saying);
        draining.begun().await;
        assert!(draining.has_begun());
    }
}
