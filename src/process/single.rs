//! `master_process off`: one process reads, listens and serves, as for a debugger.

use std::rc::Rc;

use tokio::runtime::LocalRuntime;

use super::cycle::{self, Cycle, Loader, Purpose};
use super::master::Heritage;
use super::pid_file;
use super::signals::{Circumstances, Request};
use super::worker::{Accepting, Place, Requests};
use crate::conf::diagnostic::Level;
use crate::net::listener::{self, Available};
use crate::net::places::Connections;
use crate::net::turns::{Rules, Turns};
use crate::sys::environment;
use crate::sys::signal::Signals;

/// The life of the process; gives its exit status.
pub fn run(heritage: Heritage, cycle: Cycle, signals: Rc<Signals>) -> i32 {
    environment::replace(&super::privileges::kept_environment(&cycle.nginx.core));
    super::worker::log_panics(&cycle.log);
    let Ok(runtime) = LocalRuntime::new() else {
        cycle.log.say(Level::Emerg, "epoll_create() failed");
        return 2;
    };
    let served = runtime.block_on(serve(&heritage, cycle, signals));
    let Ok(cycle) = served else { return 2 };
    pid_file::remove(&cycle.pid_path(), &cycle.log);
    cycle.log.say(Level::Notice, "exit");
    for socket in &cycle.listening {
        listener::remove_unix_socket(&socket.wanted.address, &cycle.log);
    }
    0
}

async fn serve(heritage: &Heritage, mut cycle: Cycle, signals: Rc<Signals>) -> std::io::Result<Cycle> {
    // A change of the binary needs a master.
    let circumstances = Circumstances { daemonized: false, binary_is_changing: true };
    let mut requests = Requests::of_master(signals, circumstances)?;
    let limit = cycle.nginx.events.worker_connections;
    let connections = Connections::new(limit, cycle.listening.len(), heritage.shared.connection_number, None);
    let turns = Rc::new(Turns::new(heritage.shared.board, 0, rules(&cycle)));
    let place = Place { index: 0, connections: &connections, turns: &turns, shared: &heritage.shared };
    let mut accepting = Accepting::start(&cycle, cycle.listening.clone(), &place);
    heritage.service_manager.ready();
    loop {
        match requests.next(&cycle.log).await? {
            Request::Terminate | Request::Quit => {
                heritage.service_manager.stopping();
                return Ok(cycle);
            }
            Request::Reopen => accepting.reopen_logs(&cycle),
            Request::Reconfigure => {
                heritage.service_manager.reloading();
                cycle.log.say(Level::Notice, "reconfiguring");
                let new = reconfigure(heritage, &cycle);
                heritage.service_manager.ready();
                let Some(new) = new else { continue };
                cycle::remove_gone_unix_sockets(&cycle, &new);
                let mut old = std::mem::replace(&mut accepting, Accepting::start(&new, new.listening.clone(), &place));
                old.stop();
                cycle = new;
            }
            _ => {}
        }
    }
}

/// There is nobody to share with.
fn rules(cycle: &Cycle) -> Rules {
    Rules { workers: 1, mutex_delay_ms: None, takes_all: cycle.nginx.events.multi_accept }
}

fn reconfigure(heritage: &Heritage, cycle: &Cycle) -> Option<Cycle> {
    let Heritage { places, directives, .. } = heritage;
    let log = Rc::clone(&cycle.log);
    let available = cycle.listening.iter().map(Available::from).collect();
    let loader = Loader { places, directives, purpose: Purpose::Run, log: &log, old: Some(cycle) };
    loader.load(available).ok().map(|loaded| loaded.cycle)
}
