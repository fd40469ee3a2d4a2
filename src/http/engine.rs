//! What all connections of one generation share within a worker: configuration, opened logs, counters, buffers.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use super::body_file::Room;
use super::certificate_files::CertificateCaches;
use super::connection::peer::{NamedPeers, Peer};
use super::counters::Counters;
use super::free_list::FreeList;
use super::limit_zones::{self, ConnZone, ReqZone};
use super::log_files::AccessLogs;
use super::resolvers::Resolvers;
use super::upstream::Upstreams;
use super::upstream::group::Zones;
use crate::ir::core::ErrorLog as ErrorLogLine;
use crate::ir::http::log::{AccessLogTarget, SyslogTarget};
use crate::ir::http::realip::Trusted;
use crate::ir::http::{Http, Location, Server};
use crate::ir::ids::ServerId;
use crate::ir::lookup::HostId;
use crate::ir::upstream::UpstreamId;
use crate::ir::variables::{Source, Variables};
use crate::log::error_log::{ErrorLog, Level};
use crate::log::open_files::OpenFiles;
use crate::log::syslog::Syslog;
use crate::net::draining::Draining;
use crate::net::places::Connections;
use crate::net::resolver::Resolver;
use crate::net::timers::Timers;
use crate::net::tls_client;
use crate::net::tls_server::Contexts;
use crate::sys::shared_words::SharedWords;

/// Connections keep at most this many read and write buffers for later ones.
const SPARE_BUFFERS: usize = 64;
/// And at most so many of the large ones that answers are read into.
const SPARE_LARGE_BUFFERS: usize = 16;
/// From this size on a buffer counts as large.
const LARGE: usize = 16 * 1024;
/// A larger buffer is given back to the system.
const LARGEST_SPARE: usize = 64 * 1024;

/// One generation's HTTP in one worker.
pub struct Engine {
    /// The configuration.
    pub http: Http,
    /// The prefix, with a slash at its end: relative paths that variables make begin there.
    pub prefix: Box<str>,
    /// The folder of the configuration, with a slash at its end: certificates that variables name begin there.
    pub conf_prefix: Box<str>,
    /// The main error log.
    pub log: Rc<ErrorLog>,
    /// The error logs of servers and locations, by the place of their list in memory: lists are shared by inheritance.
    error_logs: BTreeMap<usize, Rc<ErrorLog>>,
    /// The access logs.
    pub access_logs: AccessLogs,
    /// The zones of `limit_req`, in the configuration's order.
    pub limit_req_zones: Vec<ReqZone>,
    /// The zones of `limit_conn`, in the configuration's order.
    pub limit_conn_zones: Vec<Rc<ConnZone>>,
    /// The addresses of names in `set_real_ip_from` and `debug_connection`.
    pub named_peers: NamedPeers,
    /// Whether somebody wants to hear of what is done step by step: a log, or who debugs clients.
    pub may_debug: bool,
    /// The clients of whose connections everything is logged (`debug_connection`).
    debugged: Vec<Trusted>,
    /// What `stub_status` shows.
    pub counters: Counters,
    /// The TLS of the servers.
    pub tls: Rc<Contexts>,
    /// The TLS of locations towards their backends.
    pub client_tls: Rc<tls_client::Contexts>,
    /// Files of certificates whose names have variables.
    pub certificate_files: CertificateCaches,
    /// Whether a variable shows what clients offer in their hellos.
    pub keeps_hellos: bool,
    /// Whether the worker is to end: no connection waits for a further request.
    pub draining: Draining,
    /// The worker's places: a connection to a backend takes one, too.
    pub connections: Connections,
    /// The groups of backends.
    pub upstreams: Upstreams,
    /// Memory for bodies of requests in the place of temporary files.
    pub body_room: Room,
    /// The timers of its connections.
    pub timers: Timers,
    resolvers: Resolvers,
    buffers: FreeList<Vec<u8>>,
    large_buffers: FreeList<Vec<u8>>,
}

