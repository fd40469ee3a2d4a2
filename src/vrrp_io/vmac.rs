//! `use_vmac`: an interface with the virtual MAC address (RFC 9568 §7.3) on top of the instance's own.

use std::io;

use crate::ir::keepalived::instance::Vmac;
use crate::vrrp::event::InstanceId;
use crate::vrrp::instance::VirtualRouter;
use crate::vrrp::priority::family;
use crate::wire::vrrp::Family;

use super::driver::Driver;

/// An interface that we made, or found from an earlier run.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Device {
    /// Its name.
    pub name: String,
    /// Its index.
    pub index: u32,
    /// `vmac_xmit_base`: adverts leave on the interface below all the same.
    pub transmit_base: bool,
}

/// Makes the interfaces that instances want and do not have.
pub fn create_missing(driver: &mut Driver<'_>) {
    let wanted: Vec<(InstanceId, VirtualRouter)> =
        driver.engine.instances().iter().map(|router| (router.id, router.clone())).collect();
    for (id, router) in wanted {
        let Some(vmac) = router.config.vmac.clone().filter(|_| !driver.devices.contains_key(&id)) else {
            continue;
        };
        let name = name(driver, &vmac, router.config.virtual_router_id);
        match create(driver, &router, &vmac, &name) {
            Ok(device) => {
                driver.log.info(&format!("({}): Success creating VMAC interface {name}", router.config.name));
                driver.devices.insert(id, device);
            }
            Err(error) => {
                let text = format!("({}): Unable to create VMAC interface {name}: {error}", router.config.name);
                driver.log.info(&text);
            }
        }
    }
}

/// As configured, else the first free one of vrrp.VRID, vrrp0.VRID, vrrp1.VRID …
fn name(driver: &Driver<'_>, vmac: &Vmac, vrid: u8) -> String {
    if let Some(name) = &vmac.interface {
        return name.clone();
    }
    let prefix = &driver.config.global.vmac_prefix;
    let numbered = (0..).map(|number| format!("{prefix}{number}.{vrid}"));
    let mut names = std::iter::once(format!("{prefix}.{vrid}")).chain(numbered);
    let taken = |name: &String| driver.kernel.link_named(name).is_some();
    names.find(|name| !taken(name)).unwrap_or_default()
}

fn create(driver: &mut Driver<'_>, router: &VirtualRouter, vmac: &Vmac, name: &str) -> io::Result<Device> {
    let parent = router.config.interface.as_deref().and_then(|name| driver.kernel.link_named(name));
    let parent = parent.cloned().ok_or(io::ErrorKind::NotFound)?;
    let v6 = family(&router.config) == Family::Ipv6;
    // 00-00-5E-00-01-VRID for IPv4, 02 for IPv6.
    let default = [0, 0, 0x5e, 0, if v6 { 2 } else { 1 }, router.config.virtual_router_id];
    let index = driver.kernel.create_vmac(name, parent.index, vmac.mac.unwrap_or(default))?;
    set_sysctls(&parent.name, name, v6);
    driver.kernel.set_up(index)?;
    driver.kernel.refresh()?;
    Ok(Device { name: name.to_owned(), index, transmit_base: vmac.transmit_base })
}

/// The interface below must not answer for the virtual addresses, and the new one accepts what looks like our own packets
/// (keepalived sets exactly these).
fn set_sysctls(parent: &str, name: &str, v6: bool) {
    if v6 {
        return;
    }
    for (interface, key, value) in [
        (parent, "arp_ignore", "1"),
        (parent, "arp_filter", "1"),
        (name, "arp_ignore", "1"),
        (name, "accept_local", "1"),
        (name, "promote_secondaries", "1"),
        (name, "rp_filter", "0"),
    ] {
        // A kernel without one of these works as it did before.
        let _ = std::fs::write(format!("/proc/sys/net/ipv4/conf/{interface}/{key}"), value);
    }
}

/// Deletes the interfaces of instances that are gone.
pub fn remove_unused(driver: &mut Driver<'_>) {
    let unused: Vec<InstanceId> = driver
        .devices
        .keys()
        .copied()
        .filter(|id| !driver.engine.instances().iter().any(|router| router.id == *id && router.config.vmac.is_some()))
        .collect();
    for id in unused {
        remove(driver, id, "");
    }
}

/// Deletes all of them: the daemon ends.
pub fn remove_all(driver: &mut Driver<'_>) {
    let names: Vec<(InstanceId, String)> =
        driver.engine.instances().iter().map(|router| (router.id, router.config.name.clone())).collect();
    for (id, instance) in names {
        remove(driver, id, &instance);
    }
}

fn remove(driver: &mut Driver<'_>, id: InstanceId, instance: &str) {
    if let Some(device) = driver.devices.remove(&id) {
        let text = match driver.kernel.delete_link(device.index) {
            Ok(()) => format!("({instance}) Success removing VMAC interface {}", device.name),
            Err(error) => format!("({instance}) Failed to remove VMAC interface {}: {error}", device.name),
        };
        driver.log.info(&text);
    }
}
