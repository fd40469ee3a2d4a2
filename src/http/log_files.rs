//! The access logs of one generation: their files, and the lines that wait to be written.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::Write;
use std::rc::Rc;

use flate2::Compression;
use flate2::write::GzEncoder;

use crate::ir::value::Text;
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
        Self { files, syslogs, buffers: RefCell::default(), caches: RefCell::default() }
    }

    /// Writes out every buffer that is due, or all of them; the worker calls it now and then, and before it ends.
    pub fn flush(&self, all: bool) {
        let now_ms = crate::log::now::since_epoch().as_millis() as u64;
        for buffered in self.buffers.borrow_mut().values_mut() {
            let due = buffered.flush_ms.is_some_and(|flush_ms| now_ms >= buffered.since_ms + flush_ms);
            if (all || due) && !buffered.lines.is_empty() {
                buffered.write();
            }
        }
    }
}

impl Buffered {
    /// Writes them.
    pub fn write(&mut self) {
        // A full disk must not stop answers; nginx too loses the lines.
        drop(match self.gzip {
            None => self.file.write(&self.lines),
            Some(level) => packed(&self.lines, level).and_then(|packed| self.file.write(&packed)),
        });
        self.lines.clear();
    }
}

/// Lines as a gzip file of their own: such files one after the other are a gzip file again.
fn packed(lines: &[u8], level: u8) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::new(u32::from(level)));
    encoder.write_all(lines)?;
    encoder.finish()
}
