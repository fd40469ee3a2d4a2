//! A worker: one process, one thread, one runtime. It accepts, serves, and ends gracefully or at once.

use std::cell::RefCell;
use std::io;
use std::os::fd::OwnedFd;
use std::panic;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::io::unix::AsyncFd;
use tokio::net::UnixStream;
use tokio::runtime::LocalRuntime;
use tokio::task::JoinHandle;

use super::cycle::Cycle;
use super::privileges;
use super::services::Services;
use super::shared::Shared;
use super::signals::{self, Circumstances, Request};
use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::net::accept::Acceptor;
use crate::net::draining::Draining;
use crate::net::listener::Listening;
use crate::net::places::Connections;
use crate::net::turns::{Rules, Turns};
use crate::sys::process_title::ProcessTitle;
use crate::sys::readiness;
use crate::sys::signal::{Signal, Signals};

/// What the master writes into the channel of a worker.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Command {
    /// End when the requests are done.
    Quit = b'q',
    /// End now.
    Terminate = b't',
    /// Open the logs anew.
    Reopen = b'r',
}

impl From<Command> for Request {
    fn from(command: Command) -> Self {
        match command {
            Command::Quit => Self::Quit,
            Command::Terminate => Self::Terminate,
            Command::Reopen => Self::Reopen,
        }
    }
}

impl Command {
    fn from_byte(byte: u8) -> Option<Self> {
        [Self::Quit, Self::Terminate, Self::Reopen].into_iter().find(|command| *command as u8 == byte)
    }
}

/// What a worker gets from its master besides the generation.
pub struct Birth<'a> {
    /// Its place among the workers.
    pub index: usize,
    /// Where commands come from.
    pub channel: OwnedFd,
    /// How it appears in `ps`.
    pub title: &'a ProcessTitle,
    /// Started in the background.
    pub daemonized: bool,
    /// What the workers share.
    pub shared: Shared,
    /// The master's: read by whoever asks, it gives the signals of that process.
    pub signals: Rc<Signals>,
}

/// The life of a worker; gives its exit status.
pub fn run(cycle: &mut Cycle, birth: Birth<'_>) -> i32 {
    // Whoever accepts on a socket holds it, and nobody else: a worker that drains must not keep it open.
    let listening = std::mem::take(&mut cycle.listening);
    let cycle = &*cycle;
    let log = &cycle.log;
    if privileges::become_worker(cycle, birth.index).is_err() {
        return 2;
    }
    log_panics(log);
    birth.title.set("nginx: worker process");
    let Ok(runtime) = LocalRuntime::new() else {
        log.say(Level::Emerg, "epoll_create() failed");
        return 2;
    };
    match runtime.block_on(serve(cycle, listening, birth)) {
        Ok(()) => {
            // Connections that are still open at the time limit end here, and with them what they logged last.
            drop(runtime);
            log.say(Level::Notice, "exit");
            0
        }
        Err(error) => {
            log.say_error(Level::Emerg, &error, "epoll_ctl() failed");
            2
        }
    }
}

async fn serve(cycle: &Cycle, listening: Vec<Listening>, birth: Birth<'_>) -> io::Result<()> {
    let Birth { index, channel, title, daemonized, shared, signals } = birth;
    let mut requests = Requests::of_worker(channel, signals, daemonized)?;
    // As with nginx, the listening sockets and the channel take places.
    let own = listening.iter().filter(|socket| socket.wanted.worker.is_none_or(|worker| worker == index)).count() + 1;
    let turns = Rc::new(Turns::new(shared.board, index, rules(cycle)));
    let limit = cycle.nginx.events.worker_connections;
    let connections = Connections::new(limit, own, shared.connection_number, Some(turns.own_load()));
    let mut accepting =
        Accepting::start(cycle, listening, &Place { index, connections: &connections, turns: &turns, shared: &shared });
    let ends_at_once = loop {
        match requests.next(&cycle.log).await? {
            Request::Reopen => accepting.reopen_logs(cycle),
            Request::Quit => break false,
            Request::Terminate => break true,
            _ => {}
        }
    };
    if !ends_at_once {
        cycle.log.say(Level::Notice, "gracefully shutting down");
        title.set("nginx: worker process is shutting down");
        accepting.stop();
        connections.hide_load();
        end_of_connections(cycle, &mut accepting, &mut requests).await?;
    }
    cycle.log.say(Level::Notice, "exiting");
    Ok(())
}

/// How the workers of a generation share out connections.
fn rules(cycle: &Cycle) -> Rules {
    let events = &cycle.nginx.events;
    Rules {
        workers: cycle.worker_count(),
        mutex_delay_ms: events.accept_mutex.then_some(events.accept_mutex_delay_ms),
        takes_all: events.multi_accept,
    }
}

/// Waits for the last connection, the time limit, or an impatient master.
async fn end_of_connections(cycle: &Cycle, accepting: &mut Accepting, requests: &mut Requests) -> io::Result<()> {
    let limit = cycle.nginx.core.worker_shutdown_timeout_ms.filter(|&limit| limit > 0);
    let mut over = std::pin::pin!(after(limit));
    loop {
        tokio::select! {
            () = accepting.ended() => return Ok(()),
            () = &mut over => return Ok(()),
            request = requests.next(&cycle.log) => match request? {
                Request::Reopen => accepting.reopen_logs(cycle),
                Request::Terminate => return Ok(()),
                _ => {}
            }
        }
    }
}

async fn after(limit_ms: Option<u64>) {
    match limit_ms {
        Some(limit) => tokio::time::sleep(Duration::from_millis(limit)).await,
        None => std::future::pending().await,
    }
}

