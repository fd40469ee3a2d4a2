//! An upstream server that answers request after request as a case says, and keeps what it was asked.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{setsockopt, sockopt};

use crate::bytes::{self, Step};

/// A running upstream.
#[derive(Debug)]
pub struct ScriptedUpstream {
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
    port: u16,
}

#[derive(Debug)]
struct Shared {
    answers: Vec<Vec<Step>>,
    next_answer: AtomicUsize,
    asked: Mutex<Vec<String>>,
    over: AtomicBool,
}

impl ScriptedUpstream {
    /// Listens on the port; each request gets the next answer, and the last one again once all are used.
    pub fn start(port: u16, answers: Vec<Vec<Step>>) -> Result<Self, String> {
        let listener = bind(port)?;
        let shared = Arc::new(Shared {
            answers,
            next_answer: AtomicUsize::new(0),
            asked: Mutex::new(Vec::new()),
            over: AtomicBool::new(false),
        });
        let accepting = std::thread::spawn({
            let shared = Arc::clone(&shared);
            move || accept(&listener, &shared)
        });
        Ok(Self { shared, accepting: Some(accepting), port })
    }

    /// What it was sent: a piece of text for each connection, in the order they came.
    pub fn asked(&self) -> String {
        let asked = self.shared.asked.lock().unwrap_or_else(PoisonError::into_inner);
        asked.join("\n(next connection)\n")
    }
}

impl Drop for ScriptedUpstream {
    fn drop(&mut self) {
        self.shared.over.store(true, Ordering::SeqCst);
        // Wakes the accepting thread; if that fails, it has ended already.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

/// The port was free a moment ago; whoever else is looking for one may be trying it just now.
fn bind(port: u16) -> Result<TcpListener, String> {
    for _ in 0..20 {
        if let Ok(listener) = TcpListener::bind(("127.0.0.1", port)) {
            return Ok(listener);
        }
        std::thread::sleep(Duration::from_millis(25));
    }
    TcpListener::bind(("127.0.0.1", port)).map_err(|error| format!("upstream on {port}: {error}"))
}

fn accept(listener: &TcpListener, shared: &Arc<Shared>) {
    for stream in listener.incoming() {
        if shared.over.load(Ordering::SeqCst) {
            return;
        }
        let Ok(stream) = stream else { continue };
        let shared = Arc::clone(shared);
        std::thread::spawn(move || serve(stream, &shared));
    }
}

/// Serves one connection until an answer closes it or the other side does.
fn serve(mut stream: TcpStream, shared: &Shared) {
    // A connection that hangs must not outlive its case by much.
    let _ = stream.set_read_timeout(Some(Duration::from_secs(10)));
    let mut index = None;
    while let Some(request) = read_request(&mut stream) {
        index = Some(shared.note(index, &request));
        let number = shared.next_answer.fetch_add(1, Ordering::SeqCst);
        let Some(answer) = shared.answers.get(number).or(shared.answers.last()) else { return };
        if !answer.contains(&Step::KeepOpen) {
            if play(&mut stream, answer).is_ok() {
                let _ = stream.shutdown(Shutdown::Write);
            }
            return;
        }
        if play(&mut stream, answer).is_err() {
            return;
        }
    }
}

impl Shared {
    fn note(&self, index: Option<usize>, request: &[u8]) -> usize {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let text = bytes::show(request);
        if let Some(index) = index {
            asked[index].push('\n');
            asked[index].push_str(&text);
            return index;
        }
        asked.push(text);
        asked.len() - 1
    }
}

fn play(stream: &mut TcpStream, answer: &[Step]) -> std::io::Result<()> {
    for step in answer {
        match step {
            Step::Bytes(bytes) => stream.write_all(bytes)?,
            Step::Pause(pause) => std::thread::sleep(*pause),
            Step::HalfClose => stream.shutdown(Shutdown::Write)?,
            Step::Reset => {
                // No time to linger: what is closed is broken off.
                setsockopt(stream, sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 })?;
                return Err(ErrorKind::ConnectionReset.into());
            }
            Step::AwaitAnswer | Step::KeepOpen | Step::Patience(_) => {}
        }
    }
    Ok(())
}

/// Reads a head, and the body that its `Content-Length` or `Transfer-Encoding` announces.
fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        if stream.read(&mut byte).ok()? == 0 {
            return None;
        }
        request.push(byte[0]);
    }
    let head = String::from_utf8_lossy(&request).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    let is_chunked = head.lines().any(|line| line.starts_with("transfer-encoding:") && line.contains("chunked"));
    let head_length = request.len();
    loop {
        let body = &request[head_length..];
        let is_whole = match length {
            _ if is_chunked => body.ends_with(b"0\r\n\r\n"),
            Some(length) => body.len() >= length,
            None => true,
        };
        if is_whole {
            return Some(request);
        }
        match stream.read(&mut byte) {
            Ok(1) => request.push(byte[0]),
            _ => return Some(request),
        }
    }
}
