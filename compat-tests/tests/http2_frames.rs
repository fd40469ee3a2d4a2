//! What frames may not be: each MUST of RFC 9113 and RFC 7541 that a client can break, sent as bytes; and floods of right ones.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use compat_tests::floods::FLOODS;
use compat_tests::http2::kind::*;
use compat_tests::http2::{
    BEGINNING, END_HEADERS, END_STREAM, GET, WHOLE, frame, literal, number_at, read_frame, setting,
};
use compat_tests::ports::Ports;
use compat_tests::program::Server;
use compat_tests::scratch::Scratch;
use compat_tests::subject;

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
events {}
http {
    access_log off;
    server {
        listen 127.0.0.1:8080 http2;
        http2_max_concurrent_streams 8;
        client_header_timeout 20s;
        location / { return 200 "said\n"; }
        location /taken { client_max_body_size 1m; proxy_pass http://127.0.0.1:8081; }
    }
    server {
        listen 127.0.0.1:8081;
        return 200 "taken\n";
    }
}
"#;

const PADDED: u8 = 8;
const PRIORITIZED: u8 = 0x20;

const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const REFUSED_STREAM: u32 = 7;
const COMPRESSION_ERROR: u32 = 9;
const ENHANCE_YOUR_CALM: u32 = 11;

/// What has to come of some frames.
#[derive(Clone, Copy, Debug)]
enum Outcome {
    /// The connection ends with one of these errors.
    Connection(&'static [u32]),
    /// The stream or the connection ends with one of these errors.
    Stream(&'static [u32]),
    /// nginx's page for 400 without its end, then the stream's end with PROTOCOL_ERROR (section 8.1.1).
    Refused,
    /// The stream is answered with 200.
    Answered,
    /// Nothing: the connection goes on.
    Ignored,
}

use Outcome::{Answered, Connection, Ignored, Refused, Stream};

fn get_with(name: &str, value: &str) -> Vec<u8> {
    frame(HEADERS, WHOLE, 1, &[GET, &literal(name, value)].concat())
}

/// `POST http://a/taken` without its body, and further header lines.
fn post(stream: u32, lines: &[u8]) -> Vec<u8> {
    let head = [&[0x83, 0x86, 0x41, 1, b'a'][..], &literal(":path", "/taken"), lines];
    // `:path` is a pseudo-header field like the others.
    frame(HEADERS, END_HEADERS, stream, &head.concat())
}

struct Scene {
    _scratch: Scratch,
    ports: Ports,
    _server: Server,
}

impl Scene {
    fn set() -> Self {
        let scratch = Scratch::new().expect("there is room for a scratch directory");
        let mut ports = Ports::default();
        let program = subject::ours().expect("evenkeel builds").nginx;
        let listening = [8080, 8081];
        let server = Server::start_nginx(&program, CONFIGURATION, &scratch, &mut ports, &listening).expect("it starts");
        Self { _scratch: scratch, ports, _server: server }
    }

    fn client(&self) -> TcpStream {
        let mut client = TcpStream::connect(("127.0.0.1", self.ports.real(8080))).expect("it listens");
        client.set_read_timeout(Some(Duration::from_secs(20))).expect("it can be set");
        client.write_all(BEGINNING).expect("it takes the preface");
        client
    }
}

/// What comes of the frames. A ping behind them shows that the connection goes on.
fn judge(scene: &Scene, frames: &[u8], expected: Outcome) -> Result<(), String> {
    const LAST: &[u8; 8] = b"the last";
    let mut client = scene.client();
    // A server may have closed the connection already.
    drop(client.write_all(frames));
    if matches!(expected, Ignored | Answered) {
        drop(client.write_all(&frame(PING, 0, 0, LAST)));
    }
    let mut seen = Vec::new();
    let (mut is_answered, mut is_alive, mut is_refused) = (false, false, false);
    while let Some((kind, flags, stream, payload)) = read_frame(&mut client) {
        seen.push((kind, flags, stream, payload.len()));
        match (kind, expected) {
            (GOAWAY, Connection(codes) | Stream(codes)) => {
                let code = number_at(&payload, 4);
                // Nothing follows (section 5.4.1).
                return match (codes.contains(&code), read_frame(&mut client)) {
                    (true, None) => Ok(()),
                    (_, next) => Err(format!("GOAWAY with {code}, then {next:?}")),
                };
            }
            (HEADERS | DATA, Refused) if flags & END_STREAM != 0 => return Err(format!("an answer: {seen:?}")),
            (HEADERS, Refused) => is_refused = payload.first() == Some(&0x8c),
            (RST_STREAM, Refused) if is_refused && number_at(&payload, 0) == PROTOCOL_ERROR => return Ok(()),
            (RST_STREAM, Stream(codes)) => {
                let code = number_at(&payload, 0);
                return if codes.contains(&code) { Ok(()) } else { Err(format!("RST_STREAM with {code}")) };
            }
            (HEADERS, Stream(codes)) if codes.contains(&STREAM_CLOSED) => {}
            (HEADERS, Stream(_)) => return Err(format!("an answer {:02x?}", payload.first())),
            (HEADERS, Answered) if payload.first() == Some(&0x88) => is_answered = true,
            (GOAWAY | RST_STREAM, _) => return Err(format!("an end: {kind} {payload:02x?}")),
            (PING, _) if payload == LAST && flags & 1 == 1 => is_alive = true,
            _ => {}
        }
        if is_alive && (is_answered || matches!(expected, Ignored)) {
            return Ok(());
        }
    }
    match expected {
        // To close at once is an answer to a connection error too (section 5.4.1).
        Connection(_) => Err(format!("closed without a word: {seen:?}")),
        _ => Err(format!("closed: {seen:?}")),
    }
}

fn judge_all(checks: &[(&str, Vec<u8>, Outcome)]) {
    let scene = Scene::set();
    let faults = checks.iter().filter_map(|(name, frames, expected)| {
        judge(&scene, frames, *expected).err().map(|fault| format!("{name}: {expected:?}, but {fault}"))
    });
    let faults: Vec<_> = faults.collect();
    assert!(faults.is_empty(), "{} of {} checks:\n{}", faults.len(), checks.len(), faults.join("\n"));
}

const PROTOCOL: Outcome = Connection(&[PROTOCOL_ERROR]);
const SIZE: Outcome = Connection(&[FRAME_SIZE_ERROR]);
const COMPRESSION: Outcome = Connection(&[COMPRESSION_ERROR]);

#[test]
fn frames_about_the_connection() {
    let window = |stream, increment: u32| frame(WINDOW_UPDATE, 0, stream, &increment.to_be_bytes());
    let open = || post(1, &[]);
    judge_all(&[
        ("SETTINGS of a stream", frame(SETTINGS, 0, 1, &[]), PROTOCOL),
        ("SETTINGS of five bytes", frame(SETTINGS, 0, 0, &[0; 5]), SIZE),
        ("an acknowledgement of SETTINGS that says something", frame(SETTINGS, 1, 0, &setting(3, 1)), SIZE),
        ("ENABLE_PUSH of 2", frame(SETTINGS, 0, 0, &setting(2, 2)), PROTOCOL),
        (
            "INITIAL_WINDOW_SIZE too large",
            frame(SETTINGS, 0, 0, &setting(4, 1 << 31)),
            Connection(&[FLOW_CONTROL_ERROR]),
        ),
        ("MAX_FRAME_SIZE too small", frame(SETTINGS, 0, 0, &setting(5, 16_383)), PROTOCOL),
        ("MAX_FRAME_SIZE too large", frame(SETTINGS, 0, 0, &setting(5, 1 << 24)), PROTOCOL),
        ("an unknown setting", frame(SETTINGS, 0, 0, &setting(0x99, 1)), Ignored),
        ("PING of a stream", frame(PING, 0, 1, &[0; 8]), PROTOCOL),
        ("PING of seven bytes", frame(PING, 0, 0, &[0; 7]), SIZE),
        ("an acknowledgement of no PING", frame(PING, 1, 0, &[0; 8]), Ignored),
        ("PING with the reserved bit", frame(PING, 0, 1 << 31, &[0; 8]), Ignored),
        ("PING with unknown flags", frame(PING, 0x5e, 0, &[0; 8]), Ignored),
        ("GOAWAY of a stream", frame(GOAWAY, 0, 1, &[0; 8]), PROTOCOL),
        ("GOAWAY of four bytes", frame(GOAWAY, 0, 0, &[0; 4]), SIZE),
        ("WINDOW_UPDATE by nothing", window(0, 0), PROTOCOL),
        ("WINDOW_UPDATE of three bytes", frame(WINDOW_UPDATE, 0, 0, &[0; 3]), SIZE),
        ("WINDOW_UPDATE beyond the largest window", window(0, (1 << 31) - 1), Connection(&[FLOW_CONTROL_ERROR])),
        ("WINDOW_UPDATE of an idle stream", window(1, 1), PROTOCOL),
        ("WINDOW_UPDATE of a stream by nothing", [open(), window(1, 0)].concat(), PROTOCOL),
        (
            "WINDOW_UPDATE of a stream beyond the largest window",
            [open(), window(1, (1 << 31) - 1)].concat(),
            Stream(&[FLOW_CONTROL_ERROR]),
        ),
        ("RST_STREAM of the connection", frame(RST_STREAM, 0, 0, &[0; 4]), PROTOCOL),
        ("RST_STREAM of an idle stream", frame(RST_STREAM, 0, 1, &[0; 4]), PROTOCOL),
        ("RST_STREAM of three bytes", [open(), frame(RST_STREAM, 0, 1, &[0; 3])].concat(), SIZE),
        ("PRIORITY of the connection", frame(PRIORITY, 0, 0, &[0; 5]), PROTOCOL),
        ("PRIORITY of four bytes", frame(PRIORITY, 0, 1, &[0; 4]), SIZE),
        ("PRIORITY of a stream that depends on itself", frame(PRIORITY, 0, 1, &[0, 0, 0, 1, 1]), PROTOCOL),
        ("PRIORITY of an idle stream", frame(PRIORITY, 0, 1, &[0, 0, 0, 3, 1]), Ignored),
        ("PUSH_PROMISE", frame(PUSH_PROMISE, END_HEADERS, 1, &[0, 0, 0, 2, 0x82]), PROTOCOL),
        ("an unknown kind of frame", frame(0x99, 0xff, 7, b"whatever"), Ignored),
        ("GOAWAY for an unknown reason", frame(GOAWAY, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 0xff]), Ignored),
        ("RST_STREAM for an unknown reason", [open(), frame(RST_STREAM, 0, 1, &[0, 0, 0, 0xff])].concat(), Ignored),
        ("a window for the connection", window(0, 1), Ignored),
    ]);
}

fn get(stream: u32) -> Vec<u8> {
    frame(HEADERS, WHOLE, stream, GET)
}

fn data(flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    frame(DATA, flags, stream, payload)
}

/// What comes of frames behind the end of a stream.
const CLOSED: Outcome = Stream(&[STREAM_CLOSED, PROTOCOL_ERROR]);

#[test]
fn heads_of_streams() {
    judge_all(&[
        ("a request", get(1), Answered),
        ("a request with the reserved bit", get(1 | 1 << 31), Answered),
        ("a request with padding", frame(HEADERS, WHOLE | PADDED, 1, &[&[2], GET, &[0, 0]].concat()), Answered),
        (
            "HEADERS that depend on themselves",
            frame(HEADERS, WHOLE | PRIORITIZED, 1, &[&[0, 0, 0, 1, 1], GET].concat()),
            PROTOCOL,
        ),
        ("HEADERS of the connection", get(0), PROTOCOL),
        ("HEADERS of an even stream", get(2), PROTOCOL),
        ("HEADERS of a stream before the last", [get(5), get(3)].concat(), Stream(&[PROTOCOL_ERROR, STREAM_CLOSED])),
        ("HEADERS with more padding than there is", frame(HEADERS, WHOLE | PADDED, 1, &[200, 0x82]), PROTOCOL),
        (
            "HEADERS larger than all header buffers",
            frame(HEADERS, WHOLE, 1, &[0x82; 65_537]),
            Connection(&[ENHANCE_YOUR_CALM]),
        ),
        ("HEADERS without a block", frame(HEADERS, WHOLE, 1, &[]), SIZE),
        ("HEADERS behind the end of a stream", [get(1), get(1)].concat(), CLOSED),
        ("trailers", [post(1, &[]), data(0, 1, b"x"), frame(HEADERS, WHOLE, 1, &literal("a", "b"))].concat(), Answered),
        (
            "trailers that are not the end",
            [post(1, &[]), frame(HEADERS, END_HEADERS, 1, &literal("a", "b"))].concat(),
            PROTOCOL,
        ),
        (
            "a pseudo-header field in trailers",
            [post(1, &[]), frame(HEADERS, WHOLE, 1, &literal(":method", "GET"))].concat(),
            PROTOCOL,
        ),
        ("capitals in trailers", [post(1, &[]), frame(HEADERS, WHOLE, 1, &literal("A", "b"))].concat(), PROTOCOL),
    ]);
}

#[test]
fn heads_in_pieces() {
    let continuation = |flags, stream, payload: &[u8]| frame(CONTINUATION, flags, stream, payload);
    let begun = || frame(HEADERS, END_STREAM, 1, &GET[..3]);
    judge_all(&[
        (
            "a request in three frames",
            [begun(), continuation(0, 1, &GET[3..4]), continuation(4, 1, &GET[4..])].concat(),
            Answered,
        ),
        ("CONTINUATION of the connection", continuation(4, 0, GET), PROTOCOL),
        ("CONTINUATION of nothing", continuation(4, 1, GET), PROTOCOL),
        ("CONTINUATION behind the end of the headers", [get(1), continuation(4, 1, GET)].concat(), PROTOCOL),
        (
            "CONTINUATION behind the last one",
            [begun(), continuation(4, 1, &GET[3..]), continuation(4, 1, GET)].concat(),
            PROTOCOL,
        ),
        ("CONTINUATION behind DATA", [post(1, &[]), data(0, 1, b"x"), continuation(4, 1, GET)].concat(), PROTOCOL),
        ("CONTINUATION of another stream", [begun(), continuation(4, 3, GET)].concat(), PROTOCOL),
        ("PING inside of headers", [begun(), frame(PING, 0, 0, &[0; 8])].concat(), PROTOCOL),
        ("PRIORITY inside of headers", [begun(), frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1])].concat(), PROTOCOL),
        ("DATA inside of headers", [begun(), data(1, 1, b"x")].concat(), PROTOCOL),
        ("HEADERS inside of headers", [begun(), get(3)].concat(), PROTOCOL),
        ("an unknown kind of frame inside of headers", [begun(), frame(0x99, 0, 1, b"x")].concat(), PROTOCOL),
    ]);
}

