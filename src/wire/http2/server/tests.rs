//! A connection as its client sees it, frame by frame.

use super::*;
use streams::{Body, Gone, Room};

const SETTINGS: Settings = Settings { max_streams: 4, window: 65_536, limits: Limits { field: 8192, block: 32_768 } };
/// `GET http://a/` out of the static table.
const GET: &[u8] = &[0x82, 0x84, 0x86, 0x41, 1, b'a'];
const POST: &[u8] = &[0x83, 0x84, 0x86, 0x41, 1, b'a'];
const WHOLE: u8 = flag::END_STREAM | flag::END_HEADERS;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    frame::write_head(payload.len(), kind, flags, stream, &mut out);
    out.extend_from_slice(payload);
    out
}

fn begun(settings: Settings) -> Server {
    let mut server = Server::new(settings);
    let mut events = Vec::new();
    server.receive(PREFACE, &mut events).expect("it is the preface");
    server.receive(&frame(kind::SETTINGS, 0, 0, &[]), &mut events).expect("settings may be empty");
    assert!(events.is_empty());
    sent(&mut server);
    server
}

fn receive(server: &mut Server, bytes: &[u8]) -> Result<Vec<Event>, Fault> {
    let (mut events, mut received) = (Vec::new(), 0);
    while received < bytes.len() {
        received += server.receive(&bytes[received..], &mut events)?;
    }
    Ok(events)
}

/// The frames that are to be sent: kind, flags, stream, payload.
fn sent(server: &mut Server) -> Vec<(u8, u8, u32, Vec<u8>)> {
    let mut bytes = server.pending().to_vec();
    server.advance(bytes.len());
    let mut frames = Vec::new();
    while let Some(head) = bytes.first_chunk() {
        let head = Head::read(head);
        frames.push((head.kind, head.flags, head.stream, bytes[HEAD_LENGTH..HEAD_LENGTH + head.length].to_vec()));
        bytes.drain(..HEAD_LENGTH + head.length);
    }
    assert!(bytes.is_empty());
    frames
}

fn open(server: &mut Server, id: u32) {
    receive(server, &frame(kind::HEADERS, flag::END_HEADERS, id, POST)).expect("it is a request");
}

#[test]
fn the_settings_come_first() {
    let mut server = Server::new(SETTINGS);
    let frames = sent(&mut server);
    assert_eq!(frames[0].3, [0, 3, 0, 0, 0, 4, 0, 4, 0, 1, 0, 0, 0, 5, 0, 255, 255, 255]);
    assert_eq!(frames[1], (kind::WINDOW_UPDATE, 0, 0, vec![0x7f, 0xff, 0, 0]));
}

#[test]
fn what_follows_a_request_waits_until_it_is_asked_for() {
    let mut server = begun(SETTINGS);
    let request = |id| frame(kind::HEADERS, WHOLE, id, GET);
    let bytes = [request(1), request(3), vec![0]].concat();
    let (first, second) = bytes.split_at(12);
    let mut events = Vec::new();
    assert_eq!(server.receive(first, &mut events).expect("it begins"), 12);
    assert_eq!(server.receive(second, &mut events).expect("it is a request"), 3);
    assert_eq!((events.len(), server.active()), (1, 1));
    assert_eq!(server.receive(&second[3..], &mut events).expect("it is another"), 15);
    assert_eq!(server.receive(&second[18..], &mut events).expect("a frame begins"), 1);
    assert_eq!((events.len(), server.active()), (2, 2));
    assert!(server.is_incomplete());
}

