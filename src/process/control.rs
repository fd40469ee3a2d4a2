//! What the master answers on its control socket: how it stands, and whether a reload was taken.
//!
//! The socket has an abstract name made of the master's number, so no file is left behind; only root and the master's own
//! user are answered. nginx's signals need none of it.

use std::fmt::Write as _;
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixListener, UnixStream};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::upstream_status::UpstreamStatus;
use crate::sys::credentials;
use crate::sys::fork::{self, Pid};

/// How long either side waits for the other's next bytes.
const ASKING_TIMEOUT: Duration = Duration::from_millis(200);
/// A reload may try for seconds to bind an address.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// What is asked of a master.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Question {
    /// How it stands.
    Status,
    /// Read the configuration anew, and say whether it was taken.
    Reload,
}

impl Question {
    fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Reload => "reload",
        }
    }

    fn from_word(word: &str) -> Option<Self> {
        [Self::Status, Self::Reload].into_iter().find(|question| question.word() == word)
    }
}

/// What a master says: whether it could do what was asked, and a text.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Answer {
    /// Whether it was done.
    pub is_done: bool,
    /// For the operator, each line with its end.
    pub text: String,
}

/// The master's end.
#[derive(Debug)]
pub struct Control {
    listener: UnixListener,
}

impl Control {
    /// Listens under our own number.
    pub fn open() -> io::Result<Self> {
        let listener = UnixListener::bind_addr(&address(fork::own_pid())?)?;
        listener.set_nonblocking(true)?;
        Ok(Self { listener })
    }

    /// Somebody who asks, if there is one who may.
    pub fn next(&self) -> Option<Asking> {
        let (stream, _) = self.listener.accept().ok()?;
        let asker = credentials::of_peer(&stream).ok()?;
        if asker != 0 && asker != credentials::identity().0 {
            return None;
        }
        stream.set_nonblocking(false).ok()?;
        stream.set_read_timeout(Some(ASKING_TIMEOUT)).ok()?;
        stream.set_write_timeout(Some(ASKING_TIMEOUT)).ok()?;
        let mut word = [0; 16];
        let length = (&stream).read(&mut word).ok()?;
        let question = Question::from_word(std::str::from_utf8(&word[..length]).ok()?.trim_end())?;
        Some(Asking { question, stream })
    }
}

impl AsFd for Control {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }
}

/// A question that waits for its answer.
#[derive(Debug)]
pub struct Asking {
    /// What is asked.
    pub question: Question,
    stream: UnixStream,
}

impl Asking {
    /// Answers it. Whoever has gone meanwhile needs no answer.
    pub fn answer(mut self, answer: &Answer) {
        let verdict = if answer.is_done { "done" } else { "failed" };
        drop(write!(self.stream, "{verdict}\n{}", answer.text));
        // Workers that a reload has just forked hold the socket too, so that dropping it would not end the answer.
        drop(self.stream.shutdown(Shutdown::Both));
    }
}

/// Asks the master of that number.
pub fn ask(master: Pid, question: Question) -> io::Result<Answer> {
    let mut stream = UnixStream::connect_addr(&address(master)?)?;
    stream.set_read_timeout(Some(ANSWER_TIMEOUT))?;
    stream.write_all(question.word().as_bytes())?;
    let mut text = String::new();
    stream.read_to_string(&mut text)?;
    let (verdict, text) = text.split_once('\n').ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(Answer { is_done: verdict == "done", text: text.to_owned() })
}

fn address(master: Pid) -> io::Result<SocketAddr> {
    SocketAddr::from_abstract_name(format!("evenkeel/nginx/{master}"))
}

/// A worker as `status` shows it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct WorkerStatus {
    /// Its number.
    pub pid: Pid,
    /// The generation it serves.
    pub generation: u64,
    /// It was told to end when its requests are done.
    pub drains: bool,
}

/// A master as `status` shows it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Status {
    /// The configuration file.
    pub conf_file: String,
    /// How many configurations were taken since the start; the first is 1.
    pub generation: u64,
    /// When the present one was taken.
    pub taken_at: String,
    /// Why the last reload was not taken, if it was not.
    pub last_fault: Option<String>,
    /// The workers.
    pub workers: Vec<WorkerStatus>,
    /// The servers that requests are passed to.
    pub upstreams: Vec<UpstreamStatus>,
    /// Another binary that runs beside this one.
    pub new_binary: Option<Pid>,
}

impl Status {
    /// The form in which it goes through the socket.
    pub fn document(&self) -> String {
        serde_json::to_string(self).expect("a value without maps and floats can be written")
    }

    /// The lines that the operator sees.
    pub fn text(&self) -> String {
        let mut text = String::new();
        let mut line = |name: &str, value: &str| {
            let written = writeln!(text, "{name:<14}{value}");
            debug_assert!(written.is_ok(), "a String takes everything");
        };
        line("configuration", &self.conf_file);
        line("generation", &format!("{} since {}", self.generation, self.taken_at));
        if let Some(fault) = &self.last_fault {
            line("not taken", fault);
        }
        for worker in &self.workers {
            let WorkerStatus { pid, generation, drains } = worker;
            let state = if *drains { "drains" } else { "serves" };
            line("worker", &format!("{pid} {state} generation {generation}"));
        }
        for upstream in &self.upstreams {
            let mut first = "upstream";
            for words in upstream.lines() {
                line(std::mem::take(&mut first), &words);
            }
        }
        if let Some(pid) = self.new_binary {
            line("new binary", &pid.to_string());
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_gets_its_answer() {
        let control = Control::open().expect("the name is free");
        let asking = std::thread::spawn(|| ask(fork::own_pid(), Question::Reload));
        let asked = loop {
            if let Some(asked) = control.next() {
                break asked;
            }
        };
        assert_eq!(asked.question, Question::Reload);
        let answer = Answer { is_done: false, text: "no\n".into() };
        asked.answer(&answer);
        assert_eq!(asking.join().expect("no panic").expect("an answer"), answer);
    }

    #[test]
    fn the_status_names_who_drains() {
        let status = Status {
            conf_file: "/etc/nginx/nginx.conf".into(),
            generation: 2,
            taken_at: "2026/11/22 15:57:23".into(),
            last_fault: None,
            workers: vec![WorkerStatus { pid: 7, generation: 1, drains: true }],
            upstreams: Vec::new(),
            new_binary: None,
        };
        let expected = "configuration /etc/nginx/nginx.conf\ngeneration    2 since 2026/11/22 15:57:23\n\
                        worker        7 drains generation 1\n";
        assert_eq!(status.text(), expected);
    }
}
