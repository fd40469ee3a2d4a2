//! `listen`: addresses, socket options, and which servers answer at each address.

pub mod directive;
pub mod ports;

use std::net::SocketAddr;

use super::ids::ServerId;
use super::lookup::HostId;
use super::server_name::ServerNames;
use super::value::Text;

/// Where a socket listens.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
pub enum ListenAddress {
    /// An address and port.
    Inet(SocketAddr),
    /// The path of a unix socket.
    Unix(Text),
    /// A host name, still to be resolved.
    Host(HostId),
}

/// What a `listen` asks of its socket.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub struct SocketOptions {
    /// `backlog`
    pub backlog: i32,
    /// `rcvbuf`, in bytes
    pub receive_buffer: Option<usize>,
    /// `sndbuf`, in bytes
    pub send_buffer: Option<usize>,
    /// `fastopen`
    pub fastopen: Option<u32>,
    /// `deferred`
    pub deferred: bool,
    /// `reuseport`
    pub reuseport: bool,
    /// `ipv6only`
    pub ipv6only: bool,
    /// `so_keepalive`
    pub keepalive: Option<Keepalive>,
    /// `multipath`
    pub multipath: bool,
    /// UDP, for QUIC.
    pub datagram: bool,
    /// Any socket option was given, so that the address gets a socket of its own.
    pub bind: bool,
}

impl Default for SocketOptions {
    fn default() -> Self {
        Self {
            backlog: 511,
            receive_buffer: None,
            send_buffer: None,
            fastopen: None,
            deferred: false,
            reuseport: false,
            ipv6only: true,
            keepalive: None,
            multipath: false,
            datagram: false,
            bind: false,
        }
    }
}

/// `so_keepalive`
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Keepalive {
    /// `off`
    Off,
    /// `on`, or times and a number; what is not given is the system's.
    On {
        /// Seconds of silence before the first probe.
        idle_seconds: Option<u32>,
        /// Seconds between probes.
        interval_seconds: Option<u32>,
        /// Probes without an answer before the connection is given up.
        count: Option<u32>,
    },
}

/// One listening socket, and the addresses that share it.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Listener {
    /// Where the socket is bound. May be a wildcard that serves further addresses of its port.
    pub address: ListenAddress,
    /// What to ask of the socket.
    pub options: SocketOptions,
    /// The servers by local address. The last one has the socket's own address, and serves every other.
    pub addresses: Vec<AddressServers>,
}

/// The servers at one address.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct AddressServers {
    /// The address.
    pub address: ListenAddress,
    /// The server for names that no server has.
    pub default_server: ServerId,
    /// `ssl`
    pub ssl: bool,
    /// `http2`
    pub http2: bool,
    /// `quic`
    pub quic: bool,
    /// `proxy_protocol`
    pub proxy_protocol: bool,
    /// Which server a name belongs to.
    pub names: ServerNames,
}
