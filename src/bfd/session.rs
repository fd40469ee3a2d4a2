//! One session with a neighbour: its state (RFC 5880 §6.2), its intervals and its three timers.
//!
//! ```text
//!                    heard: Down              heard: Init or Up
//!  +------+ -------------------> +------+ -------------------> +----+
//!  | Down |                      | Init |                      | Up |
//!  +------+ <------------------- +------+                      +----+
//!   |   ^       nothing heard                                   ^ |
//!   |   +------ nothing heard, or heard: Down, AdminDown -------|-+
//!   +---------- heard: Init ------------------------------------+
//! ```

use std::time::Duration;

use crate::ir::keepalived::BfdInstance;
use crate::primitives::monotonic::Monotonic;
use crate::wire::bfd::{Control, Diagnostic, State};

use super::action::Action;
use super::random::Random;
use super::report::{Parameters, Report, SessionReport};

/// What was heard of the other end (RFC 5880 §6.8.1, "bfd.Remote…").
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Remote {
    state: State,
    discriminator: u32,
    diagnostic: Diagnostic,
    min_tx_us: u32,
    min_rx_us: u32,
    demand: bool,
    multiplier: u8,
    /// It sends this often.
    interval_us: u32,
    /// It waits this long for us.
    detection_us: u64,
}

/// A session and its memory.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Session {
    /// As configured.
    pub config: BfdInstance,
    /// Our number for it.
    pub discriminator: u32,
    /// Its state.
    pub state: State,
    diagnostic: Diagnostic,
    remote: Remote,
    poll: bool,
    is_final: bool,
    /// We send this often.
    interval_us: u32,
    /// We wait this long for the other end.
    detection_us: u64,
    last_heard: Option<Monotonic>,
    send_at: Option<Monotonic>,
    expires_at: Option<Monotonic>,
    forgets_at: Option<Monotonic>,
}

impl Session {
    /// A session before its start.
    pub(super) fn new(config: BfdInstance, random: &mut Random) -> Self {
        Self {
            discriminator: random.discriminator(),
            state: State::Down,
            diagnostic: Diagnostic::default(),
            remote: Remote {
                state: State::Down,
                discriminator: 0,
                diagnostic: Diagnostic::default(),
                min_tx_us: 0,
                min_rx_us: 0,
                demand: false,
                multiplier: 0,
                interval_us: 0,
                detection_us: 0,
            },
            poll: false,
            is_final: false,
            interval_us: config.idle_tx_us,
            detection_us: 0,
            last_heard: None,
            send_at: None,
            expires_at: None,
            forgets_at: None,
            config,
        }
    }

    /// When it has something to do by itself.
    pub(super) fn next_deadline(&self) -> Option<Monotonic> {
        [self.send_at, self.expires_at, self.forgets_at].into_iter().flatten().min()
    }

    /// Tells how it stands, and speaks first unless it is to wait.
    pub(super) fn start(&mut self, now: Monotonic, random: &mut Random, actions: &mut Vec<Action>) {
        self.tell(actions);
        // After a reload it goes on as it was.
        if !self.config.passive && self.state != State::AdminDown && self.send_at.is_none() {
            self.schedule(now, random);
            self.send(actions);
        }
    }

    /// A changed block for the same session: new intervals have to be agreed on (RFC 5880 §6.8.3).
    pub(super) fn take_config(&mut self, config: BfdInstance, actions: &mut Vec<Action>) {
        let intervals = |config: &BfdInstance| (config.min_rx_us, config.min_tx_us);
        let is_other = intervals(&self.config) != intervals(&config);
        self.config = config;
        if is_other {
            self.ask(actions);
        }
    }

    /// There is no socket to send from.
    pub(super) fn disable(&mut self, actions: &mut Vec<Action>) {
        self.state = State::AdminDown;
        self.diagnostic = Diagnostic::ADMINISTRATIVE;
        self.send_at = None;
        self.report(SessionReport::AdminDown, actions);
        self.slow_down();
    }

    /// There is a socket now.
    pub(super) fn enable(&mut self, now: Monotonic, random: &mut Random) {
        self.state = State::Down;
        if !self.config.passive {
            self.schedule(now, random);
        }
    }

    // ---- timers ----

