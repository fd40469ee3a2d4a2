//! Reading the directives outside all blocks, and those of `events { }`.

use grammar::Context;
use grammar::nginx::{is_built_in, is_known};

use super::{Core, CoreDraft, CpuAffinity, EventsDraft, User, WorkerProcesses};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::error_log::error_log;
use crate::ir::event::Event;
use crate::ir::http::access::Clients;
use crate::ir::http::access::setters::network;
use crate::ir::http::realip::Trusted;
use crate::ir::lookup::AskedBy;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table, once};
use crate::ir::value::Text;
use crate::primitives::size::parse_number;

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
    ("ssl_object_cache_inheritable", |reader, directive| {
        once(&mut reader.core.ssl_object_cache_inheritable, directive, setter::flag)
    }),
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
    ("accept_mutex_delay", |reader, directive| {
        once(&mut events(reader).accept_mutex_delay_ms, directive, setter::milliseconds)
    }),
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

impl CoreDraft {
    /// The values, with nginx's defaults as Debian builds it.
    pub fn finish(self, reader: &Reader<'_>) -> Core {
        // An empty name is none.
        let path = |text: Option<Text>, default: &str| match text {
            Some(text) if !text.is_empty() => reader.full_path(&text),
            _ => Text::from(default),
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
            ssl_object_cache_inheritable: self.ssl_object_cache_inheritable.unwrap_or(true),
            transparent: self.transparent,
            env: self.env,
            error_log: self.error_log,
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
fn thread_pool(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let name = directive.args()[0];
    let pool = reader.core.thread_pool(name.value, directive);
    if pool.is_defined {
        return Err(directive.emerg(format!("duplicate thread pool \"{}\"", name.text())));
    }
    for word in &directive.args()[1..] {
        let invalid = |what| directive.emerg(format!("invalid {what} value \"{}\"", word.text()));
        if let Some(digits) = word.value.strip_prefix(b"threads=") {
            parse_number(digits).filter(|threads| *threads > 0).ok_or_else(|| invalid("threads"))?;
            pool.is_defined = true;
        } else if let Some(digits) = word.value.strip_prefix(b"max_queue=") {
            // Any other word is passed over, as in nginx.
            parse_number(digits).ok_or_else(|| invalid("max_queue"))?;
        }
    }
    match pool.is_defined {
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
