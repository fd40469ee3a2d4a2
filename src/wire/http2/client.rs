//! The client's side of a connection, as nginx has it towards backends: one stream at a time. Bytes go in, heads and bodies come out,
//! and what is to be sent gathers. No socket, no clock.

mod block;
#[cfg(test)]
mod tests;

use std::fmt::Display;

use super::frame::{self, FIRST_WINDOW, HEAD_LENGTH, Head, LARGEST_WINDOW, PREFACE, RESERVED, flag, kind, setting};
use super::hpack::{self, Decoder, Fields};
use block::Block;

pub use block::Fault;

/// Windows are opened again once so little of them is left.
const LITTLE_WINDOW: u32 = LARGEST_WINDOW / 4;
/// So many frames that have to be answered may come before the answers are sent.
const MOST_REPLIES: u32 = 1000;
/// How much a frame of DATA carries at most.
const FRAME_SIZE: usize = frame::SMALLEST_FRAME as usize;

/// What a stream begins with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// Hints; the head is still to come.
    EarlyHints(Fields),
    /// The head of the answer: its status, and its fields with `:status` among them.
    Head(u16, Fields),
}

/// How far the answer has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Head,
    Body,
    Done,
}

/// Where in the backend's bytes this is.
#[derive(Debug)]
enum Place {
    Head,
    /// In a frame that is taken whole.
    Payload(Head),
    /// Before the data of DATA, or the block of HEADERS: so many bytes.
    Prefix(Head, usize),
    Data {
        left: usize,
        padding: usize,
        ends: bool,
    },
    Block {
        left: usize,
        padding: usize,
        is_last: bool,
    },
    /// So many bytes say nothing; behind them the stream may end.
    Skip(usize, bool),
}

/// The client's side of a connection.
#[derive(Debug)]
pub struct Client {
    decoder: Decoder,
    place: Place,
    /// The beginning of what can only be taken whole.
    partial: Vec<u8>,
    block: Option<Block>,
    /// The number of the stream in use; 0 before the first.
    id: u32,
    phase: Phase,
    /// How large the header blocks of the answer may be.
    block_limit: usize,
    /// What is still to come of the body, where that was said.
    body_left: Option<u64>,
    /// The backend has ended its side with a header block.
    has_ended: bool,
    was_reset: bool,
    /// No further stream is taken.
    is_last: bool,
    /// This side was ended.
    is_sent: bool,
    /// The window that a stream begins with.
    first_window: u32,
    /// Room for the request's body; the backend can make it smaller than nothing (RFC 9113 section 6.9.2).
    stream_window: i64,
    connection_window: u32,
    /// Room for the answer's body, on the stream and on the connection.
    receive_windows: [u32; 2],
    /// Frames that were answered since everything was sent.
    replies: u32,
    out: Vec<u8>,
    sent: usize,
}

impl Default for Client {
    fn default() -> Self {
        let mut out = PREFACE.to_vec();
        let settings = [
            (setting::HEADER_TABLE_SIZE, 0),
            (setting::ENABLE_PUSH, 0),
            (setting::INITIAL_WINDOW_SIZE, LARGEST_WINDOW),
        ];
        frame::write_settings(&settings, &mut out);
        frame::write_window_update(0, LARGEST_WINDOW - FIRST_WINDOW, &mut out);
        Self {
            decoder: Decoder::of_backend(),
            place: Place::Head,
            partial: Vec::new(),
            block: None,
            id: 0,
            phase: Phase::Done,
            block_limit: 0,
            body_left: None,
            has_ended: false,
            was_reset: false,
            is_last: false,
            is_sent: true,
            first_window: FIRST_WINDOW,
            stream_window: 0,
            connection_window: FIRST_WINDOW,
            receive_windows: [LARGEST_WINDOW; 2],
            replies: 0,
            out,
            sent: 0,
        }
    }
}

fn fault(text: impl Display) -> Fault {
    Fault::new(text)
}

