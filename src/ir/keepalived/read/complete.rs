//! What is checked when the VRRP process has read everything: scripts, instances, groups, conflicts.

use std::net::IpAddr;

use crate::conf::keepalived::report::{Fault, Report};
use crate::ir::keepalived::Instance;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::instance::Destination;
use crate::ir::keepalived::notify::Command;
use crate::ir::keepalived::tracker::{Tracked, Trackers};

use super::command::Safety;
use super::complete_instance::complete_instance;
use super::completion::say;
use super::{Reading, interface_delays, notify, static_tracking};

/// The scripts of all that were looked at together.
#[derive(Default)]
pub(super) struct Scripts {
    any: bool,
    any_unsafe: bool,
}

impl Scripts {
    /// Checks one command. A name without a path gives way to the file that was found for it.
    pub(super) fn look_at(
        &mut self,
        reading: &Reading<'_>,
        reports: &mut Vec<Report>,
        command: &mut Command,
    ) -> Safety {
        let safety = reading.check_command(command);
        if let Some(path) = &safety.searched {
            let name = std::mem::replace(&mut command.words[0], path.clone());
            let text =
                format!("WARNING - script `{name}` resolved by path search to `{path}`. Please specify full path.");
            say(reports, Fault::LogOnly, text);
        }
        self.any |= safety.is_script;
        self.any_unsafe |= safety.unsafe_part.is_some();
        if let Some(part) = &safety.unsafe_part {
            let program = &command.words[0];
            let end = if safety.inhibited { " - disabling" } else { "" };
            say(reports, Fault::LogOnly, format!("Unsafe permissions found for script '{program}'{end}."));
            // keepalived leaves it to the reader to find out which.
            say(reports, Fault::LogOnly, format!("Others than root may change '{part}'."));
        }
        safety
    }

    /// Checks one command, and takes it away if it cannot be run.
    pub(super) fn check(&mut self, reading: &Reading<'_>, reports: &mut Vec<Report>, slot: &mut Option<Command>) {
        let Some(command) = slot else { return };
        let safety = self.look_at(reading, reports, command);
        if !safety.may_run() {
            say(reports, Fault::LogOnly, format!("Script {} cannot be run - disabling", command.words[0]));
            *slot = None;
        }
    }

    pub(super) fn judge(&self, reading: &Reading<'_>, reports: &mut Vec<Report>, what: &str) {
        if !self.any || reading.global.ir.script_security {
            return;
        }
        let more = if self.any_unsafe { " There are insecure scripts." } else { "" };
        let text = format!("SECURITY VIOLATION - {what} are being executed but script_security not enabled.{more}");
        say(reports, Fault::Security, text);
    }
}

/// The parent checks the scripts of its own start and end.
pub(super) fn daemon_scripts(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    let mut scripts = Scripts::default();
    let startup = reading.global.ir.startup_script.take();
    let shutdown = reading.global.ir.shutdown_script.take();
    let mut check = |script: Option<super::super::global::TimedCommand>| {
        let mut script = script?;
        let mut slot = Some(script.command);
        scripts.check(reading, reports, &mut slot);
        script.command = slot?;
        Some(script)
    };
    let (startup, shutdown) = (check(startup), check(shutdown));
    scripts.judge(reading, reports, "start/shutdown scripts");
    reading.global.ir.startup_script = startup;
    reading.global.ir.shutdown_script = shutdown;
}

/// All checks of the VRRP process. What cannot run sets the exit code with which a daemon refuses.
pub(super) fn vrrp(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    if reading.missing_interface {
        say(reports, Fault::BadInterface, "Non-existent interface specified in configuration");
        reading.refusal = Some(2);
        return;
    }
    script_security(reading, reports);
    if !has_least(reading, reports) {
        reading.refusal = Some(2);
        return;
    }
    sync_groups(reading, reports);
    for draft in std::mem::take(&mut reading.vrrp.instances) {
        let polls_link = draft.polls_link || reading.vrrp.polls_all;
        match complete_instance(reading, reports, draft) {
            Some(instance) => {
                if let Some(interface) = instance.interface.as_deref().filter(|_| polls_link)
                    && !reading.vrrp.linkbeats.iter().any(|known| known.interface == interface)
                {
                    reading.vrrp.poll(interface, None);
                }
                interface_delays::limit(&mut reading.vrrp.interface_delays, &instance, reports);
                reading.completed.push(instance);
            }
            None => {
                reading.refusal = Some(2);
                return;
            }
        }
    }
    if has_conflicts(reading, reports) {
        reading.refusal = Some(2);
        return;
    }
    group_trackers(reading, reports);
    trackers_of_both(reading, reports);
    static_tracking::resolve(reading, reports);
    if !reading.options.testing {
        leave_out_unused_scripts(reading, reports);
    }
}

