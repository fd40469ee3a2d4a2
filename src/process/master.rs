//! The master: one thread, no runtime. It follows signals, starts workers, replaces those that die, and changes generations.

use std::ffi::OsString;
use std::os::fd::{AsFd, OwnedFd};
use std::rc::Rc;
use std::time::{Duration, Instant};

use super::control::{Answer, Control, Question, Status, WorkerStatus};
use super::cycle::{self, Cycle, Loader, Purpose};
use super::options::Places;
use super::pid_file;
use super::service_manager::ServiceManager;
use super::shared::Shared;
use super::signals::{self, Circumstances, Request};
use super::upgrade;
use super::worker::{self, Birth, Command};
use crate::conf::diagnostic::Level;
use crate::log::{error_log, now};
use crate::net::listener::{self, Available};
use crate::sys::descriptors;
use crate::sys::fork::{self, End, Pid, Side};
use crate::sys::process_title::ProcessTitle;
use crate::sys::signal::{self, Signal, Signals};

/// The first pause between two TERM; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(50);
/// After a pause longer than this, workers are killed.
const LONGEST_PAUSE: Duration = Duration::from_millis(1000);
/// How long new workers have for their start before the old ones are told to end.
const START_OF_WORKERS: Duration = Duration::from_millis(100);

/// What the master knows from its start.
pub struct Heritage {
    /// The words we were started with.
    pub arguments: Vec<OsString>,
    /// Where things are.
    pub places: Places,
    /// `-g`
    pub directives: Vec<u8>,
    /// How we appear in `ps`.
    pub title: ProcessTitle,
    /// In the background, or started by another master.
    pub daemonized: bool,
    /// Another master left its sockets to us.
    pub inherited: bool,
    /// systemd left its sockets to us, and keeps them.
    pub activated: bool,
    /// Who hears of our state.
    pub service_manager: ServiceManager,
    /// Who started us: while it lives, we are its new binary.
    pub parent: Pid,
    /// What the workers share.
    pub shared: Shared,
}

/// What a child is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Role {
    Worker { index: usize },
    NewBinary,
}

impl Role {
    fn name(self) -> &'static str {
        match self {
            Self::Worker { .. } => "worker process",
            Self::NewBinary => "new binary process",
        }
    }
}

/// A process that we started.
#[derive(Debug)]
struct Child {
    pid: Pid,
    role: Role,
    /// Commands go here; the new binary has none.
    channel: Option<OwnedFd>,
    /// It is to be replaced when it dies.
    respawn: bool,
    /// It belongs to the new generation: the QUIT for the old one passes it by.
    just_started: bool,
    /// It was told to end.
    exiting: bool,
    /// The generation it serves.
    generation: u64,
    /// It has ended.
    ended: Option<End>,
}

/// The master.
pub struct Master {
    heritage: Heritage,
    cycle: Cycle,
    children: Vec<Child>,
    signals: Rc<Signals>,
    /// Without it only `evenkeel status` and `evenkeel reload` do not work.
    control: Option<Control>,
    generations: Generations,
    state: State,
}

/// The count of generations, and what became of the last one.
#[derive(Debug)]
struct Generations {
    /// The present one; the first is 1.
    present: u64,
    /// When it was taken.
    taken_at: String,
    /// Why the last reload was not taken, if it was not.
    last_fault: Option<String>,
}

impl Generations {
    fn taken(present: u64) -> Self {
        Self { present, taken_at: now::with(|now| now.error_log.clone()), last_fault: None }
    }
}

/// What is under way.
#[derive(Default, Debug)]
struct State {
    terminating: Option<Termination>,
    quitting: bool,
    new_binary: Option<Pid>,
    /// WINCH has ended the workers.
    not_accepting: bool,
}

/// A fast end: how long until workers are told again.
#[derive(Clone, Copy, Debug)]
struct Termination {
    pause: Duration,
    next: Instant,
}

impl Master {
    /// A master over a generation whose sockets are open.
    pub fn new(heritage: Heritage, cycle: Cycle, signals: Signals) -> Self {
        let control = Control::open().ok();
        let (children, state, signals) = (Vec::new(), State::default(), Rc::new(signals));
        Self { heritage, cycle, children, signals, control, generations: Generations::taken(1), state }
    }

