//! Answers in any pieces, what no answer is, and the windows of both sides.

use super::*;

const PATH: (&[u8], &[u8], &[u8]) = (b"GET", b"/", b"backend");

/// A connection with its first request sent.
fn client(ends: bool) -> Client {
    let mut client = Client::default();
    client.begin(&write_request(PATH, false, std::iter::empty()), ends, 4096);
    let length = client.pending().len();
    client.advance(length);
    client
}

fn frame_of(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write_head(payload.len(), kind, flags, stream, &mut out);
    out.extend_from_slice(payload);
    out
}

fn head(status: u16, fields: &[(&str, &str)], flags: u8) -> Vec<u8> {
    let mut block = Vec::new();
    hpack::encode_status(status, &mut block);
    fields.iter().for_each(|(name, value)| hpack::encode_literal(name.as_bytes(), value.as_bytes(), &mut block));
    frame_of(kind::HEADERS, flags | flag::END_HEADERS, 1, &block)
}

fn text(fields: &Fields) -> String {
    let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
    fields.iter().map(|(name, value)| format!("{}: {}\n", text(name), text(value))).collect()
}

/// All that comes of bytes given in pieces of this size.
fn take(client: &mut Client, bytes: &[u8], piece: usize) -> Result<String, Fault> {
    let (mut seen, mut body, mut trailers) = (String::new(), Vec::new(), Fields::default());
    for mut piece in bytes.chunks(piece) {
        while let Some(event) = client.receive(&mut piece, &mut body, &mut trailers)? {
            match event {
                Event::EarlyHints(fields) => seen += &format!("hints\n{}", text(&fields)),
                Event::Head(_, fields) => seen += &text(&fields),
            }
        }
    }
    Ok(format!("{seen}{}\n{}", String::from_utf8_lossy(&body), text(&trailers)))
}

fn fails(client: &mut Client, bytes: &[u8]) -> String {
    let fault = take(client, bytes, usize::MAX).expect_err("a fault");
    fault.lines().collect::<Vec<_>>().join("; ")
}

#[test]
fn a_connection_begins_as_nginx_begins_it() {
    let mut client = Client::default();
    client.begin(&write_request(PATH, true, [(&b"x"[..], &b"y"[..])].into_iter()), true, 4096);
    let settings: &[u8] = b"\0\0\x12\x04\0\0\0\0\0\0\x01\0\0\0\0\0\x02\0\0\0\0\0\x04\x7f\xff\xff\xff";
    let window: &[u8] = b"\0\0\x04\x08\0\0\0\0\0\x7f\xff\0\0";
    assert_eq!(client.pending()[..64], [PREFACE, settings, window].concat());
    assert_eq!(client.pending()[67..77], [kind::HEADERS, 5, 0, 0, 0, 1, 0x82, 0x87, 0x84, 0x41]);
    assert!(client.pending().ends_with(b"\0\x01x\x01y"));
}

#[test]
fn an_answer_in_any_pieces() {
    let bytes = [
        frame_of(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 7]),
        head(103, &[("link", "</a>")], 0),
        head(200, &[("content-length", "5")], 0),
        frame_of(kind::DATA, flag::PADDED, 1, b"\x02hel--"),
        frame_of(kind::PING, 0, 0, b"12345678"),
        frame_of(kind::DATA, 0, 1, b"lo"),
        frame_of(kind::HEADERS, flag::END_STREAM, 1, b"\0\x01a"),
        frame_of(kind::CONTINUATION, flag::END_HEADERS, 1, b"\x01b"),
        frame_of(kind::RST_STREAM, 0, 1, &[0; 4]),
    ]
    .concat();
    for piece in [1, 3, 1000] {
        let mut client = client(true);
        let seen = take(&mut client, &bytes, piece).expect("a good answer");
        insta::allow_duplicates! {
            insta::assert_snapshot!(seen, @r"
            hints
            :status: 103
            link: </a>
            :status: 200
            content-length: 5
            hello
            a: b
            ");
        }
        assert!(client.is_done() && !client.is_at_rest(), "two answers are to be sent");
        assert_eq!(
            client.pending(),
            b"\0\0\0\x04\x01\0\0\0\0\0\0\x08\x06\x01\0\0\0\0".iter().chain(b"12345678").copied().collect::<Vec<_>>()
        );
        let length = client.pending().len();
        client.advance(length);
        assert!(client.is_at_rest());
        client.begin(&[0x82], false, 4096);
        assert_eq!(client.room(), 7, "the settings count for the next stream");
        assert_eq!(client.pending(), b"\0\0\x01\x01\x04\0\0\0\x03\x82");
    }
}

#[test]
fn a_head_can_be_all() {
    let mut client = client(true);
    let bytes = head(204, &[], flag::END_STREAM);
    let event = client.receive(&mut &bytes[..], &mut Vec::new(), &mut Fields::default());
    assert!(matches!(event, Ok(Some(Event::Head(204, _)))));
    assert!(client.is_done() && client.is_at_rest());
}