#[test]
fn pieces_of_any_size_are_the_same_frames() {
    let split = [
        frame(kind::HEADERS, flag::PADDED | flag::PRIORITY, 1, &[&[2, 0, 0, 0, 0, 9], &POST[..3], &[0, 0]].concat()),
        frame(kind::CONTINUATION, flag::END_HEADERS, 1, &POST[3..]),
        frame(kind::DATA, flag::PADDED | flag::END_STREAM, 1, b"\x03body\0\0\0"),
        frame(kind::PING, 0, 0, b"question"),
    ]
    .concat();
    for size in 1..=split.len() {
        let mut server = begun(SETTINGS);
        let mut events = Vec::new();
        for piece in split.chunks(size) {
            events.extend(receive(&mut server, piece).expect("all is right"));
        }
        let [Event::Request(request)] = &events[..] else { panic!("{events:?}") };
        assert_eq!((request.id, request.is_whole, request.length), (1, false, POST.len()));
        let fields: Vec<_> = request.fields.iter().collect();
        assert_eq!(fields[3], (&b":authority"[..], &b"a"[..]));
        let mut body = Vec::new();
        assert_eq!(server.read(1, &mut body, 100), Ok(Body::Data(4)));
        assert_eq!(server.read(1, &mut body, 100), Ok(Body::End));
        assert_eq!(body, b"body");
        assert_eq!(sent(&mut server), [(kind::PING, flag::ACK, 0, b"question".to_vec())]);
        assert!(!server.is_incomplete());
    }
}

#[test]
fn an_answer_keeps_to_the_windows() {
    let mut server = begun(SETTINGS);
    receive(&mut server, &frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 3])).expect("a small window");
    receive(&mut server, &frame(kind::HEADERS, WHOLE, 1, GET)).expect("a request");
    server.send_head(1, 200, [(&b"server"[..], &b"x"[..])].into_iter(), false).expect("it is there");
    assert_eq!(server.room(1), Ok(Room::Bytes(3)));
    server.send_data(1, b"abc", false).expect("it is there");
    assert_eq!(server.room(1), Ok(Room::Wait));
    let mut woken = Vec::new();
    server.take_woken(&mut woken);
    sent(&mut server);
    server.take_woken(&mut woken);
    assert!(woken.is_empty(), "what was sent opens no window");
    // The window falls below nothing, and has to come up again.
    receive(&mut server, &frame(kind::SETTINGS, 0, 0, &[0, 4, 0, 0, 0, 1])).expect("a smaller window");
    receive(&mut server, &frame(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 2])).expect("it is opened");
    assert_eq!(server.room(1), Ok(Room::Wait));
    receive(&mut server, &frame(kind::WINDOW_UPDATE, 0, 1, &[0, 0, 0, 2])).expect("it is opened");
    server.take_woken(&mut woken);
    assert_eq!(woken, [1]);
    assert_eq!(server.room(1), Ok(Room::Bytes(2)));
    server.send_data(1, b"de", true).expect("it is there");
    server.close(1, Code::INTERNAL_ERROR);
    assert!(sent(&mut server).iter().all(|(kind, ..)| *kind != kind::RST_STREAM), "both sides have ended");
}

#[test]
fn what_is_gathered_is_bounded_and_streams_take_turns() {
    let mut server = begun(SETTINGS);
    receive(&mut server, &frame(kind::WINDOW_UPDATE, 0, 0, &[0x10, 0, 0, 0])).expect("it is opened");
    receive(&mut server, &frame(kind::SETTINGS, 0, 0, &[0, 4, 0x10, 0, 0, 0])).expect("it is opened");
    for id in [1, 3] {
        receive(&mut server, &frame(kind::HEADERS, WHOLE, id, GET)).expect("a request");
    }
    while let Ok(Room::Bytes(room)) = server.room(1) {
        server.send_data(1, &vec![0; room], false).expect("it is there");
    }
    assert!(server.pending().len() < 128 * 1024);
    assert_eq!(server.room(3), Ok(Room::Wait));
    sent(&mut server);
    let mut woken = Vec::new();
    server.take_woken(&mut woken);
    assert_eq!(woken, [1, 3]);
}

