//! Routes: RTM_NEWROUTE, RTM_DELROUTE.

use std::net::IpAddr;

use super::encapsulation::Encapsulation;
use super::{FAMILY_IPV4, FAMILY_IPV6, NESTED, Request, flag, kind, octets, put_attribute};

/// Attribute numbers of linux/rtnetlink.h.
mod attribute {
    pub const DESTINATION: u16 = 1;
    pub const SOURCE: u16 = 2;
    pub const OUTPUT_INTERFACE: u16 = 4;
    pub const GATEWAY: u16 = 5;
    pub const PRIORITY: u16 = 6;
    pub const PREFERRED_SOURCE: u16 = 7;
    pub const METRICS: u16 = 8;
    pub const MULTIPATH: u16 = 9;
    pub const FLOW: u16 = 11;
    pub const TABLE: u16 = 15;
    pub const PREFERENCE: u16 = 20;
    pub const ENCAPSULATION_KIND: u16 = 21;
    pub const ENCAPSULATION: u16 = 22;
    pub const EXPIRES: u16 = 23;
    pub const TTL_PROPAGATE: u16 = 26;
    /// Among the metrics: a bit for each that the kernel must not change.
    pub const METRIC_LOCK: u16 = 1;
    /// Among the metrics, and the only one that is a text.
    pub const METRIC_CONGESTION_CONTROL: u16 = 16;
}

const FLAG_ONLINK: u32 = 4;
/// Bytes of a next hop before its attributes (struct rtnexthop).
const NEXT_HOP_LEN: usize = 8;

/// How a new route stands to equal ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Insertion {
    /// Before them.
    Prepend,
    /// Refused if there is one.
    Add,
    /// Behind them.
    Append,
}

/// One way of a route that has several.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct NextHop {
    /// `via`
    pub gateway: Option<IpAddr>,
    /// Index of the interface.
    pub interface: Option<u32>,
    /// 1 to 256.
    pub weight: u16,
    /// The gateway is reachable although no address says so.
    pub onlink: bool,
    /// `realms`
    pub realms: Option<u32>,
    /// `encap`
    pub encapsulation: Option<Encapsulation>,
}

/// A route.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Repr {
    /// Whether it is an IPv6 one; a default route has no address to tell.
    pub ipv6: bool,
    /// rtnetlink's number: 1 unicast, 6 blackhole …
    pub kind: u8,
    /// Address and prefix length; `None` is the default route.
    pub destination: Option<(IpAddr, u8)>,
    /// `from`
    pub source: Option<(IpAddr, u8)>,
    /// `src`
    pub preferred_source: Option<IpAddr>,
    /// `via`
    pub gateway: Option<IpAddr>,
    /// Index of the interface.
    pub interface: Option<u32>,
    /// The gateway is reachable although no address says so.
    pub onlink: bool,
    /// Type of service.
    pub tos: u8,
    /// Table.
    pub table: u32,
    /// Who made it; keepalived is 18.
    pub protocol: u8,
    /// Scope.
    pub scope: u8,
    /// Metric.
    pub metric: Option<u32>,
    /// Number and value of mtu, window, rtt and the like.
    pub metrics: Vec<(u16, u32)>,
    /// `congctl`
    pub congestion_control: Option<String>,
    /// A bit for the number of each metric that the kernel must not change.
    pub locked_metrics: u32,
    /// `realms`
    pub realms: Option<u32>,
    /// `expires`, in seconds.
    pub expires_s: Option<u32>,
    /// `pref`
    pub preference: Option<u8>,
    /// `ttl-propagate`
    pub ttl_propagate: Option<bool>,
    /// `encap`
    pub encapsulation: Option<Encapsulation>,
    /// `nexthop`
    pub next_hops: Vec<NextHop>,
}

impl Repr {
    /// The request to add it.
    pub fn add(&self, sequence: u32, insertion: Insertion) -> Vec<u8> {
        let insertion = match insertion {
            Insertion::Prepend => 0,
            Insertion::Add => flag::EXCL,
            Insertion::Append => flag::APPEND,
        };
        self.message(kind::NEW_ROUTE, flag::REQUEST | flag::ACK | flag::CREATE | insertion, sequence)
    }

    /// The request to delete it.
    pub fn delete(&self, sequence: u32) -> Vec<u8> {
        self.message(kind::DEL_ROUTE, flag::REQUEST | flag::ACK, sequence)
    }

