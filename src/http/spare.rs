//! The memory that a request leaves to the next one: in the usual course a request allocates next to nothing.

use std::cell::RefCell;
use std::ops::Range;
use std::rc::Rc;

use super::message::head::Head;
use super::message::response::ResponseHead;
use super::request::values::Slot;
use super::upstream::record::UpstreamRecord;

/// A read buffer that has grown larger is not kept.
const LARGEST_BUFFER: usize = 64 * 1024;

/// Memory without content.
#[derive(Default)]
pub struct Spare {
    /// The head; its buffer holds what the client has sent of the next request.
    pub head: Option<Rc<Head>>,
    /// Of the path.
    pub uri: Vec<u8>,
    /// Of the arguments.
    pub args: Vec<u8>,
    /// Of the host.
    pub host: Vec<u8>,
    /// Of the answer's head.
    pub response: ResponseHead,
    /// Of what is known of backends.
    pub upstream: UpstreamRecord,
    /// Of the values of variables.
    pub variables: Option<Rc<RefCell<Vec<Slot>>>>,
}

impl Spare {
    /// Puts what was read already where the next request looks first.
    pub fn begin_with(&mut self, first: Vec<u8>) {
        if !first.is_empty() {
            Rc::make_mut(self.head.get_or_insert_default()).buffer = first;
        }
    }

    /// Leaves in the head only what the client sent beyond the request; whether that is anything.
    pub fn keep_unread(&mut self, unread: Range<usize>, leftover: &[u8]) -> bool {
        // A mirrored request may still hold the head; then this is a copy.
        let head = Rc::make_mut(self.head.get_or_insert_default());
        head.buffer.truncate(unread.end);
        head.buffer.drain(..unread.start);
        head.buffer.extend_from_slice(leftover);
        head.clear();
        if head.buffer.is_empty() && head.buffer.capacity() > LARGEST_BUFFER {
            head.buffer = Vec::new();
        }
        !head.buffer.is_empty()
    }
}
