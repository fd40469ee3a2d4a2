//! Processes and signals: each scenario runs with the original, which shows that it asks for the right thing, and with evenkeel.

#[path = "processes/debian.rs"]
mod debian;
#[path = "processes/debug_log.rs"]
mod debug_log;
#[path = "processes/genhash.rs"]
mod genhash;
#[path = "processes/listening.rs"]
mod listening;
#[path = "processes/reloads.rs"]
mod reloads;
#[path = "processes/rights.rs"]
mod rights;
#[path = "processes/running.rs"]
mod running;
#[path = "processes/sharing.rs"]
mod sharing;
#[path = "processes/signals.rs"]
mod signals;
#[path = "processes/systemd.rs"]
mod systemd;
#[path = "processes/workers.rs"]
mod workers;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use compat_tests::{reference, subject};
use running::{Load, Running, until};

const SERVER: &str = "
    daemon on;
    error_log error.log notice;
    pid nginx.pid;
    worker_processes 2;
    events { }
    http {
        access_log access.log;
        server { listen 127.0.0.1:8080; location / { return 200 \"first\\n\"; } }
    }
";

fn original() -> PathBuf {
    reference::originals().expect("the original is installed").nginx
}

fn ours() -> PathBuf {
    subject::ours().expect("evenkeel builds").nginx
}

/// Plays a scenario with the original, then with evenkeel.
fn both(scenario: impl Fn(&Path)) {
    scenario(&original());
    scenario(&ours());
}

#[test]
fn a_start_leaves_a_pid_file_titles_and_notices() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        let master = nginx.master();
        let words = nginx.arguments().join(" ");
        let title = format!("nginx: master process {} {words}", program.display());
        until("the title", || nginx.title(master) == title);
        let workers = nginx.await_workers(2);
        assert!(workers.iter().all(|worker| nginx.title(*worker) == "nginx: worker process"));
        assert!(workers.iter().chain([&master]).all(|pid| nginx.short_name(*pid) == "nginx"));
        let log = nginx.log();
        let notices = ["using the \"epoll\" event method", ": nginx/", ": OS: Linux ", "getrlimit(RLIMIT_NOFILE): "];
        let mut rest = log.as_str();
        for notice in notices.into_iter().chain(["start worker processes", "start worker process "]) {
            let at = rest.find(notice).unwrap_or_else(|| panic!("{program:?} does not say {notice:?} in\n{log}"));
            rest = &rest[at..];
        }
        nginx.stop();
        assert!(!nginx.path("nginx.pid").exists());
    });
}

#[test]
fn a_killed_worker_is_replaced_within_a_tenth_of_a_second() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        let kill_one = |_| {
            let workers = nginx.await_workers(2);
            nginx.signal(workers[0], "KILL");
            let killed = Instant::now();
            until("a new worker", || nginx.workers().iter().any(|pid| !workers.contains(pid)));
            let took = killed.elapsed();
            until("the alert", || nginx.log().contains(&format!("worker process {} exited on signal 9", workers[0])));
            took
        };
        // The quickest of five, because a busy machine may delay any of them.
        let quickest = (0..5).map(kill_one).min();
        assert!(quickest < Some(Duration::from_millis(100)), "{quickest:?}");
        assert_eq!(nginx.get(), "first\n");
    });
}

#[test]
fn a_reload_with_a_broken_file_changes_nothing() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        let workers = nginx.await_workers(2);
        nginx.configure(&SERVER.replace("return 200", "retrun 200"));
        nginx.signal(nginx.master(), "HUP");
        until("the fault", || nginx.log().contains("[emerg]"));
        let log = nginx.log();
        assert!(log.contains(", reconfiguring\n") && log.contains("unknown directive \"retrun\" in "), "{log}");
        assert_eq!(nginx.get(), "first\n");
        assert_eq!(nginx.workers(), workers);
        let (text, status) = nginx.call(&["-s", "reload"]);
        assert!(status == 1 && text.contains("unknown directive \"retrun\""), "{text}");
    });
}

