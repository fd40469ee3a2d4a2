//! One generation: a configuration and what it has opened, in nginx's order and with nginx's messages.
//!
//! A reload makes a new generation beside the running one. Nothing of the old one changes until everything of the new one
//! is open, so a fault leaves the old one as it was.

use std::io;
use std::rc::Rc;

use super::disk_files::DiskFiles;
use super::limit_zones::LimitZones;
use super::options::Places;
use super::paths;
use super::pid_file;
use super::session_zones::SessionZones;
use super::tls_files::TlsFiles;
use super::upstream_status::UpstreamStatus;
use super::upstream_zones::UpstreamZones;
use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::conf::nginx;
use crate::conf::source::Sources;
use crate::ir::Nginx;
use crate::ir::core::{ErrorLog as Line, ErrorLogTarget, WorkerProcesses};
use crate::ir::event::Event;
use crate::ir::listen::ListenAddress;
use crate::ir::lookup::HostId;
use crate::ir::lower;
use crate::ir::reader::Environment;
use crate::ir::tls::ClientTls;
use crate::ir::value::Text;
use crate::log::error_log::{self, ErrorLog};
use crate::log::now;
use crate::log::open_files::{OpenError, OpenFiles};
use crate::log::opening::LogOpener;
use crate::net::hosts::Hosts;
use crate::net::listener::{self, Address, Available, Listening, Opener, Wanted};
use crate::net::tls_fault::TlsFault;
use crate::net::tls_key_log::KeyLogs;
use crate::net::tls_server::Shared;
use crate::net::{tls_client, tls_server};
use crate::primitives::os_error;
use crate::sys::{credentials, descriptors, scheduling};

/// How far a generation is brought up.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// `-t`: everything is opened as for a start, and a busy address is no fault.
    Test {
        /// `-q`: without the line that the syntax is ok.
        quiet: bool,
        /// `-T`: the texts are kept to be printed.
        dumps: bool,
        /// Called by evenkeel's own name: what has no effect is said, too.
        explains: bool,
    },
    /// `-s`: only read.
    Signal,
    /// A start or a reload.
    Run,
}

/// Says that there is no new generation; the reason is in the log.
#[derive(Debug)]
pub struct NotLoaded;

/// The user that workers run as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct WorkerUser {
    /// Its name.
    pub name: String,
    /// Its number.
    pub uid: u32,
    /// The number of the group.
    pub gid: u32,
}

/// One generation.
pub struct Cycle {
    /// Where relative paths begin, with a slash at its end.
    pub prefix: Rc<str>,
    /// The folder of the configuration, with a slash at its end.
    pub conf_prefix: Rc<str>,
    /// The configuration.
    pub nginx: Nginx,
    /// The addresses of its host names.
    pub hosts: Rc<Hosts>,
    /// The TLS of its servers.
    pub tls: Rc<tls_server::Contexts>,
    /// The TLS of locations towards their backends.
    pub client_tls: Rc<tls_client::Contexts>,
    /// Who the workers are; `None` where we are not root and cannot become another.
    pub user: Option<WorkerUser>,
    /// The main error log.
    pub log: Rc<ErrorLog>,
    /// The log files.
    pub files: Rc<OpenFiles>,
    /// The listening sockets.
    pub listening: Vec<Listening>,
    /// The state of upstream servers that all workers share.
    pub upstream_zones: UpstreamZones,
    /// What `limit_req` and `limit_conn` count, that all workers share.
    pub limit_zones: LimitZones,
    /// The sessions of TLS that all workers share.
    pub session_zones: SessionZones,
    /// The files of TLS as they were read.
    tls_files: TlsFiles,
    /// `ssl_key_log`
    key_logs: KeyLogs,
}

impl Cycle {
    /// The path of the pid file.
    pub fn pid_path(&self) -> String {
        self.nginx.core.pid.to_string()
    }

    /// The path of the pid file while another binary takes over.
    pub fn old_pid_path(&self) -> String {
        format!("{}{}", self.nginx.core.pid, pid_file::OLD_SUFFIX)
    }

