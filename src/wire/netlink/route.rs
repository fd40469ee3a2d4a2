//! Routes: RTM_NEWROUTE, RTM_DELROUTE.

use std::net::IpAddr;

use super::{FAMILY_IPV4, FAMILY_IPV6, Request, flag, kind, octets};

/// Attribute numbers of linux/rtnetlink.h.
mod attribute {
    pub const DESTINATION: u16 = 1;
    pub const SOURCE: u16 = 2;
    pub const OUTPUT_INTERFACE: u16 = 4;
    pub const GATEWAY: u16 = 5;
    pub const PRIORITY: u16 = 6;
    pub const PREFERRED_SOURCE: u16 = 7;
    pub const TABLE: u16 = 15;
}

const FLAG_ONLINK: u32 = 4;

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

/// A route.
#[derive(Clone, PartialEq, Eq, Debug)]
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
            .optional(attribute::DESTINATION, address(self.destination))
            .optional(attribute::SOURCE, address(self.source))
            .optional(attribute::TABLE, (self.table > 0xff).then(|| self.table.to_ne_bytes()))
            .optional(attribute::PREFERRED_SOURCE, self.preferred_source.map(octets))
            .optional(attribute::GATEWAY, self.gateway.map(octets))
            .optional(attribute::OUTPUT_INTERFACE, self.interface.map(u32::to_ne_bytes))
            .optional(attribute::PRIORITY, self.metric.map(u32::to_ne_bytes))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::netlink::{attributes, messages};

    #[test]
    fn route_by_gateway() {
        let route = Repr {
            ipv6: false,
            kind: 1,
            destination: Some(("10.9.0.0".parse().expect("an address"), 16)),
            source: None,
            preferred_source: None,
            gateway: Some("10.0.1.1".parse().expect("an address")),
            interface: None,
            onlink: false,
            tos: 0,
            table: 1000,
            protocol: 18,
            scope: 0,
            metric: Some(5),
        };
        let bytes = route.add(1, Insertion::Add);
        let message = messages(&bytes).next().expect("one message");
        assert_eq!(message.body[..8], [2, 16, 0, 0, 0, 18, 0, 1]);
        let numbers: Vec<u16> = attributes(&message.body[12..]).map(|(number, _)| number).collect();
        assert_eq!(numbers, [attribute::DESTINATION, attribute::TABLE, attribute::GATEWAY, attribute::PRIORITY]);
    }
}
