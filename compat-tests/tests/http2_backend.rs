//! Backends that speak HTTP/2: what of a request they are sent and when, and what becomes of their answer. nginx plays each scene, too.

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use compat_tests::http2::kind::*;
use compat_tests::http2::{BEGINNING, END_HEADERS, END_STREAM, WHOLE, frame, literal, number_at, read_frame, setting};
use compat_tests::ports::Ports;
use compat_tests::program::{Program, Server};
use compat_tests::scratch::Scratch;
use compat_tests::{reference, subject};

/// What `grpc_pass` does, 1.22 does, too.
const CALLS: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    log_format seen '$status $upstream_status $request_length $content_length';
    access_log access.log seen;
    client_body_timeout 5s;
    upstream backend {
        server 127.0.0.1:8081;
        keepalive 2;
    }
    server {
        listen 127.0.0.1:8080;
        listen 127.0.0.1:8082 http2;
        listen 127.0.0.1:8083 sndbuf=8k;
        location / { grpc_pass backend; }
        location /impatient {
            grpc_send_timeout 300ms;
            grpc_read_timeout 20s;
            grpc_pass backend;
        }
        location /silent {
            grpc_send_timeout 20s;
            grpc_read_timeout 300ms;
            grpc_pass backend;
        }
    }
}
"#;

/// The proxy does so since 1.29.
const PROXIED: &str = r#"
daemon off;
pid nginx.pid;
error_log error.log info;
events {}
http {
    log_format seen '$status $upstream_status $request_length $upstream_trailer_grpc_status/$sent_trailer_grpc_status';
    access_log access.log seen;
    upstream backend {
        server 127.0.0.1:8081;
        keepalive 2;
    }
    server {
        listen 127.0.0.1:8080;
        proxy_http_version 2;
        location / { proxy_pass http://backend; }
        location /unbuffered {
            proxy_request_buffering off;
            proxy_buffering off;
            proxy_pass_trailers on;
            proxy_pass http://backend;
        }
    }
}
"#;

/// What a backend does, one after the other.
enum Step {
    /// Waits for the head of the next request.
    Head,
    /// Waits until so much of its body has come.
    Body(usize),
    /// Waits for its end.
    End,
    Send(Vec<u8>),
    /// Tells the test that it has come so far.
    Tell(Sender<()>),
}

use Step::{Body, End, Head, Send, Tell};

/// One connection of a backend after the other: what each has seen, in words.
struct Backend(JoinHandle<Vec<String>>);

impl Backend {
    fn start(port: u16, connections: Vec<Vec<Step>>) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", port)).expect("the port is free");
        Self(std::thread::spawn(move || {
            let serve = |steps| Connection::accept(&listener).play(steps);
            connections.into_iter().map(serve).collect()
        }))
    }

    fn seen(self) -> Vec<String> {
        self.0.join().expect("each connection has come")
    }
}

struct Connection {
    stream: TcpStream,
    seen: Vec<String>,
    /// Heads, bytes of the present body, and whether it has ended.
    heads: usize,
    body: usize,
    has_ended: bool,
}

impl Connection {
    fn accept(listener: &TcpListener) -> Self {
        let mut stream = listener.accept().expect("somebody connects").0;
        stream.set_read_timeout(Some(Duration::from_secs(20))).expect("it can be set");
        let mut preface = [0; 24];
        stream.read_exact(&mut preface).expect("a preface comes");
        Self { stream, seen: Vec::new(), heads: 0, body: 0, has_ended: false }
    }

    /// Plays the steps, then listens to the end of the connection; a backend has said its settings before.
    fn play(mut self, steps: Vec<Step>) -> String {
        let mut expected_heads = 0;
        for step in steps {
            match step {
                Head => {
                    expected_heads += 1;
                    while self.heads < expected_heads && self.listen() {}
                }
                Body(length) => while self.body < length && self.listen() {},
                End => while !self.has_ended && self.listen() {},
                // Whoever is gone does not take it.
                Send(bytes) => drop(self.stream.write_all(&bytes)),
                Tell(test) => drop(test.send(())),
            }
        }
        while self.listen() {}
        if self.body > 0 || self.has_ended {
            self.end_body();
        }
        self.seen.join(", ")
    }