#[test]
fn bodies_of_streams() {
    let continuation = |flags, stream, payload: &[u8]| frame(CONTINUATION, flags, stream, payload);
    let length = |value: &str| literal("content-length", value);
    judge_all(&[
        ("DATA of the connection", data(0, 0, b"x"), PROTOCOL),
        ("DATA of an idle stream", data(0, 1, b"x"), PROTOCOL),
        ("DATA behind the end of a stream", [get(1), data(0, 1, b"x")].concat(), CLOSED),
        (
            "DATA behind RST_STREAM",
            [post(1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), data(0, 1, b"x")].concat(),
            Stream(&[STREAM_CLOSED]),
        ),
        (
            "HEADERS behind RST_STREAM",
            [post(1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), get(1)].concat(),
            PROTOCOL,
        ),
        (
            "CONTINUATION behind RST_STREAM",
            [post(1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), continuation(4, 1, GET)].concat(),
            PROTOCOL,
        ),
        ("DATA with more padding than there is", [post(1, &[]), data(PADDED, 1, &[9, 0])].concat(), PROTOCOL),
        ("a body that is longer than said", [post(1, &length("1")), data(1, 1, b"four")].concat(), Refused),
        ("a body that is shorter than said", [post(1, &length("9")), data(1, 1, b"four")].concat(), Refused),
        (
            "a body in pieces that is shorter than said",
            [post(1, &length("9")), data(0, 1, b"four"), data(1, 1, b"four")].concat(),
            Refused,
        ),
        (
            "more streams than allowed",
            (0..9).flat_map(|index| post(2 * index + 1, &[])).collect(),
            Stream(&[REFUSED_STREAM, PROTOCOL_ERROR]),
        ),
    ]);
}

