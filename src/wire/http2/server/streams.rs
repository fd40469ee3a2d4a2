//! What frames do to streams, and what requests do with theirs: bodies in both directions, windows, and the end.

use super::super::frame::{self, Code, Head, flag, kind};
use super::super::hpack;
use super::stream::{Former, Stream};
use super::{Event, Fault, LITTLE_WINDOW, Place, Server, fault};

/// So much is gathered before streams wait until it is sent.
const MOST_GATHERED: usize = 64 * 1024;

/// The stream, or its connection, is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Gone;

/// What there is of a request's body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Body {
    /// So many bytes.
    Data(usize),
    /// Nothing yet.
    Wait,
    /// No more.
    End,
}

/// How much may be sent on a stream now.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// So many bytes.
    Bytes(usize),
    /// Nothing: the stream is woken when that changes.
    Wait,
}

/// Frames from the client.
impl Server {
    pub(super) fn begin_data(&mut self, head: &Head, prefix: &[u8], events: &mut Vec<Event>) -> Result<Place, Fault> {
        let padding = prefix.first().map_or(0, |padding| usize::from(*padding));
        let Some(left) = (head.length - prefix.len()).checked_sub(padding) else {
            let length = head.length;
            let text = format!("client sent padded DATA frame with incorrect length: {length}, padding: {padding}");
            return Err(fault(Code::PROTOCOL_ERROR, text));
        };
        let size = head.length as u32;
        let violated = |window| format!("received DATA frame length {size}, available window {window}");
        let Some(window) = self.receive_window.checked_sub(size) else {
            let text = format!("client violated connection flow control: {}", violated(self.receive_window));
            return Err(fault(Code::FLOW_CONTROL_ERROR, text));
        };
        self.receive_window = window;
        if self.receive_window < LITTLE_WINDOW {
            let increment = frame::LARGEST_WINDOW - self.receive_window;
            frame::write_window_update(0, increment, &mut self.out);
            self.receive_window = frame::LARGEST_WINDOW;
        }
        let skipped = Place::Skip(left + padding);
        let (id, newest) = (head.stream, self.newest);
        let Some(stream) = self.streams.find_mut(id) else {
            if id > newest || id.is_multiple_of(2) {
                return Err(fault(Code::PROTOCOL_ERROR, format!("client sent DATA frame for idle stream {id}")));
            }
            if self.streams.former(id) == Some(Former::Ended) {
                frame::write_reset(id, Code::STREAM_CLOSED, &mut self.out);
            }
            return Ok(skipped);
        };
        if stream.is_gone() {
            if stream.given_up.is_some() {
                frame::write_reset(id, Code::STREAM_CLOSED, &mut self.out);
            }
            return Ok(skipped);
        }
        let refusal = match stream.receive_window.checked_sub(size) {
            None => {
                let text = format!("client violated flow control for stream {id}: {}", violated(stream.receive_window));
                Some((Code::FLOW_CONTROL_ERROR, text))
            }
            Some(_) if stream.is_received => {
                Some((Code::STREAM_CLOSED, format!("client sent DATA frame for half-closed stream {id}")))
            }
            Some(left) => {
                stream.receive_window = left;
                None
            }
        };
        if let Some((code, text)) = refusal {
            events.push(Event::Say(text));
            self.terminate(id, code);
            return Ok(skipped);
        }
        if stream.target.is_none() && stream.receive_window < LITTLE_WINDOW {
            frame::write_window_update(id, frame::LARGEST_WINDOW - stream.receive_window, &mut self.out);
            stream.receive_window = frame::LARGEST_WINDOW;
        }
        Ok(Place::Data { stream: id, left, padding, ends: head.has(flag::END_STREAM) })
    }

    /// Keeps a piece of a body for whoever reads it.
    pub(super) fn take_data(&mut self, id: u32, data: &[u8], is_end: bool) {
        self.payload += data.len() as u64;
        if let Some(stream) = self.streams.find_mut(id) {
            stream.received += data.len() as u64;
            stream.compare_length();
            if !stream.is_discarded && !stream.is_gone() {
                stream.body.extend_from_slice(data);
            }
        }
        if is_end {
            return self.end_of_body(id);
        }
        if !data.is_empty() {
            self.woken.push(id);
        }
    }

    pub(super) fn end_of_body(&mut self, id: u32) {
        if let Some(stream) = self.streams.find_mut(id) {
            stream.is_received = true;
            stream.compare_length();
            self.woken.push(id);
        }
    }

    pub(super) fn take_reset(&mut self, id: u32, code: Code) -> Result<(), Fault> {
        if let Some(stream) = self.streams.find_mut(id) {
            stream.given_up.get_or_insert(code);
            stream.body = Vec::new();
            stream.read = 0;
            self.woken.push(id);
        } else if id > self.newest || id.is_multiple_of(2) {
            return Err(fault(Code::PROTOCOL_ERROR, format!("client sent RST_STREAM frame for idle stream {id}")));
        }
        Ok(())
    }

