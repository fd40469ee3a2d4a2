//! What is checked when the checker process has read everything: groups, defaults, weights, ports, scripts.

use crate::conf::keepalived::report::{Fault, Report};
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::virtual_server::{
    AddressRange, Forwarding, ForwardingMethod, Protocol, Service, VirtualServer, VirtualServerGroup, shown,
};

use super::Reading;
use super::check_draft::Kind;
use super::complete::Scripts;
use super::completion::say;
use super::server_draft::{RealServerDraft, ServerDraft};
use super::virtual_server::PERSISTENCE_TIMEOUT_S;

/// All checks of the checker process.
pub(super) fn checkers(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    let drafts = link_groups(reading, reports);
    let mut kept = Vec::new();
    for draft in drafts {
        if draft.real_servers.is_empty() {
            let text = format!("Virtual server {} has no real servers - ignoring", draft.shown());
            say(reports, Fault::General, text);
            continue;
        }
        let group = group_of(reading, &draft).cloned();
        let mut completion = Completion { reading, reports, group, draft };
        completion.run();
        kept.push(completion.draft);
    }
    script_security(reading, reports, &mut kept);
    reading.checker.completed = kept.into_iter().map(finish).collect();
}

fn group_of<'r>(reading: &'r Reading<'_>, draft: &ServerDraft) -> Option<&'r VirtualServerGroup> {
    let Service::Group { name, .. } = &draft.server.service else { return None };
    reading.checker.groups.iter().find(|group| group.name == *name)
}

/// Finds the group of each virtual server, and leaves out those that do not fit theirs.
fn link_groups(reading: &mut Reading<'_>, reports: &mut Vec<Report>) -> Vec<ServerDraft> {
    let mut drafts = std::mem::take(&mut reading.checker.servers);
    drafts.retain_mut(|draft| {
        let Service::Group { name, .. } = &draft.server.service else { return true };
        let server = draft.shown();
        let Some(group) = group_of(reading, draft) else {
            let text =
                format!("Virtual server group {name} specified but not configured - ignoring virtual server {server}");
            say(reports, Fault::LogOnly, text);
            return false;
        };
        let text = match (group.has(Family::V4), group.has(Family::V6), draft.server.family) {
            (true, true, Some(_)) => {
                format!(
                    "{name}: virtual server group with IPv4 & IPv6 doesn't match virtual server {server} - ignoring"
                )
            }
            (true, _, Some(Family::V6)) | (_, true, Some(Family::V4)) => {
                format!("{name}: address family doesn't match virtual server {server} - ignoring")
            }
            (true, false, family) => {
                draft.server.family = family.or(Some(Family::V4));
                return true;
            }
            (false, true, family) => {
                draft.server.family = family.or(Some(Family::V6));
                return true;
            }
            _ => return true,
        };
        say(reports, Fault::LogOnly, text);
        false
    });
    for group in &reading.checker.groups {
        let members = drafts.iter_mut().filter_map(|draft| match &mut draft.server.service {
            Service::Group { name, number } if *name == group.name => Some(number),
            _ => None,
        });
        members.zip(0..).for_each(|(number, place)| *number = place);
    }
    drafts
}

/// One virtual server while its defaults are filled in.
struct Completion<'r, 's> {
    reading: &'r Reading<'s>,
    reports: &'r mut Vec<Report>,
    group: Option<VirtualServerGroup>,
    draft: ServerDraft,
}

impl Completion<'_, '_> {
    fn run(&mut self) {
        self.protocol();
        self.persistence();
        self.scheduler();
        self.real_servers();
        self.sorry_forwarding();
        self.quorum();
        match self.group.take() {
            Some(group) => self.ports_of_group(&group),
            None => self.ports(),
        }
    }

    fn say(&mut self, text: String) {
        say(self.reports, Fault::General, text);
    }

    fn addresses(&self) -> &[AddressRange] {
        self.group.as_ref().map_or(&[], |group| &group.addresses)
    }

    fn is_mark(&self) -> bool {
        matches!(self.draft.server.service, Service::Mark(mark) if mark != 0)
    }

    fn has_marks(&self) -> bool {
        self.is_mark() || self.group.as_ref().is_some_and(|group| !group.marks.is_empty())
    }

    fn protocol(&mut self) {
        if self.draft.server.ha_suspend && self.has_marks() {
            let server = self.draft.shown();
            self.say(format!("Virtual server {server}: cannot use ha_suspend with fwmarks - clearing ha_suspend"));
            self.draft.server.ha_suspend = false;
        }
        if self.addresses().is_empty() && (self.group.is_some() || self.is_mark()) {
            return;
        }
        if self.draft.server.protocol.is_none() {
            let server = self.draft.shown();
            self.say(format!("Virtual server {server}: no protocol set - defaulting to UDP"));
            self.draft.server.protocol = Some(Protocol::Udp);
        }
        let flags = &self.draft.server.scheduler_flags;
        if flags.iter().any(|flag| flag == "ops") && self.draft.server.protocol != Some(Protocol::Udp) {
            let server = self.draft.shown();
            self.say(format!("Virtual server {server}: one packet scheduling requires UDP - resetting"));
            self.draft.server.scheduler_flags.retain(|flag| flag != "ops");
        }
    }

