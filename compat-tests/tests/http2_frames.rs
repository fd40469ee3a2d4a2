//! What frames may not be: each MUST of RFC 9113 and RFC 7541 that a client can break, sent as bytes; and floods of right ones.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::Duration;

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

const DATA: u8 = 0;
const HEADERS: u8 = 1;
const PRIORITY: u8 = 2;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH_PROMISE: u8 = 5;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const WINDOW_UPDATE: u8 = 8;
const CONTINUATION: u8 = 9;

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;
const PADDED: u8 = 8;
/// A whole request.
const WHOLE: u8 = END_STREAM | END_HEADERS;

const PROTOCOL_ERROR: u32 = 1;
const FLOW_CONTROL_ERROR: u32 = 3;
const STREAM_CLOSED: u32 = 5;
const FRAME_SIZE_ERROR: u32 = 6;
const REFUSED_STREAM: u32 = 7;
const COMPRESSION_ERROR: u32 = 9;
const ENHANCE_YOUR_CALM: u32 = 11;

/// `GET http://a/` out of the static table (RFC 7541 appendix A).
const GET: &[u8] = &[0x82, 0x84, 0x86, 0x41, 1, b'a'];

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

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = (payload.len() as u32).to_be_bytes();
    let mut bytes = vec![length[1], length[2], length[3], kind, flags];
    bytes.extend_from_slice(&stream.to_be_bytes());
    bytes.extend_from_slice(payload);
    bytes
}

/// A header line that is not kept in the table.
fn literal(name: &str, value: &str) -> Vec<u8> {
    let mut bytes = vec![0, name.len() as u8];
    bytes.extend_from_slice(name.as_bytes());
    bytes.push(value.len() as u8);
    bytes.extend_from_slice(value.as_bytes());
    bytes
}

fn get_with(name: &str, value: &str) -> Vec<u8> {
    frame(HEADERS, WHOLE, 1, &[GET, &literal(name, value)].concat())
}

fn setting(number: u16, value: u32) -> Vec<u8> {
    [&number.to_be_bytes()[..], &value.to_be_bytes()].concat()
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
    master: u32,
}

impl Scene {
    fn set() -> Self {
        let scratch = Scratch::new().expect("there is room for a scratch directory");
        let mut ports = Ports::default();
        let program = subject::ours().expect("evenkeel builds").nginx;
        let listening = [8080, 8081];
        let server = Server::start_nginx(&program, CONFIGURATION, &scratch, &mut ports, &listening).expect("it starts");
        let master = loop {
            let written = std::fs::read_to_string(scratch.path().join("nginx.pid")).unwrap_or_default();
            match written.trim().parse() {
                Ok(pid) => break pid,
                // It listens before it says so.
                Err(_) => std::thread::sleep(Duration::from_millis(5)),
            }
        };
        Self { _scratch: scratch, ports, _server: server, master }
    }

    fn client(&self) -> TcpStream {
        let mut client = TcpStream::connect(("127.0.0.1", self.ports.real(8080))).expect("it listens");
        client.set_read_timeout(Some(Duration::from_secs(20))).expect("it can be set");
        client.write_all(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n").expect("it takes the preface");
        client.write_all(&frame(SETTINGS, 0, 0, &[])).expect("it takes settings");
        client
    }

    /// The memory of the worker, in megabytes.
    fn worker_megabytes(&self) -> u64 {
        let children = format!("/proc/{0}/task/{0}/children", self.master);
        let worker = std::fs::read_to_string(children).expect("the master runs");
        let status = std::fs::read_to_string(format!("/proc/{}/status", worker.trim())).expect("one worker runs");
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("it has memory");
        line.trim().trim_end_matches(" kB").parse::<u64>().expect("a number") / 1024
    }
}

/// Kind, flags, stream and payload of the next frame; nothing once the connection is over.
fn read_frame(client: &mut TcpStream) -> Option<(u8, u8, u32, Vec<u8>)> {
    let mut head = [0; 9];
    client.read_exact(&mut head).ok()?;
    let mut payload = vec![0; u32::from_be_bytes([0, head[0], head[1], head[2]]) as usize];
    client.read_exact(&mut payload).ok()?;
    Some((head[3], head[4], u32::from_be_bytes([head[5], head[6], head[7], head[8]]), payload))
}

fn number_at(payload: &[u8], at: usize) -> u32 {
    payload.get(at..at + 4).map_or(u32::MAX, |bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
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

/// Sends the same bytes until the connection is over, at most so often; the code of the last GOAWAY.
fn flood(scene: &Scene, mut piece: impl FnMut(u32) -> Vec<u8>, most: u32) -> Option<u32> {
    let mut client = scene.client();
    client.set_write_timeout(Some(Duration::from_secs(20))).expect("it can be set");
    let mut reader = client.try_clone().expect("a descriptor is free");
    let heard = std::thread::spawn(move || {
        let mut code = None;
        while let Some((kind, _, _, payload)) = read_frame(&mut reader) {
            if kind == GOAWAY {
                code = Some(number_at(&payload, 4));
            }
        }
        code
    });
    let was_taken = (0..most).all(|index| client.write_all(&piece(index)).is_ok());
    if was_taken {
        drop(client.shutdown(std::net::Shutdown::Write));
    }
    heard.join().expect("the reader ends")
}

#[test]
fn floods_cost_little() {
    let scene = Scene::set();
    let before = scene.worker_megabytes();
    let stream = |index: u32| 2 * index + 1;
    let resets = flood(
        &scene,
        |index| {
            let reset = frame(RST_STREAM, 0, stream(index), &[0, 0, 0, 8]);
            [frame(HEADERS, WHOLE, stream(index), GET), reset].concat()
        },
        200_000,
    );
    assert!(resets.is_some(), "streams that are reset at once end the connection");
    let begun = |index: u32| if index == 0 { frame(HEADERS, END_STREAM, 1, GET) } else { Vec::new() };
    let large = vec![literal("x-test", &"a".repeat(100)); 140].concat();
    let continued = flood(&scene, |index| [begun(index), frame(CONTINUATION, 0, 1, &large)].concat(), 10_000);
    assert!(continued.is_some(), "headers without an end end the connection");
    let empty = flood(&scene, |index| [begun(index), frame(CONTINUATION, 0, 1, &[])].concat(), 1_000_000);
    assert!(empty.is_some(), "empty pieces of headers end the connection");
    // One line of 4,000 bytes in the table, then named by a byte each: 16,000 of them in a frame.
    let kept = [&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'a'; 4000]].concat();
    let bomb = |index: u32| {
        let head = if index == 0 { kept.clone() } else { Vec::new() };
        frame(HEADERS, WHOLE, stream(index), &[GET, &head, &[0xbe; 12_000]].concat())
    };
    flood(&scene, bomb, 200);
    let settings = flood(&scene, |_| frame(SETTINGS, 0, 0, &setting(4, 65_535)).repeat(1000), 2000);
    assert!(settings.is_none_or(|code| [0, ENHANCE_YOUR_CALM].contains(&code)), "{settings:?}");
    let after = scene.worker_megabytes();
    assert!(after < before + 48, "the worker grew from {before} to {after} megabytes");
    assert_eq!(judge(&scene, &frame(HEADERS, WHOLE, 1, GET), Answered), Ok(()), "others are served");
}
