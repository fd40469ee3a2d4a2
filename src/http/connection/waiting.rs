//! How long a client is waited for, and what ends the wait.

use std::io;

use crate::http::verdict::ClientGone;
use crate::net::timers::now_ms;

/// What became of reading.
#[derive(Debug)]
pub enum ReadFault {
    /// The client was silent for too long.
    TimedOut,
    /// The socket failed.
    Io(io::Error),
}

/// When waiting is to end. The clock is read only once there is something to wait for.
#[derive(Debug)]
pub struct Deadline {
    timeout_ms: u64,
    due_ms: Option<u64>,
}

impl Deadline {
    /// So long from the first time that something has to be waited for.
    pub fn after_ms(timeout_ms: u64) -> Self {
        Self { timeout_ms, due_ms: None }
    }

    /// Begins anew.
    pub fn restart(&mut self) {
        self.due_ms = None;
    }

    /// Whether something had to be waited for.
    pub fn has_begun(&self) -> bool {
        self.due_ms.is_some()
    }

    /// When that is, in milliseconds since boot.
    pub fn due_ms(&mut self) -> u64 {
        *self.due_ms.get_or_insert_with(|| now_ms().saturating_add(self.timeout_ms))
    }
}

/// How a client is waited for that does not take what is sent.
#[derive(Clone, Copy)]
pub struct Patience {
    /// So long for each step.
    pub timeout_ms: u64,
    /// A client that closes its side wants no more: with a backend it is the backend's part that watches for that.
    pub ends_with_client: bool,
    /// Everything is gathered, and written with [`super::Connection::poll_write_out`].
    pub is_deferred: bool,
}

/// Why the rest of an answer does not go out.
#[derive(Debug)]
pub enum SendFault {
    /// The client took nothing for too long.
    TimedOut,
    /// The client closed its side, or its connection broke.
    Closed(Option<io::Error>),
    /// This call failed.
    Failed(&'static str, io::Error),
    /// Who found out has said so, or it is not worth a line.
    Known,
}

impl SendFault {
    /// What a call failed with: of a client that was waited for, nginx learns before it writes again.
    pub fn of(call: &'static str, error: io::Error, has_waited: bool) -> Self {
        if has_waited { Self::Closed(Some(error)) } else { Self::Failed(call, error) }
    }
}

impl From<ClientGone> for SendFault {
    fn from(_: ClientGone) -> Self {
        Self::Known
    }
}