    /// Runs until told to end; gives the exit status.
    pub fn run(mut self) -> i32 {
        let words: Vec<_> = self.heritage.arguments.iter().map(|word| word.to_string_lossy()).collect();
        self.heritage.title.set(&format!("nginx: master process {}", words.join(" ")));
        self.start_workers(false);
        self.heritage.service_manager.ready();
        loop {
            let control: Vec<_> = self.control.iter().map(AsFd::as_fd).collect();
            if let Err(error) = self.signals.wait_with(&control, self.time_to_next_termination()) {
                self.cycle.log.say_error(Level::Alert, &error, "poll() failed");
            }
            let mut requests = self.requests();
            // Children that have ended count first, whatever else was asked meanwhile.
            requests.sort_by_key(|&request| request != Request::Reap);
            for request in requests {
                self.follow(request);
            }
            self.answer_questions();
            self.press_termination();
            if (self.state.terminating.is_some() || self.state.quitting) && !self.has_live_children() {
                return self.end();
            }
        }
    }

    fn requests(&mut self) -> Vec<Request> {
        let mut requests = Vec::new();
        while let Ok(Some(received)) = self.signals.next() {
            let circumstances = Circumstances {
                daemonized: self.heritage.daemonized,
                binary_is_changing: self.state.new_binary.is_some() || fork::parent_pid() == self.heritage.parent,
            };
            let (request, action) = signals::of_master(received.signal, circumstances);
            signals::tell(received, action, &self.cycle.log);
            requests.extend(request.filter(|request| !requests.contains(request)));
        }
        requests
    }

    fn follow(&mut self, request: Request) {
        let is_ending = self.state.terminating.is_some() || self.state.quitting;
        match request {
            Request::Reap => self.reap(),
            Request::Terminate => {
                self.tell_of_end();
                let first = Termination { pause: FIRST_PAUSE / 2, next: Instant::now() };
                self.state.terminating.get_or_insert(first);
            }
            Request::Quit => {
                self.tell_of_end();
                self.state.quitting = true;
                self.tell_workers(Command::Quit);
                self.close_listening();
            }
            _ if is_ending => {}
            Request::Reconfigure => self.reconfigure(),
            Request::Reopen => {
                self.cycle.log.say(Level::Notice, "reopening logs");
                self.cycle.reopen_logs(self.cycle.user.as_ref().map(|user| user.uid));
                self.tell_workers(Command::Reopen);
            }
            Request::ChangeBinary => self.change_binary(),
            Request::NoAccept => {
                self.state.not_accepting = true;
                self.tell_workers(Command::Quit);
            }
        }
    }

    /// Where another binary goes on, the service does.
    fn tell_of_end(&self) {
        let is_new_binary = self.heritage.inherited && fork::parent_pid() == self.heritage.parent;
        if self.state.new_binary.is_none() && !is_new_binary {
            self.heritage.service_manager.stopping();
        }
    }

    fn answer_questions(&mut self) {
        while let Some(asking) = self.control.as_ref().and_then(Control::next) {
            let answer = match asking.question {
                Question::Status => Answer { is_done: true, text: self.status().document() },
                Question::Reload => self.reload_when_asked(),
            };
            asking.answer(&answer);
        }
    }

    fn reload_when_asked(&mut self) -> Answer {
        if self.state.terminating.is_some() || self.state.quitting || self.state.new_binary.is_some() {
            return Answer { is_done: false, text: "the master is ending or changing its binary\n".into() };
        }
        self.reconfigure();
        match &self.generations.last_fault {
            Some(fault) => Answer { is_done: false, text: format!("{fault}\n") },
            None => Answer { is_done: true, text: format!("generation {}\n", self.generations.present) },
        }
    }

    fn status(&self) -> Status {
        let workers = self.children.iter().filter(|child| child.role != Role::NewBinary);
        Status {
            conf_file: self.heritage.places.conf_file.clone(),
            generation: self.generations.present,
            taken_at: self.generations.taken_at.clone(),
            last_fault: self.generations.last_fault.clone(),
            workers: workers
                .map(|child| WorkerStatus { pid: child.pid, generation: child.generation, drains: child.exiting })
                .collect(),
            upstreams: self.cycle.upstream_status(),
            new_binary: self.state.new_binary,
        }
    }