#[test]
fn the_window_of_a_body_is_opened_when_somebody_asks_for_it() {
    let mut server = begun(Settings { window: 4, ..SETTINGS });
    receive(&mut server, &frame(kind::SETTINGS, flag::ACK, 0, &[])).expect("it is an answer");
    open(&mut server, 1);
    receive(&mut server, &frame(kind::DATA, 0, 1, b"four")).expect("there is room");
    server.want_body(1, Some(10));
    let update = |increment: u8| (kind::WINDOW_UPDATE, 0, 1, vec![0, 0, 0, increment]);
    assert_eq!(sent(&mut server), [update(6)], "what waits to be read is part of it");
    let mut body = Vec::new();
    assert_eq!(server.read(1, &mut body, 3), Ok(Body::Data(3)));
    assert_eq!(server.read(1, &mut body, 3), Ok(Body::Data(1)));
    assert_eq!(sent(&mut server), [update(4)], "all was read");
    assert_eq!(server.read(1, &mut body, 3), Ok(Body::Wait));
    server.want_body(1, None);
    assert_eq!(sent(&mut server), [(kind::WINDOW_UPDATE, 0, 1, (frame::LARGEST_WINDOW - 10).to_be_bytes().to_vec())]);
    open(&mut server, 3);
    let events = receive(&mut server, &frame(kind::DATA, 0, 3, b"fiver")).expect("only the stream ends");
    let words = "client violated flow control for stream 3: received DATA frame length 5, available window 4";
    assert!(matches!(&events[..], [Event::Say(text)] if text == words), "{events:?}");
    assert_eq!(sent(&mut server), [(kind::RST_STREAM, 0, 3, vec![0, 0, 0, 3])]);
    assert_eq!(server.read(3, &mut body, 3), Err(Gone));
}

#[test]
fn a_body_that_nobody_wants_takes_no_memory() {
    let mut server = begun(SETTINGS);
    open(&mut server, 1);
    server.discard_body(1);
    receive(&mut server, &frame(kind::DATA, flag::END_STREAM, 1, &[0; 9000])).expect("there is room");
    assert!(server.is_read(1), "all was taken, none kept");
    assert!(server.is_read(1));
}

#[test]
fn streams_beyond_the_limit_are_refused() {
    let mut server = begun(SETTINGS);
    (0..4).for_each(|index| open(&mut server, 2 * index + 1));
    for index in 4..104 {
        let events = receive(&mut server, &frame(kind::HEADERS, WHOLE, 2 * index + 1, GET)).expect("it goes on");
        assert!(matches!(&events[..], [Event::Say(text)] if text == "concurrent streams exceeded 4"));
        assert_eq!(sent(&mut server), [(kind::RST_STREAM, 0, 2 * index + 1, vec![0, 0, 0, 7])]);
    }
    let fault = receive(&mut server, &frame(kind::HEADERS, WHOLE, 209, GET)).expect_err("too many are too many");
    assert_eq!((fault.code, &fault.text[..]), (Code::NO_ERROR, "client sent too many refused streams"));
}

#[test]
fn streams_that_come_and_go_at_once_are_refused() {
    let mut server = begun(SETTINGS);
    let mut taken = 0;
    for index in 0..20 {
        let id = 2 * index + 1;
        let events = receive(&mut server, &frame(kind::HEADERS, WHOLE, id, GET)).expect("it goes on");
        taken += events.iter().filter(|event| matches!(event, Event::Request(_))).count();
        server.close(id, Code::CANCEL);
    }
    assert_eq!(taken, 8, "twice as many as may be open");
    server.begin_turn();
    let events = receive(&mut server, &frame(kind::HEADERS, WHOLE, 101, GET)).expect("it goes on");
    assert!(matches!(&events[..], [Event::Request(_)]));
}

#[test]
fn the_end_of_a_stream_says_how_it_ended() {
    let mut server = begun(SETTINGS);
    let reset = |id, code: u8| vec![(kind::RST_STREAM, 0, id, vec![0, 0, 0, code])];
    open(&mut server, 1);
    server.close(1, Code::INTERNAL_ERROR);
    assert_eq!(sent(&mut server), reset(1, 2), "nothing was answered");
    open(&mut server, 3);
    server.send_head(3, 204, std::iter::empty(), true).expect("it is there");
    sent(&mut server);
    server.close(3, Code::INTERNAL_ERROR);
    assert_eq!(sent(&mut server), reset(3, 0), "the body was not waited for");
    receive(&mut server, &frame(kind::DATA, flag::END_STREAM, 3, b"late")).expect("it was under way");
    receive(&mut server, &frame(kind::HEADERS, WHOLE, 3, &[0, 1, b'a', 1, b'b'])).expect("so were trailers");
    assert!(sent(&mut server).is_empty());
    open(&mut server, 5);
    receive(&mut server, &frame(kind::RST_STREAM, 0, 5, &[0, 0, 0, 8])).expect("clients may give up");
    assert!(server.is_gone(5) && server.given_up(5) == Some(Code::CANCEL));
    server.close(5, Code::INTERNAL_ERROR);
    assert!(sent(&mut server).is_empty());
}

