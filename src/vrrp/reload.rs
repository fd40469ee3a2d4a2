//! A new configuration for a running engine. An instance that is still there (same VRID and interface, whatever its name) keeps its
//! state, its timers and its counters; what it no longer holds is taken away, what it holds in addition is put in.

use crate::ir::keepalived::instance::Destination;
use crate::ir::keepalived::{Instance, Keepalived, VirtualAddress};
use crate::primitives::monotonic::Monotonic;

use super::action::{Action, Notification, Occasion, Subject};
use super::announce::Announcements;
use super::engine::{Engine, Health};
use super::instance::{StateName, VirtualRouter};
use super::report::{InstanceReport, Report};
use super::routers::Routers;
use super::tracker::{ScriptCounter, Watched};

impl Engine {
    /// Takes a new configuration over. What it leaves out ends as if the daemon stopped.
    pub fn reload(&mut self, now: Monotonic, config: &Keepalived, actions: &mut Vec<Action>) {
        let groups_told: Vec<(String, StateName)> =
            self.groups.iter().map(|group| (group.config.name.clone(), group.told)).collect();
        // keepalived does, so that nobody takes over while the file is read.
        self.advertise_all(now, actions);
        self.end_removed(now, config, actions);
        self.log_unknown_vrids = config.global.log_unknown_vrids;
        self.watched = self.reloaded_watched(config, actions);
        let mut old = std::mem::take(&mut self.instances).into_vec();
        let mut instances: Vec<VirtualRouter> = Vec::new();
        for instance in &config.instances {
            match old.iter().position(|router| continues(&router.config, instance)) {
                Some(place) => instances.push(old.swap_remove(place)),
                None => {
                    let id = self.new_id();
                    instances.push(VirtualRouter::new(id, instance.clone(), now));
                }
            }
        }
        let before = instances.iter_mut().zip(&config.instances).map(|(router, instance)| {
            let old = std::mem::replace(&mut router.config, instance.clone());
            (router.state() != StateName::Init).then_some(old)
        });
        let before: Vec<Option<Instance>> = before.collect();
        self.instances = Routers::new(instances);
        self.set_groups(config);
        for group in &mut self.groups {
            let told = groups_told.iter().find(|(name, _)| *name == group.config.name);
            group.told = told.map_or(StateName::Backup, |(_, told)| *told);
        }
        for place in 0..self.instances.len() {
            self.report_again(place, actions);
        }
        for (place, old) in before.into_iter().enumerate() {
            match (self.instances[place].state(), old) {
                (_, None) => self.start_instance(now, place, actions),
                (StateName::Master, Some(old)) => self.instances[place].exchange_holdings(now, &old, actions),
                (StateName::Fault, _) if self.group_of(place).is_none() && self.health(place) == Health::Up => {
                    self.instances[place].wishes_master = self.instances[place].config.wants_master;
                    self.start_instance(now, place, actions);
                }
                // keepalived makes sure of it at every reload.
                _ => self.instances[place].release(actions),
            }
        }
        self.advertise_all(now, actions);
        self.settle_health(now, actions);
        if config.global.fifo_states_on_reload {
            self.repeat_states(actions);
        }
        self.instances.queue_changed();
    }

    /// Tells the FIFOs, and no script, of the states that the reload has not changed: groups first, and no instance that stays
    /// master (keepalived).
    fn repeat_states(&self, actions: &mut Vec<Action>) {
        let is_told = |subject: Subject, name: &str| {
            actions.iter().any(|action| {
                matches!(action, Action::Notify(told)
                    if told.subject == subject && told.name == name && told.occasion.is_state())
            })
        };
        let groups = self.groups.iter().map(|group| (Subject::Group, &group.config.name, group.told, 0));
        let routers = self.instances().iter().enumerate().filter(|(_, router)| router.state() != StateName::Master);
        let routers = routers.map(|(place, router)| {
            (Subject::Instance, &router.config.name, router.state(), self.tracking(place).effective_priority())
        });
        let lines: Vec<Action> = groups
            .chain(routers)
            .filter(|(subject, name, ..)| !is_told(*subject, name))
            .filter_map(|(subject, name, state, priority)| Some((subject, name, state.occasion()?, priority)))
            .map(|(subject, name, occasion, priority)| {
                Action::Notify(Box::new(Notification {
                    subject,
                    name: name.clone(),
                    occasion,
                    priority,
                    command: None,
                    any: None,
                    smtp_alert: false,
                }))
            })
            .collect();
        actions.extend(lines);
    }

    fn advertise_all(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        for place in 0..self.instances.len() {
            if self.instances[place].state() == StateName::Master {
                let at = self.situation(now, place);
                self.instances[place].advertise(at, actions);
            }
        }
    }

