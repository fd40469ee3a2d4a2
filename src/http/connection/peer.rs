//! Who is at the other end of a connection.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

use crate::ir::http::access::Clients;
use crate::ir::http::realip::Trusted;
use crate::ir::lookup::HostId;

/// A client's address. The longer kind lies apart, because ten thousand connections that wait have one each.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Peer {
    /// An address and port.
    V4(SocketAddrV4),
    /// An address and port.
    V6(Box<SocketAddrV6>),
    /// Somebody on this machine, through a unix socket.
    Unix,
}

impl From<SocketAddr> for Peer {
    fn from(address: SocketAddr) -> Self {
        match address {
            SocketAddr::V4(address) => Self::V4(address),
            SocketAddr::V6(address) => Self::V6(Box::new(address)),
        }
    }
}

/// The address without the port, as logs and `$remote_addr` show it.
impl fmt::Display for Peer {
    fn fmt(&self, out: &mut fmt::Formatter) -> fmt::Result {
        match self {
            Self::V4(address) => address.ip().fmt(out),
            Self::V6(address) => address.ip().fmt(out),
            Self::Unix => out.write_str("unix:"),
        }
    }
}

impl Peer {
    /// The address, unless it is a unix socket.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::V4(address) => Some((*address.ip()).into()),
            Self::V6(address) => Some((*address.ip()).into()),
            Self::Unix => None,
        }
    }

    /// The address with the port.
    pub fn with_port(&self) -> String {
        match self {
            Self::V4(address) => address.to_string(),
            Self::V6(address) => address.to_string(),
            Self::Unix => self.to_string(),
        }
    }

    /// Whether it is one of these.
    pub fn is_among(&self, clients: &Clients) -> bool {
        match (clients, self) {
            (Clients::All, _) | (Clients::Unix, Self::Unix) => true,
            (Clients::Network(network), peer) => peer.ip().is_some_and(|address| network.contains(address)),
            _ => false,
        }
    }

    /// The port; 0 for unix sockets.
    pub fn port(&self) -> u16 {
        match self {
            Self::V4(address) => address.port(),
            Self::V6(address) => address.port(),
            Self::Unix => 0,
        }
    }
}

/// The addresses of the names that stand in lists of peers.
#[derive(Default)]
pub struct NamedPeers(BTreeMap<u32, Vec<IpAddr>>);

impl NamedPeers {
    /// Takes in the addresses of all names in a list.
    pub fn add(&mut self, list: &[Trusted], addresses_of: &dyn Fn(HostId) -> Vec<SocketAddr>) {
        for listed in list {
            if let Trusted::Host(host) = listed {
                self.0.insert(host.0, addresses_of(*host).iter().map(SocketAddr::ip).collect());
            }
        }
    }

    /// Whether a peer stands in a list.
    pub fn is_in(&self, peer: &Peer, list: &[Trusted]) -> bool {
        list.iter().any(|listed| match listed {
            Trusted::Clients(clients) => peer.is_among(clients),
            Trusted::Host(host) => {
                self.0.get(&host.0).zip(peer.ip()).is_some_and(|(known, address)| known.contains(&address))
            }
        })
    }
}