    pub(super) fn take_window(&mut self, id: u32, increment: u32, events: &mut Vec<Event>) -> Result<(), Fault> {
        if increment == 0 {
            let text = "client sent WINDOW_UPDATE frame with incorrect window increment 0";
            return Err(fault(Code::PROTOCOL_ERROR, text));
        }
        if id == 0 {
            let window = self.send_window.saturating_add(increment);
            if window > frame::LARGEST_WINDOW {
                let (window, what) = (self.send_window, "client violated connection flow control");
                let text = format!(
                    "{what}: received WINDOW_UPDATE frame with window increment {increment} not allowed for window {window}"
                );
                return Err(fault(Code::FLOW_CONTROL_ERROR, text));
            }
            self.send_window = window;
            self.unblock();
            return Ok(());
        }
        let Some(stream) = self.streams.find_mut(id) else {
            let is_idle = id > self.newest || id.is_multiple_of(2);
            let text = || format!("client sent WINDOW_UPDATE frame for idle stream {id}");
            return if is_idle { Err(fault(Code::PROTOCOL_ERROR, text())) } else { Ok(()) };
        };
        let window = stream.send_window + i64::from(increment);
        if window > i64::from(frame::LARGEST_WINDOW) {
            let (window, what) = (stream.send_window, format!("client violated flow control for stream {id}"));
            events.push(Event::Say(format!(
                "{what}: received WINDOW_UPDATE frame with window increment {increment} not allowed for window {window}"
            )));
            self.terminate(id, Code::FLOW_CONTROL_ERROR);
            return Ok(());
        }
        stream.send_window = window;
        self.unblock();
        Ok(())
    }

    /// The client gives each stream another window; those that there are, too (RFC 9113 section 6.9.2).
    pub(super) fn set_stream_window(&mut self, window: u32) {
        let difference = i64::from(window) - i64::from(self.stream_window);
        if difference == 0 {
            return;
        }
        self.stream_window = window;
        let mut exceeded = Vec::new();
        for stream in self.streams.iter_mut() {
            stream.send_window += difference;
            if stream.send_window > i64::from(frame::LARGEST_WINDOW) {
                exceeded.push(stream.id);
            }
        }
        exceeded.into_iter().for_each(|id| self.terminate(id, Code::FLOW_CONTROL_ERROR));
        self.unblock();
    }

    /// Ends a stream whose client broke a rule.
    fn terminate(&mut self, id: u32, code: Code) {
        let Some(stream) = self.streams.find_mut(id) else { return };
        if !stream.is_gone() {
            stream.is_reset = true;
            frame::write_reset(id, code, &mut self.out);
            self.woken.push(id);
        }
    }

    /// Wakes the streams that there is room for now.
    pub(super) fn unblock(&mut self) {
        if self.send_window == 0 || self.pending().len() >= MOST_GATHERED || self.blocked.is_empty() {
            return;
        }
        let first = self.woken.len();
        let (streams, woken) = (&mut self.streams, &mut self.woken);
        self.blocked.retain(|id| {
            let Some(stream) = streams.find_mut(*id) else { return false };
            let stays = stream.send_window <= 0;
            if !stays {
                stream.is_blocked = false;
                woken.push(*id);
            }
            stays
        });
        if !self.priorities.is_empty() {
            self.priorities.sort(&mut self.woken[first..]);
        }
    }
}

/// What requests do.
impl Server {
    fn living(&mut self, id: u32) -> Result<&mut Stream, Gone> {
        let is_over = self.is_over;
        self.streams.find_mut(id).filter(|stream| !stream.is_gone() && !is_over).ok_or(Gone)
    }

    /// Whether a stream, or the connection, is over.
    pub fn is_gone(&self, id: u32) -> bool {
        self.is_over || self.streams.find(id).is_none_or(Stream::is_gone)
    }

    /// Why the client gave a stream up, if it did.
    pub fn given_up(&self, id: u32) -> Option<Code> {
        self.streams.find(id)?.given_up
    }

    /// Notes what the head says of the body's length.
    pub fn declare(&mut self, id: u32, length: u64) {
        if let Some(stream) = self.streams.find_mut(id) {
            stream.declared = Some(length);
            stream.compare_length();
        }
    }

    /// Notes that the request is malformed.
    pub fn set_malformed(&mut self, id: u32) {
        if let Some(stream) = self.streams.find_mut(id) {
            stream.is_malformed = true;
        }
    }

    /// How much of a body has come, and how much was to come, if these contradict each other.
    pub fn contradiction(&self, id: u32) -> Option<(u64, u64)> {
        let stream = self.streams.find(id)?;
        stream.contradiction().map(|declared| (stream.received, declared))
    }

    /// Whether a body was read to its end.
    pub fn is_read(&self, id: u32) -> bool {
        self.streams.find(id).is_some_and(|stream| stream.is_received && stream.unread().is_empty())
    }