#[test]
fn a_body_waits_for_room() {
    let mut client = client(false);
    assert_eq!(client.send(&[b'a'; 70_000], true), 65_535);
    assert_eq!((client.room(), client.is_sent(), client.send(b"a", true)), (0, false, 0));
    let room = |stream: u32, size: u32| frame_of(kind::WINDOW_UPDATE, 0, stream, &size.to_be_bytes());
    take(&mut client, &room(1, 10), 1).expect("more room");
    assert_eq!(client.room(), 0, "the connection has none");
    take(&mut client, &room(0, 4), 1).expect("more room");
    assert_eq!((client.send(b"abcd", false), client.room()), (4, 0));
    assert_eq!(client.send(b"", true), 0, "the end waits, too");
    take(&mut client, &room(0, 4), 1).expect("more room");
    client.send(b"", true);
    assert!(client.is_sent() && client.pending().ends_with(b"\0\0\0\0\x01\0\0\0\x01"));
}

#[test]
fn faults_in_nginx_s_words() {
    let data = |text: &[u8]| frame_of(kind::DATA, 0, 1, text);
    let block = |block: &[u8]| frame_of(kind::HEADERS, flag::END_HEADERS, 1, block);
    let before_the_head = [
        data(b""),
        frame_of(kind::CONTINUATION, 0, 1, b""),
        [frame_of(kind::HEADERS, 0, 1, b"\x88"), frame_of(kind::PING, 0, 0, b"12345678")].concat(),
        frame_of(kind::HEADERS, 0, 3, b""),
        b"\0\x40\x01\0\0\0\0\0\0".to_vec(),
        frame_of(kind::PUSH_PROMISE, 0, 1, b""),
        frame_of(kind::RST_STREAM, 0, 1, &[0, 0, 0, 8]),
        frame_of(kind::RST_STREAM, 0, 1, &[0; 5]),
        frame_of(kind::GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 2]),
        frame_of(kind::GOAWAY, 0, 1, &[0; 8]),
        frame_of(kind::PING, flag::ACK, 0, &[0; 8]),
        frame_of(kind::SETTINGS, flag::ACK, 0, &[0; 6]),
        frame_of(kind::SETTINGS, 0, 0, &[0; 5]),
        frame_of(kind::SETTINGS, 0, 0, &[0, 4, 0x80, 0, 0, 0]),
        frame_of(kind::WINDOW_UPDATE, 0, 0, &[0; 4]),
        frame_of(kind::WINDOW_UPDATE, 0, 1, &[0x7f, 0xff, 0xff, 0xff]),
        frame_of(kind::HEADERS, flag::PADDED, 1, b""),
        frame_of(kind::HEADERS, flag::PADDED, 1, b"\x02a"),
        block(b"\xbe"),
        block(b"\x21"),
        block(b"\x88\x88"),
        block(b"\0\x01a\x01b"),
        block(b"\x88\0\x01A\x01b"),
        block(b"\x88\0\x01a"),
        block(b"\x82"),
        block(b"\x08\x03abc"),
        block(b"\x08\x03100"),
        block(b""),
        head(103, &[], flag::END_STREAM),
    ];
    let texts: Vec<String> = before_the_head.iter().map(|bytes| fails(&mut client(true), bytes)).collect();
    insta::assert_snapshot!(texts.join("\n"));
    let behind_it = [
        [data(b"abc"), data(b"abc")].concat(),
        frame_of(kind::DATA, flag::END_STREAM, 1, b"abc"),
        frame_of(kind::DATA, flag::PADDED, 1, b""),
        frame_of(kind::DATA, flag::PADDED, 1, b"\x02a"),
        frame_of(kind::DATA, 0, 3, b""),
        [frame_of(kind::DATA, flag::END_STREAM, 1, b"abcde"), data(b"")].concat(),
        frame_of(kind::RST_STREAM, 0, 1, &[0; 4]),
        block(b"\0\x01a\x01b"),
        block(b"\x88"),
        block(b"\xbe"),
    ];
    let fails = |bytes: &Vec<u8>| {
        let mut client = client(true);
        take(&mut client, &head(200, &[], 0), 1).expect("a head");
        client.expect_body(Some(5));
        fails(&mut client, bytes)
    };
    let texts: Vec<String> = behind_it.iter().map(fails).collect();
    insta::assert_snapshot!(texts.join("\n"));
}

#[test]
fn the_first_fault_counts_in_any_pieces() {
    // A field before any status, and behind it one without a name.
    let bytes = frame_of(kind::HEADERS, flag::END_HEADERS, 1, b"\x63\0\0\0");
    for piece in [1, 100] {
        let fault = take(&mut client(true), &bytes, piece).expect_err("a fault");
        assert_eq!(fault.lines().collect::<Vec<_>>(), ["upstream sent no :status header"]);
    }
}

#[test]
fn frames_that_want_answers_have_an_end() {
    let mut client = client(true);
    let pings = frame_of(kind::PING, 0, 0, b"12345678").repeat(1001);
    assert_eq!(fails(&mut client, &pings), "upstream sent too many ping frames");
}

#[test]
fn the_window_is_opened_again() {
    let mut client = client(true);
    take(&mut client, &head(200, &[], 0), 100).expect("a head");
    client.receive_windows = [LITTLE_WINDOW + 1, LITTLE_WINDOW + 3];
    take(&mut client, &frame_of(kind::DATA, 0, 1, b"ab"), 100).expect("it fits");
    assert_eq!(client.receive_windows, [LARGEST_WINDOW; 2]);
    assert_eq!(client.pending().len(), 26);
    client.receive_windows = [1, 9];
    let text = fails(&mut client, &frame_of(kind::DATA, 0, 1, b"ab"));
    assert_eq!(text, "upstream violated stream flow control, received 2 data frame with window 1");
}
