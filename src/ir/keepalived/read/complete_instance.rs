//! From a `vrrp_instance` as written to one that can run: defaults, strict mode, contradictions.

use std::net::IpAddr;

use crate::conf::keepalived::report::{Fault, Report};
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::addresses::VirtualAddress;
use crate::ir::keepalived::instance::{HmacMode, Instance};

use super::Reading;
use super::authentication::Kind;
use super::completion::{Completion, say};
use super::finish_instance::finish;
use super::instance_draft::Draft;

const SECOND_US: u64 = 1_000_000;

/// Completes one instance; `None` if keepalived refuses to start with it.
pub(super) fn complete_instance(reading: &Reading<'_>, reports: &mut Vec<Report>, draft: Draft) -> Option<Instance> {
    let strict = draft.strict.unwrap_or(reading.global.ir.instances.strict);
    let family = draft.family.unwrap_or_default();
    let interface = draft.interface.as_ref().and_then(|name| reading.system.interface(name));
    let authentication = draft.authentication.kind;
    let mut completion = Completion {
        reading,
        reports,
        strict,
        version: 0,
        family,
        priority: 0,
        wants_master: false,
        unicast: false,
        interface,
        authentication,
        draft,
    };
    completion.version_and_priority();
    completion.check_authentication();
    completion.check_hmac();
    completion.choose_destination()?;
    completion.check_interface();
    completion.limit_addresses();
    completion.check_preemption();
    completion.check_accept();
    completion.set_announcements();
    completion.set_adverts();
    completion.set_interval();
    completion.check_own_interface();
    completion.check_addresses()?;
    completion.check_weights();
    Some(finish(completion))
}

impl Completion<'_, '_> {
    fn say(&mut self, text: impl AsRef<str>) {
        let text = format!("({}) {}", self.draft.name, text.as_ref());
        say(self.reports, Fault::General, text);
    }

    /// The other form of the name that some messages have.
    fn say_colon(&mut self, text: impl AsRef<str>) {
        let text = format!("({}): {}", self.draft.name, text.as_ref());
        say(self.reports, Fault::General, text);
    }

    fn version_and_priority(&mut self) {
        let version = self.draft.version;
        self.version = match (self.family, version) {
            (Family::V6, Some(2)) if self.strict => {
                self.say("cannot use IPv6 with VRRP version 2; setting version 3");
                3
            }
            (Family::V6, version) => version.unwrap_or(3),
            (Family::V4, version) => version.unwrap_or(self.reading.global.ir.instances.version),
        };
        let wanted = self.draft.wants_master;
        self.priority = self.draft.priority.unwrap_or(if wanted == Some(true) { 255 } else { 100 });
        let owner = self.priority == 255;
        self.wants_master = wanted.unwrap_or(owner);
        if self.strict && self.wants_master != owner {
            self.say("State MASTER must match being address owner");
            self.wants_master = owner;
        }
    }

    fn check_authentication(&mut self) {
        let Some(kind) = self.authentication else { return };
        let text = if self.strict {
            "Strict mode does not support authentication. Ignoring."
        } else if self.version == 3 {
            "VRRP version 3 does not support authentication. Ignoring."
        } else if self.draft.authentication.password[0] == 0 {
            "Authentication specified but no password given. Ignoring"
        } else if self.family == Family::V6 && kind == Kind::Header {
            "Cannot use AH authentication with IPv6. ignoring"
        } else {
            // The sequence number of the header is learnt from a master first, if there is one.
            if kind == Kind::Header && self.wants_master && self.priority != 255 {
                self.say("Initial state master is incompatible with AH authentication - clearing");
                self.wants_master = false;
            }
            return;
        };
        self.say(text);
        self.authentication = None;
    }

