//! The directives outside all blocks, and those of `events { }`.

pub mod setters;

use super::http::log::SyslogTarget;
use super::http::realip::Trusted;
use super::value::Text;
use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::conf::tree::Directive;

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
    /// `ssl_object_cache_inheritable`: the next generation reads only those certificates and keys that have changed.
    pub ssl_object_cache_inheritable: bool,
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

/// How much a log holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum LogLevel {
    /// This level and graver ones.
    Level(Level),
    /// All levels, and of what is done step by step some parts: `debug_http` …
    Parts {
        /// Whether HTTP is one of them; of the others nothing is told.
        http: bool,
    },
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
    /// `accept_mutex_delay`
    pub accept_mutex_delay_ms: u64,
    /// `debug_connection`: the clients whose connections are logged at `debug`.
    pub debug_connection: Vec<Trusted>,
}

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
    ssl_object_cache_inheritable: Option<bool>,
    /// A `proxy_bind … transparent` was met.
    pub transparent: bool,
    env: Vec<Text>,
    error_log: Vec<ErrorLog>,
    is_too_late_for_modules: bool,
    thread_pools: Vec<ThreadPool>,
}

/// A name of `thread_pool` or `aio threads=`, where it was first met.
#[derive(Clone, PartialEq, Debug)]
struct ThreadPool {
    name: Text,
    is_defined: bool,
    place: Place,
}

impl CoreDraft {
    /// The pool of threads of this name, new or known.
    fn thread_pool(&mut self, name: &[u8], directive: &Directive<'_>) -> &mut ThreadPool {
        let known = self.thread_pools.iter().position(|pool| *pool.name == *name);
        let index = known.unwrap_or_else(|| {
            let place = directive.place();
            self.thread_pools.push(ThreadPool { name: Text::from(name), is_defined: false, place });
            self.thread_pools.len() - 1
        });
        &mut self.thread_pools[index]
    }

    /// `aio threads=NAME`: the pool may be defined later.
    pub fn use_thread_pool(&mut self, name: &[u8], directive: &Directive<'_>) {
        self.thread_pool(name, directive);
    }

    /// Whether each pool that is used was defined; that called `default` needs no line.
    pub fn check_thread_pools(&self) -> Result<(), Diagnostic> {
        let mut unknown = self.thread_pools.iter().filter(|pool| !pool.is_defined && *pool.name != *b"default");
        unknown.next().map_or(Ok(()), |ThreadPool { name, place, .. }| {
            let text = format!("unknown thread pool \"{name}\"");
            Err(Diagnostic { level: Level::Emerg, text, place: place.clone() })
        })
    }
}

/// `events { }` while it is read.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct EventsDraft {
    worker_connections: Option<usize>,
    multi_accept: Option<bool>,
    accept_mutex: Option<bool>,
    accept_mutex_delay_ms: Option<u64>,
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
            accept_mutex_delay_ms: self.accept_mutex_delay_ms.unwrap_or(500),
            debug_connection: self.debug_connection,
        }
    }
}
