//! The directives outside all blocks, and those of `events { }`.

use grammar::Context;
use grammar::nginx::{is_built_in, is_known};

use super::error_log::error_log;
use super::event::Event;
use super::http::access::{Clients, network};
use super::http::log::SyslogTarget;
use super::http::realip::Trusted;
use super::lookup::AskedBy;
use super::lower::Reader;
use super::setter::{self, Set, Table, once};
use super::value::Text;
use crate::conf::diagnostic::{Diagnostic, Level};
use crate::conf::tree::Directive;
use crate::primitives::size::parse_number;

/// The directives outside all blocks.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Core {
    /// `daemon`
    pub daemon: bool,
    /// `master_process`
    pub master_process: bool,
    /// `pid`: the full path.
    pub pid: Text,
    /// `lock_file`: the full path.
    pub lock_file: Text,
    /// `user`: the worker's user and, if named, group.
    pub user: Option<User>,
    /// `worker_processes`
    pub worker_processes: WorkerProcesses,
    /// `worker_priority`
    pub worker_priority: i32,
    /// `worker_rlimit_nofile`
    pub worker_rlimit_nofile: Option<u64>,
    /// `worker_rlimit_core`, in bytes
    pub worker_rlimit_core: Option<u64>,
    /// `worker_shutdown_timeout`
    pub worker_shutdown_timeout_ms: Option<u64>,
    /// `worker_cpu_affinity`: a mask for each worker; the last one holds for all further workers.
    pub worker_cpu_affinity: Option<CpuAffinity>,
    /// `working_directory`
    pub working_directory: Option<Text>,
    /// A `proxy_bind … transparent` stands somewhere: workers keep the right to use addresses of others.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub transparent: bool,
    /// `env`: `NAME` keeps a variable of the environment, `NAME=VALUE` sets it.
    pub env: Vec<Text>,
    /// `error_log`: where the main log goes; empty means the built-in place.
    pub error_log: Vec<ErrorLog>,
}

/// `user`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct User {
    /// The user's name.
    pub name: Text,
    /// The group's name; without one, that of the user.
    pub group: Option<Text>,
}

/// `worker_processes`
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum WorkerProcesses {
    /// As many as there are processors.
    Auto,
    /// This many.
    Count(usize),
}

/// `worker_cpu_affinity`
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct CpuAffinity {
    /// Whether workers are spread over the processors of the mask one by one.
    pub auto: bool,
    /// The masks; bit 0 of the first word is processor 0. With `auto`, at most one.
    pub masks: Vec<Vec<bool>>,
}

/// One `error_log`.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct ErrorLog {
    /// Where lines go.
    pub target: ErrorLogTarget,
    /// The least grave level that is written.
    pub level: LogLevel,
}

/// Where error log lines go.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum ErrorLogTarget {
    /// A file, by its full path.
    File(Text),
    /// `stderr`
    Stderr,
    /// `syslog:…`
    Syslog(SyslogTarget),
    /// `memory:SIZE`, in bytes.
    Memory(usize),
}

/// How much a log holds: a level, or `debug`.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum LogLevel {
    /// This level and graver ones.
    Level(Level),
    /// Everything.
    Debug,
}

/// `events { }`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Events {
    /// `worker_connections`
    pub worker_connections: usize,
    /// `multi_accept`
    pub multi_accept: bool,
    /// `accept_mutex`
    pub accept_mutex: bool,
    /// `debug_connection`: the clients whose connections are logged at `debug`.
    pub debug_connection: Vec<Trusted>,
}

/// The setters of the directives outside all blocks.
pub const SETTERS: Table = &[
    ("daemon", |reader, directive| once(&mut reader.core.daemon, directive, setter::flag)),
    ("env", env),
    ("error_log", |reader, directive| {
        let log = error_log(reader, directive)?;
        reader.core.error_log.push(log);
        Ok(())
    }),
    ("load_module", load_module),
    ("lock_file", |reader, directive| once(&mut reader.core.lock_file, directive, setter::text)),
    ("master_process", |reader, directive| once(&mut reader.core.master_process, directive, setter::flag)),
    ("pid", |reader, directive| once(&mut reader.core.pid, directive, setter::text)),
    ("thread_pool", thread_pool),
    ("user", user),
    ("worker_cpu_affinity", |reader, directive| {
        once(&mut reader.core.worker_cpu_affinity, directive, worker_cpu_affinity)
    }),
    ("worker_priority", |reader, directive| once(&mut reader.core.worker_priority, directive, worker_priority)),
    ("worker_processes", |reader, directive| once(&mut reader.core.worker_processes, directive, worker_processes)),
    ("worker_rlimit_core", |reader, directive| once(&mut reader.core.worker_rlimit_core, directive, setter::offset)),
    ("worker_rlimit_nofile", |reader, directive| {
        once(&mut reader.core.worker_rlimit_nofile, directive, setter::number)
    }),
    ("worker_shutdown_timeout", |reader, directive| {
        once(&mut reader.core.worker_shutdown_timeout_ms, directive, setter::milliseconds)
    }),
    ("working_directory", |reader, directive| once(&mut reader.core.working_directory, directive, setter::text)),
];

