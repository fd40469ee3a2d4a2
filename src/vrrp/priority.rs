//! Effective priority and faults: derived from what is watched each time they are asked for, never stored.

use crate::ir::keepalived::Instance;
use crate::ir::keepalived::instance::Destination;
use crate::ir::keepalived::tracker::{Tracked, TrackedInterface, Trackers};
use crate::wire::vrrp::{Family, OWNER};

use super::fault::{Addend, Cause, Fault};
use super::tracker::Watched;

/// A product of a tracked file's value and weight from here down is a fault.
const FILE_FAULT: i64 = -254;
const WEIGHT_LIMIT: i64 = 253;

/// What one instance and its group watch, and what was heard of it.
#[derive(Clone, Copy)]
pub struct Tracking<'a> {
    /// The instance.
    pub config: &'a Instance,
    /// What its sync group watches in addition.
    pub group: Option<&'a Trackers>,
    /// What was heard.
    pub watched: &'a Watched,
}

impl<'a> Tracking<'a> {
    /// The effective priority (RFC 9568 §6.1 "Priority"): 255 stays, all else is kept within 1 and 254.
    pub fn effective_priority(&self) -> u8 {
        if self.config.priority == OWNER {
            return OWNER;
        }
        let sum: i64 = self.addends().map(|(_, value)| value).sum();
        (i64::from(self.config.priority) + sum).clamp(1, 254) as u8
    }

    /// What made the priority what it is.
    pub fn explain(&self) -> Vec<Addend> {
        self.addends().map(|(cause, value)| Addend { cause: cause.owned(), value: value as i32 }).collect()
    }

    /// Whether a BFD session matters to it.
    pub fn tracks_bfd(&self, session: &str) -> bool {
        self.trackers().flat_map(|trackers| &trackers.bfds).any(|tracked| tracked.name == session)
    }

    /// Whether what happens to an interface concerns it. Names of interfaces with virtual MAC addresses come about only when they are
    /// made: an instance that has such takes news of all.
    pub fn follows(&self, interface: &str) -> bool {
        self.config.interface.as_deref() == Some(interface)
            || self.carries(interface)
            || self.trackers().flat_map(|trackers| &trackers.interfaces).any(|tracked| tracked.interface == interface)
            || self.config.vmac.is_some()
            || self.config.vmac_for_addresses
            || self.config.ipvlan.is_some()
    }

    fn trackers(&self) -> impl Iterator<Item = &'a Trackers> + use<'a> {
        std::iter::once(&self.config.trackers).chain(self.group)
    }

