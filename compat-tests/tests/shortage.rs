//! What runs out: descriptors, room for temporary files, the patience of clients and backends; the original first, then evenkeel.

#[path = "processes/running.rs"]
#[allow(dead_code)]
mod running;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use compat_tests::scratch::Scratch;
use compat_tests::{reference, subject};
use nix::sys::socket::{setsockopt, sockopt};
use running::{Running, until};

fn both(scenario: impl Fn(&Path)) {
    scenario(&reference::originals().expect("the original is installed").nginx);
    scenario(&subject::ours().expect("evenkeel builds").nginx);
}

fn connect(nginx: &Running) -> TcpStream {
    let client = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
    client.set_read_timeout(Some(Duration::from_secs(8))).expect("a timeout");
    client
}

fn exchange(nginx: &Running, request: &[u8]) -> String {
    let mut client = connect(nginx);
    client.write_all(request).expect("it is sent");
    let mut answer = Vec::new();
    // An answer that breaks off ends with a reset where a body was left unread.
    let (Ok(_) | Err(_)) = client.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

/// Clients beyond what the worker may open wait; nobody is answered wrongly, and once there is room all goes on.
#[test]
fn descriptors_run_out_and_come_back() {
    both(|program| {
        let nginx = Running::start(
            program,
            "daemon on; error_log error.log; pid nginx.pid; worker_processes 1; worker_rlimit_nofile 40;
             events { worker_connections 512; }
             http { access_log off; server { listen 127.0.0.1:8080; location / { return 200 \"first\\n\"; } } }",
        );
        let clients: Vec<TcpStream> = (0..60).map(|_| connect(&nginx)).collect();
        until("the log line", || nginx.log().contains("[crit]"));
        assert!(nginx.log().contains("accept4() failed (24: Too many open files)"), "{}", nginx.log());
        drop(clients);
        assert!(exchange(&nginx, b"GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
    });
}

/// A backend that answers three requests, each on a connection that it keeps.
fn backend_that_keeps(listener: TcpListener) -> std::thread::JoinHandle<Vec<TcpStream>> {
    std::thread::spawn(move || {
        let serve = |_| {
            let (mut stream, _) = listener.accept().expect("nginx asks");
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                let mut byte = [0];
                stream.read_exact(&mut byte).expect("a head");
                head.push(byte[0]);
            }
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nyes").expect("it is sent");
            stream
        };
        (0..3).map(serve).collect()
    })
}

/// Connections to backends take places while they are kept for later, too. Only clients give way, those first that wait longest.
#[test]
fn kept_connections_to_backends_take_places() {
    both(|program| {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let upstream = |name: &str| format!("upstream {name} {{ server {address}; keepalive 4; }}");
        let nginx = Running::start(
            program,
            &format!(
                "daemon on; error_log error.log warn; pid nginx.pid; worker_processes 1; events {{ worker_connections 10; }}
                 http {{
                     access_log off; {} {} {}
                     server {{
                         listen 127.0.0.1:8080;
                         location / {{ return 200 \"first\\n\"; }}
                         location ~ ^/(a|b|c)$ {{ proxy_pass http://$1; proxy_http_version 1.1; proxy_set_header Connection ''; }}
                     }}
                 }}",
                upstream("a"),
                upstream("b"),
                upstream("c")
            ),
        );
        let backend = backend_that_keeps(listener);
        for path in ["/a", "/b", "/c"] {
            assert_eq!(nginx.get_at(path), "yes", "{}", nginx.log());
        }
        let streams = backend.join().expect("it was asked three times");
        // Listening socket, channel and three backends leave five places.
        let clients: Vec<TcpStream> = (0..7)
            .map(|_| {
                let mut client = connect(&nginx);
                client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is sent");
                assert!(client.read(&mut [0; 1000]).expect("an answer") > 0);
                client
            })
            .collect();
        let is_closed = |mut stream: &TcpStream| {
            stream.set_nonblocking(true).expect("a socket");
            matches!(stream.read(&mut [0]), Ok(0))
        };
        until("two to go", || clients.iter().filter(|client| is_closed(client)).count() == 2);
        let gone: Vec<bool> = clients.iter().map(is_closed).collect();
        assert_eq!(gone, [true, true, false, false, false, false, false], "{program:?}: {}", nginx.log());
        assert!(!streams.iter().any(is_closed), "{program:?}: {}", nginx.log());
        let log = nginx.log();
        assert!(log.contains("worker_connections are not enough, reusing") && !log.contains("[alert]"), "{log}");
    });
}

/// With no descriptor left, what needs one more is answered with 500 and a line in the log.
fn gets_no_descriptor(path: &str, line: &str) {
    both(|program| {
        let nginx = Running::start(
            program,
            "daemon on; error_log error.log; pid nginx.pid; worker_processes 1; worker_rlimit_nofile 40;
             events { worker_connections 512; }
             http {
                 access_log off;
                 server { listen 127.0.0.1:8080; root .; location /passed { proxy_pass http://127.0.0.1:8080; } }
             }",
        );
        fs::write(nginx.path("file"), "a file").expect("a file");
        let mut clients: Vec<TcpStream> = (0..60).map(|_| connect(&nginx)).collect();
        until("the log line", || nginx.log().contains("accept4() failed (24"));
        clients[0].write_all(format!("GET {path} HTTP/1.0\r\n\r\n").as_bytes()).expect("it is sent");
        let mut answer = [0; 25];
        clients[0].read_exact(&mut answer).expect("an answer");
        assert_eq!(String::from_utf8_lossy(&answer), "HTTP/1.1 500 Internal Ser", "{}", nginx.log());
        assert!(nginx.log().contains(line), "{}", nginx.log());
    });
}

#[test]
fn a_backend_gets_no_descriptor() {
    gets_no_descriptor("/passed", "socket() failed (24: Too many open files) while connecting to upstream, client: ");
}

#[test]
fn a_file_gets_no_descriptor() {
    gets_no_descriptor("/file", "/file\" failed (24: Too many open files), client: ");
}

/// A start in a mount namespace of its own, where `tmp/` has room for 64 KiB.
fn with_little_room(program: &Path, scratch: &Path) -> std::path::PathBuf {
    let script = scratch.join("start");
    let text = format!(
        "#!/bin/sh\nfor word; do [ \"$last\" = -p ] && dir=$word; last=$word; done\nmkdir -p \"$dir/tmp\"\n\
         exec unshare -m sh -c 'mount -t tmpfs -o size=64k tmpfs \"$0/tmp\" && exec {} \"$@\"' \"$dir\" \"$@\"\n",
        program.display()
    );
    fs::write(&script, text).expect("a script");
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is ours");
    script
}

/// A body that finds no room is answered with 500, an answer that finds none breaks off; the log names the file.
#[test]
fn room_for_temporary_files_runs_out() {
    if !Command::new("unshare").args(["-m", "true"]).status().is_ok_and(|status| status.success()) {
        return println!("skipped: no mount namespace to be had");
    }
    both(|program| {
        let scratch = Scratch::new().expect("a scratch directory");
        let nginx = Running::start(
            &with_little_room(program, scratch.path()),
            "user root; daemon on; error_log error.log; pid nginx.pid; worker_processes 1;
             events { }
             http {
                 access_log off;
                 client_body_temp_path tmp/body; proxy_temp_path tmp/proxy; fastcgi_temp_path tmp/fastcgi;
                 uwsgi_temp_path tmp/uwsgi; scgi_temp_path tmp/scgi;
                 client_max_body_size 10m; client_body_buffer_size 8k;
                 proxy_buffers 4 4k; proxy_busy_buffers_size 8k;
                 server {
                     listen 127.0.0.1:8080;
                     location / { return 200 \"first\\n\"; }
                     location /passed { proxy_pass http://127.0.0.1:8080/; }
                     location /slow { limit_rate 100k; proxy_pass http://127.0.0.1:8080/large; }
                     location /large { root .; }
                 }
             }",
        );
        fs::write(nginx.path("large"), vec![b'x'; 3_000_000]).expect("a file");
        let body = vec![b'x'; 500_000];
        let head = format!("POST /passed HTTP/1.0\r\nContent-Length: {}\r\n\r\n", body.len());
        let answer = exchange(&nginx, &[head.as_bytes(), &body].concat());
        assert!(answer.starts_with("HTTP/1.1 500 Internal Server Error"), "{answer}");
        let log = nginx.log();
        let line = log.lines().find(|line| line.contains("/tmp/body/0000000001\" failed")).expect("a line");
        assert!(line.contains("[crit]") && line.contains("pwrite() \""), "{line}");
        assert!(line.contains("failed (28: No space left on device), client: 127.0.0.1"), "{line}");

        let answer = exchange(&nginx, b"GET /slow HTTP/1.0\r\n\r\n");
        assert!(answer.starts_with("HTTP/1.1 200 OK"), "{answer:.200}");
        assert!(answer.len() < 3_000_000, "{} bytes", answer.len());
        let log = nginx.log();
        let line = log.lines().find(|line| line.contains("/tmp/proxy/")).expect("a line");
        assert!(
            line.contains("[crit]") && line.contains("failed (28: No space left on device) while reading upstream")
        );
        assert!(exchange(&nginx, b"GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
    });
}

/// Writes until nothing is taken any more.
fn exhaust(stream: &mut TcpStream) {
    stream.set_nonblocking(true).expect("a socket");
    // Our own buffer is not what is measured.
    setsockopt(stream, sockopt::SndBuf, &16_384).expect("a small buffer");
    let piece = vec![b'x'; 16 * 1024];
    let (mut total, mut stalls) = (0, 0);
    while stalls < 30 {
        match stream.write(&piece) {
            Ok(length) => (total, stalls) = (total + length, 0),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {
                stalls += 1;
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => panic!("the connection broke: {error}"),
        }
        assert!(total < 2_000_000, "more than its buffers");
    }
}

/// A client that does not read holds back its backend, and a backend that does not read holds back its client: what is in between
/// is bounded by buffers, those of the kernel among them, which need directives that the original is too old for.
#[test]
fn who_does_not_read_holds_no_more_than_the_buffers() {
    let backend = TcpListener::bind("127.0.0.1:0").expect("a port");
    setsockopt(&backend, sockopt::RcvBuf, &16_384).expect("a small buffer");
    let address = backend.local_addr().expect("bound");
    let nginx = Running::start(
        &subject::ours().expect("evenkeel builds").nginx,
        &format!(
            "daemon on; error_log error.log; pid nginx.pid; worker_processes 1;
                 events {{ }}
                 http {{
                     access_log off;
                     client_max_body_size 0;
                     proxy_buffers 4 4k; proxy_busy_buffers_size 8k; proxy_max_temp_file_size 0;
                     proxy_socket_rcvbuf 16k; proxy_socket_sndbuf 16k;
                     server {{
                         listen 127.0.0.1:8080 sndbuf=16k rcvbuf=16k;
                         location / {{ return 200 \"first\\n\"; }}
                         location /down {{ proxy_pass http://{address}; }}
                         location /up {{ proxy_request_buffering off; proxy_pass http://{address}; }}
                     }}
                 }}"
        ),
    );

    let mut client = connect(&nginx);
    client.write_all(b"GET /down HTTP/1.0\r\n\r\n").expect("it is sent");
    let (mut server, _) = backend.accept().expect("a connection");
    server.write_all(b"HTTP/1.0 200 OK\r\n\r\n").expect("it is read");
    exhaust(&mut server);
    drop((client, server));

    let mut client = connect(&nginx);
    client.write_all(b"POST /up HTTP/1.0\r\nContent-Length: 99000000\r\n\r\n").expect("it is sent");
    let (server, _) = backend.accept().expect("a connection");
    exhaust(&mut client);
    drop((client, server));
}

/// So many clients of a kind.
const SLOW: usize = 100;
/// More than the buffers of the configuration below and what a connection takes itself, much less than what would come.
const MOST_KIB_EACH: u64 = 80;

/// Heads, bodies and answers of which a byte comes now and then take no more memory than their buffers, however many there are.
#[test]
fn bytes_that_come_one_by_one_take_no_more_than_their_buffers() {
    both(|program| {
        let backend = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = backend.local_addr().expect("bound");
        let nginx = Running::start(
            program,
            &format!(
                "daemon on; error_log error.log; pid nginx.pid; worker_processes 1; worker_rlimit_nofile 2000;
                 events {{ worker_connections 1000; }}
                 http {{
                     access_log off;
                     client_body_buffer_size 16k; proxy_buffer_size 4k; proxy_buffers 4 4k; proxy_busy_buffers_size 8k;
                     server {{
                         listen 127.0.0.1:8080;
                         location / {{ return 200 \"first\\n\"; }}
                         location /passed {{ proxy_pass http://{address}; }}
                     }}
                 }}"
            ),
        );
        let worker = nginx.await_workers(1)[0];
        assert!(exchange(&nginx, b"GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
        let before_kib = nginx.resident_kib(worker);
        let begin = |request: &str| -> Vec<TcpStream> {
            let one = || {
                let mut client = connect(&nginx);
                client.write_all(request.as_bytes()).expect("it is sent");
                client
            };
            (0..SLOW).map(|_| one()).collect()
        };
        let mut writers = begin("GET / HTTP/1.1\r\nHost: a\r\nX-Slow: ");
        writers.extend(begin("POST /passed HTTP/1.1\r\nHost: a\r\nContent-Length: 900000\r\n\r\n"));
        let readers = begin("GET /passed HTTP/1.0\r\n\r\n");
        writers.extend((0..SLOW).map(|_| backend.accept().expect("a connection").0));
        for server in &mut writers[2 * SLOW..] {
            server.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n").expect("it is read");
        }
        for _ in 0..20 {
            writers.iter_mut().for_each(|writer| writer.write_all(b"x").expect("it is read"));
            // What came is read before more does.
            assert!(exchange(&nginx, b"GET / HTTP/1.0\r\n\r\n").starts_with("HTTP/1.1 200 OK"));
        }
        let each_kib = nginx.resident_kib(worker).saturating_sub(before_kib) / (3 * SLOW as u64);
        drop((writers, readers));
        println!("{}: {each_kib} KiB for each of {} slow connections", program.display(), 3 * SLOW);
        assert!(each_kib <= MOST_KIB_EACH, "{each_kib} KiB each");
    });
}
