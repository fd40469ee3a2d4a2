//! Static addresses, routes and rules: in the kernel while the daemon runs, whoever is master.

use std::io;
use std::net::IpAddr;

use crate::ir::keepalived::{Keepalived, Route, Rule, StaticAddress};
use crate::log::keepalived_log::KeepalivedLog;
use crate::wire::netlink::kind;

use super::dump;
use super::dump_routing;
use super::kernel::{Kernel, error_line, ignoring};

const EADDRNOTAVAIL: i32 = 99;

/// Goes from one configuration to another: takes out what only `before` has, puts in what only `after` has.
pub fn exchange(kernel: &mut Kernel, before: &Keepalived, after: &Keepalived, log: &KeepalivedLog) {
    for rule in before.static_rules.iter().filter(|rule| !after.static_rules.contains(rule)) {
        let outcome = kernel.delete_rule(rule);
        note(log, kernel, outcome, kind::DEL_RULE);
    }
    for route in before.static_routes.iter().filter(|route| !after.static_routes.contains(route)) {
        let outcome = kernel.delete_route(route);
        note(log, kernel, outcome, kind::DEL_ROUTE);
    }
    for address in before.static_addresses.iter().filter(|address| !after.static_addresses.contains(address)) {
        // The kernel takes further addresses of a network away with the first one.
        let outcome = ignoring(EADDRNOTAVAIL, change_address(kernel, address, before, false));
        note(log, kernel, outcome, kind::DEL_ADDR);
    }
    for address in after.static_addresses.iter().filter(|address| !before.static_addresses.contains(address)) {
        let outcome = change_address(kernel, address, after, true);
        note(log, kernel, outcome, kind::NEW_ADDR);
    }
    for route in after.static_routes.iter().filter(|route| !before.static_routes.contains(route)) {
        let outcome = kernel.add_route(route);
        note(log, kernel, outcome, kind::NEW_ROUTE);
    }
    for rule in after.static_rules.iter().filter(|rule| !before.static_rules.contains(rule)) {
        let outcome = kernel.add_rule(rule);
        note(log, kernel, outcome, kind::NEW_RULE);
    }
}

/// Puts back an address that someone took away, unless it says `no_track`.
pub fn restore_address(kernel: &mut Kernel, config: &Keepalived, address: IpAddr, index: u32, log: &KeepalivedLog) {
    let name = kernel.links.get(&index).map(|link| link.name.clone()).unwrap_or_default();
    let is_it = |item: &&StaticAddress| item.address.prefix.address == address && interface(item, config) == name;
    if let Some(item) = config.static_addresses.iter().filter(|item| item.address.tracked).find(is_it) {
        restore(kernel, item, config, log);
    }
}

/// Puts back what the kernel or someone else has taken from an interface while it was down (keepalived does not look what is
/// still there).
pub fn restore_interface(kernel: &mut Kernel, config: &Keepalived, name: &str, log: &KeepalivedLog) {
    let tracked = config.static_addresses.iter().filter(|item| item.address.tracked);
    for item in tracked.filter(|item| interface(item, config) == name) {
        restore(kernel, item, config, log);
    }
    let routes = config.static_routes.iter().filter(|route| route.tracked);
    for route in routes.filter(|route| route.interface.as_deref() == Some(name)) {
        restore_route(kernel, route, log);
    }
}

/// Puts back a route that someone took away.
pub fn restore_route(kernel: &mut Kernel, route: &Route, log: &KeepalivedLog) {
    let outcome = kernel.add_route(route);
    note(log, kernel, outcome, kind::NEW_ROUTE);
    log.info(&format!("Restoring deleted static route {}", dump_routing::show_route(route)));
}

/// Puts back a rule that someone took away.
pub fn restore_rule(kernel: &mut Kernel, rule: &Rule, log: &KeepalivedLog) {
    let outcome = kernel.add_rule(rule);
    note(log, kernel, outcome, kind::NEW_RULE);
    log.info(&format!("Restoring deleted static rule {}", dump_routing::show_rule(rule)));
}

fn restore(kernel: &mut Kernel, item: &StaticAddress, config: &Keepalived, log: &KeepalivedLog) {
    let outcome = change_address(kernel, item, config, true);
    note(log, kernel, outcome, kind::NEW_ADDR);
    let text = dump::show_static_address(item, &config.global.default_interface);
    log.info(&format!("Restoring deleted static address {text}"));
}

fn interface<'a>(item: &'a StaticAddress, config: &'a Keepalived) -> &'a str {
    item.address.interface.as_deref().unwrap_or(&config.global.default_interface)
}

fn change_address(kernel: &mut Kernel, item: &StaticAddress, config: &Keepalived, set: bool) -> io::Result<()> {
    let index = kernel.link_named(interface(item, config)).map(|link| link.index).ok_or(io::ErrorKind::NotFound)?;
    if set { kernel.add_address(&item.address, index) } else { kernel.delete_address(&item.address, index) }
}

fn note(log: &KeepalivedLog, kernel: &Kernel, outcome: io::Result<()>, kind: u16) {
    if let Err(error) = outcome {
        log.info(&error_line(&error, kind, kernel.sequence()));
    }
}
