//! The server's side of a connection: bytes go in, requests come out, and what is to be sent gathers. No socket, no clock.

mod checks;
mod priority;
mod stream;
mod streams;
#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::collections::VecDeque;

use super::frame::{self, Code, HEAD_LENGTH, Head, PREFACE, RESERVED, flag, kind, setting};
use super::hpack::{self, Decoder, Fields, Limits};
use checks::{
    are_trailers, block_fault, check_block, check_dependency, check_frame, check_length, check_stream, fault,
    prefix_length,
};
use priority::Priorities;
use stream::{Former, Stream, Streams};

pub use checks::Fault;
pub use streams::{Body, Gone, Room};

/// nginx lets a client send at least so many frames of PRIORITY, and have so many streams refused.
const PATIENCE: u32 = 100;
/// nginx's measure of a flood: bytes that carried no request, of which so many are free.
const FREE_OVERHEAD: u64 = 1024 * 1024;
/// The window of the connection as a whole is opened again once so little of it is left.
const LITTLE_WINDOW: u32 = frame::LARGEST_WINDOW / 4;

/// What a client is told and held to.
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    /// `http2_max_concurrent_streams`
    pub max_streams: u32,
    /// `http2_body_preread_size`: the window of a stream whose body nobody has asked for.
    pub window: u32,
    /// How large header fields may be.
    pub limits: Limits,
}

/// What came of the bytes that were received.
#[derive(Debug)]
pub enum Event {
    /// A stream begins.
    Request(NewStream),
    /// Something for the log.
    Say(String),
}

/// The head of a request.
#[derive(Debug)]
pub struct NewStream {
    /// Its number.
    pub id: u32,
    /// Its fields, unchecked.
    pub fields: Fields,
    /// No body follows.
    pub is_whole: bool,
    /// Its header block cannot be decoded behind these fields: the connection ends with it.
    pub is_broken: bool,
    /// Bytes of the header block, as it was compressed.
    pub length: usize,
}

/// Where in the client's bytes this is.
#[derive(Debug)]
enum Place {
    Preface,
    Head,
    /// In a frame that is taken whole.
    Payload(Head),
    /// Before the data of DATA, or the block of HEADERS.
    Prefix(Head),
    Data {
        stream: u32,
        left: usize,
        padding: usize,
        ends: bool,
    },
    Block {
        left: usize,
        padding: usize,
    },
    Skip(usize),
}

/// A header block that is being received.
#[derive(Debug)]
struct Block {
    stream: u32,
    purpose: Purpose,
    /// The stream ends with it.
    ends_stream: bool,
    /// The present frame is its last.
    is_last: bool,
    /// What was decoded of it.
    fields: Fields,
    /// What was not: less than a field.
    bytes: Vec<u8>,
    length: usize,
}

/// What becomes of a header block. All are decoded: the table depends on it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Purpose {
    Request,
    Trailers,
    Ignored,
}

/// The server's side of a connection.
#[derive(Debug)]
pub struct Server {
    settings: Settings,
    decoder: Decoder,
    place: Place,
    /// The beginning of what can only be taken whole.
    partial: Vec<u8>,
    block: Option<Block>,
    streams: Streams,
    /// The newest stream that the client has begun.
    newest: u32,
    /// Room for bodies from the client, on all streams.
    receive_window: u32,
    /// Room for bodies to the client, on all streams.
    send_window: u32,
    /// What the client gives each stream.
    stream_window: u32,
    /// The largest frame that the client takes.
    frame_size: usize,
    /// The client has said how large a table it keeps; the answer is that none is needed.
    is_table_due: bool,
    is_acknowledged: bool,
    /// GOAWAY was sent, and named this stream as the last one.
    last: Option<u32>,
    /// The connection is over.
    is_over: bool,
    new_streams: u32,
    refused_streams: u32,
    priorities: Priorities,
    priority_frames: u32,
    total: u64,
    payload: u64,
    out: Vec<u8>,
    /// So much of it was sent.
    sent: usize,
    /// Streams that wait for room, in the order in which they began to wait.
    blocked: VecDeque<u32>,
    woken: Vec<u32>,
    /// Memory for the next fields.
    spare: Fields,
}

