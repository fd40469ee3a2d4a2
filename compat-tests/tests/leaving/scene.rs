//! One client, a server and its backend, moved step by step by one thread, so that what follows what is the same in every run.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream, UdpSocket};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use compat_tests::mask::Mask;
use compat_tests::ports::Ports;
use compat_tests::program::Server;
use compat_tests::scratch::Scratch;
use nix::sys::socket::{Backlog, listen, setsockopt, sockopt};
use regex_lite::Regex;

/// What happens next.
#[derive(Clone, Copy, Debug)]
pub enum Step {
    /// Another client comes, by the unix socket, and the one that came by TCP goes.
    ComesByUnix,
    /// The client sends this.
    Sends(&'static str),
    /// The client sends so many bytes.
    SendsMany(usize),
    /// The client reads until it has seen this.
    Hears(&'static str),
    /// The backend accepts a connection and reads a head; later steps concern this connection.
    Accepts,
    /// The backend reads until it has been sent so many bytes behind the head.
    Takes(usize),
    /// The backend answers this.
    Answers(&'static str),
    /// The backend answers so many bytes.
    AnswersMany(usize),
    /// The backend closes its connection.
    Closes,
    /// The client says that nothing more comes, and goes on reading.
    HalfCloses,
    /// The client closes its connection.
    Leaves,
    /// The client breaks its connection.
    Resets,
    /// How the backend's connection ends now, if it does.
    Ends,
    /// What else the backend is asked now, if anything.
    IsAsked,
}

pub const CONFIGURATION: &str = include_str!("nginx.conf");

/// How long a busy machine may take for what is known to come.
const LIMIT: Duration = Duration::from_secs(20);

struct Scene {
    /// Whatever carries it.
    client: Option<TcpStream>,
    unix_socket: PathBuf,
    heard: Vec<u8>,
    listener: TcpListener,
    backend: Option<TcpStream>,
    patience: Duration,
    seen: Vec<String>,
}

/// What the backend saw and what the logs say.
pub fn play(program: &Path, steps: &[Step], patience_ms: u64) -> Result<Vec<String>, String> {
    let scratch = Scratch::new()?;
    scratch.write("large", &"x".repeat(3_000_000))?;
    scratch.write("page.shtml", "before <!--#include virtual=\"/part\" --> behind\n")?;
    scratch.write("pages.shtml", "<!--#include virtual=\"/part?1\" --><!--#include virtual=\"/part?2\" -->\n")?;
    let mut ports = Ports::default();
    ports.fill_in(CONFIGURATION)?;
    let describe = |error: std::io::Error| error.to_string();
    let listener = TcpListener::bind(("127.0.0.1", ports.real(8081))).map_err(describe)?;
    // Two connections that nobody accepts fill the queue: a third one stays unanswered.
    let full = TcpListener::bind(("127.0.0.1", ports.real(8082))).map_err(describe)?;
    listen(&full, Backlog::new(0).map_err(|error| error.to_string())?).map_err(|error| error.to_string())?;
    let _waiting = TcpStream::connect(("127.0.0.1", ports.real(8082))).map_err(describe)?;
    let _silent = UdpSocket::bind(("127.0.0.1", ports.real(8084))).map_err(describe)?;
    let server = Server::start_nginx(program, CONFIGURATION, &scratch, &mut ports, &[8080])?;
    let client = TcpStream::connect(("127.0.0.1", ports.real(8080))).map_err(describe)?;
    let mut scene = Scene {
        client: Some(client),
        unix_socket: scratch.path().join("client.sock"),
        heard: Vec::new(),
        listener,
        backend: None,
        patience: Duration::from_millis(patience_ms),
        seen: Vec::new(),
    };
    for step in steps {
        scene.take(*step).map_err(|error| format!("{step:?} after {:?}: {error}", scene.seen))?;
    }
    let mut seen = std::mem::take(&mut scene.seen);
    drop(scene);
    server.stop()?;
    for log in ["access.log", "error.log"] {
        let text = std::fs::read_to_string(scratch.path().join(log)).unwrap_or_default();
        seen.extend(lines(&text, &ports, &scratch));
    }
    Ok(seen)
}

/// The lines of a log about requests, without what shows the clock.
fn lines(text: &str, ports: &Ports, scratch: &Scratch) -> Vec<String> {
    let mut mask = Mask::default();
    mask.word(scratch.path().display().to_string(), "{prefix}");
    let text = mask.apply(&ports.take_out(text));
    let is_told = |line: &&str| !line.contains(" [notice] ") && !line.contains("delaying request, excess");
    // How much the kernel took of what is large is its own affair.
    let large = Regex::new(r" \d{6,} ").expect("it is well formed");
    text.lines().filter(is_told).map(|line| large.replace_all(line, " {many} ").into_owned()).collect()
}

impl Scene {
    fn take(&mut self, step: Step) -> std::io::Result<()> {
        match step {
            Step::ComesByUnix => self.come_by_unix(),
            Step::Sends(text) => self.client()?.write_all(text.as_bytes()),
            Step::SendsMany(count) => self.client()?.write_all(&vec![b'x'; count]),
            Step::Hears(text) => self.hear(text),
            Step::Accepts => self.accept(),
            Step::Takes(count) => self.take_body(count),
            Step::Answers(text) => self.answer(text.as_bytes()),
            Step::AnswersMany(count) => self.answer(&vec![b'x'; count]),
            Step::Closes => {
                self.backend = None;
                Ok(())
            }
            Step::HalfCloses | Step::Leaves | Step::Resets => self.leave(step),
            Step::Ends => self.see_end(),
            Step::IsAsked => self.see_asked(),
        }
    }

    fn come_by_unix(&mut self) -> std::io::Result<()> {
        let stream = UnixStream::connect(&self.unix_socket)?;
        self.client = Some(TcpStream::from(OwnedFd::from(stream)));
        Ok(())
    }

    fn client(&mut self) -> std::io::Result<&mut TcpStream> {
        self.client.as_mut().ok_or(ErrorKind::NotConnected.into())
    }

    fn backend(&mut self) -> std::io::Result<&mut TcpStream> {
        self.backend.as_mut().ok_or(ErrorKind::NotConnected.into())
    }

    /// Reads until `text` has come.
    fn hear(&mut self, text: &str) -> std::io::Result<()> {
        let Self { client: Some(client), heard, .. } = self else { return Err(ErrorKind::NotConnected.into()) };
        client.set_read_timeout(Some(LIMIT))?;
        let mut byte = [0];
        while !heard.ends_with(text.as_bytes()) {
            client.read_exact(&mut byte)?;
            heard.push(byte[0]);
        }
        Ok(())
    }

    fn accept(&mut self) -> std::io::Result<()> {
        let mut stream = await_connection(&self.listener, LIMIT)?;
        stream.set_read_timeout(Some(LIMIT))?;
        stream.set_write_timeout(Some(LIMIT))?;
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") {
            stream.read_exact(&mut byte)?;
            head.push(byte[0]);
        }
        let first = String::from_utf8_lossy(&head).lines().next().unwrap_or_default().to_owned();
        self.seen.push(format!("asked: {first}"));
        self.backend = Some(stream);
        Ok(())
    }

    /// What comes of an answer that nobody wants any more, the end shows.
    fn answer(&mut self, bytes: &[u8]) -> std::io::Result<()> {
        match self.backend()?.write_all(bytes) {
            Err(error) if matches!(error.kind(), ErrorKind::BrokenPipe | ErrorKind::ConnectionReset) => Ok(()),
            outcome => outcome,
        }
    }

    fn take_body(&mut self, count: usize) -> std::io::Result<()> {
        let mut body = vec![0; count];
        self.backend()?.read_exact(&mut body)
    }

    fn leave(&mut self, how: Step) -> std::io::Result<()> {
        // What was sent before has been looked at before this is.
        std::thread::sleep(self.patience / 2);
        let client = self.client()?;
        match how {
            Step::HalfCloses => return client.shutdown(Shutdown::Write),
            Step::Resets => setsockopt(client, sockopt::Linger, &nix::libc::linger { l_onoff: 1, l_linger: 0 })?,
            _ => {}
        }
        self.client = None;
        Ok(())
    }

    fn see_end(&mut self) -> std::io::Result<()> {
        let patience = self.patience;
        let stream = self.backend()?;
        stream.set_read_timeout(Some(patience))?;
        let mut rest = Vec::new();
        let end = match stream.read_to_end(&mut rest) {
            Ok(_) => "closed",
            Err(error) if error.kind() == ErrorKind::WouldBlock => "open",
            Err(_) => "reset",
        };
        self.seen.push(format!("{end} after {} more bytes", rest.len()));
        Ok(())
    }

    fn see_asked(&mut self) -> std::io::Result<()> {
        match await_connection(&self.listener, self.patience) {
            Ok(_) => self.seen.push("asked once more".to_owned()),
            Err(_) => self.seen.push("not asked again".to_owned()),
        }
        Ok(())
    }
}

fn await_connection(listener: &TcpListener, patience: Duration) -> std::io::Result<TcpStream> {
    listener.set_nonblocking(true)?;
    let until = Instant::now() + patience;
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false)?;
                return Ok(stream);
            }
            Err(error) if Instant::now() > until => return Err(error),
            Err(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
}
