//! What the requests inside one another share, and how the body of one of them reaches its place.

use std::cell::RefCell;

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
