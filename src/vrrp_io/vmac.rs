//! `use_vmac`: an interface with the virtual MAC address (RFC 9568 §7.3) on top of the instance's own.

use std::collections::BTreeMap;
use std::io;

use crate::ir::keepalived::Instance;
use crate::ir::keepalived::instance::Vmac;
use crate::log::keepalived_log::KeepalivedLog;
use crate::vrrp::event::InstanceId;
use crate::vrrp::instance::VirtualRouter;
use crate::wire::netlink::link::Link;
use crate::wire::vrrp::Family;

use super::kernel::Kernel;

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

/// The interfaces of all instances that have one.
#[derive(Debug, Default)]
pub struct Devices(BTreeMap<InstanceId, Device>);

impl Devices {
    /// The interface of an instance.
    pub fn get(&self, id: InstanceId) -> Option<&Device> {
        self.0.get(&id)
    }

    /// Takes over the interfaces that another process has made.
    pub fn adopt(&mut self, routers: &[VirtualRouter], prefix: &str, kernel: &Kernel) {
        let found = routers.iter().filter_map(|router| Some((router.id, find(&router.config, prefix, kernel)?)));
        self.0.extend(found);
    }

    /// Makes the interfaces that instances want and do not have.
    pub fn create_missing(
        &mut self,
        routers: &[VirtualRouter],
        prefix: &str,
        kernel: &mut Kernel,
        log: &KeepalivedLog,
    ) {
        for router in routers {
            let instance = &router.config.name;
            let Some(vmac) = router.config.vmac.as_ref().filter(|_| !self.0.contains_key(&router.id)) else {
                continue;
            };
            let name = name(vmac, prefix, router.config.virtual_router_id, kernel);
            match create(kernel, router, vmac, &name) {
                Ok(device) => {
                    log.info(&format!("({instance}): Success creating VMAC interface {name}"));
                    self.0.insert(router.id, device);
                }
                Err(error) => log.info(&format!("({instance}): Unable to create VMAC interface {name}: {error}")),
            }
        }
    }

    /// Deletes the interfaces of instances that are gone.
    pub fn remove_unused(&mut self, routers: &[VirtualRouter], kernel: &mut Kernel, log: &KeepalivedLog) {
        let wanted = |id| routers.iter().any(|router| router.id == id && router.config.vmac.is_some());
        let unused: Vec<InstanceId> = self.0.keys().copied().filter(|id| !wanted(*id)).collect();
        for id in unused {
            self.remove(id, "", kernel, log);
        }
    }

    /// Deletes all of them: the daemon ends.
    pub fn remove_all(&mut self, routers: &[VirtualRouter], kernel: &mut Kernel, log: &KeepalivedLog) {
        for router in routers {
            self.remove(router.id, &router.config.name, kernel, log);
        }
    }

    fn remove(&mut self, id: InstanceId, instance: &str, kernel: &mut Kernel, log: &KeepalivedLog) {
        let Some(device) = self.0.remove(&id) else {
            return;
        };
        match kernel.delete_link(device.index) {
            Ok(()) => log.info(&format!("({instance}) Success removing VMAC interface {}", device.name)),
            Err(error) => log.info(&format!("({instance}) Failed to remove VMAC interface {}: {error}", device.name)),
        }
    }
}

/// The interface that an earlier process has made for an instance: by its name, its address and what it stands on.
pub fn find(instance: &Instance, prefix: &str, kernel: &Kernel) -> Option<Device> {
    let vmac = instance.vmac.as_ref()?;
    let parent = kernel.link_named(instance.interface.as_deref()?)?.index;
    let end = format!(".{}", instance.virtual_router_id);
    let is_name = |name: &str| match &vmac.interface {
        Some(configured) => name == configured,
        None => name.starts_with(prefix) && name.ends_with(&end),
    };
    let mac = mac(instance, vmac);
    let is_it = |link: &&Link| link.parent == Some(parent) && link.mac == Some(mac) && is_name(&link.name);
    let link = kernel.links.values().find(is_it)?;
    Some(Device { name: link.name.clone(), index: link.index, transmit_base: vmac.transmit_base })
}

/// 00-00-5E-00-01-VRID for IPv4, 02 for IPv6, if no other is configured.
fn mac(instance: &Instance, vmac: &Vmac) -> [u8; 6] {
    let v6 = Family::from(instance.family) == Family::Ipv6;
    vmac.mac.unwrap_or([0, 0, 0x5e, 0, if v6 { 2 } else { 1 }, instance.virtual_router_id])
}

/// As configured, else the first free one of vrrp.VRID, vrrp0.VRID, vrrp1.VRID …
fn name(vmac: &Vmac, prefix: &str, vrid: u8, kernel: &Kernel) -> String {
    if let Some(name) = &vmac.interface {
        return name.clone();
    }
    let numbered = (0..).map(|number| format!("{prefix}{number}.{vrid}"));
    let mut names = std::iter::once(format!("{prefix}.{vrid}")).chain(numbered);
    let taken = |name: &String| kernel.link_named(name).is_some();
    names.find(|name| !taken(name)).unwrap_or_default()
}

fn create(kernel: &mut Kernel, router: &VirtualRouter, vmac: &Vmac, name: &str) -> io::Result<Device> {
    let parent = router.config.interface.as_deref().and_then(|name| kernel.link_named(name));
    let parent = parent.cloned().ok_or(io::ErrorKind::NotFound)?;
    let v6 = Family::from(router.config.family) == Family::Ipv6;
    let index = kernel.create_vmac(name, parent.index, mac(&router.config, vmac))?;
    set_sysctls(&parent.name, name, v6);
    kernel.set_up(index)?;
    kernel.refresh()?;
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
