//! Frames of HTTP/2 as bytes, for what a client of good manners never sends.

use std::io::Read;
use std::net::TcpStream;

/// The first bytes of every connection, and SETTINGS that say nothing.
pub const BEGINNING: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";

/// `GET http://a/` out of the static table (RFC 7541 appendix A).
pub const GET: &[u8] = &[0x82, 0x84, 0x86, 0x41, 1, b'a'];

/// Kinds of frames (RFC 9113 section 6).
pub mod kind {
    /// A piece of a body.
    pub const DATA: u8 = 0;
    /// The head of a request, or its trailers.
    pub const HEADERS: u8 = 1;
    /// How important a stream is.
    pub const PRIORITY: u8 = 2;
    /// The end of a stream before its end.
    pub const RST_STREAM: u8 = 3;
    /// What this side wants.
    pub const SETTINGS: u8 = 4;
    /// What only servers say.
    pub const PUSH_PROMISE: u8 = 5;
    /// Is to be answered.
    pub const PING: u8 = 6;
    /// No more streams.
    pub const GOAWAY: u8 = 7;
    /// How much more the other side may send.
    pub const WINDOW_UPDATE: u8 = 8;
    /// More of a head.
    pub const CONTINUATION: u8 = 9;
}

/// The stream ends with this frame.
pub const END_STREAM: u8 = 1;
/// The head ends with this frame.
pub const END_HEADERS: u8 = 4;
/// A whole request.
pub const WHOLE: u8 = END_STREAM | END_HEADERS;

/// A frame.
pub fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header line that is not kept in the table; name and value are shorter than 127 bytes.
pub fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0, name.len() as u8];
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(value.len() as u8);
    bytes.extend_from_slice(value.as_bytes());
    bytes
}

/// What a frame of SETTINGS says of one of them.
pub fn setting(number: u16, value: u32) -> Vec<u8> {
    [&number.to_be_bytes()[..], &value.to_be_bytes()].concat()
}

/// Kind, flags, stream and payload of the next frame; nothing once the connection is over.
pub fn read_frame(client: &mut TcpStream) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    client.read_exact(&mut head).ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    client.read_exact(&mut payload).ok()?;
    Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
}

/// A number of four bytes in a payload; the largest one where there is none.
pub fn number_at(payload: &[u8], at: usize) -> u32 {
    payload.get(at..at + 4).map_or(u32::MAX, |bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
}
