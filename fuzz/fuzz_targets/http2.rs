//! Any bytes behind the preface of HTTP/2: in one piece and byte by byte they are the same requests, and what they hold is bounded.

#![no_main]

use evenkeel::wire::http2::frame::{Code, PREFACE};
use evenkeel::wire::http2::hpack::Limits;
use evenkeel::wire::http2::server::{Event, Server, Settings};
use libfuzzer_sys::fuzz_target;

const SETTINGS: Settings = Settings { max_streams: 8, window: 4096, limits: Limits { field: 512, block: 2048 } };

/// The requests that came, and whether the connection goes on.
fn requests<'p>(pieces: impl Iterator<Item = &'p [u8]>) -> (Vec<String>, bool) {
    let mut server = Server::new(SETTINGS);
    let mut events = Vec::new();
    let goes_on = [PREFACE].into_iter().chain(pieces).all(|mut piece| {
        while !piece.is_empty() {
            match server.receive(piece, &mut events) {
                Ok(length) => piece = &piece[length..],
                Err(_) => return false,
            }
        }
        true
    });
    let mut seen = Vec::new();
    for event in &events {
        if let Event::Request(stream) = event {
            seen.push(format!("{stream:?}"));
            let mut body = Vec::new();
            let _ = (server.read(stream.id, &mut body, 100), server.room(stream.id));
            assert!(body.len() <= 100);
            server.want_body(stream.id, Some(8192));
            server.close(stream.id, Code::INTERNAL_ERROR);
        }
    }
    assert_eq!(server.active(), 0);
    (seen, goes_on)
}

fuzz_target!(|bytes: &[u8]| {
    let whole = requests([bytes].into_iter());
    let pieces = requests(bytes.chunks(1));
    assert_eq!(whole, pieces);
});