    fn message(&self, kind: u16, flags: u16, sequence: u32) -> Vec<u8> {
        let family = if self.ipv6 { FAMILY_IPV6 } else { FAMILY_IPV4 };
        let prefix_len = |prefix: Option<(IpAddr, u8)>| prefix.map_or(0, |(_, len)| len);
        // A table number above a byte goes into the attribute alone; 0 stands for "unspecified" then.
        let table = u8::try_from(self.table).unwrap_or(0);
        let mut body = vec![family, prefix_len(self.destination), prefix_len(self.source), self.tos];
        body.extend([table, self.protocol, self.scope, self.kind]);
        body.extend(if self.onlink { FLAG_ONLINK } else { 0 }.to_ne_bytes());
        let address = |prefix: Option<(IpAddr, u8)>| prefix.map(|(address, _)| octets(address));
        Request::new(kind, flags, sequence, &body)
            .optional(attribute::TABLE, (self.table > 0xff).then(|| self.table.to_ne_bytes()))
            .optional(attribute::DESTINATION, address(self.destination))
            .optional(attribute::SOURCE, address(self.source))
            .optional(attribute::PREFERRED_SOURCE, self.preferred_source.map(octets))
            .optional(attribute::GATEWAY, self.gateway.map(octets))
            .optional(attribute::ENCAPSULATION | NESTED, self.encapsulation.as_ref().map(Encapsulation::attributes))
            .optional(attribute::ENCAPSULATION_KIND, self.encapsulation.as_ref().map(|one| one.kind().to_ne_bytes()))
            .optional(attribute::OUTPUT_INTERFACE, self.interface.map(u32::to_ne_bytes))
            .optional(attribute::PRIORITY, self.metric.map(u32::to_ne_bytes))
            .optional(attribute::FLOW, self.realms.map(u32::to_ne_bytes))
            .optional(attribute::EXPIRES, self.expires_s.map(u32::to_ne_bytes))
            .optional(attribute::PREFERENCE, self.preference.map(|preference| [preference]))
            .optional(attribute::TTL_PROPAGATE, self.ttl_propagate.map(|propagates| [u8::from(propagates)]))
            .optional(attribute::METRICS | NESTED, self.metric_attributes())
            .optional(attribute::MULTIPATH, (!self.next_hops.is_empty()).then(|| next_hops(&self.next_hops)))
            .finish()
    }

    fn metric_attributes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Some(name) = &self.congestion_control {
            put_attribute(&mut bytes, attribute::METRIC_CONGESTION_CONTROL, name.as_bytes());
        }
        for (number, value) in &self.metrics {
            put_attribute(&mut bytes, *number, &value.to_ne_bytes());
        }
        if self.locked_metrics != 0 {
            put_attribute(&mut bytes, attribute::METRIC_LOCK, &self.locked_metrics.to_ne_bytes());
        }
        (!bytes.is_empty()).then_some(bytes)
    }
}

/// One after the other, each with its own length, flags, weight, interface and attributes.
fn next_hops(hops: &[NextHop]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for hop in hops {
        let mut attributes = Vec::new();
        if let Some(gateway) = hop.gateway {
            put_attribute(&mut attributes, attribute::GATEWAY, &octets(gateway));
        }
        if let Some(realms) = hop.realms {
            put_attribute(&mut attributes, attribute::FLOW, &realms.to_ne_bytes());
        }
        if let Some(encapsulation) = &hop.encapsulation {
            put_attribute(&mut attributes, attribute::ENCAPSULATION | NESTED, &encapsulation.attributes());
            put_attribute(&mut attributes, attribute::ENCAPSULATION_KIND, &encapsulation.kind().to_ne_bytes());
        }
        let len = u16::try_from(NEXT_HOP_LEN + attributes.len()).expect("a handful of short attributes");
        // The kernel counts from 0: a weight of 1 is the usual one.
        let weight = u8::try_from(hop.weight.saturating_sub(1)).unwrap_or(u8::MAX);
        bytes.extend(len.to_ne_bytes());
        bytes.extend([if hop.onlink { FLAG_ONLINK as u8 } else { 0 }, weight]);
        bytes.extend(hop.interface.unwrap_or(0).to_ne_bytes());
        bytes.extend(attributes);
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::netlink::{attributes, messages};

    #[test]
    fn route_by_gateway() {
        let route = Repr {
            kind: 1,
            destination: Some(("10.9.0.0".parse().expect("an address"), 16)),
            gateway: Some("10.0.1.1".parse().expect("an address")),
            table: 1000,
            protocol: 18,
            metric: Some(5),
            ..Repr::default()
        };
        let bytes = route.add(1, Insertion::Add);
        let message = messages(&bytes).next().expect("one message");
        assert_eq!(message.body[..8], [2, 16, 0, 0, 0, 18, 0, 1]);
        let numbers: Vec<u16> = attributes(&message.body[12..]).map(|(number, _)| number).collect();
        assert_eq!(numbers, [attribute::TABLE, attribute::DESTINATION, attribute::GATEWAY, attribute::PRIORITY]);
    }

    #[test]
    fn several_ways_and_metrics() {
        let hop = NextHop { gateway: "10.0.1.1".parse().ok(), interface: Some(3), weight: 7, ..NextHop::default() };
        let route = Repr {
            metrics: vec![(2, 1400), (4, 80)],
            congestion_control: Some("reno".into()),
            locked_metrics: 1 << 2,
            next_hops: vec![hop, NextHop { onlink: true, weight: 1, ..NextHop::default() }],
            ..Repr::default()
        };
        let bytes = route.add(1, Insertion::Prepend);
        let message = messages(&bytes).next().expect("one message");
        let of = |wanted| attributes(&message.body[12..]).find(|(number, _)| *number == wanted).expect("it is there").1;
        let metrics: Vec<u16> = attributes(of(attribute::METRICS)).map(|(number, _)| number).collect();
        assert_eq!(metrics, [16, 2, 4, 1]);
        let first = [&16u16.to_ne_bytes()[..], &[0, 6], &3u32.to_ne_bytes(), &8u16.to_ne_bytes(), &5u16.to_ne_bytes()];
        let second = [&8u16.to_ne_bytes()[..], &[4, 0], &0u32.to_ne_bytes()];
        let expected = [first.concat(), vec![10, 0, 1, 1], second.concat()].concat();
        assert_eq!(of(attribute::MULTIPATH), expected);
    }
}
