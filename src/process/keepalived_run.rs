//! What one run of keepalived is given: its command line, and the way to read its file.

use std::path::PathBuf;
use std::time::Duration;

use crate::ir::keepalived::Keepalived;
use crate::ir::keepalived::global::ProcessSettings;
use crate::log::keepalived_log::KeepalivedLog;
use crate::sys::{process_title, scheduling};

/// Exit code: something that cannot be helped.
pub const FATAL: u8 = 1;
/// The width at which the command line is broken in the log.
const COMMAND_LINE_WIDTH: usize = 104;

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
    pub pid_file: Option<String>,
    /// -r
    pub vrrp_pid_file: Option<String>,
    /// Without -R: a child that dies is started again.
    pub respawn: bool,
    /// `evenkeel keepalived --takeover`: a keepalived that runs makes way without a transition.
    pub takeover: bool,
    /// -C: no process for VRRP.
    pub no_vrrp: bool,
    /// -x
    pub snmp: bool,
    /// -a: the log tells addresses that come and go.
    pub monitors_addresses: bool,
    /// -V
    pub keep_addresses: bool,
    /// -d: the log shows the configuration at the start.
    pub dumps_configuration: bool,
    /// --ignore-sigint: for whoever debugs it.
    pub ignores_interrupts: bool,
    /// -m: a crash leaves a core file.
    pub keeps_core_files: bool,
    /// -M: the machine's pattern of their names while the daemon runs.
    pub core_pattern: Option<String>,
    /// Where events and actions of the VRRP process are recorded.
    pub record: Option<PathBuf>,
}

/// Where processes write their numbers.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PidFiles {
    /// Their directory, if it is one of our own.
    pub directory: Option<String>,
    /// The daemon's.
    pub main: String,
    /// That of the process for VRRP.
    pub vrrp: String,
}

impl Options {
    /// The files for a configuration: `instance` is part of their names, a network namespace has a directory of its own.
    pub fn pid_files(&self, process: &ProcessSettings) -> PidFiles {
        let directory = process.use_pid_dir.then(|| {
            let namespace = process.net_namespace.as_ref().map(|name| format!("/{name}"));
            format!("/run/keepalived{}", namespace.unwrap_or_default())
        });
        let suffix = process.instance.as_ref().map(|name| format!("_{name}")).unwrap_or_default();
        let file = |named: &Option<String>, name: &str| {
            let place = directory.as_deref().unwrap_or("/run");
            named.clone().unwrap_or_else(|| format!("{place}/{name}{suffix}.pid"))
        };
        let (main, vrrp) = (file(&self.pid_file, "keepalived"), file(&self.vrrp_pid_file, "vrrp"));
        PidFiles { directory, main, vrrp }
    }

    /// The file that is there while a configuration is read (`reload_file`); without a name, it stands beside the pid files.
    pub fn reload_file(&self, config: &Keepalived) -> Option<PathBuf> {
        let name = config.global.reload_file.as_deref()?;
        if !name.is_empty() {
            return Some(name.into());
        }
        let suffix = config.process.instance.as_ref().map(|name| format!("_{name}")).unwrap_or_default();
        let place =
            if config.process.instance.is_some() || config.process.use_pid_dir { "/run/keepalived" } else { "/run" };
        Some(format!("{place}/keepalived{suffix}.reload").into())
    }
}

/// What a process is called in the system's log: namespace and instance tell daemons apart.
pub fn ident(name: &str, process: &ProcessSettings) -> String {
    let words = [Some(name), process.net_namespace.as_deref(), process.instance.as_deref()];
    words.into_iter().flatten().collect::<Vec<_>>().join("_")
}

/// What the log begins with.
pub fn log_start(options: &Options, log: &KeepalivedLog) {
    log.info(&format!("Starting {}", options.version));
    if let (Ok((name, release)), Ok(version)) = (scheduling::system(), scheduling::system_version()) {
        log.info(&format!("Running on {name} {release} {version}"));
    }
    let mut lines = vec![String::from("Command line:")];
    for word in &options.command_line {
        let last = lines.last_mut().expect("there is a first line");
        if last.len() + word.len() + 3 > COMMAND_LINE_WIDTH {
            lines.push(" ".repeat("Command line:".len()));
        }
        let last = lines.last_mut().expect("there is a first line");
        last.push_str(&format!(" '{word}'"));
    }
    for line in lines {
        log.info(&line);
    }
}

/// What came of reading the file.
#[derive(Debug)]
pub struct Reading {
    /// The configuration, as far as it can be used.
    pub keepalived: Keepalived,
    /// What the parent says of it.
    pub lines: Vec<String>,
    /// What the child says of it at its start.
    pub child_lines: Vec<String>,
    /// What the child says of it at a reload: then it reads the global definitions too.
    pub reload_lines: Vec<String>,
    /// Those of them that name what is not served.
    pub not_served: Vec<String>,
    /// The exit code with which the daemon ends instead of running.
    pub refusal: Option<i32>,
    /// What `-t` would say.
    pub faults: Vec<String>,
    /// The exit code of `-t`.
    pub test_exit_code: i32,
}

/// What a file is read for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// It is to be run.
    Run,
    /// It is looked at as `-t` does (`reload_check_config`).
    Test,
}

/// Reads the file.
pub type Read<'a> = dyn Fn(Purpose) -> Reading + 'a;

/// With six decimals, as keepalived writes processor times.
pub fn seconds(time: Duration) -> String {
    format!("{}.{:06}", time.as_secs(), time.subsec_micros())
}

/// The name that a process has in lists of processes, as `process_name` and its like have it.
pub fn name_process(name: Option<&str>, log: &KeepalivedLog) {
    if let Some(name) = name
        && let Err(error) = process_title::set_short_name(name)
    {
        log.info(&format!("Unable to set process name {name} - {error}"));
    }
}