    fn end_body(&mut self) {
        let end = if self.has_ended { " whole" } else { "" };
        self.seen.push(format!("{}{end}", self.body));
    }

    /// Takes a frame; false at the end.
    fn listen(&mut self) -> bool {
        let Some((kind, flags, stream, payload)) = read_frame(&mut self.stream) else { return false };
        match kind {
            HEADERS => {
                if self.heads > 0 {
                    self.end_body();
                }
                (self.heads, self.body, self.has_ended) = (self.heads + 1, 0, false);
                let end = if flags & END_STREAM != 0 { " alone" } else { "" };
                self.seen.push(format!("head {stream}{end}"));
            }
            DATA => self.body += payload.len(),
            RST_STREAM => self.seen.push(format!("reset {}", number_at(&payload, 0))),
            GOAWAY => self.seen.push(format!("goaway {}", number_at(&payload, 4))),
            _ => {}
        }
        self.has_ended |= matches!(kind, HEADERS | DATA) && flags & END_STREAM != 0;
        true
    }
}

struct Scene {
    scratch: Scratch,
    ports: Ports,
    server: Server,
}

impl Scene {
    fn set(program: &Program, configuration: &str, listening: &[u16]) -> Self {
        let scratch = Scratch::new().expect("there is room for a scratch directory");
        let mut ports = Ports::default();
        let server = Server::start_nginx(&program.nginx, configuration, &scratch, &mut ports, listening);
        Self { scratch, ports, server: server.expect("it starts") }
    }

    fn backend(&self, connections: Vec<Vec<Step>>) -> Backend {
        Backend::start(self.ports.real(8081), connections)
    }

    fn client(&self, port: u16) -> TcpStream {
        let client = TcpStream::connect(("127.0.0.1", self.ports.real(port))).expect("it listens");
        client.set_read_timeout(Some(Duration::from_secs(20))).expect("it can be set");
        client
    }

    /// A client of HTTP/2 that has sent `POST http://a/`, and no body yet.
    fn begin(&self) -> TcpStream {
        let mut client = self.client(8082);
        let acknowledgement = frame(SETTINGS, 1, 0, &[]);
        let head = frame(HEADERS, END_HEADERS, 1, &[0x83, 0x84, 0x86, 0x41, 1, b'a']);
        client.write_all(&[BEGINNING, &acknowledgement, &head].concat()).expect("it takes a request");
        client
    }

    /// What comes back for a request of HTTP/1: status and body.
    fn ask(&self, head: &str, body: &[u8]) -> (String, String) {
        let mut client = self.client(8080);
        let request = [format!("{head}\r\nHost: a\r\nConnection: close\r\n\r\n").as_bytes(), body].concat();
        drop(client.write_all(&request));
        answer(client)
    }

    /// Ends the server: what its logs say.
    fn logs(self) -> (String, String) {
        self.server.stop().expect("it ends");
        let log = |name| fs::read_to_string(self.scratch.path().join(name)).expect("the log is there");
        (log("access.log"), log("error.log"))
    }
}

fn answer(mut client: TcpStream) -> (String, String) {
    let mut answer = Vec::new();
    match client.read_to_end(&mut answer) {
        // What was sent and not read may cost the end of an answer.
        Err(error) if error.kind() == ErrorKind::ConnectionReset => {}
        outcome => drop(outcome.expect("it answers")),
    }
    let answer = String::from_utf8(answer).expect("it is text");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    (head.get(9..12).unwrap_or_default().to_owned(), body.to_owned())
}

/// Trailers that follow an answer.
const STATUS: &str = "grpc-status: 0\r\n";
/// The end of an answer without them.
const STATUS_END: &str = "0\r\n\r\n";

fn with_both(scenario: impl Fn(Scene)) {
    for program in programs() {
        scenario(Scene::set(&program, CALLS, &[8080, 8082, 8083]));
    }
}

fn with_proxies(scenario: impl Fn(Scene)) {
    let is_old = |program: &Program| program.versions.iter().any(|version| version == "1.22");
    for program in programs().into_iter().filter(|program| !is_old(program)) {
        scenario(Scene::set(&program, PROXIED, &[8080]));
    }
}

fn programs() -> [Program; 2] {
    [reference::originals().expect("the original is installed"), subject::ours().expect("evenkeel builds")]
}

