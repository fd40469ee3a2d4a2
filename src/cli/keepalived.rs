//! keepalived's command line: its options, its texts, `-t`.

use std::env;
use std::fs::OpenOptions;
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use crate::conf::keepalived::definitions::Surroundings;
use crate::conf::keepalived::report::{Fault, Report};
use crate::ir::keepalived::read::{self, Outcome};
use crate::process::machine::Machine;
use crate::process::{keepalived, keepalived_run, start};

use super::genhash;
use super::keepalived_words::{Argument, Word, Words};

/// The configuration that is read when none is named.
const CONF_FILE: &str = "/etc/keepalived/keepalived.conf";

/// The options of the command line, as far as they are served.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Options {
    /// `-f`
    pub conf_file: String,
    /// `-l`: messages go to the console too.
    pub logs_to_console: bool,
    /// `-D`
    pub logs_detail: bool,
    /// `-S`: syslog's number of the facility; `None` with `-G`.
    pub facility: Option<u8>,
    /// `-u`, over the one of the configuration.
    pub umask: Option<u32>,
    /// `-V`: addresses and routes stay when the daemon ends.
    pub keeps_addresses: bool,
    /// `-R`: a child that dies ends the daemon.
    pub no_respawn: bool,
    /// `-n`
    pub no_fork: bool,
    /// `-p`
    pub pid_file: Option<String>,
    /// `-r`
    pub vrrp_pid_file: Option<String>,
    /// `-s`, over the one of the configuration.
    pub namespace: Option<String>,
    /// `-P`: no health checker.
    pub no_checkers: bool,
    /// `-C`: no VRRP.
    pub no_vrrp: bool,
    /// `-x`
    pub snmp: bool,
    /// `-a`
    pub monitors_addresses: bool,
    /// `-B`: no sessions of BFD.
    pub without_bfd: bool,
    /// `-e`: every include must find what it names.
    pub all_includes: bool,
    /// `-i`; without it, the host name up to its first dot.
    pub config_id: Option<String>,
    /// `-d`: the log shows the configuration.
    pub dumps_configuration: bool,
    /// `--ignore-sigint`
    pub ignores_interrupts: bool,
    /// `-m`: a crash leaves a core file.
    pub keeps_core_files: bool,
    /// `-M`: the machine's pattern of their names while the daemon runs.
    pub core_pattern: Option<String>,
    /// `--takeover` of `evenkeel keepalived`: a keepalived that runs makes way without a transition.
    pub takes_over: bool,
    /// `-t`
    pub tests: bool,
    /// `-t FILE`: where the messages of the test go.
    pub test_log: Option<String>,
    /// Options that the original has and a running daemon here does not heed.
    pub not_served: Vec<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            conf_file: CONF_FILE.into(),
            logs_to_console: false,
            logs_detail: false,
            facility: Some(DAEMON_FACILITY),
            umask: None,
            keeps_addresses: false,
            no_respawn: false,
            no_fork: false,
            pid_file: None,
            vrrp_pid_file: None,
            namespace: None,
            no_checkers: false,
            no_vrrp: false,
            snmp: false,
            monitors_addresses: false,
            without_bfd: false,
            all_includes: false,
            config_id: None,
            dumps_configuration: false,
            ignores_interrupts: false,
            keeps_core_files: false,
            core_pattern: None,
            takes_over: false,
            tests: false,
            test_log: None,
            not_served: Vec::new(),
        }
    }
}

/// syslog's number for daemons.
const DAEMON_FACILITY: u8 = 3;

/// What the command line asks for.
#[derive(PartialEq, Eq, Debug)]
enum Request {
    /// `-v`
    Version,
    /// `-h`
    Help,
    /// `--signum=NAME`
    SignalNumber(i32),
    /// `-T`, and the words behind it.
    Genhash(Vec<String>),
    /// Anything else.
    Run(Box<Options>),
}

/// The first words that scripts read, then what is behind them.
const VERSION: &str = concat!("Keepalived v2.4.3 (evenkeel ", env!("CARGO_PKG_VERSION"), ")");

const HELP: &str = include_str!("keepalived_help.txt");

/// What `evenkeel keepalived` knows beside the original's options.
const TAKEOVER: &str = "--takeover";

