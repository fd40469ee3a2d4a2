//! Static addresses, routes and rules: in the kernel while the daemon runs, whoever is master.

use std::io;

use crate::ir::keepalived::{Keepalived, StaticAddress};
use crate::log::keepalived_log::KeepalivedLog;
use crate::wire::netlink::kind;

use super::kernel::{Kernel, error_line, message_name};

/// Goes from one configuration to another: takes out what only `before` has, puts in what only `after` has.
pub fn exchange(kernel: &mut Kernel, before: &Keepalived, after: &Keepalived, log: &KeepalivedLog) {
    for rule in before.static_rules.iter().filter(|rule| !after.static_rules.contains(rule)) {
        let outcome = kernel.delete_rule(rule);
        note(log, outcome, kind::DEL_RULE);
    }
    for route in before.static_routes.iter().filter(|route| !after.static_routes.contains(route)) {
        let outcome = kernel.delete_route(route);
        note(log, outcome, kind::DEL_ROUTE);
    }
    for address in before.static_addresses.iter().filter(|address| !after.static_addresses.contains(address)) {
        let outcome = change_address(kernel, address, before, false);
        note(log, outcome, kind::DEL_ADDR);
    }
    for address in after.static_addresses.iter().filter(|address| !before.static_addresses.contains(address)) {
        let outcome = change_address(kernel, address, after, true);
        note(log, outcome, kind::NEW_ADDR);
    }
    for route in after.static_routes.iter().filter(|route| !before.static_routes.contains(route)) {
        let outcome = kernel.add_route(route);
        note(log, outcome, kind::NEW_ROUTE);
    }
    for rule in after.static_rules.iter().filter(|rule| !before.static_rules.contains(rule)) {
        let outcome = kernel.add_rule(rule);
        note(log, outcome, kind::NEW_RULE);
    }
}

fn change_address(kernel: &mut Kernel, item: &StaticAddress, config: &Keepalived, set: bool) -> io::Result<()> {
    let interface = item.address.interface.as_deref().unwrap_or(&config.global.default_interface);
    let index = kernel.link_named(interface).map(|link| link.index).ok_or(io::ErrorKind::NotFound)?;
    if set { kernel.add_address(&item.address, index) } else { kernel.delete_address(&item.address, index) }
}

fn note(log: &KeepalivedLog, outcome: io::Result<()>, kind: u16) {
    if let Err(error) = outcome {
        log.info(&error_line(&error, message_name(kind), kind));
    }
}