#[test]
fn a_reload_that_cannot_bind_goes_on_with_the_old() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        nginx.await_workers(2);
        let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let listen = format!("listen {}; listen 127.0.0.1:8080;", taken.local_addr().expect("an address"));
        nginx.configure(&SERVER.replace("listen 127.0.0.1:8080;", &listen));
        nginx.signal(nginx.master(), "HUP");
        until("the end of the attempts", || nginx.log().contains("still could not bind()"));
        assert_eq!(nginx.log().matches("try again to bind() after 500ms").count(), 5);
        assert_eq!(nginx.get(), "first\n");
    });
}

#[test]
fn twenty_reloads_under_load_fail_no_request() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        nginx.await_workers(2);
        let load = Load::start(nginx.port());
        for round in 0..20 {
            nginx.configure(&SERVER.replace("first", if round % 2 == 0 { "second" } else { "first" }));
            nginx.reload();
        }
        let (answered, failed) = load.stop();
        assert!(answered > 100 && failed.is_empty(), "{program:?}: {answered} answered, failed: {failed:?}");
        assert_eq!(nginx.get(), "first\n");
    });
}

#[test]
fn a_hundred_reloads_leave_neither_memory_nor_processes_behind() {
    let with_zone = "http { upstream zoned { zone zoned 64k; server 127.0.0.1:8080; }";
    let nginx = Running::start(&ours(), &SERVER.replace("http {", with_zone));
    nginx.await_workers(2);
    let (master, load) = (nginx.master(), Load::start(nginx.port()));
    let pieces = nginx.shared_pieces(master);
    assert!(pieces > 0, "the zone is one");
    let mut settled_kib = 0;
    for round in 0..100 {
        nginx.reload();
        if round == 20 {
            settled_kib = nginx.resident_kib(master);
        }
    }
    let grown_kib = nginx.resident_kib(master).saturating_sub(settled_kib);
    let (answered, failed) = load.stop();
    assert!(answered > 100 && failed.is_empty(), "{answered} answered, failed: {failed:?}");
    assert!(grown_kib < 1024, "the master has grown by {grown_kib} KiB since {settled_kib}");
    assert_eq!((nginx.master(), nginx.children(master).len(), nginx.shared_pieces(master)), (master, 2, pieces));
}

#[test]
fn killing_workers_costs_their_own_requests_only() {
    both(|program| {
        const ROUNDS: usize = 20;
        let nginx = Running::start(program, SERVER);
        nginx.await_workers(2);
        let load = Load::start(nginx.port());
        for round in 0..ROUNDS {
            let workers = nginx.await_workers(2);
            nginx.signal(workers[round % 2], "KILL");
            until("a new worker", || nginx.workers().len() == 2 && nginx.workers() != workers);
        }
        let (answered, failed) = load.stop();
        // The client has one request open at a time.
        assert!(answered > ROUNDS && failed.len() <= ROUNDS, "{program:?}: {answered} answered, failed: {failed:?}");
    });
}

/// A connection that a worker serves, the head of its second request being half sent.
struct Client {
    stream: TcpStream,
    worker: i32,
}

impl Client {
    fn connect(port: u16) -> Self {
        let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("it listens");
        stream.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
        stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\nGET / HT").expect("it is sent");
        let mut buffer = [0; 1000];
        let length = stream.read(&mut buffer).expect("an answer");
        let answer = String::from_utf8_lossy(&buffer[..length]).into_owned();
        let worker = answer.rsplit("\r\n").next().and_then(|body| body.trim().parse().ok());
        Self { stream, worker: worker.unwrap_or_else(|| panic!("no number in {answer}")) }
    }

    fn gets_answer(mut self) -> bool {
        let mut answer = String::new();
        let sent = self.stream.write_all(b"TP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n");
        sent.is_ok() && self.stream.read_to_string(&mut answer).is_ok() && answer.starts_with("HTTP/1.1 200 ")
    }
}

