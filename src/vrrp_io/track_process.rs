//! Tracked processes: counted at the start, then followed by the kernel's news.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::Path;
use std::time::Duration;

use crate::ir::keepalived::TrackProcess;
use crate::log::keepalived_log::KeepalivedLog;
use crate::primitives::monotonic::Monotonic;
use crate::sys::process_events::ProcessEvents;
use crate::vrrp::Event;
use crate::vrrp::process_count::{Count, Names, ProcessCount};
use crate::wire::netlink::process_event::{self, ProcessEvent};

/// A kernel that tells of processes says so within this time.
const ACKNOWLEDGED_WITHIN: Duration = Duration::from_millis(100);
/// Room for the news of a machine that starts thousands of processes a second.
const BUFFER_LEN: usize = 1 << 20;

/// All `vrrp_track_process` blocks.
#[derive(Debug, Default)]
pub struct TrackProcesses {
    news: Option<ProcessEvents>,
    /// A kernel that has refused is not asked again at a reload (keepalived).
    is_refused: bool,
    count: ProcessCount,
    /// Until then the kernel has time to acknowledge.
    acknowledged_by: Option<Monotonic>,
    acknowledged: bool,
}

impl TrackProcesses {
    /// Takes the blocks of a configuration in; the answer tells of each whether its quorum is there.
    pub fn configure(&mut self, configs: &[TrackProcess], now: Monotonic, log: &KeepalivedLog) -> Vec<Event> {
        if configs.is_empty() {
            *self = Self::default();
            return Vec::new();
        }
        if self.news.is_none() && !self.is_refused {
            self.news = open(log);
            self.is_refused = self.news.is_none();
            let waits = self.news.is_some() && !self.acknowledged;
            self.acknowledged_by = waits.then(|| now + ACKNOWLEDGED_WITHIN);
        }
        // Without news nobody would hear of an end: no process counts then, as with keepalived.
        let there = if self.news.is_some() { all() } else { Vec::new() };
        self.count = ProcessCount::new(configs, &there);
        self.count.events()
    }

    /// How one block stands.
    pub fn count(&self, name: &str) -> Count {
        self.count.count(name)
    }

    /// What to wait on, if anything.
    pub fn as_fd(&self) -> Option<BorrowedFd<'_>> {
        self.news.as_ref().map(AsFd::as_fd)
    }

    /// When [`TrackProcesses::run_due`] has something to do.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        [self.count.next_deadline(), self.acknowledged_by].into_iter().flatten().min()
    }

    /// What has happened to processes.
    pub fn changes(&mut self, now: Monotonic, log: &KeepalivedLog) -> Vec<Event> {
        let mut events = Vec::new();
        let mut lost = false;
        while let Some(news) = &self.news {
            match news.receive() {
                Ok(None) => break,
                Ok(Some(bytes)) => match ProcessEvent::parse(&bytes) {
                    Some(ProcessEvent::Acknowledged) => self.acknowledge(log),
                    Some(event) => events.extend(self.count.handle(now, &event, names)),
                    None => {}
                },
                // ENOBUFS: there were more than fit.
                Err(_) if !lost => lost = true,
                Err(error) => {
                    log.info(&format!("process monitor netlink recv error {error}"));
                    break;
                }
            }
        }
        if lost {
            events.extend(self.count.recount(now, &all()));
        }
        events
    }

    fn acknowledge(&mut self, log: &KeepalivedLog) {
        self.acknowledged = true;
        self.acknowledged_by = None;
        log.detail("proc_events has confirmed it is configured");
    }

    /// Changes that have lasted long enough.
    pub fn run_due(&mut self, now: Monotonic, log: &KeepalivedLog) -> Vec<Event> {
        if self.acknowledged_by.take_if(|until| *until <= now).is_some() {
            log.info("WARNING - the kernel does not support proc events - track_process will not work");
        }
        self.count.due(now)
    }
}

fn open(log: &KeepalivedLog) -> Option<ProcessEvents> {
    let news = match ProcessEvents::open() {
        Ok(news) => news,
        Err(error) => {
            log.info(&format!("Failed to open process monitoring socket - {}", numbered(&error)));
            return None;
        }
    };
    // More room is a wish; without it a burst means counting anew.
    let _ = news.set_buffer(BUFFER_LEN);
    match news.send(&process_event::listen()) {
        Ok(()) => Some(news),
        Err(error) => {
            log.info(&format!("Failed to set/clear process event listen - {}", numbered(&error)));
            None
        }
    }
}

fn numbered(error: &io::Error) -> String {
    let text = error.to_string();
    let words = text.split(" (os error").next().unwrap_or_default();
    format!("errno {} - {words}", error.raw_os_error().unwrap_or(0))
}

/// Every process that is no zombie.
fn all() -> Vec<(i32, Names)> {
    let Ok(entries) = fs::read_dir("/proc") else { return Vec::new() };
    let pids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    pids.filter_map(|pid| Some((pid, names(pid)?))).collect()
}

fn names(pid: i32) -> Option<Names> {
    let path = Path::new("/proc").join(pid.to_string());
    let stat = fs::read(path.join("stat")).ok()?;
    // The short name stands in brackets and may hold some itself.
    let begin = stat.iter().position(|byte| *byte == b'(')? + 1;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    if stat.get(end + 2) == Some(&b'Z') {
        return None;
    }
    let short = String::from_utf8_lossy(stat.get(begin..end)?).into_owned();
    Some(Names { short, command_line: fs::read(path.join("cmdline")).unwrap_or_default() })
}