/// What a generation has opened for its engine.
pub struct Opened<'a> {
    /// The prefix, with a slash at its end.
    pub prefix: &'a str,
    /// The folder of the configuration, with a slash at its end.
    pub conf_prefix: &'a str,
    /// The main error log.
    pub log: Rc<ErrorLog>,
    /// The clients of whose connections everything is logged (`debug_connection`).
    pub debugged: &'a [Trusted],
    /// The log files.
    pub files: Rc<OpenFiles>,
    /// The TLS of the servers.
    pub tls: Rc<Contexts>,
    /// The TLS of locations towards their backends.
    pub client_tls: Rc<tls_client::Contexts>,
    /// Tells when the worker is to end.
    pub draining: Draining,
    /// The worker's places.
    pub connections: Connections,
    /// The addresses of the configuration's host names.
    pub hosts: &'a dyn Fn(HostId) -> Vec<SocketAddr>,
    /// The first worker looks names up for all.
    pub is_first_worker: bool,
    /// What all workers count together.
    pub counters: Counters,
    /// The words that workers share for a group.
    pub upstream_zones: &'a dyn Fn(UpstreamId) -> Zones,
    /// The words of the zones of `limit_req`, and those of `limit_conn`.
    pub limit_words: [Vec<SharedWords>; 2],
    /// The log for the `error_log` lines of a block.
    pub error_log: &'a dyn Fn(&[ErrorLogLine]) -> Rc<ErrorLog>,
    /// A syslog daemon of an `access_log`.
    pub syslog: &'a dyn Fn(&SyslogTarget) -> Option<Rc<Syslog>>,
}

impl Engine {
    /// An engine over a configuration whose logs are open.
    pub fn new(http: Http, opened: Opened<'_>) -> Rc<Self> {
        let (mut error_logs, mut syslogs) = (BTreeMap::new(), BTreeMap::new());
        let (mut resolvers, mut named_peers) = (Resolvers::default(), NamedPeers::default());
        named_peers.add(opened.debugged, opened.hosts);
        each_location(&http, &mut |location| {
            let lines = &location.settings.core.error_log;
            if !lines.is_empty() {
                error_logs.entry(lines.as_ptr() as usize).or_insert_with(|| (opened.error_log)(lines));
            }
            if let Some(settings) = &location.settings.core.resolver {
                resolvers.add(settings, opened.hosts, &opened.log);
            }
            named_peers.add(&location.settings.realip.from, opened.hosts);
            for log in location.settings.log.access_logs.iter() {
                if let AccessLogTarget::Syslog(target) = &log.target
                    && let Some(syslog) = (opened.syslog)(target)
                {
                    syslogs.entry(std::ptr::from_ref(target) as usize).or_insert(syslog);
                }
            }
        });
        let seed = crate::log::now::since_epoch().as_nanos() as u64 ^ u64::from(std::process::id()) << 32;
        let upstreams = Upstreams::new(&http, seed, opened.hosts, opened.upstream_zones);
        for settings in http.upstreams.iter().filter_map(|upstream| upstream.resolver.as_ref()) {
            resolvers.add(settings, opened.hosts, &opened.log);
        }
        if opened.is_first_worker {
            upstreams.start_resolving(&http, &resolvers, &opened.log);
        }
        let keeps_hellos = show_hellos(&http.variables);
        let [req_words, conn_words] = opened.limit_words;
        let limit_req_zones = http
            .limit_req_zones
            .iter()
            .zip(req_words)
            .map(|(zone, words)| limit_zones::req_zone(zone, words))
            .collect();
        let conn_zones = http.limit_conn_zones.iter().zip(conn_words);
        let limit_conn_zones = conn_zones.map(|(zone, words)| Rc::new(limit_zones::conn_zone(zone, words))).collect();
        let logs = error_logs.values().chain([&opened.log]);
        let is_some_log_at_debug = logs.into_iter().any(|log: &Rc<ErrorLog>| log.is_due(Level::Debug));
        Rc::new(Self {
            may_debug: is_some_log_at_debug || !opened.debugged.is_empty(),
            limit_req_zones,
            limit_conn_zones,
            named_peers,
            debugged: opened.debugged.to_vec(),
            http,
            prefix: opened.prefix.into(),
            conf_prefix: opened.conf_prefix.into(),
            log: opened.log,
            error_logs,
            access_logs: AccessLogs::new(opened.files, syslogs),
            counters: opened.counters,
            tls: opened.tls,
            client_tls: opened.client_tls,
            certificate_files: CertificateCaches::default(),
            keeps_hellos,
            draining: opened.draining,
            connections: opened.connections,
            upstreams,
            body_room: Room::default(),
            timers: Timers::default(),
            resolvers,
            buffers: FreeList::new(SPARE_BUFFERS),
            large_buffers: FreeList::new(SPARE_LARGE_BUFFERS),
        })
    }