    /// Does what is due.
    pub(super) fn run_due(&mut self, now: Monotonic, random: &mut Random, actions: &mut Vec<Action>) {
        if self.forgets_at.take_if(|at| *at <= now).is_some() {
            self.forget();
        }
        if self.expires_at.take_if(|at| *at <= now).is_some() {
            self.expire(now, random, actions);
        }
        if self.send_at.take_if(|at| *at <= now).is_some() {
            self.send(actions);
            self.schedule(now, random);
        }
    }

    /// RFC 5880 §6.8.7: up to a quarter earlier, so that sessions do not march in step; a tenth at the least (keepalived).
    fn schedule(&mut self, now: Monotonic, random: &mut Random) {
        let earlier = random.between(self.interval_us / 10, self.interval_us / 4);
        self.send_at = Some(now + Duration::from_micros(u64::from(self.interval_us - earlier)));
    }

    /// RFC 5880 §6.8.4: nothing was heard for the detection time.
    fn expire(&mut self, now: Monotonic, random: &mut Random, actions: &mut Vec<Action>) {
        if self.state == State::Up {
            let silent = self.last_heard.map_or(Duration::ZERO, |last| now.since(last));
            let silent_us = u64::try_from(silent.as_micros()).unwrap_or(u64::MAX);
            let overdue_us = silent_us.saturating_sub(self.detection_us);
            self.report(SessionReport::Expired { silent_us, overdue_us }, actions);
        }
        self.remote.discriminator = 0;
        self.go_down(now, Diagnostic::EXPIRED, random, actions);
    }

    /// A detection time after the end nothing counts any more that was heard before.
    fn forget(&mut self) {
        self.state = State::Down;
        self.remote.state = State::Down;
        self.remote.discriminator = 0;
        self.remote.diagnostic = Diagnostic::default();
        self.remote.demand = false;
        self.poll = false;
        self.is_final = false;
        self.slow_interval();
    }

    // ---- packets ----

    /// RFC 5880 §6.8.6: takes an accepted packet in.
    pub(super) fn receive(&mut self, now: Monotonic, heard: &Control, random: &mut Random, actions: &mut Vec<Action>) {
        let before = (self.remote, self.interval_us, self.detection_us);
        self.learn(heard);
        self.report_agreement(before, actions);
        if self.interval_us < before.1 && self.send_at.is_some() {
            self.schedule(now, random);
        }
        self.follow(now, random, actions);
        let is_demand = heard.demand && self.state == State::Up && self.remote.state == State::Up;
        if is_demand {
            self.send_at = None;
        } else if self.send_at.is_none() {
            self.schedule(now, random);
        }
        if heard.poll {
            self.is_final = true;
            self.send(actions);
        }
        self.last_heard = Some(now);
        if self.state == State::Up && self.expires_at.is_some() {
            self.expires_at = Some(now + Duration::from_micros(self.detection_us));
        }
    }

    fn learn(&mut self, heard: &Control) {
        self.remote.discriminator = heard.my_discriminator;
        self.remote.state = heard.state;
        self.remote.diagnostic = heard.diagnostic;
        self.remote.min_rx_us = heard.required_min_rx_us;
        self.remote.min_tx_us = heard.desired_min_tx_us;
        self.remote.demand = heard.demand;
        self.remote.multiplier = heard.detect_multiplier;
        if heard.is_final {
            self.poll = false;
        }
        // Between two that are up intervals change by question and answer alone.
        if self.state != State::Up || heard.poll || heard.is_final {
            if heard.state == State::Up && matches!(self.state, State::Init | State::Up) {
                self.interval_us = self.config.min_tx_us.max(self.remote.min_rx_us);
            } else {
                self.slow_interval();
            }
            self.remote.interval_us = self.config.min_rx_us.max(self.remote.min_tx_us);
        }
        self.detection_us = u64::from(self.remote.multiplier) * u64::from(self.remote.interval_us);
        self.remote.detection_us = u64::from(self.config.multiplier) * u64::from(self.interval_us);
    }

