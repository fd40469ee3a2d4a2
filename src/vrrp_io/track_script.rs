//! Track scripts: started by the clock, ended when they take too long, their results told as events.

use std::time::Duration;

use crate::ir::keepalived::{Global, Script};
use crate::log::keepalived_log::KeepalivedLog;
use crate::primitives::monotonic::Monotonic;
use crate::sys::fork::{End, Pid};
use crate::sys::signal::Signal;
use crate::sys::spawn::{self, Identity};
use crate::vrrp::Event;
use crate::vrrp::event::ScriptExit;

use super::accounts;

/// From SIGTERM to SIGKILL, and to the next SIGKILL (keepalived).
const KILL_DELAY: Duration = Duration::from_secs(2);

/// How many scripts are started before the loop looks after adverts again: a start takes milliseconds on a busy machine.
const STARTS_A_ROUND: usize = 4;

/// How far the end of a run has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    Running,
    Terminating,
    Killing,
}

#[derive(Clone, Copy, Debug)]
struct Run {
    pid: Pid,
    stage: Stage,
    /// When the next signal is due.
    limit: Monotonic,
}

#[derive(Debug)]
struct Slot {
    config: Script,
    identity: Option<Identity>,
    next_start: Monotonic,
    run: Option<Run>,
}

/// All track scripts.
#[derive(Debug, Default)]
pub struct TrackScripts {
    slots: Vec<Slot>,
}

impl TrackScripts {
    /// Takes the scripts of a configuration in; those that were there before keep their clock and their run, unless they are to run
    /// something else now.
    pub fn configure(&mut self, scripts: &[Script], global: &Global, now: Monotonic, log: &KeepalivedLog) {
        let mut old = std::mem::take(&mut self.slots);
        for config in scripts {
            let identity = accounts::identity(&config.command, global).unwrap_or_else(|error| {
                log.info(&format!("({}) {error}", config.name));
                None
            });
            let is_same = |slot: &Slot| slot.config.name == config.name && slot.config.command == config.command;
            let place = old.iter().position(is_same);
            let kept = place.map(|place| old.swap_remove(place));
            let (next_start, run) = kept.map_or((now, None), |slot| (slot.next_start, slot.run));
            self.slots.push(Slot { config: config.clone(), identity, next_start, run });
        }
        for run in old.iter().filter_map(|slot| slot.run) {
            spawn::signal_group(run.pid, Signal::SIGKILL);
        }
    }

    /// When [`TrackScripts::run_due`] has something to do.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        let limits = self.slots.iter().filter_map(|slot| slot.run.map(|run| run.limit));
        self.slots.iter().map(|slot| slot.next_start).chain(limits).min()
    }

    /// Starts and ends what is due: of many starts those that wait longest, the others in the next round. A script that only
    /// tests a file (`<PATH`) has its result at once.
    pub fn run_due(&mut self, now: Monotonic, log: &KeepalivedLog) -> Vec<Event> {
        for slot in &mut self.slots {
            if let Some(run) = &mut slot.run
                && run.limit <= now
            {
                end(run, &slot.config.name, now, log);
            }
        }
        let mut due: Vec<&mut Slot> = self.slots.iter_mut().filter(|slot| slot.next_start <= now).collect();
        due.sort_by_key(|slot| slot.next_start);
        let begins = due.into_iter().take(STARTS_A_ROUND).filter_map(|slot| {
            slot.next_start = now + Duration::from_micros(slot.config.interval_us);
            begin(slot, now, log)
        });
        begins.collect()
    }

    /// Takes the end of a process in; `None` if it was not one of ours.
    pub fn child_ended(&mut self, pid: Pid, how: End) -> Option<Event> {
        let slot = self.slots.iter_mut().find(|slot| slot.run.is_some_and(|run| run.pid == pid))?;
        let run = slot.run.take()?;
        if run.stage != Stage::Running {
            // What the script started goes with it.
            spawn::signal_group(pid, Signal::SIGKILL);
        }
        let exit = match (how, run.stage) {
            (End::Exited { code }, _) => ScriptExit::Status(code),
            (End::Signaled { .. }, Stage::Terminating | Stage::Killing) => ScriptExit::TimedOut,
            (End::Signaled { signal, .. }, Stage::Running) => ScriptExit::Signal(signal),
        };
        Some(Event::ScriptExited { script: slot.config.name.clone(), exit })
    }

    /// Whether a script is at work.
    pub fn is_running(&self, name: &str) -> bool {
        self.slots.iter().any(|slot| slot.config.name == name && slot.run.is_some())
    }

    /// Ends every run: the daemon stops.
    pub fn kill_all(&mut self) {
        for run in self.slots.iter_mut().filter_map(|slot| slot.run.take()) {
            spawn::signal_group(run.pid, Signal::SIGKILL);
        }
    }
}