fn settings(values: &[(u16, u32)]) -> Step {
    let payload: Vec<u8> = values.iter().flat_map(|(number, value)| setting(*number, *value)).collect();
    Send(frame(SETTINGS, 0, 0, &payload))
}

const INITIAL_WINDOW_SIZE: u16 = 4;

/// Opens a window; 0 is the connection's.
fn open(stream: u32, size: u32) -> Step {
    Send(frame(WINDOW_UPDATE, 0, stream, &size.to_be_bytes()))
}

/// Status 200, a body and trailers.
fn said(stream: u32, body: &str) -> Step {
    let trailers = literal("grpc-status", "0");
    let frames = [
        frame(HEADERS, END_HEADERS, stream, &[0x88]),
        frame(DATA, 0, stream, body.as_bytes()),
        frame(HEADERS, WHOLE, stream, &trailers),
    ];
    Send(frames.concat())
}

/// A piece of the request and one of the answer, in turn.
fn piece_for_piece() -> Vec<Step> {
    let piece = |text: &str| Send(frame(DATA, 0, 1, text.as_bytes()));
    vec![
        settings(&[]),
        Head,
        Send(frame(HEADERS, END_HEADERS, 1, &[0x88])),
        Body(3),
        piece("one"),
        Body(6),
        piece("two"),
        End,
        Send(frame(HEADERS, WHOLE, 1, &literal("grpc-status", "0"))),
    ]
}

/// A body in one chunk; a call has trailers behind it, what is proxied only if that is wanted.
fn chunked(body: &str, trailers: &str) -> String {
    format!("{:x}\r\n{body}\r\n0\r\n{trailers}\r\n", body.len())
}

/// What comes of a call to [`said`].
fn called(body: &str) -> (String, String) {
    ("200".to_owned(), chunked(body, STATUS))
}

#[test]
fn an_empty_body_ends_with_a_frame_of_its_own() {
    let play = |scene: Scene, trailers: &str| {
        let steps = [1, 3, 5].into_iter().flat_map(|stream| [Head, End, said(stream, "said")]);
        let backend = scene.backend(vec![[settings(&[])].into_iter().chain(steps).collect()]);
        for head in ["GET / HTTP/1.1", "PUT / HTTP/1.1\r\nContent-Length: 0", "GET / HTTP/1.1"] {
            assert_eq!(scene.ask(head, b""), ("200".to_owned(), chunked("said", trailers)));
        }
        drop(scene.logs());
        assert_eq!(backend.seen(), ["head 1 alone, 0 whole, head 3, 0 whole, head 5 alone, 0 whole"]);
    };
    with_both(|scene| play(scene, STATUS));
    with_proxies(|scene| play(scene, ""));
}

/// The window of the connection is for all its streams, that of a stream begins with what the settings say.
#[test]
fn a_body_goes_on_as_far_as_windows_are_open() {
    let play = |scene: Scene, trailers: &str| {
        let backend = scene.backend(vec![vec![
            settings(&[]),
            Head,
            Body(65_535),
            open(0, 200_000),
            open(1, 10_000),
            Body(75_535),
            settings(&[(INITIAL_WINDOW_SIZE, 75_535)]),
            Body(85_535),
            open(1, 14_465),
            End,
            said(1, "first"),
            settings(&[(INITIAL_WINDOW_SIZE, 10)]),
            Head,
            Body(10),
            settings(&[(INITIAL_WINDOW_SIZE, 0)]),
            settings(&[(INITIAL_WINDOW_SIZE, 100_000)]),
            End,
            said(3, "second"),
        ]]);
        let body = [b'b'; 100_000];
        for expected in ["first", "second"] {
            let head = "POST / HTTP/1.1\r\nContent-Length: 100000";
            assert_eq!(scene.ask(head, &body), ("200".to_owned(), chunked(expected, trailers)));
        }
        drop(scene.logs());
        assert_eq!(backend.seen(), ["head 1, 100000 whole, head 3, 100000 whole"]);
    };
    with_both(|scene| play(scene, STATUS));
    with_proxies(|scene| play(scene, ""));
}