    fn persistence(&mut self) {
        let has_no_port = match &self.draft.server.service {
            Service::Address(address) => address.port() == 0,
            Service::Mark(_) => false,
            Service::Group { .. } => self.addresses().iter().any(|range| range.port == 0),
        };
        if has_no_port && self.draft.server.persistence_timeout_s.is_none() {
            let server = self.draft.shown();
            self.say(format!("Virtual server {server}: zero port only valid for persistent services - setting"));
            self.draft.server.persistence_timeout_s = Some(PERSISTENCE_TIMEOUT_S);
        }
        if self.draft.server.protocol.is_some() && self.has_marks() && self.addresses().is_empty() {
            let server = self.draft.shown();
            self.say(format!(
                "Warning: Virtual server {server}: protocol specified for fwmark - protocol will be ignored"
            ));
            self.draft.server.protocol = None;
        }
    }

    fn scheduler(&mut self) {
        if self.draft.server.scheduler.is_empty() {
            let server = self.draft.shown();
            self.say(format!("Virtual server {server}: no scheduler set, setting default 'wlc'"));
            self.draft.server.scheduler = "wlc".into();
        }
        let global = &self.reading.global;
        let alert = global.ir.instances.smtp_alert_checker.or(global.ir.instances.smtp_alert);
        self.draft.server.smtp_alert = self.draft.smtp_alert.or(alert).unwrap_or(false);
        for real in &mut self.draft.real_servers {
            // Unlike all others these alert by default, as they always have.
            real.server.smtp_alert = real.smtp_alert.or(alert).unwrap_or(true);
        }
    }

    /// The method of the virtual server, which is NAT if nothing is said.
    fn default_forwarding(&mut self) -> Forwarding {
        if self.draft.forwarding.is_none() {
            let server = self.draft.shown();
            self.say(format!("Virtual server {server}: no forwarding method set, setting default NAT"));
        }
        *self.draft.forwarding.get_or_insert_default()
    }

    fn real_servers(&mut self) {
        let protocol = self.draft.server.protocol;
        let mut kept: Vec<RealServerDraft> = Vec::new();
        for mut real in std::mem::take(&mut self.draft.real_servers) {
            let address = real.server.address;
            let name = shown(address, protocol);
            let server = self.draft.shown();
            if kept.iter().any(|known| known.server.address == address) {
                self.say(format!("VS {server}: real server {name} is duplicated - removing second rs"));
                continue;
            }
            real.server.forwarding = match real.forwarding {
                Some(forwarding) => forwarding,
                None => self.default_forwarding(),
            };
            real.timing = real.timing.within(self.draft.timing);
            real.server.alpha = real.timing.alpha.unwrap_or(false);
            real.server.inhibit_on_failure = real.inhibit_on_failure.unwrap_or(self.draft.inhibit_on_failure);
            real.server.weight = real.weight.unwrap_or(self.draft.weight);
            let inhibit = real.server.inhibit_on_failure;
            if let Some(sorry) = &mut self.draft.server.sorry_server
                && sorry.address == address
                && sorry.inhibit != inhibit
            {
                sorry.inhibit = inhibit;
                let setting = if inhibit { "sett" } else { "clear" };
                self.say(format!(
                    "Virtual server {server}: real server {name} matches sorry server, but inhibit setting differs, \
                     {setting}ing on sorry server"
                ));
            }
            kept.push(real);
        }
        self.draft.real_servers = kept;
    }

    fn sorry_forwarding(&mut self) {
        if self.draft.server.sorry_server.is_none() {
            return;
        }
        let forwarding = match self.draft.sorry_forwarding {
            Some(forwarding) => forwarding,
            None => self.default_forwarding(),
        };
        if let Some(sorry) = &mut self.draft.server.sorry_server {
            sorry.forwarding = forwarding;
        }
    }

    fn quorum(&mut self) {
        let total = self.draft.real_servers.iter().fold(0u32, |sum, real| sum.wrapping_add(real.server.weight));
        let name = self.draft.shown();
        let quorum = self.draft.server.quorum;
        if quorum > total {
            self.say(format!(
                "Warning - quorum {quorum} for {name} exceeds total weight of real servers {total}, reducing quorum to \
                 {total}"
            ));
            self.draft.server.quorum = total;
        }
        let (quorum, hysteresis) = (self.draft.server.quorum, self.draft.server.hysteresis);
        if hysteresis >= quorum {
            // The original lets it wrap where the quorum is 0.
            let lower = quorum.wrapping_sub(1);
            self.say(format!(
                "Virtual server {name}: hysteresis {hysteresis} >= quorum {quorum}; setting hysteresis to {lower}"
            ));
            self.draft.server.hysteresis = lower;
        }
    }