    fn report_agreement(&self, before: (Remote, u32, u64), actions: &mut Vec<Action>) {
        let (remote, interval_us, detection_us) = before;
        let told = |remote: &Remote| (remote.min_rx_us, remote.min_tx_us, remote.multiplier);
        if told(&self.remote) != told(&remote) || self.interval_us != interval_us {
            let local = Parameters {
                min_tx: self.wanted_interval_us(),
                min_rx: self.config.min_rx_us,
                interval: self.interval_us,
                multiplier: self.config.multiplier,
                detection: self.detection_us,
            };
            let remote = Parameters {
                min_tx: self.remote.min_tx_us,
                min_rx: self.remote.min_rx_us,
                interval: self.remote.interval_us,
                multiplier: self.remote.multiplier,
                detection: self.remote.detection_us,
            };
            self.report(SessionReport::Parameters { local, remote }, actions);
        }
        if self.detection_us != detection_us {
            self.report(SessionReport::Detection { to_us: self.detection_us, from_us: detection_us }, actions);
        }
    }

    /// The state machine of RFC 5880 §6.2.
    fn follow(&mut self, now: Monotonic, random: &mut Random, actions: &mut Vec<Action>) {
        match (self.state, self.remote.state) {
            (State::Init | State::Up, State::AdminDown) | (State::Up, State::Down) => {
                self.go_down(now, Diagnostic::NEIGHBOR_DOWN, random, actions);
            }
            (State::Down, State::Down) => {
                self.state = State::Init;
                self.rise(now);
                if self.config.passive && self.send_at.is_none() {
                    self.schedule(now, random);
                }
            }
            (State::Down, State::Init) | (State::Init, State::Init | State::Up) => self.go_up(now, actions),
            _ => {}
        }
    }

    /// RFC 5880 §6.8.3: while it is not up it wants to send no more than once a second.
    fn wanted_interval_us(&self) -> u32 {
        if self.state == State::Up { self.config.min_tx_us } else { self.config.idle_tx_us }
    }

    fn send(&mut self, actions: &mut Vec<Action>) {
        // The answer carries what would have been asked.
        self.poll &= !self.is_final;
        let packet = Control {
            diagnostic: self.diagnostic,
            state: self.state,
            poll: self.poll,
            is_final: self.is_final,
            authenticated: false,
            demand: false,
            detect_multiplier: self.config.multiplier,
            my_discriminator: self.discriminator,
            your_discriminator: self.remote.discriminator,
            desired_min_tx_us: self.wanted_interval_us(),
            required_min_rx_us: self.config.min_rx_us,
        };
        actions.push(Action::Send { session: self.config.name.clone(), packet });
        self.is_final = false;
    }

    // ---- transitions ----

    fn go_up(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        self.state = State::Up;
        self.report(SessionReport::Up, actions);
        self.rise(now);
        if self.config.idle_tx_us != self.config.min_tx_us {
            self.ask(actions);
        }
        self.tell(actions);
    }

    fn rise(&mut self, now: Monotonic) {
        self.diagnostic = Diagnostic::default();
        self.forgets_at = None;
        self.expires_at.get_or_insert(now + Duration::from_micros(self.detection_us));
    }

    fn go_down(&mut self, now: Monotonic, why: Diagnostic, random: &mut Random, actions: &mut Vec<Action>) {
        let was_up = self.state == State::Up;
        if was_up {
            self.discriminator = random.discriminator();
            self.report(SessionReport::Down { local: why, remote: self.remote.diagnostic }, actions);
        }
        self.state = State::Down;
        self.diagnostic = why;
        self.forgets_at = Some(now + Duration::from_micros(self.detection_us));
        if self.config.passive {
            self.send_at = None;
        }
        self.slow_down();
        // A neighbour that is taken out of use on purpose is no fault of the path (RFC 5882 §3.2).
        if was_up && self.remote.state != State::AdminDown {
            self.tell(actions);
        }
    }

    fn slow_down(&mut self) {
        self.slow_interval();
        self.expires_at = None;
    }

    fn slow_interval(&mut self) {
        self.interval_us = self.config.idle_tx_us.max(self.remote.min_rx_us);
    }

    /// RFC 5880 §6.5: the next packets ask, until an answer comes.
    fn ask(&mut self, actions: &mut Vec<Action>) {
        self.report(SessionReport::Poll, actions);
        self.poll |= !self.is_final;
    }

    fn tell(&self, actions: &mut Vec<Action>) {
        if self.config.for_vrrp {
            actions.push(Action::Told { session: self.config.name.clone(), up: self.state == State::Up });
        }
    }

    fn report(&self, text: SessionReport, actions: &mut Vec<Action>) {
        actions.push(Action::Report(Report::Session { name: self.config.name.clone(), text }));
    }
}