/// A piece of the request goes to the backend, a piece of the answer comes back, and so on.
#[test]
fn both_ways_are_open_at_once() {
    with_both(|scene| {
        let backend = scene.backend(vec![piece_for_piece()]);
        let mut client = scene.begin();
        for (piece, end) in [("one", 0), ("two", 0), ("", END_STREAM)] {
            client.write_all(&frame(DATA, end, 1, piece.as_bytes())).expect("it takes a piece");
            let is_heard = |(kind, flags, _, payload): &(u8, u8, u32, Vec<u8>)| match end {
                0 => *kind == DATA && payload == piece.as_bytes(),
                _ => *kind == HEADERS && flags & END_STREAM != 0,
            };
            while !is_heard(&read_frame(&mut client).expect("the connection goes on")) {}
        }
        let (access, _) = scene.logs();
        assert_eq!(access, "200 200 12 -\n");
        assert_eq!(backend.seen(), ["head 1, 6 whole"]);
    });
}

/// The same for a client of HTTP/1, whose connection goes on behind it.
#[test]
fn both_ways_are_open_at_once_for_chunks() {
    let play = |scene: Scene, path: &str, trailers: &str| {
        let mut steps = piece_for_piece();
        steps.extend([Head, End, said(3, "said")]);
        let backend = scene.backend(vec![steps]);
        let mut client = scene.client(8080);
        let head = format!("POST {path} HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n");
        client.write_all(head.as_bytes()).expect("it takes a head");
        let last = format!("0\r\n{trailers}\r\n");
        for (piece, answer) in
            [("3\r\none\r\n", "3\r\none\r\n"), ("3\r\ntwo\r\n", "3\r\ntwo\r\n"), ("0\r\n\r\n", &last)]
        {
            client.write_all(piece.as_bytes()).expect("it takes a piece");
            let mut heard = Vec::new();
            while !heard.ends_with(answer.as_bytes()) {
                let mut byte = [0];
                client.read_exact(&mut byte).expect("the answer goes on");
                heard.extend(byte);
            }
        }
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").expect("it takes another request");
        assert_eq!(answer(client).0, "200");
        drop(scene.logs());
        assert_eq!(backend.seen(), ["head 1, 6 whole, head 3 alone, 0 whole"]);
    };
    with_both(|scene| play(scene, "/", STATUS));
    with_proxies(|scene| play(scene, "/unbuffered", STATUS));
}

/// A client of HTTP/1 that takes nothing of a long answer is read from nevertheless.
#[test]
fn a_client_may_upload_before_it_takes_its_answer() {
    with_both(|scene| {
        const ANSWER: usize = 400_000;
        let (teller, told) = channel();
        let (sent, is_sent) = channel();
        let answer = [0; ANSWER / 10_000].map(|_| frame(DATA, 0, 1, &[b'a'; 10_000])).concat();
        let backend = scene.backend(vec![vec![
            settings(&[(INITIAL_WINDOW_SIZE, 1_000_000)]),
            open(0, 1_000_000),
            Head,
            Send(frame(HEADERS, END_HEADERS, 1, &[0x88])),
            Send(answer),
            Tell(sent),
            End,
            Tell(teller),
            Send(frame(HEADERS, WHOLE, 1, &literal("grpc-status", "0"))),
        ]]);
        let mut client = scene.client(8083);
        let body = [b'b'; 100_000];
        let head = format!("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: {}\r\n\r\n", body.len());
        client.write_all(head.as_bytes()).expect("it takes a head");
        is_sent.recv_timeout(Duration::from_secs(10)).expect("the answer is on its way");
        std::thread::sleep(Duration::from_millis(200));
        for piece in body.chunks(10_000) {
            client.write_all(piece).expect("it takes a piece");
            std::thread::sleep(Duration::from_millis(10));
        }
        told.recv_timeout(Duration::from_secs(10)).expect("the backend has the whole body");
        let mut heard = Vec::new();
        while !heard.ends_with(STATUS_END.as_bytes()) {
            let mut piece = [0; 4096];
            let length = client.read(&mut piece).expect("the answer goes on");
            assert!(length > 0, "the answer ends");
            heard.extend_from_slice(&piece[..length]);
        }
        let is_head_end = |window: &[u8]| window == b"\r\n\r\n";
        let head_end = heard.windows(4).position(is_head_end).expect("the head ends");
        let content = heard[head_end..].iter().filter(|byte| **byte == b'a');
        // The other ones are digits of chunks and letters of trailers.
        assert!((ANSWER..ANSWER + 1000).contains(&content.count()));
        drop(client);
        drop(scene.logs());
        assert_eq!(backend.seen(), ["head 1, 100000 whole"]);
    });
}

