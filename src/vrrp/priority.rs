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

    /// Whether this number in a file is a fault.
    pub fn is_fault(&self, file: &str, value: i32) -> bool {
        self.files().any(|one| one.name == file && status_of(one, value) <= FILE_FAULT)
    }

    /// Whether what happens to an interface concerns it.
    pub fn follows(&self, interface: &str) -> bool {
        self.config.interface.as_deref() == Some(interface)
            || self.watched.device_names(&self.config.name).iter().any(|device| device == interface)
            || self.carries(interface)
            || self.trackers().flat_map(|trackers| &trackers.interfaces).any(|tracked| tracked.interface == interface)
    }

    fn trackers(&self) -> impl Iterator<Item = &'a Trackers> + use<'a> {
        std::iter::once(&self.config.trackers).chain(self.group)
    }

    /// What the instance and its group watch of one kind. Of what both watch the group's weight counts, unless it is a fault to
    /// the instance (keepalived).
    fn watches<T>(&self, list: fn(&'a Trackers) -> &'a [T]) -> impl Iterator<Item = Watch<'a>> + use<'a, T>
    where
        Watch<'a>: From<&'a T>,
    {
        let (own, group) = (list(&self.config.trackers), self.group.map_or(&[][..], list));
        let find = |list: &'a [T], name: &str| list.iter().map(Watch::from).find(|one| one.name == name);
        let of_both = move |watch: Watch<'a>| find(group, watch.name).filter(|_| watch.weight != 0).unwrap_or(watch);
        let of_group = group.iter().map(Watch::from).filter(move |watch| find(own, watch.name).is_none());
        own.iter().map(Watch::from).map(of_both).chain(of_group)
    }

    fn scripts(&self) -> impl Iterator<Item = Watch<'a>> + use<'a> {
        self.watches(|trackers| &trackers.scripts)
    }

    fn files(&self) -> impl Iterator<Item = Watch<'a>> + use<'a> {
        self.watches(|trackers| &trackers.files)
    }

    fn processes(&self) -> impl Iterator<Item = Watch<'a>> + use<'a> {
        self.watches(|trackers| &trackers.processes)
    }

    fn interfaces(&self) -> impl Iterator<Item = Watch<'a>> + use<'a> {
        self.watches(|trackers| &trackers.interfaces)
    }

    fn bfds(&self) -> impl Iterator<Item = Watch<'a>> + use<'a> {
        self.watches(|trackers| &trackers.bfds)
    }

    fn addends(&self) -> impl Iterator<Item = (CauseRef<'a>, i64)> + use<'a> {
        let watched = self.watched;
        let scripts = self.scripts().map(move |one| {
            let good = watched.scripts.get(one.name).and_then(|script| script.good());
            (CauseRef::Script(one.name), good.map_or(0, |good| weighed(one, good)))
        });
        let files = self.files().map(move |one| {
            let status = file_status(one, watched);
            // What is a fault has no weight.
            (CauseRef::File(one.name), if status <= FILE_FAULT { 0 } else { status.min(WEIGHT_LIMIT) })
        });
        let processes = self.processes().map(move |one| {
            let reached = watched.processes.get(one.name).copied().unwrap_or(false);
            (CauseRef::Process(one.name), weighed(one, reached))
        });
        let this = *self;
        let interfaces = self.interfaces().filter(move |one| one.weight != 0 && !this.carries(one.name));
        let interfaces = interfaces.map(move |one| {
            let running = watched.interfaces.running(one.name);
            (CauseRef::Interface(one.name), weighed(one, running))
        });
        let bfds = self.bfds().map(move |one| {
            let up = watched.bfds.get(one.name).copied().unwrap_or(false);
            (CauseRef::Bfd(one.name), weighed(one, up))
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
        for one in self.files() {
            let status = file_status(one, self.watched);
            if status <= FILE_FAULT {
                faults.push(Fault::File(one.name.to_owned(), status as i32));
            }
        }
        for one in self.processes().filter(|one| one.weight == 0) {
            if self.watched.processes.get(one.name).copied().unwrap_or(false) == one.reverse {
                faults.push(Fault::Process(one.name.to_owned()));
            }
        }
        for one in self.bfds().filter(|one| one.weight == 0) {
            if self.watched.bfds.get(one.name).copied().unwrap_or(false) == one.reverse {
                faults.push(Fault::Bfd(one.name.to_owned()));
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
        self.scripts().filter(|one| one.weight == 0).filter_map(move |one| {
            let script = watched.scripts.get(one.name)?;
            match script.good() {
                Some(good) => (good == one.reverse).then(|| Fault::Script(one.name.to_owned())),
                None => script.pending().then(|| Fault::ScriptPending(one.name.to_owned())),
            }
        })
    }

    /// Interfaces without which the instance cannot be: its own, those tracked with weight 0, those of its addresses.
    fn vital_interfaces(&self) -> impl Iterator<Item = (&'a str, bool)> + use<'a> {
        let tracked: Vec<Watch<'a>> = self.interfaces().filter(|one| one.weight == 0).collect();
        let named = |name: &str| tracked.iter().any(|one| one.name == name);
        let mut vital: Vec<(&str, bool)> = Vec::new();
        for name in self.carriers() {
            if !named(name) && !vital.iter().any(|(known, _)| *known == name) {
                vital.push((name, false));
            }
        }
        vital.extend(tracked.iter().map(|one| (one.name, one.reverse)));
        vital.into_iter()
    }

    /// Whether an interface carries what the instance has: as keepalived sees it, a weight of `track_interface` counts for nothing
    /// then.
    fn carries(&self, interface: &str) -> bool {
        self.carriers().any(|name| name == interface)
    }

    /// Its own interface and those made for it, and those of its addresses, routes and rules.
    fn carriers(&self) -> impl Iterator<Item = &'a str> + use<'a> {
        let own = self.config.interface.as_deref().filter(|_| self.config.track_primary);
        let devices = if self.config.track_primary { self.watched.device_names(&self.config.name) } else { &[] };
        let devices = devices.iter().map(String::as_str);
        let addresses = self.config.addresses.iter().chain(&self.config.excluded_addresses);
        let addresses = addresses.filter(|address| address.tracked).filter_map(|address| address.interface.as_deref());
        let routes =
            self.config.routes.iter().filter(|route| route.tracked).filter_map(|route| route.interface.as_deref());
        let rules = self.config.rules.iter().filter(|rule| rule.tracked);
        let rules = rules.flat_map(|rule| [&rule.input_interface, &rule.output_interface]).filter_map(Option::as_deref);
        let statics = self.config.static_interfaces.iter().map(String::as_str);
        // `dont_track_primary` holds for the addresses on the primary interface as well, not for routes and rules (keepalived).
        let untracked = self.config.interface.as_deref().filter(|_| !self.config.track_primary);
        let addresses = addresses.filter(move |name| untracked != Some(*name));
        own.into_iter().chain(devices).chain(addresses).chain(routes).chain(rules).chain(statics)
    }

    /// Where adverts come from: as configured, else what the interface has.
    pub fn source_address(&self) -> Option<std::net::IpAddr> {
        let interface = || self.config.interface.as_deref();
        self.config
            .source_address
            .or_else(|| self.watched.interfaces.primary_address(interface()?, self.config.family.into()))
    }
}

/// One thing that is watched, with the weight that counts for the instance.
#[derive(Clone, Copy)]
struct Watch<'a> {
    name: &'a str,
    weight: i32,
    reverse: bool,
}

impl<'a> From<&'a Tracked> for Watch<'a> {
    fn from(tracked: &'a Tracked) -> Self {
        Self { name: &tracked.name, weight: tracked.weight, reverse: tracked.reverse }
    }
}

impl<'a> From<&'a TrackedInterface> for Watch<'a> {
    fn from(tracked: &'a TrackedInterface) -> Self {
        Self { name: &tracked.interface, weight: tracked.weight, reverse: tracked.reverse }
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
fn weighed(one: Watch<'_>, good: bool) -> i64 {
    if (one.weight > 0) != good {
        return 0;
    }
    let weight = i64::from(one.weight);
    if one.reverse { -weight } else { weight }
}

fn file_status(one: Watch<'_>, watched: &Watched) -> i64 {
    status_of(one, watched.files.get(one.name).copied().unwrap_or(0))
}

fn status_of(one: Watch<'_>, value: i32) -> i64 {
    let value = i64::from(value);
    if one.weight == 0 {
        return if (value != 0) == one.reverse { 0 } else { FILE_FAULT };
    }
    let product = value * i64::from(one.weight);
    if one.reverse { -product } else { product }
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

    #[test]
    fn a_route_makes_an_interface_vital_that_is_not_tracked_by_itself() {
        let vital = |keywords: &str| {
            let text = format!(
                "vrrp_instance A {{\n interface eth0\n virtual_router_id 51\n dont_track_primary\n {keywords}\n}}\n"
            );
            let config = configuration_text::read(&text);
            let watched = Watched::new(&config);
            let tracking = Tracking { config: &config.instances[0], group: None, watched: &watched };
            tracking.faults().contains(&Fault::Interface("eth0".into()))
        };
        assert!(!vital("virtual_ipaddress {\n 192.0.2.10 dev eth0\n }"));
        assert!(vital("virtual_routes {\n 203.0.113.0/24 dev eth0\n }"));
        assert!(!vital("virtual_routes {\n 203.0.113.0/24 dev eth0 no_track\n }"));
    }

    #[test]
    fn what_instance_and_group_watch_counts_once() {
        let text = "vrrp_instance A {\n interface eth0\n virtual_router_id 51\n priority 100\n track_interface {\n \
                    eth1 weight 20\n eth2 weight 10\n eth3\n }\n}\nvrrp_sync_group G {\n group {\n A\n }\n \
                    sync_group_tracking_weight\n track_interface {\n eth1 weight 5\n eth3 weight 7\n eth4 weight 2\n }\n}\n";
        let config = configuration_text::read(text);
        let mut watched = Watched::new(&config);
        for name in ["eth0", "eth1", "eth2", "eth4"] {
            watched.interfaces.set_running(name, true);
        }
        let group = Some(&config.sync_groups[0].trackers);
        let tracking = Tracking { config: &config.instances[0], group, watched: &watched };
        assert_eq!(tracking.effective_priority(), 100 + 5 + 10 + 2);
        assert!(tracking.faults().contains(&Fault::Interface("eth3".into())));
    }
}