fn begin(slot: &mut Slot, now: Monotonic, log: &KeepalivedLog) -> Option<Event> {
    let script = slot.config.name.clone();
    if let Some(run) = slot.run {
        let state = if run.stage == Stage::Running { "already running" } else { "being timed out" };
        log.info(&format!("Track script {script} is {state}, expect idle - skipping run"));
        return None;
    }
    if let Some(path) = slot.config.command.words[0].strip_prefix('<') {
        let status = i32::from(std::fs::File::open(path).is_err());
        return Some(Event::ScriptExited { script, exit: ScriptExit::Status(status) });
    }
    match spawn::start(&slot.config.command.words, slot.identity.as_ref()) {
        Ok(pid) => {
            let limit = now + Duration::from_micros(slot.config.timeout_us);
            slot.run = Some(Run { pid, stage: Stage::Running, limit });
            None
        }
        // What a shell would answer for a program that is not there.
        Err(_) => Some(Event::ScriptExited { script, exit: ScriptExit::Status(127) }),
    }
}

fn end(run: &mut Run, name: &str, now: Monotonic, log: &KeepalivedLog) {
    let (signal, stage) = match run.stage {
        Stage::Running => (Signal::SIGTERM, Stage::Terminating),
        Stage::Terminating => (Signal::SIGKILL, Stage::Killing),
        Stage::Killing => {
            log.info(&format!("Script {name} child (PID {}) failed to terminate after kill", run.pid));
            (Signal::SIGKILL, Stage::Killing)
        }
    };
    spawn::signal_group(run.pid, signal);
    *run = Run { stage, limit: now + KILL_DELAY, ..*run };
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::configuration_text;

    #[test]
    fn many_scripts_begin_in_rounds_and_none_is_passed_over() {
        let script = |number| format!("vrrp_script s{number} {{\n script </dev/null\n interval 1\n}}\n");
        let names: String = (0..6).map(|number| format!("s{number}\n")).collect();
        let router =
            format!("vrrp_instance A {{\n interface eth0\n virtual_router_id 1\n track_script {{\n{names}}}\n}}\n");
        let config = configuration_text::read(&((0..6).map(script).collect::<String>() + &router));
        let log = KeepalivedLog::new(true, None, false, "test");
        let (start, second) = (Monotonic::from_micros(1_000_000), Duration::from_secs(1));
        let mut scripts = TrackScripts::default();
        scripts.configure(&config.scripts, &config.global, start, &log);
        let mut round = |now| {
            let name_of = |event| match event {
                Event::ScriptExited { script, .. } => script,
                other => panic!("{other:?}"),
            };
            scripts.run_due(now, &log).into_iter().map(name_of).collect::<Vec<_>>()
        };
        assert_eq!(round(start), ["s0", "s1", "s2", "s3"]);
        // The first ones are due again, and have to wait for the others.
        assert_eq!(round(start + second), ["s4", "s5", "s0", "s1"]);
        assert_eq!(round(start + second), ["s2", "s3"]);
        assert!(round(start + second).is_empty());
    }
}
