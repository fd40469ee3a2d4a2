//! The futures that requests run in. They are large: a connection that waits has none. It borrows one for a request, and the next
//! connection goes on with the same one, where a future of its own would have to be made, moved and dropped for each request.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::Connection;
use super::burst::{self, After};
use crate::http::free_list::FreeList;
use crate::http::spare::Spare;

/// Futures that are kept for later connections.
const MOST_FREE: usize = 64;

thread_local! {
    static FREE: FreeList<Runner> = const { FreeList::new(MOST_FREE) };
}

/// A future that serves one connection after another, and rests in between. One word, for the sake of connections that have none.
pub struct Runner(Box<Inner>);

struct Inner {
    future: Pin<Box<dyn Future<Output = Infallible>>>,
    desk: Rc<Desk>,
}

/// Where a runner finds its work, and leaves what came of it.
#[derive(Default)]
struct Desk {
    /// A connection, and what was read of it already.
    work: Cell<Option<(Rc<Connection>, Vec<u8>)>>,
    after: Cell<Option<After>>,
}

impl Runner {
    fn new() -> Self {
        let desk = Rc::new(Desk::default());
        Self(Box::new(Inner { future: Box::pin(run_forever(Rc::clone(&desk))), desk }))
    }

    /// Begins to serve the requests that a client has sent, in a runner that is free. `first` is what was read of the first one
    /// already.
    pub fn start(connection: &Rc<Connection>, first: Vec<u8>) -> Self {
        let runner = FREE.with(FreeList::take).unwrap_or_else(Self::new);
        runner.0.desk.work.set(Some((Rc::clone(connection), first)));
        runner
    }

    /// Keeps it for another connection.
    pub fn rest(self) {
        FREE.with(|free| free.give(self));
    }

    /// Lets go of those that nobody has needed since the last time; whether there were any.
    pub fn let_go() -> bool {
        FREE.with(FreeList::let_go)
    }

    /// What follows, once they are answered.
    pub fn poll(&mut self, context: &mut Context) -> Poll<After> {
        let Inner { future, desk } = &mut *self.0;
        let Poll::Pending = future.as_mut().poll(context);
        desk.after.take().map_or(Poll::Pending, Poll::Ready)
    }
}

async fn run_forever(desk: Rc<Desk>) -> Infallible {
    let mut spare = Spare::default();
    loop {
        let (connection, first) = std::future::poll_fn(|_| desk.work.take().map_or(Poll::Pending, Poll::Ready)).await;
        spare.begin_with(first);
        let after = burst::serve_burst(&connection, &mut spare).await;
        drop(connection);
        desk.after.set(Some(after));
    }
}

/// The next request of this thread runs into a fault of ours.
#[cfg(test)]
pub fn let_next_request_panic() {
    let future = Box::pin(async { panic!("for a test") });
    Runner(Box::new(Inner { future, desk: Rc::default() })).rest();
}
