//! From the options of nginx's command line to what they ask for: a version, a test, a signal, a running server.

use std::ffi::OsString;
use std::io::{self, Write};
use std::rc::Rc;

use super::cycle::{self, Loader, NotLoaded, Purpose};
use super::daemon;
use super::master::{Heritage, Master};
use super::options::{Options, Places, Signal as Asked};
use super::pid_file;
use super::service_manager::{self, ServiceManager};
use super::shared::Shared;
use super::signals;
use super::single;
use super::upgrade;
use crate::conf::diagnostic::Level;
use crate::log::error_log::{self, ErrorLog};
use crate::log::open_files::LogFile;
use crate::net::listener::Available;
use crate::primitives::os_error;
use crate::sys::process_title::{self, ProcessTitle};
use crate::sys::signal::{self, Signal, Signals};
use crate::sys::{fork, scheduling};

/// Does what the options ask for; gives the exit status. `version` is what a start writes into the log.
pub fn run(options: &Options, arguments: Vec<OsString>, version: &str) -> i32 {
    let places = options.places();
    let start_log = StartLog::open(&places, options);
    let attempt = Attempt { options, places: &places, log: &start_log.log };
    match (options.tests, options.signal) {
        (true, _) => attempt.test(),
        (false, Some(asked)) => attempt.signal(asked),
        (false, None) => attempt.start(arguments, version),
    }
}

/// The log in force until the configuration's own.
struct StartLog {
    log: Rc<ErrorLog>,
}

impl StartLog {
    fn open(places: &Places, options: &Options) -> Self {
        let level = if options.tests { Level::Info } else { Level::Notice };
        let file = match places.error_log.as_str() {
            "" => LogFile::stderr(),
            path => LogFile::open(path).unwrap_or_else(|fault| {
                let reason = os_error::suffix(&fault.error);
                say_on_stderr(&format!("[alert] could not open error log file: {}{reason}", fault.text));
                LogFile::stderr()
            }),
        };
        Self { log: ErrorLog::at_start(file, level) }
    }
}

/// One line with nginx's name before it.
fn say_on_stderr(text: &str) {
    // With standard error closed nobody is left to tell.
    drop(writeln!(io::stderr(), "nginx: {text}"));
}

/// No process has this number.
const NOBODY: fork::Pid = -1;

/// How this process came to be.
struct Origin {
    /// Another master left its sockets to us.
    was_inherited: bool,
    /// systemd left its sockets to us.
    was_activated: bool,
    parent: fork::Pid,
}

struct Attempt<'a> {
    options: &'a Options,
    places: &'a Places,
    log: &'a Rc<ErrorLog>,
}

