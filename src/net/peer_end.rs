//! The end of what a peer sends, noticed while bytes before it lie unread.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::task::{Context, Poll, ready};

use tokio::io::unix::AsyncFd;

use crate::sys::descriptors;
use crate::sys::readiness::watch_input;
use crate::sys::socket_options::{self, NumberOption};

/// A second registration of a connection's socket. The first one is ready as long as bytes lie unread, and wakes nobody meanwhile;
/// to say that it is not would let those bytes lie for ever.
#[derive(Debug)]
pub struct PeerEnd(AsyncFd<Rc<OwnedFd>>);

impl PeerEnd {
    /// Watches the socket until it is dropped.
    pub fn watch(socket: impl AsFd) -> io::Result<Self> {
        let duplicate = descriptors::duplicate(socket)?;
        Ok(Self(watch_input(Rc::new(duplicate))?))
    }

    /// Ready once the peer has closed its side (`EPOLLRDHUP`), with what broke the connection if that is how it ended.
    pub fn poll(&self, context: &mut Context) -> Poll<Option<io::Error>> {
        loop {
            let mut guard = match ready!(self.0.poll_read_ready(context)) {
                Ok(guard) => guard,
                Err(error) => return Poll::Ready(Some(error)),
            };
            if guard.ready().is_read_closed() {
                return Poll::Ready(self.fault());
            }
            guard.clear_ready();
        }
    }

    fn fault(&self) -> Option<io::Error> {
        match socket_options::get(self.0.get_ref().as_ref(), NumberOption::SO_ERROR) {
            Ok(0) => None,
            Ok(number) => Some(io::Error::from_raw_os_error(number)),
            Err(error) => Some(error),
        }
    }
}