/// Twenty rounds: both workers and the master in turn. A killed worker takes along the requests that it had, a killed master
/// none: its workers go on.
#[test]
fn every_process_killed_in_turn_costs_its_own_requests_only() {
    both(|program| {
        let mut nginx = Running::start(program, &SERVER.replace("first\\n", "$pid\\n"));
        for round in 0..20 {
            let workers = nginx.await_workers(2);
            let clients: Vec<Client> = (0..8).map(|_| Client::connect(nginx.port())).collect();
            let load = Load::start(nginx.port());
            let victim = [workers[0], workers[1], nginx.master()][round % 3];
            nginx.signal(victim, "KILL");
            until("its end", || !nginx.is_alive(victim));
            let replaced = || nginx.workers().len() == 2 && !nginx.workers().contains(&victim);
            until("another worker", || !workers.contains(&victim) || replaced());
            for client in clients {
                let worker = client.worker;
                assert_eq!(client.gets_answer(), worker != victim, "{program:?}: round {round}, {worker} of {victim}");
            }
            let (_, failed) = load.stop();
            // This client has one request open at a time.
            assert!(failed.len() <= usize::from(workers.contains(&victim)), "{program:?}: round {round}: {failed:?}");
            if !workers.contains(&victim) {
                nginx.end_orphans(&workers);
                nginx = nginx.start_again();
            }
        }
    });
}

#[test]
fn quit_lets_requests_finish_and_stop_does_not_wait() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        nginx.await_workers(2);
        let mut client = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n").expect("it is sent");
        std::thread::sleep(Duration::from_millis(100));
        let (_, status) = nginx.call(&["-s", "quit"]);
        assert_eq!(status, 0);
        until("the sockets to close", || TcpStream::connect(("127.0.0.1", nginx.port())).is_err());
        client.write_all(b"\r\n").expect("the worker is still there");
        let mut answer = String::new();
        client.read_to_string(&mut answer).expect("an answer");
        let complete = answer.contains("Connection: close\r\n") && answer.ends_with("first\n");
        assert!(complete, "{program:?}: {answer}\n{}", nginx.log());
        nginx.await_end();
        assert!(nginx.log().contains("gracefully shutting down"));

        let nginx = Running::start(program, SERVER);
        let idle = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
        let (_, status) = nginx.call(&["-s", "stop"]);
        assert_eq!(status, 0);
        nginx.await_end();
        drop(idle);
    });
}

#[test]
fn an_idle_connection_does_not_hold_a_worker_back() {
    both(|program| {
        let nginx = Running::start(program, SERVER);
        let mut client = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
        client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is sent");
        let mut buffer = [0; 1000];
        assert!(client.read(&mut buffer).expect("an answer") > 0);
        nginx.signal(nginx.master(), "QUIT");
        let asked = Instant::now();
        nginx.await_end();
        // Far from the 75 s that it could have stayed.
        assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    });
}

#[test]
fn logs_are_opened_anew_and_given_to_the_workers() {
    let is_root = nix::unistd::geteuid().is_root();
    both(|program| {
        let user = if is_root { "user nobody nogroup;" } else { "" };
        let nginx = Running::start(program, &format!("{user}{SERVER}"));
        nginx.await_workers(2);
        assert_eq!(nginx.get(), "first\n");
        std::fs::rename(nginx.path("access.log"), nginx.path("access.log.1")).expect("it is renamed");
        let (_, status) = nginx.call(&["-s", "reopen"]);
        assert_eq!(status, 0);
        until("all processes to reopen", || nginx.log().matches(": reopening logs\n").count() == 3);
        until("the new file", || nginx.path("access.log").exists());
        nginx.get();
        until("the line", || {
            std::fs::read_to_string(nginx.path("access.log")).is_ok_and(|text| text.lines().count() == 1)
        });
        let old = std::fs::read_to_string(nginx.path("access.log.1")).expect("the old file");
        assert_eq!(old.lines().count(), 1);
        if is_root {
            let owner = |name: &str| std::fs::metadata(nginx.path(name)).expect("it is there").uid();
            assert_eq!(["access.log.1", "access.log", "error.log"].map(owner), [0, 65534, 65534], "{program:?}");
        }
    });
}

#[test]
fn a_signal_without_a_server_says_why() {
    both(|program| {
        let nginx = Running::prepare(program, SERVER);
        let pid_file = nginx.path("nginx.pid");
        let (text, status) = nginx.call(&["-s", "stop"]);
        let expected = format!("[error] N#N: open() \"{}\" failed (2: No such file or directory)", pid_file.display());
        assert!(status == 1 && nginx.without_pids(&text).contains(&expected), "{text}");
        for (content, expected) in [
            ("", "[error] N#N: invalid PID number \"\" in \""),
            ("12x\n", "[error] N#N: invalid PID number \"12x\" in \""),
            ("4194999\n", "[alert] N#N: kill(4194999, 15) failed (3: No such process)"),
        ] {
            std::fs::write(&pid_file, content).expect("a pid file");
            let (text, status) = nginx.call(&["-s", "stop"]);
            let text = nginx.without_pids(&text);
            assert!(status == 1 && text.contains(expected), "{program:?}: {text}");
        }
    });
}