fn script_security(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    if reading.vrrp.instances.is_empty() {
        return;
    }
    let mut scripts = Scripts::default();
    let mut removed = Vec::new();
    let mut tracked = std::mem::take(&mut reading.vrrp.scripts);
    for script in &mut tracked {
        let safety = scripts.look_at(reading, reports, &mut script.command);
        let name = &script.name;
        if safety.inhibited {
            say(reports, Fault::General, format!("Disabling track script {name} due to insecure"));
        } else if safety.not_found {
            say(reports, Fault::General, format!("Disabling track script {name} since not found/accessible"));
        } else if !safety.may_run() {
            let text = format!("WARNING - script '{}' is not executable - disabling.", script.command.words[0]);
            say(reports, Fault::LogOnly, text);
        }
        if !safety.may_run() {
            removed.push(name.clone());
        }
    }
    reading.vrrp.scripts = tracked;
    let without = |trackers: &mut Trackers| trackers.scripts.retain(|script| !removed.contains(&script.name));
    let mut instances = std::mem::take(&mut reading.vrrp.instances);
    for draft in &mut instances {
        for slot in notify::slots(&mut draft.notify) {
            scripts.check(reading, reports, slot);
        }
        without(&mut draft.trackers);
    }
    reading.vrrp.instances = instances;
    let mut groups = std::mem::take(&mut reading.vrrp.groups);
    for draft in &mut groups {
        for slot in notify::slots(&mut draft.group.notify) {
            scripts.check(reading, reports, slot);
        }
        without(&mut draft.group.trackers);
    }
    reading.vrrp.groups = groups;
    for index in 0..2 {
        let mut slot = reading.fifos[index].script.take();
        scripts.check(reading, reports, &mut slot);
        reading.fifos[index].script = slot;
    }
    scripts.judge(reading, reports, "scripts");
    reading.vrrp.scripts.retain(|script| !removed.contains(&script.name));
}

/// Whether every instance has what none can do without.
fn has_least(reading: &Reading<'_>, reports: &mut Vec<Report>) -> bool {
    for draft in &reading.vrrp.instances {
        let name = &draft.name;
        let text = if draft.virtual_router_id.is_none() {
            format!("({name}) the virtual router id must be set")
        } else if draft.interface.is_none() && !draft.unicast_configured {
            format!("({name}) Unknown interface!")
        } else if draft.interface.is_none() && draft.vmac.enabled {
            format!("({name}) cannot use VMAC if no interface specified")
        } else {
            continue;
        };
        say(reports, Fault::General, text);
        return false;
    }
    true
}

fn sync_groups(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    let mut taken: Vec<String> = Vec::new();
    let mut groups = std::mem::take(&mut reading.vrrp.groups);
    groups.retain_mut(|draft| {
        let group = draft.group.name.clone();
        let mut all_owners = None;
        let mut members = Vec::new();
        for member in std::mem::take(&mut draft.group.members) {
            let Some(instance) = reading.vrrp.instances.iter().find(|instance| instance.name == member) else {
                let text = format!("Virtual router {member} specified in sync group {group} doesn't exist - ignoring");
                say(reports, Fault::General, text);
                continue;
            };
            if taken.contains(&member) {
                let text = format!("Virtual router {member} cannot exist in more than one sync group; ignoring {group}");
                say(reports, Fault::General, text);
                continue;
            }
            if all_owners == Some(true) && instance.wants_master == Some(false) {
                let text = format!(
                    "Sync group {group} has some member(s) as address owner and some not as address owner. This won't work."
                );
                say(reports, Fault::General, text);
            }
            if all_owners != Some(false) {
                all_owners = Some(instance.wants_master == Some(true) && instance.priority == Some(255));
            }
            taken.push(member.clone());
            members.push(member);
        }
        match members.len() {
            0 => {
                let text = format!(
                    "Sync group {group}, no matching virtual router found in group declaration - removing"
                );
                say(reports, Fault::General, text);
            }
            1 => {
                let text =
                    format!("Sync group {group} has only 1 virtual router(s) - this probably isn't what you want");
                say(reports, Fault::General, text);
            }
            _ => {}
        }
        draft.group.members = members;
        !draft.group.members.is_empty()
    });
    reading.vrrp.groups = groups;
}

/// Two virtual routers with the same number on one wire.
fn has_conflicts(reading: &Reading<'_>, reports: &mut Vec<Report>) -> bool {
    let mut found = false;
    for (index, first) in reading.completed.iter().enumerate() {
        for second in &reading.completed[index + 1..] {
            if first.family != second.family || first.virtual_router_id != second.virtual_router_id {
                continue;
            }
            let id = first.virtual_router_id;
            match (&first.destination, &second.destination) {
                (Destination::Multicast { group }, Destination::Multicast { group: other }) => {
                    // An interface that does not exist yet is looked at when it comes.
                    let Some(interface) = first.interface.as_ref().filter(|&name| {
                        first.interface == second.interface && reading.system.interface(name).is_some()
                    }) else {
                        continue;
                    };
                    if group != other {
                        continue;
                    }
                    let family = if first.family == Family::V4 { 4 } else { 6 };
                    let text = format!(
                        "{} and {} both use VRID {id} with IPv{family} on interface {interface}",
                        first.name, second.name
                    );
                    say(reports, Fault::General, text);
                    found = true;
                }
                (Destination::Unicast { peers, .. }, Destination::Unicast { peers: others, .. }) => {
                    let apart = matches!((&first.interface, &second.interface), (Some(a), Some(b)) if a != b);
                    let addresses = source_of(reading, first).zip(source_of(reading, second));
                    let share_a_peer =
                        peers.iter().any(|peer| others.iter().any(|other| other.address == peer.address));
                    if apart || addresses.is_none_or(|(a, b)| a != b) || !share_a_peer {
                        continue;
                    }
                    let text = format!("({}) duplicate VRID conflict with {} VRID {id}", first.name, second.name);
                    say(reports, Fault::General, text);
                    found = true;
                }
                _ => {}
            }
        }
    }
    found
}

