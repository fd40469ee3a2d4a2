//! A live run in a file: every event with its time, and the actions that followed, one JSON value a line. Events can be
//! read back and stepped through a new engine.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::primitives::monotonic::Monotonic;
use crate::vrrp::{Action, Event};

/// One line with an event.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recorded {
    /// When.
    pub at: Monotonic,
    /// What.
    pub event: Event,
}

#[derive(Serialize)]
struct Line<'a> {
    at: Monotonic,
    event: &'a Event,
    actions: &'a [Action],
}

/// Writes a recording.
#[derive(Debug)]
pub struct Recorder {
    file: BufWriter<File>,
}

impl Recorder {
    /// Starts a new file.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(File::create(path)?) })
    }

    /// Adds a step. A recording that cannot be written never stops the daemon.
    pub fn record(&mut self, at: Monotonic, event: &Event, actions: &[Action]) {
        if serde_json::to_writer(&mut self.file, &Line { at, event, actions }).is_ok() {
            let _ = self.file.write_all(b"\n").and_then(|()| self.file.flush());
        }
    }
}