    /// What trackers make of an instance is said again, as if it started.
    fn report_again(&self, place: usize, actions: &mut Vec<Action>) {
        let router = &self.instances[place];
        if matches!(router.state(), StateName::Fault | StateName::Init)
            && self.report_faults(place, actions)
            && let Some(group) = self.group_of(place).map(|group| &self.groups[group])
            && group.members.iter().find(|member| self.health(**member) == Health::Down) == Some(&place)
        {
            let (group, instance) = (group.config.name.clone(), router.config.name.clone());
            actions.push(Action::Report(Report::SyncingAtStart { group, instance }));
        }
        let (from, to) = (router.config.priority, self.tracking(place).effective_priority());
        if from != to {
            router.report(InstanceReport::Priority { from, to }, actions);
            router.notify_priority(to, actions);
        }
    }

    fn end_removed(&mut self, now: Monotonic, config: &Keepalived, actions: &mut Vec<Action>) {
        for place in 0..self.instances.len() {
            let stays = config.instances.iter().any(|instance| continues(&self.instances[place].config, instance));
            if !stays {
                let at = self.situation(now, place);
                self.instances[place].stop(at, Occasion::Deleted, actions);
            }
        }
    }

    /// Scripts with the same name and command keep their results.
    fn reloaded_watched(&self, config: &Keepalived, actions: &mut Vec<Action>) -> Watched {
        let mut watched = Watched::new(config);
        watched.interfaces = self.watched.interfaces.clone();
        for script in &config.scripts {
            let old = self.watched.scripts.get(&script.name);
            let kept = old.filter(|old| old.config.command == script.command);
            let counter = match kept {
                Some(old) => {
                    if let Some(good) = old.good() {
                        actions.push(Action::Report(Report::ScriptKept { script: script.name.clone(), good }));
                    }
                    old.with_config(script.clone())
                }
                None => ScriptCounter::new(script.clone(), true),
            };
            watched.scripts.insert(script.name.clone(), counter);
        }
        for (name, value) in &self.watched.files {
            watched.files.entry(name.clone()).and_modify(|known| *known = *value);
        }
        for (name, reached) in &self.watched.processes {
            watched.processes.entry(name.clone()).and_modify(|known| *known = *reached);
        }
        for (name, up) in &self.watched.bfds {
            watched.bfds.entry(name.clone()).and_modify(|known| *known = *up);
        }
        watched
    }

    /// FAULT is what the new trackers say.
    fn settle_health(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        for place in 0..self.instances.len() {
            let in_fault = self.instances[place].state() == StateName::Fault;
            match self.health(place) {
                Health::Down if !in_fault => self.change_health(now, place, Health::Down, &[], actions),
                Health::Up if in_fault => self.change_health(now, place, Health::Up, &[], actions),
                _ => {}
            }
        }
    }
}

/// Whether a new block is the same virtual router as an old one: its name and its version may be others (keepalived).
fn continues(old: &Instance, new: &Instance) -> bool {
    let is_same_destination = match (&old.destination, &new.destination) {
        (Destination::Multicast { group: old }, Destination::Multicast { group: new }) => old == new,
        (Destination::Unicast { .. }, Destination::Unicast { .. }) => old.source_address == new.source_address,
        _ => false,
    };
    let what = |one: &Instance| (one.virtual_router_id, one.family, one.vmac.is_some(), one.vmac_for_addresses);
    is_same_destination && what(old) == what(new) && old.interface == new.interface
}

impl VirtualRouter {
    /// What a master held under the old block, and no longer does, goes; what it holds in addition comes.
    fn exchange_holdings(&mut self, now: Monotonic, old: &Instance, actions: &mut Vec<Action>) {
        let before: Vec<VirtualAddress> = all(old);
        let after: Vec<VirtualAddress> = all(&self.config);
        let instance = self.id;
        let gone: Vec<VirtualAddress> = before.iter().filter(|address| !after.contains(address)).cloned().collect();
        for address in &gone {
            let interface = address.interface.clone().or_else(|| old.interface.clone()).unwrap_or_default();
            let address = format!("{}/{}", address.prefix.address, address.prefix.length);
            self.report(InstanceReport::AddressLeftOut { address, interface }, actions);
        }
        let new: Vec<VirtualAddress> = after.iter().filter(|address| !before.contains(address)).cloned().collect();
        let brings_addresses = !new.is_empty();
        let routes_gone: Vec<_> =
            old.routes.iter().filter(|route| !self.config.routes.contains(route)).cloned().collect();
        let routes_new: Vec<_> =
            self.config.routes.iter().filter(|route| !old.routes.contains(route)).cloned().collect();
        let rules_gone: Vec<_> = old.rules.iter().filter(|rule| !self.config.rules.contains(rule)).cloned().collect();
        let rules_new: Vec<_> = self.config.rules.iter().filter(|rule| !old.rules.contains(rule)).cloned().collect();
        let dropped_before = if old.accepts() { Vec::new() } else { before };
        let dropped_after = if self.config.accepts() { Vec::new() } else { after };
        let without = |these: &[VirtualAddress], those: &[VirtualAddress]| {
            these.iter().filter(|address| !those.contains(address)).cloned().collect::<Vec<_>>()
        };
        let out = [
            Action::Firewall { instance, set: true, addresses: without(&dropped_after, &dropped_before) },
            Action::Rules { instance, set: false, rules: rules_gone },
            Action::Routes { instance, set: false, routes: routes_gone },
            Action::Addresses { instance, set: false, addresses: gone },
        ];
        let within = [
            Action::Addresses { instance, set: true, addresses: new },
            Action::Routes { instance, set: true, routes: routes_new },
            Action::Rules { instance, set: true, rules: rules_new },
            Action::Firewall { instance, set: false, addresses: without(&dropped_before, &dropped_after) },
        ];
        actions.extend(out.into_iter().filter(|action| !is_empty(action)));
        self.report_held(actions);
        actions.extend(within.into_iter().filter(|action| !is_empty(action)));
        let announce = &self.config.announce;
        // All of them, the old ones too (keepalived 2.4).
        if brings_addresses || announce.master_refresh_us > 0 {
            self.announce(announce.master_repeat, actions);
        }
        self.announcements = Announcements::reloaded(now, announce, brings_addresses);
    }

