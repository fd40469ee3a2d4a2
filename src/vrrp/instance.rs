//! One virtual router.
//!
//! ```text
//!              start, nothing wrong
//!  Initialize ----------------------+        +------------------------------+
//!      |                            v        v                              |
//!      |                        +----------------+   master-down timer   +--------+
//!      | start with a fault     |     Backup     | --------------------> | Master |
//!      v                        +----------------+                       +--------+
//!  +-------+  last fault gone       ^        |         higher advert         |
//!  | Fault | -----------------------+        |         (or equal, and higher |
//!  +-------+ <-------------------------------+          address): back to    |
//!      ^              a fault                           Backup               |
//!      +---------------------------------------------------------------------+
//!                     a fault (sends priority 0)
//! ```
//!
//! Initialize, Backup and Master are RFC 9568 §6.4; Fault is keepalived's: something the router depends on is broken, so it
//! neither listens nor takes over. An address owner (255) goes from Fault to Master at once.

use std::mem::Discriminant;
use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ir::keepalived::Instance;
use crate::ir::keepalived::instance::{Authentication, Destination, OldUnicastChecksum};
use crate::primitives::monotonic::Monotonic;
use crate::wire::vrrp::OWNER;

use super::action::{Action, ChecksumForm, HeaderSeal, Notification, Occasion, Outgoing, Subject};
use super::advert;
use super::announce::Announcements;
use super::authentication_header;
use super::event::InstanceId;
use super::refusal::Refusal;
use super::report::{InstanceReport, Report};
use super::signature::Senders;
use super::statistics::Statistics;
use super::timers;

/// Where a router is, with the one timer of that state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum State {
    /// Before the start.
    Initialize,
    /// Listens to a master.
    Backup {
        /// When the silence of the master has lasted long enough.
        master_down: Monotonic,
    },
    /// Holds the addresses.
    Master {
        /// When the next advert is due.
        next_advert: Monotonic,
    },
    /// Something is broken.
    Fault,
}

/// The state without its timer, as logs and scripts name it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum StateName {
    /// Before the start.
    Init,
    /// Listens to a master.
    Backup,
    /// Holds the addresses.
    Master,
    /// Something is broken.
    Fault,
}

impl StateName {
    /// What is told when it begins; nothing before the start.
    pub fn occasion(self) -> Option<Occasion> {
        match self {
            Self::Init => None,
            Self::Backup => Some(Occasion::Backup),
            Self::Master => Some(Occasion::Master),
            Self::Fault => Some(Occasion::Fault),
        }
    }

    /// In capitals, as in keepalived's log.
    pub fn word(self) -> &'static str {
        match self {
            Self::Init => "INIT",
            Self::Backup => "BACKUP",
            Self::Master => "MASTER",
            Self::Fault => "FAULT",
        }
    }
}

/// What a router cannot know by itself, at the moment of an event.
#[derive(Clone, Copy, Debug)]
pub struct Situation {
    /// The time.
    pub now: Monotonic,
    /// The effective priority.
    pub priority: u8,
    /// Where adverts come from, if there is an address.
    pub source: Option<IpAddr>,
    /// Timers start here: later than now while `vrrp_startup_delay` lasts.
    pub timers_from: Monotonic,
}

/// Another router also claims priority 255.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum OwnerConflict {
    /// So many own adverts until the wait begins.
    Counting { adverts: u8, their_interval: Duration },
    /// The other one must be silent until then.
    Waiting { until: Monotonic },
    /// It was not: we run with 254.
    SteppedDown,
}

/// One virtual router and its memory.
#[derive(Clone, PartialEq, Debug)]
pub struct VirtualRouter {
    /// Its name for the shell.
    pub id: InstanceId,
    /// As configured.
    pub config: Instance,
    /// Since when it is in its state.
    pub since: Monotonic,
    /// Counters.
    pub statistics: Statistics,
    /// It would be master if its group let it.
    pub(super) wishes_master: bool,
    pub(super) state: State,
    /// From one advert of the master to the next; version 3 learns it.
    pub(super) master_interval: Duration,
    /// The priority from before a tracked file became a fault: keepalived goes on telling it until another change counts.
    pub(super) priority_kept: Option<u8>,
    pub(super) master: Option<(IpAddr, u8)>,
    pub(super) preempt_at: Option<Monotonic>,
    pub(super) announcements: Announcements,
    pub(super) owner_conflict: Option<OwnerConflict>,
    /// The master before us said itself that it stops.
    pub(super) handed_over: bool,
    pub(super) old_checksum: bool,
    pub(super) refusals_logged: Vec<Discriminant<Refusal>>,
    /// Whose signed adverts were heard.
    pub(super) senders: Senders,
    /// `auth_type AH`: the highest number sent or heard.
    pub(super) header_sequence: u32,
}

