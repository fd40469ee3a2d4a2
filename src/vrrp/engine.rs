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
use super::event::{Event, InstanceId, Received};
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
    stage: Stage,
    pub(super) log_unknown_vrids: bool,
    /// While news goes through the instances one by one: the priorities of those that it has yet to reach.
    pub(super) unreached: Unreached,
    startup_delay: Duration,
    /// Until then nobody listens or takes over.
    startup_until: Option<Monotonic>,
}

/// How far the start of an engine has come.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Stage {
    /// Nothing was said of the configuration yet.
    New,
    /// What comes before the start was done, once; so it is behind a stop.
    Prepared,
    /// Instances follow what happens.
    Started,
}

/// Priorities from before the news, where it has not come to yet; empty between two events.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Unreached {
    pub(super) first: usize,
    pub(super) priorities: Vec<u8>,
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
            stage: Stage::New,
            log_unknown_vrids: config.global.log_unknown_vrids,
            unreached: Unreached::default(),
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
            Event::Prepare { left_over } => self.prepare(now, left_over, actions),
            Event::Start => self.start(now, actions),
            Event::Adopt { masters } => self.adopt(now, masters, actions),
            Event::Deadline => self.run_due(now, actions),
            Event::Advert(received) => self.receive(now, received, actions),
            Event::ScriptExited { script, exit } => self.script_exited(now, script, *exit, actions),
            Event::FileRead { file, value } => self.file_read(now, file, *value, actions),
            Event::ProcessQuorum { process, reached } => self.process_quorum(now, process, *reached, actions),
            Event::Bfd { session, up } => self.bfd_changed(now, session, *up, actions),
            Event::Link { interface, running } => self.link(now, interface, *running, actions),
            Event::Devices { instance, names } => self.observe(now, actions, |watched| {
                watched.devices.insert(instance.clone(), names.clone());
            }),
            Event::PrimaryAddress { interface, family, address } => {
                self.report_address(interface, *family, *address, actions);
                self.observe(now, actions, |watched| {
                    watched.interfaces.set_primary_address(interface, *family, *address);
                });
            }
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

    pub(super) fn priority(&self, place: usize) -> u8 {
        if let Some(before) = self.unreached.priorities.get(place).filter(|_| place >= self.unreached.first) {
            return *before;
        }
        let router = &self.instances[place];
        let priority = || self.tracking(place).effective_priority();
        if router.stepped_down() { OWNER - 1 } else { router.priority_kept.unwrap_or_else(priority) }
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
    pub(super) fn group_health(&self, place: usize) -> Health {
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
            let state = match (self.is_started(), down) {
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

    /// Whether instances follow what happens.
    pub(super) fn is_started(&self) -> bool {
        self.stage == Stage::Started
    }

    fn start(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        if !self.startup_delay.is_zero() {
            self.startup_until = Some(now + self.startup_delay);
        }
        if self.stage == Stage::New {
            let all: Vec<InstanceId> = self.instances().iter().map(|router| router.id).collect();
            self.prepare(now, &all, actions);
        }
        self.stage = Stage::Started;
        for group in &self.groups {
            group.notify(actions);
        }
        for place in 0..self.instances.len() {
            self.begin(now, place, actions);
        }
    }

    fn prepare(&mut self, now: Monotonic, left_over: &[InstanceId], actions: &mut Vec<Action>) {
        self.stage = Stage::Prepared;
        self.report_start_faults(actions);
        for place in 0..self.instances.len() {
            if self.group_health(place) == Health::Down {
                self.instances[place].report(InstanceReport::InFault, actions);
                // It is told of before any other begins at all (keepalived).
                self.notify_fault(now, place, actions);
            }
        }
        self.report_channels(actions);
        for router in self.instances().iter().filter(|router| left_over.contains(&router.id)) {
            router.release(actions);
        }
    }

    fn report_channels(&self, actions: &mut Vec<Action>) {
        let needs_ipv6 = self.instances().iter().any(VirtualRouter::has_ipv6_address);
        let channels = [false, true].into_iter().filter(|ipv6| !ipv6 || needs_ipv6);
        actions.extend(channels.map(|ipv6| Action::Report(Report::Channel { ipv6 })));
    }

    /// The first states of groups, and the faults that keepalived names before anything else.
    pub(super) fn report_start_faults(&mut self, actions: &mut Vec<Action>) {
        for group in 0..self.groups.len() {
            self.groups[group].told = self.first_state(&self.groups[group]);
        }
        for place in 0..self.instances.len() {
            let is_down = self.report_faults(place, actions);
            let (configured, effective) = (self.instances[place].config.priority, self.priority(place));
            if configured != effective {
                self.instances[place].change_priority(configured, effective, actions);
            }
            if let Some(group) = self.group_of(place).filter(|_| is_down)
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

    /// Says what an instance is in FAULT for, and whether it is; of a BFD session keepalived says nothing here.
    pub(super) fn report_faults(&self, place: usize, actions: &mut Vec<Action>) -> bool {
        let mut faults = self.tracking(place).faults();
        faults.retain(|fault| !matches!(fault, Fault::ScriptPending(_)));
        let is_down = !faults.is_empty();
        for fault in faults.into_iter().filter(|fault| !matches!(fault, Fault::Bfd(_))) {
            self.instances[place].report(InstanceReport::StartsInFault(fault), actions);
        }
        is_down
    }

    fn first_state(&self, group: &Group) -> StateName {
        let owners = self.all_own(group);
        let pending = group.members.iter().any(|member| self.health(*member) == Health::Pending);
        match (pending, owners) {
            (true, _) => StateName::Init,
            (false, true) => StateName::Master,
            (false, false) => StateName::Backup,
        }
    }

    /// Whether all members own their addresses.
    fn all_own(&self, group: &Group) -> bool {
        group.members.iter().all(|member| self.instances[*member].config.priority == OWNER)
    }

    /// Everything goes on as it was: nobody is notified, for nothing has changed.
    fn adopt(&mut self, now: Monotonic, masters: &[InstanceId], actions: &mut Vec<Action>) {
        self.stage = Stage::Started;
        self.report_start_faults(actions);
        self.report_channels(actions);
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

    /// Starts one beside others that run.
    pub(super) fn start_instance(&mut self, now: Monotonic, place: usize, actions: &mut Vec<Action>) {
        self.begin(now, place, actions);
        if self.group_health(place) == Health::Down {
            self.notify_fault(now, place, actions);
        }
    }

    fn begin(&mut self, now: Monotonic, place: usize, actions: &mut Vec<Action>) {
        let at = self.situation(now, place);
        let health = self.group_health(place);
        if self.group_of(place).is_some_and(|group| !self.all_own(&self.groups[group])) {
            // Whoever wants to be master from the start would be it before the others are asked (keepalived).
            self.instances[place].wishes_master = false;
        }
        self.instances[place].start(at, health != Health::Up, actions);
    }

    fn notify_fault(&self, now: Monotonic, place: usize, actions: &mut Vec<Action>) {
        let priority = self.situation(now, place).priority;
        self.instances[place].notify(Occasion::Fault, priority, actions);
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
        self.stage = Stage::Prepared;
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
}
