//! Where in a client's bytes of HTTP/2 its frames begin and end: whether a header block is half received.

/// The client's part of the preface (RFC 9113 section 3.4), before its first frame.
const PREFACE_LENGTH: usize = 24;
/// What every frame begins with: length, type, flags, stream (RFC 9113 section 4.1).
const HEAD_LENGTH: usize = 9;
/// The types of frames that carry header blocks, and the flag of a block's last one (RFC 9113 sections 6.2 and 6.10).
const HEADERS: u8 = 1;
const CONTINUATION: u8 = 9;
const END_HEADERS: u8 = 4;

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
}

impl Default for Frames {
    fn default() -> Self {
        Self { left: PREFACE_LENGTH, head: [0; HEAD_LENGTH], head_length: 0, is_continued: false, is_last: false }
    }
}

impl Frames {
    /// Takes the bytes that come next.
    pub fn advance(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let skipped = self.left.min(bytes.len());
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
        let [high, middle, low, kind, flags, ..] = self.head;
        self.left = usize::from(high) << 16 | usize::from(middle) << 8 | usize::from(low);
        self.head_length = 0;
        let is_header = matches!(kind, HEADERS | CONTINUATION);
        self.is_last = is_header && flags & END_HEADERS != 0;
        self.is_continued = is_header && !self.is_last;
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