#[test]
fn a_test_leaves_an_empty_pid_file_and_an_old_one_alone() {
    both(|program| {
        let nginx = Running::prepare(program, SERVER);
        let (text, status) = nginx.call(&["-t"]);
        assert!(status == 0 && text.contains("test is successful"), "{text}");
        assert_eq!(std::fs::read(nginx.path("nginx.pid")).expect("it is there"), b"");
        std::fs::write(nginx.path("nginx.pid"), "7\n").expect("it is written");
        nginx.call(&["-t"]);
        assert_eq!(std::fs::read(nginx.path("nginx.pid")).expect("it is there"), b"7\n");
    });
}

#[test]
fn a_relative_prefix_is_looked_for_where_the_call_was_made() {
    both(|program| {
        let nginx = Running::prepare(program, &SERVER.replace("return 200 \"first\\n\";", ""));
        std::fs::create_dir(nginx.path("html")).expect("a folder");
        std::fs::write(nginx.path("html/index.html"), "first\n").expect("a page");
        let directory = nginx.path("html").parent().expect("the prefix").to_owned();
        let (Some(above), Some(prefix)) = (directory.parent(), directory.file_name()) else {
            panic!("no relative path")
        };
        let words = ["-p", &prefix.to_string_lossy(), "-c", "nginx.conf", "-e", "stderr"].map(str::to_owned);
        let (text, status) = compat_tests::program::run(program, &words, above).expect("it runs");
        assert_eq!(status, 0, "{text}");
        until("the workers", || nginx.pid_file().is_some());
        nginx.await_workers(2);
        assert_eq!(nginx.get(), "first\n", "{program:?}: {}", nginx.log());
    });
}

#[test]
fn unix_sockets_are_open_to_all_and_removed_at_the_end() {
    both(|program| {
        use std::os::unix::fs::{FileTypeExt, PermissionsExt};
        let listen = "listen 127.0.0.1:8080; listen unix:@PREFIX@/socket;";
        let nginx = Running::start(program, &SERVER.replace("listen 127.0.0.1:8080;", listen));
        let metadata = std::fs::metadata(nginx.path("socket")).expect("the socket");
        assert!(metadata.file_type().is_socket());
        assert_eq!(metadata.permissions().mode() & 0o777, 0o666);
        nginx.stop();
        // The pid file goes first.
        until("the socket is gone", || !nginx.path("socket").exists());
    });
}

/// Swaps the binary under load: nothing fails, the sockets stay the same.
fn upgrade(from: &Path, to: &Path) {
    let nginx = Running::start_through_link(from, SERVER);
    nginx.await_workers(2);
    let old = nginx.master();
    let sockets = nginx.listening_inodes(old);
    assert!(!sockets.is_empty());
    let load = Load::start(nginx.port());
    nginx.point_link_at(to);
    nginx.signal(old, "USR2");
    until("the new master", || {
        nginx.path("nginx.pid.oldbin").exists() && nginx.pid_file().is_some_and(|pid| pid != old)
    });
    let new = nginx.master();
    until("its workers", || nginx.children(new).len() == 2);
    nginx.signal(old, "USR2");
    until("the refusal", || nginx.log().contains("the changing binary signal is ignored"));
    assert_eq!(nginx.listening_inodes(new), sockets);
    nginx.signal(old, "WINCH");
    until("the old workers' end", || nginx.children(old) == [new]);
    nginx.signal(old, "QUIT");
    until("the old master's end", || !nginx.path("nginx.pid.oldbin").exists() && !nginx.is_alive(old));
    let (answered, failed) = load.stop();
    assert!(answered > 3 && failed.is_empty(), "{answered} answered, failed: {failed:?}");
    assert_eq!(nginx.get(), "first\n");
}

#[test]
fn the_binary_changes_from_the_original_to_evenkeel() {
    upgrade(&original(), &ours());
}

#[test]
fn the_binary_changes_from_evenkeel_to_the_original() {
    upgrade(&ours(), &original());
}