/// The address that an instance's packets come from, as far as it is known by now.
fn source_of(reading: &Reading<'_>, instance: &Instance) -> Option<IpAddr> {
    instance.source_address.or_else(|| {
        let interface = reading.system.interface(instance.interface.as_ref()?)?;
        match instance.family {
            Family::V4 => interface.address_v4.map(IpAddr::V4),
            Family::V6 => interface.address_v6.map(IpAddr::V6),
        }
    })
}

/// Weights cannot count in a group with an address owner; then the defaults of the group's alerts.
fn group_trackers(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    let smtp_alert =
        reading.global.ir.instances.smtp_alert_vrrp.or(reading.global.ir.instances.smtp_alert).unwrap_or(false);
    let priority_changes = reading.global.ir.notify_priority_changes;
    for draft in &mut reading.vrrp.groups {
        let owner = reading
            .completed
            .iter()
            .any(|instance| instance.priority == 255 && draft.group.members.contains(&instance.name));
        draft.group.notify.smtp_alert = draft.smtp_alert.unwrap_or(smtp_alert);
        draft.group.notify.priority_changes = draft.notify_priority_changes.unwrap_or(priority_changes);
        if !owner {
            continue;
        }
        let name = &draft.group.name;
        let trackers = &mut draft.group.trackers;
        let lists = [
            (&mut trackers.scripts, "script", "clearing weight"),
            (&mut trackers.files, "file", "setting weight 0"),
            (&mut trackers.processes, "process", "setting weight 0"),
            (&mut trackers.bfds, "bfd", "setting weight 0"),
        ];
        for (list, kind, consequence) in lists {
            for tracked in list.iter_mut().filter(|tracked| tracked.weight != 0) {
                let thing = &tracked.name;
                let text = format!(
                    "({name}) Cannot have weighted track {kind} '{thing}' with member having priority 255 - {consequence}"
                );
                say(reports, Fault::General, text);
                tracked.weight = 0;
            }
        }
        for tracked in trackers.interfaces.iter_mut().filter(|tracked| tracked.weight != 0) {
            let text = format!(
                "({name}) Cannot have weighted track interface '{}' with member having priority 255 - clearing weight",
                tracked.interface
            );
            say(reports, Fault::General, text);
            tracked.weight = 0;
        }
    }
}

/// What an instance and its group both watch; the group's weight will count.
fn trackers_of_both(reading: &Reading<'_>, reports: &mut Vec<Report>) {
    for draft in &reading.vrrp.groups {
        let members = || reading.completed.iter().filter(|instance| draft.group.members.contains(&instance.name));
        let group = &draft.group.trackers;
        let kinds: [(&str, fn(&Trackers) -> &[Tracked]); 4] = [
            ("script", |trackers| &trackers.scripts),
            ("file", |trackers| &trackers.files),
            ("process", |trackers| &trackers.processes),
            ("bfd", |trackers| &trackers.bfds),
        ];
        let end = "is configured on VRRP instance and sync group. Remove vrrp instance";
        for (kind, list) in kinds {
            for (tracked, instance) in list(group).iter().flat_map(|tracked| members().map(move |one| (tracked, one))) {
                if list(&instance.trackers).iter().any(|own| own.name == tracked.name) {
                    let (name, thing) = (&instance.name, &tracked.name);
                    say(reports, Fault::LogOnly, format!("({name}) track_{kind} {thing} {end} config"));
                }
            }
        }
        for (tracked, instance) in group.interfaces.iter().flat_map(|one| members().map(move |member| (one, member))) {
            let thing = &tracked.interface;
            let is_own = instance.track_primary && instance.interface.as_ref() == Some(thing);
            if is_own || instance.trackers.interfaces.iter().any(|own| own.interface == *thing) {
                let text = format!("({}) track_interface {thing} {end} or sync group config", instance.name);
                say(reports, Fault::General, text);
            }
        }
    }
}

/// A script that nobody tracks is not run (keepalived).
fn leave_out_unused_scripts(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    let groups = reading.vrrp.groups.iter().map(|draft| &draft.group.trackers);
    let trackers = reading.completed.iter().map(|instance| &instance.trackers).chain(groups);
    let used: Vec<String> = trackers.flat_map(|trackers| &trackers.scripts).map(|one| one.name.clone()).collect();
    reading.vrrp.scripts.retain(|script| {
        let is_used = used.contains(&script.name);
        if !is_used {
            say(reports, Fault::General, format!("Warning - script {} is not used", script.name));
        }
        is_used
    });
}
