//! What a connection knows of each of its streams.

use std::collections::VecDeque;

use super::super::frame::Code;

/// So many streams are remembered behind their end, for clients that still send on them.
const MOST_FORMER: usize = 32;

/// One request and its answer.
#[derive(Debug)]
pub struct Stream {
    pub id: u32,
    /// What the client may still send.
    pub receive_window: u32,
    /// How far that is to be opened again; nothing: as far as it can be.
    pub target: Option<u32>,
    /// What the client may still be sent; it can make it smaller than nothing (RFC 9113 section 6.9.2).
    pub send_window: i64,
    /// What came of the body and was not read.
    pub body: Vec<u8>,
    /// So much of it was read.
    pub read: usize,
    /// All that came of the body.
    pub received: u64,
    /// `Content-Length`
    pub declared: Option<u64>,
    /// The request breaks a rule for requests: its answer ends with a stream error (RFC 9113 section 8.1.1).
    pub is_malformed: bool,
    /// The client has ended its side.
    pub is_received: bool,
    /// This side was ended.
    pub is_sent: bool,
    /// Nobody reads the body any more.
    pub is_discarded: bool,
    /// The client gave the stream up.
    pub given_up: Option<Code>,
    /// RST_STREAM was sent.
    pub is_reset: bool,
    pub is_blocked: bool,
}

impl Stream {
    /// With what each side may send at first.
    pub fn new(id: u32, (send_window, receive_window): (u32, u32), is_received: bool) -> Self {
        Self {
            id,
            receive_window,
            target: Some(receive_window),
            send_window: i64::from(send_window),
            body: Vec::new(),
            read: 0,
            received: 0,
            declared: None,
            is_malformed: false,
            is_received,
            is_sent: false,
            is_discarded: false,
            given_up: None,
            is_reset: false,
            is_blocked: false,
        }
    }

    /// Whether nothing can be sent or received any more.
    pub fn is_gone(&self) -> bool {
        self.is_reset || self.given_up.is_some()
    }

    /// What was said of the body's length, if what came of it contradicts that.
    pub fn contradiction(&self) -> Option<u64> {
        let (received, is_all) = (self.received, self.is_received);
        self.declared.filter(|declared| received > *declared || is_all && received < *declared)
    }

    pub fn compare_length(&mut self) {
        self.is_malformed |= self.contradiction().is_some();
    }

    /// What waits to be read.
    pub fn unread(&self) -> &[u8] {
        &self.body[self.read..]
    }
}

/// The streams that there are, in the order of their numbers, which is that in which they begin.
#[derive(Default, Debug)]
pub struct Streams {
    list: Vec<Stream>,
    former: VecDeque<(u32, Former)>,
}

/// What became of a stream that is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Former {
    /// The client had ended it, or given it up: nothing more may come.
    Ended,
    /// It was given up here: what was under way by then may still come (RFC 9113 section 5.1).
    GivenUp,
}

impl Streams {
    fn position(&self, id: u32) -> Result<usize, usize> {
        self.list.binary_search_by_key(&id, |stream| stream.id)
    }

    pub fn find(&self, id: u32) -> Option<&Stream> {
        self.position(id).ok().map(|position| &self.list[position])
    }

    pub fn find_mut(&mut self, id: u32) -> Option<&mut Stream> {
        self.position(id).ok().map(|position| &mut self.list[position])
    }

    pub fn insert(&mut self, stream: Stream) {
        if let Err(position) = self.position(stream.id) {
            self.list.insert(position, stream);
        }
    }

    pub fn remove(&mut self, id: u32) -> Option<Stream> {
        let stream = self.list.remove(self.position(id).ok()?);
        if self.former.len() == MOST_FORMER {
            self.former.pop_front();
        }
        let is_ended = stream.given_up.is_some() || stream.is_received && !stream.is_reset;
        self.former.push_back((id, if is_ended { Former::Ended } else { Former::GivenUp }));
        Some(stream)
    }

    /// What became of a stream, if it is one of the last that are over.
    pub fn former(&self, id: u32) -> Option<Former> {
        self.former.iter().find(|(former, _)| *former == id).map(|(_, fate)| *fate)
    }

    pub fn len(&self) -> usize {
        self.list.len()
    }

    pub fn ids(&self) -> impl Iterator<Item = u32> {
        self.list.iter().map(|stream| stream.id)
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Stream> {
        self.list.iter_mut()
    }
}
