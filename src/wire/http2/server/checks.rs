//! What frames and header blocks have to be like, and what a connection ends with where they are not.

use super::super::frame::{self, Code, Head, RESERVED, flag, kind};
use super::super::hpack::{self, Fields, Limits};

/// A frame of settings is taken whole: as long as the smallest frame may be, far more than there are settings.
const MOST_SETTINGS: usize = frame::SMALLEST_FRAME as usize;
/// Compression makes texts shorter; where it makes them longer, then not by more than this.
const MOST_GROWTH: usize = 2;

/// Why a connection ends, for the client and for the log.
#[derive(Debug)]
pub struct Fault {
    /// For GOAWAY.
    pub code: Code,
    /// For the log, in nginx's words.
    pub text: String,
}

pub fn fault(code: Code, text: impl Into<String>) -> Fault {
    Fault { code, text: text.into() }
}

/// What DATA and HEADERS have before their own bytes.
pub fn prefix_length(head: &Head) -> usize {
    let padding = usize::from(head.has(flag::PADDED));
    let priority = if head.kind == kind::HEADERS && head.has(flag::PRIORITY) { 5 } else { 0 };
    padding + priority
}

fn name(kind: u8) -> &'static str {
    const NAMES: [&str; 10] = [
        "DATA",
        "HEADERS",
        "PRIORITY",
        "RST_STREAM",
        "SETTINGS",
        "PUSH_PROMISE",
        "PING",
        "GOAWAY",
        "WINDOW_UPDATE",
        "CONTINUATION",
    ];
    NAMES.get(usize::from(kind)).copied().unwrap_or("unknown")
}

pub fn check_length(head: &Head, is_right: bool) -> Result<(), Fault> {
    let (name, length) = (name(head.kind), head.length);
    match is_right {
        true => Ok(()),
        false => Err(fault(Code::FRAME_SIZE_ERROR, format!("client sent {name} frame with incorrect length {length}"))),
    }
}

pub fn check_stream(head: &Head, is_right: bool) -> Result<(), Fault> {
    match is_right {
        true => Ok(()),
        false => {
            let text = format!("client sent {} frame with incorrect identifier", name(head.kind));
            Err(fault(Code::PROTOCOL_ERROR, text))
        }
    }
}

/// The sizes of frames, and which are of a stream and which of the connection (RFC 9113 sections 6.3 to 6.9).
pub fn check_frame(head: &Head) -> Result<(), Fault> {
    let (is_size_right, is_stream_right) = match head.kind {
        kind::PRIORITY => (head.length == 5, head.stream != 0),
        kind::RST_STREAM => (head.length == 4, head.stream != 0),
        kind::SETTINGS if head.has(flag::ACK) => (head.length == 0, head.stream == 0),
        kind::SETTINGS => (head.length.is_multiple_of(6) && head.length <= MOST_SETTINGS, head.stream == 0),
        kind::PING => (head.length == 8, head.stream == 0),
        kind::GOAWAY => (head.length >= 8, head.stream == 0),
        _ => (head.length == 4, true),
    };
    check_length(head, is_size_right)?;
    check_stream(head, is_stream_right)
}

pub fn check_dependency(head: &Head, priority: &[u8]) -> Result<(), Fault> {
    let dependency = priority.first_chunk().map_or(0, |bytes| u32::from_be_bytes(*bytes)) & !RESERVED;
    if dependency == head.stream {
        let (name, id) = (name(head.kind), head.stream);
        let text = format!("client sent {name} frame for stream {id} with incorrect dependency");
        return Err(fault(Code::PROTOCOL_ERROR, text));
    }
    Ok(())
}

pub fn check_block(length: usize, limits: Limits) -> Result<(), Fault> {
    match length <= limits.block.saturating_mul(MOST_GROWTH) {
        true => Ok(()),
        false => Err(block_fault(hpack::Fault::LongBlock)),
    }
}

/// Whether fields can be trailers: no pseudo-header field, none of the connection, and no byte that a field cannot have (RFC 9113
/// sections 8.1, 8.2.1 and 8.2.2).
pub fn are_trailers(fields: &Fields) -> bool {
    const OF_THE_CONNECTION: [&[u8]; 5] =
        [b"connection", b"keep-alive", b"proxy-connection", b"transfer-encoding", b"upgrade"];
    fields.iter().all(|(name, value)| {
        let is_name = !name.iter().any(|byte| matches!(byte, b'\0'..=b' ' | b':' | b'A'..=b'Z' | 0x7f..));
        let is_value = !value.iter().any(|byte| matches!(byte, b'\0' | b'\n' | b'\r'));
        is_name && is_value && !OF_THE_CONNECTION.contains(&name)
    })
}

pub fn block_fault(found: hpack::Fault) -> Fault {
    // RFC 9113 section 4.3: whatever cannot be decoded, though nginx says FRAME_SIZE_ERROR of what is cut.
    let invalid = |what: &str| fault(Code::COMPRESSION_ERROR, format!("client sent {what}"));
    match found {
        hpack::Fault::NoName => fault(Code::PROTOCOL_ERROR, "client sent zero header name length"),
        hpack::Fault::LongField(..) => fault(Code::ENHANCE_YOUR_CALM, "client sent too large header field"),
        hpack::Fault::LongBlock => fault(Code::ENHANCE_YOUR_CALM, "client sent too large header"),
        hpack::Fault::Truncated => invalid("header field with incorrect length"),
        hpack::Fault::Index(0) => invalid("invalid hpack table index 0"),
        hpack::Fault::Index(index) => invalid(&format!("out of bound hpack table index: {index}")),
        hpack::Fault::LongIndex => invalid("header block with too long header index value"),
        hpack::Fault::TableSize(usize::MAX) => invalid("header block with too long size update value"),
        hpack::Fault::TableSize(size) => invalid(&format!("invalid table size update: {size}")),
        hpack::Fault::Huffman => invalid("invalid encoded header field"),
        hpack::Fault::LongLength(_) => invalid("header field with too long length value"),
    }
}
