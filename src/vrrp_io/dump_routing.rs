//! Routes and rules in keepalived's words, as the dumps and the log show them; all of a route but how it is encapsulated.

use std::net::IpAddr;

use crate::ir::keepalived::addresses::Prefix;
use crate::ir::keepalived::routes::{Insertion, NextHop, RouteMetric};
use crate::ir::keepalived::rules::RuleAction;
use crate::ir::keepalived::{Route, Rule};

/// rtnetlink's number of the table for everything that names no other.
const TABLE_MAIN: u32 = 254;
/// rtnetlink's number of keepalived among those that make routes.
const PROTOCOL_KEEPALIVED: u8 = 18;

pub(super) fn show_route(route: &Route) -> String {
    let mut text = String::from(match route.insertion {
        Insertion::Add => "add ",
        Insertion::Append => "append ",
        Insertion::Prepend => "prepend ",
    });
    text += match route.kind {
        1 => "",
        6 => "blackhole ",
        7 => "unreachable ",
        8 => "prohibit ",
        9 => "throw ",
        _ => "local ",
    };
    text += &route.destination.map_or_else(|| "default".into(), show_prefix);
    let parts = [
        route.source.map(|source| format!(" from {}", show_prefix(source))),
        route.preferred_source.map(|source| format!(" src {source}")),
        (route.tos != 0).then(|| format!(" tos {}", route.tos)),
        route.via.map(|via| format!(" via {} {via}", family(via))),
        route.interface.as_ref().map(|interface| format!(" dev {interface}")),
        (route.table != TABLE_MAIN).then(|| format!(" table {}", route.table)),
        // An untracked route is not marked as keepalived's unless the file says so.
        (route.tracked || route.protocol != PROTOCOL_KEEPALIVED).then(|| format!(" proto {}", route.protocol)),
        (route.scope != 0).then(|| format!(" scope {}", route.scope)),
        route.metric.map(|metric| format!(" metric {metric}")),
        route.onlink.then(|| " onlink".to_owned()),
        route.realms.map(realms),
        route.expires_s.map(|seconds| format!(" expires {seconds}sec")),
        route
            .congestion_control
            .as_ref()
            .map(|name| format!(" congctl {name}{}", if route.congestion_control_locked { "lock " } else { "" })),
        Some(METRICS.iter().filter_map(|number| show_metric(route, *number)).collect()),
        route.preference.map(|preference| format!(" pref {}", preference_name(preference))),
        show_metric(route, FAST_OPEN_NO_COOKIE),
        route.ttl_propagate.map(|on| format!(" ttl-propagate {}abled", if on { "en" } else { "dis" })),
        Some(route.nexthops.iter().map(show_nexthop).collect()),
        (!route.tracked).then(|| " no_track".to_owned()),
        route.track_group.as_ref().map(|group| format!(" track_group {group}")),
    ];
    text.extend(parts.into_iter().flatten());
    text
}

/// The metrics in the order in which they are shown, by rtnetlink's numbers.
const METRICS: [u16; 14] = [4, 5, 13, 12, 2, 3, 6, 7, 8, 9, 10, 11, 14, 15];
const FAST_OPEN_NO_COOKIE: u16 = 17;

fn show_metric(route: &Route, number: u16) -> Option<String> {
    let RouteMetric { locked, value, .. } = *route.metrics.iter().find(|metric| metric.number == number)?;
    let lock = if locked { "lock " } else { "" };
    let plain = |name: &str| format!(" {name} {lock}{value}");
    // In units of which a second has so many; the name has keepalived's blanks.
    let time = |name: &str, units: u32| {
        let lock = if locked { " lock" } else { "" };
        let (amount, unit) = if value >= units { (f64::from(units), "s") } else { (f64::from(units) / 1000.0, "ms") };
        format!(" {name}{lock} {}{unit}", f64::from(value) / amount)
    };
    Some(match number {
        2 => plain("mtu"),
        3 => plain("window"),
        4 => time("rtt", 8000),
        5 => time("rttvar", 4000),
        6 => plain("ssthresh"),
        7 => plain("cwnd"),
        8 => plain("advmss"),
        9 => plain("reordering"),
        10 => format!(" hoplimit {value}"),
        11 => format!(" initcwnd {value}"),
        12 => " features ecn".to_owned(),
        13 => time("rto_min", 1000),
        14 => format!(" initrwnd {value}"),
        15 => format!(" quickack {value}"),
        _ => format!(" fastopen_no_cookie {value}"),
    })
}