    fn time_to_next_termination(&self) -> Option<Duration> {
        let termination = self.state.terminating?;
        Some(termination.next.saturating_duration_since(Instant::now()))
    }

    /// TERM at once, then in pauses that double, then KILL.
    fn press_termination(&mut self) {
        let now = Instant::now();
        let Some(termination) = self.state.terminating.filter(|termination| termination.next <= now) else { return };
        let pause = termination.pause * 2;
        self.state.terminating = Some(Termination { pause, next: now + pause });
        if pause > LONGEST_PAUSE {
            for child in self.children.iter_mut().filter(|child| child.role != Role::NewBinary) {
                child.exiting = true;
                // One that has ended meanwhile is reaped soon.
                drop(signal::send(child.pid, Signal::SIGKILL));
            }
        } else {
            self.tell_workers(Command::Terminate);
        }
    }

    fn start_workers(&mut self, just_started: bool) {
        self.cycle.log.say(Level::Notice, "start worker processes");
        for index in 0..self.cycle.worker_count() {
            self.start_worker(index, just_started);
        }
    }

    /// While earlier ones of this generation may still drain.
    fn start_workers_again(&mut self) {
        if let Err(error) = self.cycle.upstream_zones.begin_again() {
            self.cycle.log.say_error(Level::Alert, &error, "mmap(MAP_ANON|MAP_SHARED) failed");
        }
        self.start_workers(false);
    }

    fn start_worker(&mut self, index: usize, just_started: bool) {
        let log = &self.cycle.log;
        let role = Role::Worker { index };
        let (ours, theirs) = match descriptors::channel() {
            Ok(ends) => ends,
            Err(error) => {
                log.say_error(Level::Alert, &error, "socketpair() failed while spawning \"worker process\"");
                return;
            }
        };
        match fork::fork() {
            Err(error) => log.say_error(Level::Alert, &error, "fork() failed while spawning \"worker process\""),
            Ok(Side::Child) => {
                // The channels of the others are theirs alone.
                self.children.clear();
                self.control = None;
                drop(ours);
                let Heritage { title, daemonized, shared, .. } = &self.heritage;
                let (shared, signals) = (*shared, Rc::clone(&self.signals));
                let birth = Birth { index, channel: theirs, title, daemonized: *daemonized, shared, signals };
                std::process::exit(worker::run(&mut self.cycle, birth));
            }
            Ok(Side::Parent(pid)) => {
                log.say(Level::Notice, format_args!("start {} {pid}", role.name()));
                let channel = Some(ours);
                let generation = self.generations.present;
                let child =
                    Child { pid, role, channel, respawn: true, just_started, exiting: false, generation, ended: None };
                self.children.push(child);
            }
        }
    }

    /// Passes a command to every worker, but not an end to those that were told already or have just been started.
    fn tell_workers(&mut self, command: Command) {
        for child in self.children.iter_mut().filter(|child| child.role != Role::NewBinary && child.ended.is_none()) {
            if std::mem::take(&mut child.just_started) || child.exiting && command == Command::Quit {
                continue;
            }
            let written = child
                .channel
                .as_ref()
                .is_some_and(|channel| descriptors::write(channel, &[command as u8]).is_ok_and(|length| length == 1));
            if !written {
                let signal = match command {
                    Command::Quit => Signal::SIGQUIT,
                    Command::Terminate => Signal::SIGTERM,
                    Command::Reopen => Signal::SIGUSR1,
                };
                if let Err(error) = signal::send(child.pid, signal) {
                    let text = format!("kill({}, {}) failed", child.pid, signal as i32);
                    self.cycle.log.say_error(Level::Alert, &error, text);
                    continue;
                }
            }
            child.exiting |= command != Command::Reopen;
        }
    }

    /// Collects the children that have ended, and replaces workers that were not told to.
    fn reap(&mut self) {
        self.collect();
        let ended: Vec<Child> = self.children.extract_if(.., |child| child.ended.is_some()).collect();
        for child in ended {
            match child.role {
                Role::Worker { index } => {
                    let is_ending = self.state.terminating.is_some() || self.state.quitting;
                    if child.respawn && !child.exiting && !is_ending {
                        self.start_worker(index, false);
                    }
                }
                Role::NewBinary => {
                    upgrade::take_pid_file_back(&self.cycle, &self.heritage.arguments);
                    self.state.new_binary = None;
                    self.heritage.service_manager.ready();
                    if std::mem::take(&mut self.state.not_accepting) {
                        self.start_workers_again();
                    }
                }
            }
        }
    }