    fn addends(&self) -> impl Iterator<Item = (CauseRef<'a>, i64)> + use<'a> {
        let watched = self.watched;
        let scripts = self.trackers().flat_map(|trackers| &trackers.scripts);
        let scripts = scripts.map(move |tracked| {
            let good = watched.scripts.get(&tracked.name).and_then(|script| script.good());
            (CauseRef::Script(&tracked.name), good.map_or(0, |good| weighed(tracked.weight, tracked.reverse, good)))
        });
        let files = self.trackers().flat_map(|trackers| &trackers.files);
        let files = files.map(move |tracked| {
            let status = file_status(tracked, watched);
            (CauseRef::File(&tracked.name), if tracked.weight == 0 { 0 } else { status.min(WEIGHT_LIMIT) })
        });
        let processes = self.trackers().flat_map(|trackers| &trackers.processes);
        let processes = processes.map(move |tracked| {
            let reached = watched.processes.get(&tracked.name).copied().unwrap_or(false);
            (CauseRef::Process(&tracked.name), weighed(tracked.weight, tracked.reverse, reached))
        });
        let this = *self;
        let interfaces = self.trackers().flat_map(|trackers| &trackers.interfaces);
        let interfaces = interfaces.filter(move |tracked| tracked.weight != 0 && !this.carries(&tracked.interface));
        let interfaces = interfaces.map(move |tracked| {
            let running = watched.interfaces.running(&tracked.interface);
            (CauseRef::Interface(&tracked.interface), weighed(tracked.weight, tracked.reverse, running))
        });
        let bfds = self.trackers().flat_map(|trackers| &trackers.bfds);
        let bfds = bfds.map(move |tracked| {
            let up = watched.bfds.get(&tracked.name).copied().unwrap_or(false);
            (CauseRef::Bfd(&tracked.name), weighed(tracked.weight, tracked.reverse, up))
        });
        scripts.chain(files).chain(processes).chain(interfaces).chain(bfds).filter(|(_, value)| *value != 0)
    }

    /// Everything that holds the instance itself in FAULT, in keepalived's order of looking; its group is not asked.
    pub fn faults(&self) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (interface, reverse) in self.vital_interfaces() {
            if self.watched.interfaces.running(interface) == reverse {
                faults.push(Fault::Interface(interface.to_owned()));
            }
        }
        for tracked in self.trackers().flat_map(|trackers| &trackers.files) {
            let status = file_status(tracked, self.watched);
            if status <= FILE_FAULT {
                faults.push(Fault::File(tracked.name.clone(), status as i32));
            }
        }
        for tracked in self.trackers().flat_map(|trackers| &trackers.processes).filter(|tracked| tracked.weight == 0) {
            if self.watched.processes.get(&tracked.name).copied().unwrap_or(false) == tracked.reverse {
                faults.push(Fault::Process(tracked.name.clone()));
            }
        }
        for tracked in self.trackers().flat_map(|trackers| &trackers.bfds).filter(|tracked| tracked.weight == 0) {
            if self.watched.bfds.get(&tracked.name).copied().unwrap_or(false) == tracked.reverse {
                faults.push(Fault::Bfd(tracked.name.clone()));
            }
        }
        if self.source_address().is_none() {
            faults.push(Fault::NoSourceAddress(Family::from(self.config.family).number()));
        }
        if let Destination::Unicast { peers, fault_without_peer: true, .. } = &self.config.destination
            && peers.is_empty()
        {
            faults.push(Fault::NoPeer);
        }
        faults.extend(self.script_faults());
        faults
    }

    fn script_faults(&self) -> impl Iterator<Item = Fault> + use<'a> {
        let watched = self.watched;
        let scripts = self.trackers().flat_map(|trackers| &trackers.scripts).filter(|tracked| tracked.weight == 0);
        scripts.filter_map(move |tracked| {
            let script = watched.scripts.get(&tracked.name)?;
            match script.good() {
                Some(good) => (good == tracked.reverse).then(|| Fault::Script(tracked.name.clone())),
                None => script.pending().then(|| Fault::ScriptPending(tracked.name.clone())),
            }
        })
    }

    /// Interfaces without which the instance cannot be: its own, those tracked with weight 0, those of its addresses.
    fn vital_interfaces(&self) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        let tracked = self.trackers().flat_map(|trackers| &trackers.interfaces).filter(|tracked| tracked.weight == 0);
        let tracked: Vec<&'a TrackedInterface> = tracked.collect();
        let named = |name: &str| tracked.iter().any(|tracked| tracked.interface == name);
        let mut vital: Vec<(&str, bool)> = Vec::new();
        for name in self.carriers() {
            if !named(name) && !vital.iter().any(|(known, _)| *known == name) {
                vital.push((name, false));
            }
        }
        vital.extend(tracked.iter().map(|tracked| (&*tracked.interface, tracked.reverse)));
        vital.into_iter()
    }

    /// Whether an interface carries what the instance has: as keepalived sees it, a weight of `track_interface` counts for nothing
    /// then.
    fn carries(&self, interface: &str) -> bool {
        self.carriers().any(|name| name == interface)
    }

    /// Its own interface, and those of its addresses, routes and rules.
    fn carriers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let own = self.config.interface.as_deref().filter(|_| self.config.track_primary);
        let addresses = self.config.addresses.iter().chain(&self.config.excluded_addresses);
        let addresses = addresses.filter(|address| address.tracked).filter_map(|address| address.interface.as_deref());
        let routes =
            self.config.routes.iter().filter(|route| route.tracked).filter_map(|route| route.interface.as_deref());
        let rules = self.config.rules.iter().filter(|rule| rule.tracked);
        let rules = rules.flat_map(|rule| [&rule.input_interface, &rule.output_interface]).filter_map(Option::as_deref);
        let statics = self.config.static_interfaces.iter().map(String::as_str);
        // `dont_track_primary` holds for the addresses on the primary interface as well.
        let untracked = self.config.interface.as_deref().filter(|_| !self.config.track_primary);
        own.into_iter()
            .chain(addresses)
            .chain(routes)
            .chain(rules)
            .chain(statics)
            .filter(move |name| untracked != Some(*name))
    }

    /// Where adverts come from: as configured, else what the interface has.
    pub fn source_address(&self) -> Option<std::net::IpAddr> {
        let interface = || self.config.interface.as_deref();
        self.config
            .source_address
            .or_else(|| self.watched.interfaces.primary_address(interface()?, self.config.family.into()))
    }
}