impl Server {
    /// A connection that begins: the settings are to be sent.
    pub fn new(settings: Settings) -> Self {
        let mut out = Vec::new();
        let told = [
            (setting::MAX_CONCURRENT_STREAMS, settings.max_streams),
            (setting::INITIAL_WINDOW_SIZE, settings.window),
            (setting::MAX_FRAME_SIZE, frame::LARGEST_FRAME),
        ];
        frame::write_settings(&told, &mut out);
        // The connection as a whole is not held back, only its streams are.
        frame::write_window_update(0, frame::LARGEST_WINDOW - frame::FIRST_WINDOW, &mut out);
        Self {
            settings,
            decoder: Decoder::default(),
            place: Place::Preface,
            partial: Vec::new(),
            block: None,
            streams: Streams::default(),
            newest: 0,
            receive_window: frame::LARGEST_WINDOW,
            send_window: frame::FIRST_WINDOW,
            stream_window: frame::FIRST_WINDOW,
            frame_size: frame::SMALLEST_FRAME as usize,
            is_table_due: false,
            is_acknowledged: false,
            last: None,
            is_over: false,
            new_streams: 0,
            refused_streams: 0,
            priorities: Priorities::default(),
            priority_frames: 0,
            total: 0,
            payload: 0,
            out,
            sent: 0,
            blocked: VecDeque::new(),
            woken: Vec::new(),
            spare: Fields::default(),
        }
    }

    /// A turn of reading begins: how many streams a client may open in one is bounded.
    pub fn begin_turn(&mut self) {
        self.new_streams = 0;
    }