    /// `worker_processes`
    pub fn worker_count(&self) -> usize {
        worker_count(&self.nginx)
    }

    /// The servers of all upstreams as they are at this moment.
    pub fn upstream_status(&self) -> Vec<UpstreamStatus> {
        let upstreams = self.nginx.http.as_ref().map_or(&[][..], |http| &http.upstreams);
        self.upstream_zones.status(upstreams, now::since_epoch().as_secs().cast_signed())
    }

    /// Opens the log files anew by their names and, given an owner, makes them that user's.
    pub fn reopen_logs(&self, owner: Option<u32>) {
        let complain = |fault: OpenError| self.log.say_error(Level::Emerg, &fault.error, fault.text);
        self.files.reopen(owner, complain);
        self.key_logs.reopen(owner, complain);
        if !wants_stderr(&self.nginx) {
            redirect_stderr_to_file(&self.log);
        }
    }
}

fn worker_count(nginx: &Nginx) -> usize {
    match nginx.core.worker_processes {
        WorkerProcesses::Auto => scheduling::processors_online(),
        WorkerProcesses::Count(count) => count,
    }
}

/// What a new generation begins from.
pub struct Loader<'a> {
    /// Where things are.
    pub places: &'a Places,
    /// `-g`
    pub directives: &'a [u8],
    /// How far to go.
    pub purpose: Purpose,
    /// Where faults go: the log in force until now.
    pub log: &'a Rc<ErrorLog>,
    /// The generation that is running.
    pub old: Option<&'a Cycle>,
}

/// A generation, and the texts it was read from.
pub struct Loaded {
    /// The generation.
    pub cycle: Cycle,
    /// For `-T`: each file with its bytes, in the order of first use.
    pub files: Vec<(String, Vec<u8>)>,
}

