//! `track_group`: which instances need the interfaces of static addresses, routes and rules.

use crate::conf::keepalived::report::{Fault, Report};

use super::Reading;
use super::completion::say;

/// Resolves the names of groups and ties their instances to the interfaces of what names a group.
pub(super) fn resolve(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    keep_groups_with_instances(reading, reports);
    for (group, interface) in tied(reading, reports) {
        let Some(group) = reading.vrrp.track_groups.iter().find(|known| known.name == group) else { continue };
        let members = reading.completed.iter_mut().filter(|instance| group.instances.contains(&instance.name));
        for instance in members.filter(|instance| !instance.static_interfaces.contains(&interface)) {
            instance.static_interfaces.push(interface.clone());
        }
    }
}

fn keep_groups_with_instances(reading: &mut Reading<'_>, reports: &mut Vec<Report>) {
    let instances = &reading.completed;
    for group in &mut reading.vrrp.track_groups {
        let name = &group.name;
        group.instances.retain(|member| {
            let exists = instances.iter().any(|instance| instance.name == *member);
            if !exists {
                let text = format!("vrrp instance {member} specified in track group {name} doesn't exist - ignoring");
                say(reports, Fault::LogOnly, text);
            }
            exists
        });
        if group.instances.is_empty() {
            say(reports, Fault::LogOnly, format!("Static track group {name} has no VRRP instance(s)"));
            say(reports, Fault::LogOnly, format!("Static track group {name} init fails - removing"));
        }
    }
    reading.vrrp.track_groups.retain(|group| !group.instances.is_empty());
}

/// Group and interface of each item that names both.
fn tied(reading: &Reading<'_>, reports: &mut Vec<Report>) -> Vec<(String, String)> {
    let vrrp = &reading.vrrp;
    let addresses = vrrp.static_addresses.iter();
    let addresses = addresses.map(|item| ("address", &item.track_group, item.address.tracked, &item.address.interface));
    let routes = vrrp.static_routes.iter();
    let routes = routes.map(|route| ("route", &route.track_group, route.tracked, &route.interface));
    let rules = vrrp.static_rules.iter();
    let rules = rules.map(|rule| ("rule", &rule.track_group, rule.tracked, &rule.input_interface));
    let mut tied = Vec::new();
    for (kind, group, tracked, interface) in addresses.chain(routes).chain(rules) {
        match (group, interface) {
            (Some(_), _) if !tracked => {
                let text = format!("Static {kind} has both track_group and no_track set - not tracking");
                say(reports, Fault::LogOnly, text);
            }
            (Some(group), Some(interface)) => tied.push((group.clone(), interface.clone())),
            _ => {}
        }
    }
    tied
}
