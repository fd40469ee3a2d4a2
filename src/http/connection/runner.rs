//! The futures that requests run in. They are large: a connection that waits has none. It borrows one for a request, and the next
//! connection goes on with the same one, where a future of its own would have to be made, moved and dropped for each request.

use std::cell::Cell;
use std::convert::Infallible;
use std::pin::Pin;
use std::rc::Rc;
use std::task::{Context, Poll};

use super::{Connection, http1};
use crate::http::spare::Spare;

/// What follows the requests that were there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum After {
    /// The connection waits for the next one to begin.
    Wait {
        /// For so long.
        keepalive_ms: u64,
        /// So long even if the worker is to end.
        kept_ms: u64,
    },
    /// The connection is closed.
    Close,
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
        let runner = connection.engine.take_runner().unwrap_or_else(Self::new);
        runner.0.desk.work.set(Some((Rc::clone(connection), first)));
        runner
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
        let after = http1::serve_burst(&connection, &mut spare).await;
        drop(connection);
        desk.after.set(Some(after));
    }
}