impl Loader<'_> {
    /// Reads the configuration and opens what it names. `available` are sockets to take over.
    pub fn load(&self, available: Vec<Available>) -> Result<Loaded, NotLoaded> {
        now::update_zone();
        let (read, files) = self.read()?;
        let opened = if self.purpose == Purpose::Signal { self.nothing_opened() } else { self.open(&read, available)? };
        Ok(Loaded { cycle: self.cycle(read, opened), files })
    }

    fn cycle(&self, read: Read, opened: Opened) -> Cycle {
        let Read { nginx, hosts, found: Found { user, tls, client_tls, session_zones, tls_files, key_logs, .. } } =
            read;
        let Opened { log, files, listening, upstream_zones, limit_zones } = opened;
        Cycle {
            prefix: Rc::from(self.places.prefix.as_str()),
            conf_prefix: Rc::from(self.places.conf_prefix.as_str()),
            nginx,
            hosts,
            tls: Rc::new(tls),
            client_tls: Rc::new(client_tls),
            user,
            log,
            files,
            listening,
            upstream_zones,
            limit_zones,
            session_zones,
            tls_files,
            key_logs,
        }
    }

    fn read(&self) -> Result<(Read, Vec<(String, Vec<u8>)>), NotLoaded> {
        let Places { conf_prefix, conf_file, .. } = self.places;
        let sources = Sources::default();
        let tree = nginx::parse(&sources, &DiskFiles, conf_prefix, self.directives, conf_file);
        let lowered = lower::lower(&tree, &self.environment());
        let mut found = Found::default();
        for event in &lowered.events {
            self.follow(event, &lowered.hosts, &mut found)?;
        }
        let nginx = lowered.result.map_err(|fault| self.refuse(&fault, &lowered.unserved))?;
        self.compare_counts(&nginx, &found.hosts)?;
        if found.user.is_none() && credentials::is_root() {
            found.user = Some(self.built_in_user()?);
        }
        let is_printed = matches!(self.purpose, Purpose::Test { dumps: true, .. });
        let printed = tree.files.iter().filter(|_| is_printed);
        let files = printed.map(|source| (source.name.clone(), source.text.clone())).collect();
        let hosts = Rc::new(std::mem::take(&mut found.hosts));
        Ok((Read { nginx, hosts, found }, files))
    }

    /// Numbers that have to fit one another.
    fn compare_counts(&self, nginx: &Nginx, hosts: &Hosts) -> Result<(), NotLoaded> {
        let masks = nginx.core.worker_cpu_affinity.as_ref().map_or(0, |affinity| affinity.masks.len());
        if masks > 1 && masks != worker_count(nginx) {
            self.log.say(
                Level::Warn,
                "the number of \"worker_processes\" is not equal to the number of \"worker_cpu_affinity\" masks, \
                 using last mask for remaining worker processes",
            );
        }
        let sockets =
            wanted(nginx, hosts).iter().filter(|wanted| wanted.worker.is_none_or(|worker| worker == 0)).count();
        let connections = nginx.events.worker_connections;
        // One more is that by which the master speaks to a worker.
        if connections <= sockets {
            let text = format_args!("{connections} worker_connections are not enough for {sockets} listening sockets");
            self.log.say(Level::Emerg, text);
            return Err(NotLoaded);
        }
        Ok(())
    }

    fn environment(&self) -> Environment {
        Environment {
            prefix: self.places.prefix.clone(),
            conf_prefix: self.places.conf_prefix.clone(),
            is_root: credentials::is_root(),
            hostname: hostname(),
        }
    }

    /// Does what nginx does at this point of its reading.
    fn follow(&self, event: &Event, named: &[crate::ir::lookup::Host], found: &mut Found) -> Result<(), NotLoaded> {
        match event {
            Event::Message(message) => {
                self.say(message);
            }
            Event::WithoutEffect(warning) => {
                if matches!(self.purpose, Purpose::Test { explains: true, .. }) {
                    self.say(warning);
                }
            }
            Event::SyntaxIsOk => {
                if matches!(self.purpose, Purpose::Test { quiet: false, .. }) {
                    eprintln!("nginx: the configuration file {} syntax is ok", self.places.conf_file);
                }
            }
            Event::Resolve(id) => {
                let host = &named[id.0 as usize];
                if !found.hosts.resolve(*id, host) {
                    return Err(self.say(&host.not_found()));
                }
            }
            Event::FindUser { user: name, group, place } => {
                let group = group.as_ref().unwrap_or(name).to_string();
                let fail = |text| self.say(&Diagnostic { level: Level::Emerg, text, place: place.clone() });
                found.user = Some(find_user(&name.to_string(), &group).map_err(fail)?);
            }
            Event::LoadModule { path, is_known, place } => self.load_module(&path.to_string(), *is_known, place)?,
            Event::MakeTls { server, tls, close } => {
                let old = self.old.map(|old| &old.session_zones);
                let zones = &mut found.session_zones;
                let mut zone = |wanted| zones.of(wanted, old, self.log).map_err(|_| NotLoaded);
                let ocsp = tls.ocsp.as_ref().and_then(|ocsp| ocsp.cache.as_ref());
                let key_log = tls.key_log.as_ref().map(|path| found.key_logs.open(&path.to_string()));
                let key_log = key_log.transpose().map_err(|OpenError { text, error }| {
                    self.log.say_error(Level::Emerg, &error, text);
                    NotLoaded
                })?;
                let shared = Shared { sessions: zone(tls.session_cache.zone())?, ocsp: zone(ocsp)?, key_log };
                let made = tls_server::build(tls, shared, |path| self.tls_file(found, path));
                let fault = |fault: TlsFault| {
                    if fault.has_place() {
                        return self.say(&Diagnostic {
                            level: Level::Emerg,
                            text: fault.to_string(),
                            place: close.clone(),
                        });
                    }
                    self.log.say(Level::Emerg, fault);
                    NotLoaded
                };
                let (context, warnings) = made.map_err(fault)?;
                warnings.iter().for_each(|warning| self.log.say(Level::Warn, warning));
                found.tls.insert(*server, context);
            }
            Event::MakeClientTls { ssl, tls } => {
                let context = self.client_tls(tls, found)?;
                found.client_tls.insert(Rc::as_ptr(ssl) as usize, context);
            }
            Event::MustBeReadable { path, place } => {
                self.tls_file(found, path).map_err(|error| {
                    let text = format!("open() \"{path}\" failed{}", os_error::suffix(&error));
                    self.say(&Diagnostic { level: Level::Emerg, text, place: place.clone() })
                })?;
            }
        }
        Ok(())
    }

    fn tls_file(&self, found: &Found, path: &Text) -> io::Result<Vec<u8>> {
        let inherited = self.old.filter(|old| old.nginx.core.ssl_object_cache_inheritable).map(|old| &old.tls_files);
        found.tls_files.read(path, inherited)
    }

    /// Locations that want the same share it.
    fn client_tls(&self, wanted: &Rc<ClientTls>, found: &mut Found) -> Result<Rc<tls_client::Context>, NotLoaded> {
        if let Some((_, context)) = found.client_contexts.iter().find(|(known, _)| known == wanted) {
            return Ok(Rc::clone(context));
        }
        let made = tls_client::build(wanted, &self.places.conf_prefix, |path| self.tls_file(found, path));
        let context = Rc::new(made.map_err(|fault| {
            self.log.say(Level::Emerg, fault);
            NotLoaded
        })?);
        found.client_contexts.push((Rc::clone(wanted), Rc::clone(&context)));
        Ok(context)
    }

    /// There is nothing to load, but nginx says whether the file is there.
    fn load_module(&self, path: &str, is_known: bool, place: &Place) -> Result<(), NotLoaded> {
        let diagnostic = |level, text| Diagnostic { level, text, place: place.clone() };
        if !std::path::Path::new(path).exists() {
            let reason = "cannot open shared object file: No such file or directory";
            return Err(self.say(&diagnostic(Level::Emerg, format!("dlopen() \"{path}\" failed ({path}: {reason})"))));
        }
        if !is_known {
            let text = format!("module \"{path}\" is not served yet by evenkeel");
            return Err(self.say(&diagnostic(Level::Emerg, text)));
        }
        if matches!(self.purpose, Purpose::Test { explains: true, .. }) {
            let text = format!("\"load_module\" has no effect: the directives of \"{path}\" are not served");
            self.say(&diagnostic(Level::Warn, text));
        }
        Ok(())
    }

    /// Without a `user` line, root's workers are `nobody`. Debian has no group of that name, so nginx takes it from its
    /// build; we take the user's own.
    fn built_in_user(&self) -> Result<WorkerUser, NotLoaded> {
        match credentials::user("nobody") {
            Ok(Some(account)) => Ok(WorkerUser { name: account.name, uid: account.uid, gid: account.gid }),
            _ => {
                self.log.say(Level::Emerg, "getpwnam(\"nobody\") failed");
                Err(NotLoaded)
            }
        }
    }

    /// Says what is wrong; under our own name all that is not served, of which the fault is the first.
    fn refuse(&self, fault: &Diagnostic, unserved: &[Diagnostic]) -> NotLoaded {
        self.say(fault);
        if matches!(self.purpose, Purpose::Test { explains: true, .. }) {
            unserved.iter().skip(1).for_each(|fault| drop(self.say(fault)));
        }
        NotLoaded
    }

    fn say(&self, message: &Diagnostic) -> NotLoaded {
        self.log.say(message.level, message);
        NotLoaded
    }

    /// `-s` opens nothing.
    fn nothing_opened(&self) -> Opened {
        Opened {
            log: Rc::clone(self.log),
            files: Rc::default(),
            listening: Vec::new(),
            upstream_zones: UpstreamZones::default(),
            limit_zones: LimitZones::default(),
        }
    }

    fn open(&self, read: &Read, available: Vec<Available>) -> Result<Opened, NotLoaded> {
        let Read { nginx, hosts, found } = read;
        self.pid_file(nginx)?;
        let owner = found.user.as_ref().map(|user| user.uid);
        paths::create(nginx, owner, self.log).map_err(|_| NotLoaded)?;
        let files = Rc::new(OpenFiles::default());
        let log = self.open_logs(nginx, hosts, &files).map_err(|fault| {
            self.log.say_error(Level::Emerg, &fault.error, fault.text);
            NotLoaded
        })?;
        let zones = nginx.http.iter().flat_map(|http| &http.zones);
        if let Some(zone) = zones.into_iter().find(|zone| zone.size == 0) {
            log.say(Level::Emerg, format_args!("zero size shared memory zone \"{}\"", zone.name));
            return Err(NotLoaded);
        }
        let old_zones = self.old.map(|old| &old.limit_zones);
        let limit_zones = match &nginx.http {
            Some(http) => LimitZones::map(http, old_zones, &log).map_err(|_| NotLoaded)?,
            None => LimitZones::default(),
        };
        let testing = matches!(self.purpose, Purpose::Test { .. });
        let opener = Opener { log: &log, testing };
        let listening = opener.open(wanted(nginx, hosts), available).map_err(|_| NotLoaded)?;
        if !testing {
            if !error_log::shows_on_stderr() {
                redirect_stderr(nginx, &log);
            }
            log.say(Level::Notice, "using the \"epoll\" event method");
        }
        warn_of_limits(nginx, &log);
        let old_zones = self.old.map(|old| &old.upstream_zones);
        let upstream_zones =
            UpstreamZones::map(nginx, worker_count(nginx), hosts, old_zones, &log).map_err(|_| NotLoaded)?;
        Ok(Opened { log, files, listening, upstream_zones, limit_zones })
    }

    /// At a start the file is written later, by the process that stays.
    fn pid_file(&self, nginx: &Nginx) -> Result<(), NotLoaded> {
        let path = nginx.core.pid.to_string();
        let outcome = match (self.purpose, self.old) {
            (Purpose::Test { .. }, _) => pid_file::try_out(&path, self.log),
            (Purpose::Run, Some(old)) if old.pid_path() != path => {
                pid_file::write(&path, self.log).inspect(|()| pid_file::remove(&old.pid_path(), self.log))
            }
            _ => Ok(()),
        };
        outcome.map_err(|_| NotLoaded)
    }

    fn open_logs(&self, nginx: &Nginx, hosts: &Hosts, files: &OpenFiles) -> Result<Rc<ErrorLog>, OpenError> {
        let hostname = hostname();
        let resolve = |id: HostId| hosts.addresses(id).first().copied();
        let opener = LogOpener { files, hostname: &hostname, resolve: &resolve };
        let main = opener.main(&nginx.core.error_log, &self.places.error_log)?;
        for path in paths::log_files(nginx) {
            files.open(&path)?;
        }
        Ok(main)
    }
}

