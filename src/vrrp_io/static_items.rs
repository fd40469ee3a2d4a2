//! Static addresses, routes and rules: in the kernel while the daemon runs, whoever is master.

use std::io;

use crate::ir::keepalived::{Keepalived, StaticAddress};
use crate::wire::netlink::kind;

use super::driver::Driver;
use super::kernel::{error_line, message_name};

/// Goes from one configuration to another: takes out what only `before` has, puts in what only `after` has.
pub fn exchange(driver: &mut Driver<'_>, before: &Keepalived, after: &Keepalived) {
    for rule in before.static_rules.iter().filter(|rule| !after.static_rules.contains(rule)) {
        let outcome = driver.kernel.delete_rule(rule);
        log(driver, outcome, kind::DEL_RULE);
    }
    for route in before.static_routes.iter().filter(|route| !after.static_routes.contains(route)) {
        let outcome = driver.kernel.delete_route(route);
        log(driver, outcome, kind::DEL_ROUTE);
    }
    for address in before.static_addresses.iter().filter(|address| !after.static_addresses.contains(address)) {
        let outcome = change_address(driver, address, false);
        log(driver, outcome, kind::DEL_ADDR);
    }
    for address in after.static_addresses.iter().filter(|address| !before.static_addresses.contains(address)) {
        let outcome = change_address(driver, address, true);
        log(driver, outcome, kind::NEW_ADDR);
    }
    for route in after.static_routes.iter().filter(|route| !before.static_routes.contains(route)) {
        let outcome = driver.kernel.add_route(route);
        log(driver, outcome, kind::NEW_ROUTE);
    }
    for rule in after.static_rules.iter().filter(|rule| !before.static_rules.contains(rule)) {
        let outcome = driver.kernel.add_rule(rule);
        log(driver, outcome, kind::NEW_RULE);
    }
}

fn change_address(driver: &mut Driver<'_>, item: &StaticAddress, set: bool) -> io::Result<()> {
    let interface = item.address.interface.as_deref().unwrap_or(&driver.config.global.default_interface);
    let index = driver.kernel.link_named(interface).map(|link| link.index).ok_or(io::ErrorKind::NotFound)?;
    if set {
        driver.kernel.add_address(&item.address, index)
    } else {
        driver.kernel.delete_address(&item.address, index)
    }
}

fn log(driver: &Driver<'_>, outcome: io::Result<()>, kind: u16) {
    if let Err(error) = outcome {
        driver.log.info(&error_line(&error, message_name(kind), kind));
    }
}
