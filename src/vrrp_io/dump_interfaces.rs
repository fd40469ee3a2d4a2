//! The sections of interfaces and of their announcements in what SIGUSR1 and `-d` show.

use std::collections::BTreeSet;
use std::net::IpAddr;

use crate::ir::keepalived::global::DynamicInterfaces;
use crate::ir::keepalived::instance::Instance;
use crate::ir::keepalived::{InterfaceDelays, Keepalived, Rule, VirtualAddress};
use crate::primitives::monotonic::Monotonic;
use crate::vrrp::instance::VirtualRouter;
use crate::wire::netlink::link::{Ipv4Setting, Link, link_flag};

use super::dump::own_device;
use super::dump_source::Source;
use super::vmac;

/// linux/if_arp.h
const HARDWARE_ETHERNET: u16 = 1;
const HARDWARE_INFINIBAND: u16 = 32;
const HARDWARE_LOOPBACK: u16 = 772;

/// Every interface with its addresses and with the instances that follow it.
pub(super) fn lines(source: &Source<'_>) -> Vec<String> {
    let mut lines = vec!["------< Interfaces >------".to_owned()];
    let delays = source.devices.link_delays(&source.config.interface_delays);
    let links = source.kernel.links.values();
    let (made, found): (Vec<&Link>, Vec<&Link>) = links.partition(|link| source.devices.made(link.index));
    // keepalived knows those of the file before it makes any.
    let (to_be_made, named): (Vec<&str>, Vec<&str>) =
        missing(source).into_iter().partition(|name| device_owner(source, name).is_some());
    lines.extend(found.into_iter().flat_map(|link| interface(source, &delays, link)));
    lines.extend(named.into_iter().flat_map(|name| missing_interface(source, &delays, name)));
    lines.extend(made.into_iter().flat_map(|link| interface(source, &delays, link)));
    lines.extend(to_be_made.into_iter().flat_map(|name| missing_interface(source, &delays, name)));
    lines
}

/// The interfaces that are named in the file, or would be made, and are not there; in the order in which they are named.
fn missing<'a>(source: &Source<'a>) -> Vec<&'a str> {
    let mut all: Vec<&str> = Vec::new();
    for instance in &source.config.instances {
        let devices = source.engine.watched().device_names(&instance.name);
        let tracked = instance.trackers.interfaces.iter().map(|one| &one.interface);
        let held = instance.held_addresses().filter_map(|address| address.interface.as_ref());
        let named = instance.interface.iter().chain(tracked).chain(held).chain(devices);
        all.extend(named.map(String::as_str));
    }
    let groups = source.config.sync_groups.iter().flat_map(|group| &group.trackers.interfaces);
    all.extend(groups.map(|one| one.interface.as_str()));
    let mut known = BTreeSet::new();
    all.retain(|name| source.kernel.link_named(name).is_none() && known.insert(*name));
    all
}

/// keepalived shows the zeros of an interface that it knows nothing of.
fn missing_interface(source: &Source<'_>, delays: &[InterfaceDelays], name: &str) -> Vec<String> {
    let made = device_owner(source, name);
    let base = made.and_then(|router| router.config.interface.as_deref());
    let has_base = base.is_some_and(|base| source.kernel.link_named(base).is_some());
    let fixed = |lines: &[&str]| lines.iter().map(|line| format!("   {line}")).collect::<Vec<_>>();
    let mut lines = vec![format!(" Name = {name}")];
    lines.extend(fixed(&["index = 0 (deleted)", "IPv4 address = (none)", "IPv6 address = (none)"]));
    let below = if made.is_some() && !has_base { ", master down" } else { "" };
    lines.push(format!("   State = not UP, not RUNNING, no broadcast, no multicast{below}"));
    lines.extend(fixed(&["Seen up = 0", "Delayed state change running = false"]));
    lines.extend(delay_lines(delays, name));
    lines.extend(has_base.then(|| "   I/f created by keepalived".to_owned()));
    lines.extend(fixed(&["MTU = 0", "HW Type = UNKNOWN (0)", "NIC netlink status update"]));
    lines.extend(fixed(&["Reset ARP config counter 0", "Original arp_ignore 0", "Original arp_filter 0"]));
    lines.extend(fixed(&["rp_filter 0", "Original promote_secondaries 0", "Reset promote_secondaries counter 0"]));
    lines.extend(followers(source, name));
    lines
}