struct Read {
    nginx: Nginx,
    hosts: Rc<Hosts>,
    found: Found,
}

/// What a generation holds of the system.
struct Opened {
    log: Rc<ErrorLog>,
    files: Rc<OpenFiles>,
    listening: Vec<Listening>,
    upstream_zones: UpstreamZones,
    limit_zones: LimitZones,
}

/// What the system answered while the configuration was read.
#[derive(Default)]
struct Found {
    hosts: Hosts,
    user: Option<WorkerUser>,
    tls: tls_server::Contexts,
    client_tls: tls_client::Contexts,
    session_zones: SessionZones,
    tls_files: TlsFiles,
    key_logs: KeyLogs,
    /// What the locations' TLS was made of.
    client_contexts: Vec<(Rc<ClientTls>, Rc<tls_client::Context>)>,
}

/// The machine's name in small letters, as nginx keeps it.
pub fn hostname() -> String {
    scheduling::hostname().unwrap_or_default().to_lowercase()
}

fn find_user(name: &str, group: &str) -> Result<WorkerUser, String> {
    let not_found = |call: &str, name: &str| format!("{call}(\"{name}\") failed");
    let account = credentials::user(name).ok().flatten().ok_or_else(|| not_found("getpwnam", name))?;
    let gid = credentials::group(group).ok().flatten().ok_or_else(|| not_found("getgrnam", group))?;
    Ok(WorkerUser { name: account.name, uid: account.uid, gid })
}

