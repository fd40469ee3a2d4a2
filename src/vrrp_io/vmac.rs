//! `use_vmac`, `use_vmac_addr` and `use_ipvlan`: interfaces on top of those that are there, with the virtual MAC address (RFC 9568
//! §7.3) or with an address of their own.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;

use crate::ir::keepalived::addresses::{Family, Prefix};
use crate::ir::keepalived::global::Global;
use crate::ir::keepalived::placement::Placement;
use crate::ir::keepalived::{Instance, InterfaceDelays, VirtualAddress};
use crate::log::keepalived_log::KeepalivedLog;
use crate::vrrp::event::InstanceId;
use crate::vrrp::instance::VirtualRouter;
use crate::wire::netlink::kind;
use crate::wire::netlink::link::{Ipv4Setting, Link, Upper};

use super::firewall::Firewall;
use super::kernel::{Kernel, error_line};
use super::reverse_path::ReversePath;

/// An interface that we made, or found from an earlier run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// It is for IPv6.
    pub ipv6: bool,
    /// The instance that it was made for.
    instance: String,
    /// The name of the interface below.
    base: String,
    kind: Kind,
    /// An instance has its place there, not only addresses.
    is_own: bool,
    /// The link-local address that adverts come from, IPv6 only.
    link_local: Option<IpAddr>,
    /// `netlink_notify_msg`
    tells_of_base: bool,
}

/// What makes two interfaces on top of one different.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    /// A macvlan with this hardware address; instances that agree in it share one.
    Macvlan([u8; 6]),
    /// An ipvlan, of one instance.
    Ipvlan(InstanceId),
}

/// An interface that an instance needs.
struct Wanted<'a> {
    config: &'a Instance,
    base: &'a str,
    kind: Kind,
    ipv6: bool,
    /// Adverts leave from it, or would if it were not for `vmac_xmit_base`.
    is_own: bool,
}

/// What it takes to make and delete interfaces.
#[derive(Debug)]
pub struct Tools<'a> {
    /// Makes them.
    pub kernel: &'a mut Kernel,
    /// Sends what the kernel says by itself out of the interface below.
    pub firewall: &'a mut Firewall,
    /// How they are called, and what is told of them.
    pub global: &'a Global,
    /// Hears of it.
    pub log: &'a KeepalivedLog,
}

/// The interfaces of all instances.
#[derive(Debug, Default)]
pub struct Devices {
    all: Vec<Device>,
    /// `arp_ignore` and `arp_filter` of the interfaces below that we have changed, as they were.
    settings: BTreeMap<String, [(Ipv4Setting, u32); 2]>,
    pub(super) reverse_path: ReversePath,
}

impl Devices {
    /// The interface that an instance has for itself.
    pub fn own(&self, router: &VirtualRouter) -> Option<&Device> {
        let wanted = wanted(router.id, &router.config).into_iter().find(|wanted| wanted.is_own)?;
        self.find(&wanted)
    }

    /// The interface that an instance's adverts leave from, if it is not the one that the file names.
    pub fn transmitting(&self, router: &VirtualRouter) -> Option<&Device> {
        let from_base = router.config.vmac.as_ref().is_some_and(|vmac| vmac.transmit_base);
        self.own(router).filter(|_| !from_base)
    }

    /// The interface for one address.
    pub fn for_address(&self, config: &Instance, base: &str, family: Family) -> Option<&Device> {
        let mac = Kind::Macvlan(mac(config, family));
        self.all.iter().find(|device| device.base == base && device.kind == mac)
    }

    /// Whose link-local address is the source of the adverts of an interface below.
    pub fn link_local_of(&self, base: &str) -> Option<&Device> {
        self.all.iter().find(|device| device.base == base && device.link_local.is_some())
    }

    fn find(&self, wanted: &Wanted<'_>) -> Option<&Device> {
        self.all.iter().find(|device| device.base == wanted.base && device.kind == wanted.kind)
    }

    /// The interface that one of them stands on.
    pub fn base_of(&self, name: &str) -> Option<&str> {
        self.all.iter().find(|device| device.name == name).map(|device| device.base.as_str())
    }

    /// Those of instances go up and down with what they stand on, and as late (keepalived).
    pub fn link_delays(&self, configured: &[InterfaceDelays]) -> Vec<InterfaceDelays> {
        let own = self.all.iter().filter(|device| device.is_own).filter_map(|device| {
            let below = configured.iter().find(|delays| delays.interface == device.base)?;
            Some(InterfaceDelays { interface: device.name.clone(), ..below.clone() })
        });
        configured.iter().cloned().chain(own).collect()
    }