    fn check_hmac(&mut self) {
        let Some(mut hmac) = self.draft.auth_hmac.take() else { return };
        if self.authentication.take().is_some() {
            self.say("auth_hmac cannot be combined with authentication, dropping legacy auth");
        }
        if !hmac.keys.iter().any(|key| key.id == hmac.active_key) {
            let id = hmac.active_key;
            self.say(format!("auth_hmac active_key {id} is not defined, disabling extension"));
            return;
        }
        if self.strict && hmac.mode != HmacMode::Enforce {
            self.say("strict mode requires auth_hmac mode enforce");
            hmac.mode = HmacMode::Enforce;
        }
        self.draft.auth_hmac = Some(hmac);
    }

    fn choose_destination(&mut self) -> Option<()> {
        if self.draft.unicast_configured {
            self.unicast = !self.draft.unicast_peers.is_empty();
            if !self.unicast && !self.draft.unicast_fault_no_peer {
                let name = &self.draft.name;
                let text = format!(
                    "({name}) A unicast keyword has been specified without any unicast peers. Defaulting to \
                     multicast. This usage is deprecated - please update your configuration."
                );
                say(self.reports, Fault::Deprecated, text);
            }
        }
        // 2.4 refuses unicast peers in strict mode; 2.2 serves such a file, so it goes on working.
        if self.draft.interface.is_none() {
            let Some(source) = self.draft.source_address else {
                self.say_colon("Unicast instances must have unicast_src_ip or interface");
                return None;
            };
            if let IpAddr::V6(source) = source
                && source.is_unicast_link_local()
            {
                self.say("Non link-local address required if interface omitted");
                return None;
            }
        }
        Some(())
    }

    fn check_interface(&mut self) {
        if self.strict && self.draft.vmac.mac.take().is_some() {
            self.say_colon("cannot specify MAC address with strict mode - clearing");
        }
        let has_own = self.draft.vmac.enabled || self.draft.vmac.ipvlan.is_some();
        if let Some(interface) = &self.interface {
            let (ethernet, multicast) = (interface.ethernet, interface.multicast);
            if has_own && !ethernet {
                self.say_colon("vmacs are only supported on Ethernet type interfaces");
                self.draft.vmac = Default::default();
            }
            if !multicast && !self.unicast {
                let name = self.draft.interface.clone().unwrap_or_default();
                self.say(format!("interface {name} does not support multicast, specify unicast peers - disabling"));
            }
        }
        let first = self.draft.addresses.first().map(|address| address.prefix.address);
        if let Some(IpAddr::V6(first)) = first
            && self.family == Family::V6
            && !self.unicast
            && !first.is_unicast_link_local()
        {
            if self.strict {
                self.say("the first IPv6 VIP address must be link local");
            } else {
                let text = format!("({}) the first IPv6 VIP address should be link local", self.draft.name);
                say(self.reports, Fault::LogOnly, text);
            }
        }
        if self.draft.vrf.is_some() && (self.draft.interface.is_some() || !self.unicast) {
            let what = if self.draft.interface.is_some() { "out interface" } else { " unicast" };
            self.say(format!("vrf can only be specified with{what} - clearing"));
            self.draft.vrf = None;
        }
    }

    /// An advert names at most 255 addresses, and no more than fit into a packet.
    fn limit_addresses(&mut self) {
        let mut header = 14 + 8 + if self.family == Family::V4 { 20 } else { 40 };
        if self.family == Family::V4 && self.version == 2 {
            header += 8;
            header += if self.authentication == Some(Kind::Header) { 24 } else { 0 };
        }
        header += if self.draft.auth_hmac.is_some() { 28 } else { 0 };
        let size = if self.family == Family::V4 { 4 } else { 16 };
        let mtu = self.interface.as_ref().map_or(1500, |interface| interface.mtu as usize);
        let most = (mtu.saturating_sub(header) / size).min(255);
        let count = self.draft.addresses.len();
        if count > most {
            self.say(format!(
                "Number of VIPs ({count}) exceeds maximum/space available in packet (max {most} addresses) - excess \
                 moved to eVIPs"
            ));
            let excess = self.draft.addresses.split_off(most);
            self.draft.excluded_addresses.extend(excess);
        }
    }

