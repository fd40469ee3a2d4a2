//! HTTP/2 as its clients see it, by prior knowledge on a plain port: requests, limits, and HTTP/1 beside it.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;

use bytes::Bytes;
use compat_tests::http2::BEGINNING;
use compat_tests::ports::Ports;
use compat_tests::program::Server;
use compat_tests::scratch::Scratch;
use compat_tests::subject;
use evenkeel::wire::http2::hpack::encode_field;
use h2::client::SendRequest;

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
events {}
http {
    log_format seen '"$request" $status $http2 $server_protocol "$http_cookie" $http_host $request_body'
        ' $body_bytes_sent $sent_http_connection $request_method $uri $request_uri';
    access_log access.log seen;
    log_format completion "$uri '$request_completion'";
    http2_body_preread_size 32k;
    server {
        listen 127.0.0.1:8080;
        server_name localhost;
        http2 on;
        http2_max_concurrent_streams 3;
        keepalive_requests 4;
        root .;
        location /length { return 200 $request_length; }
        location /said { return 200 "$http2 $server_protocol $scheme\n"; }
        location /pieces { http2_chunk_size 1; add_trailer X-End "$http2"; return 200 "body"; }
        location /nothing { add_header Content-Type text/x; return 204; }
        location /none { add_trailer X-End "$http2"; proxy_pass http://127.0.0.1:8080/nothing; }
        location /back { proxy_pass http://127.0.0.1:8080/said; }
        location /echo { proxy_pass http://127.0.0.1:8080/taken; }
        location /closed { return 444; }
        location /moved/ { proxy_pass http://127.0.0.1:8080/target/; }
        location /target/ {
            add_header X-Before 1;
            add_header Location http://127.0.0.1:8080/target/x;
            return 200;
        }
        location /taken { return 200 "$http_x_case|$http_cookie|$content_length"; }
    }
    server {
        listen 127.0.0.1:8081 http2;
        server_name other;
        return 200 "other\n";
    }
    server {
        listen 127.0.0.1:8082 http2;
        client_header_timeout 1s;
        return 200 "whole\n";
    }
    server {
        listen 127.0.0.1:8083 http2;
        client_header_timeout 1s;
        keepalive_timeout 1s;
        return 200 "still there\n";
    }
    server {
        listen 127.0.0.1:8084 http2;
        send_timeout 1s;
        access_log access.log completion;
        root .;
        location /discarded { return 200 "said\n"; }
    }
    server {
        listen 127.0.0.1:8085 http2;
        server_name first;
    }
    server {
        listen 127.0.0.1:8085 http2;
        server_name "";
        error_page 400 =403 @nameless;
        location @nameless { return 403; }
    }
}
"#;

/// What came back for one request.
#[derive(Debug)]
struct Answer {
    head: http::response::Parts,
    /// The body, a piece for each frame.
    pieces: Vec<Bytes>,
    trailers: Option<http::HeaderMap>,
}

impl Answer {
    fn body(&self) -> Vec<u8> {
        self.pieces.concat()
    }
}

struct Scene {
    scratch: Scratch,
    ports: Ports,
    server: Server,
}

impl Scene {
    fn set() -> Self {
        let scratch = Scratch::new().expect("there is room for a scratch directory");
        let mut ports = Ports::default();
        let program = subject::ours().expect("evenkeel builds").nginx;
        let listening = [8080, 8081, 8082, 8083, 8084, 8085];
        let server = Server::start_nginx(&program, CONFIGURATION, &scratch, &mut ports, &listening).expect("it starts");
        Self { scratch, ports, server }
    }

    async fn client(&self, port: u16) -> SendRequest<Bytes> {
        let stream = tokio::net::TcpStream::connect(("127.0.0.1", self.ports.real(port))).await.expect("it listens");
        let (client, connection) = h2::client::handshake(stream).await.expect("it speaks HTTP/2");
        tokio::spawn(async move { drop(connection.await) });
        client.ready().await.expect("a stream can be opened")
    }

    fn reload(&self) {
        let pid = fs::read_to_string(self.scratch.path().join("nginx.pid")).expect("it runs");
        let signal = std::process::Command::new("sh").arg("-c").arg(format!("kill -HUP {}", pid.trim())).status();
        assert!(signal.is_ok_and(|status| status.success()));
    }

    /// Ends the server, and gives the lines of its access log.
    fn log(self) -> String {
        self.server.stop().expect("it ends");
        fs::read_to_string(self.scratch.path().join("access.log")).expect("the log is there")
    }
}

async fn ask(client: &mut SendRequest<Bytes>, request: http::request::Builder, body: &'static str) -> Answer {
    let request = request.body(()).expect("it is a request");
    let (answer, mut stream) = client.send_request(request, body.is_empty()).expect("it can be sent");
    if !body.is_empty() {
        stream.send_data(Bytes::from_static(body.as_bytes()), true).expect("the window is open");
    }
    let (head, mut body) = answer.await.expect("there is an answer").into_parts();
    let mut pieces = Vec::new();
    while let Some(piece) = body.data().await {
        let piece = piece.expect("the body comes whole");
        body.flow_control().release_capacity(piece.len()).expect("it was received");
        pieces.push(piece);
    }
    Answer { head, pieces, trailers: body.trailers().await.expect("the end is well formed") }
}

fn get(path: &str) -> http::request::Builder {
    http::Request::get(format!("http://localhost{path}"))
}

fn run(scene: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime can be made");
    runtime.block_on(scene());
}

#[test]
fn a_stream_is_a_request_like_all_others() {
    run(async || {
        let scene = Scene::set();
        let mut client = scene.client(8080).await;
        let said = ask(&mut client, get("/said"), "").await;
        assert_eq!((said.head.status.as_u16(), said.body().as_slice()), (200, &b"h2c HTTP/2.0 http\n"[..]));
        let names: Vec<&str> = said.head.headers.keys().map(|name| name.as_str()).collect();
        assert_eq!(names, ["server", "date", "content-type", "content-length"]);
        let pieces = ask(&mut client, get("/pieces"), "").await;
        assert_eq!(pieces.pieces, ["b", "o", "d", "y"], "a frame for each piece of http2_chunk_size");
        let end = pieces.trailers.expect("the trailers follow");
        assert_eq!(end.get("x-end").map(http::HeaderValue::as_bytes), Some(&b"h2c"[..]));
        let none = ask(&mut client, get("/none"), "").await;
        assert_eq!((none.pieces.len(), none.trailers), (0, None), "the head of a backend's 204 ends the stream");
        assert_eq!(none.head.headers.get("content-type"), None);
        let request = http::Request::post("http://localhost/echo").header("x-case", "1");
        let echo = ask(&mut client, request.header("cookie", "a=1").header("cookie", "b=2"), "four").await;
        assert_eq!(echo.body(), b"1|a=1; b=2|4", "cookies are joined, a body is passed on");
        assert!(
            scene
                .log()
                .starts_with("\"GET /said HTTP/2.0\" 200 h2c HTTP/2.0 \"-\" localhost - 18 close GET /said /said\n"),
            "the log names HTTP/2, and counts no frame as body"
        );
    });
}

#[test]
fn limits_are_told_and_kept() {
    run(async || {
        let scene = Scene::set();
        let mut client = scene.client(8080).await;
        for _ in 0..4 {
            assert_eq!(ask(&mut client, get("/back"), "").await.body(), b" HTTP/1.1 http\n");
            assert_eq!(client.current_max_send_streams(), 3, "http2_max_concurrent_streams");
        }
        let refused = client.ready().await.expect_err("keepalive_requests is reached");
        assert!(refused.is_go_away() || refused.is_io(), "{refused}");
    });
}

#[test]
fn the_old_form_of_listen_serves_http1_too() {
    run(async || {
        let scene = Scene::set();
        let mut client = scene.client(8081).await;
        assert_eq!(ask(&mut client, get("/"), "").await.body(), b"other\n");
        let mut plain = TcpStream::connect(("127.0.0.1", scene.ports.real(8081))).expect("it listens");
        plain.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("it takes a request");
        let mut answer = String::new();
        plain.read_to_string(&mut answer).expect("it answers");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n") && answer.ends_with("other\n"), "{answer}");
    });
}

/// A connection behind the preface.
fn begin(scene: &Scene, port: u16) -> TcpStream {
    let mut client = TcpStream::connect(("127.0.0.1", scene.ports.real(port))).expect("it listens");
    client.set_read_timeout(Some(std::time::Duration::from_secs(20))).expect("it can be set");
    client.write_all(BEGINNING).expect("it takes the preface");
    client
}

/// Reads until all of it has come; the connection is kept until then.
fn read_until(client: &mut TcpStream, is_whole: impl Fn(&[u8]) -> bool) {
    let mut answer = Vec::new();
    while !is_whole(&answer) {
        let mut piece = [0; 512];
        let length = client.read(&mut piece).expect("it answers");
        assert_ne!(length, 0, "the connection is kept: {answer:02x?}");
        answer.extend_from_slice(&piece[..length]);
    }
}

#[test]
fn a_header_block_has_to_be_whole_in_time() {
    let scene = Scene::set();
    let mut client = begin(&scene, 8082);
    // `GET / http`, all from the static table, and the host (RFC 7541 appendix A).
    client.write_all(b"\0\0\x06\x01\x05\0\0\0\x01\x82\x84\x86\x41\x01a").expect("it takes a request");
    read_until(&mut client, |answer| answer.ends_with(b"whole\n"));
    client.write_all(b"\0\0\x06\x01\x05\0\0\0\x03\x82\x84").expect("it takes a half request");
    // client_header_timeout ends the stream, and the connection goes on.
    read_until(&mut client, |answer| answer.ends_with(b"\0\0\x04\x03\0\0\0\0\x03\0\0\0\x01"));
    client.write_all(b"\x86\x41\x01a\0\0\x08\x06\0\0\0\0\0pingping").expect("it takes the rest, and a ping");
    read_until(&mut client, |answer| answer.ends_with(b"\0\0\x08\x06\x01\0\0\0\0pingping"));
}

/// Sends a request behind the preface, and reads until `expected` has come.
fn exchange(scene: &Scene, frames: &[u8], expected: &[u8]) {
    let mut client = begin(scene, 8080);
    client.write_all(frames).expect("it takes a request");
    read_until(&mut client, |answer| answer.windows(expected.len()).any(|bytes| bytes == expected));
}

#[test]
fn the_length_of_a_request_is_that_of_its_header_block() {
    let scene = Scene::set();
    // `GET http` out of the static table, `:path: /length`, and the host in a second frame: 3 and 9 bytes, and 3 of padding.
    let head = b"\0\0\x0e\x01\x09\0\0\0\x01\x02\x82\x86\x04\x07/length\0\0";
    let rest = b"\0\0\x03\x09\x04\0\0\0\x01\x41\x01a";
    exchange(&scene, &[&head[..], rest].concat(), b"\0\0\x02\0\x01\0\0\0\x0114");
}

#[test]
fn a_body_before_the_settings_are_known_is_refused() {
    let scene = Scene::set();
    let post = b"\0\0\x06\x01\x04\0\0\0\x01\x83\x84\x86\x41\x01a\0\0\x01\0\x01\0\0\0\x01x";
    let refused = b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x07";
    exchange(&scene, post, refused);
    // Headers of an answer that are whole.
    let acknowledgement = b"\0\0\0\x04\x01\0\0\0\0";
    exchange(&scene, &[&acknowledgement[..], post].concat(), b"\x01\x04\0\0\0\x01");
}

#[test]
fn a_malformed_request_is_answered_with_a_page_and_logged() {
    let scene = Scene::set();
    // `GET http a/b /` out of the static table, and status 400 out of it.
    exchange(&scene, b"\0\0\x08\x01\x05\0\0\0\x01\x82\x84\x86\x41\x03a/b", b"\x01\x04\0\0\0\x01\x8c");
    // `HEAD ! a /`: what is known of it counts, so nothing but the stream's error follows the headers.
    let frames = b"\0\0\x0d\x01\x05\0\0\0\x01\x42\x04HEAD\x84\x46\x01!\x41\x01a";
    let mut client = begin(&scene, 8080);
    client.write_all(frames).expect("it takes a request");
    read_until(&mut client, |answer| answer.ends_with(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x01"));
    // `POST http a`, and a path that is none: no line is made, and the log names the method.
    let frames = b"\0\0\x08\x01\x05\0\0\0\x01\x83\x86\x41\x01a\x04\x01x";
    exchange(&scene, frames, b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x01");
    // `GET /a%20b`, and a name that is none: what was read before is known. CONNECT is refused behind all that is malformed.
    let frames = b"\0\0\x0f\x01\x05\0\0\0\x01\x82\x86\x04\x06/a%20b\0\x01X\x01y";
    exchange(&scene, frames, b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x01");
    let connect = b"\0\0\x0e\x01\x05\0\0\0\x01\x42\x07CONNECT\x84\x86\x41\x01a";
    exchange(&scene, connect, b"\x48\x03405");
    let log = scene.log();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("\"-\" 400 "), "there is no request line: {log}");
    assert!(lines[2].ends_with(" close POST - -"), "{log}");
    assert!(lines[3].starts_with("\"-\" 400 h2c HTTP/2.0 ") && lines[3].ends_with(" GET /a b /a%20b"), "{log}");
    assert!(lines[4].starts_with("\"CONNECT / HTTP/2.0\" 405 h2c HTTP/2.0 \"-\" a "), "{log}");
    assert!(lines[4].ends_with(" CONNECT / /"), "{log}");
}

#[test]
fn a_page_goes_out_before_the_connection_fails() {
    let scene = Scene::set();
    // `GET ! a /`, and a frame of the wrong size behind it.
    let request = b"\0\0\x08\x01\x05\0\0\0\x01\x82\x84\x46\x01!\x41\x01a";
    let mut client = begin(&scene, 8080);
    client.write_all(&[&request[..], b"\0\0\0\x08\0\0\0\0\0"].concat()).expect("it takes both");
    let goaway = b"\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\x06";
    let has_page = |answer: &[u8]| answer.windows(15).any(|bytes| bytes == b"400 Bad Request");
    read_until(&mut client, |answer| answer.ends_with(goaway) && has_page(answer));
}

#[test]
fn a_malformed_request_stays_with_the_default_server() {
    let scene = Scene::set();
    let mut client = begin(&scene, 8085);
    // `GET ! /`, and nothing of a host; then `GET http /`.
    client.write_all(b"\0\0\x05\x01\x05\0\0\0\x01\x82\x84\x46\x01!").expect("it takes a request");
    read_until(&mut client, |answer| answer.windows(6).any(|bytes| bytes == b"\x04\0\0\0\x01\x8c"));
    client.write_all(b"\0\0\x03\x01\x05\0\0\0\x03\x82\x84\x86").expect("it takes another");
    read_until(&mut client, |answer| answer.windows(6).any(|bytes| bytes == b"\x04\0\0\0\x03\x8c"));
}

#[test]
fn a_request_that_cannot_be_decoded_is_logged() {
    let scene = Scene::set();
    // `POST http /said`, and an index that no table has; then a path that is none before the method, and the same index.
    let goaway = |id| [&b"\0\0\x08\x07\0\0\0\0\0\0\0\0"[..], &[id, 0, 0, 0, 9]].concat();
    exchange(&scene, b"\0\0\x0a\x01\x05\0\0\0\x01\x83\x86\x04\x05/said\x80", &goaway(1));
    exchange(&scene, b"\0\0\x08\x01\x05\0\0\0\x03\x86\x04\x03/ b\x82\x80", &goaway(3));
    let log = scene.log();
    let lines: Vec<&str> = log.lines().collect();
    assert!(lines[0].starts_with("\"-\" 000 ") && lines[0].ends_with(" POST /said /said"), "{log}");
    assert!(lines[1].starts_with("\"-\" 400 ") && lines[1].ends_with(" - - -"), "{log}");
}

#[test]
fn a_malformed_request_ends_its_stream_alone() {
    let scene = Scene::set();
    let mut client = begin(&scene, 8080);
    // `GET http a`, an empty path, and `host: a`. nginx loses its place behind the empty value of a request that it has refused, takes
    // the next name for empty and ends the connection; RFC 9113 section 8.1.1 wants the end of the stream.
    client.write_all(b"\0\0\x0f\x01\x05\0\0\0\x01\x82\x86\x41\x01a\x04\0\0\x04host\x01a").expect("it takes a request");
    read_until(&mut client, |answer| answer.ends_with(b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x01"));
    client.write_all(b"\0\0\x08\x06\0\0\0\0\0pingping").expect("it takes a ping");
    read_until(&mut client, |answer| answer.ends_with(b"\0\0\x08\x06\x01\0\0\0\0pingping"));
}

#[test]
fn a_request_that_is_closed_ends_its_stream() {
    let closed = b"\0\0\x0e\x01\x05\0\0\0\x01\x82\x86\x04\x07/closed\x41\x01a";
    exchange(&Scene::set(), closed, b"\0\0\x04\x03\0\0\0\0\x01\0\0\0\x01");
}

#[test]
fn a_redirect_that_was_changed_stands_before_other_fields() {
    let moved = b"\0\0\x0e\x01\x05\0\0\0\x01\x82\x86\x04\x07/moved/\x41\x01a";
    let scene = Scene::set();
    let mut client = begin(&scene, 8080);
    client.write_all(moved).expect("it takes a request");
    let url = format!("http://a:{}/moved/x", scene.ports.real(8080));
    read_until(&mut client, |answer| {
        let find = |name: &str, value: &str| {
            let mut field = Vec::new();
            encode_field(name.as_bytes(), value.as_bytes(), &mut field);
            answer.windows(field.len()).position(|bytes| bytes == field)
        };
        find("location", &url).zip(find("x-before", "1")).is_some_and(|(location, before)| location < before)
    });
}

#[test]
fn the_window_of_a_body_is_opened_when_it_is_read() {
    let scene = Scene::set();
    let acknowledgement = b"\0\0\0\x04\x01\0\0\0\0";
    let post = b"\0\0\x0c\x01\x04\0\0\0\x01\x83\x86\x04\x05/echo\x41\x01a";
    // From http2_body_preread_size to the largest one there is.
    let update = b"\0\0\x04\x08\0\0\0\0\x01\x7f\xff\x7f\xff";
    exchange(&scene, &[&acknowledgement[..], post].concat(), update);
}

#[test]
fn a_client_that_does_not_read_holds_nobody_up() {
    let scene = Scene::set();
    let mut silent = TcpStream::connect(("127.0.0.1", scene.ports.real(8083))).expect("it listens");
    silent.set_write_timeout(Some(std::time::Duration::from_millis(500))).expect("it can be set");
    silent.write_all(BEGINNING).expect("it takes the preface");
    let pings = b"\0\0\x08\x06\0\0\0\0\0pingping".repeat(1000);
    // Until the answers fill all buffers, and the server reads no further.
    while silent.write(&pings).is_ok_and(|length| length == pings.len()) {}
    std::thread::sleep(std::time::Duration::from_millis(2500));
    let mut other = TcpStream::connect(("127.0.0.1", scene.ports.real(8083))).expect("it listens");
    other.set_read_timeout(Some(std::time::Duration::from_secs(10))).expect("it can be set");
    other.write_all(b"GET / HTTP/1.0\r\n\r\n").expect("it takes a request");
    let mut answer = String::new();
    other.read_to_string(&mut answer).expect("it answers others");
    assert!(answer.ends_with("still there\n"), "{answer}");
}

#[test]
fn a_client_that_opens_no_window_is_given_up() {
    let scene = Scene::set();
    fs::write(scene.scratch.path().join("large"), [b'x'; 1 << 20]).expect("it can be written");
    let mut client = begin(&scene, 8084);
    // SETTINGS_INITIAL_WINDOW_SIZE of 0, and `GET /large`.
    client.write_all(b"\0\0\x06\x04\0\0\0\0\0\0\x04\0\0\0\0").expect("it takes settings");
    let get = |stream: u8| [b"\0\0\x0d\x01\x05\0\0\0", &[stream][..], b"\x82\x86\x04\x06/large\x41\x01a"].concat();
    client.write_all(&[get(1), get(3)].concat()).expect("it takes requests");
    // `GET /none`, whose page does not get out either.
    client.write_all(b"\0\0\x0c\x01\x05\0\0\0\x05\x82\x86\x04\x05/none\x41\x01a").expect("it takes a request");
    let reset = |stream: u8| [b"\0\0\x04\x03\0\0\0\0", &[stream][..], b"\0\0\0\x01"].concat();
    let has = |answer: &[u8], part: &[u8]| answer.windows(part.len()).any(|bytes| bytes == part);
    // send_timeout ends the streams, and the connection goes on: `GET /discarded`.
    read_until(&mut client, |answer| [1, 3, 5].into_iter().all(|stream| has(answer, &reset(stream))));
    client.write_all(b"\0\0\x11\x01\x05\0\0\0\x07\x82\x86\x04\x0a/discarded\x41\x01a").expect("it takes a request");
    read_until(&mut client, |answer| has(answer, b"\x01\x04\0\0\0\x07\x88"));
    let log = scene.log();
    assert!(log.contains("/none ''\n") && log.contains("/large ''\n") && !log.contains("OK"), "{log}");
}

#[test]
fn a_reload_loses_no_stream() {
    run(async || {
        let scene = Scene::set();
        let mut client = scene.client(8080).await;
        assert_eq!(ask(&mut client, get("/said"), "").await.head.status, 200, "the client knows the settings by now");
        let request = http::Request::post("http://localhost/echo").body(()).expect("it is a request");
        let (answer, mut body) = client.send_request(request, false).expect("it can be sent");
        body.send_data(Bytes::from_static(b"half "), false).expect("the window is open");
        assert_eq!(ask(&mut client, get("/said"), "").await.head.status, 200, "the stream before it has been taken");
        scene.reload();
        let told = async {
            while client.clone().ready().await.is_ok() {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        let patience = std::time::Duration::from_secs(20);
        tokio::time::timeout(patience, told).await.expect("GOAWAY tells that no further stream is taken here");
        body.send_data(Bytes::from_static(b"whole"), true).expect("the window is open");
        let (head, mut said) = answer.await.expect("the stream goes on").into_parts();
        let said = said.data().await.expect("it has a body").expect("it comes whole");
        assert_eq!((head.status.as_u16(), &said[..]), (200, &b"||10"[..]));
        let mut other = scene.client(8080).await;
        assert_eq!(ask(&mut other, get("/said"), "").await.head.status, 200);
    });
}

/// A client that has not heard of GOAWAY begins another stream: that one is left aside, body and all (RFC 9113 section 6.8).
#[test]
fn what_crosses_goaway_ends_no_stream() {
    let scene = Scene::set();
    let mut client = begin(&scene, 8080);
    let acknowledgement = b"\0\0\0\x04\x01\0\0\0\0";
    let post = |stream: u8| [b"\0\0\x0c\x01\x04\0\0\0", &[stream][..], b"\x83\x86\x04\x05/echo\x41\x01a"].concat();
    let data = |end: u8, stream: u8| [0, 0, 4, 0, end, 0, 0, 0, stream, b'h', b'a', b'l', b'f'];
    let ping = b"\0\0\x08\x06\0\0\0\0\0pingping";
    client.write_all(&[&acknowledgement[..], &post(1), &data(0, 1), ping].concat()).expect("it takes a request");
    let has = |answer: &[u8], part: &[u8]| answer.windows(part.len()).any(|bytes| bytes == part);
    read_until(&mut client, |answer| has(answer, b"pingping"));
    scene.reload();
    read_until(&mut client, |answer| has(answer, b"\0\0\x08\x07\0\0\0\0\0\0\0\0\x01\0\0\0\0"));
    client.write_all(&[&post(3)[..], &data(1, 3), &data(1, 1)].concat()).expect("it takes the rest");
    read_until(&mut client, |answer| has(answer, b"||8"));
}