/// Runs keepalived with these words; the first is the program's name. `is_own_call`: it is called as `evenkeel keepalived`.
pub fn run(mut words: Vec<String>, is_own_call: bool) -> ExitCode {
    let count = words.len();
    if is_own_call {
        words.retain(|word| word != TAKEOVER);
        start::take_name("keepalived");
    }
    let takes_over = words.len() < count;
    let name = words.first().cloned().unwrap_or_else(|| "keepalived".into());
    let mut complaints = Vec::new();
    let parsed = parse(words.get(1..).unwrap_or_default(), &mut complaints);
    for complaint in &complaints {
        eprintln!("{complaint}");
    }
    match parsed {
        None => ExitCode::FAILURE,
        Some(Request::Version) => {
            eprintln!("{VERSION}\n\nConfig options:  NFTABLES VRRP VRRP_AUTH JSON OLD_CHKSUM_COMPAT INIT=systemd");
            ExitCode::SUCCESS
        }
        Some(Request::Help) => {
            eprint!("Usage: {name} [OPTION...]\n{HELP}");
            ExitCode::SUCCESS
        }
        Some(Request::SignalNumber(number)) => {
            println!("{number}");
            ExitCode::SUCCESS
        }
        Some(Request::Genhash(rest)) => genhash::run_inside(&name, &rest),
        Some(Request::Run(options)) if options.tests => test(&options),
        Some(Request::Run(mut options)) => {
            options.takes_over = takes_over;
            start(&options, words)
        }
    }
}

fn parse(words: &[String], complaints: &mut Vec<String>) -> Option<Request> {
    let mut options = Options::default();
    let mut strays = Vec::new();
    let mut wrong = false;
    let mut found = Words::new(words, OPTIONS);
    while let Some(word) = found.next() {
        match word {
            Word::Unknown(shown) => {
                complaints.push(format!("Unknown option {shown}"));
                wrong = true;
            }
            Word::MissingParameter(shown) => {
                complaints.push(format!("Missing parameter for option {shown}"));
                wrong = true;
            }
            Word::Stray(word) => strays.push(word),
            Word::Option("version", _) => return Some(Request::Version),
            Word::Option("help", _) => return Some(Request::Help),
            Word::Option("signum", name) => {
                let name = name.unwrap_or_default();
                let Some(number) = signal_number(&name) else {
                    complaints.push(format!("Unknown sigfunc {name}"));
                    return None;
                };
                return Some(Request::SignalNumber(number));
            }
            Word::Option("genhash", _) => {
                let rest = found.rest();
                complaints.extend(late_genhash(words, rest.len()));
                return Some(Request::Genhash(rest));
            }
            Word::Option("log-file", _) => {
                complaints.push("-g requires configure option --enable-log-file".into());
                wrong = true;
            }
            Word::Option(name, value) => complaints.extend(set(&mut options, name, value)),
        }
    }
    if !strays.is_empty() {
        println!("Unexpected argument(s): {} ", strays.join(" "));
    }
    (!wrong).then(|| Request::Run(Box::new(options)))
}

/// What is said where other options stand before `-T`, as many words before the end.
fn late_genhash(words: &[String], behind: usize) -> Option<String> {
    let at = words.len().checked_sub(behind + 1).filter(|at| *at > 0)?;
    let shown = if words[at].starts_with("--") { "genhash" } else { "-T" };
    Some(format!("Warning -- `{shown}` not used as first option, previous options ignored"))
}

/// Every option of the original: its letter, its long name, and whether a word follows.
const OPTIONS: &[(Option<char>, &str, Argument)] = &[
    (Some('f'), "use-file", Argument::Required),
    (Some('P'), "vrrp", Argument::None),
    (Some('C'), "check", Argument::None),
    (Some('B'), "no_bfd", Argument::None),
    (None, "all", Argument::None),
    (Some('l'), "log-console", Argument::None),
    (Some('D'), "log-detail", Argument::None),
    (Some('S'), "log-facility", Argument::Required),
    (Some('g'), "log-file", Argument::Optional),
    (Some('e'), "all-config", Argument::None),
    (Some('G'), "no-syslog", Argument::None),
    (Some('u'), "umask", Argument::Required),
    (Some('X'), "release-vips", Argument::None),
    (Some('V'), "dont-release-vrrp", Argument::None),
    (Some('I'), "dont-release-ipvs", Argument::None),
    (Some('R'), "dont-respawn", Argument::None),
    (Some('n'), "dont-fork", Argument::None),
    (Some('d'), "dump-conf", Argument::None),
    (Some('p'), "pid", Argument::Required),
    (Some('r'), "vrrp_pid", Argument::Required),
    (Some('T'), "genhash", Argument::None),
    (Some('c'), "checkers_pid", Argument::Required),
    (Some('a'), "address-monitoring", Argument::None),
    (Some('b'), "bfd_pid", Argument::Required),
    (Some('x'), "snmp", Argument::None),
    (Some('A'), "snmp-agent-socket", Argument::Required),
    (Some('m'), "core-dump", Argument::None),
    (Some('M'), "core-dump-pattern", Argument::Optional),
    (Some('s'), "namespace", Argument::Required),
    (Some('i'), "config-id", Argument::Required),
    (None, "signum", Argument::Required),
    (Some('t'), "config-test", Argument::Optional),
    (None, "config-fd", Argument::Required),
    (None, "ignore-sigint", Argument::None),
    (Some('v'), "version", Argument::None),
    (Some('h'), "help", Argument::None),
];