#[test]
fn the_binary_changes_from_evenkeel_to_evenkeel() {
    upgrade(&ours(), &ours());
}

#[test]
fn a_change_of_the_binary_is_taken_back() {
    for (from, to) in [(original(), ours()), (ours(), original())] {
        let nginx = Running::start_through_link(&from, SERVER);
        nginx.await_workers(2);
        let old = nginx.master();
        let load = Load::start(nginx.port());
        nginx.point_link_at(&to);
        nginx.signal(old, "USR2");
        until("the new master", || nginx.pid_file().is_some_and(|pid| pid != old));
        let new = nginx.master();
        until("its workers", || nginx.children(new).len() == 2);
        nginx.signal(old, "WINCH");
        until("the old workers' end", || nginx.children(old) == [new]);
        nginx.signal(old, "HUP");
        until("workers again", || nginx.children(old).len() == 3);
        nginx.signal(new, "QUIT");
        until("the new master's end", || !nginx.is_alive(new));
        until("the old name", || nginx.pid_file() == Some(old) && !nginx.path("nginx.pid.oldbin").exists());
        let (answered, failed) = load.stop();
        assert!(answered > 3 && failed.is_empty(), "{from:?}: {answered} answered, failed: {failed:?}");
    }
}

/// Neither a request nor a connection is lost, whether all goes well or not.
#[test]
fn swap_in_and_roll_back_change_the_binary_under_load() {
    let nginx = Running::start_a_copy(&original(), SERVER);
    nginx.await_workers(2);
    let (folder, pid_file) = (nginx.path("sbin"), nginx.path("nginx.pid"));
    let place = folder.join("nginx");
    let words = |command: &str| [command.to_owned(), "nginx".into(), "--sbin".into(), folder.display().to_string()];
    let call = |command: &str| evenkeel(&words(command).each_ref().map(String::as_str), &pid_file);
    let runs = |pid: i32| std::fs::read_link(format!("/proc/{pid}/exe")).expect("it runs");
    let (load, old) = (Load::start(nginx.port()), nginx.master());

    nginx.configure(&SERVER.replace("return 200", "retrun 200"));
    let (text, status) = call("swap-in");
    assert!(status == 1 && text.contains("unknown directive \"retrun\""), "{text}");
    assert!(!place.is_symlink() && nginx.master() == old, "a broken file changes nothing");
    // Of two programs none is touched if one of them would not be taken.
    std::fs::write(folder.join("keepalived"), "#!/bin/sh\nexit 9\n").expect("it is written");
    std::fs::set_permissions(folder.join("keepalived"), PermissionsExt::from_mode(0o755)).expect("it is ours");
    nginx.configure(SERVER);
    let (text, status) = evenkeel(&["swap-in", "--sbin", &folder.display().to_string()], &pid_file);
    assert!(status == 1 && text.contains("keepalived: nothing is changed"), "{text}");
    assert!(!place.is_symlink() && nginx.master() == old, "{text}");
    // An address that somebody else has is a fault only once ours has started.
    let taken = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let listen = format!("listen {}; listen 127.0.0.1:8080;", taken.local_addr().expect("an address"));
    nginx.configure(&SERVER.replace("listen 127.0.0.1:8080;", &listen));
    let (text, status) = call("swap-in");
    assert!(status == 1 && text.contains("everything is as it was"), "{text}");
    assert!(!place.is_symlink() && nginx.master() == old, "{text}");
    nginx.configure(SERVER);

    let (text, status) = call("swap-in");
    assert_eq!(status, 0, "{text}");
    until("the old master's end", || !nginx.is_alive(old));
    let ours = nginx.master();
    assert_eq!(runs(ours), std::fs::canonicalize(self::ours()).expect("a link"), "{text}");
    assert!(call("swap-in").0.contains("in its place already"));

    nginx.configure(&SERVER.replace("return 200", "retrun 200"));
    let (text, status) = call("roll-back");
    assert!(status == 1 && text.contains("unknown directive \"retrun\""), "{text}");
    nginx.configure(&SERVER.replace("listen 127.0.0.1:8080;", &listen));
    let (text, status) = call("roll-back");
    assert!(status == 1 && text.contains("everything is as it was"), "{text}");
    assert!(place.is_symlink() && nginx.master() == ours, "{text}");
    nginx.configure(SERVER);

    let (text, status) = call("roll-back");
    assert_eq!(status, 0, "{text}");
    until("our end", || !nginx.is_alive(ours));
    assert_eq!(runs(nginx.master()), place, "{text}");
    assert!(!place.is_symlink() && !folder.join("nginx.distrib").exists());
    assert!(call("roll-back").0.contains("is not in the place of an original"));
    let (answered, failed) = load.stop();
    assert!(answered > 3 && failed.is_empty(), "{answered} answered, failed: {failed:?}");
}