    /// Appends what there is of a body, at most `limit` bytes.
    pub fn read(&mut self, id: u32, out: &mut Vec<u8>, limit: usize) -> Result<Body, Gone> {
        let stream = self.living(id)?;
        let unread = stream.unread();
        let length = unread.len().min(limit);
        if length == 0 {
            return Ok(if stream.is_received { Body::End } else { Body::Wait });
        }
        out.extend_from_slice(&unread[..length]);
        stream.read += length;
        if stream.unread().is_empty() {
            stream.body.clear();
            stream.read = 0;
            self.open_window(id);
        }
        Ok(Body::Data(length))
    }

    /// Somebody asks for a body: the window is opened so far, or with nothing as far as it can be (`ngx_http_v2_read_request_body`).
    pub fn want_body(&mut self, id: u32, target: Option<u32>) {
        let Ok(stream) = self.living(id) else { return };
        if stream.target.is_some_and(|before| target.is_none_or(|target| target > before)) {
            stream.target = target;
            self.open_window(id);
        }
    }

    /// Nobody asks for a body any more.
    pub fn discard_body(&mut self, id: u32) {
        if let Some(stream) = self.streams.find_mut(id) {
            stream.is_discarded = true;
            stream.body = Vec::new();
            stream.read = 0;
        }
    }

    fn open_window(&mut self, id: u32) {
        // What is left of the frame that is being received was counted already.
        let coming = match self.place {
            Place::Data { stream, left, .. } if stream == id => left as u32,
            _ => 0,
        };
        let Some(stream) = self.streams.find_mut(id) else { return };
        let room = match stream.target {
            None if stream.receive_window >= LITTLE_WINDOW => return,
            None => frame::LARGEST_WINDOW - stream.receive_window,
            Some(target) => {
                let held = stream.receive_window.saturating_add(coming).saturating_add(stream.unread().len() as u32);
                target.saturating_sub(held)
            }
        };
        if room > 0 && !stream.is_received {
            stream.receive_window += room;
            frame::write_window_update(id, room, &mut self.out);
        }
    }

    /// Sends a head: that of the answer, or hints before it.
    pub fn send_head<'f>(
        &mut self,
        id: u32,
        status: u16,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
        ends: bool,
    ) -> Result<(), Gone> {
        let ends = self.note_end(id, ends)?;
        let mut block = Vec::with_capacity(256);
        if std::mem::take(&mut self.is_table_due) {
            hpack::encode_empty_table(&mut block);
        }
        hpack::encode_status(status, &mut block);
        fields.for_each(|(name, value)| hpack::encode_field(name, value, &mut block));
        frame::write_block(&block, id, ends, self.frame_size, &mut self.out);
        Ok(())
    }

    /// Ends the answer with trailers.
    pub fn send_trailers<'f>(
        &mut self,
        id: u32,
        fields: impl Iterator<Item = (&'f [u8], &'f [u8])>,
    ) -> Result<(), Gone> {
        let ends = self.note_end(id, true)?;
        let mut block = Vec::new();
        fields.for_each(|(name, value)| hpack::encode_field(name, value, &mut block));
        frame::write_block(&block, id, ends, self.frame_size, &mut self.out);
        Ok(())
    }

    /// How much of a body can be sent.
    pub fn room(&mut self, id: u32) -> Result<Room, Gone> {
        let most = (self.send_window as usize).min(self.frame_size);
        let is_full = self.pending().len() >= MOST_GATHERED;
        let stream = self.living(id)?;
        let room = usize::try_from(stream.send_window).unwrap_or(0).min(most);
        if room > 0 && !is_full {
            return Ok(Room::Bytes(room));
        }
        if !stream.is_blocked {
            stream.is_blocked = true;
            self.blocked.push_back(id);
        }
        Ok(Room::Wait)
    }

    /// Sends a piece of a body that there is room for.
    pub fn send_data(&mut self, id: u32, data: &[u8], ends: bool) -> Result<(), Gone> {
        let ends = self.note_end(id, ends)?;
        let stream = self.living(id)?;
        stream.send_window -= data.len() as i64;
        self.send_window = self.send_window.saturating_sub(data.len() as u32);
        frame::write_head(data.len(), kind::DATA, if ends { flag::END_STREAM } else { 0 }, id, &mut self.out);
        self.out.extend_from_slice(data);
        Ok(())
    }

    /// Notes whether the answer ends; a malformed request's ends by RST_STREAM instead of a flag.
    fn note_end(&mut self, id: u32, ends: bool) -> Result<bool, Gone> {
        let stream = self.living(id)?;
        stream.is_sent |= ends;
        Ok(ends && !stream.is_malformed)
    }

    /// The request is over; an answer that is not whole ends so (`ngx_http_v2_close_stream`).
    pub fn close(&mut self, id: u32, code: Code) {
        let Some(stream) = self.streams.remove(id) else { return };
        if stream.is_gone() || self.is_over {
            return;
        }
        if stream.is_malformed {
            frame::write_reset(id, Code::PROTOCOL_ERROR, &mut self.out);
        } else if !stream.is_sent {
            frame::write_reset(id, code, &mut self.out);
        } else if !stream.is_received {
            frame::write_reset(id, Code::NO_ERROR, &mut self.out);
        }
    }
}
