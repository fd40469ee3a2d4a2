//! The access logs of one generation: their files, and the lines that wait to be written.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt;
use std::io::{self, Write};
use std::rc::Rc;

use flate2::Compression;
use flate2::write::GzEncoder;
use nix::errno::Errno;

use crate::ir::http::log::AccessLog;
use crate::ir::value::Text;
use crate::log::error_log::{ErrorLog, Level};
use crate::log::open_files::{LogFile, OpenFiles};
use crate::log::path_cache::PathCache;
use crate::log::syslog::Syslog;

/// The access logs of one generation.
pub struct AccessLogs {
    /// The log files.
    pub files: Rc<OpenFiles>,
    /// Each syslog target's connection, by the target's place in memory.
    pub syslogs: BTreeMap<usize, Rc<Syslog>>,
    /// The lines that wait, by the path of their file.
    pub buffers: RefCell<BTreeMap<Text, Buffered>>,
    /// `open_log_file_cache`, by the place of the values that say so in memory.
    pub caches: RefCell<BTreeMap<usize, PathCache>>,
    /// What was told of logs that could not be written.
    pub troubles: Troubles,
}

/// Lines that wait for their buffer to be full or old enough.
pub struct Buffered {
    /// The log.
    pub file: Rc<LogFile>,
    /// The lines.
    pub lines: Vec<u8>,
    /// When the first line came, in milliseconds since 1970.
    pub since_ms: u64,
    /// The most that a line may wait.
    pub flush_ms: Option<u64>,
    /// `gzip`: the level.
    pub gzip: Option<u8>,
}

impl AccessLogs {
    /// Logs into files of this generation.
    pub fn new(files: Rc<OpenFiles>, syslogs: BTreeMap<usize, Rc<Syslog>>) -> Self {
        let (buffers, caches) = (RefCell::default(), RefCell::default());
        Self { files, syslogs, buffers, caches, troubles: Troubles::default() }
    }

    /// Writes out every buffer that is due, or all of them; the worker calls it now and then, and before it ends.
    pub fn flush(&self, all: bool, error_log: &ErrorLog) {
        let now_ms = crate::log::now::since_epoch().as_millis() as u64;
        for (path, buffered) in self.buffers.borrow_mut().iter_mut() {
            let due = buffered.flush_ms.is_some_and(|flush_ms| now_ms >= buffered.since_ms + flush_ms);
            if !(all || due) || buffered.lines.is_empty() {
                continue;
            }
            if let Err(unwritten) = buffered.write() {
                match unwritten.error() {
                    Some(error) => error_log.say_error(Level::Alert, error, unwritten.to(path)),
                    None => error_log.say(Level::Alert, unwritten.to(path)),
                }
            }
        }
    }
}

/// Lines that are lost: a log that cannot be written stops no answer.
#[derive(Debug)]
pub enum Unwritten {
    /// None of it was written.
    Failed(io::Error),
    /// So many bytes were, of so many.
    Incomplete(usize, usize),
}

impl Unwritten {
    /// What nginx says of a file.
    pub fn to(&self, path: &Text) -> impl fmt::Display {
        fmt::from_fn(move |out| match self {
            Self::Failed(_) => write!(out, "write() to \"{path}\" failed"),
            Self::Incomplete(written, length) => {
                write!(out, "write() to \"{path}\" was incomplete: {written} of {length}")
            }
        })
    }

    /// The system's error, if there is one.
    pub fn error(&self) -> Option<&io::Error> {
        match self {
            Self::Failed(error) => Some(error),
            Self::Incomplete(..) => None,
        }
    }
}

/// Each `access_log` that could not be written, by its place in memory. nginx tells of one once a minute, and tries
/// nothing for the rest of a second in which the disk was full.
#[derive(Default)]
pub struct Troubles(RefCell<BTreeMap<usize, Trouble>>);

#[derive(Default)]
struct Trouble {
    told_s: Option<u64>,
    disk_full_s: Option<u64>,
}

impl Troubles {
    const SILENCE_S: u64 = 60;

    /// Whether the disk was full in this second.
    pub fn is_full(&self, log: &AccessLog) -> bool {
        let troubles = self.0.borrow();
        let full_s = troubles.get(&place(log)).and_then(|trouble| trouble.disk_full_s);
        full_s.is_some_and(|full_s| full_s == crate::log::now::since_epoch().as_secs())
    }

    /// Notes one more, and says whether it is to be told.
    pub fn is_told(&self, log: &AccessLog, unwritten: &Unwritten) -> bool {
        let now_s = crate::log::now::since_epoch().as_secs();
        let mut troubles = self.0.borrow_mut();
        let trouble = troubles.entry(place(log)).or_default();
        if unwritten.error().and_then(io::Error::raw_os_error) == Some(Errno::ENOSPC as i32) {
            trouble.disk_full_s = Some(now_s);
        }
        let is_told = trouble.told_s.is_none_or(|told_s| now_s >= told_s + Self::SILENCE_S);
        if is_told {
            trouble.told_s = Some(now_s);
        }
        is_told
    }
}

fn place(log: &AccessLog) -> usize {
    std::ptr::from_ref(log) as usize
}

impl Buffered {
    /// Writes them; they are gone, whether it succeeds or not.
    pub fn write(&mut self) -> Result<(), Unwritten> {
        let written = match self.gzip {
            None => write(&self.file, &self.lines),
            Some(level) => {
                packed(&self.lines, level).map_err(Unwritten::Failed).and_then(|packed| write(&self.file, &packed))
            }
        };
        self.lines.clear();
        written
    }
}

/// Writes lines to a log.
pub fn write(file: &LogFile, lines: &[u8]) -> Result<(), Unwritten> {
    match file.write(lines).map_err(Unwritten::Failed)? {
        written if written == lines.len() => Ok(()),
        written => Err(Unwritten::Incomplete(written, lines.len())),
    }
}

/// Lines as a gzip file of their own: such files one after the other are a gzip file again.
fn packed(lines: &[u8], level: u8) -> io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(u32::from(level)));
    encoder.write_all(lines)?;
    encoder.finish()
}
