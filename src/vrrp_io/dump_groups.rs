//! The sections of what belongs to no single instance, as SIGUSR1 and `-d` show them: static items, sockets and groups.

use crate::ir::keepalived::SyncGroup;
use crate::vrrp::engine::GroupStatus;
use crate::wire::vrrp::PROTOCOL;

use super::dump::show_static_address;
use super::dump_routing::{show_route, show_rule};
use super::dump_source::{Source, notify_lines, tracked_lines};
use super::sockets::Key;

/// `static_ipaddress`, `static_routes`, `static_rules` and `track_group`.
pub(super) fn static_items(source: &Source<'_>) -> Vec<String> {
    let config = source.config;
    let mut lines = Vec::new();
    let mut section = |title: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push(format!("------< Static {title} >------"));
            lines.extend(items);
        }
    };
    let default = &config.global.default_interface;
    let addresses = config.static_addresses.iter();
    section("Addresses", addresses.map(|item| format!("     {}", show_static_address(item, default))).collect());
    let routes = config.static_routes.iter().map(|route| {
        // At the start keepalived has not read yet which interface the kernel took.
        let installed = if route.tracked && source.at_start { " [installed ifindex 0]" } else { "" };
        format!("     {}{installed}", show_route(route))
    });
    section("Routes", routes.collect());
    section("Rules", config.static_rules.iter().map(|rule| format!("     {}", show_rule(rule))).collect());
    let groups = config.track_groups.iter().flat_map(|group| {
        let members = group.instances.iter().map(|name| format!("     {name}"));
        let title = (!group.instances.is_empty()).then(|| "   VRRP member instances :".to_owned());
        [format!(" Static Track Group = {}", group.name)].into_iter().chain(title).chain(members)
    });
    section("Track groups", groups.collect());
    lines
}

/// The pairs of sockets, in the order of the first instance of each; none is there yet when the daemon starts.
pub(super) fn socket_pool(source: &Source<'_>) -> Vec<String> {
    let mut shown: Vec<&Key> = Vec::new();
    let mut lines = Vec::new();
    for router in source.engine.instances() {
        let Some(pair) = source.pair_of(router).filter(|pair| !shown.contains(&pair.key)) else { continue };
        if shown.is_empty() {
            lines.push("------< VRRP Sockpool >------".to_owned());
        }
        shown.push(pair.key);
        let (receiver, sender) = pair.numbers;
        let key = pair.key;
        let interface = key.device.as_ref().or(key.interface.as_ref()).map_or("", String::as_str);
        let is_multicast = key.listens_to.is_multicast();
        lines.push(format!(" fd_in {receiver} fd_out = {sender}"));
        lines.push(format!("   Interface = {interface}"));
        lines.push(format!("   Family = IPv{}", key.family.number()));
        lines.push(format!("   Protocol = {}", if key.protocol == PROTOCOL { "VRRP" } else { "AH" }));
        lines.push(format!("   Type = {}icast", if is_multicast { "Mult" } else { "Un" }));
        if !is_multicast {
            lines.push(format!("   Address = {}", key.listens_to));
        }
        lines.push(format!("   Rx buf size = {}", pair.receive_buffer));
        lines.push("   VRRP instances".to_owned());
        let mut users: Vec<_> = source
            .engine
            .instances()
            .iter()
            .filter(|other| source.pair_of(other).is_some_and(|other| other.key == pair.key))
            .map(|other| (other.config.virtual_router_id, &other.config.name))
            .collect();
        users.sort_unstable();
        lines.extend(users.iter().map(|(id, name)| format!("     {name} vrid {id}")));
    }
    lines
}

/// `vrrp_sync_group`
pub(super) fn sync_groups(source: &Source<'_>) -> Vec<String> {
    let mut lines = Vec::new();
    for (config, status) in source.engine.group_status() {
        if lines.is_empty() {
            lines.push("------< VRRP Sync groups >------".to_owned());
        }
        lines.extend(sync_group(source, config, status));
    }
    lines
}

fn sync_group(source: &Source<'_>, config: &SyncGroup, status: GroupStatus) -> Vec<String> {
    let mut lines = vec![
        format!(" VRRP Sync Group = {}, {}", config.name, status.state.word()),
        format!("   Num member fault {}, num member init {}", status.down, status.pending),
    ];
    if !config.members.is_empty() {
        lines.push("   VRRP member instances :".to_owned());
        lines.extend(config.members.iter().map(|name| format!("     {name}")));
    }
    lines.extend(config.tracking_weight.then(|| "   sync group tracking weight set".to_owned()));
    lines.push(format!("   Using smtp notification = {}", if config.notify.smtp_alert { "yes" } else { "no" }));
    let priority_changes = config.notify.priority_changes;
    // keepalived shows it where the group has a word of its own about it.
    if priority_changes != source.config.global.notify_priority_changes {
        lines.push(format!("   Notify priority changes = {}", if priority_changes { "yes" } else { "no" }));
    }
    lines.extend(tracked_lines(&config.trackers, None, "process"));
    lines.extend(notify_lines(&config.notify, &source.config.global));
    lines
}
