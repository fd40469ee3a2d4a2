//! Sync groups: instances that are master together, or none of them.

use crate::primitives::monotonic::Monotonic;

use super::action::Action;
use super::engine::Engine;
use super::instance::StateName;

impl Engine {
    pub(super) fn group_of(&self, member: usize) -> Option<usize> {
        self.groups.iter().position(|group| group.members.contains(&member))
    }

    fn other_members(&self, group: usize, member: usize) -> Vec<usize> {
        self.groups[group].members.iter().copied().filter(|other| *other != member).collect()
    }

    /// Whether a member may become master: its group is already, or everyone else wants it too.
    pub(super) fn group_permits_master(&self, member: usize) -> bool {
        let Some(group) = self.group_of(member) else {
            return true;
        };
        let mut others = self.groups[group].members.iter().filter(|other| **other != member);
        self.groups[group].told == StateName::Master || others.all(|other| self.instances[*other].wishes_master)
    }

    /// A member became master: so do the others.
    pub(super) fn sync_master(&mut self, now: Monotonic, member: usize, actions: &mut Vec<Action>) {
        let Some(group) = self.group_of(member).filter(|group| self.groups[*group].told != StateName::Master) else {
            return;
        };
        self.groups[group].report(StateName::Master, actions);
        for other in self.other_members(group, member) {
            if self.instances[other].state() != StateName::Master {
                let at = self.situation(now, other);
                self.instances[other].become_master(at, actions);
            }
        }
        self.groups[group].tell(StateName::Master, actions);
    }

    /// A member became backup: so do the others, without a word on the wire.
    pub(super) fn sync_backup(&mut self, now: Monotonic, member: usize, actions: &mut Vec<Action>) {
        let Some(group) = self.group_of(member).filter(|group| self.groups[*group].told != StateName::Backup) else {
            return;
        };
        self.groups[group].report(StateName::Backup, actions);
        for other in self.other_members(group, member) {
            let at = self.situation(now, other);
            match self.instances[other].state() {
                StateName::Backup => {}
                StateName::Master => self.instances[other].yield_mastership(at, false, actions),
                StateName::Fault | StateName::Init => self.instances[other].leave_fault(at, actions),
            }
        }
        self.groups[group].tell(StateName::Backup, actions);
    }

    /// A member has a fault: the others go with it. Masters among them send priority 0 once.
    pub(super) fn sync_fault(&mut self, now: Monotonic, member: usize, actions: &mut Vec<Action>) {
        let Some(group) = self.group_of(member).filter(|group| self.groups[*group].told != StateName::Fault) else {
            return;
        };
        self.groups[group].report(StateName::Fault, actions);
        for other in self.other_members(group, member) {
            if self.instances[other].state() != StateName::Fault {
                let at = self.situation(now, other);
                self.instances[other].enter_fault(at, false, actions);
            }
        }
        self.groups[group].tell(StateName::Fault, actions);
    }
}
