//! What one run of keepalived is given: its command line, and the way to read its file.

use std::path::PathBuf;
use std::time::Duration;

use crate::ir::keepalived::Keepalived;

/// Exit code: something that cannot be helped.
pub const FATAL: u8 = 1;

/// The command line.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// All words, for the log.
    pub command_line: Vec<String>,
    /// The version as the log begins with it: `Keepalived v…`.
    pub version: String,
    /// -f
    pub config_path: String,
    /// -n: stay in the foreground.
    pub foreground: bool,
    /// -l: log to the console.
    pub console: bool,
    /// -D
    pub detail: bool,
    /// -S; none with -G.
    pub syslog_facility: Option<u8>,
    /// -p
    pub pid_file: String,
    /// -r
    pub vrrp_pid_file: String,
    /// Without -R: a child that dies is started again.
    pub respawn: bool,
    /// `evenkeel keepalived --takeover`: a keepalived that runs makes way without a transition.
    pub takeover: bool,
    /// -V
    pub keep_addresses: bool,
    /// Where events and actions of the VRRP process are recorded.
    pub record: Option<PathBuf>,
}

/// What came of reading the file.
#[derive(Debug)]
pub struct Reading {
    /// The configuration, as far as it can be used.
    pub keepalived: Keepalived,
    /// What the log says of it.
    pub lines: Vec<String>,
    /// Those of them that name what is not served.
    pub not_served: Vec<String>,
    /// The exit code with which the daemon ends instead of running.
    pub refusal: Option<i32>,
}

/// Reads the file.
pub type Read<'a> = dyn Fn() -> Reading + 'a;

/// With six decimals, as keepalived writes processor times.
pub fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}