/// Whether a log, be it that of one location, is standard error by the configuration's own wish.
fn wants_stderr(nginx: &Nginx) -> bool {
    let is_stderr = |line: &Line| line.target == ErrorLogTarget::Stderr;
    let mut is_wanted = nginx.core.error_log.iter().any(is_stderr);
    paths::for_each_location(nginx, &mut |location| {
        is_wanted |= location.settings.core.error_log.iter().any(is_stderr);
    });
    is_wanted
}

/// What goes to standard error from now on belongs in the log; a log that is standard error stays there.
pub fn redirect_stderr(nginx: &Nginx, log: &ErrorLog) {
    if !wants_stderr(nginx) {
        redirect_stderr_to_file(log);
    }
}

/// Points standard error at the first log that is a file.
fn redirect_stderr_to_file(log: &ErrorLog) {
    if let Some(file) = log.first_file().filter(|file| !file.is_stderr())
        && let Err(error) = file.with_descriptor(|descriptor| descriptors::redirect_stderr(descriptor))
    {
        log.say_error(Level::Alert, &error, "dup2(STDERR_FILENO) failed");
    }
}

fn warn_of_limits(nginx: &Nginx, log: &ErrorLog) {
    let connections = nginx.events.worker_connections as u64;
    let Ok((limit, _)) = scheduling::open_files_limit() else { return };
    let raised = nginx.core.worker_rlimit_nofile;
    if connections > limit && raised.is_none_or(|raised| connections > raised) {
        let text =
            format!("{connections} worker_connections exceed open file resource limit: {}", raised.unwrap_or(limit));
        log.say(Level::Warn, text);
    }
}