/// Called by its bare name, nginx would look for another binary in its working directory.
#[test]
fn a_swap_beside_an_nginx_without_a_path_says_why_not() {
    let nginx = Running::start_a_copy(&original(), SERVER);
    nginx.signal(nginx.master(), "QUIT");
    nginx.await_end();
    let started = Command::new(nginx.program()).arg0("nginx").args(nginx.arguments()).status().expect("it runs");
    assert!(started.success());
    let workers = nginx.await_workers(2);
    let folder = nginx.path("sbin").display().to_string();
    let (text, status) = evenkeel(&["swap-in", "nginx", "--sbin", &folder], &nginx.path("nginx.pid"));
    assert!(status == 1 && text.contains("it was called as \"nginx\" and finds no other binary so"), "{text}");
    assert!(text.contains("everything is as it was"), "{text}");
    assert!(!nginx.program().is_symlink() && nginx.workers() == workers);
}

/// Calls evenkeel's own command line.
fn evenkeel(words: &[&str], pid_file: &Path) -> (String, i32) {
    let binary = std::fs::canonicalize(ours()).expect("the link leads to the binary");
    let mut arguments: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    arguments.extend(["--pid-file".to_owned(), pid_file.display().to_string()]);
    compat_tests::program::run(&binary, &arguments, Path::new("/")).expect("it runs")
}

#[test]
fn a_reload_that_is_waited_for_says_whether_it_was_taken() {
    let nginx = Running::start(&ours(), SERVER);
    let workers = nginx.await_workers(2);
    let pid_file = nginx.path("nginx.pid");
    let (text, status) = evenkeel(&["status"], &pid_file);
    assert!(status == 0 && text.contains("generation    1 since "), "{text}");
    assert!(text.contains(&format!("worker        {} serves generation 1\n", workers[0])), "{text}");
    nginx.configure(&SERVER.replace("return 200", "retrun 200"));
    let (text, status) = evenkeel(&["reload"], &pid_file);
    assert!(status == 1 && text.starts_with("evenkeel: unknown directive \"retrun\" in "), "{text}");
    assert!(evenkeel(&["status"], &pid_file).0.contains("not taken     unknown directive \"retrun\" in "));
    nginx.configure(&SERVER.replace("first", "second"));
    let mut idle = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
    idle.write_all(b"GET / HTTP/1.1\r\n").expect("it is sent");
    std::thread::sleep(Duration::from_millis(100));
    assert_eq!(evenkeel(&["reload"], &pid_file), ("generation 2\n".to_owned(), 0));
    assert_eq!(nginx.get(), "second\n");
    let (text, _) = evenkeel(&["status"], &pid_file);
    assert!(text.contains(" drains generation 1\n") && text.contains(" serves generation 2\n"), "{text}");
    let (text, status) = evenkeel(&["status"], &nginx.path("none.pid"));
    assert!(status == 1 && text.contains("none.pid: No such file or directory"), "{text}");
}

/// Idle connections make room for new ones, those first that wait longest; listening socket and channel take places too.
#[test]
fn idle_connections_make_room_for_new_ones() {
    both(|program| {
        let few = SERVER
            .replace("worker_processes 2", "worker_processes 1")
            .replace("events {", "events { worker_connections 10;");
        let nginx = Running::start(program, &few);
        nginx.await_workers(1);
        let mut buffer = [0; 1000];
        let mut clients: Vec<TcpStream> = Vec::new();
        for _ in 0..20 {
            let mut client = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
            client.set_read_timeout(Some(Duration::from_secs(30))).expect("a socket");
            client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is sent");
            assert!(client.read(&mut buffer).expect("an answer") > 0);
            clients.push(client);
        }
        let mut goes_on = |client: &mut TcpStream| {
            let sent = client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n");
            sent.is_ok() && client.read(&mut buffer).is_ok_and(|length| length > 0)
        };
        let survivors: Vec<bool> = clients.iter_mut().map(&mut goes_on).collect();
        let expected: Vec<bool> = (0..20).map(|number| number >= 12).collect();
        assert_eq!(survivors, expected, "{program:?}\n{}", nginx.log());
        let log = nginx.log();
        assert!(log.contains("[warn]") && !log.contains("[alert]"), "{log}");
        assert!(log.contains(": 10 worker_connections are not enough, reusing connections\n"), "{log}");
    });
}