impl Client {
    /// Begins the next request with its header block; `ends` if nothing follows.
    pub fn begin(&mut self, block: &[u8], ends: bool, block_limit: usize) {
        self.id = if self.id == 0 { 1 } else { self.id + 2 };
        self.phase = Phase::Head;
        self.block_limit = block_limit;
        self.body_left = None;
        self.has_ended = false;
        self.was_reset = false;
        self.is_sent = ends;
        self.stream_window = i64::from(self.first_window);
        self.receive_windows[0] = LARGEST_WINDOW;
        frame::write_block(block, self.id, ends, FRAME_SIZE, &mut self.out);
    }

    /// How much of the body can be sent now.
    pub fn room(&self) -> usize {
        self.stream_window.clamp(0, i64::from(self.connection_window)) as usize
    }

    /// Whether the request was sent, as far as windows are concerned.
    pub fn is_sent(&self) -> bool {
        self.is_sent
    }

    /// Sends as much of a piece of the body as there is room for; gives how much. `ends` if nothing follows the piece: the end may
    /// need room, too.
    pub fn send(&mut self, piece: &[u8], ends: bool) -> usize {
        let room = self.room();
        if room == 0 {
            return 0;
        }
        let length = piece.len().min(room);
        let is_last = ends && length == piece.len();
        let mut frames = piece[..length].chunks(FRAME_SIZE).peekable();
        if frames.peek().is_none() && is_last {
            frame::write_head(0, kind::DATA, flag::END_STREAM, self.id, &mut self.out);
        }
        while let Some(data) = frames.next() {
            let flags = if is_last && frames.peek().is_none() { flag::END_STREAM } else { 0 };
            frame::write_head(data.len(), kind::DATA, flags, self.id, &mut self.out);
            self.out.extend_from_slice(data);
        }
        self.stream_window -= length as i64;
        self.connection_window -= length as u32;
        self.is_sent = is_last;
        length
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
            self.replies = 0;
        }
    }

    /// Behind the head: how long the body is to be.
    pub fn expect_body(&mut self, length: Option<u64>) {
        self.body_left = length;
    }

    /// Whether the answer has ended with what was taken so far.
    pub fn is_done(&self) -> bool {
        self.phase == Phase::Done
    }

    /// Whether another request can follow.
    pub fn is_at_rest(&self) -> bool {
        let is_between_frames = matches!(self.place, Place::Head) && self.partial.is_empty();
        self.is_done() && self.is_sent && self.out.is_empty() && !self.is_last && is_between_frames
    }

    /// Takes what was received up to the next event, or all of it. What belongs to the body is appended to `body`, what belongs
    /// behind it to `trailers`.
    pub fn receive(
        &mut self,
        input: &mut &[u8],
        body: &mut Vec<u8>,
        trailers: &mut Fields,
    ) -> Result<Option<Event>, Fault> {
        loop {
            let event = match self.place {
                Place::Head => {
                    if !self.gather(input, HEAD_LENGTH) {
                        break;
                    }
                    let head = self.partial.first_chunk().map(Head::read);
                    self.partial.clear();
                    if let Some(head) = head {
                        self.place = self.begin_frame(&head)?;
                    }
                    None
                }
                Place::Prefix(head, length) => {
                    if !self.gather(input, length) {
                        break;
                    }
                    let padding = if head.has(flag::PADDED) { usize::from(self.partial[0]) } else { 0 };
                    self.partial.clear();
                    self.place = self.behind_prefix(&head, head.length - length, padding)?;
                    None
                }
                Place::Payload(head) => {
                    if !self.gather(input, head.length) {
                        break;
                    }
                    let payload = std::mem::take(&mut self.partial);
                    self.place = Place::Head;
                    self.take_payload(&head, &payload)?;
                    None
                }
                Place::Data { .. } | Place::Block { .. } | Place::Skip(..) => {
                    let (Place::Data { left, .. } | Place::Block { left, .. } | Place::Skip(left, _)) = self.place
                    else {
                        break;
                    };
                    if left > 0 && input.is_empty() {
                        break;
                    }
                    let (piece, rest) = input.split_at(left.min(input.len()));
                    *input = rest;
                    self.take_piece(piece, body, trailers)?
                }
            };
            if event.is_some() {
                return Ok(event);
            }
        }
        match self.body_left {
            Some(left) if left > 0 && self.is_done() => Err(fault("upstream prematurely closed stream")),
            _ => Ok(None),
        }
    }

    /// Gathers so many bytes; false if they are not there yet.
    fn gather(&mut self, input: &mut &[u8], length: usize) -> bool {
        let missing = length - self.partial.len();
        let (bytes, rest) = input.split_at(missing.min(input.len()));
        self.partial.extend_from_slice(bytes);
        *input = rest;
        bytes.len() == missing
    }

    /// Checks what a frame's head says, in nginx's order.
    fn begin_frame(&mut self, head: &Head) -> Result<Place, Fault> {
        if head.length > FRAME_SIZE {
            return Err(fault(format_args!("upstream sent too large http2 frame: {}", head.length)));
        }
        let is_too_early = self.phase == Phase::Head && head.kind == kind::DATA;
        if is_too_early || (head.kind == kind::CONTINUATION) != self.block.is_some() {
            return Err(fault(format_args!("upstream sent unexpected http2 frame: {}", head.kind)));
        }
        if head.kind == kind::DATA {
            self.take_room(head)?;
        }
        if head.stream != 0 && head.stream != self.id {
            return Err(fault(format_args!("upstream sent frame for unknown stream {}", head.stream)));
        }
        let may_follow = matches!(head.kind, kind::RST_STREAM | kind::WINDOW_UPDATE);
        if head.stream != 0 && self.phase == Phase::Done && !may_follow {
            return Err(closed(head.stream));
        }
        let padding_length = usize::from(head.has(flag::PADDED));
        match head.kind {
            kind::DATA if padding_length > head.length => Err(fault("upstream sent too short http2 frame")),
            kind::DATA => Ok(Place::Prefix(*head, padding_length)),
            kind::HEADERS => {
                let prefix_length = padding_length + if head.has(flag::PRIORITY) { 5 } else { 0 };
                if prefix_length > head.length {
                    let text = format_args!("upstream sent headers frame with invalid length: {}", head.length);
                    return Err(self.in_block(text));
                }
                self.has_ended |= head.has(flag::END_STREAM);
                self.block = Some(Block::default());
                Ok(Place::Prefix(*head, prefix_length))
            }
            kind::CONTINUATION => {
                Ok(Place::Block { left: head.length, padding: 0, is_last: head.has(flag::END_HEADERS) })
            }
            kind::PUSH_PROMISE => Err(fault("upstream sent unexpected push promise frame")),
            kind::RST_STREAM | kind::SETTINGS | kind::PING | kind::GOAWAY | kind::WINDOW_UPDATE => {
                self.check_control(head)?;
                Ok(Place::Payload(*head))
            }
            // RFC 9113 section 5.5: what is unknown is of no concern.
            _ => Ok(Place::Skip(head.length, false)),
        }
    }

    /// The backend may send no more than it was allowed.
    fn take_room(&mut self, head: &Head) -> Result<(), Fault> {
        if head.stream != self.id {
            return Err(fault(format_args!("upstream sent data frame for unknown stream {}", head.stream)));
        }
        let length = head.length as u32;
        for (window, name) in self.receive_windows.iter_mut().zip(["stream", "connection"]) {
            *window = window.checked_sub(length).ok_or_else(|| {
                let received = format_args!("received {length} data frame with window {window}");
                fault(format_args!("upstream violated {name} flow control, {received}"))
            })?;
        }
        if self.receive_windows.iter().any(|window| *window < LITTLE_WINDOW) {
            let [stream, connection] = self.receive_windows.map(|window| LARGEST_WINDOW - window);
            frame::write_window_update(0, connection, &mut self.out);
            frame::write_window_update(self.id, stream, &mut self.out);
            self.receive_windows = [LARGEST_WINDOW; 2];
        }
        Ok(())
    }

    fn check_control(&self, head: &Head) -> Result<(), Fault> {
        let is_answer = head.has(flag::ACK);
        let (name, is_length_right) = match head.kind {
            kind::RST_STREAM => ("rst stream", head.length == 4),
            kind::WINDOW_UPDATE => ("window update", head.length == 4),
            kind::GOAWAY => ("goaway", head.length >= 8),
            kind::PING => ("ping", head.length == 8),
            _ => ("settings", is_answer || head.length.is_multiple_of(6)),
        };
        let is_of_connection = matches!(head.kind, kind::GOAWAY | kind::PING | kind::SETTINGS);
        let text = match () {
            () if is_of_connection && head.stream != 0 => {
                format!("upstream sent {name} frame with non-zero stream id: {}", head.stream)
            }
            () if !is_length_right => format!("upstream sent {name} frame with invalid length: {}", head.length),
            () if head.kind == kind::SETTINGS && is_answer && head.length > 0 => {
                format!("upstream sent settings frame with ack flag and non-zero length: {}", head.length)
            }
            () if head.kind == kind::PING && is_answer => "upstream sent ping frame with ack flag".to_owned(),
            () => return Ok(()),
        };
        Err(fault(text))
    }

    /// What follows the bytes that DATA and HEADERS may have before their own.
    fn behind_prefix(&self, head: &Head, rest: usize, padding: usize) -> Result<Place, Fault> {
        let Some(left) = rest.checked_sub(padding) else {
            let text = format_args!("upstream sent http2 frame with too long padding: {padding} in frame {rest}");
            return Err(if head.kind == kind::DATA { fault(text) } else { self.in_block(text) });
        };
        Ok(match head.kind {
            kind::DATA => Place::Data { left, padding, ends: head.has(flag::END_STREAM) },
            _ => Place::Block { left, padding, is_last: head.has(flag::END_HEADERS) },
        })
    }

    /// Takes a piece of a frame that may come in pieces.
    fn take_piece(&mut self, piece: &[u8], body: &mut Vec<u8>, trailers: &mut Fields) -> Result<Option<Event>, Fault> {
        match std::mem::replace(&mut self.place, Place::Head) {
            Place::Data { left, padding, ends } => {
                self.count_body(piece.len() as u64)?;
                body.extend_from_slice(piece);
                self.place = match left - piece.len() {
                    0 => Place::Skip(padding, ends),
                    left => Place::Data { left, padding, ends },
                };
            }
            Place::Block { left, padding, is_last } => {
                let left = left - piece.len();
                let is_whole = left == 0 && is_last;
                self.place = match (left, padding) {
                    (0, 0) => Place::Head,
                    (0, _) => Place::Skip(padding, false),
                    _ => Place::Block { left, padding, is_last },
                };
                return self.take_block(piece, is_whole, trailers);
            }
            Place::Skip(left, ends) if left > piece.len() => self.place = Place::Skip(left - piece.len(), ends),
            Place::Skip(_, true) => self.phase = Phase::Done,
            _ => {}
        }
        Ok(None)
    }

    fn count_body(&mut self, length: u64) -> Result<(), Fault> {
        let Some(left) = &mut self.body_left else { return Ok(()) };
        let text = "upstream sent response body larger than indicated content length";
        *left = left.checked_sub(length).ok_or_else(|| fault(text))?;
        Ok(())
    }

    fn take_block(&mut self, piece: &[u8], is_whole: bool, trailers: &mut Fields) -> Result<Option<Event>, Fault> {
        let is_head = self.phase == Phase::Head;
        let Some(mut block) = self.block.take() else { return Ok(None) };
        block.take(&mut self.decoder, piece, self.block_limit, is_head)?;
        if !is_whole {
            self.block = Some(block);
            return Ok(None);
        }
        let (status, fields) = block.finish().map_err(|fault| fault.of_block(is_head))?;
        if !is_head {
            if !self.has_ended {
                return Err(fault("upstream sent trailer without end stream flag"));
            }
            self.phase = Phase::Done;
            *trailers = fields;
            return Ok(None);
        }
        match status {
            None => Err(fault("upstream sent no :status header")),
            Some(block::EARLY_HINTS) if self.has_ended => Err(fault("upstream prematurely closed stream")),
            Some(block::EARLY_HINTS) => Ok(Some(Event::EarlyHints(fields))),
            Some(status) => {
                self.phase = if self.has_ended { Phase::Done } else { Phase::Body };
                Ok(Some(Event::Head(status, fields)))
            }
        }
    }

    fn in_block(&self, text: impl Display) -> Fault {
        fault(text).of_block(self.phase == Phase::Head)
    }

    fn take_payload(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        let number = payload.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
        match head.kind {
            kind::RST_STREAM => self.take_reset(head.stream, number),
            kind::WINDOW_UPDATE => self.take_window(head.stream, number & !RESERVED),
            kind::SETTINGS if head.has(flag::ACK) => Ok(()),
            kind::SETTINGS => {
                self.count_reply("settings")?;
                self.take_settings(payload)?;
                frame::write_head(0, kind::SETTINGS, flag::ACK, 0, &mut self.out);
                Ok(())
            }
            kind::PING => {
                self.count_reply("ping")?;
                frame::write_head(payload.len(), kind::PING, flag::ACK, 0, &mut self.out);
                self.out.extend_from_slice(payload);
                Ok(())
            }
            kind::GOAWAY => {
                let code = payload[4..].first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes));
                // What the backend has begun it goes on with.
                if (number & !RESERVED) < self.id {
                    return Err(fault(format_args!("upstream sent goaway with error {code}")));
                }
                self.is_last = true;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    fn take_reset(&mut self, stream: u32, code: u32) -> Result<(), Fault> {
        if self.phase != Phase::Done || code != 0 {
            return Err(fault(format_args!("upstream rejected request with error {code}")));
        }
        // A backend that has answered need not take the rest of the request (RFC 9113 section 8.1).
        if std::mem::replace(&mut self.was_reset, true) { Err(closed(stream)) } else { Ok(()) }
    }

    fn count_reply(&mut self, name: &str) -> Result<(), Fault> {
        self.replies += 1;
        match self.replies > MOST_REPLIES {
            true => Err(fault(format_args!("upstream sent too many {name} frames"))),
            false => Ok(()),
        }
    }

    fn take_window(&mut self, stream: u32, increment: u32) -> Result<(), Fault> {
        let too_large = || fault("upstream sent too large window update");
        if increment == 0 {
            return Err(fault("upstream sent zero window update"));
        }
        if stream == 0 {
            let window = self.connection_window.checked_add(increment);
            self.connection_window = window.filter(|window| *window <= LARGEST_WINDOW).ok_or_else(too_large)?;
        } else {
            self.stream_window += i64::from(increment);
            if self.stream_window > i64::from(LARGEST_WINDOW) {
                return Err(too_large());
            }
        }
        Ok(())
    }

    /// Of all settings a simple client needs one.
    fn take_settings(&mut self, payload: &[u8]) -> Result<(), Fault> {
        for &[high, low, first, second, third, fourth] in payload.as_chunks().0 {
            let value = u32::from_be_bytes([first, second, third, fourth]);
            if u16::from_be_bytes([high, low]) != setting::INITIAL_WINDOW_SIZE {
                continue;
            }
            let window = self.stream_window + i64::from(value) - i64::from(self.first_window);
            if value > LARGEST_WINDOW || window > i64::from(LARGEST_WINDOW) {
                let text = format_args!("upstream sent settings frame with too large initial window size: {value}");
                return Err(fault(text));
            }
            self.first_window = value;
            self.stream_window = window;
        }
        Ok(())
    }
}

fn closed(stream: u32) -> Fault {
    fault(format_args!("upstream sent frame for closed stream {stream}"))
}

/// Writes the header block of a request; names have no capitals.
pub fn write_request<'f>(
    (method, path, authority): (&[u8], &[u8], &[u8]),
    is_secure: bool,
    fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
) -> Vec<u8> {
    let mut block = Vec::new();
    hpack::encode_request(method, is_secure, path, authority, &mut block);
    fields.for_each(|(name, value)| hpack::encode_literal(name, value, &mut block));
    block
}