/// The time for what a backend sends next is not that for what a client sends next.
#[test]
fn a_backend_that_falls_silent_is_given_up_while_the_client_goes_on() {
    with_both(|scene| {
        let begin = frame(DATA, 0, 1, b"begun");
        let head = frame(HEADERS, END_HEADERS, 1, &[0x88]);
        let backend = scene.backend(vec![vec![settings(&[]), Head, Send(head), Send(begin)]]);
        let mut client = scene.client(8080);
        let head = "POST /silent HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n";
        client.write_all(head.as_bytes()).expect("it takes a head");
        client.set_read_timeout(Some(Duration::from_millis(100))).expect("it can be set");
        let mut has_ended = false;
        for _ in 0..20 {
            drop(client.write_all(b"b"));
            let mut piece = [0; 4096];
            has_ended |= match client.read(&mut piece) {
                Ok(length) => length == 0,
                Err(error) => error.kind() == ErrorKind::ConnectionReset,
            };
        }
        assert!(has_ended, "a backend that is silent for 300 ms ends the answer");
        let (_, errors) = scene.logs();
        assert!(errors.contains("upstream timed out (110: Connection timed out) while reading upstream"), "{errors}");
        drop(backend.seen());
    });
}

/// Nothing follows a request whose rest nobody wanted, though the head said so.
#[test]
fn an_answer_that_is_over_ends_the_chunks() {
    let play = |scene: Scene, path: &str, trailers: &str| {
        let backend = scene.backend(vec![vec![settings(&[]), Head, Body(3), said(1, "early")]]);
        let mut client = scene.client(8080);
        let head = format!(
            "POST {path} HTTP/1.1\r\nHost: a\r\nTE: trailers\r\nTransfer-Encoding: chunked\r\n\r\n3\r\none\r\n"
        );
        client.write_all(head.as_bytes()).expect("it takes a piece");
        let mut heard = String::new();
        client.read_to_string(&mut heard).expect("it answers and ends");
        assert!(heard.contains("\r\nConnection: keep-alive\r\n"), "{heard}");
        assert!(heard.ends_with(&chunked("early", trailers)), "{heard}");
        drop(client);
        drop(scene.logs());
        assert_eq!(backend.seen(), ["head 1, 3"]);
    };
    with_both(|scene| play(scene, "/", STATUS));
    with_proxies(|scene| play(scene, "/unbuffered", STATUS));
}

/// A connection on which a request is not whole takes no other one, though the backend has told that it does not want the rest.
#[test]
fn an_answer_may_come_before_the_request_is_whole() {
    with_both(|scene| {
        let no_error = Send(frame(RST_STREAM, 0, 1, &[0; 4]));
        let backend = scene.backend(vec![
            vec![settings(&[]), Head, Body(65_535), said(1, "early"), no_error],
            vec![settings(&[]), Head, End, said(1, "other")],
        ]);
        let head = "POST / HTTP/1.1\r\nContent-Length: 100000";
        assert_eq!(scene.ask(head, &[b'b'; 100_000]), called("early"));
        assert_eq!(scene.ask("GET / HTTP/1.1", b""), called("other"));
        drop(scene.logs());
        assert_eq!(backend.seen(), ["head 1, 65535", "head 1 alone, 0 whole"]);
    });
}

#[test]
fn what_a_backend_refuses_is_a_bad_gateway() {
    let goaway = |last: u32| Send(frame(GOAWAY, 0, 0, &[last.to_be_bytes(), [0; 4]].concat()));
    with_both(|scene| {
        let refused = Send(frame(RST_STREAM, 0, 1, &7u32.to_be_bytes()));
        let backend = scene.backend(vec![
            vec![settings(&[]), Head, refused],
            vec![settings(&[]), Head, goaway(0)],
            vec![settings(&[]), Head, goaway(1), End, said(1, "the last")],
            vec![settings(&[]), Head, End, said(1, "another")],
        ]);
        let answers = [(); 4].map(|()| scene.ask("POST / HTTP/1.1\r\nContent-Length: 3", b"two"));
        assert_eq!(answers.each_ref().map(|(status, _)| status.as_str()), ["502", "502", "200", "200"]);
        let (_, errors) = scene.logs();
        assert!(errors.contains("upstream rejected request with error 7 while reading response header"), "{errors}");
        assert!(errors.contains("upstream sent goaway with error 0 while reading response header"), "{errors}");
        assert_eq!(backend.seen(), ["head 1, 3 whole"; 4], "where nothing may follow, nothing follows");
    });
}

