//! All sessions of a daemon: which of them a packet is for, and whether it may have it.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use crate::ir::keepalived::BfdInstance;
use crate::primitives::monotonic::Monotonic;
use crate::wire::bfd::{Control, State};

use super::action::Action;
use super::random::Random;
use super::report::Report;
use super::session::Session;

/// How long a session without a socket waits until it tries for one again (keepalived).
const OPEN_AGAIN: Duration = Duration::from_secs(60);

/// One thing that happened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Event {
    /// The sockets are open.
    Start,
    /// The time of [`Sessions::next_deadline`] has come.
    Deadline,
    /// A packet came in.
    Received(Received),
    /// There is no socket to send from, or there is one again.
    Output {
        /// Whose.
        session: String,
        /// Whether it is there.
        open: bool,
    },
}

/// A packet, before any check.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Received {
    /// From.
    pub source: SocketAddr,
    /// To: an address of ours.
    pub destination: IpAddr,
    /// TTL or hop limit, where the kernel tells.
    pub hop_limit: Option<u8>,
    /// It came to the port of RFC 5883.
    pub multihop: bool,
    /// What was in it.
    pub bytes: Vec<u8>,
}

/// All of them, in the order of the file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Sessions {
    all: Vec<Session>,
    random: Random,
    /// When those without a socket try again.
    opens_at: Option<Monotonic>,
}

impl Sessions {
    /// None yet. `seed` is any random number.
    pub fn new(seed: u64) -> Self {
        Self { all: Vec::new(), random: Random::new(seed), opens_at: None }
    }

    /// All of them.
    pub fn all(&self) -> &[Session] {
        &self.all
    }

    /// Takes a configuration: what has the same name goes on as it stands. [`Event::Start`] follows.
    pub fn configure(&mut self, configs: &[BfdInstance], actions: &mut Vec<Action>) {
        let mut old = std::mem::take(&mut self.all);
        for config in configs {
            let place = old.iter().position(|session| session.config.name == config.name);
            let session = match place.map(|place| old.swap_remove(place)) {
                Some(mut session) => {
                    session.take_config(config.clone(), actions);
                    session
                }
                None => Session::new(config.clone(), &mut self.random),
            };
            self.all.push(session);
        }
    }

    /// When [`Event::Deadline`] is due.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.all.iter().filter_map(Session::next_deadline).chain(self.opens_at).min()
    }

    /// Takes one event in; appends what is to be done.
    pub fn step(&mut self, now: Monotonic, event: &Event, actions: &mut Vec<Action>) {
        match event {
            Event::Start => {
                for session in &mut self.all {
                    session.start(now, &mut self.random, actions);
                }
            }
            Event::Deadline => self.run_due(now, actions),
            Event::Received(received) => self.receive(now, received, actions),
            Event::Output { session, open } => self.output_changed(now, session, *open, actions),
        }
    }

    fn run_due(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        for session in &mut self.all {
            session.run_due(now, &mut self.random, actions);
        }
        if self.opens_at.take_if(|at| *at <= now).is_some() {
            let closed = self.all.iter().filter(|session| session.state == State::AdminDown);
            actions.extend(closed.map(|session| Action::Open { session: session.config.name.clone() }));
        }
    }

    fn output_changed(&mut self, now: Monotonic, name: &str, open: bool, actions: &mut Vec<Action>) {
        let Some(session) = self.all.iter_mut().find(|session| session.config.name == name) else { return };
        match (open, session.state == State::AdminDown) {
            (true, true) => session.enable(now, &mut self.random),
            (false, false) => session.disable(actions),
            _ => {}
        }
        if !open {
            self.opens_at = Some(now + OPEN_AGAIN);
        }
    }

    /// The checks of RFC 5880 §6.8.6, in keepalived's order.
    fn receive(&mut self, now: Monotonic, received: &Received, actions: &mut Vec<Action>) {
        let source = received.source;
        let control = match Control::parse(&received.bytes) {
            Ok(control) => control,
            Err(fault) => {
                actions.extend([Report::Malformed(fault), Report::Bogus(source)].map(Action::Report));
                return;
            }
        };
        let Some(place) = self.session_of(received, &control) else {
            let discriminator = control.your_discriminator;
            actions.push(Action::Report(Report::Unknown { source, discriminator }));
            return;
        };
        let session = &mut self.all[place];
        if let Some(report) = refusal(&session.config, received, &control) {
            actions.push(Action::Report(report));
        } else if session.state == State::AdminDown {
            actions.push(Action::Report(Report::AdminDown(source)));
            actions.push(Action::Open { session: session.config.name.clone() });
        } else {
            session.receive(now, &control, &mut self.random, actions);
        }
    }

    /// By our number; by the addresses as long as the other end does not know it.
    fn session_of(&self, received: &Received, control: &Control) -> Option<usize> {
        let is_it = |session: &Session| match control.your_discriminator {
            0 => {
                let config = &session.config;
                config.neighbor == received.source.ip()
                    && config.multihop == received.multihop
                    && config.source.is_none_or(|source| source == received.destination)
            }
            discriminator => session.discriminator == discriminator,
        };
        self.all.iter().position(is_it)
    }
}

fn refusal(config: &BfdInstance, received: &Received, control: &Control) -> Option<Report> {
    if let (Some(max_hops), Some(hop_limit)) = (config.max_hops, received.hop_limit) {
        // RFC 5881 §5: who is next door has passed no router.
        let least = config.ttl.saturating_sub(max_hops);
        if hop_limit < least {
            let is_ipv4 = received.source.is_ipv4();
            return Some(Report::HopLimit { is_ipv4, received: hop_limit, least });
        }
    }
    control.authenticated.then_some(Report::Authenticated(received.source))
}

#[cfg(test)]
mod tests;
