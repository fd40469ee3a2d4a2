//! keepalived's parent: reads the file, starts the VRRP process, starts it again when it dies, and passes signals on.

use std::io::Write;
use std::os::fd::AsFd;
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use crate::ir::keepalived::Keepalived;
use crate::log::keepalived_log::{ALERT, KeepalivedLog};
use crate::sys::fork::{self, End, Pid, Side};
use crate::sys::signal::{self, Signal, Signals};
use crate::sys::{descriptors, spawn, usage};
use crate::vrrp_io::predecessor::Predecessor;
use crate::vrrp_io::{driver, dump_global, leftovers};

use super::config_notice::{ConfigNotice, Meaning};
use super::core_files::{self, CorePattern};
use super::keepalived_run::{self, FATAL, Options, PidFiles, Purpose, Read, Reading, ident, seconds};
use super::reload_time::ReloadTime;
use super::service_manager::ServiceManager;
use super::takeover::{self, News, Takeover};
use super::vrrp_child::Heritage;
use super::{startup_script, vrrp_child};

/// Exit code: the configuration cannot run.
const CONFIG: u8 = 2;
/// Exit code: rights are missing.
const NO_PERMISSION: u8 = 4;
/// A child that lived longer than this is started again at once.
const RESPAWN_WINDOW: Duration = Duration::from_secs(60);
const LONGEST_RESPAWN_DELAY: Duration = Duration::from_secs(60);

const SIGNALS: [Signal; 6] =
    [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGUSR1, Signal::SIGUSR2, Signal::SIGCHLD];

/// What the parent remembers of its child.
#[derive(Debug)]
struct Child {
    pid: Pid,
    started: Instant,
}

/// How the parent goes on after its child has ended.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Respawn(Duration),
    Exit(u8),
}

/// Runs the daemon. Returns when it ends; in a child, too.
pub fn run(options: &Options, read: &Read<'_>) -> ExitCode {
    let log = KeepalivedLog::new(options.console, options.syslog_facility, options.detail, "Keepalived");
    keepalived_run::log_start(options, &log);
    let reading = read_and_log(options, read, &log);
    if let Some(code) = reading.refusal {
        if !log.is_console() {
            // Nobody shall have to look for the reason in a log; the original had started here.
            reading.not_served.iter().for_each(|line| eprintln!("{line}"));
        }
        log.info(&format!("Stopped {}", options.version));
        return ExitCode::from(u8::try_from(code).unwrap_or(CONFIG));
    }
    let process = &reading.keepalived.process;
    let mut log = log;
    if process.instance.is_some() || process.net_namespace.is_some() {
        let ident = ident("Keepalived", process);
        log.info(&format!("Changing syslog ident to {ident}"));
        log = KeepalivedLog::new(options.console, options.syslog_facility, options.detail, &ident);
    }
    let pid_files = options.pid_files(process);
    if let Some(directory) = &pid_files.directory
        && let Err(error) = create_directory(directory)
    {
        log.info(&format!("Unable to create directory {directory} ({error})"));
    }
    if !options.takeover && is_running(&pid_files.main) {
        log.info("daemon is already running");
        return ExitCode::SUCCESS;
    }
    let predecessor =
        options.takeover.then(|| Predecessor::find(Path::new(&pid_files.main), Path::new(&pid_files.vrrp))).flatten();
    let mut service_manager = ServiceManager::from_environment();
    // Who takes a service's place, and is none, belongs to that service and not to the terminal that it was asked from.
    let joins = predecessor.filter(|_| !service_manager.is_there()).map(|predecessor| predecessor.parent());
    if let Some(daemon) = joins {
        service_manager = ServiceManager::of_process(daemon);
    }
    let stays = options.foreground && (joins.is_none() || !service_manager.is_there());
    let starter = match (stays, predecessor) {
        (true, _) => None,
        (false, None) if go_into_background(&log) => None,
        (false, None) => return ExitCode::SUCCESS,
        // Whoever takes over wants to know whether it came about.
        (false, Some(_)) => match go_into_background_and_tell(&log) {
            Ok(news) => Some(news),
            Err(code) => return code,
        },
    };
    let Ok(notice) = ConfigNotice::new().inspect_err(|error| log.info(&format!("socketpair: {error}"))) else {
        return ExitCode::from(FATAL);
    };
    let (child, delay, reload_time, child_lines) = (None, Duration::ZERO, None, reading.child_lines);
    let parent = Parent {
        options,
        read,
        log: &log,
        service_manager,
        joins,
        pid_files,
        child,
        delay,
        reload_time,
        child_lines,
        notice,
    };
    parent.run(reading.keepalived, predecessor, starter)
}

