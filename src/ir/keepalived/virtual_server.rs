//! `virtual_server` and `virtual_server_group`: what IPVS is to balance, and over which servers.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use serde::Serialize;

use super::addresses::Family;
use super::checker::Checker;
use super::notify::Command;

/// `virtual_server … { … }`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VirtualServer {
    /// What clients address.
    pub service: Service,
    /// `ip_family`, or that of the addresses; unknown for a mark whose servers all stand behind tunnels.
    pub family: Option<Family>,
    /// `protocol`; a firewall mark has none.
    pub protocol: Option<Protocol>,
    /// `lb_algo`
    pub scheduler: String,
    /// `ops` and the flags of the scheduler, by their keywords.
    pub scheduler_flags: Vec<String>,
    /// `persistence_timeout`; `None` without persistence.
    pub persistence_timeout_s: Option<u32>,
    /// `persistence_granularity`
    pub persistence_granularity: Option<Granularity>,
    /// `persistence_engine`
    pub persistence_engine: Option<String>,
    /// `ha_suspend`: checks rest while no local address is the service's.
    pub ha_suspend: bool,
    /// `omega`: the scripts for servers that go are run at the end, too.
    pub omega: bool,
    /// The weight of real servers that must be up.
    pub quorum: u32,
    /// How far the weight must be from the quorum before that counts.
    pub hysteresis: u32,
    /// `quorum_up`
    pub quorum_up: Option<Command>,
    /// `quorum_down`
    pub quorum_down: Option<Command>,
    /// `virtualhost`: the `Host` of checks that name none.
    pub virtualhost: Option<String>,
    /// `snmp_name`
    pub snmp_name: Option<String>,
    /// `smtp_alert`, or the global default of it.
    pub smtp_alert: bool,
    /// The server for when too few are up.
    pub sorry_server: Option<SorryServer>,
    /// In the order of the file.
    pub real_servers: Vec<RealServer>,
}

/// `SSL { … }`: what checks over TLS use.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize)]
pub struct CheckerTls {
    /// `password`
    pub password: Option<String>,
    /// `ca`
    pub ca: Option<String>,
    /// `certificate`
    pub certificate: Option<String>,
    /// `key`
    pub key: Option<String>,
}

/// What clients address.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub enum Service {
    /// `group NAME`: the addresses and marks of a `virtual_server_group`.
    Group {
        /// Its name.
        name: String,
        /// Which of the virtual servers of this group it is, counted from 0.
        number: u16,
    },
    /// `fwmark NUMBER`
    Mark(u32),
    /// An address and a port; port 0 is any.
    Address(SocketAddr),
}

/// The protocol of the balanced connections.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Protocol {
    /// TCP
    Tcp,
    /// UDP
    Udp,
    /// SCTP
    Sctp,
}

/// How finely clients are told apart for persistence.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum Granularity {
    /// A mask over IPv4 addresses.
    Mask(Ipv4Addr),
    /// The length of a prefix of IPv6 addresses.
    PrefixLength(u8),
}

/// How packets reach a real server.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum ForwardingMethod {
    /// `NAT`
    Masquerade,
    /// `DR`
    DirectRouting,
    /// `TUN`
    Tunnel,
}

/// How tunnelled packets are wrapped.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum TunnelType {
    /// `ipip`
    Ipip,
    /// `gue`, to this port.
    Gue(u16),
    /// `gre`
    Gre,
}

/// Which checksums tunnelled packets carry.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub enum TunnelChecksum {
    /// `nocsum`
    None,
    /// `csum`
    Local,
    /// `remcsum`
    Remote,
}

/// `lvs_method`, `lb_kind`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct Forwarding {
    /// The method.
    pub method: ForwardingMethod,
    /// `type`, which counts for tunnels.
    pub tunnel_type: TunnelType,
    /// `csum` and its kin, which count for tunnels.
    pub tunnel_checksum: TunnelChecksum,
}

impl Default for Forwarding {
    fn default() -> Self {
        Self {
            method: ForwardingMethod::Masquerade,
            tunnel_type: TunnelType::Ipip,
            tunnel_checksum: TunnelChecksum::None,
        }
    }
}

/// `sorry_server ADDRESS PORT`
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct SorryServer {
    /// Its address.
    pub address: SocketAddr,
    /// How packets reach it.
    pub forwarding: Forwarding,
    /// `sorry_server_inhibit`: its weight is set to 0 instead of removing it.
    pub inhibit: bool,
}

/// `real_server ADDRESS PORT { … }`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct RealServer {
    /// Its address.
    pub address: SocketAddr,
    /// How packets reach it.
    pub forwarding: Forwarding,
    /// Its own, or that of the virtual server.
    pub weight: u32,
    /// `uthreshold`: the most connections; 0 is any number.
    pub upper_threshold: u32,
    /// `lthreshold`
    pub lower_threshold: u32,
    /// `inhibit_on_failure`: its weight is set to 0 instead of removing it.
    pub inhibit_on_failure: bool,
    /// `alpha`: it counts as failed until a check has succeeded.
    pub alpha: bool,
    /// `notify_up`
    pub notify_up: Option<Command>,
    /// `notify_down`
    pub notify_down: Option<Command>,
    /// `virtualhost`
    pub virtualhost: Option<String>,
    /// `snmp_name`
    pub snmp_name: Option<String>,
    /// `smtp_alert`, or the global default of it.
    pub smtp_alert: bool,
    /// How it is found out whether it works.
    pub checkers: Vec<Checker>,
}

/// `virtual_server_group NAME { … }`
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct VirtualServerGroup {
    /// The name that `virtual_server group` uses.
    pub name: String,
    /// Addresses, and ranges of them.
    pub addresses: Vec<AddressRange>,
    /// Firewall marks.
    pub marks: Vec<GroupMark>,
}

/// One line of addresses in a group.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct AddressRange {
    /// The first address.
    pub first: IpAddr,
    /// The last one.
    pub last: IpAddr,
    /// Port 0 is any.
    pub port: u16,
}

/// `fwmark NUMBER [inet|inet6]`
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct GroupMark {
    /// The mark.
    pub mark: u32,
    /// The family, if it is named.
    pub family: Option<Family>,
}

impl VirtualServerGroup {
    /// Whether it has an address, or a mark, of the family.
    pub fn has(&self, family: Family) -> bool {
        let is_of = |address: IpAddr| address.is_ipv4() == (family == Family::V4);
        self.addresses.iter().any(|range| is_of(range.first)) || self.marks.iter().any(|m| m.family == Some(family))
    }

    /// Whether it has a mark that may be of either family.
    pub fn has_mark_without_family(&self) -> bool {
        self.marks.iter().any(|mark| mark.family.is_none())
    }
}

/// `[ADDRESS]:PROTOCOL:PORT`, as keepalived's log shows servers.
pub fn shown(address: SocketAddr, protocol: Option<Protocol>) -> String {
    let protocol = match protocol {
        None => "none",
        Some(Protocol::Tcp) => "tcp",
        Some(Protocol::Udp) => "udp",
        Some(Protocol::Sctp) => "sctp",
    };
    format!("[{}]:{protocol}:{}", address.ip(), address.port())
}

impl Service {
    /// As keepalived's log shows it.
    pub fn shown(&self, protocol: Option<Protocol>) -> String {
        match self {
            Self::Group { name, number } => format!("[{name}]:{number}"),
            Self::Mark(mark) => format!("FWM {mark}"),
            Self::Address(address) => shown(*address, protocol),
        }
    }
}
