//! Where in a client's bytes of HTTP/2 its frames begin and end: whether a header block is half received, and how long it was.

use std::collections::VecDeque;

/// The client's part of the preface (RFC 9113 section 3.4), before its first frame.
const PREFACE_LENGTH: usize = 24;
/// What every frame begins with: length, type, flags, stream (RFC 9113 section 4.1).
const HEAD_LENGTH: usize = 9;
/// The types of frames that carry header blocks, and the flag of a block's last one (RFC 9113 sections 6.2 and 6.10).
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;
/// What else a frame of HEADERS may begin with, and how much of it that is (RFC 9113 section 6.2).
const PADDED: u8 = 8;
const PADDED_LENGTH: usize = 1;
const PRIORITY: u8 = 0x20;
const PRIORITY_LENGTH: usize = 5;
/// The type of frames that carry settings, and the flag of one that acknowledges them (RFC 9113 section 6.5).
const SETTINGS: u8 = 4;
const ACK: u8 = 1;
/// So many blocks are remembered until their streams are taken: a client cannot have more streams refused before its
/// connection ends.
const MOST_BLOCKS: usize = 1024;

/// The header block that opened a stream.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Block {
    stream: u32,
    /// Its bytes, as they were compressed.
    pub length: usize,
    /// The client had acknowledged the settings before.
    pub is_acknowledged: bool,
}

/// Follows the frames of one direction.
#[derive(Debug)]
pub struct Frames {
    /// Bytes until the next frame's head begins.
    left: usize,
    head: [u8; HEAD_LENGTH],
    /// So much of the next head was received.
    head_length: usize,
    /// A header block has begun, and its last frame's head has not come yet.
    is_continued: bool,
    /// The frame being received is a header block's last.
    is_last: bool,
    /// The block being received opens a stream, and is the last of the list.
    is_listed: bool,
    /// The next byte says how much padding there is.
    is_padded: bool,
    is_acknowledged: bool,
    newest_stream: u32,
    blocks: VecDeque<Block>,
}

impl Default for Frames {
    fn default() -> Self {
        Self {
            left: PREFACE_LENGTH,
            head: [0; HEAD_LENGTH],
            head_length: 0,
            is_continued: false,
            is_last: false,
            is_listed: false,
            is_padded: false,
            is_acknowledged: false,
            newest_stream: 0,
            blocks: VecDeque::new(),
        }
    }
}