impl VirtualRouter {
    /// A router before its start.
    pub fn new(id: InstanceId, config: Instance, now: Monotonic) -> Self {
        Self {
            id,
            since: now,
            statistics: Statistics::default(),
            wishes_master: config.wants_master,
            state: State::Initialize,
            master_interval: Duration::from_micros(config.advert_interval_us),
            priority_kept: None,
            master: None,
            preempt_at: None,
            announcements: Announcements::default(),
            owner_conflict: None,
            handed_over: false,
            old_checksum: config.old_unicast_checksum == OldUnicastChecksum::Always,
            refusals_logged: Vec::new(),
            senders: Senders::default(),
            header_sequence: 0,
            config,
        }
    }

    /// The state without its timer.
    pub fn state(&self) -> StateName {
        match self.state {
            State::Initialize => StateName::Init,
            State::Backup { .. } => StateName::Backup,
            State::Master { .. } => StateName::Master,
            State::Fault => StateName::Fault,
        }
    }

    /// The last master heard of, and its priority.
    pub fn master(&self) -> Option<(IpAddr, u8)> {
        self.master
    }

    /// From one advert of the master to the next.
    pub fn master_interval(&self) -> Duration {
        self.master_interval
    }

    /// When its state ends by itself, or the next advert is due.
    pub fn timer(&self) -> Option<Monotonic> {
        match self.state {
            State::Initialize | State::Fault => None,
            State::Backup { master_down } => Some(master_down),
            State::Master { next_advert } => Some(next_advert),
        }
    }

    /// How long it waits for a silent master.
    pub fn master_down_time(&self, priority: u8) -> Duration {
        self.master_down(priority)
    }

    /// Whether it is master, or would be if its group let it.
    pub fn wishes_master(&self) -> bool {
        self.wishes_master
    }

    /// Whether adverts have the checksum that old versions write.
    pub fn uses_old_checksum(&self) -> bool {
        self.old_checksum
    }

    /// Whether it gave up its claim to own the addresses (254 in place of 255).
    pub fn stepped_down(&self) -> bool {
        self.owner_conflict == Some(OwnerConflict::SteppedDown)
    }

