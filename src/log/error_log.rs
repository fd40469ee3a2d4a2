//! nginx's error log: `2026/11/22 15:57:23 [error] 18403#18403: *9 TEXT`, to files, standard error and syslog.
//!
//! A call costs one comparison when its line is not due; the text is made by a closure that runs only when it is.

use std::cell::{Cell, RefCell};
use std::fmt::{self, Display};
use std::io::{self, Write};
use std::rc::Rc;

use super::open_files::LogFile;
use super::syslog::Syslog;
pub use crate::conf::diagnostic::Level;
use crate::primitives::os_error;
use crate::sys::fork;

/// A line has at most this many bytes, with its line end.
const LONGEST_LINE: usize = 2048;
/// What an error's number and name may take at the end of a long line.
const ERROR_ROOM: usize = 50;

thread_local! {
    /// Until the program has started in full, grave messages are shown on standard error too.
    static SHOWS_ON_STDERR: Cell<bool> = const { Cell::new(true) };
}

thread_local! {
    /// The last line of level emerg.
    static LAST_GRAVE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// The text of the last line of level emerg, for who asks why something was not done.
pub fn last_grave_text() -> Option<String> {
    LAST_GRAVE.with_borrow(Clone::clone)
}

/// From now on standard error is left alone: the program has started.
pub fn stop_showing_on_stderr() {
    SHOWS_ON_STDERR.set(false);
}

/// Whether messages are still copied to standard error.
pub fn shows_on_stderr() -> bool {
    SHOWS_ON_STDERR.get()
}

/// The connection that a line is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Whose {
    /// Its number.
    pub number: u64,
    /// Of such a one everything is told (`debug_connection`).
    pub is_debugged: bool,
}

/// Where one `error_log` goes.
#[derive(Debug)]
pub enum Target {
    /// A file or standard error.
    File(Rc<LogFile>),
    /// A syslog daemon.
    Syslog(Rc<Syslog>),
}

/// One `error_log` and its level.
#[derive(Debug)]
pub struct Output {
    target: Target,
    level: Level,
    /// The second in which the disk was found full: until it is over nothing more is tried.
    full_at: Cell<i64>,
}

impl Output {
    /// Lines of this level and graver ones go to the target.
    pub fn new(target: Target, level: Level) -> Self {
        Self { target, level, full_at: Cell::new(0) }
    }
}

/// What a part of the program says it to: all `error_log`s that are in force there.
#[derive(Debug)]
pub struct ErrorLog {
    /// The most talkative first.
    outputs: Vec<Output>,
    threshold: Cell<Option<Level>>,
}

impl ErrorLog {
    /// All these outputs; they are written in the order nginx writes them, most talkative first.
    pub fn new(mut outputs: Vec<Output>) -> Rc<Self> {
        outputs.sort_by_key(|output| std::cmp::Reverse(output.level));
        let threshold = Cell::new(outputs.first().map(|output| output.level));
        Rc::new(Self { outputs, threshold })
    }

    /// The log in force until a configuration says otherwise.
    pub fn at_start(file: Rc<LogFile>, level: Level) -> Rc<Self> {
        Self::new(vec![Output::new(Target::File(file), level)])
    }

    /// Whether a line of this level would be written anywhere.
    #[inline]
    pub fn is_due(&self, level: Level) -> bool {
        self.threshold.get().is_some_and(|threshold| level <= threshold)
    }

    /// The first output that is a file; nginx points standard error there.
    pub fn first_file(&self) -> Option<&Rc<LogFile>> {
        self.outputs.iter().find_map(|output| match &output.target {
            Target::File(file) => Some(file),
            Target::Syslog(_) => None,
        })
    }

    /// Writes a line outside a connection.
    #[inline]
    pub fn say(&self, level: Level, text: impl Display) {
        self.write(level, None, |line| line.push_display(&text));
    }

