//! `startup_script` and `shutdown_script`: they run before the first process of ours and after the last, and are waited for.

use std::time::{Duration, Instant};

use crate::ir::keepalived::Global;
use crate::ir::keepalived::global::TimedCommand;
use crate::log::keepalived_log::KeepalivedLog;
use crate::sys::fork::{self, End, Pid};
use crate::sys::signal::Signal;
use crate::sys::spawn;
use crate::vrrp_io::accounts;

/// From one look at the script to the next.
const PAUSE: Duration = Duration::from_millis(10);
/// From SIGTERM to SIGKILL, and to the word that it did not help (keepalived).
const KILL_DELAY: Duration = Duration::from_secs(2);
/// How long a script may take after that.
const LAST_DELAY: Duration = Duration::from_secs(10);

/// Runs `startup script` or `shutdown script` to its end.
pub fn run(title: &str, script: &TimedCommand, global: &Global, log: &KeepalivedLog) {
    let words = &script.command.words;
    let program = words.first().map(String::as_str).unwrap_or_default();
    log.detail(&format!("Running {title} {program}"));
    let started =
        accounts::identity(&script.command, global).and_then(|identity| spawn::start(words, identity.as_ref()));
    let Ok(pid) = started else {
        log.info(&format!("Call of {title} {program} failed"));
        return;
    };
    let mut limits = Limits { title, pid, passed: 0, until: Instant::now() + Duration::from_micros(script.timeout_us) };
    loop {
        while let Ok(Some((ended, how))) = fork::reap() {
            if ended == pid {
                // What the script started after it was told to end goes with it.
                if limits.passed > 0 {
                    spawn::signal_group(pid, Signal::SIGKILL);
                }
                return report(title, how, log);
            }
        }
        if Instant::now() >= limits.until && !limits.pass(log) {
            return;
        }
        std::thread::sleep(PAUSE);
    }
}

/// How far the end of a script that takes too long has come.
struct Limits<'a> {
    title: &'a str,
    pid: Pid,
    passed: u8,
    until: Instant,
}

impl Limits<'_> {
    /// Goes one step further; `false` if there is none.
    fn pass(&mut self, log: &KeepalivedLog) -> bool {
        let (signal, delay) = match self.passed {
            0 => {
                log.info(&format!("{} timed out", self.title));
                (Signal::SIGTERM, KILL_DELAY)
            }
            1 => (Signal::SIGKILL, KILL_DELAY),
            2 => {
                log.info(&format!("{} (PID {}) failed to terminate after kill", self.title, self.pid));
                (Signal::SIGKILL, LAST_DELAY)
            }
            _ => return false,
        };
        self.passed += 1;
        self.until = Instant::now() + delay;
        spawn::signal_group(self.pid, signal);
        true
    }
}

fn report(title: &str, how: End, log: &KeepalivedLog) {
    match how {
        // "script" twice, as keepalived has it.
        End::Exited { code: 0 } => log.detail(&format!("{title} script succeeded")),
        End::Exited { code } => log.info(&format!("{title} script failed, status {code}")),
        End::Signaled { .. } => {}
    }
}
