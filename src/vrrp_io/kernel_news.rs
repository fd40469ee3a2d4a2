//! What the kernel tells of interfaces, addresses, routes and rules, and what follows from it.

use std::collections::BTreeSet;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use crate::ir::keepalived::{Instance, Route, Rule};
use crate::vrrp::Event;
use crate::vrrp::event::InstanceId;
use crate::vrrp::instance::{StateName, VirtualRouter};
use crate::wire::netlink::addr::Address;
use crate::wire::netlink::link::Link;
use crate::wire::netlink::removal;
use crate::wire::vrrp::Family;

use super::driver::{Driver, now};
use super::dump_interfaces::hexadecimal;
use super::kernel::{Kernel, News};
use super::static_items;
use super::vmac::{self, Devices, Tools};

impl Driver<'_> {
    /// What a configuration wants of interfaces, and all that is known of them. The answer holds the instances on interfaces that
    /// were there before.
    pub(super) fn prepare_kernel(&mut self) -> Vec<InstanceId> {
        let before: BTreeSet<String> = self.kernel.links.values().map(|link| link.name.clone()).collect();
        self.follow_routing();
        let mut told = BTreeSet::new();
        let first_for_firewall = self.config.instances.iter().position(Instance::needs_firewall);
        let first_for_firewall = first_for_firewall.filter(|_| self.config.global.nftables_table.is_none());
        for place in 0..self.engine.instances().len() {
            if first_for_firewall == Some(place) {
                self.log.info("use_vmac or no_accept/strict specified, but no firewall configured - using nftables");
            }
            self.log_addresses(place, &mut told);
            self.create_missing_devices(place..=place);
        }
        let of_groups = self.config.sync_groups.iter().flat_map(|group| &group.trackers.interfaces);
        for one in of_groups {
            self.log_addresses_of(&one.interface, &mut told);
        }
        // What they were on their way up is no news to anybody.
        self.kernel.news();
        self.begin_linkbeats();
        self.tell_everything();
        self.tell_devices();
        let is_old = |router: &&VirtualRouter| {
            let config = &router.config;
            let own = vmac::own_name(config, self.engine.watched().device_names(&config.name));
            own.or(config.interface.as_deref()).is_none_or(|name| before.contains(name))
        };
        self.engine.instances().iter().filter(is_old).map(|router| router.id).collect()
    }

    fn create_missing_devices(&mut self, places: RangeInclusive<usize>) {
        self.with_devices(|devices, routers, tools| devices.create_missing(routers, places, tools));
        self.link_delays.configure(&self.devices.link_delays(&self.config.interface_delays));
    }

    /// Tells the engine which interfaces are made for whom.
    fn tell_devices(&mut self) {
        let mut told = Vec::new();
        self.with_devices(|devices, routers, tools| {
            told = routers.iter().map(|router| (router.config.name.clone(), devices.names(router, tools))).collect();
        });
        for (instance, names) in told {
            if self.engine.watched().device_names(&instance) != names {
                self.step(&Event::Devices { instance, names });
            }
        }
    }

    /// keepalived makes an interface again that somebody has deleted, once there is something for it to stand on.
    fn restore_devices(&mut self) {
        self.create_missing_devices(0..=usize::MAX);
        self.tell_devices();
    }

    /// Somebody deleted an interface that was made for an instance. Who is master still, or again already, has its addresses nowhere.
    fn device_gone(&mut self, link: &Link) {
        let has_it = |instance: &str| self.engine.watched().device_names(instance).contains(&link.name);
        let routers = self.engine.instances().iter().filter(|router| has_it(&router.config.name));
        for instance in routers.map(|router| router.id).collect::<Vec<_>>() {
            self.step(&Event::Removed { instance });
        }
        self.with_devices(|devices, _, tools| devices.forget(link.index, tools));
        self.restore_devices();
    }

    pub(super) fn with_devices(&mut self, change: impl FnOnce(&mut Devices, &[VirtualRouter], &mut Tools<'_>)) {
        let Self { kernel, firewall, log, config, devices, engine, .. } = self;
        change(devices, engine.instances(), &mut Tools { kernel, firewall, global: &config.global, log });
    }

    /// Tells the engine of every interface that it may ask for.
    fn tell_everything(&mut self) {
        let links: Vec<Link> = self.kernel.links.values().cloned().collect();
        for Link { index, name: interface, running, flags, .. } in links {
            self.link_delays.set(&interface, flags);
            let running = self.linkbeats.running(&interface).unwrap_or(running);
            self.step(&Event::Link { interface: interface.clone(), running });
            self.tell_addresses(index, &interface);
        }
    }

    /// Asks for the links that the configuration wants asked for, if anybody follows them.
    fn begin_linkbeats(&mut self) {
        let mut wanted = self.config.linkbeats.clone();
        wanted.retain(|linkbeat| {
            let is_followed = self.is_followed(&linkbeat.interface);
            if !is_followed {
                let interface = &linkbeat.interface;
                self.log.info(&format!("Turning off linkbeat for {interface} since not used for tracking"));
            }
            is_followed
        });
        let Self { linkbeats, kernel, log, .. } = self;
        if let Err(error) = linkbeats.configure(&wanted, |name| kernel.link_named(name).is_some(), now(), log) {
            log.info(&format!("open linkbeat init socket failed - {error}"));
        }
    }

    /// The links that are asked for, and have changed.
    pub(super) fn ask_links(&mut self) -> Vec<(String, bool)> {
        let Self { linkbeats, kernel, log, .. } = self;
        linkbeats.due(|name| kernel.link_named(name).is_some(), now(), log)
    }

    /// Whether an instance has its place on an interface.
    fn is_primary(&self, interface: &str) -> bool {
        self.engine.instances().iter().any(|router| router.config.interface.as_deref() == Some(interface))
    }

    /// keepalived tells the addresses of an interface when an instance has its place there, unless one follows it for another
    /// reason already.
    fn log_addresses(&self, place: usize, told: &mut BTreeSet<String>) {
        let config = &self.engine.instances()[place].config;
        told.extend(config.trackers.interfaces.iter().map(|one| one.interface.clone()));
        if let Some(name) = &config.interface {
            self.log_addresses_of(name, told);
        }
        told.extend(config.held_addresses().filter_map(|address| address.interface.clone()));
    }

    fn log_addresses_of(&self, name: &str, told: &mut BTreeSet<String>) {
        let Some(link) = self.kernel.link_named(name).filter(|_| told.insert(name.to_owned())) else { return };
        for address in [false, true].map(|v6| self.primary_address(link.index, v6)).into_iter().flatten() {
            self.log.detail(&format!("Assigned address {address} for interface {name}"));
        }
    }

    fn tell_addresses(&mut self, index: u32, interface: &str) {
        for (family, v6) in [(Family::Ipv4, false), (Family::Ipv6, true)] {
            let address = self.primary_address(index, v6);
            self.step(&Event::PrimaryAddress { interface: interface.to_owned(), family, address });
        }
    }

    pub(super) fn primary_address(&self, index: u32, v6: bool) -> Option<IpAddr> {
        // Adverts that leave from an interface with a virtual MAC address have its address, which has no need to be tested.
        let name = self.kernel.links.get(&index).map(|link| link.name.as_str()).filter(|_| v6);
        if let Some(device) = name.and_then(|name| self.devices.link_local_of(name)) {
            return self.kernel.link_local_address(device.index);
        }
        self.kernel.primary_address(index, v6, |address| self.holder(address).is_some())
    }

    /// The instance that an address belongs to.
    fn holder(&self, address: IpAddr) -> Option<InstanceId> {
        self.engine.instances().iter().find(|router| router.config.holds(address)).map(|router| router.id)
    }

    pub(super) fn take_kernel_news(&mut self) {
        for news in self.kernel.news() {
            match news {
                News::Link { link, came_up, before } => {
                    self.log_link(&link, before);
                    if self.linkbeats.running(&link.name).is_none()
                        && let Some(running) = self.link_delays.change(&link.name, link.flags, now(), self.log)
                    {
                        self.link_changed(&link.name, running, came_up);
                    }
                    if came_up {
                        self.devices.came_up(link.index, &mut self.kernel);
                        if self.is_primary(&link.name) {
                            self.restore_devices();
                        }
                    }
                    self.open_sockets();
                }
                News::LinkGone(link) => {
                    self.link_delays.set(&link.name, 0);
                    self.linkbeats.gone(&link.name);
                    self.step(&Event::Link { interface: link.name.clone(), running: false });
                    self.tell_addresses(link.index, &link.name);
                    let line = format!("Interface {} deleted", link.name);
                    if self.is_followed(&link.name) {
                        self.log.info(&line)
                    } else {
                        self.log.detail(&line)
                    }
                    if self.devices.made(link.index) {
                        self.device_gone(&link);
                    }
                    self.open_sockets();
                }
                News::AddressAdded(address, name) => self.address_changed(&address, &name, false),
                News::AddressRemoved(address, name) => self.address_changed(&address, &name, true),
                News::RouteRemoved(route) => self.route_removed(&route),
                News::RuleRemoved(rule) => self.rule_removed(&rule),
                News::Lost => {
                    let reason = "Receive buffer overrun on monitor socket - (No buffer space available)";
                    self.log.info(&format!("Netlink: {reason}"));
                }
            }
        }
    }

    /// What is new in an interface.
    fn log_link(&self, link: &Link, before: Option<Link>) {
        let Some(before) = before else { return self.log.detail(&format!("Interface {} added", link.name)) };
        let macs = [("Address", before.mac, link.mac), ("Broadcast", before.broadcast, link.broadcast)];
        for (what, before, now) in macs {
            if let (Some(before), Some(now)) = (before, now)
                && before != now
            {
                let [before, now] = [before, now].map(hexadecimal);
                self.log.detail(&format!("({}) MAC {what} changed from {before} to {now}", link.name));
            }
        }
    }

    /// Whether an instance depends on an interface.
    fn is_followed(&self, interface: &str) -> bool {
        let of_groups = self.config.sync_groups.iter().map(|group| &group.trackers);
        let trackers = self.config.instances.iter().map(|instance| &instance.trackers).chain(of_groups);
        let mut tracked = trackers.flat_map(|trackers| &trackers.interfaces);
        let mut devices = self.engine.watched().devices.values().flatten();
        self.is_primary(interface)
            || tracked.any(|one| one.interface == interface)
            || devices.any(|device| device == interface)
    }

    fn route_removed(&mut self, route: &removal::Route) {
        let is_it = |config: &Route| self.kernel.is_route(route, config);
        let mut routers = self.engine.instances().iter();
        if let Some(instance) = routers.find(|router| router.config.routes.iter().any(is_it)).map(|router| router.id) {
            self.step(&Event::Removed { instance });
        } else if let Some(place) = self.config.static_routes.iter().position(is_it) {
            static_items::restore_route(&mut self.kernel, &self.config.static_routes[place], self.log);
        }
    }

    fn rule_removed(&mut self, rule: &removal::Rule) {
        let is_it = |config: &&Rule| Kernel::is_rule(rule, config);
        let mut routers = self.engine.instances().iter();
        let holder = routers.find(|router| router.config.rules.iter().any(|config| is_it(&config)));
        if let Some(instance) = holder.map(|router| router.id) {
            self.step(&Event::Removed { instance });
        } else if let Some(config) = self.config.static_rules.iter().find(is_it) {
            static_items::restore_rule(&mut self.kernel, config, self.log);
        }
    }

    /// Routes and rules that go away matter to those who have some.
    fn follow_routing(&self) {
        let config = &self.config;
        let has_some = |one: &Instance| !one.routes.is_empty() || !one.rules.is_empty();
        let has_static = !config.static_routes.is_empty() || !config.static_rules.is_empty();
        if let Err(error) = self.kernel.follow_routing(has_static || config.instances.iter().any(has_some)) {
            self.log.info(&format!("Netlink: routes and rules are not followed: {error}"));
        }
    }

    pub(super) fn link_changed(&mut self, interface: &str, running: bool, came_up: bool) {
        self.step(&Event::Link { interface: interface.to_owned(), running });
        if came_up {
            static_items::restore_interface(&mut self.kernel, &self.config, interface, self.log);
        }
    }

    fn address_changed(&mut self, changed: &Address, name: &str, removed: bool) {
        let (address, index) = (changed.address, changed.interface);
        if let Some(instance) = self.holder(address) {
            let expected = self.expected_removals.iter().position(|known| *known == (address, index));
            match (removed, expected) {
                (true, Some(place)) => {
                    self.expected_removals.swap_remove(place);
                }
                (true, None) => {
                    let is_master = |router: &VirtualRouter| router.state() == StateName::Master;
                    if self.options.monitors_addresses || self.engine.instance(instance).is_some_and(is_master) {
                        self.log_address(address, name, true);
                    }
                    self.step(&Event::Removed { instance });
                }
                (false, _) => {}
            }
            return;
        }
        if self.options.monitors_addresses {
            self.log_address(address, name, removed);
        }
        self.tell_addresses(index, name);
        self.open_sockets();
        if removed {
            static_items::restore_address(&mut self.kernel, &self.config, address, index, self.log);
        }
    }

    pub(super) fn log_monitored_addresses(&self) {
        for address in self.kernel.addresses.iter().filter(|_| self.options.monitors_addresses) {
            let interface = self.kernel.links.get(&address.interface).map_or("", |link| link.name.as_str());
            self.log_address(address.address, interface, false);
        }
    }

    fn log_address(&self, address: IpAddr, interface: &str, removed: bool) {
        let change = if removed { "removed from" } else { "added to" };
        let text = format!("Netlink reflector reports IP {address} {change} {interface}");
        if self.options.monitors_addresses { self.log.info(&text) } else { self.log.detail(&text) }
    }
}
