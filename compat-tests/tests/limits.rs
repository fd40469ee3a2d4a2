//! Zones of `limit_req` and `limit_conn`: all workers count together, also over a reload; with the original, then with evenkeel.

#[path = "processes/running.rs"]
#[allow(dead_code)]
mod running;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use compat_tests::{reference, subject};
use running::{Running, until};

const SERVER: &str = "
    daemon on;
    error_log error.log notice;
    pid nginx.pid;
    worker_processes 2;
    events { }
    http {
        access_log off;
        limit_req_zone $arg_key zone=requests:32k rate=1r/m;
        limit_req_zone $arg_key$arg_other zone=small:32k rate=1r/m;
        limit_conn_zone $http_host zone=connections:32k;
        server {
            listen 127.0.0.1:8080;
            location / { return 200 \"first\\n\"; }
            location /requests { limit_req zone=requests burst=9 nodelay; proxy_pass http://127.0.0.1:8080/; }
            location /small { limit_req zone=small; limit_req_status 429; proxy_pass http://127.0.0.1:8080/; }
            location /connections { limit_conn connections 3; proxy_pass http://127.0.0.1:8080/; }
        }
    }
";

fn both(scenario: impl Fn(&Path)) {
    scenario(&reference::originals().expect("the original is installed").nginx);
    scenario(&subject::ours().expect("evenkeel builds").nginx);
}

fn status(port: u16, target: &str) -> u16 {
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = format!("GET {target} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
    client.write_all(request.as_bytes()).expect("it is sent");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    answer.get(9..12).and_then(|status| status.parse().ok()).unwrap_or_else(|| panic!("no status: {answer:?}"))
}

fn reload(nginx: &Running) {
    let before = nginx.workers();
    nginx.signal(nginx.master(), "HUP");
    until("new workers", || {
        let now = nginx.workers();
        now.iter().filter(|pid| !before.contains(pid)).count() == 2 && now.iter().all(|pid| nginx.is_alive(*pid))
    });
}

#[test]
fn workers_share_the_rate_and_a_reload_keeps_it() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        nginx.await_workers(2);
        let passed = |count| (0..count).filter(|_| status(nginx.port(), "/requests?key=a") == 200).count();
        assert_eq!(passed(40), 10, "{}", program.display());
        reload(&nginx);
        assert_eq!(passed(10), 0, "{}", program.display());
    });
}

#[test]
fn workers_share_the_count_and_a_reload_keeps_it() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        nginx.await_workers(2);
        // A body that does not come keeps a request where it is counted.
        let mut clients: Vec<_> = (0..12).map(|_| begin_request(nginx.port())).collect();
        std::thread::sleep(Duration::from_millis(200));
        clients.retain_mut(|client| !is_answered(client));
        assert_eq!(clients.len(), 3, "{}", program.display());
        reload(&nginx);
        assert_eq!(status(nginx.port(), "/connections"), 503);
        clients.truncate(2);
        until("room again", || status(nginx.port(), "/connections") == 200);
    });
}

fn begin_request(port: u16) -> TcpStream {
    let mut client = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
    let request = b"POST /connections HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n";
    client.write_all(request).expect("it is sent");
    client
}

fn is_answered(client: &mut TcpStream) -> bool {
    client.set_read_timeout(Some(Duration::from_millis(10))).expect("a timeout");
    client.read(&mut [0; 12]).is_ok()
}

#[test]
fn a_zone_holds_as_many_keys_and_forgets_the_oldest() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        let key = |number: usize| format!("/small?key={number:04}");
        // Four bytes of key go into a piece of 128 bytes; the 32k hold 191 of them beside what the zone needs itself.
        for number in 0..191 {
            assert_eq!(status(nginx.port(), &key(number)), 200);
        }
        assert_eq!(status(nginx.port(), &key(0)), 429);
        assert_eq!(status(nginx.port(), &key(1000)), 200);
        assert_eq!(status(nginx.port(), &key(2)), 429, "{}", program.display());
        assert_eq!(status(nginx.port(), &key(1)), 200, "{}", program.display());
        // A key that even an emptied place has no room for.
        let long = format!("/small?key={}", "x".repeat(6000));
        assert_eq!(status(nginx.port(), &long), 429);
        until("the alert", || nginx.log().contains("could not allocate node in limit_req zone \"small\"\n"));
    });
}

#[test]
fn another_key_for_the_same_zone_is_refused() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        // nginx loses a SIGHUP that comes before its workers are there.
        nginx.await_workers(2);
        nginx.configure(&SERVER.replace("zone $arg_key zone=requests", "zone $uri zone=requests"));
        nginx.signal(nginx.master(), "HUP");
        let fault = "limit_req \"requests\" uses the \"$uri\" key while previously it used the \"$arg_key\" key\n";
        until("the fault", || nginx.log().contains(fault));
        nginx.configure(&SERVER.replace("zone $http_host", "zone $uri"));
        nginx.signal(nginx.master(), "HUP");
        let fault =
            "limit_conn_zone \"connections\" uses the \"$uri\" key while previously it used the \"$http_host\" key\n";
        until("the fault", || nginx.log().contains(fault));
        assert_eq!(nginx.get(), "first\n");
    });
}
