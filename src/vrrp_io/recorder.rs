//! A live run in a file: every event with its time, and the actions that followed, one JSON value a line. Events can be
//! read back and stepped through a new engine.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::ir::keepalived::Keepalived;
use crate::primitives::monotonic::Monotonic;
use crate::vrrp::{Action, Engine, Event};

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

/// Steps a new engine of the same configuration through a recording. The error names the first line that does not come out
/// as it was recorded. A reload is no event: a recording can be replayed up to the first.
pub fn replay(config: &Keepalived, recording: &str) -> Result<usize, String> {
    let mut engine: Option<Engine> = None;
    for (number, text) in (1..).zip(recording.lines()) {
        let Recorded { at, event } = serde_json::from_str(text).map_err(|error| format!("line {number}: {error}"))?;
        let mut actions = Vec::new();
        engine.get_or_insert_with(|| Engine::new(config, at)).step(at, &event, &mut actions);
        let line = Line { at, event: &event, actions: &actions };
        let replayed = serde_json::to_string(&line).map_err(|error| format!("line {number}: {error}"))?;
        if replayed != text {
            return Err(format!("line {number} was\n{text}\nand is now\n{replayed}"));
        }
    }
    Ok(recording.lines().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_is_replayed_to_the_letter() {
        let path = std::env::temp_dir().join(format!("evenkeel-recording-{}", std::process::id()));
        let config = Keepalived::default();
        let events = [Event::Link { interface: "eth0".into(), running: true }, Event::Start, Event::Stop];
        let mut recorder = Recorder::create(&path).expect("a file");
        let mut engine = Engine::new(&config, Monotonic::default());
        for (second, event) in events.iter().enumerate() {
            let at = Monotonic::from_micros(second as u64 * 1_000_000);
            let mut actions = Vec::new();
            engine.step(at, event, &mut actions);
            recorder.record(at, event, &actions);
        }
        let text = std::fs::read_to_string(&path).expect("the recording");
        std::fs::remove_file(&path).expect("the recording");
        assert_eq!(replay(&config, &text), Ok(events.len()));
        let other = text.replacen("\"actions\":[]", "\"actions\":[1]", 1);
        assert!(replay(&config, &other).is_err_and(|error| error.starts_with("line 1 was")));
    }
}
