//! The whole of it: instances, groups and what they watch. Events come in one by one; each is followed through groups and
//! trackers until nothing more moves, and what has to be done comes out as actions in order.
//!
//! Call [`Engine::step`] for every event and with [`Event::Deadline`] when [`Engine::next_deadline`] has come; between two
//! calls nothing changes.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::ir::keepalived::tracker::Trackers;
use crate::ir::keepalived::{Keepalived, SyncGroup};
use crate::primitives::monotonic::Monotonic;
use crate::wire::vrrp::OWNER;

use super::action::{Action, Occasion};
use super::event::{Event, InstanceId, Received, ScriptExit};
use super::fault::{Addend, Fault};
use super::group::Group;
use super::instance::{Situation, StateName, VirtualRouter};
use super::priority::Tracking;
use super::reception::Reception;
use super::report::{InstanceReport, Report};
use super::routers::Routers;
use super::statistics::Statistics;
use super::tracker::{ScriptCounter, Watched};

/// All virtual routers of one daemon.
#[derive(Clone, PartialEq, Debug)]
pub struct Engine {
    pub(super) instances: Routers,
    pub(super) groups: Vec<Group>,
    pub(super) watched: Watched,
    pub(super) next_id: u32,
    started: bool,
    pub(super) log_unknown_vrids: bool,
    startup_delay: Duration,
    /// Until then nobody listens or takes over.
    startup_until: Option<Monotonic>,
}

/// What the trackers say of one instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Health {
    /// Nothing wrong.
    Up,
    /// Only first script results are missing.
    Pending,
    /// A fault.
    Down,
}

/// One instance for people to look at.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct InstanceStatus {
    /// Its name.
    pub name: String,
    /// Its state.
    pub state: StateName,
    /// For how long, in microseconds.
    pub for_us: u64,
    /// The configured priority.
    pub priority: u8,
    /// The priority in adverts.
    pub effective_priority: u8,
    /// What makes the difference.
    pub addends: Vec<Addend>,
    /// What holds it in FAULT.
    pub faults: Vec<Fault>,
    /// The last other master heard of, and its priority.
    pub master: Option<(IpAddr, u8)>,
    /// Interface of the adverts.
    pub interface: Option<String>,
    /// Virtual router identifier.
    pub virtual_router_id: u8,
    /// The addresses that move.
    pub addresses: Vec<String>,
    /// Counters.
    pub statistics: Statistics,
}

/// How a sync group stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GroupStatus {
    /// The state that it has told last.
    pub state: StateName,
    /// Members with a fault.
    pub down: usize,
    /// Members that wait for the first results of scripts.
    pub pending: usize,
}

impl Engine {
    /// An engine before its start; nothing is known of interfaces and scripts.
    pub fn new(config: &Keepalived, now: Monotonic) -> Self {
        let mut engine = Self {
            instances: Routers::default(),
            groups: Vec::new(),
            watched: Watched::new(config),
            next_id: 0,
            started: false,
            log_unknown_vrids: config.global.log_unknown_vrids,
            startup_delay: Duration::from_micros(config.global.startup_delay_us),
            startup_until: None,
        };
        let instances = config.instances.iter();
        let instances = instances.map(|instance| VirtualRouter::new(engine.new_id(), instance.clone(), now)).collect();
        engine.instances = Routers::new(instances);
        engine.set_groups(config);
        engine
    }

    pub(super) fn new_id(&mut self) -> InstanceId {
        self.next_id += 1;
        InstanceId(self.next_id)
    }

    pub(super) fn set_groups(&mut self, config: &Keepalived) {
        let place = |name: &String| self.instances().iter().position(|router| router.config.name == *name);
        let groups = config.sync_groups.iter().map(|group| Group {
            config: group.clone(),
            members: group.members.iter().filter_map(place).collect(),
            told: StateName::Init,
        });
        self.groups = groups.collect();
    }

    /// The routers in the order of the file.
    pub fn instances(&self) -> &[VirtualRouter] {
        self.instances.as_slice()
    }

    /// One of them.
    pub fn instance(&self, id: InstanceId) -> Option<&VirtualRouter> {
        self.instances.place_of(id).map(|place| &self.instances[place])
    }

    /// Everything that it was told from outside.
    pub fn watched(&self) -> &Watched {
        &self.watched
    }