/// The instance that an interface is made for, or would be.
fn device_owner<'a>(source: &Source<'a>, name: &str) -> Option<&'a VirtualRouter> {
    source.engine.instances().iter().find(|router| own_device(source.engine, &router.config) == Some(name))
}

fn delay_lines(delays: &[InterfaceDelays], name: &str) -> [String; 2] {
    let delays = delays.iter().find(|delays| delays.interface == name);
    [
        format!("   Up debounce timer = {}us", delays.map_or(0, |delays| delays.up_us)),
        format!("   Down debounce timer = {}us", delays.map_or(0, |delays| delays.down_us)),
    ]
}

fn interface(source: &Source<'_>, delays: &[InterfaceDelays], link: &Link) -> Vec<String> {
    let mut lines = vec![format!(" Name = {}", link.name), format!("   index = {}", link.index)];
    lines.extend(addresses(source, link, false));
    lines.extend(addresses(source, link, true));
    // The loopback interface has an address of zeros, which keepalived does not show.
    if let (Some(mac), Some(broadcast)) = (link.mac.filter(|mac| *mac != [0; 6]), link.broadcast) {
        lines.push(format!("   MAC = {}", hexadecimal(mac)));
        lines.push(format!("   MAC broadcast = {}", hexadecimal(broadcast)));
    }
    lines.push(format!("   State = {}", state(source, link)));
    lines.push(format!("   Seen up = {}", u8::from(source.kernel.was_up(link.index))));
    lines.push("   Delayed state change running = false".to_owned());
    lines.extend(delay_lines(delays, &link.name));
    lines.extend(kind(source, link));
    lines.push(format!("   MTU = {}", link.mtu));
    lines.push(match link.hardware {
        HARDWARE_LOOPBACK => "   HW Type = LOOPBACK".to_owned(),
        HARDWARE_ETHERNET => "   HW Type = ETHERNET".to_owned(),
        HARDWARE_INFINIBAND => "   HW Type = INFINIBAND".to_owned(),
        other => format!("   HW Type = UNKNOWN ({other})"),
    });
    lines.push(format!("   {}", source.linkbeats.shown(&link.name)));
    lines.extend(pace(source.config, &link.name));
    lines.extend(ipv4_settings(source, link));
    let asking = source.config.instances.iter().filter(|instance| instance.promote_secondaries);
    let asking = asking.filter(|instance| instance.interface.as_ref() == Some(&link.name)).count();
    let changed = source.promote_secondaries.is_changed(&link.name);
    lines.push(format!("   Original promote_secondaries {}", told(link, Ipv4Setting::PromoteSecondaries)));
    lines.push(format!("   Reset promote_secondaries counter {}", if changed { asking } else { 0 }));
    lines.extend(source.announcer.forwarding(&link.name).map(|(at, forwards)| {
        let not = if forwards { "" } else { "Not " };
        format!("   {not}IPv6 forwarding. Last checked {}", source.moment_without_year(Some(at)))
    }));
    lines.extend(followers(source, &link.name));
    lines
}

/// What the kernel has told last, though keepalived calls it the original; `rp_filter` is what it told first.
fn ipv4_settings(source: &Source<'_>, link: &Link) -> Vec<String> {
    let mut lines = vec![
        format!("   Reset ARP config counter {}", source.devices.settings_users(&link.name)),
        format!("   Original arp_ignore {}", told(link, Ipv4Setting::ArpIgnore)),
        format!("   Original arp_filter {}", told(link, Ipv4Setting::ArpFilter)),
    ];
    lines.extend(source.kernel.told_rp_filter(link.index).map(|value| format!("   rp_filter {value}")));
    lines
}

/// As on or off.
fn told(link: &Link, setting: Ipv4Setting) -> u8 {
    u8::from(link.ipv4(setting) != 0)
}

pub(super) fn hexadecimal(mac: [u8; 6]) -> String {
    mac.map(|byte| format!("{byte:02x}")).join(":")
}

