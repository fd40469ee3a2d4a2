//! `virtual_routes` and `static_routes`: the words of ip-route(8), checked.

use std::net::IpAddr;

use serde::Serialize;

use super::addresses::Family;
use super::addresses::Prefix;

/// One route.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct Route {
    /// `inet`, `inet6`, else the family of its addresses.
    pub family: Family,
    /// rtnetlink's number of the kind: 1 unicast, 6 blackhole, 7 unreachable …
    pub kind: u8,
    /// `None` is the default route.
    pub destination: Option<Prefix>,
    /// `from`; IPv6 only.
    pub source: Option<Prefix>,
    /// `src`
    pub preferred_source: Option<IpAddr>,
    /// `via`, `gw`
    pub via: Option<IpAddr>,
    /// `dev`, `oif`
    pub interface: Option<String>,
    /// `onlink`
    pub onlink: bool,
    /// `tos`, `dsfield`
    pub tos: u8,
    /// `table`; 254 is main.
    pub table: u32,
    /// `protocol`; 18 is keepalived.
    pub protocol: u8,
    /// `scope`, else what ip-route(8) would choose.
    pub scope: u8,
    /// `metric`, `priority`, `preference`
    pub metric: Option<u32>,
    /// The values in the route's metrics: rtnetlink's number, whether locked, the value.
    pub metrics: Vec<RouteMetric>,
    /// `congctl`
    pub congestion_control: Option<String>,
    /// `congctl lock`
    pub congestion_control_locked: bool,
    /// `expires`
    pub expires_s: Option<u32>,
    /// `realms`
    pub realms: Option<u32>,
    /// `pref`
    pub preference: Option<u8>,
    /// `ttl-propagate`
    pub ttl_propagate: Option<bool>,
    /// `encap …`
    pub encapsulation: Option<Encapsulation>,
    /// `nexthop …`, in the order of the file.
    pub nexthops: Vec<NextHop>,
    /// `add`, `append`, `prepend`
    pub insertion: Insertion,
    /// Whether its loss matters; off with `no_track`.
    pub tracked: bool,
    /// `track_group`; static routes only.
    pub track_group: Option<String>,
}

/// One value of a route's metrics.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize)]
pub struct RouteMetric {
    /// rtnetlink's number: 2 mtu, 3 window, 4 rtt …
    pub number: u16,
    /// `lock`
    pub locked: bool,
    /// As the kernel takes it.
    pub value: u32,
}

/// Where a new route goes among equal ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize)]
pub enum Insertion {
    /// Before them.
    #[default]
    Prepend,
    /// Refused if there is one.
    Add,
    /// Behind them.
    Append,
}

/// `encap …`
#[derive(Clone, PartialEq, Debug, Serialize)]
pub enum Encapsulation {
    /// `ip`, `ip6`
    Ip {
        /// The family of the outer header.
        family: Family,
        /// `id`
        id: Option<u64>,
        /// `dst`
        destination: Option<IpAddr>,
        /// `src`
        source: Option<IpAddr>,
        /// `tos`, `tc`
        tos: u8,
        /// `ttl`, `hoplimit`
        ttl: u8,
        /// `flags`
        flags: u16,
    },
    /// `mpls`: labels, outermost first.
    Mpls(Vec<u32>),
    /// `ila`
    Ila(u64),
}

/// One `nexthop`.
#[derive(Clone, PartialEq, Debug, Default, Serialize)]
pub struct NextHop {
    /// `via`
    pub via: Option<IpAddr>,
    /// `dev`
    pub interface: Option<String>,
    /// 1 to 256
    pub weight: u16,
    /// `onlink`
    pub onlink: bool,
    /// `realms`
    pub realms: Option<u32>,
    /// `encap …`
    pub encapsulation: Option<Encapsulation>,
}