    /// Whether an interface is one of them.
    pub fn made(&self, index: u32) -> bool {
        self.all.iter().any(|device| device.index == index)
    }

    /// Takes over the interfaces that another process has made.
    pub fn adopt(&mut self, routers: &[VirtualRouter], tools: &mut Tools<'_>) {
        for wanted in routers.iter().flat_map(|router| wanted(router.id, &router.config)) {
            if let Some(link) = existing(&wanted, tools.kernel).cloned() {
                let link_local = link_local(&wanted, tools.kernel);
                self.add(device(&wanted, &link, link_local), &wanted, tools);
            }
        }
    }

    /// keepalived looks for them anew at a reload, and says what it finds.
    pub fn log_found(&self, routers: &[VirtualRouter], log: &KeepalivedLog) {
        for router in routers {
            if let Some(device) = self.own(router) {
                log.info(&format!("({}) Found matching interface {}", router.config.name, device.name));
            }
        }
    }

    /// Makes the interfaces that the instances at these places want and do not have, where there is one to stand on.
    pub fn create_missing(&mut self, routers: &[VirtualRouter], places: RangeInclusive<usize>, tools: &mut Tools<'_>) {
        let names: Vec<String> = routers.iter().filter_map(|router| configured_name(&router.config)).collect();
        let chosen = routers.iter().enumerate().filter(|(place, _)| places.contains(place));
        for wanted in chosen.flat_map(|(_, router)| wanted(router.id, &router.config)) {
            if self.find(&wanted).is_none() && tools.kernel.link_named(wanted.base).is_some() {
                self.create(&wanted, &names, tools);
            }
        }
    }

