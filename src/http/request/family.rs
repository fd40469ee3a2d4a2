//! What the requests inside one another share, and how the body of one of them reaches its place.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Context, Waker};

use tokio::sync::mpsc;

use crate::http::filters::ssi::shared::Shared;
use crate::http::message::response::ContentType;
use crate::http::verdict::ClientGone;

/// What all requests inside one another have together.
#[derive(Default)]
pub struct Family {
    /// The charset of the whole answer.
    pub charset: Option<Vec<u8>>,
    /// What `ssi` keeps.
    pub ssi: RefCell<Shared>,
}

/// Whether it is a request's turn. Of requests that run beside one another only the one whose place in the answer is next looks after
/// the client (`c->data`); when it ends because of that, so do the others.
#[derive(Default)]
pub struct Turn {
    has_come: Cell<bool>,
    above: Option<Rc<Turn>>,
    waiting: Cell<Option<Waker>>,
}

impl Turn {
    /// The turn of a request inside another one, which has to have its own first.
    pub fn below(above: Option<Rc<Turn>>) -> Rc<Self> {
        Rc::new(Self { above, ..Self::default() })
    }

    /// From now on it is.
    pub fn begin(&self) {
        self.has_come.set(true);
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }

    /// Whether it is; wakes the task when it is.
    pub fn poll(&self, context: &Context) -> bool {
        if !self.has_come.get() {
            self.waiting.set(Some(context.waker().clone()));
            return false;
        }
        self.above.as_ref().is_none_or(|above| above.poll(context))
    }
}

/// Where the body of a request inside another one goes.
pub struct Outlet {
    /// Where its pieces go.
    pub pieces: mpsc::Sender<Vec<u8>>,
    /// What stands in the place of a body that is empty or cannot be had, and its type.
    pub stub: Option<(Vec<u8>, Option<ContentType>)>,
    /// Something has gone there.
    pub has_output: bool,
}

impl Outlet {
    /// Hands a piece of the body over.
    pub async fn send(&mut self, piece: &[u8]) -> Result<(), ClientGone> {
        self.has_output = true;
        self.pieces.send(piece.to_vec()).await.map_err(|_| ClientGone)
    }

    /// Whether something stands ready for an answer that has no body so far.
    pub fn has_stub(&self) -> bool {
        self.stub.is_some() && !self.has_output
    }
}
