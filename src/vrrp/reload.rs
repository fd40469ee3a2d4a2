//! A new configuration for a running engine. An instance that is still there (same name, VRID and interface) keeps its state,
//! its timers and its counters; what it no longer holds is taken away, what it holds in addition is put in.

use crate::ir::keepalived::{Instance, Keepalived, VirtualAddress};
use crate::primitives::monotonic::Monotonic;

use super::action::{Action, Notification, Occasion, Subject};
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
        self.end_removed(now, config, actions);
        self.log_unknown_vrids = config.global.log_unknown_vrids;
        self.watched = self.reloaded_watched(config, actions);
        let mut new_places = Vec::new();
        let mut old = std::mem::take(&mut self.instances).into_vec();
        let mut instances: Vec<VirtualRouter> = Vec::new();
        for instance in &config.instances {
            match old.iter().position(|router| continues(&router.config, instance)) {
                Some(place) => instances.push(old.swap_remove(place)),
                None => {
                    new_places.push(instances.len());
                    let id = self.new_id();
                    instances.push(VirtualRouter::new(id, instance.clone(), now));
                }
            }
        }
        for (router, instance) in instances.iter_mut().zip(&config.instances) {
            router.take_config(now, instance.clone(), actions);
        }
        self.instances = Routers::new(instances);
        self.set_groups(config);
        for group in &mut self.groups {
            let told = groups_told.iter().find(|(name, _)| *name == group.config.name);
            group.told = told.map_or(StateName::Backup, |(_, told)| *told);
        }
        for place in new_places {
            self.start_instance(now, place, actions);
        }
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
                    if old.good() == Some(true) {
                        actions.push(Action::Report(Report::ScriptKept { script: script.name.clone() }));
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
                Health::Down if !in_fault => self.change_health(now, place, Health::Down, None, actions),
                Health::Up if in_fault => self.change_health(now, place, Health::Up, None, actions),
                _ => {}
            }
        }
    }
}

/// Whether a new block is the same virtual router as an old one.
fn continues(old: &Instance, new: &Instance) -> bool {
    (&old.name, old.virtual_router_id, &old.interface, old.family, old.version)
        == (&new.name, new.virtual_router_id, &new.interface, new.family, new.version)
}

impl VirtualRouter {
    /// The same router under a changed block.
    fn take_config(&mut self, now: Monotonic, config: Instance, actions: &mut Vec<Action>) {
        if self.config == config {
            return;
        }
        let old = std::mem::replace(&mut self.config, config);
        if self.state() == StateName::Master {
            self.exchange_holdings(now, &old, actions);
        }
    }

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
        let routes_gone: Vec<_> =
            old.routes.iter().filter(|route| !self.config.routes.contains(route)).cloned().collect();
        let routes_new: Vec<_> =
            self.config.routes.iter().filter(|route| !old.routes.contains(route)).cloned().collect();
        let rules_gone: Vec<_> = old.rules.iter().filter(|rule| !self.config.rules.contains(rule)).cloned().collect();
        let rules_new: Vec<_> = self.config.rules.iter().filter(|rule| !old.rules.contains(rule)).cloned().collect();
        let dropped_before = if old.accept { Vec::new() } else { before };
        let dropped_after = if self.config.accept { Vec::new() } else { after };
        let without = |these: &[VirtualAddress], those: &[VirtualAddress]| {
            these.iter().filter(|address| !those.contains(address)).cloned().collect::<Vec<_>>()
        };
        let exchange = [
            Action::Firewall { instance, set: true, addresses: without(&dropped_after, &dropped_before) },
            Action::Rules { instance, set: false, rules: rules_gone },
            Action::Routes { instance, set: false, routes: routes_gone },
            Action::Addresses { instance, set: false, addresses: gone },
            Action::Addresses { instance, set: true, addresses: new.clone() },
            Action::Routes { instance, set: true, routes: routes_new },
            Action::Rules { instance, set: true, rules: rules_new },
            Action::Firewall { instance, set: false, addresses: without(&dropped_before, &dropped_after) },
        ];
        actions.extend(exchange.into_iter().filter(|action| !is_empty(action)));
        if !new.is_empty() {
            let repeat = self.config.announce.master_repeat;
            actions.push(Action::Announce { instance, addresses: new, repeat });
            self.announce_again(now);
        }
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