/// The setters of `events { }` and of what stands in it.
pub const EVENTS_SETTERS: Table = &[
    ("accept_mutex", |reader, directive| once(&mut events(reader).accept_mutex, directive, setter::flag)),
    ("debug_connection", debug_connection),
    ("events", |reader, directive| {
        if reader.events_block.is_some() {
            return Err(setter::duplicate(directive));
        }
        reader.events_block = Some(EventsDraft::default());
        reader.walk(Context::EVENTS, directive.children())
    }),
    ("multi_accept", |reader, directive| once(&mut events(reader).multi_accept, directive, setter::flag)),
    ("use", |reader, directive| once(&mut events(reader).event_type, directive, event_type)),
    ("worker_connections", |reader, directive| {
        once(&mut events(reader).worker_connections, directive, worker_connections)
    }),
];

/// The modules of other hands that are built in: loading them is satisfied by their file's name.
const BUILT_IN_MODULES: &[&str] =
    &["ngx_http_echo_module.so", "ngx_http_headers_more_filter_module.so", "ngx_http_upstream_fair_module.so"];

/// The directives outside all blocks while they are read.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct CoreDraft {
    daemon: Option<bool>,
    master_process: Option<bool>,
    pid: Option<Text>,
    lock_file: Option<Text>,
    user: Option<User>,
    worker_processes: Option<WorkerProcesses>,
    worker_priority: Option<i32>,
    worker_rlimit_nofile: Option<u64>,
    worker_rlimit_core: Option<u64>,
    worker_shutdown_timeout_ms: Option<u64>,
    worker_cpu_affinity: Option<CpuAffinity>,
    working_directory: Option<Text>,
    /// A `proxy_bind … transparent` was met.
    pub transparent: bool,
    env: Vec<Text>,
    error_log: Vec<ErrorLog>,
    is_too_late_for_modules: bool,
}

impl CoreDraft {
    /// The values, with nginx's defaults as Debian builds it.
    pub fn finish(self, reader: &Reader<'_>) -> Core {
        let path = |text: Option<Text>, default: &str| match text {
            Some(text) => reader.full_path(&text),
            None => Text::from(default),
        };
        Core {
            daemon: self.daemon.unwrap_or(true),
            master_process: self.master_process.unwrap_or(true),
            pid: path(self.pid, "/run/nginx.pid"),
            lock_file: path(self.lock_file, "/var/lock/nginx.lock"),
            user: self.user,
            worker_processes: self.worker_processes.unwrap_or(WorkerProcesses::Count(1)),
            worker_priority: self.worker_priority.unwrap_or(0),
            worker_rlimit_nofile: self.worker_rlimit_nofile,
            worker_rlimit_core: self.worker_rlimit_core,
            worker_shutdown_timeout_ms: self.worker_shutdown_timeout_ms,
            worker_cpu_affinity: self.worker_cpu_affinity,
            working_directory: self.working_directory,
            transparent: self.transparent,
            env: self.env,
            error_log: self.error_log,
        }
    }
}

/// `events { }` while it is read.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct EventsDraft {
    worker_connections: Option<usize>,
    multi_accept: Option<bool>,
    accept_mutex: Option<bool>,
    event_type: Option<Text>,
    debug_connection: Vec<Trusted>,
}

impl EventsDraft {
    /// The values, with nginx's defaults.
    pub fn finish(self) -> Events {
        Events {
            worker_connections: self.worker_connections.unwrap_or(512),
            multi_accept: self.multi_accept.unwrap_or(false),
            accept_mutex: self.accept_mutex.unwrap_or(false),
            debug_connection: self.debug_connection,
        }
    }
}

fn events<'r>(reader: &'r mut Reader<'_>) -> &'r mut EventsDraft {
    reader.events_block.get_or_insert_default()
}

fn user(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if reader.core.user.is_some() {
        return Err(setter::duplicate(directive));
    }
    if !reader.environment.is_root {
        reader.warn(directive.warn(
            "the \"user\" directive makes sense only if the master process runs with super-user privileges, ignored",
        ));
        return Ok(());
    }
    let mut names = directive.args().iter().map(|word| Text::from(word.value));
    let user = User { name: names.next().unwrap_or_default(), group: names.next() };
    let place = directive.place();
    reader.events.push(Event::FindUser { user: user.name.clone(), group: user.group.clone(), place });
    reader.core.user = Some(user);
    Ok(())
}

fn env(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    reader.core.env.push(setter::text(directive)?);
    Ok(())
}