/// The address that adverts come from, and the further ones that could be.
fn addresses(source: &Source<'_>, link: &Link, v6: bool) -> Vec<String> {
    let family = if v6 { "IPv6" } else { "IPv4" };
    let own = |address: IpAddr| source.holds(address);
    let mut usable = source.kernel.usable_addresses(link.index, v6, own);
    let first = usable.next().map_or("(none)".to_owned(), |address| address.to_string());
    let mut lines = vec![format!("   {family} address = {first}")];
    let further: Vec<String> = usable.map(|address| format!("     {address}")).collect();
    if !further.is_empty() {
        lines.push(format!("   Additional {family} addresses :"));
        lines.extend(further);
    }
    lines
}

fn state(source: &Source<'_>, link: &Link) -> String {
    let is_set = |flag: u32| link.flags & flag != 0;
    let below = link.parent.filter(|_| link.is_macvlan()).and_then(|parent| source.kernel.links.get(&parent));
    let words = [
        (!is_set(link_flag::BROADCAST), ", no broadcast"),
        (is_set(link_flag::LOOPBACK), ", loopback"),
        (is_set(link_flag::POINT_TO_POINT), ", point to point"),
        (is_set(link_flag::NO_ARP), ", no arp"),
        (!is_set(link_flag::MULTICAST), ", no multicast"),
        (below.is_some_and(|below| below.flags & link_flag::UP == 0), ", master down"),
    ];
    let mut text = up_and_running(link);
    text.extend(words.into_iter().filter(|(is_said, _)| *is_said).map(|(_, word)| word));
    text
}

fn up_and_running(link: &Link) -> String {
    let word = |flag: u32| if link.flags & flag == 0 { "not " } else { "" };
    format!("{}UP, {}RUNNING", word(link_flag::UP), word(link_flag::RUNNING))
}

/// What lies below a macvlan, who made it, and whether it may become another one.
fn kind(source: &Source<'_>, link: &Link) -> Vec<String> {
    let below = link.parent.filter(|_| link.is_macvlan()).and_then(|parent| source.kernel.links.get(&parent));
    let mut lines: Vec<String> = below
        .map(|below| {
            let (name, state) = (&below.name, up_and_running(below));
            format!("   VMAC type private, underlying interface = {name}, state = {state}")
        })
        .into_iter()
        .collect();
    if source.devices.made(link.index) {
        lines.push("   I/f created by keepalived".to_owned());
    } else if source.config.global.dynamic_interfaces == DynamicInterfaces::AllowIfChanges && link.kind.is_some() {
        lines.push("   Interface type/base can be changed".to_owned());
    }
    lines
}

// ---- announcements ----

/// How fast gratuitous ARP messages may leave: `garp_group` by number, and what all other interfaces in use have, without one.
struct Pace {
    number: usize,
    garp_us: u64,
    gna_us: u64,
    interfaces: Vec<String>,
}

fn paces(config: &Keepalived) -> Vec<Pace> {
    let groups = config.garp_groups.iter().enumerate();
    let mut paces: Vec<Pace> = groups
        .map(|(place, group)| Pace {
            number: place + 1,
            garp_us: group.garp_interval_us,
            gna_us: group.gna_interval_us,
            interfaces: group.interfaces.clone(),
        })
        .collect();
    let (garp_us, gna_us) = (config.global.garp_interval_us, config.global.gna_interval_us);
    if garp_us > 0 || gna_us > 0 {
        let used = config.instances.iter().flat_map(|instance| {
            let held = instance.addresses.iter().chain(&instance.excluded_addresses);
            instance.interface.iter().chain(held.filter_map(|address| address.interface.as_ref()))
        });
        for interface in used {
            if !paces.iter().any(|pace| pace.interfaces.contains(interface)) {
                paces.push(Pace { number: 0, garp_us, gna_us, interfaces: vec![interface.clone()] });
            }
        }
    }
    paces
}

fn pace(config: &Keepalived, interface: &str) -> Vec<String> {
    let paces = paces(config);
    let Some(pace) = paces.iter().find(|pace| pace.interfaces.iter().any(|known| known == interface)) else {
        return Vec::new();
    };
    let line =
        |kind: &str, micros: u64| (micros > 0).then(|| format!("   Gratuitous {kind} interval {}ms", micros / 1000));
    let number = (pace.number > 0).then(|| format!("   Gratuitous ARP aggregation group {}", pace.number));
    [line("ARP", pace.garp_us), line("NA", pace.gna_us), number].into_iter().flatten().collect()
}