#[test]
fn what_is_right_is_answered() {
    const PRIORITY_OF: [&[u8; 5]; 4] = [&[0, 0, 0, 0, 0], &[0, 0, 0, 0, 255], &[0, 0, 0, 3, 1], &[0x80, 0, 0, 3, 1]];
    let priority = |said: &[u8]| frame(PRIORITY, 0, 1, said);
    let frames = [
        ("HEAD", frame(HEADERS, WHOLE, 1, &[&literal(":method", "HEAD")[..], &GET[1..]].concat())),
        ("a body", [post(1, &[]), data(1, 1, b"whole")].concat()),
        ("a body in pieces", [post(1, &[]), data(0, 1, b"who"), data(0, 1, b""), data(1, 1, b"le")].concat()),
        ("a body with padding", [post(1, &[]), data(PADDED | 1, 1, b"\x02whole\0\0")].concat()),
        ("a body of the largest usual frame", [post(1, &[]), data(1, 1, &[0; 1 << 14])].concat()),
        (
            "a body in a frame that no limit below the field's forbids",
            [post(1, &[]), data(1, 1, &[0; 65_535])].concat(),
        ),
        ("HEADERS with priority", frame(HEADERS, WHOLE | PRIORITIZED, 1, &[PRIORITY_OF[3], GET].concat())),
        ("PRIORITY", [PRIORITY_OF.map(|said| priority(said)).concat(), get(1)].concat()),
        ("PRIORITY of an idle stream, then an earlier one", [frame(PRIORITY, 0, 9, PRIORITY_OF[0]), get(1)].concat()),
        ("PRIORITY of a stream that the client has ended", [get(1), priority(PRIORITY_OF[1])].concat()),
        (
            "a window for a stream that the client has ended",
            [get(1), frame(WINDOW_UPDATE, 0, 1, &[0, 0, 0, 1])].concat(),
        ),
        (
            "CONTINUATION alone has all",
            [frame(HEADERS, END_STREAM, 1, &GET[..1]), frame(CONTINUATION, 4, 1, &GET[1..])].concat(),
        ),
    ];
    judge_all(&frames.map(|(name, frames)| (name, frames, Answered)));
}

