//! The network interfaces of this namespace, as they are now.

use std::fs;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr};

use nix::ifaddrs::getifaddrs;
use nix::net::if_::InterfaceFlags;

/// One interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Interface {
    /// Its name.
    pub name: String,
    /// It leads back to this machine.
    pub is_loopback: bool,
    /// It can send to groups.
    pub has_multicast: bool,
    /// It is of the Ethernet kind.
    pub is_ethernet: bool,
    /// The largest packet; 1500 where the kernel does not tell.
    pub mtu: u32,
    /// Its first IPv4 address.
    pub address_v4: Option<Ipv4Addr>,
    /// Its first link-local IPv6 address.
    pub address_v6: Option<Ipv6Addr>,
}

/// ARPHRD_ETHER of the kernel's if_arp.h.
const ETHERNET: u16 = 1;

/// All interfaces, with or without addresses.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut found: Vec<Interface> = Vec::new();
    for entry in getifaddrs()? {
        let index = found.iter().position(|known| known.name == entry.interface_name).unwrap_or_else(|| {
            found.push(Interface {
                is_loopback: entry.flags.contains(InterfaceFlags::IFF_LOOPBACK),
                has_multicast: entry.flags.contains(InterfaceFlags::IFF_MULTICAST),
                is_ethernet: false,
                mtu: mtu(&entry.interface_name),
                address_v4: None,
                address_v6: None,
                name: entry.interface_name.clone(),
            });
            found.len() - 1
        });
        let interface = &mut found[index];
        let Some(address) = entry.address else { continue };
        if let Some(link) = address.as_link_addr() {
            interface.is_ethernet = link.hatype() == ETHERNET;
        }
        if let Some(v4) = address.as_sockaddr_in() {
            interface.address_v4.get_or_insert(v4.ip());
        }
        if let Some(v6) = address.as_sockaddr_in6().map(|v6| v6.ip()).filter(Ipv6Addr::is_unicast_link_local) {
            interface.address_v6.get_or_insert(v6);
        }
    }
    Ok(found)
}

fn mtu(name: &str) -> u32 {
    let text = fs::read_to_string(format!("/sys/class/net/{name}/mtu")).unwrap_or_default();
    text.trim().parse().unwrap_or(1500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_loopback_interface_is_known() {
        let all = interfaces().expect("interfaces can be listed");
        assert!(all.iter().any(|interface| interface.name == "lo" && interface.is_loopback && !interface.is_ethernet));
    }
}
