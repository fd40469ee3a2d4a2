//! What instances watch: scripts, files, processes, and how much each weighs.

use serde::Serialize;

use super::notify::Command;

/// `vrrp_script NAME { … }`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct Script {
    /// The name that `track_script` uses.
    pub name: String,
    /// What to run, and as whom.
    pub command: Command,
    /// From one start to the next.
    pub interval_us: u64,
    /// How long one run may take.
    pub timeout_us: u64,
    /// -253 to 253; 0 puts the instance into FAULT on failure.
    pub weight: i32,
    /// The weight counts with its sign swapped.
    pub reverse: bool,
    /// Successes in a row before it counts as good.
    pub rise: u32,
    /// Failures in a row before it counts as failed.
    pub fall: u32,
    /// `init_fail`
    pub init_fail: bool,
}

/// `track_file NAME { … }`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TrackFile {
    /// The name that `track_file` inside instances uses.
    pub name: String,
    /// The file whose number is read.
    pub path: String,
    /// -254 to 254; the number is multiplied by it; 0: any other number than 0 is FAULT.
    pub weight: i32,
    /// The weight counts with its sign swapped.
    pub reverse: bool,
    /// `init_file`
    pub init: Option<InitFile>,
}

/// `init_file [VALUE] [overwrite]`: the file is written at the start.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct InitFile {
    /// The number to write.
    pub value: i32,
    /// Even if the file exists.
    pub overwrite: bool,
}

/// `vrrp_track_process NAME { … }`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct TrackProcess {
    /// The name that `track_process` uses.
    pub name: String,
    /// The path or the short name of the program.
    pub process: String,
    /// The parameters it must have been started with.
    pub parameters: Vec<String>,
    /// How the parameters are compared.
    pub parameter_match: ParameterMatch,
    /// -254 to 254; 0: FAULT while the quorum is missing.
    pub weight: i32,
    /// The weight counts with its sign swapped.
    pub reverse: bool,
    /// The least number of processes.
    pub quorum: u32,
    /// The largest number of processes; `None` is any.
    pub quorum_max: Option<u32>,
    /// How long a lost quorum is tolerated.
    pub terminate_delay_us: u64,
    /// How long a gained quorum must last.
    pub fork_delay_us: u64,
    /// The whole command line is compared, not the program's name.
    pub full_command: bool,
}

/// How `vrrp_track_process` compares parameters.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum ParameterMatch {
    /// They do not matter.
    Any,
    /// All of them, equal.
    Exact,
    /// The first ones equal; more may follow.
    Initial,
    /// The first ones equal, the last of them only at its beginning.
    Partial,
}

/// One line of `track_script`, `track_file`, `track_process` or `track_bfd` in an instance or group.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Tracked {
    /// The script, file, process or BFD instance.
    pub name: String,
    /// Its own weight here, else the one of the tracked thing.
    pub weight: i32,
    /// The weight counts with its sign swapped.
    pub reverse: bool,
}

/// One line of `track_interface`.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct TrackedInterface {
    /// The interface.
    pub interface: String,
    /// 0: FAULT while it is down.
    pub weight: i32,
    /// The weight counts with its sign swapped.
    pub reverse: bool,
}

/// All that one instance or group watches.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct Trackers {
    /// `track_interface`
    pub interfaces: Vec<TrackedInterface>,
    /// `track_script`
    pub scripts: Vec<Tracked>,
    /// `track_file`
    pub files: Vec<Tracked>,
    /// `track_process`
    pub processes: Vec<Tracked>,
    /// `track_bfd`
    pub bfds: Vec<Tracked>,
}
