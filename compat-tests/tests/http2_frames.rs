//! What frames may not be: each MUST of RFC 9113 and RFC 7541 that a client can break, sent as bytes; and floods of right ones.

use std::io::Write;
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
    /// The stream or the connection ends with one of these errors, or the request is answered with 400 (section 8.1.1).
    Stream(&'static [u32]),
    /// The stream is answered with 200.
    Answered,
    /// Nothing: the connection goes on.
    Ignored,
}

use Outcome::{Answered, Connection, Ignored, Stream};

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
    let (mut is_answered, mut is_alive) = (false, false);
    while let Some((kind, flags, stream, payload)) = read_frame(&mut client) {
        seen.push((kind, flags, stream, payload.len()));
        match (kind, expected) {
            (GOAWAY, Connection(codes) | Stream(codes)) => {
                let code = number_at(&payload, 4);
                return if codes.contains(&code) { Ok(()) } else { Err(format!("GOAWAY with {code}")) };
            }
            (RST_STREAM, Stream(codes)) => {
                let code = number_at(&payload, 0);
                return if codes.contains(&code) { Ok(()) } else { Err(format!("RST_STREAM with {code}")) };
            }
            (HEADERS, Stream(_)) if payload.first() == Some(&0x8c) => return Ok(()),
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
const MALFORMED: Outcome = Stream(&[PROTOCOL_ERROR]);

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
        ("WINDOW_UPDATE of a stream by nothing", [open(), window(1, 0)].concat(), MALFORMED),
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
    ]);
}

#[test]
fn frames_of_streams() {
    let get = |stream| frame(HEADERS, WHOLE, stream, GET);
    let data = |flags, stream, payload: &[u8]| frame(DATA, flags, stream, payload);
    let continuation = |flags, stream, payload: &[u8]| frame(CONTINUATION, flags, stream, payload);
    let begun = || frame(HEADERS, END_STREAM, 1, &GET[..3]);
    let length = |value: &str| literal("content-length", value);
    let closed = Stream(&[STREAM_CLOSED, PROTOCOL_ERROR]);
    judge_all(&[
        ("a request", get(1), Answered),
        ("a request with the reserved bit", get(1 | 1 << 31), Answered),
        (
            "a request in three frames",
            [begun(), continuation(0, 1, &GET[3..4]), continuation(4, 1, &GET[4..])].concat(),
            Answered,
        ),
        ("a request with padding", frame(HEADERS, WHOLE | PADDED, 1, &[&[2], GET, &[0, 0]].concat()), Answered),
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
        ("HEADERS behind the end of a stream", [get(1), get(1)].concat(), closed),
        ("trailers", [post(1, &[]), data(0, 1, b"x"), frame(HEADERS, WHOLE, 1, &literal("a", "b"))].concat(), Answered),
        (
            "trailers that are not the end",
            [post(1, &[]), frame(HEADERS, END_HEADERS, 1, &literal("a", "b"))].concat(),
            MALFORMED,
        ),
        ("DATA of the connection", data(0, 0, b"x"), PROTOCOL),
        ("DATA of an idle stream", data(0, 1, b"x"), PROTOCOL),
        ("DATA behind the end of a stream", [get(1), data(0, 1, b"x")].concat(), closed),
        (
            "DATA behind RST_STREAM",
            [post(1, &[]), frame(RST_STREAM, 0, 1, &[0, 0, 0, 8]), data(0, 1, b"x")].concat(),
            Ignored,
        ),
        ("DATA with more padding than there is", [post(1, &[]), data(PADDED, 1, &[9, 0])].concat(), PROTOCOL),
        (
            "DATA larger than the window",
            [post(1, &[]), data(0, 1, &[0; 65_537])].concat(),
            Stream(&[FLOW_CONTROL_ERROR]),
        ),
        ("a body that is longer than said", [post(1, &length("1")), data(1, 1, b"four")].concat(), MALFORMED),
        ("a body that is shorter than said", [post(1, &length("9")), data(1, 1, b"four")].concat(), MALFORMED),
        ("CONTINUATION of the connection", continuation(4, 0, GET), PROTOCOL),
        ("CONTINUATION of nothing", continuation(4, 1, GET), PROTOCOL),
        ("CONTINUATION behind the end of the headers", [get(1), continuation(4, 1, GET)].concat(), PROTOCOL),
        ("CONTINUATION of another stream", [begun(), continuation(4, 3, GET)].concat(), PROTOCOL),
        ("PING inside of headers", [begun(), frame(PING, 0, 0, &[0; 8])].concat(), PROTOCOL),
        ("DATA inside of headers", [begun(), data(1, 1, b"x")].concat(), PROTOCOL),
        ("HEADERS inside of headers", [begun(), get(3)].concat(), PROTOCOL),
        ("an unknown kind of frame inside of headers", [begun(), frame(0x99, 0, 1, b"x")].concat(), PROTOCOL),
        (
            "more streams than allowed",
            (0..9).flat_map(|index| post(2 * index + 1, &[])).collect(),
            Stream(&[REFUSED_STREAM, PROTOCOL_ERROR]),
        ),
    ]);
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
        ("a name in capitals", get_with("X-Test", "1"), MALFORMED),
        ("a name with a space", get_with("x test", "1"), MALFORMED),
        ("a name with a colon", get_with("x:test", "1"), MALFORMED),
        ("an empty name", get_with("", "1"), MALFORMED),
        ("a value with a line's end", get_with("x-test", "a\r\nb"), MALFORMED),
        ("a value with a zero byte", get_with("x-test", "a\0b"), MALFORMED),
        ("Connection", get_with("connection", "close"), MALFORMED),
        ("Transfer-Encoding", get_with("transfer-encoding", "chunked"), MALFORMED),
        ("Upgrade", get_with("upgrade", "x"), MALFORMED),
        ("Keep-Alive", get_with("keep-alive", "1"), MALFORMED),
        ("Proxy-Connection", get_with("proxy-connection", "close"), MALFORMED),
        ("TE of something else", get_with("te", "gzip"), MALFORMED),
        ("TE: trailers", get_with("te", "trailers"), Answered),
        ("an unknown pseudo-header field", get_with(":test", "1"), MALFORMED),
        ("a pseudo-header field of answers", get_with(":status", "200"), MALFORMED),
        ("a pseudo-header field behind others", request(&[method, scheme, host, &literal("a", "b"), path]), MALFORMED),
        ("no method", request(&[path, scheme, host]), MALFORMED),
        ("no path", request(&[method, scheme, host]), MALFORMED),
        ("no scheme", request(&[method, path, host]), MALFORMED),
        ("an empty path", request(&[method, scheme, host, &literal(":path", "")]), MALFORMED),
        ("two methods", request(&[method, method, path, scheme, host]), MALFORMED),
        ("two paths", request(&[method, path, path, scheme, host]), MALFORMED),
        ("two schemes", request(&[method, path, scheme, scheme, host]), MALFORMED),
        ("two hosts", request(&[method, path, scheme, host, host]), MALFORMED),
        ("a host and another Host", request(&[method, path, scheme, host, &literal("host", "b")]), MALFORMED),
        (
            "two lengths of a body",
            [post(1, &[literal("content-length", "1"), literal("content-length", "2")].concat())].concat(),
            MALFORMED,
        ),
        ("a length that is no number", post(1, &literal("content-length", "one")), MALFORMED),
    ]);
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
