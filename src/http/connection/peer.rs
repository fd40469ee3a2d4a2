//! Who is at the other end of a connection.

use std::fmt;
use std::net::{IpAddr, SocketAddr, SocketAddrV4, SocketAddrV6};

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

    /// The port; 0 for unix sockets.
    pub fn port(&self) -> u16 {
        match self {
            Self::V4(address) => address.port(),
            Self::V6(address) => address.port(),
            Self::Unix => 0,
        }
    }
}
