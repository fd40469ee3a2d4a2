//! Routes and rules of a configuration as the kernel wants them told.

use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::routes;
use crate::ir::keepalived::rules::RuleAction;
use crate::ir::keepalived::{Route, Rule};
use crate::wire::netlink::encapsulation::Encapsulation;
use crate::wire::netlink::{route, rule};

/// The number of `congctl` among the metrics.
const CONGESTION_CONTROL: u16 = 16;

/// A route; `None` if one of its interfaces has no `index`.
pub fn route(config: &Route, index: impl Fn(&str) -> Option<u32>) -> Option<route::Repr> {
    let interface = |name: &Option<String>| match name {
        Some(name) => index(name).map(Some),
        None => Some(None),
    };
    let next_hop = |hop: &routes::NextHop| {
        Some(route::NextHop {
            gateway: hop.via,
            interface: interface(&hop.interface)?,
            weight: hop.weight,
            onlink: hop.onlink,
            realms: hop.realms,
            encapsulation: hop.encapsulation.as_ref().map(encapsulation),
        })
    };
    let locked = config.metrics.iter().filter(|metric| metric.locked).map(|metric| metric.number);
    let locked = locked.chain(config.congestion_control_locked.then_some(CONGESTION_CONTROL));
    Some(route::Repr {
        ipv6: config.family == Family::V6,
        kind: config.kind,
        destination: config.destination.map(|prefix| (prefix.address, prefix.length)),
        source: config.source.map(|prefix| (prefix.address, prefix.length)),
        preferred_source: config.preferred_source,
        gateway: config.via,
        interface: interface(&config.interface)?,
        onlink: config.onlink,
        tos: config.tos,
        table: config.table,
        protocol: config.protocol,
        scope: config.scope,
        metric: config.metric,
        metrics: config.metrics.iter().map(|metric| (metric.number, metric.value)).collect(),
        congestion_control: config.congestion_control.clone(),
        locked_metrics: locked.fold(0, |locked, number| locked | 1 << number),
        realms: config.realms,
        expires_s: config.expires_s,
        preference: config.preference,
        ttl_propagate: config.ttl_propagate,
        encapsulation: config.encapsulation.as_ref().map(encapsulation),
        next_hops: config.nexthops.iter().map(next_hop).collect::<Option<_>>()?,
    })
}

fn encapsulation(config: &routes::Encapsulation) -> Encapsulation {
    match config {
        routes::Encapsulation::Ip { family, id, destination, source, tos, ttl, flags } => Encapsulation::Ip {
            ipv6: *family == Family::V6,
            id: *id,
            destination: *destination,
            source: *source,
            tos: Some(*tos).filter(|tos| *tos > 0),
            ttl: Some(*ttl).filter(|ttl| *ttl > 0),
            flags: Some(*flags).filter(|flags| *flags > 0),
        },
        routes::Encapsulation::Mpls(labels) => Encapsulation::Mpls(labels.clone()),
        routes::Encapsulation::Ila(locator) => Encapsulation::Ila(*locator),
    }
}

/// A rule.
pub fn rule(config: &Rule) -> rule::Repr {
    let (action, table, goto) = match config.action {
        RuleAction::Table(table) => (1, table, None),
        RuleAction::Goto(target) => (2, 0, Some(target)),
        RuleAction::Nop => (3, 0, None),
        RuleAction::Blackhole => (6, 0, None),
        RuleAction::Unreachable => (7, 0, None),
        RuleAction::Prohibit => (8, 0, None),
    };
    rule::Repr {
        ipv6: config.family == Family::V6,
        invert: config.invert,
        source: config.from.map(|prefix| (prefix.address, prefix.length)),
        destination: config.to.map(|prefix| (prefix.address, prefix.length)),
        priority: config.priority,
        input_interface: config.input_interface.clone(),
        output_interface: config.output_interface.clone(),
        tos: config.tos,
        mark: config.mark,
        mark_mask: config.mark_mask,
        action,
        table,
        goto,
        protocol: config.protocol,
        realms: config.realms,
        suppress_prefix_length: config.suppress_prefix_length,
        suppress_interface_group: config.suppress_interface_group,
        tunnel_id: config.tunnel_id,
        uid_range: config.uid_range,
        l3mdev: config.l3mdev,
        ip_protocol: config.ip_protocol,
        source_ports: config.source_ports,
        destination_ports: config.destination_ports,
    }
}
