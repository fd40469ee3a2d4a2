//! One of the two that are compared: its server, its backends, its clients, and what is measured of them.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process;
use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use compat_tests::program::Server;
use compat_tests::scratch::Scratch;

use crate::backend;
use crate::client::{self, Draw};
use crate::tally::Tally;

/// A server under load.
pub struct Side {
    name: &'static str,
    server: Server,
    scratch: Scratch,
    tally: Arc<Tally>,
    over: Arc<AtomicBool>,
    clients: Vec<JoinHandle<()>>,
    memory_kib: Mutex<Vec<u64>>,
}

/// What is left of it.
pub struct Outcome {
    /// Answers and log lines by kind.
    pub tally: Arc<Tally>,
    /// Resident memory of the workers, minute by minute.
    memory_kib: Vec<u64>,
}

impl Side {
    /// Starts backends, server and clients.
    pub fn start(name: &'static str, program: &Path, clients: u64) -> Result<Self, String> {
        let scratch = Scratch::new()?;
        let faulty = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let sound = TcpListener::bind("127.0.0.1:0").map_err(|error| error.to_string())?;
        let port = free_port()?;
        let ports = [&faulty, &sound].map(|listener| listener.local_addr().map(|address| address.port()).unwrap_or(0));
        scratch.write("nginx.conf", &configuration(port, ports))?;
        scratch.write("html/file", &"f".repeat(300_000))?;
        backend::start(faulty, false);
        backend::start(sound, true);
        let prefix = format!("{}/", scratch.path().display());
        let arguments = ["-p", &prefix, "-c", "nginx.conf", "-e", "error.log"].map(str::to_owned);
        let server = Server::start(program, &arguments, scratch.path(), &[port])?;
        let (tally, over) = (Arc::new(Tally::default()), Arc::new(AtomicBool::new(false)));
        let clients = (1..=clients).map(|seed| {
            let (tally, over) = (Arc::clone(&tally), Arc::clone(&over));
            thread::spawn(move || {
                let mut draw = Draw(seed);
                while !over.load(Ordering::Relaxed) {
                    let begin = Instant::now();
                    let kind = client::act(port, &mut draw);
                    tally.add(&kind, begin.elapsed());
                    thread::sleep(Duration::from_millis(5));
                }
            })
        });
        let clients = clients.collect();
        Ok(Self { name, server, scratch, tally, over, clients, memory_kib: Mutex::default() })
    }

    /// A line about now.
    pub fn measure(&self) -> Result<String, String> {
        let pid = fs::read_to_string(self.scratch.path().join("nginx.pid")).map_err(|error| error.to_string())?;
        let children = format!("/proc/{0}/task/{0}/children", pid.trim());
        let workers = fs::read_to_string(children).map_err(|error| error.to_string())?;
        let (mut resident_kib, mut files) = (0, 0);
        for worker in workers.split_whitespace() {
            let status = fs::read_to_string(format!("/proc/{worker}/status")).unwrap_or_default();
            let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
            resident_kib += line.trim().trim_end_matches(" kB").parse::<u64>().unwrap_or_default();
            files += fs::read_dir(format!("/proc/{worker}/fd")).map_or(0, Iterator::count);
        }
        if let Ok(mut memory_kib) = self.memory_kib.lock() {
            memory_kib.push(resident_kib);
        }
        Ok(format!("{:<9} {:>8}  {resident_kib:>5} kB  {files:>5}", self.name, self.tally.total()))
    }

    /// Ends clients and server and counts the log.
    pub fn stop(self) -> Result<Outcome, String> {
        self.over.store(true, Ordering::Relaxed);
        for client in self.clients {
            client.join().map_err(|_| format!("a client of {} panicked", self.name))?;
        }
        self.server.stop()?;
        let log = fs::read(self.scratch.path().join("error.log")).map_err(|error| error.to_string())?;
        self.tally.add_log(&String::from_utf8_lossy(&log));
        Ok(Outcome { tally: self.tally, memory_kib: self.memory_kib.into_inner().unwrap_or_default() })
    }
}

impl Outcome {
    /// By how much the memory at the end exceeds that after the first third, if it is more than allowed.
    pub fn growth(&self, percent: u64) -> Option<String> {
        let first = *self.memory_kib.get(self.memory_kib.len() / 3)?;
        let last = *self.memory_kib.last()?;
        (last * 100 > first * (100 + percent)).then(|| format!("memory grew from {first} kB to {last} kB"))
    }
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener.map(|address| address.port()).map_err(|error| error.to_string())
}

fn configuration(port: u16, [faulty, sound]: [u16; 2]) -> String {
    format!(
        r#"daemon off;
pid nginx.pid;
worker_processes 2;
error_log error.log error;
events {{ worker_connections 512; }}
http {{
    # The usual folders belong to whichever server was started last.
    client_body_temp_path body;
    proxy_temp_path proxy;
    fastcgi_temp_path fastcgi;
    uwsgi_temp_path uwsgi;
    scgi_temp_path scgi;
    access_log access-{own}.log combined buffer=64k;
    keepalive_timeout 5s;
    client_header_timeout 5s;
    client_body_timeout 5s;
    proxy_read_timeout 1s;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    upstream pool {{ server 127.0.0.1:{faulty} max_fails=0; keepalive 8; }}
    upstream two {{ server 127.0.0.1:{faulty} max_fails=3 fail_timeout=1s; server 127.0.0.1:{sound}; }}
    server {{
        listen 127.0.0.1:{port};
        root html;
        location /one/ {{ proxy_pass http://127.0.0.1:{faulty}; proxy_set_header Connection close; }}
        location /pool/ {{ proxy_pass http://pool; }}
        location /two/ {{ proxy_pass http://two; proxy_next_upstream error timeout invalid_header non_idempotent; }}
        location /unbuffered/ {{
            proxy_pass http://127.0.0.1:{faulty};
            proxy_buffering off;
            proxy_request_buffering off;
        }}
    }}
}}
"#,
        own = process::id(),
    )
}