impl Frames {
    /// Takes the bytes that come next.
    pub fn advance(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
            if skipped > 0 && std::mem::take(&mut self.is_padded) {
                self.shorten(usize::from(bytes[0]));
            }
            self.left -= skipped;
            bytes = &bytes[skipped..];
            let taken = (HEAD_LENGTH - self.head_length).min(bytes.len());
            self.head[self.head_length..][..taken].copy_from_slice(&bytes[..taken]);
            self.head_length += taken;
            bytes = &bytes[taken..];
            if self.head_length == HEAD_LENGTH {
                self.begin();
            }
        }
    }

    fn begin(&mut self) {
        let [high, middle, low, kind, flags, stream @ ..] = self.head;
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.head_length = 0;
        let is_header = matches!(kind, HEADERS | CONTINUATION);
        self.is_last = is_header && flags & END_HEADERS != 0;
        self.is_continued = is_header && !self.is_last;
        match kind {
            HEADERS => self.list(u32::from_be_bytes(stream) & u32::MAX >> 1, flags),
            CONTINUATION if self.is_listed => {
                self.blocks.back_mut().into_iter().for_each(|block| block.length += self.left)
            }
            SETTINGS if flags & ACK != 0 => self.is_acknowledged = true,
            _ => {}
        }
    }

    /// Notes a block that opens a stream; one of a stream that is known has its trailers.
    fn list(&mut self, stream: u32, flags: u8) {
        self.is_listed = stream > self.newest_stream && self.blocks.len() < MOST_BLOCKS;
        self.is_padded = flags & PADDED != 0;
        self.newest_stream = self.newest_stream.max(stream);
        if self.is_listed {
            self.blocks.push_back(Block { stream, length: self.left, is_acknowledged: self.is_acknowledged });
        }
        self.shorten(if self.is_padded { PADDED_LENGTH } else { 0 });
        self.shorten(if flags & PRIORITY != 0 { PRIORITY_LENGTH } else { 0 });
    }

    fn shorten(&mut self, length: usize) {
        if self.is_listed
            && let Some(block) = self.blocks.back_mut()
        {
            block.length = block.length.saturating_sub(length);
        }
    }

    /// The block that opened a stream. Streams are taken in their order: those before it were refused.
    pub fn take_block(&mut self, stream: u32) -> Option<Block> {
        while self.blocks.front().is_some_and(|block| block.stream < stream) {
            self.blocks.pop_front();
        }
        if self.blocks.front()?.stream == stream { self.blocks.pop_front() } else { None }
    }

    /// Whether a header block has begun and is not whole.
    pub fn is_in_header_block(&self) -> bool {
        self.is_continued || self.is_last && self.left > 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

    /// For each byte whether a header block is half received after it: `.` no, `+` yes.
    fn trace(frames: &[u8]) -> String {
        let mut place = Frames::default();
        place.advance(PREFACE);
        let mut step = |byte: &u8| {
            place.advance(std::slice::from_ref(byte));
            if place.is_in_header_block() { '+' } else { '.' }
        };
        frames.iter().map(&mut step).collect()
    }

    #[test]
    fn a_block_is_open_from_its_first_head_to_its_last_byte() {
        assert_eq!(trace(b"\0\0\x02\x01\x05\0\0\0\x01ab"), "........++.");
        assert_eq!(trace(b"\0\0\x01\x01\x01\0\0\0\x01a\0\0\x01\x09\x04\0\0\0\x01b"), "........+++++++++++.");
        assert_eq!(trace(b"\0\0\x01\x01\x00\0\0\0\x01a\0\0\0\x09\x04\0\0\0\x01"), "........++++++++++.");
    }

    #[test]
    fn other_frames_are_no_header_blocks() {
        assert_eq!(trace(b"\0\0\x02\0\0\0\0\0\x01\x01\x01\0\0\0\x04\0\0\0\0\0"), ".".repeat(20));
    }

    #[test]
    fn blocks_are_measured_without_padding_and_priority() {
        let mut place = Frames::default();
        place.advance(PREFACE);
        place.advance(b"\0\0\x02\x01\x04\0\0\0\x01ab");
        place.advance(b"\0\0\0\x04\x01\0\0\0\0");
        place.advance(b"\0\0\x01\x01\x05\0\0\0\x01t");
        place.advance(b"\0\0\x0b\x01\x28\0\0\0\x05\x02prioabc\0\0\0");
        place.advance(b"\0\0\x03\x09\x04\0\0\0\x05def");
        assert_eq!(place.take_block(1), Some(Block { stream: 1, length: 2, is_acknowledged: false }));
        assert_eq!(place.take_block(3), None);
        assert_eq!(place.take_block(5), Some(Block { stream: 5, length: 6, is_acknowledged: true }));
        assert_eq!(place.take_block(5), None);
    }

    #[test]
    fn refused_streams_are_forgotten() {
        let mut place = Frames::default();
        place.advance(PREFACE);
        for stream in 1..=u32::try_from(2 * MOST_BLOCKS).expect("it is small") {
            place.advance(b"\0\0\x01\x01\x05");
            place.advance(&stream.to_be_bytes());
            place.advance(b"a");
        }
        assert_eq!(place.blocks.len(), MOST_BLOCKS);
        assert_eq!(place.take_block(5000), None);
        assert!(place.blocks.is_empty());
    }

    #[test]
    fn pieces_of_any_size_are_the_same_frames() {
        let bytes = [PREFACE, b"\0\0\x01\0\0\0\0\0\x01a\0\0\x02\x01\x05\0\0\0\x01ab"].concat();
        for size in 1..=bytes.len() {
            let mut place = Frames::default();
            bytes[..bytes.len() - 1].chunks(size).for_each(|piece| place.advance(piece));
            assert!(place.is_in_header_block());
            place.advance(b"b");
            assert!(!place.is_in_header_block());
        }
    }
}