#[derive(Clone, Copy)]
enum CauseRef<'a> {
    Script(&'a str),
    File(&'a str),
    Process(&'a str),
    Interface(&'a str),
    Bfd(&'a str),
}

impl CauseRef<'_> {
    fn owned(self) -> Cause {
        match self {
            Self::Script(name) => Cause::Script(name.to_owned()),
            Self::File(name) => Cause::File(name.to_owned()),
            Self::Process(name) => Cause::Process(name.to_owned()),
            Self::Interface(name) => Cause::Interface(name.to_owned()),
            Self::Bfd(name) => Cause::Bfd(name.to_owned()),
        }
    }
}

/// A positive weight counts while the thing is good, a negative one while it is not.
fn weighed(weight: i32, reverse: bool, good: bool) -> i64 {
    if (weight > 0) != good {
        return 0;
    }
    let weight = i64::from(weight);
    if reverse { -weight } else { weight }
}

fn file_status(tracked: &Tracked, watched: &Watched) -> i64 {
    let value = i64::from(watched.files.get(&tracked.name).copied().unwrap_or(0));
    if tracked.weight == 0 {
        return if (value != 0) == tracked.reverse { 0 } else { FILE_FAULT };
    }
    let product = value * i64::from(tracked.weight);
    if tracked.reverse { -product } else { product }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::configuration_text;

    /// The priority and the faults with these interfaces running.
    fn with_running(running: &[&str]) -> (u8, Vec<String>) {
        let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 51\n priority 100\n track_interface {\n \
                    eth1 weight 20\n eth2 weight 10\n }\n virtual_ipaddress {\n 192.0.2.10\n 192.0.2.11 dev eth1\n }\n \
                    virtual_rules {\n iif eth3 lookup 100\n }\n}\n";
        let config = configuration_text::read(text);
        let mut watched = Watched::new(&config);
        for name in running {
            watched.interfaces.set_running(name, true);
        }
        let tracking = Tracking { config: &config.instances[0], group: None, watched: &watched };
        let interfaces = tracking.faults().into_iter().filter_map(|fault| match fault {
            Fault::Interface(name) => Some(name),
            _ => None,
        });
        (tracking.effective_priority(), interfaces.collect())
    }

    #[test]
    fn news_of_other_interfaces_are_none() {
        let config = configuration_text::read("vrrp_instance A {\n interface eth0\n virtual_router_id 51\n}\n");
        let watched = Watched::new(&config);
        let tracking = Tracking { config: &config.instances[0], group: None, watched: &watched };
        assert_eq!(["eth0", "eth1"].map(|name| tracking.follows(name)), [true, false]);
    }

    #[test]
    fn an_interface_that_carries_an_address_is_vital_whatever_its_weight() {
        assert_eq!(with_running(&["eth0", "eth1", "eth2", "eth3"]), (110, Vec::new()));
        assert_eq!(with_running(&["eth0", "eth1", "eth3"]), (100, Vec::new()));
        assert_eq!(with_running(&["eth0", "eth2"]), (110, vec!["eth1".to_owned(), "eth3".to_owned()]));
    }
}