/// Every way to write a field (RFC 7541 section 6), behind two new sizes of the table; what is read, the decoder's own tests say.
#[test]
fn every_way_to_write_a_field() {
    const NAME: &[u8] = &[1, b'x'];
    // `a`, also in Huffman's code. `user-agent` is 58 in the static table.
    const VALUES: [&[u8]; 2] = [&[1, b'a'], &[0x81, 0x1f]];
    let block = |name, first: &[u8], value: &[u8]| {
        (name, frame(HEADERS, WHOLE, 1, &[&[0x20, 0x3f, 0xe1, 0x1f], GET, first, value].concat()), Answered)
    };
    let mut checks = vec![block("indexed", &[0x90], &[])];
    for value in VALUES {
        checks.push(block("kept, with a name of the table", &[0x7a], value));
        checks.push(block("kept, with a new name", &[&[0x40], NAME].concat(), value));
        checks.push(block("not kept, with a name of the table", &[0x0f, 0x2b], value));
        checks.push(block("not kept, with a new name", &[&[0], NAME].concat(), value));
        checks.push(block("never kept, with a name of the table", &[0x1f, 0x2b], value));
        checks.push(block("never kept, with a new name", &[&[0x10], NAME].concat(), value));
    }
    judge_all(&checks);
}

#[test]
fn compressed_headers() {
    let block = |bytes: &[u8]| frame(HEADERS, WHOLE, 1, &[GET, bytes].concat());
    judge_all(&[
        ("an index of nothing", block(&[0x80]), COMPRESSION),
        ("an index beyond the table", block(&[0xc6]), COMPRESSION),
        (
            "an index that is too large for a number",
            block(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1]),
            COMPRESSION,
        ),
        ("a name beyond the table", block(&[0x7f, 0x80, 1, 1, b'x']), COMPRESSION),
        ("a text that is not there", block(&[0, 5, b'a']), COMPRESSION),
        ("a table larger than allowed", frame(HEADERS, WHOLE, 1, &[&[0x3f, 0xe2, 0xff, 3], GET].concat()), COMPRESSION),
        ("a new size behind a field", block(&[0x20]), COMPRESSION),
        ("padding of Huffman's code that is too long", block(&[0, 1, b'x', 0x82, 0x1f, 0xff]), COMPRESSION),
        ("padding of Huffman's code by zeros", block(&[0, 1, b'x', 0x81, 0x18]), COMPRESSION),
        ("the end of strings in Huffman's code", block(&[0, 1, b'x', 0x84, 0xff, 0xff, 0xff, 0xff]), COMPRESSION),
        ("a smaller table", frame(HEADERS, WHOLE, 1, &[&[0x20], GET].concat()), Answered),
    ]);
}