    fn check_preemption(&mut self) {
        if self.priority == 255 && self.draft.no_preempt {
            self.say("nopreempt is incompatible with priority 255. resetting nopreempt");
            self.draft.no_preempt = false;
        }
        if self.wants_master && self.draft.no_preempt {
            self.say("Warning - nopreempt will not work with initial state MASTER - clearing");
            self.draft.no_preempt = false;
        }
        if self.wants_master && self.draft.preempt_delay_us > 0 {
            self.say("Warning - preempt delay will not work with initial state MASTER - clearing");
            self.draft.preempt_delay_us = 0;
        }
        if self.draft.preempt_delay_us > 0 && self.strict {
            self.say("preempt_delay is incompatible with strict mode - resetting");
            self.draft.preempt_delay_us = 0;
        }
        if self.draft.preempt_delay_us > 0 && self.draft.no_preempt {
            self.say("preempt_delay is incompatible with nopreempt mode - resetting");
            self.draft.preempt_delay_us = 0;
        }
        if self.draft.down_timer_adverts != 3 && self.strict {
            self.say("down_timer_adverts is incompatible with strict mode - resetting");
            self.draft.down_timer_adverts = 3;
        }
        if !self.draft.no_preempt && self.draft.timer_expired_backup.is_some() {
            self.say("expired_timer_backup requires nopreempt - resetting");
            self.draft.timer_expired_backup = None;
        }
    }

    fn check_accept(&mut self) {
        let owner = self.priority == 255;
        let accept = self.draft.accept.unwrap_or(owner || !self.strict);
        let forbidden = accept && !owner && self.strict && self.version == 2;
        if forbidden {
            self.say("warning - accept mode for VRRP version 2 does not comply with RFC3768 - resetting");
        }
        self.draft.accept = Some(accept && !forbidden);
        if self.unicast && self.draft.multicast_destination.take().is_some() {
            self.say("multicast destination specified with unicast - ignoring");
        }
    }

    /// Bursts after lower adverts are no part of the RFC, so strict mode has none.
    fn set_announcements(&mut self) {
        let global = &self.reading.global;
        let default_repeat = global.ir.instances.garp_lower_prio_repeat.unwrap_or(global.ir.instances.garp_repeat);
        let default_delay = global.ir.instances.garp_lower_prio_delay_us.unwrap_or(global.ir.instances.garp_delay_us);
        let strict = self.strict;
        let repeat = match self.draft.garp_lower_prio_repeat {
            None => {
                if strict {
                    0
                } else {
                    default_repeat
                }
            }
            Some(repeat) if strict && repeat > 0 => {
                self.say("Strict mode requires no repeat garps. resetting");
                0
            }
            Some(repeat) => repeat,
        };
        self.draft.garp_lower_prio_repeat = Some(repeat);
        let delay = match self.draft.garp_lower_prio_delay_us {
            None => {
                if strict {
                    0
                } else {
                    default_delay
                }
            }
            Some(delay) if strict && delay > 0 => {
                self.say("Strict mode requires no repeat garp delay. resetting");
                0
            }
            Some(delay) => delay,
        };
        self.draft.garp_lower_prio_delay_us = Some(delay);
    }

    fn set_adverts(&mut self) {
        let global = &self.reading.global;
        let (lower, higher, ignore) = (
            global.ir.instances.lower_prio_no_advert,
            global.ir.instances.higher_prio_send_advert,
            global.ir.instances.owner_ignore_adverts,
        );
        let strict = self.strict;
        let lower = match self.draft.lower_prio_no_advert {
            None => strict || lower,
            Some(false) if strict => {
                self.say("Strict mode requires no lower priority advert. resetting");
                true
            }
            Some(value) => value,
        };
        self.draft.lower_prio_no_advert = Some(lower);
        let higher = match self.draft.higher_prio_send_advert {
            None => !strict && higher,
            Some(true) if strict => {
                self.say("strict mode requires higher_prio_send_advert to be clear. resetting");
                false
            }
            Some(value) => value,
        };
        self.draft.higher_prio_send_advert = Some(higher);
        let owner = self.priority == 255;
        let ignores = match self.draft.owner_ignore_adverts {
            Some(true) if !owner => {
                self.say("ignoring owner_ignore_adverts since priority is not 255");
                false
            }
            None => owner && (strict || ignore),
            Some(false) if owner => {
                self.say("strict_mode with priority 255 requires owner_ignore_adverts");
                true
            }
            Some(value) => value,
        };
        self.draft.owner_ignore_adverts = Some(ignores);
    }