    /// Takes the bytes that come next, to the head of the first request among them that has no body: what follows meets the stream
    /// as that request leaves it, because nginx serves each head as it comes. What has come of a body is looked at before its
    /// request is answered, because it may make that malformed (RFC 9113 section 8.1.1). How many were taken.
    pub fn receive(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<usize, Fault> {
        let partial = std::mem::take(&mut self.partial);
        let all = if partial.is_empty() { Cow::Borrowed(bytes) } else { Cow::Owned([&partial, bytes].concat()) };
        let (taken, is_request) = self.take(&all, events)?;
        let received = if is_request {
            // What was held was less than one step.
            taken - partial.len()
        } else {
            self.partial = all[taken..].to_vec();
            bytes.len()
        };
        self.total += received as u64;
        // nginx's rule (`ngx_http_v2_read_handler`): an eighth of what comes has to be of use.
        if self.total / 8 > self.payload + FREE_OVERHEAD {
            return Err(fault(Code::NO_ERROR, "http2 flood detected"));
        }
        Ok(received)
    }

    /// Takes the steps that there are bytes for, to a request's head; whether there was one.
    fn take(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(usize, bool), Fault> {
        let (mut taken, before) = (0, events.len());
        while let Some(length) = self.step(&bytes[taken..], events)? {
            taken += length;
            if events[before..].iter().any(|event| matches!(event, Event::Request(stream) if stream.is_whole)) {
                return Ok((taken, true));
            }
        }
        Ok((taken, false))
    }

    /// One step; nothing if it takes more bytes.
    fn step(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<Option<usize>, Fault> {
        match self.place {
            Place::Preface => self.preface(bytes),
            Place::Head => {
                let Some(head) = bytes.first_chunk() else { return Ok(None) };
                let head = Head::read(head);
                self.place = self.begin(&head)?;
                Ok(Some(HEAD_LENGTH))
            }
            Place::Payload(head) => {
                let Some(payload) = bytes.get(..head.length) else { return Ok(None) };
                self.place = Place::Head;
                self.payload(&head, payload, events)?;
                Ok(Some(head.length))
            }
            Place::Prefix(head) => {
                let length = prefix_length(&head);
                let Some(prefix) = bytes.get(..length) else { return Ok(None) };
                self.place = match head.kind {
                    kind::DATA => self.begin_data(&head, prefix, events)?,
                    _ => self.begin_block(&head, prefix, events)?,
                };
                Ok(Some(length))
            }
            Place::Data { left, .. } | Place::Block { left, .. } | Place::Skip(left) => {
                let length = left.min(bytes.len());
                if length == 0 && left > 0 {
                    return Ok(None);
                }
                self.piece(&bytes[..length], events)?;
                Ok(Some(length))
            }
        }
    }

    fn preface(&mut self, bytes: &[u8]) -> Result<Option<usize>, Fault> {
        let known = bytes.len().min(PREFACE.len());
        if bytes[..known] != PREFACE[..known] {
            return Err(fault(Code::PROTOCOL_ERROR, "invalid connection preface"));
        }
        if known < PREFACE.len() {
            return Ok(None);
        }
        self.place = Place::Head;
        Ok(Some(known))
    }

    /// Checks what a frame's head says alone.
    fn begin(&mut self, head: &Head) -> Result<Place, Fault> {
        if let Some(block) = &self.block
            && (head.kind != kind::CONTINUATION || head.stream != block.stream)
        {
            let text = match head.kind {
                kind::CONTINUATION => "client sent CONTINUATION frame with incorrect identifier",
                _ => "client sent inappropriate frame while CONTINUATION was expected",
            };
            return Err(fault(Code::PROTOCOL_ERROR, text));
        }
        match head.kind {
            kind::DATA | kind::HEADERS => {
                check_length(head, prefix_length(head) <= head.length)?;
                check_stream(head, head.stream != 0)?;
                check_length(head, head.kind == kind::DATA || prefix_length(head) < head.length)?;
                Ok(Place::Prefix(*head))
            }
            kind::CONTINUATION => match &mut self.block {
                None => Err(fault(Code::PROTOCOL_ERROR, "client sent unexpected CONTINUATION frame")),
                Some(block) => {
                    block.is_last = head.has(flag::END_HEADERS);
                    block.length += head.length;
                    check_block(block.length, self.settings.limits)?;
                    Ok(Place::Block { left: head.length, padding: 0 })
                }
            },
            kind::PUSH_PROMISE => Err(fault(Code::PROTOCOL_ERROR, "client sent PUSH_PROMISE frame")),
            kind::PRIORITY | kind::RST_STREAM | kind::SETTINGS | kind::PING | kind::GOAWAY | kind::WINDOW_UPDATE => {
                check_frame(head)?;
                Ok(if head.kind == kind::GOAWAY { Place::Skip(head.length) } else { Place::Payload(*head) })
            }
            // RFC 9113 section 5.5: what is unknown is of no concern.
            _ => Ok(Place::Skip(head.length)),
        }
    }

    /// Takes a piece of a frame that may come in pieces.
    fn piece(&mut self, bytes: &[u8], events: &mut Vec<Event>) -> Result<(), Fault> {
        let place = std::mem::replace(&mut self.place, Place::Head);
        match place {
            Place::Data { stream, left, padding, ends } => {
                let left = left - bytes.len();
                self.take_data(stream, bytes, ends && left == 0);
                self.place = match left {
                    0 => Place::Skip(padding),
                    _ => Place::Data { stream, left, padding, ends },
                };
            }
            Place::Block { left, padding } => {
                let left = left - bytes.len();
                self.place = if left == 0 { Place::Skip(padding) } else { Place::Block { left, padding } };
                self.take_block(bytes, left == 0, events)?;
            }
            Place::Skip(left) if left > bytes.len() => self.place = Place::Skip(left - bytes.len()),
            _ => {}
        }
        Ok(())
    }

    fn begin_block(&mut self, head: &Head, prefix: &[u8], events: &mut Vec<Event>) -> Result<Place, Fault> {
        let padding = if head.has(flag::PADDED) { usize::from(prefix[0]) } else { 0 };
        let length = head.length - prefix.len();
        let Some(left) = length.checked_sub(padding) else {
            let text = format!("client sent padded HEADERS frame with incorrect length: {length}, padding: {padding}");
            return Err(fault(Code::PROTOCOL_ERROR, text));
        };
        check_block(left, self.settings.limits)?;
        if head.has(flag::PRIORITY) {
            let priority = &prefix[prefix.len() - 5..];
            check_dependency(head, priority)?;
            self.priorities.take(head.stream, priority);
        }
        let ends_stream = head.has(flag::END_STREAM);
        let may_be_trailers = match self.streams.find(head.stream) {
            Some(stream) => !stream.is_received && stream.given_up.is_none(),
            None => self.streams.former(head.stream) == Some(Former::GivenUp),
        };
        let purpose = match (may_be_trailers, ends_stream) {
            (false, _) => self.begin_stream(head, events)?,
            (true, true) => Purpose::Trailers,
            (true, false) => {
                return Err(fault(Code::PROTOCOL_ERROR, "client sent trailers that do not end the stream"));
            }
        };
        self.block = Some(Block {
            stream: head.stream,
            purpose,
            ends_stream,
            is_last: head.has(flag::END_HEADERS),
            fields: self.spare_fields(),
            bytes: Vec::new(),
            length: left,
        });
        Ok(Place::Block { left, padding })
    }

    /// Decides whether a stream is taken (`ngx_http_v2_state_headers`).
    fn begin_stream(&mut self, head: &Head, events: &mut Vec<Event>) -> Result<Purpose, Fault> {
        let id = head.stream;
        let is_odd = !id.is_multiple_of(2);
        // Whatever belongs to it is left aside (RFC 9113 section 6.8).
        if is_odd && self.last.is_some_and(|last| id > last) {
            self.newest = self.newest.max(id);
            return Ok(Purpose::Ignored);
        }
        if !is_odd || id <= self.newest {
            let newest = self.newest;
            let text = format!("client sent HEADERS frame with incorrect identifier {id}, the last was {newest}");
            return Err(fault(Code::PROTOCOL_ERROR, text));
        }
        self.newest = id;
        let most = self.settings.max_streams;
        let is_early =
            !self.is_acknowledged && !head.has(flag::END_STREAM) && self.settings.window < frame::FIRST_WINDOW;
        let text = if self.streams.len() >= most as usize {
            format!("concurrent streams exceeded {}", self.streams.len())
        } else if self.new_streams >= most.saturating_mul(2) {
            "client sent too many streams at once".to_owned()
        } else if is_early {
            // It cannot know how small a window it has.
            "client sent stream with data before settings were acknowledged".to_owned()
        } else {
            self.new_streams += 1;
            return Ok(Purpose::Request);
        };
        events.push(Event::Say(text));
        self.refused_streams += 1;
        if self.refused_streams > most.max(PATIENCE) {
            return Err(fault(Code::NO_ERROR, "client sent too many refused streams"));
        }
        frame::write_reset(id, Code::REFUSED_STREAM, &mut self.out);
        Ok(Purpose::Ignored)
    }

    fn take_block(&mut self, bytes: &[u8], is_whole: bool, events: &mut Vec<Event>) -> Result<(), Fault> {
        let Some(mut block) = self.block.take() else { return Ok(()) };
        let gathered;
        let rest = match block.bytes.is_empty() {
            true => bytes,
            false => {
                block.bytes.extend_from_slice(bytes);
                gathered = std::mem::take(&mut block.bytes);
                &gathered
            }
        };
        match self.decode(rest, is_whole && block.is_last, &mut block.fields) {
            Ok([]) if is_whole && block.is_last => self.end_block(block, events),
            Ok(rest) => {
                block.bytes = rest.to_vec();
                self.block = Some(block);
                Ok(())
            }
            Err(fault) => {
                if block.purpose == Purpose::Request {
                    self.begin_request(block, true, events);
                }
                Err(fault)
            }
        }
    }

    /// Decodes what is whole of a block's fields; the rest is left, and may not be there at the block's end.
    fn decode<'b>(&mut self, mut bytes: &'b [u8], is_end: bool, fields: &mut Fields) -> Result<&'b [u8], Fault> {
        self.decoder.decode_begun(&mut bytes, self.settings.limits, fields).map_err(block_fault)?;
        match is_end && !bytes.is_empty() {
            true => Err(block_fault(hpack::Fault::Truncated)),
            false => Ok(bytes),
        }
    }

    fn begin_request(&mut self, block: Block, is_broken: bool, events: &mut Vec<Event>) {
        let Block { stream: id, fields, length, ends_stream: is_whole, .. } = block;
        self.payload += length as u64;
        let window = (self.stream_window, self.settings.window);
        self.streams.insert(Stream::new(id, window, is_whole));
        events.push(Event::Request(NewStream { id, fields, is_whole, is_broken, length }));
    }

    fn end_block(&mut self, block: Block, events: &mut Vec<Event>) -> Result<(), Fault> {
        match block.purpose {
            Purpose::Request => self.begin_request(block, false, events),
            Purpose::Trailers => {
                // Nothing here has a use for them.
                if !are_trailers(&block.fields) {
                    return Err(fault(Code::PROTOCOL_ERROR, "client sent malformed trailers"));
                }
                self.spare = block.fields;
                self.end_of_body(block.stream);
            }
            Purpose::Ignored => self.spare = block.fields,
        }
        Ok(())
    }

    fn spare_fields(&mut self) -> Fields {
        let mut fields = std::mem::take(&mut self.spare);
        fields.clear();
        fields
    }

    fn payload(&mut self, head: &Head, payload: &[u8], events: &mut Vec<Event>) -> Result<(), Fault> {
        let number = payload.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        match head.kind {
            kind::PRIORITY => {
                self.priority_frames += 1;
                if self.priority_frames >= self.settings.max_streams.max(PATIENCE) {
                    return Err(fault(Code::ENHANCE_YOUR_CALM, "client sent too many PRIORITY frames"));
                }
                check_dependency(head, payload)?;
                self.priorities.take(head.stream, payload);
                Ok(())
            }
            kind::RST_STREAM => self.take_reset(head.stream, Code(number)),
            kind::SETTINGS if head.has(flag::ACK) => {
                self.is_acknowledged = true;
                Ok(())
            }
            kind::SETTINGS => self.take_settings(payload),
            kind::PING if head.has(flag::ACK) => Ok(()),
            kind::PING => {
                frame::write_head(payload.len(), kind::PING, flag::ACK, 0, &mut self.out);
                self.out.extend_from_slice(payload);
                Ok(())
            }
            kind::WINDOW_UPDATE => self.take_window(head.stream, number & !RESERVED, events),
            _ => Ok(()),
        }
    }

    fn take_settings(&mut self, payload: &[u8]) -> Result<(), Fault> {
        let mut window = self.stream_window;
        for &[high, low, first, second, third, fourth] in payload.as_chunks().0 {
            let value = u32::from_be_bytes([first, second, third, fourth]);
            let refuse = |code, name| {
                let text = format!("client sent SETTINGS frame with incorrect {name} value {value}");
                Err(fault(code, text))
            };
            match u16::from_be_bytes([high, low]) {
                setting::HEADER_TABLE_SIZE => self.is_table_due = true,
                setting::ENABLE_PUSH if value > 1 => return refuse(Code::PROTOCOL_ERROR, "ENABLE_PUSH"),
                setting::INITIAL_WINDOW_SIZE if value > frame::LARGEST_WINDOW => {
                    return refuse(Code::FLOW_CONTROL_ERROR, "INITIAL_WINDOW_SIZE");
                }
                setting::INITIAL_WINDOW_SIZE => window = value,
                setting::MAX_FRAME_SIZE if !(frame::SMALLEST_FRAME..=frame::LARGEST_FRAME).contains(&value) => {
                    return refuse(Code::PROTOCOL_ERROR, "MAX_FRAME_SIZE");
                }
                setting::MAX_FRAME_SIZE => self.frame_size = value as usize,
                _ => {}
            }
        }
        frame::write_head(0, kind::SETTINGS, flag::ACK, 0, &mut self.out);
        self.set_stream_window(window);
        Ok(())
    }

    /// Says that no further stream is taken.
    pub fn go_away(&mut self, code: Code) {
        if self.last.is_none() {
            self.last = Some(self.newest);
            frame::write_goaway(self.newest, code, &mut self.out);
        }
    }

    /// Whether GOAWAY was sent.
    pub fn has_gone_away(&self) -> bool {
        self.last.is_some()
    }

    /// The connection is over: so are its streams.
    pub fn end(&mut self) {
        self.is_over = true;
        self.woken.extend(self.streams.ids());
    }

    /// Whether the header block of a request has begun and is not whole.
    pub fn is_in_request(&self) -> bool {
        self.block.as_ref().is_some_and(|block| block.purpose == Purpose::Request)
    }

    /// Gives up the stream whose header block is not whole. What follows of the block is still read.
    pub fn give_up_request(&mut self) {
        if let Some(block) = &mut self.block
            && block.purpose == Purpose::Request
        {
            block.purpose = Purpose::Ignored;
            frame::write_reset(block.stream, Code::PROTOCOL_ERROR, &mut self.out);
        }
    }

    /// Whether something that has begun is not whole.
    pub fn is_incomplete(&self) -> bool {
        self.block.is_some() || !self.partial.is_empty() || !matches!(self.place, Place::Head)
    }

    /// How many requests there are.
    pub fn active(&self) -> usize {
        self.streams.len()
    }

    /// What is to be sent.
    pub fn pending(&self) -> &[u8] {
        &self.out[self.sent..]
    }

    /// So much of it was sent.
    pub fn advance(&mut self, length: usize) {
        self.sent += length;
        if self.sent == self.out.len() {
            self.out.clear();
            self.sent = 0;
            self.unblock();
        }
    }

    /// Lets go of memory that a connection that waits does not need.
    pub fn rest(&mut self) {
        self.spare = Fields::default();
        if self.out.is_empty() {
            self.out = Vec::new();
        }
        if self.partial.is_empty() {
            self.partial = Vec::new();
        }
    }

    /// The fields of a request that were read: memory for the next ones.
    pub fn recycle(&mut self, fields: Fields) {
        self.spare = fields;
    }

    /// The streams for which something has changed since this was asked last.
    pub fn take_woken(&mut self, woken: &mut Vec<u32>) {
        woken.append(&mut self.woken);
    }
}