#[test]
fn requests_that_are_malformed() {
    let request = |lines: &[&[u8]]| frame(HEADERS, WHOLE, 1, &lines.concat());
    let (method, path, scheme, host) = (&[0x82][..], &[0x84][..], &[0x86][..], &[0x41, 1, b'a'][..]);
    judge_all(&[
        ("a name in capitals", get_with("X-Test", "1"), Refused),
        ("a name with a space", get_with("x test", "1"), Refused),
        ("a name with a colon", get_with("x:test", "1"), Refused),
        ("an empty name", get_with("", "1"), PROTOCOL),
        ("a value with a line's end", get_with("x-test", "a\r\nb"), Refused),
        ("a value with a zero byte", get_with("x-test", "a\0b"), Refused),
        ("Connection", get_with("connection", "close"), Refused),
        ("Transfer-Encoding", get_with("transfer-encoding", "chunked"), Refused),
        ("Upgrade", get_with("upgrade", "x"), Refused),
        ("Keep-Alive", get_with("keep-alive", "1"), Refused),
        ("Proxy-Connection", get_with("proxy-connection", "close"), Refused),
        ("TE of something else", get_with("te", "gzip"), Refused),
        ("TE: trailers", get_with("te", "trailers"), Answered),
        ("an unknown pseudo-header field", get_with(":test", "1"), Refused),
        ("a pseudo-header field of answers", get_with(":status", "200"), Refused),
        ("a pseudo-header field behind others", request(&[method, scheme, host, &literal("a", "b"), path]), Refused),
        ("no method", request(&[path, scheme, host]), Refused),
        ("no path", request(&[method, scheme, host]), Refused),
        ("no scheme", request(&[method, path, host]), Refused),
        ("an empty path", request(&[method, scheme, host, &literal(":path", "")]), Refused),
        ("two methods", request(&[method, method, path, scheme, host]), Refused),
        ("two paths", request(&[method, path, path, scheme, host]), Refused),
        ("two schemes", request(&[method, path, scheme, scheme, host]), Refused),
        ("two hosts", request(&[method, path, scheme, host, host]), Refused),
        ("a host and another Host", request(&[method, path, scheme, host, &literal("host", "b")]), Refused),
        (
            "two lengths of a body",
            [post(1, &[literal("content-length", "1"), literal("content-length", "2")].concat())].concat(),
            Refused,
        ),
        ("a length that is no number", post(1, &literal("content-length", "one")), Refused),
    ]);
}