#[test]
fn the_status_says_which_server_answers_and_why_another_does_not() {
    let servers = "upstream backend { server 127.0.0.1:8080 weight=2; server 127.0.0.1:9 fail_timeout=60s; server 127.0.0.2:9 down; }
        server { listen 127.0.0.1:8080;
            location / { return 200 \"first\\n\"; } location /asked { proxy_pass http://backend/; } }";
    let server = "server { listen 127.0.0.1:8080; location / { return 200 \"first\\n\"; } }";
    let nginx =
        Running::start(&ours(), &SERVER.replace(server, servers).replace("worker_processes 2", "worker_processes 1"));
    nginx.await_workers(1);
    let pid_file = nginx.path("nginx.pid");
    let backend = format!("127.0.0.1:{}", nginx.port());
    let lines = |asked: &str, fails: &str| {
        format!(
            "upstream      backend\n                {backend}  {asked}\n                127.0.0.1:9{0}  {fails}\n                \
             127.0.0.2:9{0}  marked down; weight 1, 0 requests, 0 active\n",
            " ".repeat(backend.len() - 11)
        )
    };
    let idle = lines("up; weight 2, 0 requests, 0 active", "up; weight 1, 0 requests, 0 active");
    let (text, _) = evenkeel(&["status"], &pid_file);
    assert!(text.contains(&idle), "{text}\n{idle}");
    for _ in 0..4 {
        assert_eq!(nginx.get_at("/asked"), "first\n");
    }
    let (text, _) = evenkeel(&["status"], &pid_file);
    let out = |seconds: u64| {
        let fails = format!("out after 1 failure, for {seconds} s; weight 1, 1 request, 0 active");
        lines("up; weight 2, 4 requests, 0 active", &fails)
    };
    assert!((50..=61).any(|seconds| text.contains(&out(seconds))), "{text}\n{}", out(60));
    let (json, _) = evenkeel(&["status", "--format", "json"], &pid_file);
    assert!(json.contains("\"requests\": 4") && json.contains("\"resting\""), "{json}");
}

#[test]
fn all_workers_count_together() {
    both(|program| {
        let status = SERVER.replace("return 200 \"first\\n\";", "stub_status;");
        let nginx = Running::start(program, &status);
        nginx.await_workers(2);
        // Several clients at once reach both workers; the first two connections only asked whether it listens.
        let clients: Vec<_> = (0..30).map(|_| TcpStream::connect(("127.0.0.1", nginx.port()))).collect();
        until("all to be counted", || nginx.get().starts_with("Active connections: 31 "));
        drop(clients);
        until("all to be gone", || nginx.get().starts_with("Active connections: 1 "));
    });
}

/// 1.22 does not know `keepalive_min_timeout`.
#[test]
fn a_connection_is_kept_for_the_time_it_was_promised() {
    let promise = "access_log off; keepalive_min_timeout 2s;";
    let nginx = Running::start(&ours(), &SERVER.replace("access_log access.log;", promise));
    nginx.await_workers(2);
    let mut client = TcpStream::connect(("127.0.0.1", nginx.port())).expect("it listens");
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is sent");
    let mut buffer = [0; 1000];
    assert!(client.read(&mut buffer).expect("an answer") > 0);
    nginx.signal(nginx.master(), "QUIT");
    std::thread::sleep(Duration::from_millis(300));
    client.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").expect("it is still open");
    let mut answer = String::new();
    client.read_to_string(&mut answer).expect("an answer");
    assert!(answer.contains("Connection: close\r\n") && answer.ends_with("first\n"), "{answer}");
    nginx.await_end();
}