/// Takes one option over; gives what is to be said about it.
fn set(options: &mut Options, name: &str, value: Option<String>) -> Option<String> {
    let text = value.clone().unwrap_or_default();
    match name {
        "use-file" => options.conf_file = text,
        "log-console" => options.logs_to_console = true,
        "log-detail" => options.logs_detail = true,
        "log-facility" => match facility(&text) {
            Some(facility) => options.facility = options.facility.and(Some(facility)),
            None => return Some(format!("Invalid log facility '{text}'")),
        },
        "vrrp" => options.no_checkers = true,
        "check" => options.no_vrrp = true,
        "all" => (options.no_checkers, options.no_vrrp, options.without_bfd) = (false, false, false),
        "snmp" => options.snmp = true,
        "address-monitoring" => options.monitors_addresses = true,
        "no_bfd" => options.without_bfd = true,
        "all-config" => options.all_includes = true,
        "no-syslog" => options.facility = None,
        "umask" => match u32::from_str_radix(text.trim_start_matches("0o"), 8) {
            Ok(mask @ 0..=0o777) => options.umask = Some(mask),
            _ => return Some(format!("Invalid --umask option {text}")),
        },
        "dont-release-vrrp" => options.keeps_addresses = true,
        "dont-respawn" => options.no_respawn = true,
        "dont-fork" => options.no_fork = true,
        "pid" => options.pid_file = value,
        "vrrp_pid" => options.vrrp_pid_file = value,
        "namespace" => options.namespace = value,
        "config-id" => options.config_id = value,
        "dump-conf" => options.dumps_configuration = true,
        "ignore-sigint" => options.ignores_interrupts = true,
        "core-dump" => options.keeps_core_files = true,
        "core-dump-pattern" => options.core_pattern = Some(value.unwrap_or_else(|| "core".into())),
        "config-test" => {
            options.tests = true;
            options.no_fork = true;
            options.test_log = value.filter(|path| !path.is_empty());
        }
        // A router that leaves MASTER always takes its addresses away here.
        "release-vips" => {}
        // They concern processes that do not run here anyway.
        "checkers_pid" | "bfd_pid" | "dont-release-ipvs" => {}
        // Where a master agent would be, if `-x` asked for one.
        "snmp-agent-socket" => {}
        _ => options.not_served.push(format!("--{name}")),
    }
    None
}

/// syslog's number: `0` to `7` and `local0` to `local7` are 16 to 23.
fn facility(text: &str) -> Option<u8> {
    match text {
        "daemon" => Some(3),
        "user" => Some(1),
        _ => text
            .strip_prefix("local")
            .unwrap_or(text)
            .parse()
            .ok()
            .filter(|number| *number < 8)
            .map(|number: u8| 16 + number),
    }
}

fn signal_number(name: &str) -> Option<i32> {
    // The last two count from the first real-time signal that programs get, 34.
    Some(match name {
        "STOP" => 15,
        "RELOAD" => 1,
        "DATA" => 10,
        "STATS" => 12,
        "STATS_CLEAR" => 63,
        "JSON" => 36,
        _ => return None,
    })
}