/// The next frame of this kind.
fn next_of(client: &mut TcpStream, wanted: u8) -> (u8, Vec<u8>) {
    loop {
        let (kind, flags, _, payload) = read_frame(client).expect("the connection goes on");
        if kind == wanted {
            return (flags, payload);
        }
    }
}

/// Behind the end of both sides: section 5.1 lets a server end the connection, nginx does so for HEADERS.
#[test]
fn frames_of_closed_streams() {
    let scene = Scene::set();
    let data = frame(DATA, END_STREAM, 1, b"x");
    let continuation = frame(CONTINUATION, END_HEADERS, 1, GET);
    let priority = frame(PRIORITY, 0, 1, &[0, 0, 0, 0, 1]);
    for (frames, wanted, code) in [
        (data, RST_STREAM, STREAM_CLOSED),
        (frame(HEADERS, WHOLE, 1, GET), GOAWAY, PROTOCOL_ERROR),
        (continuation, GOAWAY, PROTOCOL_ERROR),
        ([priority, frame(PING, 0, 0, &[0, 0, 0, 0, 0, 0, 0, 7])].concat(), PING, 7),
    ] {
        let mut client = scene.client();
        client.write_all(&frame(HEADERS, WHOLE, 1, GET)).expect("it takes a request");
        assert_eq!(next_of(&mut client, DATA), (END_STREAM, b"said\n".to_vec()));
        client.write_all(&frames).expect("it takes what follows");
        let (_, payload) = next_of(&mut client, wanted);
        assert_eq!(number_at(&payload, payload.len() - 4), code, "{frames:02x?}");
    }
}

