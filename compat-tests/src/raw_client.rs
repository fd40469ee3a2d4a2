//! A client that sends exactly the bytes of a case and keeps exactly the bytes that come back.

use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::bytes::{self, Step};

/// How long silence lasts before the client takes the answer for complete.
const PATIENCE: Duration = Duration::from_millis(800);
/// How long silence lasts before the client sends its next piece.
const BETWEEN_PIECES: Duration = Duration::from_millis(120);
/// How long a busy machine may take for an answer that is known to come.
const LIMIT: Duration = Duration::from_secs(20);
/// Stands at the end of what was received while the server keeps the connection.
const STILL_OPEN: &str = "(still open)";

enum Heard {
    Bytes(Vec<u8>),
    Closed,
    Reset,
}

/// Plays the steps on a new connection; the answer comes back as readable text. What is `stored` tells how much to wait for.
pub fn exchange(port: u16, steps: &[Step], stored: Option<&str>) -> Result<String, String> {
    let stream = TcpStream::connect(("127.0.0.1", port)).map_err(|error| format!("port {port}: {error}"))?;
    let (sender, heard) = channel();
    let mut reader = stream.try_clone().map_err(|error| error.to_string())?;
    std::thread::spawn(move || {
        let mut buffer = [0; 65536];
        loop {
            let event = match reader.read(&mut buffer) {
                Ok(0) => Heard::Closed,
                Ok(count) => Heard::Bytes(buffer[..count].to_vec()),
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => Heard::Reset,
            };
            let is_last = !matches!(event, Heard::Bytes(_));
            if sender.send(event).is_err() || is_last {
                return;
            }
        }
    });
    let mut client = Client { stream, heard, answer: Vec::new(), ending: None, patience: PATIENCE };
    for step in steps {
        client.play(step)?;
    }
    if let Some(stored) = stored {
        client.await_stored(stored);
    }
    client.listen(client.patience);
    // The reader ends with the connection.
    let _ = client.stream.shutdown(Shutdown::Both);
    Ok(client.describe())
}

struct Client {
    stream: TcpStream,
    heard: Receiver<Heard>,
    answer: Vec<u8>,
    ending: Option<&'static str>,
    patience: Duration,
}

impl Client {
    fn play(&mut self, step: &Step) -> Result<(), String> {
        match step {
            // The other side may have answered and closed before it read everything; its answer is what counts.
            Step::Bytes(bytes) => drop(self.stream.write_all(bytes)),
            Step::Pause(pause) => std::thread::sleep(*pause),
            Step::AwaitAnswer => {
                let before = self.answer.len();
                self.listen_once(self.patience);
                if self.answer.len() > before {
                    self.listen(BETWEEN_PIECES);
                }
            }
            Step::HalfClose => drop(self.stream.shutdown(Shutdown::Write)),
            Step::Patience(patience) => self.patience = *patience,
            Step::KeepOpen => {
                return Err("(keep open) is for upstreams; a client keeps its connection anyway".to_owned());
            }
            Step::Reset => {
                return Err("(reset) is for upstreams".to_owned());
            }
        }
        Ok(())
    }

    /// Listens until as many lines have come as are stored, and the end if it is.
    fn await_stored(&mut self, stored: &str) {
        let (lines, is_open) = match stored.strip_suffix(STILL_OPEN) {
            Some(answer) => (answer.lines().count(), true),
            None => (0, false),
        };
        let until = Instant::now() + LIMIT;
        while self.ending.is_none() && !(is_open && bytes::show(&self.answer).lines().count() >= lines) {
            if !self.listen_once(until.saturating_duration_since(Instant::now())) {
                return;
            }
        }
    }

    /// Listens until the end, or until nothing came for `silence`.
    fn listen(&mut self, silence: Duration) {
        while self.ending.is_none() && self.listen_once(silence) {}
    }

    fn listen_once(&mut self, silence: Duration) -> bool {
        match self.heard.recv_timeout(silence) {
            Ok(Heard::Bytes(bytes)) => self.answer.extend(bytes),
            Ok(Heard::Closed) => self.ending = Some(""),
            // Whether a close with unread bytes shows as a reset depends on timing once an answer has come.
            Ok(Heard::Reset) => self.ending = Some(if self.answer.is_empty() { "(reset)" } else { "" }),
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return false,
        }
        true
    }

    fn describe(&self) -> String {
        let ending = self.ending.unwrap_or(STILL_OPEN);
        let answer = bytes::show(&self.answer);
        match (answer.is_empty(), ending.is_empty()) {
            (_, true) => answer,
            (true, false) => ending.to_owned(),
            (false, false) => format!("{answer}\n{ending}"),
        }
    }
}
