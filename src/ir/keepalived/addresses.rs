//! Addresses that an instance holds while it is master, and static ones.

use std::net::IpAddr;

use serde::Serialize;

use crate::wire::vrrp;

/// An address family.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default, Serialize)]
pub enum Family {
    /// IPv4
    #[default]
    V4,
    /// IPv6
    V6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        if address.is_ipv4() { Self::V4 } else { Self::V6 }
    }
}

impl From<Family> for vrrp::Family {
    fn from(family: Family) -> Self {
        match family {
            Family::V4 => Self::Ipv4,
            Family::V6 => Self::Ipv6,
        }
    }
}

/// An address with its prefix length.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize)]
pub struct Prefix {
    /// The address as written, host bits kept.
    pub address: IpAddr,
    /// 0–32 or 0–128.
    pub length: u8,
}

/// One line of `virtual_ipaddress`, `virtual_ipaddress_excluded` or `static_ipaddress`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct VirtualAddress {
    /// The address; /32 or /128 unless written otherwise.
    pub prefix: Prefix,
    /// `dev`, else the instance's interface (static: `default_interface`). `None` if there is neither.
    pub interface: Option<String>,
    /// `scope` as rtnetlink's number: 0 global, 253 link, 254 host. IPv4 only.
    pub scope: u8,
    /// `broadcast`, `brd`
    pub broadcast: Option<std::net::Ipv4Addr>,
    /// `label`
    pub label: Option<String>,
    /// `peer`: the other end of a point-to-point address.
    pub peer: Option<Prefix>,
    /// `home`
    pub home: bool,
    /// `mngtmpaddr`
    pub manage_temporary: bool,
    /// `noprefixroute`
    pub no_prefix_route: bool,
    /// `autojoin`
    pub autojoin: bool,
    /// IPv6 without duplicate address detection: on, unless `-nodad` is given.
    pub no_dad: bool,
    /// Seconds; `None` is for ever. An IPv6 /128 is deprecated at once (0) unless set.
    pub preferred_lifetime_s: Option<u32>,
    /// Whether the instance follows the address' interface; off with `no_track`.
    pub tracked: bool,
    /// `use_vmac`: it goes onto the instance's VMAC interface.
    pub use_vmac: bool,
}

/// One line of `static_ipaddress`.
#[derive(Clone, PartialEq, Debug, Serialize)]
pub struct StaticAddress {
    /// The address.
    pub address: VirtualAddress,
    /// `track_group`
    pub track_group: Option<String>,
}
