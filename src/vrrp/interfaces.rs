//! What the kernel said about interfaces.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::wire::vrrp::Family;

/// One interface.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interface {
    /// Administratively up and with carrier.
    pub running: bool,
    /// First IPv4 address.
    pub ipv4: Option<IpAddr>,
    /// IPv6 link-local address.
    pub ipv6: Option<IpAddr>,
}

/// All of them by name; an unknown one is down and without addresses.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Interfaces(BTreeMap<String, Interface>);

impl Interfaces {
    /// Whether packets can pass.
    pub fn running(&self, name: &str) -> bool {
        self.0.get(name).is_some_and(|interface| interface.running)
    }

    /// Where adverts of the interface come from.
    pub fn primary_address(&self, name: &str, family: Family) -> Option<IpAddr> {
        let interface = self.0.get(name)?;
        match family {
            Family::Ipv4 => interface.ipv4,
            Family::Ipv6 => interface.ipv6,
        }
    }

    /// Takes a change in; the answer tells whether it is one.
    pub fn set_running(&mut self, name: &str, running: bool) -> bool {
        let interface = self.0.entry(name.to_owned()).or_default();
        std::mem::replace(&mut interface.running, running) != running
    }

    /// Takes a new primary address in.
    pub fn set_primary_address(&mut self, name: &str, family: Family, address: Option<IpAddr>) {
        let interface = self.0.entry(name.to_owned()).or_default();
        match family {
            Family::Ipv4 => interface.ipv4 = address,
            Family::Ipv6 => interface.ipv6 = address,
        }
    }
}