    /// keepalived says of all that a master holds that it puts it in, and leaves alone what is there.
    fn report_held(&self, actions: &mut Vec<Action>) {
        let config = &self.config;
        let said = [
            (!config.accepts() && !all(config).is_empty(), InstanceReport::Firewall(true)),
            (!config.addresses.is_empty(), InstanceReport::Addresses(true)),
            (!config.excluded_addresses.is_empty(), InstanceReport::ExcludedAddresses(true)),
            (!config.routes.is_empty(), InstanceReport::Routes(true)),
            (!config.rules.is_empty(), InstanceReport::Rules(true)),
        ];
        said.into_iter().filter(|(is_there, _)| *is_there).for_each(|(_, text)| self.report(text, actions));
    }
}

fn all(config: &Instance) -> Vec<VirtualAddress> {
    config.addresses.iter().chain(&config.excluded_addresses).cloned().collect()
}

fn is_empty(action: &Action) -> bool {
    match action {
        Action::Addresses { addresses, .. } | Action::Firewall { addresses, .. } => addresses.is_empty(),
        Action::Routes { routes, .. } => routes.is_empty(),
        Action::Rules { rules, .. } => rules.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::configuration_text;
    use crate::vrrp::event::Event;
    use crate::wire::vrrp::Family;

    fn text(name: &str) -> String {
        format!(
            "vrrp_instance {name} {{\n interface eth0\n virtual_router_id 51\n virtual_ipaddress {{\n 192.0.2.10\n }}\n}}\n"
        )
    }

    fn master(text: &str) -> (Engine, Monotonic) {
        let mut now = Monotonic::from_micros(1_000_000);
        let mut engine = Engine::new(&configuration_text::read(text), now);
        let mut actions = Vec::new();
        let address = Some([192, 0, 2, 1].into());
        engine.step(now, &Event::Link { interface: "eth0".into(), running: true }, &mut actions);
        let event = Event::PrimaryAddress { interface: "eth0".into(), family: Family::Ipv4, address };
        engine.step(now, &event, &mut actions);
        engine.step(now, &Event::Start, &mut actions);
        while engine.instances()[0].state() != StateName::Master {
            now = engine.next_deadline().expect("it waits for a master");
            engine.step(now, &Event::Deadline, &mut actions);
        }
        (engine, now)
    }

    #[test]
    fn a_router_with_another_name_is_the_same() {
        let (mut engine, now) = master(&text("A"));
        let mut actions = Vec::new();
        engine.reload(now, &configuration_text::read(&text("B")), &mut actions);
        let said = actions.iter().map(|action| match action {
            Action::Report(report) => report.to_string(),
            Action::SendAdvert(advert) => format!("priority {}", advert.repr.priority),
            other => panic!("{other:?}"),
        });
        assert_eq!(said.collect::<Vec<_>>(), ["priority 100", "(B) setting VIPs.", "priority 100"]);
        assert_eq!(engine.instances()[0].state(), StateName::Master);
    }

    /// What a reload with this configuration announces, at once and in six seconds.
    fn announced(text: &str) -> (usize, usize) {
        let (mut engine, mut now) = master(&self::text("A"));
        let mut actions = Vec::new();
        let count = |actions: &mut Vec<Action>| {
            let of = |action| if let Action::Announce { addresses, .. } = action { addresses.len() } else { 0 };
            actions.drain(..).map(of).sum()
        };
        engine.reload(now, &configuration_text::read(text), &mut actions);
        let at_once = count(&mut actions);
        let until = now + std::time::Duration::from_secs(6);
        while now < until {
            now = engine.next_deadline().expect("a master sends adverts");
            engine.step(now, &Event::Deadline, &mut actions);
        }
        (at_once, count(&mut actions))
    }

    /// keepalived's timers do not live through a reload, and a new address is announced with all others.
    #[test]
    fn a_reload_announces_what_is_new_and_forgets_what_was_due() {
        assert_eq!(announced(&text("A")), (0, 0));
        assert_eq!(announced(&text("A").replace("192.0.2.10", "192.0.2.10\n192.0.2.11")), (2, 2));
        assert_eq!(announced(&text("A").replace("interface eth0", "interface eth0\ngarp_master_refresh 4")), (1, 1));
    }
}