    /// A server by its number.
    pub fn server(&self, id: ServerId) -> &Server {
        &self.http.servers[id.0 as usize]
    }

    /// The error log in force in a location.
    pub fn error_log(&self, location: &Location) -> &Rc<ErrorLog> {
        let lines = &location.settings.core.error_log;
        if lines.is_empty() {
            return &self.log;
        }
        self.error_logs.get(&(lines.as_ptr() as usize)).unwrap_or(&self.log)
    }

    /// Whether everything is to be logged of a client's connection.
    pub fn debugs(&self, peer: &Peer) -> bool {
        self.named_peers.is_in(peer, &self.debugged)
    }

    /// The `resolver` in force in a location.
    pub fn resolver(&self, location: &Location) -> Option<&Rc<Resolver>> {
        self.resolvers.get(location.settings.core.resolver.as_ref()?)
    }

    /// A buffer for a connection, empty.
    pub fn take_buffer(&self) -> Vec<u8> {
        self.buffers.take().unwrap_or_default()
    }

    /// An empty buffer that has been large before, if there is one.
    pub fn take_large_buffer(&self) -> Vec<u8> {
        self.large_buffers.take().unwrap_or_default()
    }

    /// Keeps a buffer for another connection.
    pub fn give_buffer(&self, mut buffer: Vec<u8>) {
        let buffers = match buffer.capacity() {
            0 => return,
            1..LARGE => &self.buffers,
            LARGE..=LARGEST_SPARE => &self.large_buffers,
            _ => return,
        };
        buffer.clear();
        buffers.give(buffer);
    }

    /// Lets go of what nobody has needed since the last time; whether there was anything.
    pub fn let_go_of_spares(&self) -> bool {
        self.buffers.let_go() | self.large_buffers.let_go()
    }

    /// Whether the worker is to end.
    pub fn is_closing(&self) -> bool {
        self.draining.has_begun()
    }
}

/// Whether a variable shows what a client offers in its hello.
fn show_hellos(variables: &Variables) -> bool {
    let is_such = |row: &str| matches!(row, "ssl_ciphers" | "ssl_curves" | "ssl_sigalgs");
    variables.used.iter().any(|variable| matches!(&variable.source, Source::Builtin(row) if is_such(row.name)))
}

/// Runs something for every location, also those of servers, `if` and `limit_except`.
pub fn each_location(http: &Http, run: &mut impl FnMut(&Rc<Location>)) {
    for server in &http.servers {
        each_inner_location(&server.location, run);
    }
}

fn each_inner_location(location: &Rc<Location>, run: &mut impl FnMut(&Rc<Location>)) {
    use crate::ir::http::rewrite::Operation;
    run(location);
    let locations = &location.locations;
    for inner in [&locations.exact, &locations.prefix, &locations.regex, &locations.named].into_iter().flatten() {
        each_inner_location(inner, run);
    }
    for operation in &*location.rewrite {
        if let Operation::If(condition) = operation
            && let Some(inner) = &condition.location
        {
            each_inner_location(inner, run);
        }
    }
    if let Some(limit) = &location.limit_except {
        each_inner_location(&limit.location, run);
    }
}