    /// The names of an instance's interfaces, made or to be made.
    pub fn names(&self, router: &VirtualRouter, tools: &Tools<'_>) -> Vec<String> {
        let name_of = |wanted: &Wanted<'_>| match self.find(wanted) {
            Some(device) => device.name.clone(),
            None => name(wanted, &[], tools),
        };
        wanted(router.id, &router.config).iter().map(name_of).collect()
    }

    /// Somebody deleted an interface.
    pub fn forget(&mut self, index: u32, tools: &mut Tools<'_>) {
        for device in self.all.extract_if(.., |device| device.index == index) {
            forget_in_firewall(&device, tools);
        }
    }

    fn create(&mut self, wanted: &Wanted<'_>, names: &[String], tools: &mut Tools<'_>) {
        let instance = &wanted.config.name;
        let link_local = link_local(wanted, tools.kernel);
        if let Some(link) = existing(wanted, tools.kernel).cloned() {
            tools.log.info(&format!("({instance}) Found matching interface {}", link.name));
            return self.add(device(wanted, &link, link_local), wanted, tools);
        }
        let name = name(wanted, names, tools);
        let what = if matches!(wanted.kind, Kind::Macvlan(_)) { "VMAC" } else { "ipvlan" };
        match make(wanted, &name, tools) {
            Ok(link) => {
                tools.log.detail(&format!("({instance}): Success creating {what} interface {name}"));
                self.set_ipv4(wanted, &link, tools);
                self.add(device(wanted, &link, link_local), wanted, tools);
            }
            Err(error) => {
                tools.log.info(&error_line(&error, kind::NEW_LINK, tools.kernel.sequence()));
                tools.log.info(&format!("({instance}): Unable to create {what} interface {name}"));
            }
        }
    }

    /// What an interface needs once it is there.
    fn add(&mut self, device: Device, wanted: &Wanted<'_>, tools: &mut Tools<'_>) {
        let base = tools.kernel.link_named(wanted.base).cloned().unwrap_or_default();
        let has_other = wanted.is_own && wanted.config.has_other_family();
        let has_ipv6 = wanted.ipv6 || has_other;
        // A kernel without IPv6 has no such file.
        let disable_ipv6 = format!("/proc/sys/net/ipv6/conf/{}/disable_ipv6", device.name);
        let _ = fs::write(disable_ipv6, if has_ipv6 { "0" } else { "1" });
        if matches!(device.kind, Kind::Macvlan(_)) {
            if wanted.ipv6 || !tools.global.disable_local_igmp {
                let families = [false, true].into_iter().filter(|ipv6| *ipv6 == wanted.ipv6 || has_other);
                for ipv6 in families {
                    note(tools.firewall.change_device(true, ipv6, (device.index, base.index)), tools);
                }
            }
            // Not before the interface is up: the kernel would have given it an address of its own.
            note_link(tools.kernel.set_up_without_address(device.index), tools);
            self.add_link_local(&device, tools.kernel);
            if device.tells_of_base {
                note_link(tools.kernel.tell_again(&base), tools);
            }
        } else if let Some(address) = wanted.config.ipvlan.as_ref().and_then(|ipvlan| ipvlan.address)
            && tools.kernel.add_plain_address(address, device.index, None).is_err()
        {
            tools.log.info(&format!("{}: Failed to add interface address to {}", wanted.config.name, device.name));
        }
        let _ = tools.kernel.refresh();
        self.all.push(device);
    }

    fn add_link_local(&self, device: &Device, kernel: &mut Kernel) {
        if let Some(address) = device.link_local {
            // It may be there from an earlier run.
            let _ = kernel.add_plain_address(Prefix { address, length: 64 }, device.index, Some(0));
        }
    }

    /// An interface came up: the kernel took its address when it went down.
    pub fn came_up(&self, index: u32, kernel: &mut Kernel) {
        for device in self.all.iter().filter(|device| device.index == index) {
            self.add_link_local(device, kernel);
        }
    }

    /// Deletes the interfaces that no instance needs any more.
    pub fn remove_unused(&mut self, routers: &[VirtualRouter], tools: &mut Tools<'_>) {
        let wanted: Vec<Wanted<'_>> = routers.iter().flat_map(|router| wanted(router.id, &router.config)).collect();
        let is_wanted =
            |device: &Device| wanted.iter().any(|wanted| (wanted.base, wanted.kind) == (&device.base, device.kind));
        for device in self.all.extract_if(.., |device| !is_wanted(device)).collect::<Vec<_>>() {
            self.remove(&device, tools);
        }
    }

    /// Deletes all of them: the daemon ends.
    pub fn remove_all(&mut self, tools: &mut Tools<'_>) {
        self.reverse_path.restore(tools.log);
        while !self.all.is_empty() {
            let device = self.all.remove(0);
            self.remove(&device, tools);
        }
    }

    fn remove(&mut self, device: &Device, tools: &mut Tools<'_>) {
        let Device { instance, name, .. } = device;
        if self.all.iter().all(|other| other.ipv6 || other.base != device.base)
            && let Some(before) = self.settings.remove(&device.base)
            && let Some(base) = tools.kernel.link_named(&device.base).map(|base| base.index)
        {
            note_link(tools.kernel.set_ipv4(base, &before), tools);
        }
        forget_in_firewall(device, tools);
        match tools.kernel.delete_link(device.index) {
            Ok(()) => tools.log.detail(&format!("({instance}) Success removing VMAC interface {name}")),
            Err(error) => {
                tools.log.info(&error_line(&error, kind::DEL_LINK, tools.kernel.sequence()));
                tools.log.info(&format!("({instance}) Error removing VMAC interface {name}"));
            }
        }
        if let Some(base) = tools.kernel.link_named(&device.base).cloned().filter(|_| device.tells_of_base) {
            note_link(tools.kernel.tell_again(&base), tools);
        }
    }

    /// The interface below must not answer for the virtual addresses, and the new one accepts what looks like our own packets
    /// (keepalived sets exactly these).
    fn set_ipv4(&mut self, wanted: &Wanted<'_>, link: &Link, tools: &mut Tools<'_>) {
        use Ipv4Setting::{AcceptLocal, ArpFilter, ArpIgnore, PromoteSecondaries, RpFilter};
        if !matches!(wanted.kind, Kind::Macvlan(_)) {
            return;
        }
        self.reverse_path.leave_to_interfaces(tools.log);
        let all = [(ArpIgnore, 1), (AcceptLocal, 1), (RpFilter, 0), (PromoteSecondaries, 1)];
        let own = if wanted.ipv6 { &all[..1] } else { &all[..] };
        note_link(tools.kernel.set_ipv4(link.index, own), tools);
        let Some(base) = tools.kernel.link_named(wanted.base).filter(|_| !wanted.ipv6) else { return };
        let (index, before) = (base.index, [ArpIgnore, ArpFilter].map(|setting| (setting, base.ipv4(setting))));
        if !self.settings.contains_key(wanted.base) && before.iter().any(|(_, value)| *value != 1) {
            note_link(tools.kernel.set_ipv4(index, &before.map(|(setting, _)| (setting, 1))), tools);
            self.settings.insert(wanted.base.to_owned(), before);
        }
    }

    /// How many interfaces count on the changed settings of the one below.
    pub fn settings_users(&self, base: &str) -> usize {
        let is_user = |device: &&Device| !device.ipv6 && device.base == base && matches!(device.kind, Kind::Macvlan(_));
        if self.settings.contains_key(base) { self.all.iter().filter(is_user).count() } else { 0 }
    }
}

