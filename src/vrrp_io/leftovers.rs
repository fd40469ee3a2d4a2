//! What a killed VRRP process leaves in the kernel, and how its parent takes it away: a router that is dead must not answer for
//! addresses that another one takes over.

use std::io;
use std::net::IpAddr;

use crate::ir::keepalived::{Instance, Keepalived};
use crate::log::keepalived_log::KeepalivedLog;

use crate::wire::netlink::link::Link;

use super::kernel::Kernel;
use super::vmac;

/// Takes away the rules, routes, addresses and interfaces of all instances. Whoever is not master has none of them.
pub fn remove(config: &Keepalived, log: &KeepalivedLog) -> io::Result<()> {
    let mut kernel = Kernel::open()?;
    for instance in &config.instances {
        remove_addresses(&mut kernel, instance, log);
        // What an address leads to goes after it: as long as it is there, somebody is answered.
        for rule in &instance.rules {
            tell_of(kernel.delete_rule(rule), instance, "a rule", log);
        }
        for route in &instance.routes {
            tell_of(kernel.delete_route(route), instance, "a route", log);
        }
        let links: Vec<Link> = vmac::left_over(instance, &kernel).into_iter().cloned().collect();
        for link in links {
            tell_of(kernel.delete_link(link.index), instance, &link.name, log);
        }
    }
    Ok(())
}

fn remove_addresses(kernel: &mut Kernel, instance: &Instance, log: &KeepalivedLog) {
    for address in instance.addresses.iter().chain(&instance.excluded_addresses) {
        let name = address.interface.as_deref().or(instance.interface.as_deref());
        let index = name.and_then(|name| kernel.link_named(name)).map(|link| link.index);
        let ip: IpAddr = address.prefix.address;
        if let Some(index) = index.filter(|index| kernel.has_address(ip, *index)) {
            log.info(&format!("({}) Removing {ip}, left by the process that died", instance.name));
            tell_of(kernel.delete_address(address, index), instance, &ip.to_string(), log);
        }
    }
}

fn tell_of(outcome: io::Result<()>, instance: &Instance, what: &str, log: &KeepalivedLog) {
    if let Err(error) = outcome {
        log.info(&format!("({}) Failed to remove {what}: {error}", instance.name));
    }
}