/// Section 6.9.2: the client's settings are acknowledged, the last value counts, and a window can be less than nothing.
#[test]
fn windows_of_streams() {
    let scene = Scene::set();
    let window =
        |sizes: &[u32]| frame(SETTINGS, 0, 0, &sizes.iter().flat_map(|size| setting(4, *size)).collect::<Vec<_>>());
    let update = |increment: u32| frame(WINDOW_UPDATE, 0, 1, &increment.to_be_bytes());
    let mut client = scene.client();
    client.write_all(&[window(&[100, 1]), frame(HEADERS, WHOLE, 1, GET)].concat()).expect("it takes them");
    assert_eq!(next_of(&mut client, SETTINGS), (0, settings_of_nginx()));
    assert_eq!(next_of(&mut client, SETTINGS), (1, vec![]), "the empty ones before the first");
    assert_eq!(next_of(&mut client, SETTINGS), (1, vec![]));
    assert_eq!(next_of(&mut client, DATA), (0, b"s".to_vec()));
    // One byte was sent: the window is -1, then 0, then 2.
    client.write_all(&[window(&[0]), update(1), update(2)].concat()).expect("it takes them");
    assert_eq!(next_of(&mut client, DATA), (0, b"ai".to_vec()));
    client.write_all(&window(&[3])).expect("it takes them");
    assert_eq!(next_of(&mut client, DATA), (END_STREAM, b"d\n".to_vec()));
}

/// What nginx says: so many streams, this window, and that a frame may be as large as its field can say, so none is too large.
fn settings_of_nginx() -> Vec<u8> {
    [setting(3, 8), setting(4, 65_536), setting(5, (1 << 24) - 1)].concat()
}

/// With other first bytes it is no HTTP/2: on a port that speaks HTTP/1 as well it is a request of that, which is malformed.
#[test]
fn another_preface() {
    let scene = Scene::set();
    let mut client = TcpStream::connect(("127.0.0.1", scene.ports.real(8080))).expect("it listens");
    client.write_all(b"INVALID CONNECTION PREFACE\r\n\r\n").expect("it takes them");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("it is closed");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
}

/// `floods`, a tool of this package, plays them beside the original, and holds their time.
#[test]
fn floods_cost_little() {
    let program = subject::ours().expect("evenkeel builds").nginx;
    for flood in FLOODS {
        let seen = flood.play(&program).expect("it can be played");
        assert!(seen.grown_kilobytes < 32 * 1024, "{}: {seen:?}", flood.name);
        let ends = !matches!(flood.name, "window of zero");
        assert!(seen.code.is_some() || !ends, "{}: {seen:?}", flood.name);
    }
}