fn realms(realms: u32) -> String {
    match realms >> 16 {
        0 => format!(" realm {realms}"),
        from => format!(" realms {from}/{}", realms & 0xffff),
    }
}

/// As RFC 4191 section 2.1 numbers them.
fn preference_name(preference: u8) -> &'static str {
    match preference {
        0 => "medium",
        1 => "high",
        3 => "low",
        _ => "unknown",
    }
}

fn family(address: IpAddr) -> &'static str {
    if address.is_ipv6() { "inet6" } else { "inet" }
}

fn show_nexthop(nexthop: &NextHop) -> String {
    let parts = [
        nexthop.via.map(|via| format!(" via {} {via}", family(via))),
        nexthop.interface.as_ref().map(|interface| format!(" dev {interface}")),
        (nexthop.weight > 1).then(|| format!(" weight {}", nexthop.weight)),
        nexthop.onlink.then(|| " onlink".to_owned()),
        nexthop.realms.map(realms),
    ];
    std::iter::once(" nexthop".to_owned()).chain(parts.into_iter().flatten()).collect()
}

pub(super) fn show_rule(rule: &Rule) -> String {
    let mark = rule.mark.map(|mark| {
        let mask = rule.mark_mask.filter(|mask| *mask != u32::MAX).map(|mask| format!("/{mask:#x}"));
        format!(" fwmark {mark:#x}{}", mask.unwrap_or_default())
    });
    let from = rule.from.map_or_else(|| "all".into(), show_prefix);
    let parts = [
        rule.invert.then(|| "not ".to_owned()),
        Some(format!("from {from}")),
        rule.to.map(|to| format!(" to {}", show_prefix(to))),
        Some(format!(" priority {}", rule.priority)),
        Some(format!(" tos {:#x}", rule.tos)),
        mark,
        rule.input_interface.as_ref().map(|interface| format!(" iif {interface}")),
        rule.output_interface.as_ref().map(|interface| format!(" oif {interface}")),
        rule.suppress_prefix_length.map(|length| format!(" suppress_prefixlen {length}")),
        rule.suppress_interface_group.map(|group| format!(" suppress_ifgroup {group}")),
        rule.tunnel_id.map(|id| format!(" tunnel-id {id}")),
        rule.uid_range.map(|(first, last)| format!(" uidrange {first}-{last}")),
        rule.l3mdev.then(|| " l3mdev".to_owned()),
        rule.protocol.map(|protocol| format!(" protocol {protocol}")),
        rule.ip_protocol.map(|number| format!(" ipproto {number}")),
        rule.source_ports.map(|(first, last)| format!(" sport {first}-{last}")),
        rule.destination_ports.map(|(first, last)| format!(" dport {first}-{last}")),
        rule.realms.map(|realms| format!(" realms {}/{}", realms >> 16, realms & 0xffff)),
        Some(match rule.action {
            RuleAction::Table(table) => format!(" lookup {table}"),
            RuleAction::Goto(target) => format!(" goto {target}"),
            RuleAction::Nop => " nop".into(),
            RuleAction::Blackhole => " type blackhole".into(),
            RuleAction::Unreachable => " type unreachable".into(),
            RuleAction::Prohibit => " type prohibit".into(),
        }),
        (!rule.tracked).then(|| " no_track".to_owned()),
        rule.track_group.as_ref().map(|group| format!(" track_group {group}")),
    ];
    parts.into_iter().flatten().collect()
}

pub(super) fn show_prefix(prefix: Prefix) -> String {
    let whole = if prefix.address.is_ipv4() { 32 } else { 128 };
    if prefix.length == whole { prefix.address.to_string() } else { format!("{}/{}", prefix.address, prefix.length) }
}
