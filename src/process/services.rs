//! What a worker does with the connections of one generation.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use super::cycle::{self, Cycle};
use super::shared::Shared;
use crate::http::connection::http1;
use crate::http::connection::runner::Runner;
use crate::http::counters::Counters;
use crate::http::engine::{Engine, Opened};
use crate::ir::core::ErrorLog as Line;
use crate::ir::http::log::SyslogTarget;
use crate::ir::lookup::HostId;
use crate::log::error_log::ErrorLog;
use crate::log::opening::LogOpener;
use crate::net::accept::Accepted;
use crate::net::draining::Draining;
use crate::net::places::Connections;
use crate::sys::allocator;

/// How often it is looked at what has lain around: buffered log lines, and memory that nobody needs.
const TIDY_INTERVAL: Duration = Duration::from_millis(250);

/// The engines of one generation in one worker.
pub struct Services {
    http: Option<Rc<Engine>>,
}

impl Services {
    /// Engines over a generation whose files and sockets are open.
    pub fn new(
        cycle: &Cycle,
        draining: &Draining,
        connections: &Connections,
        shared: &Shared,
        worker: usize,
    ) -> Rc<Self> {
        let hostname = cycle::hostname();
        let resolve = |id: HostId| -> Option<SocketAddr> { cycle.hosts.addresses(id).first().copied() };
        let opener = LogOpener { files: &cycle.files, hostname: &hostname, resolve: &resolve };
        // The files are open already; without them the main log still tells.
        let error_log =
            |lines: &[Line]| -> Rc<ErrorLog> { opener.inner(lines).unwrap_or_else(|_| Rc::clone(&cycle.log)) };
        let opened = Opened {
            prefix: &cycle.prefix,
            conf_prefix: &cycle.conf_prefix,
            log: Rc::clone(&cycle.log),
            debugged: &cycle.nginx.events.debug_connection,
            files: Rc::clone(&cycle.files),
            tls: Rc::clone(&cycle.tls),
            client_tls: Rc::clone(&cycle.client_tls),
            draining: draining.clone(),
            connections: connections.clone(),
            hosts: &|id| cycle.hosts.addresses(id).to_vec(),
            counters: Counters::over(shared.http),
            is_first_worker: worker == 0,
            upstream_zones: &|id| cycle.upstream_zones.words(id, worker),
            limit_words: [cycle.limit_zones.limit_req().collect(), cycle.limit_zones.limit_conn().collect()],
            error_log: &error_log,
            syslog: &|target: &SyslogTarget| opener.syslog(target),
        };
        let http = cycle.nginx.http.as_ref().map(|http| Engine::new(http.clone(), opened));
        Rc::new(Self { http })
    }

    /// Begins to serve a connection.
    pub fn serve(&self, accepted: Accepted) {
        if let Some(engine) = &self.http {
            http1::serve(engine, accepted);
        }
    }

    /// Lets connections that wait see that the worker is to end.
    pub fn wake_waiting(&self) {
        if let Some(engine) = &self.http {
            engine.timers.wake_all();
        }
    }

    /// Writes out log lines whose time has come, and lets go of unneeded memory, for ever.
    pub async fn tidy(&self) {
        let mut has_let_go = false;
        loop {
            tokio::time::sleep(TIDY_INTERVAL).await;
            self.write_out_logs(false);
            let lets_go = self.http.as_ref().is_some_and(|engine| engine.let_go_of_spares() | Runner::let_go());
            // Only once it is quiet: what is busy needs its memory again.
            if has_let_go && !lets_go {
                allocator::give_back();
            }
            has_let_go = lets_go;
        }
    }

    /// Writes out buffered log lines that are due, or all.
    pub fn write_out_logs(&self, all: bool) {
        if let Some(engine) = &self.http {
            engine.access_logs.flush(all, &engine.log);
        }
    }
}
