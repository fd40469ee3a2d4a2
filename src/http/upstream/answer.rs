//! What an exchange with a backend came to: an answer whose head was read, or why there is none.

use super::job::Job;
use super::keepalive::BackendConnection;
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
        matches!(self.head.status, 204 | 304)
            || job.is_head
            || !self.head.chunked && self.head.content_length == Some(0)
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
