//! A worker without a process of its own: what a fault in one request does to the others.

use std::future::Future;
use std::net::SocketAddr;
use std::path::Path;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::http::connection::runner;
use crate::net::listener::Address;
use crate::process::cycle::{Loader, Purpose};
use crate::process::options::Places;

/// The log goes to standard error too, which stays the test's own so.
const CONFIGURATION: &str = "
    error_log error.log; error_log stderr emerg; pid nginx.pid;
    events { }
    http {
        access_log off;
        client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
        server { listen 127.0.0.1:PORT; location / { stub_status; } }
    }
";

/// A generation as a master would have it.
fn generation(folder: &Path) -> Cycle {
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a port");
    let conf_file = folder.join("nginx.conf").display().to_string();
    std::fs::write(&conf_file, CONFIGURATION.replace("PORT", &free.port().to_string())).expect("it is written");
    let prefix = format!("{}/", folder.display());
    let places = Places { conf_prefix: prefix.clone(), prefix, conf_file, error_log: String::new() };
    let log = ErrorLog::at_start(crate::log::open_files::LogFile::stderr(), Level::Emerg);
    let loader = Loader { places: &places, directives: &[], purpose: Purpose::Run, log: &log, old: None };
    loader.load(Vec::new()).expect("it can be opened").cycle
}

/// Plays a scene with a worker that serves; then the worker drains.
fn with_worker<F: Future<Output = ()>>(folder: &Path, scene: impl FnOnce(SocketAddr) -> F) {
    let mut cycle = generation(folder);
    let shared = Shared::map().expect("there is memory");
    let listening = std::mem::take(&mut cycle.listening);
    let Address::Inet(address) = listening[0].wanted.address else { panic!("an inet address") };
    log_panics(&cycle.log);
    LocalRuntime::new().expect("a runtime").block_on(async {
        let turns = Rc::new(Turns::new(shared.board, 0, rules(&cycle)));
        let connections = Connections::new(100, 0, shared.connection_number, None);
        let place = Place { index: 0, connections: &connections, turns: &turns, shared: &shared };
        let mut accepting = Accepting::start(&cycle, listening, &place);
        scene(address).await;
        accepting.stop();
        accepting.ended().await;
    });
}

struct Client(TcpStream);

impl Client {
    async fn connect(address: SocketAddr) -> Self {
        Self(TcpStream::connect(address).await.expect("it listens"))
    }

    /// What comes in answer; nothing if the connection is closed instead.
    async fn ask(&mut self) -> String {
        self.0.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.expect("it is sent");
        let mut buffer = [0; 1000];
        // What was not read before the end makes it a reset.
        let length = self.0.read(&mut buffer).await.unwrap_or(0);
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    }
}

#[test]
fn a_panic_ends_its_own_connection_and_is_logged() {
    let folder = std::env::temp_dir().join(format!("evenkeel-panic-{}", std::process::id()));
    std::fs::create_dir_all(&folder).expect("a folder");
    let hook = panic::take_hook();
    with_worker(&folder, async |address| {
        let mut earlier = Client::connect(address).await;
        assert!(earlier.ask().await.contains("Active connections: 1 "));
        for round in 0..3 {
            let mut victim = Client::connect(address).await;
            runner::let_next_request_panic();
            assert_eq!(victim.ask().await, "", "round {round}");
            let answer = earlier.ask().await;
            assert!(answer.contains("Active connections: 1 "), "nothing of it is left: {answer}");
            assert!(answer.contains("Reading: 0 Writing: 1 Waiting: 0 "), "{answer}");
        }
        let mut later = Client::connect(address).await;
        assert!(later.ask().await.contains("Active connections: 2 "));
    });
    panic::set_hook(hook);
    let log = std::fs::read_to_string(folder.join("error.log")).expect("it is there");
    let alerts: Vec<_> = log.lines().filter(|line| line.contains("[alert] ")).collect();
    let is_told =
        |line: &&&str| line.contains("panicked at src/http/connection/runner.rs:") && line.ends_with(": for a test");
    assert_eq!((alerts.len(), alerts.iter().filter(is_told).count()), (3, 3), "{log}");
    std::fs::remove_dir_all(&folder).expect("it is ours");
}