impl Attempt<'_> {
    fn loader(&self, purpose: Purpose) -> Loader<'_> {
        Loader { places: self.places, directives: &self.options.directives, purpose, log: self.log, old: None }
    }

    fn test(&self) -> i32 {
        let conf_file = &self.places.conf_file;
        let Options { is_quiet: quiet, dumps, explains, .. } = *self.options;
        let purpose = Purpose::Test { quiet, dumps, explains };
        let Ok(loaded) = self.loader(purpose).load(Vec::new()) else {
            say_on_stderr(&format!("configuration file {conf_file} test failed"));
            return 1;
        };
        if !self.options.is_quiet {
            say_on_stderr(&format!("configuration file {conf_file} test is successful"));
        }
        if self.options.dumps {
            dump(&loaded.files);
        }
        0
    }

    fn signal(&self, asked: Asked) -> i32 {
        let Ok(loaded) = self.loader(Purpose::Signal).load(Vec::new()) else { return 1 };
        self.log.say(Level::Notice, "signal process started");
        let Ok(pid) = pid_file::read(&loaded.cycle.pid_path(), self.log) else { return 1 };
        let signal = match asked {
            Asked::Stop => Signal::SIGTERM,
            Asked::Quit => Signal::SIGQUIT,
            Asked::Reopen => Signal::SIGUSR1,
            Asked::Reload => Signal::SIGHUP,
        };
        match signal::send(pid, signal) {
            Ok(()) => 0,
            Err(error) => {
                self.log.say_error(Level::Alert, &error, format_args!("kill({pid}, {}) failed", signal as i32));
                1
            }
        }
    }

    fn start(&self, arguments: Vec<OsString>, version: &str) -> i32 {
        // Before anything is opened: the numbers in the variable are taken as they are.
        let inherited = upgrade::inherited_sockets(self.log);
        let parent = fork::parent_pid();
        let was_inherited = inherited.is_some();
        let sockets = inherited.unwrap_or_else(|| service_manager::handed_over(self.log));
        let was_activated = !was_inherited && !sockets.is_empty();
        let available = sockets.into_iter().map(Available::from).collect();
        let origin = Origin { was_inherited, was_activated, parent };
        self.bring_up(available, origin, arguments, version).unwrap_or(1)
    }

    fn bring_up(
        &self,
        available: Vec<Available>,
        origin: Origin,
        arguments: Vec<OsString>,
        version: &str,
    ) -> Result<i32, NotLoaded> {
        let Origin { was_inherited: inherited, was_activated, parent } = origin;
        let cycle = self.loader(Purpose::Run).load(available)?.cycle;
        tell_of_system(&cycle.log, version);
        let core = &cycle.nginx.core;
        let emerg = |error: io::Error, call: &str| {
            cycle.log.say_error(Level::Emerg, &error, format_args!("{call} failed"));
            NotLoaded
        };
        let title = ProcessTitle::take().map_err(|error| emerg(error, "open(\"/proc/self/stat\")"))?;
        signal::ignore(signals::IGNORED).map_err(|error| emerg(error, "sigaction(SIGPIPE, SIG_IGN)"))?;
        let daemonized = inherited || core.daemon;
        let own_pid = fork::own_pid();
        if core.daemon && !inherited {
            daemon::daemonize().map_err(|fault| emerg(fault.error, fault.call))?;
        }
        // In the background the process that stays is a child of the one that was started.
        let parent = if core.daemon && !inherited { own_pid } else { parent };
        let service_manager = ServiceManager::from_environment();
        // Started by systemd in the foreground, we are nobody's new binary, and may be changed as in the background.
        let parent = if service_manager.is_there() && !inherited { NOBODY } else { parent };
        pid_file::write(&cycle.pid_path(), &cycle.log).map_err(|_| NotLoaded)?;
        cycle::redirect_stderr(&cycle.nginx, &cycle.log);
        error_log::stop_showing_on_stderr();
        let shared = Shared::map().map_err(|error| emerg(error, "mmap(MAP_ANON|MAP_SHARED)"))?;
        let signals = Signals::block(signals::HANDLED).map_err(|error| emerg(error, "sigprocmask()"))?;
        let heritage = Heritage {
            arguments,
            places: self.places.clone(),
            directives: self.options.directives.clone(),
            title,
            daemonized,
            inherited,
            activated: was_activated,
            parent,
            service_manager,
            shared,
        };
        if cycle.nginx.core.master_process {
            Ok(Master::new(heritage, cycle, signals).run())
        } else {
            Ok(single::run(heritage, cycle, Rc::new(signals)))
        }
    }
}

/// nginx's notices of a start.
fn tell_of_system(log: &ErrorLog, version: &str) {
    log.say(Level::Notice, version);
    if let Ok((name, release)) = scheduling::system() {
        log.say(Level::Notice, format_args!("OS: {name} {release}"));
    }
    if let Ok((soft, hard)) = scheduling::open_files_limit() {
        log.say(Level::Notice, format_args!("getrlimit(RLIMIT_NOFILE): {soft}:{hard}"));
    }
}

/// `-T`: each file as it is.
fn dump(files: &[(String, Vec<u8>)]) {
    let mut out = io::stdout().lock();
    for (name, text) in files {
        let parts = [b"# configuration file ", name.as_bytes(), b":\n", text, b"\n"];
        // A reader that has gone needs no more.
        if parts.iter().try_for_each(|part| out.write_all(part)).is_err() {
            return;
        }
    }
}

/// Makes us known under the name of the program whose place we take, also when called as `evenkeel nginx`.
pub fn take_name(name: &str) {
    // A wrong name in `ps` is no reason not to serve.
    drop(process_title::set_short_name(name));
}