    /// When it has something to do by itself.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        let timer = self.timer();
        let conflict = match self.owner_conflict {
            Some(OwnerConflict::Waiting { until }) => Some(until),
            _ => None,
        };
        [timer, conflict, self.announcements.next_deadline()].into_iter().flatten().min()
    }

    // ---- the start ----

    /// Leaves Initialize. keepalived takes routes and rules of an earlier run away once more.
    pub(super) fn start(&mut self, at: Situation, fault: bool, actions: &mut Vec<Action>) {
        self.since = at.now;
        if !fault && self.config.priority == OWNER && self.wishes_master {
            // Master by a timer that is already over: the same way as every other master.
            self.state = State::Backup { master_down: at.timers_from };
            return;
        }
        self.release_routing(actions);
        if fault {
            self.state = State::Fault;
            return;
        }
        self.report(InstanceReport::Entering { state: "BACKUP".into(), init: true }, actions);
        let wait = self.master_down(at.priority);
        self.state = State::Backup { master_down: at.timers_from + wait };
        self.notify(Occasion::Backup, at.priority, actions);
    }

    /// Leaves Initialize for the state in which another process of this machine was until this moment.
    pub(super) fn adopt(&mut self, at: Situation, is_master: bool, actions: &mut Vec<Action>) {
        self.since = at.now;
        self.wishes_master = is_master;
        if is_master {
            self.advertise(at, actions);
            self.report(InstanceReport::Adopting("MASTER".into()), actions);
            self.hold(actions);
            self.announcements = Announcements::become_master(at.now, &self.config.announce);
        } else {
            self.report(InstanceReport::Adopting("BACKUP".into()), actions);
            self.release(actions);
            self.wait_for_master(at);
        }
    }

    // ---- timers ----

    /// Whether the master has been silent for too long.
    pub(super) fn master_is_down(&self, now: Monotonic) -> bool {
        matches!(self.state, State::Backup { master_down } if master_down <= now)
    }

    /// Starts the master-down timer from now.
    pub(super) fn wait_for_master(&mut self, at: Situation) {
        self.state = State::Backup { master_down: at.timers_from + self.master_down(at.priority) };
    }

    /// Runs everything that is due in Master: the advert, announcements, the end of an owner conflict.
    pub(super) fn run_due(&mut self, at: Situation, actions: &mut Vec<Action>) {
        if let State::Master { next_advert } = self.state {
            if next_advert <= at.now {
                self.advertise(at, actions);
                let next_advert = timers::next_advert(next_advert, self.own_interval(), at.now);
                self.state = State::Master { next_advert };
            }
            let repeat = self.announcements.due(at.now, &self.config.announce);
            self.announce(repeat, actions);
            if self.announcements.further_due(at.now, &self.config.announce) {
                self.announce_on_further_interfaces(actions);
            }
        }
        if let Some(OwnerConflict::Waiting { until }) = self.owner_conflict
            && until <= at.now
        {
            self.owner_conflict = None;
            self.report(InstanceReport::RogueOwnerStopped, actions);
        }
    }

    /// RFC 9568 §6.4.3: the regular advert.
    pub(super) fn advertise(&mut self, at: Situation, actions: &mut Vec<Action>) {
        self.send(at.priority, at, actions);
        self.state = State::Master { next_advert: at.now + self.own_interval() };
        if let Some(OwnerConflict::Counting { adverts, their_interval }) = &mut self.owner_conflict {
            *adverts -= 1;
            if *adverts == 0 {
                // "A bit more than" the longer of the two intervals: 1.2 of it, as keepalived has it.
                let wait = (*their_interval).max(Duration::from_micros(self.config.advert_interval_us)) * 12 / 10;
                self.owner_conflict = Some(OwnerConflict::Waiting { until: at.now + wait });
            }
        }
    }

    /// The effective priority is another one: a backup's timer moves by the difference of the skew (keepalived; RFC 9568
    /// knows no change of priority).
    pub(super) fn change_priority(&mut self, from: u8, to: u8, actions: &mut Vec<Action>) {
        self.report(InstanceReport::Priority { from, to }, actions);
        let (before, after) = (self.master_down(from), self.master_down(to));
        if let State::Backup { master_down } = &mut self.state {
            *master_down = *master_down + after - before;
        }
        self.notify_priority(to, actions);
    }

    pub(super) fn notify_priority(&self, priority: u8, actions: &mut Vec<Action>) {
        if self.config.notify.priority_changes {
            let master = self.state() == StateName::Master;
            let occasion = if master { Occasion::MasterPriority } else { Occasion::BackupPriority };
            self.notify(occasion, priority, actions);
        }
    }

    // ---- transitions ----

    /// Backup or Fault to Master: the advert goes first, so that an old master lets go before we announce (keepalived).
    pub(super) fn become_master(&mut self, at: Situation, actions: &mut Vec<Action>) {
        self.refusals_logged.clear();
        self.wishes_master = true;
        self.preempt_at = None;
        self.header_sequence = authentication_header::first_sequence(self.header_sequence);
        self.advertise(at, actions);
        self.report(InstanceReport::Entering { state: "MASTER".into(), init: false }, actions);
        self.statistics.became_master += 1;
        self.since = at.now;
        if self.stepped_down() {
            self.owner_conflict = None;
            self.report(InstanceReport::OwnerRestored { lower_advert: false }, actions);
        }
        if self.config.version == 3 && self.master_interval != self.own_interval() {
            let (from, to) = (self.master_interval, self.own_interval());
            self.report(InstanceReport::IntervalOwn { from, to }, actions);
            self.master_interval = to;
        }
        self.hold(actions);
        self.announce(self.config.announce.master_repeat, actions);
        self.announcements = Announcements::become_master(at.now, &self.config.announce);
        self.notify(Occasion::Master, at.priority, actions);
    }

    /// Master to Backup. `tell`: with an advert of priority 0.
    pub(super) fn yield_mastership(&mut self, at: Situation, tell: bool, actions: &mut Vec<Action>) {
        self.refusals_logged.clear();
        self.preempt_at = None;
        self.wishes_master = false;
        self.report(InstanceReport::Entering { state: "BACKUP".into(), init: false }, actions);
        if tell {
            self.send_zero(at, actions);
        }
        self.let_go(actions);
        self.wait_for_master(at);
        self.since = at.now;
        self.notify(Occasion::Backup, at.priority, actions);
    }

    /// Any state to Fault. A master says so by priority 0, and a second time if the fault is its own (keepalived sends it
    /// from two places).
    pub(super) fn enter_fault(&mut self, at: Situation, own_fault: bool, actions: &mut Vec<Action>) {
        self.refusals_logged.clear();
        self.wishes_master = false;
        self.handed_over = false;
        // keepalived says nothing of a backup that goes along with its group.
        if self.state() == StateName::Master || (own_fault && self.state() != StateName::Fault) {
            self.report(InstanceReport::Entering { state: "FAULT".into(), init: false }, actions);
        }
        if self.state() == StateName::Master {
            self.send(0, at, actions);
            if own_fault {
                self.send_zero(at, actions);
            }
            self.let_go(actions);
        }
        self.state = State::Fault;
        self.since = at.now;
        self.notify(Occasion::Fault, at.priority, actions);
    }

    /// Fault to Backup, with the full timer (keepalived).
    pub(super) fn leave_fault(&mut self, at: Situation, actions: &mut Vec<Action>) {
        self.preempt_at = None;
        self.wishes_master = false;
        self.master_interval = self.own_interval();
        self.report(InstanceReport::Entering { state: "BACKUP".into(), init: false }, actions);
        self.wait_for_master(at);
        self.since = at.now;
        self.notify(Occasion::Backup, at.priority, actions);
        // Nobody waits for it while vrrp_startup_delay lasts (keepalived).
        if let (Destination::Unicast { .. }, Some(interface), Some(address)) =
            (&self.config.destination, &self.config.interface, at.source)
            && at.timers_from <= at.now
        {
            self.report(InstanceReport::AnnouncingSource(address), actions);
            actions.push(Action::AnnounceSource { interface: interface.clone(), address });
        }
    }

    /// Waits no longer than the skew time: the addresses were taken away and are to come back.
    pub(super) fn take_over_soon(&mut self, at: Situation) {
        let skew = timers::skew(self.config.version, at.priority, self.master_interval);
        self.state = State::Backup { master_down: at.timers_from + skew };
    }

    /// The daemon ends: a master hands over by priority 0 (RFC 9568 §6.4.3), and the addresses go.
    pub(super) fn stop(&mut self, at: Situation, occasion: Occasion, actions: &mut Vec<Action>) {
        let was_in_fault = self.state() == StateName::Fault;
        if self.state() == StateName::Master {
            self.send_zero(at, actions);
            self.let_go(actions);
        }
        self.state = State::Initialize;
        if occasion == Occasion::Deleted {
            let deleted = self.config.notify.deleted.is_some() || self.config.notify.deleted_without_command;
            match deleted {
                true => self.notify(Occasion::Deleted, at.priority, actions),
                false if was_in_fault => {}
                false => self.notify(Occasion::Fault, at.priority, actions),
            }
        }
    }

    // ---- what goes out ----

    pub(super) fn own_interval(&self) -> Duration {
        Duration::from_micros(self.config.advert_interval_us)
    }

    pub(super) fn master_down(&self, priority: u8) -> Duration {
        timers::master_down(&self.config, priority, self.master_interval)
    }

    pub(super) fn send_zero(&mut self, at: Situation, actions: &mut Vec<Action>) {
        self.send(0, at, actions);
        self.statistics.priority_zero_sent += 1;
        self.report(InstanceReport::SentZero, actions);
    }

    pub(super) fn send(&mut self, priority: u8, at: Situation, actions: &mut Vec<Action>) {
        let Some(source) = at.source else {
            return;
        };
        self.statistics.adverts_sent += 1;
        let checksum = match (self.config.version, self.old_checksum) {
            (2, _) => ChecksumForm::Bare,
            _ if self.config.v3_checksum_as_v2 => ChecksumForm::Bare,
            (_, true) => ChecksumForm::OldUnicast,
            (_, false) => ChecksumForm::PseudoHeader,
        };
        actions.push(Action::SendAdvert(Box::new(Outgoing {
            instance: self.id,
            interface: self.config.interface.clone(),
            source,
            destination: self.config.destination.clone(),
            repr: advert::compose(&self.config, priority),
            checksum,
            authentication: self.next_seal(),
        })));
    }

    /// What seals an advert, if adverts are sealed.
    fn next_seal(&mut self) -> Option<HeaderSeal> {
        let Authentication::Header(key) = self.config.authentication else { return None };
        self.header_sequence = authentication_header::next_sequence(self.header_sequence);
        Some(HeaderSeal { key, sequence: self.header_sequence })
    }

    pub(super) fn report(&self, text: InstanceReport, actions: &mut Vec<Action>) {
        actions.push(Action::Report(Report::Instance { instance: self.config.name.clone(), text }));
    }

    /// Tells scripts, FIFOs and mail.
    pub(super) fn notify(&self, occasion: Occasion, priority: u8, actions: &mut Vec<Action>) {
        let notify = &self.config.notify;
        let is_state = occasion.is_state();
        actions.push(Action::Notify(Box::new(Notification {
            subject: Subject::Instance,
            name: self.config.name.clone(),
            occasion,
            priority,
            command: occasion.command(notify),
            any: notify.any.clone().filter(|_| is_state),
            smtp_alert: notify.smtp_alert && is_state,
        })));
    }
}