    /// Version 2 counts whole seconds, version 3 hundredths up to 40.95 s.
    fn set_interval(&mut self) {
        let (unit, limit) = if self.version == 2 { (SECOND_US, 256) } else { (SECOND_US / 100, 4096) };
        let mut interval = self.draft.advert_interval_us.unwrap_or(SECOND_US);
        let shown = interval as f64 / 1e6;
        if interval >= limit * unit {
            interval = (limit - 1) * unit;
            self.say(match self.version {
                2 => format!(
                    "VRRPv2 advertisement interval {shown:.2}s is out of range. Must be less than 256s. Setting to 255s"
                ),
                _ => format!(
                    "VRRPv3 advertisement interval {shown:.2}s is out of range. Must be less than 40.96s. Setting to \
                     40.95s"
                ),
            });
        } else if !interval.is_multiple_of(unit) {
            self.say(match self.version {
                2 => format!("VRRPv2 advertisement interval {shown:.6}s must be an integer. rounding"),
                _ => format!("VRRPv3 advertisement interval {shown:.6}s must be in units of 10ms - rounding"),
            });
            interval = ((interval + unit / 2) / unit).clamp(1, limit - 1) * unit;
        }
        self.draft.advert_interval_us = Some(interval);
    }

    fn check_own_interface(&mut self) {
        if self.draft.vmac.enabled && self.strict && self.draft.vmac.transmit_base {
            self.say("xmit_base is incompatible with strict mode - resetting");
            self.draft.vmac.transmit_base = false;
        }
        let has_own = self.draft.vmac.enabled || self.draft.vmac.ipvlan.is_some();
        if self.draft.promote_secondaries && has_own {
            self.say("promote_secondaries is automatically set for vmacs - ignoring");
            self.draft.promote_secondaries = false;
        }
        if let Some(ipvlan) = &self.draft.vmac.ipvlan
            && ipvlan.address.is_none()
            && self.family == Family::V4
        {
            self.say("IPv4 ipvlan requires a source ip address to be configured. setting instance to fault state");
        }
        if let Some(own) = self.draft.interface.clone() {
            let before = self.draft.trackers.interfaces.len();
            self.draft.trackers.interfaces.retain(|tracked| tracked.interface != own);
            if self.draft.trackers.interfaces.len() < before {
                self.say(format!("Ignoring track_interface {own} since own interface"));
            }
        }
        if self.draft.vmac.transmit_base && !self.draft.vmac.enabled {
            self.say("vmac_xmit_base is only valid with a vmac");
            self.draft.vmac.transmit_base = false;
        }
    }

    /// `use_vmac` of an address says what the instance may have said already.
    fn check_vmac_of_addresses(&mut self) {
        let Draft { interface: own, vmac, .. } = &self.draft;
        let (own, vmac, for_addresses) = (own.clone(), vmac.enabled, vmac.for_addresses);
        let mut texts = Vec::new();
        for address in self.draft.addresses.iter_mut().chain(&mut self.draft.excluded_addresses) {
            let is_primary = address.interface.is_none() || address.interface == own;
            let is_covered = is_primary && Family::of(address.prefix.address) == self.family;
            let said = match (address.use_vmac, is_covered) {
                (true, true) if vmac => ("use_vmac", " and vrrp instance"),
                (true, false) if for_addresses => ("use_vmac_addr specified and use_vmac", ""),
                _ => continue,
            };
            address.use_vmac = false;
            texts.push(format!("{} specified for VIP/eVIP {}{}", said.0, shown(address), said.1));
        }
        texts.into_iter().for_each(|text| self.say(text));
    }