/// The parent process.
struct Parent<'a> {
    options: &'a Options,
    read: &'a Read<'a>,
    log: &'a KeepalivedLog,
    service_manager: ServiceManager,
    /// The daemon whose service goes over to us.
    joins: Option<Pid>,
    pid_files: PidFiles,
    child: Option<Child>,
    /// How long the next start has to wait.
    delay: Duration,
    /// `reload_time_file`
    reload_time: Option<ReloadTime>,
    /// What a child says of the configuration when it starts.
    child_lines: Vec<String>,
    notice: ConfigNotice,
}

/// What goes on in this process after a fork.
enum Outcome {
    /// This is the child, and it has ended.
    Child(ExitCode),
    /// This is the parent, and goes on (or ends with this code).
    Parent(u8),
}

impl Parent<'_> {
    fn run(mut self, config: Keepalived, predecessor: Option<Predecessor>, starter: Option<News>) -> ExitCode {
        keepalived_run::name_process(config.global.process_names.parent.as_deref(), self.log);
        descriptors::set_umask(config.global.umask.unwrap_or(0o177));
        let core_pattern = CorePattern::set(self.options.core_pattern.as_deref(), self.log);
        // What we change of ourselves is not for scripts.
        spawn::remember_limits();
        if self.options.keeps_core_files {
            core_files::allow(self.log);
        }
        let signals = match Signals::block_numbered(&SIGNALS, &[driver::SIGNAL_JSON, driver::SIGNAL_STATISTICS_CLEAR]) {
            Ok(signals) => signals,
            Err(error) => {
                self.log.info(&format!("signals: {error}"));
                return ExitCode::from(FATAL);
            }
        };
        if let Some(predecessor) = predecessor {
            match self.take_over(&config, predecessor) {
                Outcome::Parent(0) => {}
                Outcome::Parent(code) => return ExitCode::from(code),
                Outcome::Child(code) => return code,
            }
        }
        if let Err(error) = write_pid_file(&self.pid_files.main, fork::own_pid()) {
            self.log.info(&format!("Can't open {} ({error})", self.pid_files.main));
            return ExitCode::from(NO_PERMISSION);
        }
        if let Some(script) = config.global.startup_script.as_ref().filter(|_| predecessor.is_none()) {
            startup_script::run("startup script", script, &config.global, self.log);
        }
        if self.child.is_none()
            && let Outcome::Child(code) = self.start_child(&config, None)
        {
            return code;
        }
        if predecessor.is_some() {
            self.write_vrrp_pid_file();
        }
        match self.child {
            Some(_) => self.notice.expect(),
            None => self.service_manager.ready(),
        }
        if let Some(Err(error)) = starter.map(News::tell) {
            self.log.info(&format!("whoever started the takeover has gone: {error}"));
        }
        let code = match self.supervise(&signals, config) {
            Outcome::Child(code) => return code,
            Outcome::Parent(code) => code,
        };
        let _ = std::fs::remove_file(&self.pid_files.main);
        let _ = std::fs::remove_file(&self.pid_files.vrrp);
        if let Some(directory) = &self.pid_files.directory {
            // Another daemon may still have files there.
            let _ = std::fs::remove_dir(directory);
        }
        core_pattern.restore(self.log);
        self.log_usage();
        self.log.info(&format!("Stopped {}", self.options.version));
        ExitCode::from(code)
    }

    fn log_usage(&self) {
        let (own, children) = usage::so_far();
        self.log.detail(&format!(
            "CPU usage (self/children) user: {}/{} system: {}/{}",
            seconds(own.user),
            seconds(children.user),
            seconds(own.system),
            seconds(children.system)
        ));
    }

    /// One child after the other until a signal ends it all.
    fn supervise(&mut self, signals: &Signals, mut config: Keepalived) -> Outcome {
        let mut respawn_at: Option<Instant> = None;
        self.watch_reload_time(&config);
        loop {
            let respawn = respawn_at.map(|at| at.saturating_duration_since(Instant::now()));
            let reload = self.reload_time.as_ref().and_then(ReloadTime::delay);
            let limit = [respawn, reload].into_iter().flatten().min();
            let times = self.reload_time.as_ref().map(AsFd::as_fd);
            let others: Vec<_> = times.into_iter().chain([self.notice.as_fd()]).collect();
            let _ = signals.wait_with(&others, limit);
            self.hear_child(&mut config);
            if self.is_time_to_reload(&config) {
                self.reload_in_turn(&mut config);
            }
            while let Ok(Some(number)) = signals.next_number() {
                match Signal::try_from(number) {
                    Ok(Signal::SIGINT) if self.options.ignores_interrupts => {}
                    Ok(Signal::SIGTERM | Signal::SIGINT) => {
                        self.service_manager.stopping();
                        self.stop(&config);
                        if let Some(script) = &config.global.shutdown_script {
                            startup_script::run("shutdown script", script, &config.global, self.log);
                        }
                        return Outcome::Parent(0);
                    }
                    Ok(Signal::SIGHUP) => {
                        self.reload_in_turn(&mut config);
                        if self.child.is_none() {
                            // There was nothing to run before.
                            respawn_at.get_or_insert_with(Instant::now);
                        }
                    }
                    Ok(Signal::SIGCHLD) => match self.reap(&config) {
                        Some(Next::Respawn(delay)) => respawn_at = Some(Instant::now() + delay),
                        Some(Next::Exit(code)) => return Outcome::Parent(code),
                        None => {}
                    },
                    Ok(Signal::SIGUSR1) => {
                        self.dump(&config);
                        self.pass_on(number);
                    }
                    _ => self.pass_on(number),
                }
            }
            if respawn_at.take_if(|at| *at <= Instant::now()).is_some()
                && let child @ Outcome::Child(_) = self.start_child(&config, None)
            {
                return child;
            }
        }
    }

    /// Starts the child that takes a running keepalived's place. The service is told first: systemd ends a service whose main
    /// process ends, unless a notice or the pid file has named another one by then.
    fn take_over(&mut self, config: &Keepalived, predecessor: Predecessor) -> Outcome {
        self.name_daemon(predecessor.parent(), fork::own_pid());
        let outcome = self.follow(config, predecessor);
        if let Outcome::Parent(1..) = outcome {
            self.name_daemon(fork::own_pid(), predecessor.parent());
            self.log.info("Nothing was taken over, keepalived goes on");
        }
        outcome
    }

    /// Lets the pid file and the service name another process than before.
    fn name_daemon(&self, before: Pid, now: Pid) {
        if let Err(error) = write_pid_file(&self.pid_files.main, now) {
            self.log.info(&format!("Can't open {} ({error})", self.pid_files.main));
        }
        if self.joins.is_some()
            && let Err(error) = self.service_manager.hand_over(before, now)
        {
            self.log.info(&format!("systemd does not note that {now} follows {before}: {error}"));
        }
    }

    fn follow(&mut self, config: &Keepalived, predecessor: Predecessor) -> Outcome {
        let started = takeover::news().map(|(waiting, news)| {
            let outcome = self.start_child(config, Some(Takeover { predecessor, news }));
            if let child @ Outcome::Child(_) = outcome { child } else { Outcome::Parent(u8::from(!waiting.succeeds())) }
        });
        match started {
            Ok(Outcome::Parent(1..)) => Outcome::Parent(FATAL),
            Ok(outcome) => outcome,
            Err(error) => {
                self.log.info(&format!("socketpair: {error}"));
                Outcome::Parent(FATAL)
            }
        }
    }

    fn write_vrrp_pid_file(&self) {
        if let Some(Child { pid, .. }) = self.child
            && let Err(error) = write_pid_file(&self.pid_files.vrrp, pid)
        {
            self.log.info(&format!("VRRP child process: cannot write pidfile ({error})"));
        }
    }

    fn has_work(&self, config: &Keepalived) -> bool {
        !self.options.no_vrrp && !config.instances.is_empty()
    }

    fn start_child(&mut self, config: &Keepalived, takeover: Option<Takeover>) -> Outcome {
        if !self.has_work(config) {
            self.log.info("Warning - keepalived has no configuration to run");
            return Outcome::Parent(0);
        }
        match fork::fork() {
            Ok(Side::Child) => {
                let heritage =
                    Heritage { lines: std::mem::take(&mut self.child_lines), notice: self.notice.teller().ok() };
                Outcome::Child(vrrp_child::run(config.clone(), self.options, self.read, takeover, heritage))
            }
            Ok(Side::Parent(pid)) => {
                self.log.info(&format!("Starting VRRP child process, pid={pid}"));
                self.child = Some(Child { pid, started: Instant::now() });
                if takeover.is_none() {
                    self.write_vrrp_pid_file();
                }
                Outcome::Parent(0)
            }
            Err(error) => {
                self.log.info(&format!("VRRP child process: fork error({error})"));
                Outcome::Parent(0)
            }
        }
    }

    fn pass_on(&self, number: i32) {
        if let Some(child) = &self.child {
            // It may have died this instant; then SIGCHLD follows.
            let _ = signal::send_numbered(child.pid, number);
        }
    }

    fn dump(&self, config: &Keepalived) {
        self.log.info(&format!("Printing parent data for process({}) on signal", fork::own_pid()));
        let path = std::env::temp_dir().join("keepalived_parent.data");
        let text = dump_global::of_parent(config, self.options.reload_file(config));
        if let Err(error) = std::fs::write(&path, text) {
            self.log.info(&format!("Can't open {} ({error})", path.display()));
        }
    }

    fn watch_reload_time(&mut self, config: &Keepalived) {
        let watched = config.global.reload_time_file.as_deref().map(|path| ReloadTime::watch(path, self.log));
        self.reload_time = watched.and_then(|watched| watched.map_err(|error| self.log.info(&error.to_string())).ok());
    }

    fn is_time_to_reload(&mut self, config: &Keepalived) -> bool {
        let Some(time) = &mut self.reload_time else { return false };
        time.look(self.log);
        time.is_due(config.global.reload_repeat)
    }

    /// Only what would pass `-t` is loaded where `reload_check_config` says so.
    fn passes_check(&self, config: &Keepalived) -> bool {
        let Some(path) = &config.global.reload_check_config else { return true };
        let reading = (self.read)(Purpose::Test);
        if let Err(error) = write_check_log(path, &reading.faults) {
            self.log.info(&format!("Unable to write the log of the check {path} - {error}"));
        }
        if reading.test_exit_code != 0 {
            self.log.info(&format!("New config failed validation, see {path} for details"));
        }
        reading.test_exit_code == 0
    }

    /// The child has read a configuration: what that completes is told, and what waited for it begins.
    fn hear_child(&mut self, config: &mut Keepalived) {
        while let Some(meaning) = self.notice.next() {
            match meaning {
                Meaning::Startup => self.log.info("Startup complete"),
                Meaning::Reload => self.log.info("Reload complete"),
                Meaning::Unawaited => {
                    // keepalived's words for it.
                    self.log.info("read eventfd count 1, num_reloading 0");
                    continue;
                }
            }
            self.service_manager.ready();
            if std::mem::take(&mut self.notice.queued) {
                self.reload(config);
            }
        }
    }

    /// One reload after the other.
    fn reload_in_turn(&mut self, config: &mut Keepalived) {
        if self.notice.is_awaited() {
            self.log.detail("Reload already in progress, request queued");
            self.notice.queued = true;
        } else {
            self.reload(config);
        }
    }

    /// While `reload_file` is there, the configuration is read, and must not be changed.
    fn reload(&mut self, config: &mut Keepalived) {
        let file = self.options.reload_file(config);
        if let Some(file) = &file
            && let Err(error) = create_for_all(file)
        {
            self.log.info(&format!("Failed to create reload file ({}) {error}", file.display()));
        }
        let child_reads = self.passes_check(config) && self.load(config);
        if let Some(file) = file.filter(|_| !child_reads) {
            // It may be that nobody could make it.
            let _ = std::fs::remove_file(file);
        }
        self.watch_reload_time(config);
    }

    /// The child reads the file by itself; a file that cannot run changes nothing in either process. Returns whether the child
    /// is about to read it.
    fn load(&mut self, config: &mut Keepalived) -> bool {
        self.log.info("Reloading ...");
        let reading = read_and_log(self.options, self.read, self.log);
        if let Some(code) = reading.refusal {
            self.log.info(&format!(
                "Reload refused, the running configuration stays: the new one would end the daemon with exit code {code}"
            ));
            return false;
        }
        let (old, new) = (&config.process, &reading.keepalived.process);
        for (what, is_same) in [
            ("network namespace", old.net_namespace == new.net_namespace),
            ("instance name", old.instance == new.instance),
        ] {
            if !is_same {
                self.log.info(&format!("Cannot change {what} at a reload - please restart keepalived"));
                return false;
            }
        }
        self.service_manager.reloading();
        *config = reading.keepalived;
        self.child_lines = reading.child_lines;
        keepalived_run::name_process(config.global.process_names.parent.as_deref(), self.log);
        match &self.child {
            Some(_) => self.pass_on(Signal::SIGHUP as i32),
            None => self.delay = Duration::ZERO,
        }
        match self.has_work(config) {
            true => self.notice.expect(),
            false => self.service_manager.ready(),
        }
        self.child.is_some()
    }

    fn reap(&mut self, config: &Keepalived) -> Option<Next> {
        let mut next = None;
        while let Ok(Some((pid, end))) = fork::reap() {
            if self.child.as_ref().is_some_and(|child| child.pid == pid) {
                if end != (End::Exited { code: 0 }) && !self.options.keep_addresses {
                    self.remove_leftovers(config);
                }
                next = self.child.take().map(|child| self.child_ended(&child, end));
            }
        }
        next
    }

    /// At once: another router takes the addresses over meanwhile, and the next child may be long in coming.
    fn remove_leftovers(&self, config: &Keepalived) {
        if let Err(error) = leftovers::remove(config, self.log) {
            self.log.info(&format!("Nothing can be removed: {error}"));
        }
    }

    fn child_ended(&mut self, child: &Child, end: End) -> Next {
        let pid = child.pid;
        match end {
            End::Exited { code } if [FATAL, CONFIG, NO_PERMISSION].contains(&(code as u8)) => {
                let reason = match code as u8 {
                    FATAL => "FATAL",
                    CONFIG => "CONFIG",
                    _ => "missing permission",
                };
                self.log.info(&format!("pid {pid} exited with permanent error {reason}. Terminating"));
                return Next::Exit(code as u8);
            }
            End::Exited { code } => self.log.info(&format!("pid {pid} exited with status {code}")),
            End::Signaled { signal, .. } => self.log.info(&format!("pid {pid} exited due to signal {signal}")),
        }
        if !self.options.respawn {
            self.log.write(ALERT, &format!("VRRP child process({pid}) died: Exiting"));
            return Next::Exit(FATAL);
        }
        self.log.write(ALERT, &format!("VRRP child process({pid}) died: Respawning"));
        if child.started.elapsed() > RESPAWN_WINDOW {
            self.delay = Duration::ZERO;
        }
        let delay = self.delay;
        self.delay = (delay * 2).clamp(Duration::from_secs(1), LONGEST_RESPAWN_DELAY);
        let seconds = delay.as_secs();
        self.log.info(&format!("Restart of VRRP process delayed {seconds} seconds to limit respawn rate"));
        Next::Respawn(delay)
    }

    /// The child gets SIGTERM, and SIGKILL after `child_wait_time`.
    fn stop(&mut self, config: &Keepalived) {
        let Some(child) = self.child.take() else {
            return;
        };
        let _ = signal::send(child.pid, Signal::SIGTERM);
        let until = Instant::now() + Duration::from_micros(config.process.child_wait_time_us);
        while Instant::now() < until {
            while let Ok(Some((pid, _))) = fork::reap() {
                if pid == child.pid {
                    return;
                }
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        let _ = signal::send(child.pid, Signal::SIGKILL);
    }
}

fn read_and_log(options: &Options, read: &Read<'_>, log: &KeepalivedLog) -> Reading {
    log.info(&format!("Opening file '{}'.", options.config_path));
    log.info(&format!("Configuration file {}", options.config_path));
    let reading = read(Purpose::Run);
    // A child that is not to be started cannot say its part.
    let child_lines = reading.child_lines.iter().filter(|_| reading.refusal.is_some());
    for line in reading.lines.iter().chain(child_lines) {
        log.info(line);
    }
    reading
}

fn is_running(pid_file: &str) -> bool {
    let text = std::fs::read_to_string(pid_file).unwrap_or_default();
    text.trim().parse::<Pid>().is_ok_and(|pid| pid > 0 && pid != fork::own_pid() && signal::exists(pid))
}

fn create_directory(path: &str) -> std::io::Result<()> {
    std::fs::DirBuilder::new().recursive(true).mode(0o755).create(path)
}

/// `/dev/null` is what most name.
fn write_check_log(path: &str, lines: &[String]) -> std::io::Result<()> {
    let mut file = std::fs::File::create(path)?;
    lines.iter().try_for_each(|line| writeln!(file, "{line}"))
}

fn create_for_all(path: &Path) -> std::io::Result<()> {
    let file = std::fs::File::create(path)?;
    // The umask would hide it from everyone else.
    file.set_permissions(std::fs::Permissions::from_mode(0o644))
}

fn write_pid_file(path: &str, pid: Pid) -> std::io::Result<()> {
    std::fs::write(path, format!("{pid}\n"))?;
    // The umask would hide it from everyone else.
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o644))
}

/// In the process that goes on, where it says whether it came about; in the other one, the exit code once that is known.
fn go_into_background_and_tell(log: &KeepalivedLog) -> Result<News, ExitCode> {
    let (waiting, news) = takeover::news().map_err(|error| {
        log.info(&format!("socketpair: {error}"));
        ExitCode::from(FATAL)
    })?;
    if go_into_background(log) {
        return Ok(news);
    }
    drop(news);
    if waiting.succeeds() {
        return Err(ExitCode::SUCCESS);
    }
    eprintln!("keepalived: nothing was taken over, the log says why");
    Err(ExitCode::FAILURE)
}

/// Returns whether this is the process that goes on.
fn go_into_background(log: &KeepalivedLog) -> bool {
    match fork::fork() {
        Ok(Side::Parent(_)) => false,
        Ok(Side::Child) => {
            let _ = fork::new_session();
            let _ = std::env::set_current_dir("/");
            if !log.is_console() {
                let _ = descriptors::silence_input_and_output();
            }
            true
        }
        Err(error) => {
            log.info(&format!("xdaemon : fork error {error}"));
            true
        }
    }
}