/// The groups themselves.
pub(super) fn announcement_paces(source: &Source<'_>) -> Vec<String> {
    let paces = paces(source.config);
    let mut lines = Vec::new();
    if !paces.is_empty() {
        lines.push("------< Gratuitous ARP delays >------".to_owned());
    }
    for pace in paces {
        lines.push(format!("------< GARP delay group {} >------", pace.number));
        let next = pace.interfaces.first().and_then(|interface| source.announcer.next_times(interface));
        for (place, kind, micros) in [(0, "GARP", pace.garp_us), (1, "GNA", pace.gna_us)] {
            if micros > 0 {
                lines.push(format!(" {kind} interval = {}", micros as f64 / 1e6));
                let at = next.map(|times: [Option<Monotonic>; 2]| times[place]).unwrap_or_default();
                lines.push(format!(" {kind} next time {}", source.moment_without_year(at)));
            }
        }
        lines.push(" Interfaces".to_owned());
        lines.extend(pace.interfaces.iter().map(|interface| format!("  {interface}")));
    }
    lines
}

// ---- who follows an interface ----

/// Each instance that follows an interface, once: the first reason decides the weight, unless a later one takes it back.
struct Followers<'a> {
    interface: &'a str,
    found: Vec<(&'a str, i32, bool)>,
}

/// An interface that is followed for no state's sake (keepalived's number for it).
const NOT_FOLLOWED: i32 = 255;

impl<'a> Followers<'a> {
    fn add(&mut self, instance: &'a str, interface: Option<&str>, weight: i32, reverse: bool) {
        if interface != Some(self.interface) {
            return;
        }
        match self.found.iter_mut().find(|(name, ..)| *name == instance) {
            Some((_, known, sign)) if *known != 0 && weight != NOT_FOLLOWED => (*known, *sign) = (weight, reverse),
            Some(_) => {}
            None => self.found.push((instance, weight, reverse)),
        }
    }

    fn add_instance(&mut self, instance: &'a Instance, devices: &'a [String]) {
        let name = &instance.name;
        for one in &instance.trackers.interfaces {
            self.add(name, Some(&one.interface), one.weight, one.reverse);
        }
        let own = instance.interface.as_deref();
        for interface in [own, vmac::own_name(instance, devices)] {
            self.add(name, interface, if instance.track_primary { 0 } else { NOT_FOLLOWED }, false);
        }
        let follows = |address: &&VirtualAddress| {
            let interface = address.interface.as_deref().or(own);
            address.tracked && (instance.track_primary || interface != own)
        };
        for address in instance.addresses.iter().chain(&instance.excluded_addresses).filter(follows) {
            let device = vmac::place_of(instance, address, devices).map(|(device, _)| device);
            self.add(name, device.or(address.interface.as_deref()).or(own), 0, false);
        }
        for route in instance.routes.iter().filter(|route| route.tracked) {
            self.add(name, route.interface.as_deref(), 0, false);
        }
        for rule in instance.rules.iter().filter(|rule| rule.tracked) {
            self.add_rule(name, rule);
        }
    }

    fn add_rule(&mut self, name: &'a str, rule: &Rule) {
        for interface in [&rule.input_interface, &rule.output_interface] {
            self.add(name, interface.as_deref(), 0, false);
        }
    }
}

fn followers(source: &Source<'_>, interface: &str) -> Vec<String> {
    let config = source.config;
    let mut followers = Followers { interface, found: Vec::new() };
    for instance in &config.instances {
        followers.add_instance(instance, source.engine.watched().device_names(&instance.name));
    }
    for group in &config.sync_groups {
        for one in &group.trackers.interfaces {
            for member in &group.members {
                followers.add(member, Some(&one.interface), one.weight, one.reverse);
            }
        }
    }
    for instance in &config.instances {
        for interface in &instance.static_interfaces {
            followers.add(&instance.name, Some(interface), 0, false);
        }
    }
    let line = |(name, weight, reverse): &(&str, i32, bool)| {
        format!("     {name}, weight {weight}{}", if *reverse { " reverse" } else { "" })
    };
    let title = (!followers.found.is_empty()).then(|| "   Tracking VRRP instances :".to_owned());
    title.into_iter().chain(followers.found.iter().map(line)).collect()
}