fn forget_in_firewall(device: &Device, tools: &mut Tools<'_>) {
    let base = tools.kernel.link_named(&device.base).map_or(0, |base| base.index);
    for ipv6 in [false, true] {
        note(tools.firewall.change_device(false, ipv6, (device.index, base)), tools);
    }
}

fn note(outcome: io::Result<()>, tools: &Tools<'_>) {
    if let Err(error) = outcome {
        tools.log.info(&format!("nftables: {error}"));
    }
}

fn note_link(outcome: io::Result<()>, tools: &Tools<'_>) {
    if let Err(error) = outcome {
        tools.log.info(&error_line(&error, kind::NEW_LINK, tools.kernel.sequence()));
    }
}

/// The interfaces that an instance needs: its own first, then those of its addresses.
fn wanted(id: InstanceId, config: &Instance) -> Vec<Wanted<'_>> {
    let mut all: Vec<Wanted<'_>> = Vec::new();
    let own = match (&config.vmac, &config.ipvlan) {
        (Some(_), _) => Some(Kind::Macvlan(mac(config, config.family))),
        (None, Some(_)) => Some(Kind::Ipvlan(id)),
        (None, None) => None,
    };
    if let (Some(kind), Some(base)) = (own, config.interface.as_deref()) {
        all.push(Wanted { config, base, kind, ipv6: config.family == Family::V6, is_own: true });
    }
    for address in config.held_addresses() {
        if let Some(Placement::OnTop(base)) = config.placement(address) {
            let family = Family::of(address.prefix.address);
            let kind = Kind::Macvlan(mac(config, family));
            if !all.iter().any(|known| (known.base, known.kind) == (base, kind)) {
                all.push(Wanted { config, base, kind, ipv6: family == Family::V6, is_own: false });
            }
        }
    }
    all
}

/// The interface that an instance has for itself, made or to be made, among all of them as [`Devices::names`] gives them.
pub fn own_name<'a>(config: &Instance, names: &'a [String]) -> Option<&'a str> {
    let has_own = config.vmac.is_some() || config.ipvlan.is_some();
    names.first().filter(|_| has_own).map(String::as_str)
}

/// The one that its adverts leave from, if that is not the interface of the file.
pub fn transmitting_name<'a>(config: &Instance, names: &'a [String]) -> Option<&'a str> {
    own_name(config, names).filter(|_| !config.vmac.as_ref().is_some_and(|vmac| vmac.transmit_base))
}

/// The interface on top of another one that an address goes to, and that other one. `names` are all of the instance, as
/// [`Devices::names`] gives them.
pub fn place_of<'a>(config: &'a Instance, address: &VirtualAddress, names: &'a [String]) -> Option<(&'a str, &'a str)> {
    let is_it = |wanted: &Wanted<'_>| match config.placement(address) {
        Some(Placement::Own) => wanted.is_own,
        Some(Placement::OnTop(base)) => {
            let family = Family::of(address.prefix.address);
            (wanted.base, wanted.kind) == (base, Kind::Macvlan(mac(config, family)))
        }
        Some(Placement::Plain(_)) | None => false,
    };
    let all = wanted(InstanceId(0), config);
    all.iter().zip(names).find(|(wanted, _)| is_it(wanted)).map(|(wanted, name)| (name.as_str(), wanted.base))
}

/// The interfaces that an earlier process has made for an instance.
pub fn left_over<'k>(config: &Instance, kernel: &'k Kernel) -> Vec<&'k Link> {
    let all = wanted(InstanceId(0), config);
    all.iter().filter_map(|wanted| existing(wanted, kernel)).collect()
}

/// The interface that an earlier process has made: by its address and what it stands on, or by its name.
fn existing<'k>(wanted: &Wanted<'_>, kernel: &'k Kernel) -> Option<&'k Link> {
    let base = kernel.link_named(wanted.base)?.index;
    let is_it = |link: &&Link| match wanted.kind {
        Kind::Macvlan(mac) => link.mac == Some(mac),
        Kind::Ipvlan(_) => configured_name(wanted.config).is_some_and(|name| name == link.name),
    };
    kernel.links.values().filter(|link| link.parent == Some(base)).find(is_it)
}