    fn collect(&mut self) {
        while let Ok(Some((pid, end))) = fork::reap() {
            let child = self.children.iter_mut().find(|child| child.pid == pid);
            let name = child.as_ref().map_or("unknown process", |child| child.role.name());
            self.cycle.upstream_zones.free_locks_of(pid);
            self.cycle.limit_zones.free_locks_of(pid);
            self.cycle.session_zones.free_locks_of(pid);
            self.heritage.shared.board.free_mutex_of(pid);
            let log = &self.cycle.log;
            match end {
                End::Signaled { signal, core_dumped } => {
                    let core = if core_dumped { " (core dumped)" } else { "" };
                    log.say(Level::Alert, format_args!("{name} {pid} exited on signal {signal}{core}"));
                }
                End::Exited { code } => log.say(Level::Notice, format_args!("{name} {pid} exited with code {code}")),
            }
            let Some(child) = child else { continue };
            child.ended = Some(end);
            if end == (End::Exited { code: 2 }) && child.respawn {
                log.say(Level::Alert, format_args!("{name} {pid} exited with fatal code 2 and cannot be respawned"));
                child.respawn = false;
            }
        }
    }

    /// A new binary does not keep us, unless it was never told apart from our own workers.
    fn has_live_children(&self) -> bool {
        self.children.iter().any(|child| child.role != Role::NewBinary)
    }

    fn reconfigure(&mut self) {
        if self.state.new_binary.is_some() {
            // Back from WINCH: the old binary takes up its work again.
            self.start_workers_again();
            self.state.not_accepting = false;
            return;
        }
        self.heritage.service_manager.reloading();
        self.take_new_configuration();
        self.heritage.service_manager.ready();
    }

    fn take_new_configuration(&mut self) {
        self.cycle.log.say(Level::Notice, "reconfiguring");
        let Heritage { places, directives, .. } = &self.heritage;
        let log = Rc::clone(&self.cycle.log);
        let available = self.cycle.listening.iter().map(Available::from).collect();
        let loader = Loader { places, directives, purpose: Purpose::Run, log: &log, old: Some(&self.cycle) };
        let Ok(loaded) = loader.load(available) else {
            self.generations.last_fault = error_log::last_grave_text();
            return;
        };
        self.generations = Generations::taken(self.generations.present + 1);
        let old = std::mem::replace(&mut self.cycle, loaded.cycle);
        cycle::remove_gone_unix_sockets(&old, &self.cycle);
        drop(old);
        self.start_workers(true);
        std::thread::sleep(START_OF_WORKERS);
        self.tell_workers(Command::Quit);
    }

    fn change_binary(&mut self) {
        self.cycle.log.say(Level::Notice, "changing binary");
        let Some(pid) = upgrade::start_new_binary(&self.cycle, &self.heritage.arguments) else { return };
        self.state.new_binary = Some(pid);
        let role = Role::NewBinary;
        self.children.push(Child {
            pid,
            role,
            channel: None,
            respawn: false,
            just_started: false,
            exiting: false,
            generation: self.generations.present,
            ended: None,
        });
    }

    fn close_listening(&mut self) {
        let is_new_binary = self.heritage.inherited && fork::parent_pid() == self.heritage.parent;
        for socket in std::mem::take(&mut self.cycle.listening) {
            let is_lent = socket.inherited && (is_new_binary || self.heritage.activated);
            let others_need_it = self.state.new_binary.is_some() || is_lent;
            // The sockets of a reuseport address are one file only by name, so unix sockets have just one.
            if !others_need_it {
                listener::remove_unix_socket(&socket.wanted.address, &self.cycle.log);
            }
        }
    }

    fn end(mut self) -> i32 {
        let path = if self.state.new_binary.is_some() { self.cycle.old_pid_path() } else { self.cycle.pid_path() };
        pid_file::remove(&path, &self.cycle.log);
        self.cycle.log.say(Level::Notice, "exit");
        self.close_listening();
        0
    }
}
