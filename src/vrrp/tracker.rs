//! What instances watch: counters of script results, values of files, quorums of processes.

use std::collections::BTreeMap;

use crate::ir::keepalived::{Keepalived, Script};

use super::event::ScriptExit;
use super::interfaces::Interfaces;
use super::report::Report;

/// The results of one `vrrp_script`.
///
/// `count` goes from 0 to `rise + fall - 1`; from `rise` on the script counts as good. It starts just below, so that one
/// success is enough at first; and before the first result one failure is enough.
#[derive(Clone, PartialEq, Debug)]
pub struct ScriptCounter {
    /// The block in the file.
    pub config: Script,
    count: u32,
    has_result: bool,
    last_status: i32,
    /// Left over from before a reload: no result of its own yet, but nobody goes to FAULT for the lack of one.
    after_reload: bool,
}

impl ScriptCounter {
    /// A script that has not run yet.
    pub fn new(config: Script, after_reload: bool) -> Self {
        let count = if config.init_fail { 0 } else { config.rise.max(1) - 1 };
        Self { config, count, has_result: false, last_status: 0, after_reload }
    }

    /// Keeps the results under a block that may count them differently.
    pub fn with_config(&self, config: Script) -> Self {
        let mut kept = Self::new(config, true);
        kept.has_result = self.has_result;
        kept.last_status = self.last_status;
        if self.has_result {
            kept.count = if self.good() == Some(true) { kept.highest() } else { 0 };
        }
        kept
    }

    /// Whether it counts as good; `None` before the first result, unless `init_fail` says what to think until then (keepalived
    /// forgets that word as soon as an instance tracks the script).
    pub fn good(&self) -> Option<bool> {
        (self.has_result || self.config.init_fail).then_some(self.count >= self.config.rise.max(1))
    }

    /// Whether it has run to its end.
    pub fn has_run(&self) -> bool {
        self.has_result
    }

    /// Whether instances wait in FAULT for its first result.
    pub fn pending(&self) -> bool {
        self.good().is_none() && !self.after_reload
    }

    /// How far it has come between failed and good.
    pub fn count(&self) -> u32 {
        self.count
    }

    fn highest(&self) -> u32 {
        self.config.rise.max(1) + self.config.fall.max(1) - 1
    }

    /// Counts a result and says what keepalived says of it.
    pub fn record(&mut self, exit: ScriptExit, reports: &mut Vec<Report>) {
        if let ScriptExit::Status(status) = exit {
            if status != self.last_status {
                reports.push(Report::ScriptReturns { script: self.config.name.clone(), status });
            }
            self.last_status = status;
        }
        let before = self.good();
        if exit == ScriptExit::Status(0) {
            self.succeed()
        } else {
            self.fail()
        }
        if self.good() != before {
            reports.push(Report::ScriptChanged { script: self.config.name.clone(), exit });
        }
    }

    fn succeed(&mut self) {
        let rise = self.config.rise.max(1);
        self.count = if self.count + 1 < rise { self.count + 1 } else { self.highest() };
        // A first result below `rise` cannot be: the count starts one short of it.
        self.has_result = true;
    }

    fn fail(&mut self) {
        self.count = if self.has_result && self.count > self.config.rise.max(1) { self.count - 1 } else { 0 };
        self.has_result = true;
    }
}

/// Everything the engine was told from outside, by name.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Watched {
    /// `vrrp_script`
    pub scripts: BTreeMap<String, ScriptCounter>,
    /// `track_file`: the number in it.
    pub files: BTreeMap<String, i32>,
    /// `vrrp_track_process`: whether the quorum is there.
    pub processes: BTreeMap<String, bool>,
    /// `bfd_instance`: whether the session is up.
    pub bfds: BTreeMap<String, bool>,
    /// Interfaces.
    pub interfaces: Interfaces,
    /// The interfaces that are made for an instance, by its name.
    pub devices: BTreeMap<String, Vec<String>>,
}

impl Watched {
    /// Nothing known yet.
    pub fn new(config: &Keepalived) -> Self {
        let scripts =
            config.scripts.iter().map(|script| (script.name.clone(), ScriptCounter::new(script.clone(), false)));
        Self {
            scripts: scripts.collect(),
            files: config.track_files.iter().map(|file| (file.name.clone(), 0)).collect(),
            processes: config.track_processes.iter().map(|process| (process.name.clone(), false)).collect(),
            bfds: config.bfd_instances.iter().map(|bfd| (bfd.name.clone(), false)).collect(),
            interfaces: Interfaces::default(),
            devices: BTreeMap::new(),
        }
    }

    /// The names of the interfaces that are made for an instance.
    pub fn device_names(&self, instance: &str) -> &[String] {
        self.devices.get(instance).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::keepalived::Command;

    fn script(rise: u32, fall: u32) -> ScriptCounter {
        let command = Command { words: vec!["/bin/true".into()], user: None };
        let config = Script {
            name: "chk".into(),
            command,
            interval_us: 1_000_000,
            timeout_us: 1_000_000,
            weight: 0,
            reverse: false,
            rise,
            fall,
            init_fail: false,
        };
        ScriptCounter::new(config, false)
    }

    fn run(counter: &mut ScriptCounter, statuses: &[i32]) -> Vec<Option<bool>> {
        let mut reports = Vec::new();
        let mut verdicts = Vec::new();
        for status in statuses {
            counter.record(ScriptExit::Status(*status), &mut reports);
            verdicts.push(counter.good());
        }
        verdicts
    }

    #[test]
    fn one_first_result_is_enough_either_way() {
        let mut counter = script(3, 3);
        assert!(counter.pending());
        assert_eq!(run(&mut counter, &[0]), [Some(true)]);
        assert_eq!(run(&mut script(3, 3), &[1]), [Some(false)]);
    }

    #[test]
    fn with_init_fail_it_has_failed_until_it_rises() {
        let config = Script { init_fail: true, ..script(2, 1).config };
        let mut counter = ScriptCounter::new(config, false);
        assert_eq!((counter.good(), counter.has_run()), (Some(false), false));
        assert_eq!(run(&mut counter, &[1, 0, 0]), [Some(false), Some(false), Some(true)]);
    }

    #[test]
    fn later_changes_take_rise_or_fall_in_a_row() {
        let mut counter = script(2, 3);
        assert_eq!(run(&mut counter, &[0, 1, 1, 1]), [Some(true), Some(true), Some(true), Some(false)]);
        assert_eq!(run(&mut counter, &[0, 1, 0, 0]), [Some(false), Some(false), Some(false), Some(true)]);
        assert_eq!(run(&mut counter, &[1, 1, 0, 1, 1, 1]).last(), Some(&Some(false)));
    }

    #[test]
    fn reports_name_status_and_change() {
        let mut counter = script(1, 1);
        let mut reports = Vec::new();
        counter.record(ScriptExit::Status(0), &mut reports);
        counter.record(ScriptExit::Status(1), &mut reports);
        counter.record(ScriptExit::TimedOut, &mut reports);
        counter.record(ScriptExit::Status(0), &mut reports);
        let lines: Vec<String> = reports.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "VRRP_Script(chk) succeeded",
                "Script `chk` now returning 1",
                "VRRP_Script(chk) failed (exited with status 1)",
                "Script `chk` now returning 0",
                "VRRP_Script(chk) succeeded",
            ]
        );
    }
}
