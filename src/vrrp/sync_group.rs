//! Sync groups: instances that are master together, or none of them.

use std::net::IpAddr;

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
    pub(super) fn sync_fault(
        &mut self,
        now: Monotonic,
        member: usize,
        sources: &[Option<IpAddr>],
        actions: &mut Vec<Action>,
    ) {
        let Some(group) = self.group_of(member).filter(|group| self.groups[*group].told != StateName::Fault) else {
            return;
        };
        self.groups[group].report(StateName::Fault, actions);
        for other in self.other_members(group, member) {
            if self.instances[other].state() != StateName::Fault {
                let at = self.last_situation(now, other, sources);
                self.instances[other].enter_fault(at, false, actions);
            }
        }
        self.groups[group].tell(StateName::Fault, actions);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::action::Occasion;
    use crate::vrrp::configuration_text;
    use crate::vrrp::event::{Event, ScriptExit};
    use crate::wire::vrrp::Family;

    /// Two masters of a group on one interface, and what happened since.
    fn masters() -> (Engine, Monotonic) {
        let router = |name: &str, vrid: u8| {
            format!(
                "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n version 3\n advert_int 0.1\n \
                 virtual_ipaddress {{\n 192.0.2.1{vrid}\n }}\n}}\n"
            )
        };
        let text = router("A", 1) + &router("B", 2) + "vrrp_sync_group G {\n group {\n A\n B\n }\n}\n";
        let config = configuration_text::read(&text);
        let mut now = Monotonic::from_micros(1_000_000);
        let mut engine = Engine::new(&config, now);
        let mut actions = Vec::new();
        for event in [Event::Link { interface: "eth0".into(), running: true }, address(true), Event::Start] {
            engine.step(now, &event, &mut actions);
        }
        while engine.instances().iter().any(|router| router.state() != StateName::Master) {
            now = engine.next_deadline().expect("they wait for a master");
            engine.step(now, &Event::Deadline, &mut actions);
        }
        (engine, now)
    }

    fn address(is_there: bool) -> Event {
        let address = is_there.then(|| [192, 0, 2, 1].into());
        Event::PrimaryAddress { interface: "eth0".into(), family: Family::Ipv4, address }
    }

    #[test]
    fn all_members_say_their_last_word_when_their_address_goes() {
        let (mut engine, now) = masters();
        let mut actions = Vec::new();
        engine.step(now, &address(false), &mut actions);
        let last_words = actions.iter().filter_map(|action| match action {
            Action::SendAdvert(advert) if advert.repr.priority == 0 => Some(advert.repr.vrid),
            _ => None,
        });
        let mut last_words: Vec<u8> = last_words.collect();
        last_words.dedup();
        assert_eq!(last_words, [1, 2]);
        let told = actions.iter().filter(|action| matches!(action, Action::Notify(told) if told.name == "B"));
        assert_eq!(told.count(), 1, "{actions:?}");
    }

    /// keepalived goes through the instances in order: a member that goes along has yet to lose its own weight.
    #[test]
    fn a_member_that_goes_along_tells_the_priority_that_it_has_until_then() {
        let router = |name: &str, vrid: u8, weight: i32| {
            format!(
                "vrrp_instance {name} {{\n interface eth0\n virtual_router_id {vrid}\n virtual_ipaddress {{\n 192.0.2.1{vrid}\n }}\n \
                 track_script {{\n s weight {weight}\n }}\n}}\n"
            )
        };
        let script = "vrrp_script s {\n script /bin/true\n}\n";
        let group = "vrrp_sync_group G {\n group {\n A\n B\n }\n sync_group_tracking_weight\n}\n";
        let config = configuration_text::read(&format!("{script}{}{}{group}", router("A", 1, 0), router("B", 2, -20)));
        let now = Monotonic::from_micros(1_000_000);
        let mut engine = Engine::new(&config, now);
        let exit = |status| Event::ScriptExited { script: "s".into(), exit: ScriptExit::Status(status) };
        let link = Event::Link { interface: "eth0".into(), running: true };
        let mut actions = Vec::new();
        for event in [link, address(true), Event::Start, exit(0), exit(1), exit(0)] {
            engine.step(now, &event, &mut actions);
        }
        let told = actions.iter().filter_map(|action| match action {
            Action::Notify(told) if told.name == "B" => Some((told.occasion, told.priority)),
            _ => None,
        });
        let expected = [(Occasion::Backup, 100), (Occasion::Fault, 100), (Occasion::Backup, 80)];
        assert_eq!(told.collect::<Vec<_>>(), expected, "{actions:?}");
    }

    #[test]
    fn the_last_one_to_recover_takes_the_others_along() {
        let (mut engine, now) = masters();
        engine.step(now, &Event::Link { interface: "eth0".into(), running: false }, &mut Vec::new());
        let mut actions = Vec::new();
        engine.step(now, &Event::Link { interface: "eth0".into(), running: true }, &mut actions);
        let told = actions.iter().filter_map(|action| match action {
            Action::Notify(told) => Some(told.name.as_str()),
            _ => None,
        });
        assert_eq!(told.collect::<Vec<_>>(), ["B", "A", "G"], "{actions:?}");
    }
}
