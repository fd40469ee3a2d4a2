//! Any bytes as a client's: head, target and chunked body read in pieces are what they are when read at once.

#![no_main]

use evenkeel::wire::http1::chunked::{Chunked, InvalidChunk, Progress as ChunkProgress};
use evenkeel::wire::http1::header_line::{HeaderLine, InvalidHeaderLine, Progress};
use evenkeel::wire::http1::request_line::{Fault, RequestLine};
use evenkeel::wire::http1::uri;
use libfuzzer_sys::fuzz_target;

/// What reading came to.
#[derive(PartialEq, Debug)]
enum End {
    Line(Fault),
    Header(InvalidHeaderLine),
    /// The head is whole; the target in its normal form, and what the bytes behind it are as chunks.
    Head(Option<Vec<u8>>, Result<Option<Vec<u8>>, InvalidChunk>),
    Again,
}

#[derive(PartialEq, Debug)]
struct Reading {
    lines: Vec<(Vec<u8>, Vec<u8>, bool)>,
    end: End,
}

/// Reads with `piece` more bytes at a time.
fn read(bytes: &[u8], piece: usize) -> Reading {
    let (mut line, mut header, mut lines) = (RequestLine::default(), HeaderLine::default(), Vec::new());
    let (mut position, mut has_line) = (0, false);
    for end in (piece..bytes.len()).step_by(piece).chain([bytes.len()]) {
        let seen = &bytes[..end];
        if !has_line {
            match line.parse(seen, &mut position) {
                Ok(whole) => has_line = whole,
                Err(fault) => return Reading { lines, end: End::Line(fault) },
            }
        }
        while has_line {
            match header.parse(seen, &mut position, false) {
                Ok(Progress::Line) => {
                    let (name, value) = (&seen[header.name.clone()], &seen[header.value.clone()]);
                    lines.push((name.to_vec(), value.to_vec(), header.invalid));
                }
                Ok(Progress::Again) => break,
                Ok(Progress::End) => {
                    let (target, mut normal) = (&bytes[line.uri.clone()], Vec::new());
                    let normal = uri::normalize(target, true, line.empty_path, &mut normal).is_ok().then_some(normal);
                    let body = chunks(&bytes[position..], piece);
                    return Reading { lines, end: End::Head(normal, body) };
                }
                Err(fault) => return Reading { lines, end: End::Header(fault) },
            }
        }
    }
    Reading { lines, end: End::Again }
}

/// The data of chunks up to the last one; none if that does not come.
fn chunks(bytes: &[u8], piece: usize) -> Result<Option<Vec<u8>>, InvalidChunk> {
    let (mut chunked, mut position, mut data) = (Chunked::default(), 0, Vec::new());
    for end in (piece..bytes.len()).step_by(piece).chain([bytes.len()]) {
        loop {
            match chunked.parse(&bytes[..end], &mut position)? {
                ChunkProgress::Data(range) => data.extend_from_slice(&bytes[range]),
                ChunkProgress::Done => return Ok(Some(data)),
                ChunkProgress::Again => break,
            }
        }
        assert!(chunked.least_remaining() > 0, "a body that is not over has something to come");
    }
    Ok(None)
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, bytes.len().max(1));
    assert_eq!(read(bytes, 1), whole);
    assert_eq!(read(bytes, 7), whole);
});