/// A panic ends its connection only: the runtime drops the task and goes on. The log tells of it.
pub fn log_panics(log: &Rc<ErrorLog>) {
    thread_local! {
        static LOG: RefCell<Option<Rc<ErrorLog>>> = const { RefCell::new(None) };
    }
    LOG.set(Some(Rc::clone(log)));
    panic::set_hook(Box::new(|panic| {
        LOG.with_borrow(|log| {
            if let Some(log) = log {
                log.say(Level::Alert, panic.to_string().replace('\n', " "));
            }
        });
    }));
}

impl Drop for Accepting {
    fn drop(&mut self) {
        self.services.write_out_logs(true);
    }
}

/// Where sockets accept: in which worker, with what it counts.
pub struct Place<'a> {
    /// Its place among the workers.
    pub index: usize,
    /// `worker_connections`
    pub connections: &'a Connections,
    /// How it shares out new ones with the other workers.
    pub turns: &'a Rc<Turns>,
    /// What the workers share.
    pub shared: &'a Shared,
}

/// The sockets of a generation while they accept.
pub struct Accepting {
    /// They end by themselves, once they have taken what they were woken for.
    accepting: Vec<JoinHandle<()>>,
    tasks: Vec<JoinHandle<()>>,
    services: Rc<Services>,
    draining: Draining,
}

impl Accepting {
    /// Starts to accept on the sockets that are this worker's.
    pub fn start(cycle: &Cycle, listening: Vec<Listening>, place: &Place<'_>) -> Self {
        let Place { index, connections, turns, shared } = *place;
        let draining = Draining::default();
        let services = Services::new(cycle, &draining, connections, shared, index);
        let own = |socket: &Listening| socket.wanted.worker.is_none_or(|worker| worker == index);
        let accepting = listening
            .into_iter()
            .filter(own)
            .map(|socket| {
                let (connections, log) = (connections.clone(), Rc::clone(&cycle.log));
                let (services, turns, draining) = (Rc::clone(&services), Rc::clone(turns), draining.clone());
                tokio::task::spawn_local(async move {
                    let acceptor =
                        Acceptor { connections: &connections, turns: &turns, draining: &draining, log: &log };
                    if let Err(error) = acceptor.run(socket, |accepted| services.serve(accepted)).await {
                        log.say_error(Level::Emerg, &error, "epoll_ctl() failed");
                    }
                })
            })
            .collect();
        let tidying = Rc::clone(&services);
        let mut tasks = vec![tokio::task::spawn_local(async move { tidying.tidy().await })];
        if turns.by_mutex() {
            let (turns, connections) = (Rc::clone(turns), connections.clone());
            tasks.push(tokio::task::spawn_local(async move { turns.take_mutex_in_turns(&connections).await }));
        }
        Self { accepting, tasks, services, draining }
    }

    /// Closes the sockets and lets the connections come to their end.
    pub fn stop(&mut self) {
        for task in self.tasks.drain(..) {
            task.abort();
        }
        self.draining.begin();
        self.services.wake_waiting();
    }

    /// Waits for the last connection.
    pub async fn ended(&mut self) {
        while let Some(task) = self.accepting.last_mut() {
            // A panic was logged already.
            drop(task.await);
            self.accepting.pop();
        }
        self.draining.empty().await;
    }

    /// Writes out what logs hold back, and opens them anew.
    pub fn reopen_logs(&self, cycle: &Cycle) {
        cycle.log.say(Level::Notice, "reopening logs");
        self.services.write_out_logs(true);
        cycle.reopen_logs(None);
    }
}

/// What signals and the master ask for, in the order of arrival.
pub struct Requests {
    channel: Option<UnixStream>,
    signals: AsyncFd<Rc<Signals>>,
    meaning: fn(Signal, Circumstances) -> (Option<Request>, &'static str),
    circumstances: Circumstances,
}

impl Requests {
    /// A worker's: from its channel and from signals.
    fn of_worker(channel: OwnedFd, signals: Rc<Signals>, daemonized: bool) -> io::Result<Self> {
        let circumstances = Circumstances { daemonized, binary_is_changing: false };
        let channel = UnixStream::from_std(channel.into())?;
        Self::new(Some(channel), signals, signals::of_worker, circumstances)
    }

    /// Those of a process that is master and worker in one.
    pub fn of_master(signals: Rc<Signals>, circumstances: Circumstances) -> io::Result<Self> {
        Self::new(None, signals, signals::of_master, circumstances)
    }

    fn new(
        channel: Option<UnixStream>,
        signals: Rc<Signals>,
        meaning: fn(Signal, Circumstances) -> (Option<Request>, &'static str),
        circumstances: Circumstances,
    ) -> io::Result<Self> {
        Ok(Self { channel, signals: readiness::watch_input(signals)?, meaning, circumstances })
    }

    /// The next request. Dropping the future loses none.
    pub async fn next(&mut self, log: &ErrorLog) -> io::Result<Request> {
        loop {
            let mut byte = [0];
            let channel = &mut self.channel;
            let commanded = async {
                match channel {
                    Some(channel) => channel.read(&mut byte).await.map(|length| (length, byte[0])),
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                outcome = commanded => match outcome {
                    Ok((1.., byte)) => if let Some(command) = Command::from_byte(byte) {
                        return Ok(command.into());
                    },
                    // The master is gone. As with nginx, its workers go on.
                    _ => self.channel = None,
                },
                ready = self.signals.readable() => {
                    let Some(received) = self.signals.get_ref().next()? else {
                        ready?.clear_ready();
                        continue;
                    };
                    let (request, action) = (self.meaning)(received.signal, self.circumstances);
                    signals::tell(received, action, log);
                    if let Some(request) = request {
                        return Ok(request);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests;