    /// Where an instance's adverts come from.
    pub fn source_address(&self, id: InstanceId) -> Option<IpAddr> {
        let place = self.instances.place_of(id)?;
        self.tracking(place).source_address()
    }

    /// All counters begin anew.
    pub fn clear_statistics(&mut self) {
        for place in 0..self.instances.len() {
            self.instances[place].statistics = Statistics::default();
        }
    }

    /// When [`Event::Deadline`] is due.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.instances.next_deadline().into_iter().chain(self.startup_until).min()
    }

    /// Takes one event in; appends what is to be done.
    pub fn step(&mut self, now: Monotonic, event: &Event, actions: &mut Vec<Action>) {
        match event {
            Event::Start => self.start(now, actions),
            Event::Adopt { masters } => self.adopt(now, masters, actions),
            Event::Deadline => self.run_due(now, actions),
            Event::Advert(received) => self.receive(now, received, actions),
            Event::ScriptExited { script, exit } => self.script_exited(now, script, *exit, actions),
            Event::FileRead { file, value } => self.observe(now, actions, |watched| {
                watched.files.insert(file.clone(), *value);
            }),
            Event::ProcessQuorum { process, reached } => self.process_quorum(now, process, *reached, actions),
            Event::Bfd { session, up } => self.bfd_changed(now, session, *up, actions),
            Event::Link { interface, running } => self.link(now, interface, *running, actions),
            Event::PrimaryAddress { interface, family, address } => self.observe(now, actions, |watched| {
                watched.interfaces.set_primary_address(interface, *family, *address);
            }),
            Event::Removed { instance } => self.removed(now, *instance, actions),
            Event::Stop => self.stop(now, actions),
        }
        self.instances.queue_changed();
    }

    // ---- what is derived ----

    pub(super) fn tracking(&self, place: usize) -> Tracking<'_> {
        let group: Option<&Trackers> = self.group_of(place).map(|group| &self.groups[group].config.trackers);
        Tracking { config: &self.instances[place].config, group, watched: &self.watched }
    }

    fn priority(&self, place: usize) -> u8 {
        let priority = self.tracking(place).effective_priority();
        if self.instances[place].stepped_down() { OWNER - 1 } else { priority }
    }

    pub(super) fn situation(&self, now: Monotonic, place: usize) -> Situation {
        let source = self.tracking(place).source_address();
        let timers_from = self.startup_until.map_or(now, |until| until.max(now));
        Situation { now, priority: self.priority(place), source, timers_from }
    }

    pub(super) fn health(&self, place: usize) -> Health {
        let faults = self.tracking(place).faults();
        if faults.iter().any(|fault| !matches!(fault, Fault::ScriptPending(_))) {
            Health::Down
        } else if faults.is_empty() {
            Health::Up
        } else {
            Health::Pending
        }
    }

    /// The worst health in the group of an instance, itself included.
    fn group_health(&self, place: usize) -> Health {
        let alone = [place];
        let group = self.group_of(place).map_or(&alone[..], |group| &self.groups[group].members);
        let healths = group.iter().map(|member| self.health(*member));
        healths.fold(Health::Up, |worst, health| match (worst, health) {
            (Health::Down, _) | (_, Health::Down) => Health::Down,
            (Health::Pending, _) | (_, Health::Pending) => Health::Pending,
            _ => Health::Up,
        })
    }

    /// Every instance for people to look at.
    pub fn status(&self, now: Monotonic) -> Vec<InstanceStatus> {
        (0..self.instances.len()).map(|place| self.instance_status(now, place)).collect()
    }

    /// Every sync group as configured, and how it stands.
    pub fn group_status(&self) -> impl Iterator<Item = (&SyncGroup, GroupStatus)> {
        self.groups.iter().map(|group| {
            let count = |health| group.members.iter().filter(|member| self.health(**member) == health).count();
            let (down, pending) = (count(Health::Down), count(Health::Pending));
            let state = match (self.started, down) {
                (true, _) => group.told,
                (false, 0) => self.first_state(group),
                (false, _) => StateName::Fault,
            };
            (&group.config, GroupStatus { state, down, pending })
        })
    }

    fn instance_status(&self, now: Monotonic, place: usize) -> InstanceStatus {
        let router = &self.instances[place];
        let addresses = router.config.addresses.iter().chain(&router.config.excluded_addresses);
        InstanceStatus {
            name: router.config.name.clone(),
            state: router.state(),
            for_us: now.since(router.since).as_micros() as u64,
            priority: router.config.priority,
            effective_priority: self.priority(place),
            addends: self.tracking(place).explain(),
            faults: self.tracking(place).faults(),
            master: router.master(),
            interface: router.config.interface.clone(),
            virtual_router_id: router.config.virtual_router_id,
            addresses: addresses
                .map(|address| format!("{}/{}", address.prefix.address, address.prefix.length))
                .collect(),
            statistics: router.statistics,
        }
    }

    // ---- start and stop ----

    fn start(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        if !self.startup_delay.is_zero() {
            self.startup_until = Some(now + self.startup_delay);
            actions.push(Action::Report(Report::StartupDelay { delay: self.startup_delay }));
        }
        self.started = true;
        self.report_start_faults(actions);
        for place in 0..self.instances.len() {
            if self.group_health(place) == Health::Down {
                self.instances[place].report(InstanceReport::InFault, actions);
            }
        }
        for group in &self.groups {
            group.notify(actions);
        }
        for place in 0..self.instances.len() {
            self.start_instance(now, place, actions);
        }
    }

    /// The first states of groups, and the faults that keepalived names before anything else.
    pub(super) fn report_start_faults(&mut self, actions: &mut Vec<Action>) {
        for group in 0..self.groups.len() {
            self.groups[group].told = self.first_state(&self.groups[group]);
        }
        for place in 0..self.instances.len() {
            let faults = self.tracking(place).faults();
            let down = faults.iter().filter(|fault| !matches!(fault, Fault::ScriptPending(_)));
            // Of a BFD session keepalived says nothing here.
            for fault in down.clone().filter(|fault| !matches!(fault, Fault::Bfd(_))) {
                self.instances[place].report(InstanceReport::StartsInFault(fault.clone()), actions);
            }
            let (configured, effective) = (self.instances[place].config.priority, self.priority(place));
            if configured != effective {
                self.instances[place].change_priority(configured, effective, actions);
            }
            if let Some(group) = self.group_of(place).filter(|_| down.count() > 0)
                && self.groups[group].told != StateName::Fault
            {
                self.groups[group].told = StateName::Fault;
                actions.push(Action::Report(Report::SyncingAtStart {
                    group: self.groups[group].config.name.clone(),
                    instance: self.instances[place].config.name.clone(),
                }));
            }
        }
    }

    fn first_state(&self, group: &Group) -> StateName {
        let owners = group.members.iter().all(|member| self.instances[*member].config.priority == OWNER);
        let pending = group.members.iter().any(|member| self.health(*member) == Health::Pending);
        match (pending, owners) {
            (true, _) => StateName::Init,
            (false, true) => StateName::Master,
            (false, false) => StateName::Backup,
        }
    }

    /// Everything goes on as it was: nobody is notified, for nothing has changed.
    fn adopt(&mut self, now: Monotonic, masters: &[InstanceId], actions: &mut Vec<Action>) {
        self.started = true;
        self.report_start_faults(actions);
        for place in 0..self.instances.len() {
            if self.group_health(place) == Health::Up {
                let at = self.situation(now, place);
                let is_master = masters.contains(&self.instances[place].id);
                self.instances[place].adopt(at, is_master, actions);
            } else {
                self.start_instance(now, place, actions);
            }
        }
        for group in &mut self.groups {
            let mut states = group.members.iter().map(|member| self.instances[*member].state());
            if states.all(|state| state == StateName::Master) {
                group.told = StateName::Master;
            }
        }
    }

    /// Whether scripts have yet to say how they stand, on which priorities and faults depend.
    pub fn awaits_scripts(&self) -> bool {
        !self.watched.scripts.values().all(ScriptCounter::has_run)
    }

    pub(super) fn start_instance(&mut self, now: Monotonic, place: usize, actions: &mut Vec<Action>) {
        let at = self.situation(now, place);
        let health = self.group_health(place);
        let held = self.group_of(place).is_some_and(|group| self.groups[group].told == StateName::Backup);
        let hold_short = held && self.instances[place].wishes_master;
        self.instances[place].start(at, health != Health::Up, hold_short, actions);
        if health == Health::Down {
            self.instances[place].notify(Occasion::Fault, at.priority, actions);
        }
    }

    fn stop(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        for place in 0..self.instances.len() {
            let at = self.situation(now, place);
            self.instances[place].stop(at, Occasion::Stop, actions);
        }
        for place in 0..self.instances.len() {
            let priority = self.priority(place);
            self.instances[place].notify(Occasion::Stop, priority, actions);
        }
        for group in &self.groups {
            group.notify_occasion(Occasion::Stop, actions);
        }
        self.started = false;
    }

    // ---- timers and adverts ----

    fn run_due(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        if self.startup_until.take_if(|until| *until <= now).is_some() {
            actions.push(Action::Report(Report::StartupDelayOver));
        }
        let due = self.instances.due(now);
        self.yield_if_held_up(now, due.iter().copied(), actions);
        for place in due {
            // One before it in the same group may have taken it along.
            if self.instances[place].next_deadline().is_some_and(|deadline| deadline <= now) {
                self.run_instance(now, place, actions);
            }
        }
    }

    fn run_instance(&mut self, now: Monotonic, place: usize, actions: &mut Vec<Action>) {
        let at = self.situation(now, place);
        if !self.instances[place].master_is_down(now) {
            return self.instances[place].run_due(at, actions);
        }
        self.instances[place].report(InstanceReport::Timeout, actions);
        self.instances[place].wishes_master = true;
        if self.group_permits_master(place) {
            self.instances[place].become_master(at, actions);
            self.sync_master(now, place, actions);
        } else {
            // The others get time to wish the same; the last one to do so takes all along.
            self.instances[place].wait_for_master(at);
        }
    }

    fn receive(&mut self, now: Monotonic, received: &Received, actions: &mut Vec<Action>) {
        if self.startup_until.is_some_and(|until| now < until) {
            return;
        }
        let Some(place) = self.instances.listener(received) else {
            if let Some(vrid) = received.payload.get(1).filter(|_| self.log_unknown_vrids) {
                let interface = received.interface.clone().unwrap_or_default();
                actions.push(Action::Report(Report::UnknownVrid { vrid: *vrid, interface }));
            }
            return;
        };
        let at = self.situation(now, place);
        match self.instances[place].receive(received, at, actions) {
            Reception::Quiet => {}
            Reception::Yielded => self.sync_backup(now, place, actions),
            Reception::Asserted => self.announce_for_group(now, place, actions),
        }
    }

    /// A lower master somewhere means that its whole group was master: its announcements must be undone everywhere.
    fn announce_for_group(&mut self, now: Monotonic, place: usize, actions: &mut Vec<Action>) {
        let Some(group) = self.group_of(place) else {
            return;
        };
        for member in self.groups[group].members.clone() {
            if member != place {
                self.instances[member].announce_after_lower(now, actions);
            }
        }
    }

    // ---- what is watched ----

    fn script_exited(&mut self, now: Monotonic, name: &str, exit: ScriptExit, actions: &mut Vec<Action>) {
        let Some(script) = self.watched.scripts.get(name) else {
            return;
        };
        let mut next = script.clone();
        let mut reports = Vec::new();
        next.record(exit, &mut reports);
        let changed = next.good() != script.good();
        actions.extend(reports.into_iter().map(Action::Report));
        if changed {
            self.observe(now, actions, |watched| {
                watched.scripts.insert(name.to_owned(), next);
            });
        } else {
            self.watched.scripts.insert(name.to_owned(), next);
        }
    }

    fn process_quorum(&mut self, now: Monotonic, process: &str, reached: bool, actions: &mut Vec<Action>) {
        let known = self.watched.processes.get(process).copied();
        if known != Some(reached) {
            if self.started {
                actions.push(Action::Report(Report::Quorum { process: process.to_owned(), reached }));
            }
            self.observe(now, actions, |watched| {
                watched.processes.insert(process.to_owned(), reached);
            });
        }
    }

    fn bfd_changed(&mut self, now: Monotonic, session: &str, up: bool, actions: &mut Vec<Action>) {
        actions.push(Action::Report(Report::BfdTold { session: session.to_owned(), up }));
        if self.watched.bfds.get(session).is_none_or(|known| *known == up) {
            return;
        }
        let told = |tracking: Tracking<'_>| {
            tracking.tracks_bfd(session).then(|| InstanceReport::Bfd { session: session.to_owned(), up })
        };
        let change = |watched: &mut Watched| {
            watched.bfds.insert(session.to_owned(), up);
        };
        self.observe_and_tell(now, actions, change, told);
    }

    fn link(&mut self, now: Monotonic, interface: &str, running: bool, actions: &mut Vec<Action>) {
        if self.watched.interfaces.running(interface) == running {
            self.watched.interfaces.set_running(interface, running);
            return;
        }
        if self.started && (0..self.instances.len()).any(|place| self.tracking(place).follows(interface)) {
            actions.push(Action::Report(Report::Link { interface: interface.to_owned(), running }));
        }
        self.observe(now, actions, |watched| {
            watched.interfaces.set_running(interface, running);
        });
    }

    /// Lets `change` happen and draws the conclusions: priorities first, then faults, in the order of the file.
    pub(super) fn observe(&mut self, now: Monotonic, actions: &mut Vec<Action>, change: impl FnOnce(&mut Watched)) {
        self.observe_and_tell(now, actions, change, |_| None);
    }

    /// The same; `told` is what each instance says of it first.
    fn observe_and_tell(
        &mut self,
        now: Monotonic,
        actions: &mut Vec<Action>,
        change: impl FnOnce(&mut Watched),
        told: impl Fn(Tracking<'_>) -> Option<InstanceReport>,
    ) {
        let look_at = |engine: &Self, place| {
            (engine.priority(place), engine.health(place), engine.tracking(place).source_address())
        };
        let look = |engine: &Self| (0..engine.instances.len()).map(|place| look_at(engine, place)).collect();
        let before: Vec<(u8, Health, Option<IpAddr>)> = if self.started { look(self) } else { Vec::new() };
        change(&mut self.watched);
        for (place, (priority, health, source)) in before.into_iter().enumerate() {
            if let Some(text) = told(self.tracking(place)) {
                self.instances[place].report(text, actions);
            }
            let now_priority = self.priority(place);
            if now_priority != priority {
                self.instances[place].change_priority(priority, now_priority, actions);
            }
            let now_health = self.health(place);
            if now_health != health {
                self.change_health(now, place, now_health, source, actions);
            }
        }
    }

    /// `source`: where adverts came from until now. The kernel still sends an IPv4 packet from an address that is gone, so the
    /// others hear the last word and need not wait for silence (keepalived).
    pub(super) fn change_health(
        &mut self,
        now: Monotonic,
        place: usize,
        health: Health,
        source: Option<IpAddr>,
        actions: &mut Vec<Action>,
    ) {
        if health == Health::Down {
            let mut at = self.situation(now, place);
            at.source = at.source.or(source.filter(IpAddr::is_ipv4));
            self.instances[place].enter_fault(at, true, actions);
            self.sync_fault(now, place, actions);
        } else if self.group_health(place) == Health::Up && self.instances[place].state() == StateName::Fault {
            self.leave_fault(now, place, actions);
        }
    }

    fn leave_fault(&mut self, now: Monotonic, place: usize, actions: &mut Vec<Action>) {
        let at = self.situation(now, place);
        let owner = at.priority == OWNER && self.instances[place].config.wants_master;
        self.instances[place].wishes_master = owner;
        if owner && self.group_permits_master(place) {
            self.instances[place].become_master(at, actions);
            self.sync_master(now, place, actions);
        } else {
            self.instances[place].leave_fault(at, actions);
            self.sync_backup(now, place, actions);
        }
    }

    /// keepalived's answer when someone takes a held address or route away: all of the group give up and come back at once,
    /// which puts everything in its place again.
    fn removed(&mut self, now: Monotonic, id: InstanceId, actions: &mut Vec<Action>) {
        let Some(place) = self.instances.place_of(id) else {
            return;
        };
        if self.instances[place].state() != StateName::Master {
            return;
        }
        let group = self.group_of(place);
        let members = group.map_or(vec![place], |group| self.groups[group].members.clone());
        for member in members {
            let at = self.situation(now, member);
            if self.instances[member].state() == StateName::Master {
                self.instances[member].yield_mastership(at, true, actions);
                self.instances[member].take_over_at_once(now);
            }
        }
        if let Some(group) = group {
            self.groups[group].told = StateName::Backup;
        }
    }
}