/// 00-00-5E-00-01-VRID for IPv4, 02 for IPv6, if no other is configured.
fn mac(config: &Instance, family: Family) -> [u8; 6] {
    let number = if family == Family::V6 { 2 } else { 1 };
    config.vmac_address.unwrap_or([0, 0, 0x5e, 0, number, config.virtual_router_id])
}

fn configured_name(config: &Instance) -> Option<String> {
    let vmac = config.vmac.as_ref().and_then(|vmac| vmac.interface.clone());
    vmac.or_else(|| config.ipvlan.as_ref().and_then(|ipvlan| ipvlan.interface.clone()))
}

/// As configured, else the first free one of vrrp.VRID, vrrp1.VRID, vrrp2.VRID …; IPv6 tries vrrp6.VRID first.
fn name(wanted: &Wanted<'_>, configured: &[String], tools: &Tools<'_>) -> String {
    if let Some(name) = configured_name(wanted.config).filter(|_| wanted.is_own) {
        return name;
    }
    let for_address = tools.global.vmac_address_prefix.as_ref().filter(|_| !wanted.is_own);
    let prefix = for_address.unwrap_or(&tools.global.vmac_prefix);
    let vrid = wanted.config.virtual_router_id;
    let six = wanted.ipv6.then_some(6);
    let numbers = six.into_iter().chain((1..).filter(|number| Some(*number) != six));
    let numbered = numbers.map(|number: u32| format!("{prefix}{number}.{vrid}"));
    let mut names = std::iter::once(format!("{prefix}.{vrid}")).chain(numbered);
    let is_taken = |name: &String| tools.kernel.link_named(name).is_some() || configured.contains(name);
    names.find(|name| !is_taken(name)).unwrap_or_default()
}

fn make(wanted: &Wanted<'_>, name: &str, tools: &mut Tools<'_>) -> io::Result<Link> {
    let kernel = &mut *tools.kernel;
    let base = kernel.link_named(wanted.base).cloned().ok_or(io::ErrorKind::NotFound)?;
    let is_vrf = |index: &u32| kernel.links.get(index).is_some_and(|link| link.vrf_table.is_some());
    let vmac_group = wanted.config.vmac.as_ref().and_then(|vmac| vmac.group);
    let group = vmac_group.or_else(|| wanted.config.ipvlan.as_ref()?.group).filter(|_| wanted.is_own);
    let upper =
        Upper { name, parent: base.index, group: group.unwrap_or(base.group), master: base.master.filter(is_vrf) };
    match (wanted.kind, &wanted.config.ipvlan) {
        (Kind::Macvlan(mac), _) => kernel.create_link(name, |sequence| upper.create_macvlan(sequence, mac)),
        (Kind::Ipvlan(_), ipvlan) => {
            let flags = ipvlan.as_ref().map_or(0, |ipvlan| ipvlan.mode as u16);
            kernel.create_link(name, |sequence| upper.create_ipvlan(sequence, flags))
        }
    }
}

fn device(wanted: &Wanted<'_>, link: &Link, link_local: Option<IpAddr>) -> Device {
    Device {
        name: link.name.clone(),
        index: link.index,
        ipv6: wanted.ipv6,
        is_own: wanted.is_own,
        instance: wanted.config.name.clone(),
        base: wanted.base.to_owned(),
        kind: wanted.kind,
        link_local,
        tells_of_base: wanted.is_own && wanted.config.vmac.as_ref().is_some_and(|vmac| vmac.netlink_notify),
    }
}

/// Where IPv6 adverts come from: a virtual MAC address is not to be sent from a virtual address. As configured, else that of the
/// interface below, else what its hardware address gives (RFC 4291 appendix A).
fn link_local(wanted: &Wanted<'_>, kernel: &Kernel) -> Option<IpAddr> {
    let from_base = wanted.is_own && wanted.config.vmac.as_ref().is_some_and(|vmac| vmac.transmit_base);
    if !wanted.ipv6 || from_base || !matches!(wanted.kind, Kind::Macvlan(_)) {
        return None;
    }
    let base = kernel.link_named(wanted.base)?;
    let configured = wanted.config.source_address.filter(|source| wanted.is_own && source.is_ipv6());
    configured.or_else(|| kernel.link_local_address(base.index)).or_else(|| {
        let [a, b, c, d, e, f] = base.mac?;
        let end = [a ^ 2, b, c, 0xff, 0xfe, d, e, f];
        Some(IpAddr::V6(Ipv6Addr::from_bits(0xfe80 << 112 | u128::from(u64::from_be_bytes(end)))))
    })
}