    fn check_addresses(&mut self) -> Option<()> {
        self.check_vmac_of_addresses();
        if self.draft.interface.is_none() {
            for (list, kind) in [(true, ""), (false, "e")] {
                let addresses = if list { &mut self.draft.addresses } else { &mut self.draft.excluded_addresses };
                let without: Vec<VirtualAddress> =
                    addresses.extract_if(.., |address| address.interface.is_none()).collect();
                for address in without {
                    let shown = shown(&address);
                    self.say_colon(format!("no interface for {kind}vip {shown} - removing"));
                }
            }
        }
        if self.draft.no_virtual_address && self.strict {
            let text = format!(
                "({}) no_virtual_ipaddress and strict mode incompatible, clearing no_virtual_ipaddress",
                self.draft.name
            );
            say(self.reports, Fault::Warning, text);
            self.draft.no_virtual_address = false;
        }
        if !self.draft.no_virtual_address && self.draft.addresses.is_empty() {
            if self.version == 3 || self.strict {
                self.say("No VIP specified; at least one is required");
                return None;
            }
            let text = format!("({}) No VIP specified; at least one is sensible", self.draft.name);
            say(self.reports, Fault::Warning, text);
        }
        Some(())
    }

    /// Members of a group have one priority for all, and an address owner's never changes: weights cannot count.
    fn check_weights(&mut self) {
        let group = self.reading.vrrp.groups.iter().find(|draft| draft.group.members.contains(&self.draft.name));
        let in_group = group.is_some_and(|draft| !draft.group.tracking_weight);
        if !in_group && self.priority != 255 {
            return;
        }
        let cause = if in_group { "SYNC group" } else { "address owner" };
        let other_cause = if in_group { "SYNC group" } else { "address_owner" };
        let what = if in_group { "weight " } else { "" };
        let mut trackers = std::mem::take(&mut self.draft.trackers);
        trackers.interfaces.retain(|tracked| {
            if tracked.weight == 0 {
                return true;
            }
            // keepalived says so, and counts the weight all the same: who relies on it does not want the group in FAULT.
            self.say(format!("ignoring {} tracked interface {what}due to {cause}", tracked.interface));
            in_group
        });
        trackers.scripts.retain(|tracked| {
            if tracked.weight != 0 {
                self.say(format!("ignoring tracked script {} with weights due to {other_cause}", tracked.name));
            }
            tracked.weight == 0
        });
        trackers.files.retain_mut(|tracked| {
            let (name, weight) = (&tracked.name, tracked.weight);
            match weight {
                0 => true,
                // 1 is the default, so nobody asked for it.
                1 => {
                    self.say(format!(
                        "ignoring weight from tracked file {name} due to {other_cause}. specify weight 0"
                    ));
                    tracked.weight = 0;
                    true
                }
                _ => {
                    self.say(format!("ignoring tracked file {name} with weight {weight} due to {other_cause}"));
                    false
                }
            }
        });
        trackers.bfds.retain(|tracked| {
            if tracked.weight != 0 {
                let (name, weight) = (&tracked.name, tracked.weight);
                self.say(format!("ignoring tracked bfd {name} with weight {weight} due to {other_cause}"));
            }
            tracked.weight == 0
        });
        self.draft.trackers = trackers;
    }
}

/// An address as messages show it: the prefix length only if it is not the full one.
fn shown(address: &VirtualAddress) -> String {
    let prefix = address.prefix;
    let full = if prefix.address.is_ipv4() { 32 } else { 128 };
    match prefix.length == full {
        true => prefix.address.to_string(),
        false => format!("{}/{}", prefix.address, prefix.length),
    }
}