#[test]
fn behind_goaway_no_stream_is_taken() {
    let mut server = begun(SETTINGS);
    open(&mut server, 1);
    server.go_away(Code::NO_ERROR);
    server.go_away(Code::PROTOCOL_ERROR);
    assert_eq!(sent(&mut server), [(kind::GOAWAY, 0, 0, vec![0, 0, 0, 1, 0, 0, 0, 0])], "once");
    let block = [&[0x40, 1, b'x', 1, b'y'][..], GET].concat();
    for crossing in [
        frame(kind::HEADERS, flag::END_HEADERS, 3, &block),
        frame(kind::DATA, 0, 3, b"lost"),
        frame(kind::WINDOW_UPDATE, 0, 3, &[0, 0, 0, 1]),
        frame(kind::HEADERS, WHOLE, 3, &[0xbe]),
        frame(kind::RST_STREAM, 0, 3, &[0; 4]),
    ] {
        assert!(receive(&mut server, &crossing).expect("it is ignored").is_empty());
    }
    receive(&mut server, &frame(kind::DATA, flag::END_STREAM, 1, b"rest")).expect("the first goes on");
    let mut body = Vec::new();
    assert_eq!((server.read(1, &mut body, 9), &body[..]), (Ok(Body::Data(4)), &b"rest"[..]));
}

#[test]
fn a_request_that_does_not_become_whole_is_given_up() {
    let mut server = begun(SETTINGS);
    receive(&mut server, &frame(kind::HEADERS, flag::END_STREAM, 1, &[0x40, 1, b'x', 1, b'y'])).expect("a first piece");
    assert!(server.is_in_request());
    server.give_up_request();
    assert_eq!(sent(&mut server), [(kind::RST_STREAM, 0, 1, vec![0, 0, 0, 1])]);
    assert!(!server.is_in_request() && server.is_incomplete());
    assert!(receive(&mut server, &frame(kind::CONTINUATION, flag::END_HEADERS, 1, GET)).expect("the rest").is_empty());
    // What the block put into the table is there.
    let events = receive(&mut server, &frame(kind::HEADERS, WHOLE, 3, &[0x82, 0x84, 0x86, 0xbe])).expect("a request");
    let [Event::Request(request)] = &events[..] else { panic!("{events:?}") };
    assert!(request.fields.iter().last() == Some((&b":authority"[..], &b"a"[..])));
}

#[test]
fn what_takes_too_much_ends_the_connection() {
    let large: Vec<u8> = [&[0, 1, b'x', 0x7f, 0x81, 0x3e][..], &[b'a'; 8064]].concat();
    let mut server = begun(SETTINGS);
    receive(&mut server, &frame(kind::HEADERS, flag::END_STREAM, 1, &large)).expect("a first piece");
    let fault = (0..9).find_map(|_| receive(&mut server, &frame(kind::CONTINUATION, 0, 1, &large)).err());
    assert_eq!(fault.map(|fault| fault.code), Some(Code::ENHANCE_YOUR_CALM), "headers without an end");
    let mut server = begun(SETTINGS);
    let priority = frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 3, 1]);
    let fault = (0..100).find_map(|_| receive(&mut server, &priority).err());
    assert_eq!(fault.map(|fault| fault.code), Some(Code::ENHANCE_YOUR_CALM), "an order that nobody keeps");
    let mut server = begun(SETTINGS);
    let pings = frame(kind::PING, 0, 0, &[0; 8]).repeat(1000);
    let fault = (0..1000).find_map(|_| receive(&mut server, &pings).err());
    assert_eq!(fault.map(|fault| fault.text).as_deref(), Some("http2 flood detected"));
}
