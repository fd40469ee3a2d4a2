//! What an exchange with a backend came to: an answer whose head was read, or why there is none.

use super::job::Job;
use super::keepalive::{BackendConnection, Wire};
use super::response::Head;
use super::retry::Failure;

/// An answer whose head was read.
pub struct Answer {
    /// The connection it comes on.
    pub connection: Box<BackendConnection>,
    /// All that was read so far.
    pub buffer: Vec<u8>,
    /// The head, with places in the buffer.
    pub head: Head,
}

impl Answer {
    /// The answer is its head alone, whatever the head says.
    pub fn has_no_body(&self, job: &Job) -> bool {
        let says_so = match &self.connection.wire {
            Wire::Http1(_) => !self.head.chunked && self.head.content_length == Some(0),
            // The stream has to end, too, and what follows its end is looked at.
            Wire::Http2(session) => {
                session.is_head_all() && session.unread() == 0 && self.head.content_length.unwrap_or(0) == 0
            }
        };
        matches!(self.head.status, 204 | 304) || job.is_head || says_so
    }
}

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Faulty {
    /// The server is at fault.
    Server(Failure),
    /// The client went away.
    ClientGone,
    /// The request gets this status, whatever another server would say.
    Request(u16),
}