/// Until the request is sent, the time for sending it counts, then that for the answer.
#[test]
fn a_backend_that_opens_no_window_is_given_up() {
    with_both(|scene| {
        let backend = scene.backend(vec![vec![settings(&[]), Head, Body(65_535)], vec![settings(&[]), Head, End]]);
        let body = [b'b'; 70_000];
        let answers = [("impatient", 70_000), ("silent", 60_000)].map(|(path, length)| {
            scene.ask(&format!("POST /{path} HTTP/1.1\r\nContent-Length: {length}"), &body[..length]).0
        });
        assert_eq!(answers, ["504", "504"]);
        let (_, errors) = scene.logs();
        let timed_out = "upstream timed out (110: Connection timed out) while";
        assert!(errors.contains(&format!("{timed_out} sending request to upstream")), "{errors}");
        assert!(errors.contains(&format!("{timed_out} reading response header from upstream")), "{errors}");
        assert_eq!(backend.seen(), ["head 1, 65535", "head 1, 60000 whole"]);
    });
}

/// A client of HTTP/2 gives its stream up, in the middle of its body and behind it.
#[test]
fn a_stream_that_is_given_up_ends_the_request_to_the_backend() {
    with_both(|scene| {
        let serve = || vec![settings(&[]), Head, Body(5)];
        let backend = scene.backend(vec![serve(), serve()]);
        for end in [0, END_STREAM] {
            let mut client = scene.begin();
            client.write_all(&frame(DATA, end, 1, b"half ")).expect("it takes a body");
            std::thread::sleep(Duration::from_millis(200));
            const CANCEL: u32 = 8;
            client.write_all(&frame(RST_STREAM, 0, 1, &CANCEL.to_be_bytes())).expect("it takes the end");
            std::thread::sleep(Duration::from_millis(200));
        }
        let (access, errors) = scene.logs();
        assert_eq!(access, "400 - 11 -\n499 - 11 -\n");
        let canceled = "client canceled stream 1 while sending request to upstream";
        assert_eq!(errors.matches(canceled).count(), 2, "{errors}");
        assert!(!errors.contains("epoll_wait()"), "{errors}");
        assert_eq!(backend.seen(), ["head 1, 5", "head 1, 5 whole"]);
    });
}

/// Newer than 1.22.
#[test]
fn a_proxy_knows_trailers_that_it_does_not_pass_on() {
    with_proxies(|scene| {
        let serve = |stream| [Head, End, said(stream, "said")];
        let backend = scene.backend(vec![[settings(&[])].into_iter().chain(serve(1)).chain(serve(3)).collect()]);
        assert_eq!(scene.ask("GET / HTTP/1.1", b""), ("200".to_owned(), chunked("said", "")));
        assert_eq!(scene.ask("GET /unbuffered HTTP/1.1\r\nTE: trailers", b"").0, "200");
        let (access, _) = scene.logs();
        assert_eq!(access, "200 200 46 0/-\n200 200 70 0/0\n");
        assert_eq!(backend.seen(), ["head 1 alone, 0 whole, head 3 alone, 0 whole"]);
    });
}

/// Newer than 1.22: the log names the backend without a path.
#[test]
fn the_log_names_no_path_over_http2() {
    with_proxies(|scene| {
        let backend = scene.backend(vec![vec![settings(&[]), Head, Send(frame(DATA, 0, 1, b"early"))]]);
        assert_eq!(scene.ask("GET /path HTTP/1.1", b"").0, "502");
        let port = scene.ports.real(8081);
        let (_, errors) = scene.logs();
        assert!(errors.contains(&format!("upstream: \"http://127.0.0.1:{port}\", host")), "{errors}");
        drop(backend.seen());
    });
}