/// Reads the configuration that the options name, on this machine.
pub fn read_configuration(options: &Options) -> Outcome {
    let machine = Machine::default();
    let seed = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_secs() as u32);
    let text = |word: std::ffi::OsString| word.to_string_lossy().into_owned();
    let surroundings = Surroundings {
        config_id: options.config_id.clone().unwrap_or_else(host_name),
        environment: env::vars_os().map(|(name, value)| (text(name), text(value))).collect(),
        random_seed: seed,
    };
    let options = read::Options {
        path: options.conf_file.clone(),
        directory: env::current_dir().map(|path| text(path.into_os_string())).unwrap_or_default(),
        surroundings,
        all_includes: options.all_includes,
        testing: options.tests,
        vrrp_only: options.no_checkers,
        without_bfd: options.without_bfd,
        namespace: options.namespace.clone(),
    };
    read::read(&machine, &machine, &options)
}

/// The host name up to its first dot.
fn host_name() -> String {
    let name = crate::sys::scheduling::hostname().unwrap_or_default();
    name.split('.').next().unwrap_or_default().to_owned()
}

/// Runs the daemon. An option that is not heeded is a fault: nobody shall find out later.
fn start(options: &Options, words: Vec<String>) -> ExitCode {
    if let Some(option) = options.not_served.first() {
        eprintln!("The option {option} is not served yet by evenkeel");
        return ExitCode::FAILURE;
    }
    let daemon = keepalived_run::Options {
        command_line: words,
        version: VERSION.into(),
        config_path: options.conf_file.clone(),
        foreground: options.no_fork,
        console: options.logs_to_console,
        detail: options.logs_detail,
        syslog_facility: options.facility,
        pid_file: options.pid_file.clone(),
        vrrp_pid_file: options.vrrp_pid_file.clone(),
        respawn: !options.no_respawn,
        takeover: options.takes_over,
        no_vrrp: options.no_vrrp,
        snmp: options.snmp,
        monitors_addresses: options.monitors_addresses,
        keep_addresses: options.keeps_addresses,
        dumps_configuration: options.dumps_configuration,
        ignores_interrupts: options.ignores_interrupts,
        keeps_core_files: options.keeps_core_files,
        core_pattern: options.core_pattern.clone(),
        record: env::var_os("EVENKEEL_RECORD").map(Into::into),
    };
    keepalived::run(&daemon, &|purpose| {
        let options = Options { tests: purpose == keepalived_run::Purpose::Test, ..options.clone() };
        let mut outcome = read_configuration(&options);
        let global = &mut outcome.keepalived.global;
        global.umask = options.umask.or(global.umask);
        let (by_parent, by_child) = outcome.reports.split_at(outcome.by_parent);
        let again = by_parent.iter().filter_map(|report| in_file(report, &options.conf_file));
        let not_served = outcome.not_served.iter().map(ToString::to_string).collect();
        keepalived_run::Reading {
            keepalived: outcome.keepalived,
            lines: lines(by_parent),
            child_lines: lines(by_child),
            reload_lines: again.chain(lines(by_child)).collect(),
            not_served,
            refusal: outcome.refusal,
            faults: faults(&outcome.reports),
            test_exit_code: outcome.test_exit_code,
        }
    })
}

fn lines(reports: &[Report]) -> Vec<String> {
    reports.iter().map(ToString::to_string).collect()
}

/// A message about a line as a child says it: with the file's name.
fn in_file(report: &Report, path: &str) -> Option<String> {
    let mut position = report.position.clone()?;
    position.file.get_or_insert_with(|| path.into());
    Some(Report { position: Some(position), ..report.clone() }.to_string())
}

/// What `-t` says of a file.
fn faults(reports: &[Report]) -> Vec<String> {
    reports.iter().filter(|report| report.fault > Fault::LogOnly).map(ToString::to_string).collect()
}

/// `-t`: says what the original says, and ends with its exit code.
fn test(options: &Options) -> ExitCode {
    let mut log: Box<dyn Write> = match &options.test_log {
        None => Box::new(io::stderr().lock()),
        Some(path) => {
            let opened = OpenOptions::new().append(true).create(true).mode(0o644).open(path);
            match opened {
                Ok(file) => Box::new(file),
                Err(error) => {
                    let code = error.raw_os_error().unwrap_or(0);
                    let reason = error.to_string();
                    let reason = reason.split(" (os error").next().unwrap_or_default();
                    eprintln!("Unable to open config-test log file {path} {code} - {reason}");
                    return ExitCode::FAILURE;
                }
            }
        }
    };
    let outcome = read_configuration(options);
    for line in faults(&outcome.reports) {
        // There is nobody left to tell when this fails.
        let _ = writeln!(log, "{line}");
    }
    ExitCode::from(outcome.test_exit_code as u8)
}
