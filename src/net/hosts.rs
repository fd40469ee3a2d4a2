//! The addresses of the host names of one configuration, found while it is read.

use std::net::{SocketAddr, ToSocketAddrs};

use crate::ir::lookup::{Host, HostId};

/// The addresses of each host name, by [`HostId`].
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct Hosts {
    addresses: Vec<Vec<SocketAddr>>,
}

impl Hosts {
    /// Asks the system for a host's addresses and keeps them; `false` if it has none.
    pub fn resolve(&mut self, id: HostId, host: &Host) -> bool {
        let index = id.0 as usize;
        if self.addresses.len() <= index {
            self.addresses.resize(index + 1, Vec::new());
        }
        let name = host.name.to_string();
        let Ok(found) = (name.as_str(), host.port).to_socket_addrs() else { return false };
        // nginx puts IPv4 before IPv6 whatever the system's order is.
        let (mut addresses, v6): (Vec<_>, Vec<_>) = found.partition(SocketAddr::is_ipv4);
        addresses.extend(v6);
        let is_found = !addresses.is_empty();
        self.addresses[index] = addresses;
        is_found
    }

    /// The addresses of a host; never empty for one that was resolved.
    pub fn addresses(&self, id: HostId) -> &[SocketAddr] {
        self.addresses.get(id.0 as usize).map_or(&[], Vec::as_slice)
    }
}
