//! What instances watch: every piece of news becomes a change of priority, a fault or the end of one.

use std::net::IpAddr;

use crate::primitives::monotonic::Monotonic;
use crate::wire::vrrp::{Family, OWNER};

use super::action::Action;
use super::engine::{Engine, Health, Unreached};
use super::event::{InstanceId, ScriptExit};
use super::instance::{Situation, StateName};
use super::priority::Tracking;
use super::report::{InstanceReport, Report};
use super::tracker::Watched;

/// How an instance stood before a piece of news.
struct Before {
    /// What the trackers made of its priority.
    weighed: u8,
    /// The priority that was told.
    priority: u8,
    health: Health,
    /// Where its adverts came from.
    source: Option<IpAddr>,
}

impl Engine {
    pub(super) fn script_exited(&mut self, now: Monotonic, name: &str, exit: ScriptExit, actions: &mut Vec<Action>) {
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

    pub(super) fn file_read(&mut self, now: Monotonic, file: &str, value: i32, actions: &mut Vec<Action>) {
        let before = self.watched.files.get(file).copied().unwrap_or(0);
        let told = |tracking: Tracking<'_>| {
            let (was, fault) = (tracking.is_fault(file, before), tracking.is_fault(file, value));
            (was != fault).then(|| InstanceReport::FileFault { file: file.to_owned(), fault })
        };
        let change = |watched: &mut Watched| {
            watched.files.insert(file.to_owned(), value);
        };
        self.observe_and_tell(now, actions, change, told);
    }

    pub(super) fn process_quorum(&mut self, now: Monotonic, process: &str, reached: bool, actions: &mut Vec<Action>) {
        let known = self.watched.processes.get(process).copied();
        if known != Some(reached) {
            if self.is_started() {
                actions.push(Action::Report(Report::Quorum { process: process.to_owned(), reached }));
            }
            self.observe(now, actions, |watched| {
                watched.processes.insert(process.to_owned(), reached);
            });
        }
    }

    pub(super) fn bfd_changed(&mut self, now: Monotonic, session: &str, up: bool, actions: &mut Vec<Action>) {
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

    /// An interface has got an address for adverts, or has none any more; that another one takes its place is not said.
    pub(super) fn report_address(
        &self,
        interface: &str,
        family: Family,
        address: Option<IpAddr>,
        actions: &mut Vec<Action>,
    ) {
        let before = self.watched.interfaces.primary_address(interface, family);
        let (address, assigned) = match (before, address) {
            (None, Some(address)) => (address, true),
            (Some(address), None) => (address, false),
            _ => return,
        };
        if self.is_started() && (0..self.instances.len()).any(|place| self.tracking(place).follows(interface)) {
            let interface = interface.to_owned();
            actions.push(Action::Report(Report::PrimaryAddress { interface, address, assigned }));
        }
    }

    pub(super) fn link(&mut self, now: Monotonic, interface: &str, running: bool, actions: &mut Vec<Action>) {
        if self.watched.interfaces.running(interface) == running {
            self.watched.interfaces.set_running(interface, running);
            return;
        }
        if self.is_started() && (0..self.instances.len()).any(|place| self.tracking(place).follows(interface)) {
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
        let places = if self.is_started() { 0..self.instances.len() } else { 0..0 };
        let before: Vec<Before> = places.map(|place| self.look(place)).collect();
        let sources: Vec<Option<IpAddr>> = before.iter().map(|one| one.source).collect();
        change(&mut self.watched);
        self.unreached.priorities = before.iter().map(|one| one.priority).collect();
        for (place, was) in before.iter().enumerate() {
            self.unreached.first = place + 1;
            self.tell_and_weigh(place, was, told(self.tracking(place)), actions);
            let health = self.health(place);
            let is_last = || self.is_last_to_recover(place, |other| before[other].health);
            if health != was.health && (health != Health::Up || is_last()) {
                self.change_health(now, place, health, &sources, actions);
            }
        }
        self.unreached = Unreached::default();
    }

    fn look(&self, place: usize) -> Before {
        let tracking = self.tracking(place);
        Before {
            weighed: tracking.effective_priority(),
            priority: self.priority(place),
            health: self.health(place),
            source: tracking.source_address(),
        }
    }

    /// A file that becomes a fault takes its weight along in silence, one that is none any more sets the priority without notice
    /// to anybody; every other change is told (keepalived).
    fn tell_and_weigh(&mut self, place: usize, was: &Before, text: Option<InstanceReport>, actions: &mut Vec<Action>) {
        let is_file_fault = match &text {
            Some(InstanceReport::FileFault { fault, .. }) => Some(*fault),
            _ => None,
        };
        if let Some(text) = text {
            self.instances[place].report(text, actions);
        }
        let is_weighed_anew = self.tracking(place).effective_priority() != was.weighed;
        self.instances[place].priority_kept = match is_file_fault {
            Some(true) => Some(was.priority),
            None if !is_weighed_anew => return,
            _ => None,
        };
        let priority = self.priority(place);
        let router = &mut self.instances[place];
        match is_file_fault {
            Some(false) if is_weighed_anew => router.report(InstanceReport::PrioritySet(priority), actions),
            None if priority != was.priority => router.change_priority(was.priority, priority, actions),
            _ => {}
        }
    }

    /// Whether no later one of its group recovers by the same news: the last one takes the others along (keepalived).
    fn is_last_to_recover(&self, place: usize, before: impl Fn(usize) -> Health) -> bool {
        let members = self.group_of(place).map_or(&[][..], |group| &self.groups[group].members);
        let recovers = |other: usize| before(other) != Health::Up && self.health(other) == Health::Up;
        let mut later = members.iter().copied().filter(|other| *other > place);
        !later.any(|other| self.instances[other].state() == StateName::Fault && recovers(other))
    }

    /// `sources`: where the adverts of each came from until now. The kernel still sends an IPv4 packet from an address that is gone, so the
    /// others hear the last word and need not wait for silence (keepalived).
    pub(super) fn change_health(
        &mut self,
        now: Monotonic,
        place: usize,
        health: Health,
        sources: &[Option<IpAddr>],
        actions: &mut Vec<Action>,
    ) {
        if health == Health::Down {
            let group = self.group_of(place).filter(|group| self.groups[*group].told == StateName::Fault);
            if group.is_some() && self.instances[place].state() == StateName::Fault {
                // Its group has taken it along already, and has told it.
                return;
            }
            let at = self.last_situation(now, place, sources);
            self.instances[place].enter_fault(at, true, actions);
            self.sync_fault(now, place, sources, actions);
        } else if self.group_health(place) == Health::Up && self.instances[place].state() == StateName::Fault {
            self.leave_fault(now, place, actions);
        }
    }

    /// With the address that it had, if it has none any more.
    pub(super) fn last_situation(&self, now: Monotonic, place: usize, sources: &[Option<IpAddr>]) -> Situation {
        let mut at = self.situation(now, place);
        at.source = at.source.or(sources.get(place).copied().flatten().filter(IpAddr::is_ipv4));
        at
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

    /// keepalived's answer when someone takes a held address or route away: all of the group give up and come back after
    /// the skew time, which puts everything in its place again.
    pub(super) fn removed(&mut self, now: Monotonic, id: InstanceId, actions: &mut Vec<Action>) {
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
                self.instances[member].take_over_soon(at);
            }
        }
        if let Some(group) = group {
            self.groups[group].told = StateName::Backup;
        }
    }
}