/// A module that is built in is there already, whatever its file is called. One that is not may be loaded if its file is there, as
/// distributions do for everybody; its directives are errors.
fn load_module(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if reader.core.is_too_late_for_modules {
        return Err(directive.fails("is specified too late"));
    }
    let path = reader.full_path(directive.args()[0].value);
    let file = path.rsplit(|byte| *byte == b'/').next().unwrap_or_default();
    let file = String::from_utf8_lossy(file);
    if BUILT_IN_MODULES.contains(&&*file) || is_built_in(&file) {
        return Ok(());
    }
    let place = directive.place();
    let is_known = is_known(&file);
    reader.events.push(Event::LoadModule { path, is_known, place });
    Ok(())
}

fn debug_connection(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let text = directive.args()[0].value;
    let client = match text {
        b"unix:" => Trusted::Clients(Clients::Unix),
        _ => match network(reader, directive, text) {
            Some(network) => Trusted::Clients(Clients::Network(network)),
            None => {
                let asked_by = AskedBy::DebugConnection { written: Text::from(text) };
                Trusted::Host(reader.resolve(text, 0, asked_by, directive.place()))
            }
        },
    };
    events(reader).debug_connection.push(client);
    Ok(())
}

/// `thread_pool`: files are read by threads whose number is not configured, but a wrong line stays wrong.
fn thread_pool(_: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let mut has_threads = false;
    for word in &directive.args()[1..] {
        let invalid = |what| directive.emerg(format!("invalid {what} value \"{}\"", word.text()));
        if let Some(digits) = word.value.strip_prefix(b"threads=") {
            parse_number(digits).filter(|threads| *threads > 0).ok_or_else(|| invalid("threads"))?;
            has_threads = true;
        } else if let Some(digits) = word.value.strip_prefix(b"max_queue=") {
            // Any other word is passed over, as in nginx.
            parse_number(digits).ok_or_else(|| invalid("max_queue"))?;
        }
    }
    match has_threads {
        true => Ok(()),
        false => Err(directive.emerg("\"thread_pool\" must have \"threads\" parameter")),
    }
}

fn worker_processes(directive: &Directive<'_>) -> Result<WorkerProcesses, Diagnostic> {
    match directive.args()[0].value {
        b"auto" => Ok(WorkerProcesses::Auto),
        text => match parse_number(text) {
            Some(count) => Ok(WorkerProcesses::Count(count as usize)),
            None => Err(directive.fails("invalid value")),
        },
    }
}

fn worker_priority(directive: &Directive<'_>) -> Result<i32, Diagnostic> {
    let text = directive.args()[0].value;
    let (sign, digits) = match text {
        [b'-', digits @ ..] => (-1, digits),
        [b'+', digits @ ..] => (1, digits),
        digits => (1, digits),
    };
    let number = parse_number(digits).and_then(|number| i32::try_from(number).ok());
    Ok(sign * number.ok_or_else(|| directive.fails("invalid number"))?)
}

fn worker_cpu_affinity(directive: &Directive<'_>) -> Result<CpuAffinity, Diagnostic> {
    // CPU_SETSIZE of the C library.
    const MOST_PROCESSORS: usize = 1024;
    let (auto, masks) = match directive.args() {
        [first, masks @ ..] if first.value == b"auto" => (true, masks),
        masks => (false, masks),
    };
    if auto && masks.len() > 1 {
        return Err(directive.emerg("invalid number of arguments in \"worker_cpu_affinity\" directive"));
    }
    let mask =
        |text: &[u8]| {
            if text.len() > MOST_PROCESSORS {
                let fault = format!("\"worker_cpu_affinity\" supports up to {MOST_PROCESSORS} CPUs only");
                return Err(directive.emerg(fault));
            }
            let digits = text.iter().rev().filter(|byte| **byte != b' ');
            digits
                .map(|byte| match byte {
                    b'0' => Ok(false),
                    b'1' => Ok(true),
                    other => Err(directive
                        .emerg(format!("invalid character \"{}\" in \"worker_cpu_affinity\"", char::from(*other)))),
                })
                .collect()
        };
    Ok(CpuAffinity { auto, masks: masks.iter().map(|word| mask(word.value)).collect::<Result<_, _>>()? })
}

fn worker_connections(directive: &Directive<'_>) -> Result<usize, Diagnostic> {
    let word = directive.args()[0];
    let number = parse_number(word.value).map(|number| number as usize);
    number.ok_or_else(|| directive.emerg(format!("invalid number \"{}\"", word.text())))
}

/// Whichever nginx has on Linux is right, and epoll is used.
fn event_type(directive: &Directive<'_>) -> Result<Text, Diagnostic> {
    let word = directive.args()[0];
    match word.value {
        b"epoll" | b"poll" | b"select" => setter::text(directive),
        _ => Err(directive.emerg(format!("invalid event type \"{}\"", word.text()))),
    }
}