    /// Writes a line about a system call that failed: `TEXT (2: No such file or directory)`.
    pub fn say_error(&self, level: Level, error: &io::Error, text: impl Display) {
        self.write(level, None, |line| {
            line.push_display(&text);
            line.push_error(error);
        });
    }

    /// Writes a line whose text the closure makes, if it is due, or about a connection of which everything is told.
    #[inline]
    pub fn write(&self, level: Level, connection: Option<Whose>, text: impl FnOnce(&mut Line)) {
        let is_wanted = connection.is_some_and(|connection| connection.is_debugged);
        if is_wanted || self.is_due(level) {
            let mut line = Line::start(level, connection.map(|connection| connection.number));
            text(&mut line);
            self.emit(level, is_wanted, line);
        }
    }

    #[cold]
    fn emit(&self, level: Level, is_wanted: bool, mut line: Line) {
        line.finish();
        if level == Level::Emerg {
            LAST_GRAVE.set(Some(String::from_utf8_lossy(line.text()).trim_end().to_owned()));
        }
        let mut wrote_stderr = false;
        for output in self.outputs.iter().take_while(|output| is_wanted || level <= output.level) {
            match &output.target {
                Target::File(file) => {
                    wrote_stderr |= file.is_stderr();
                    write_to_file(output, file, line.bytes());
                }
                // A line that the daemon does not get is lost, as UDP is.
                Target::Syslog(syslog) => drop(syslog.send(level as u8, line.without_end())),
            }
        }
        if shows_on_stderr() && level <= Level::Warn && !wrote_stderr {
            show(level, line.text());
        }
    }
}

fn write_to_file(output: &Output, file: &LogFile, line: &[u8]) {
    let second = super::now::with(|now| now.unix_seconds);
    if output.full_at.get() == second {
        return;
    }
    if let Err(error) = file.write(line)
        && error.kind() == io::ErrorKind::StorageFull
    {
        output.full_at.set(second);
    }
}

/// `nginx: [emerg] TEXT` on standard error.
fn show(level: Level, text: &[u8]) {
    let line = [b"nginx: [", level.name().as_bytes(), b"] ", text].concat();
    // With standard error closed nobody is left to tell.
    drop(io::stderr().write_all(&line));
}

/// A line while it is written. Whatever does not fit is cut.
#[derive(Debug)]
pub struct Line {
    bytes: Vec<u8>,
    text_start: usize,
}

impl Line {
    fn start(level: Level, connection: Option<u64>) -> Self {
        let mut line = Self { bytes: Vec::with_capacity(256), text_start: 0 };
        let (pid, thread) = (fork::own_pid(), fork::own_thread());
        super::now::with(|now| {
            line.push_display(format_args!("{} [{}] {pid}#{thread}: ", now.error_log, level.name()))
        });
        if let Some(number) = connection {
            line.push_display(format_args!("*{number} "));
        }
        line.text_start = line.bytes.len();
        line
    }

    /// Adds bytes as they are.
    pub fn push(&mut self, bytes: &[u8]) {
        let room = LONGEST_LINE - self.bytes.len();
        self.bytes.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    /// Adds a text.
    pub fn push_display(&mut self, text: impl Display) {
        let outcome = fmt::Write::write_fmt(self, format_args!("{text}"));
        debug_assert!(outcome.is_ok(), "cutting is no error");
    }

    /// Adds ` (111: Connection refused)`.
    pub fn push_error(&mut self, error: &io::Error) {
        if self.bytes.len() > LONGEST_LINE - ERROR_ROOM {
            self.bytes.truncate(LONGEST_LINE - ERROR_ROOM);
            self.push(b"...");
        }
        self.push_display(os_error::suffix(error));
    }

    fn finish(&mut self) {
        self.bytes.truncate(LONGEST_LINE - 1);
        self.bytes.push(b'\n');
    }

    fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn without_end(&self) -> &[u8] {
        &self.bytes[..self.bytes.len() - 1]
    }

    fn text(&self) -> &[u8] {
        &self.bytes[self.text_start..]
    }
}

impl fmt::Write for Line {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.push(text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