    /// Except with NAT, real servers have no other port than their virtual server.
    fn ports_of_group(&mut self, group: &VirtualServerGroup) {
        let server = self.draft.shown();
        let protocol = self.draft.server.protocol;
        let fixed = |forwarding: Forwarding| forwarding.method != ForwardingMethod::Masquerade;
        let reals = self.draft.real_servers.iter().filter(|real| fixed(real.server.forwarding));
        let reals: Vec<_> = reals.map(|real| real.server.address).filter(|address| address.port() != 0).collect();
        let sorry = self.draft.server.sorry_server.iter().find(|sorry| fixed(sorry.forwarding));
        let sorry_port = sorry.map_or(0, |sorry| sorry.address.port());
        if !group.marks.is_empty() {
            for address in &reals {
                let name = shown(*address, protocol);
                self.say(format!(
                    "WARNING - fwmark virtual server {server}, real server {name} has port specified - port will be \
                     ignored"
                ));
            }
            if sorry_port != 0 {
                self.say(format!(
                    "WARNING - fwmark virtual server {server}, sorry server has port specified - port will be ignored"
                ));
            }
        }
        for range in &group.addresses {
            for address in reals.iter().filter(|address| address.port() != range.port) {
                let name = shown(*address, protocol);
                let range = shown_range(*range);
                self.say(format!("virtual server {server}:[{range}] and real server {name} ports don't match"));
            }
            if sorry_port != 0 && sorry_port != range.port {
                self.say(format!(
                    "WARNING - virtual server {server}, sorry server has port specified - port will be ignored"
                ));
            }
        }
    }

    fn ports(&mut self) {
        let server = self.draft.shown();
        let protocol = self.draft.server.protocol;
        let is_mark = self.is_mark();
        let port = match &self.draft.server.service {
            Service::Address(address) => address.port(),
            _ => 0,
        };
        let mut said = Vec::new();
        for real in self.draft.real_servers.iter_mut().map(|real| &mut real.server) {
            let own = real.address.port();
            let name = shown(real.address, protocol);
            let masquerades = real.forwarding.method == ForwardingMethod::Masquerade;
            if masquerades && (is_mark || own != 0) || own == port {
                continue;
            }
            if own != 0 && is_mark {
                said.push(format!(
                    "WARNING - fwmark virtual server {server}, real server {name} has port specified - clearing"
                ));
            } else if own != 0 {
                said.push(format!(
                    "WARNING - virtual server {server} and real server {name} ports don't match - resetting"
                ));
            }
            real.address.set_port(port);
        }
        if let Some(sorry) = &mut self.draft.server.sorry_server
            && sorry.forwarding.method != ForwardingMethod::Masquerade
            && sorry.address.port() != port
        {
            if sorry.address.port() != 0 {
                said.push(match is_mark {
                    true => {
                        format!("WARNING - virtual server {server}, sorry server has port specified - clearing")
                    }
                    false => {
                        format!("WARNING - virtual server {server} and sorry server ports don't match - resetting")
                    }
                });
            }
            sorry.address.set_port(port);
        }
        said.into_iter().for_each(|text| self.say(text));
    }
}

/// One line of a group, as messages show it.
fn shown_range(range: AddressRange) -> String {
    match range.first == range.last {
        true => format!("{},{}", range.first, range.port),
        false => format!("{}-{},{}", range.first, range.last, range.port),
    }
}

fn script_security(reading: &mut Reading<'_>, reports: &mut Vec<Report>, drafts: &mut [ServerDraft]) {
    if drafts.is_empty() {
        return;
    }
    let mut scripts = Scripts::default();
    for real in drafts.iter_mut().flat_map(|draft| &mut draft.real_servers) {
        real.checkers.retain(|checker| {
            let Kind::Misc(misc) = &checker.kind else { return true };
            let mut command = misc.command();
            let safety = scripts.look_at(reading, reports, &mut command);
            let reason = match () {
                () if safety.inhibited => "due to insecure",
                () if safety.not_found => "since not found/accessible",
                () => return safety.may_run(),
            };
            say(reports, Fault::LogOnly, format!("Disabling misc script {} {reason}", command.line()));
            false
        });
    }
    for draft in drafts {
        scripts.check(reading, reports, &mut draft.server.quorum_up);
        scripts.check(reading, reports, &mut draft.server.quorum_down);
        for real in &mut draft.real_servers {
            scripts.check(reading, reports, &mut real.server.notify_up);
            scripts.check(reading, reports, &mut real.server.notify_down);
        }
    }
    for index in [0, 2] {
        let mut slot = reading.fifos[index].script.take();
        scripts.check(reading, reports, &mut slot);
        reading.fifos[index].script = slot;
    }
    scripts.judge(reading, reports, "check scripts");
}

fn finish(draft: ServerDraft) -> VirtualServer {
    let mut server = draft.server;
    server.real_servers = draft
        .real_servers
        .into_iter()
        .map(|real| {
            let mut server = real.server;
            let (address, timing) = (server.address, real.timing);
            server.checkers = real.checkers.into_iter().flat_map(|checker| checker.finish(address, timing)).collect();
            server
        })
        .collect();
    server
}
