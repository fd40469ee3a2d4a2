//! Frames (RFC 9113 sections 4 and 6): the head that each begins with, and those that are written as they are.

/// What a client that knows beforehand that HTTP/2 is spoken here begins with (RFC 9113 section 3.4).
pub const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Every frame begins with so many bytes.
pub const HEAD_LENGTH: usize = 9;
/// The largest window (section 6.9.1).
pub const LARGEST_WINDOW: u32 = (1 << 31) - 1;
/// Windows before anything else is said (section 6.9.2).
pub const FIRST_WINDOW: u32 = (1 << 16) - 1;
/// What SETTINGS_MAX_FRAME_SIZE is at first and at least, and at most (section 6.5.2).
pub const SMALLEST_FRAME: u32 = 1 << 14;
/// What it is at most.
pub const LARGEST_FRAME: u32 = (1 << 24) - 1;
/// The first bit of a stream's number and of a window's increment says nothing.
pub const RESERVED: u32 = 1 << 31;

/// The types of frames.
pub mod kind {
    /// A piece of a body.
    pub const DATA: u8 = 0;
    /// The first piece of a header block.
    pub const HEADERS: u8 = 1;
    /// An obsolete order of streams.
    pub const PRIORITY: u8 = 2;
    /// The end of a stream.
    pub const RST_STREAM: u8 = 3;
    /// What one side allows the other.
    pub const SETTINGS: u8 = 4;
    /// Of servers alone.
    pub const PUSH_PROMISE: u8 = 5;
    /// A question whether the other side is there.
    pub const PING: u8 = 6;
    /// The end of the connection, or that no further stream is taken.
    pub const GOAWAY: u8 = 7;
    /// More room for bodies.
    pub const WINDOW_UPDATE: u8 = 8;
    /// A further piece of a header block.
    pub const CONTINUATION: u8 = 9;
}

/// The flags of frames.
pub mod flag {
    /// Of DATA and HEADERS: the stream's last one.
    pub const END_STREAM: u8 = 1;
    /// Of SETTINGS and PING: an answer.
    pub const ACK: u8 = 1;
    /// Of HEADERS and CONTINUATION: the block's last one.
    pub const END_HEADERS: u8 = 4;
    /// Of DATA and HEADERS: a byte says how much padding ends the frame.
    pub const PADDED: u8 = 8;
    /// Of HEADERS: it begins as PRIORITY does.
    pub const PRIORITY: u8 = 0x20;
}

/// The settings (section 6.5.2).
pub mod setting {
    /// `SETTINGS_HEADER_TABLE_SIZE`
    pub const HEADER_TABLE_SIZE: u16 = 1;
    /// `SETTINGS_ENABLE_PUSH`
    pub const ENABLE_PUSH: u16 = 2;
    /// `SETTINGS_MAX_CONCURRENT_STREAMS`
    pub const MAX_CONCURRENT_STREAMS: u16 = 3;
    /// `SETTINGS_INITIAL_WINDOW_SIZE`
    pub const INITIAL_WINDOW_SIZE: u16 = 4;
    /// `SETTINGS_MAX_FRAME_SIZE`
    pub const MAX_FRAME_SIZE: u16 = 5;
}

/// Why a stream or a connection ends (section 7).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Code(pub u32);

impl Code {
    /// Nothing is wrong.
    pub const NO_ERROR: Self = Self(0);
    /// The other side broke a rule.
    pub const PROTOCOL_ERROR: Self = Self(1);
    /// This side failed.
    pub const INTERNAL_ERROR: Self = Self(2);
    /// More came than there was room for.
    pub const FLOW_CONTROL_ERROR: Self = Self(3);
    /// A frame came behind the end of its stream.
    pub const STREAM_CLOSED: Self = Self(5);
    /// A frame has no size of its type.
    pub const FRAME_SIZE_ERROR: Self = Self(6);
    /// The request was not looked at.
    pub const REFUSED_STREAM: Self = Self(7);
    /// Nobody wants the answer any more.
    pub const CANCEL: Self = Self(8);
    /// A header block cannot be read.
    pub const COMPRESSION_ERROR: Self = Self(9);
    /// The other side asks too much.
    pub const ENHANCE_YOUR_CALM: Self = Self(11);
}

