//! Any bytes as a backend's: status line, headers and body read in pieces are what they are when read at once.

#![no_main]

use evenkeel::http::message::headers::HeaderList;
use evenkeel::http::upstream::pipe::Framing;
use evenkeel::http::upstream::response::{Parser, Progress};
use libfuzzer_sys::fuzz_target;

/// More than these bytes of trailers are refused.
const TRAILER_LIMIT: usize = 64;

/// Reads with `piece` more bytes at a time; what came of it, as text.
fn read(bytes: &[u8], piece: usize) -> String {
    let (mut parser, mut start) = (Parser::default(), 0);
    for end in (piece..bytes.len()).step_by(piece).chain([bytes.len()]) {
        loop {
            match parser.parse(&bytes[start..end]) {
                Ok(Progress::Again) => break,
                Ok(Progress::EarlyHints) => {
                    start += parser.head.end;
                    parser = Parser::default();
                }
                Ok(progress) => {
                    let body = body(&bytes[start..], &parser, piece);
                    return format!("{progress:?} {:?} {body}", parser.head);
                }
                Err(fault) => return format!("{fault:?}"),
            }
        }
    }
    "again".to_owned()
}

/// The data of the body, with its trailers.
fn body(bytes: &[u8], parser: &Parser, piece: usize) -> String {
    let (mut framing, mut kept) = (Framing::of(&parser.head, true), HeaderList::default());
    let mut data = Vec::new();
    for part in bytes[parser.head.end..].chunks(piece) {
        let mut part = part.to_vec();
        match framing.decode(&mut part, 0, &mut kept, TRAILER_LIMIT) {
            Ok(decoded) => {
                data.extend_from_slice(&part[decoded.data]);
                if decoded.done {
                    return format!("{data:?} {:?}", kept.iter().collect::<Vec<_>>());
                }
            }
            // What was read before a fault may depend on the pieces: nobody is sent it.
            Err(_) => return "fault".to_owned(),
        }
    }
    format!("{data:?} and more")
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read(bytes, bytes.len().max(1));
    let in_pieces = read(bytes, 5);
    // Trailers are too big by what is there at once.
    if !whole.ends_with("fault") && !in_pieces.ends_with("fault") {
        assert_eq!(in_pieces, whole);
    }
});
