//! Any bytes as a backend's over HTTP/2: in one piece and byte by byte they are the same answer, and what they hold is bounded.

#![no_main]

use evenkeel::wire::http2::client::{Client, Event};
use evenkeel::wire::http2::hpack::Fields;
use libfuzzer_sys::fuzz_target;

/// More than these bytes of fields are refused.
const FIELD_LIMIT: usize = 512;

/// What came before the head or behind it, as text.
fn read<'p>(pieces: impl Iterator<Item = &'p [u8]>) -> String {
    let mut client = Client::default();
    client.begin(b"\x82", false, FIELD_LIMIT);
    let (mut seen, mut body, mut trailers) = (String::new(), Vec::new(), Fields::default());
    for mut piece in pieces {
        loop {
            match client.receive(&mut piece, &mut body, &mut trailers) {
                Ok(None) => break,
                Ok(Some(event)) => {
                    if matches!(event, Event::Head(..)) {
                        client.expect_body(Some(64));
                    }
                    seen.push_str(&format!("{event:?}\n"));
                }
                // What of a body was read before a fault may depend on the pieces: nobody is sent it.
                Err(fault) => return format!("{seen}{fault:?}"),
            }
        }
        client.send(&[b'a'; 100], false);
        assert!(client.room() <= i32::MAX as usize);
    }
    format!("{seen}{body:?} {trailers:?} {}", client.is_done())
}

fuzz_target!(|bytes: &[u8]| {
    let whole = read([bytes].into_iter());
    let pieces = read(bytes.chunks(1));
    // Frames that were answered are counted until the answers are sent, a window may grow by what was sent between the
    // pieces, and a body is missed when the bytes end.
    if !["too many", "too large window update", "prematurely closed"].iter().any(|text| whole.contains(text) || pieces.contains(text)) {
        assert_eq!(whole, pieces);
    }
});