/// What a frame begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Head {
    /// The bytes behind it.
    pub length: usize,
    /// One of [`kind`], or an unknown one.
    pub kind: u8,
    /// Some of [`flag`].
    pub flags: u8,
    /// 0 is the connection as a whole.
    pub stream: u32,
}

impl Head {
    /// Reads it.
    pub fn read(bytes: &[u8; HEAD_LENGTH]) -> Self {
        let [high, middle, low, kind, flags, stream @ ..] = *bytes;
        let length = u32::from_be_bytes([0, high, middle, low]) as usize;
        Self { length, kind, flags, stream: u32::from_be_bytes(stream) & !RESERVED }
    }

    /// Whether it has a flag.
    pub fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// Appends the head of a frame.
pub fn write_head(length: usize, kind: u8, flags: u8, stream: u32, out: &mut Vec<u8>) {
    let [_, length @ ..] = (length as u32).to_be_bytes();
    let [first, second, third, fourth] = stream.to_be_bytes();
    out.extend_from_slice(&[length[0], length[1], length[2], kind, flags, first, second, third, fourth]);
}

/// Appends SETTINGS.
pub fn write_settings(settings: &[(u16, u32)], out: &mut Vec<u8>) {
    write_head(settings.len() * 6, kind::SETTINGS, 0, 0, out);
    for (name, value) in settings {
        out.extend_from_slice(&name.to_be_bytes());
        out.extend_from_slice(&value.to_be_bytes());
    }
}

/// Appends WINDOW_UPDATE.
pub fn write_window_update(stream: u32, increment: u32, out: &mut Vec<u8>) {
    write_head(4, kind::WINDOW_UPDATE, 0, stream, out);
    out.extend_from_slice(&increment.to_be_bytes());
}

/// Appends RST_STREAM.
pub fn write_reset(stream: u32, code: Code, out: &mut Vec<u8>) {
    write_head(4, kind::RST_STREAM, 0, stream, out);
    out.extend_from_slice(&code.0.to_be_bytes());
}

/// Appends GOAWAY.
pub fn write_goaway(newest: u32, code: Code, out: &mut Vec<u8>) {
    write_head(8, kind::GOAWAY, 0, 0, out);
    out.extend_from_slice(&newest.to_be_bytes());
    out.extend_from_slice(&code.0.to_be_bytes());
}

/// Appends a header block, in as many frames as it takes.
pub fn write_block(block: &[u8], stream: u32, ends: bool, largest: usize, out: &mut Vec<u8>) {
    let mut pieces = block.chunks(largest).peekable();
    let mut kind = kind::HEADERS;
    let mut flags = if ends { flag::END_STREAM } else { 0 };
    while let Some(piece) = pieces.next() {
        if pieces.peek().is_none() {
            flags |= flag::END_HEADERS;
        }
        write_head(piece.len(), kind, flags, stream, out);
        out.extend_from_slice(piece);
        (kind, flags) = (kind::CONTINUATION, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_come_back() {
        let mut out = Vec::new();
        write_head(0x01_02_03, kind::PING, flag::ACK, 7, &mut out);
        let bytes: [u8; HEAD_LENGTH] = out.try_into().expect("a head has nine bytes");
        assert_eq!(bytes, [1, 2, 3, 6, 1, 0, 0, 0, 7]);
        assert_eq!(Head::read(&bytes), Head { length: 0x01_02_03, kind: kind::PING, flags: flag::ACK, stream: 7 });
        let reserved = Head::read(&[0, 0, 0, 0, 0, 0x80, 0, 0, 1]);
        assert_eq!(reserved.stream, 1, "the reserved bit is no part of the number");
    }

    #[test]
    fn a_block_that_is_too_large_for_a_frame_goes_on() {
        let mut out = Vec::new();
        write_block(b"abcde", 1, true, 2, &mut out);
        assert_eq!(out, b"\0\0\x02\x01\x01\0\0\0\x01ab\0\0\x02\x09\0\0\0\0\x01cd\0\0\x01\x09\x04\0\0\0\x01e");
        out.clear();
        write_block(b"abcde", 1, false, 9, &mut out);
        assert_eq!(out, b"\0\0\x05\x01\x04\0\0\0\x01abcde");
    }
}