/// The sockets of a configuration, in its order. With `reuseport` each worker has one of its own, and those of the further
/// workers come last, as nginx has them.
fn wanted(nginx: &Nginx, hosts: &Hosts) -> Vec<Wanted> {
    let mut first = Vec::new();
    let mut further = Vec::new();
    let listeners = nginx.http.iter().flat_map(|http| http.listeners.iter().enumerate());
    for (listener, configured) in listeners {
        for address in addresses(&configured.address, hosts) {
            let options = configured.options.clone();
            let each = options.reuseport.then(|| worker_count(nginx));
            let wanted = Wanted { address, options, listener, worker: each.map(|_| 0) };
            for worker in 1..each.unwrap_or(1) {
                further.push(Wanted { worker: Some(worker), ..wanted.clone() });
            }
            first.push(wanted);
        }
    }
    first.extend(further);
    first
}

fn addresses(address: &ListenAddress, hosts: &Hosts) -> Vec<Address> {
    match address {
        ListenAddress::Inet(address) => vec![Address::Inet(*address)],
        ListenAddress::Unix(path) => vec![Address::Unix(path.to_string())],
        ListenAddress::Host(id) => hosts.addresses(*id).iter().copied().map(Address::Inet).collect(),
    }
}

/// Closes what the new generation does not listen on any more: sockets close when nobody shares them, files go now.
pub fn remove_gone_unix_sockets(old: &Cycle, new: &Cycle) {
    for gone in &old.listening {
        let is_kept = new.listening.iter().any(|kept| Rc::ptr_eq(&kept.descriptor, &gone.descriptor));
        if !is_kept && let Address::Unix(path) = &gone.wanted.address {
            new.log.say(Level::Warn, format_args!("deleting socket {path}"));
            listener::remove_unix_socket(&gone.wanted.address, &new.log);
        }
    }
}
