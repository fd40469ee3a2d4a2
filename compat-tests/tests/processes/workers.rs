//! What the main context makes of a worker: environment, priority, limits, processors, directory, and when it has to end.

use std::fs;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt;

use crate::running::{Running, until};
use crate::{SERVER, both, original};

const SETTINGS: &str = "
    worker_priority 5;
    worker_rlimit_nofile 1234;
    worker_rlimit_core 64k;
    worker_cpu_affinity 01 10;
    working_directory @PREFIX@/core;
";

/// A line of `/proc/…/status` or `/proc/…/limits`, without its name.
pub fn line(pid: i32, file: &str, name: &str) -> Vec<String> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).expect("it runs");
    let values = text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("no {name} in {text}"));
    values.split_whitespace().map(str::to_owned).collect()
}

#[test]
fn workers_have_the_priority_limits_processors_and_directory_of_the_file() {
    if !nix::unistd::geteuid().is_root() || !has_two_processors() {
        return println!("skipped: it takes root to raise limits, and two processors to share out");
    }
    both(|program| {
        let nginx = Running::prepare(program, &format!("{SETTINGS}{SERVER}"));
        fs::create_dir(nginx.path("core")).expect("a folder");
        nginx.begin();
        let workers = nginx.await_workers(2);
        for &worker in &workers {
            assert_eq!(nice(worker), "5");
            assert_eq!(line(worker, "limits", "Max open files"), ["1234", "1234", "files"]);
            assert_eq!(line(worker, "limits", "Max core file size"), ["65536", "65536", "bytes"]);
            let directory = fs::read_link(format!("/proc/{worker}/cwd")).expect("it runs");
            assert_eq!(directory, fs::canonicalize(nginx.path("core")).expect("the folder"));
        }
        let mut processors: Vec<_> = workers.iter().map(|&pid| line(pid, "status", "Cpus_allowed_list:")).collect();
        processors.sort();
        assert_eq!(processors, [["0"], ["1"]]);
        assert_eq!(nice(nginx.master()), nice(std::process::id().cast_signed()));
    });
}

fn has_two_processors() -> bool {
    line(std::process::id().cast_signed(), "status", "Cpus_allowed_list:")[0].starts_with("0-")
}

/// The nineteenth field; the second one is in brackets and may hold anything.
fn nice(pid: i32) -> String {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).expect("it runs");
    let fields = text.rsplit_once(") ").expect("a name in brackets").1;
    fields.split(' ').nth(16).expect("so many fields").to_owned()
}

/// The binary that takes the place of the old one is given what `env` names, and nothing else.
#[test]
fn env_says_what_is_kept_of_the_environment() {
    let kept = "env GIVEN=here; env PATH; env NOWHERE_TO_BE_FOUND;";
    both(|program| {
        let nginx = Running::start_through_link(program, &format!("{kept}{SERVER}"));
        nginx.await_workers(2);
        let (script, told) = (nginx.path("script"), nginx.path("environment"));
        let text = format!(
            "#!/bin/sh\nenv > {0}.new\ngrep ^Sig /proc/self/status >> {0}.new\nmv {0}.new {0}\n",
            told.display()
        );
        fs::write(&script, text).expect("it is written");
        fs::set_permissions(&script, fs::Permissions::from_mode(0o755)).expect("it is ours");
        nginx.point_link_at(&script);
        nginx.signal(nginx.master(), "USR2");
        until("the script's word", || told.exists());
        let environment = fs::read_to_string(&told).expect("it was written");
        let has = |name: &str| environment.lines().any(|line| line.starts_with(name));
        assert!(has("GIVEN=here") && has("PATH=") && has("NGINX=") && has("SPARE=X"), "{environment}");
        assert!(!has("NOWHERE_TO_BE_FOUND") && !has("CARGO_MANIFEST_DIR"), "{environment}");
        // nginx leaves its signals blocked, and a program that is none of nginx would not hear of its end.
        assert!(has("SigBlk:\t0000000000000000") || program == original(), "{environment}");
    });
}

/// It would be there for a minute: that is how long nginx waits for the rest of a body. Its line in the log has no status, as
/// there was no answer.
#[test]
fn a_client_that_does_not_end_is_left_after_the_time_for_shutting_down() {
    let server = SERVER.replace("return 200 \"first\\n\";", "proxy_pass http://127.0.0.1:8080;");
    let server = server.replace(
        "access_log access.log;",
        "log_format short '$status $request_uri $bytes_sent';
        access_log access.log short;",
    );
    both(|program| {
        let nginx = Running::start(program, &format!("worker_shutdown_timeout 300ms;{server}"));
        let mut client = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
        let request = b"POST /cut HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n";
        client.write_all(request).expect("it is sent");
        let mut buffer = [0; 1000];
        assert!(client.read(&mut buffer).expect("leave to send the body") > 0);
        nginx.signal(nginx.master(), "QUIT");
        nginx.await_end();
        assert!(matches!(client.read(&mut buffer), Ok(0) | Err(_)), "{}", program.display());
        let log = std::fs::read_to_string(nginx.path("access.log")).expect("it is there");
        assert!(log.starts_with("000 /cut "), "{}: {log}", program.display());
    });
}

/// A stream that waits for its answer then is logged as if its client had given it up.
#[test]
fn a_stream_is_left_after_the_time_for_shutting_down() {
    both(|program| {
        let backend = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let to = format!("proxy_pass http://{};", backend.local_addr().expect("it is bound"));
        let server = SERVER.replace("return 200 \"first\\n\";", &to);
        let server = server.replace("listen 127.0.0.1:8080", "listen 127.0.0.1:8080 http2");
        let server =
            server.replace("access_log access.log;", "log_format short '$status $uri'; access_log access.log short;");
        let nginx = Running::start(program, &format!("worker_shutdown_timeout 300ms;{server}"));
        let mut client = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
        // An empty SETTINGS frame, then HEADERS of stream 1: GET, http, path /, authority a.
        let head = b"\x00\x00\x06\x01\x05\x00\x00\x00\x01\x82\x84\x86\x41\x01a";
        let settings = b"\x00\x00\x00\x04\x00\x00\x00\x00\x00";
        let preface = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
        client.write_all(&[&preface[..], settings, head].concat()).expect("it is sent");
        let _asked = backend.accept().expect("the backend is asked");
        nginx.signal(nginx.master(), "QUIT");
        nginx.await_end();
        let log = std::fs::read_to_string(nginx.path("access.log")).expect("it is there");
        assert_eq!(log, "499 /\n", "{}", program.display());
    });
}
