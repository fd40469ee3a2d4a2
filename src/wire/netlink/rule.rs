//! Policy routing rules: RTM_NEWRULE, RTM_DELRULE.

use std::net::IpAddr;

use super::{FAMILY_IPV4, FAMILY_IPV6, Request, flag, kind, octets, zero_ended};

/// Attribute numbers of linux/fib_rules.h.
mod attribute {
    pub const DESTINATION: u16 = 1;
    pub const SOURCE: u16 = 2;
    pub const INPUT_INTERFACE: u16 = 3;
    pub const GOTO: u16 = 4;
    pub const PRIORITY: u16 = 6;
    pub const MARK: u16 = 10;
    pub const FLOW: u16 = 11;
    pub const TUNNEL_ID: u16 = 12;
    pub const SUPPRESS_INTERFACE_GROUP: u16 = 13;
    pub const SUPPRESS_PREFIX_LENGTH: u16 = 14;
    pub const TABLE: u16 = 15;
    pub const MARK_MASK: u16 = 16;
    pub const OUTPUT_INTERFACE: u16 = 17;
    pub const L3MDEV: u16 = 19;
    pub const UID_RANGE: u16 = 20;
    pub const PROTOCOL: u16 = 21;
    pub const IP_PROTOCOL: u16 = 22;
    pub const SOURCE_PORTS: u16 = 23;
    pub const DESTINATION_PORTS: u16 = 24;
}

const FLAG_INVERT: u32 = 2;

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Repr {
    /// Whether it is an IPv6 one.
    pub ipv6: bool,
    /// `not`
    pub invert: bool,
    /// `from`
    pub source: Option<(IpAddr, u8)>,
    /// `to`
    pub destination: Option<(IpAddr, u8)>,
    /// Preference.
    pub priority: u32,
    /// `iif`
    pub input_interface: Option<String>,
    /// `oif`
    pub output_interface: Option<String>,
    /// Type of service.
    pub tos: u8,
    /// `fwmark`
    pub mark: Option<u32>,
    /// Its mask.
    pub mark_mask: Option<u32>,
    /// rtnetlink's number of the action: 1 table, 2 goto, 3 nop, 6 blackhole, 7 unreachable, 8 prohibit.
    pub action: u8,
    /// For action 1.
    pub table: u32,
    /// For action 2.
    pub goto: Option<u32>,
    /// Who made it; keepalived is 18.
    pub protocol: Option<u8>,
    /// `realms`
    pub realms: Option<u32>,
    /// `suppress_prefixlength`
    pub suppress_prefix_length: Option<u32>,
    /// `suppress_ifgroup`
    pub suppress_interface_group: Option<u32>,
    /// `tunnel-id`
    pub tunnel_id: Option<u64>,
    /// `uidrange`, both ends included.
    pub uid_range: Option<(u32, u32)>,
    /// The table is the one of the packet's VRF.
    pub l3mdev: bool,
    /// `ipproto`
    pub ip_protocol: Option<u8>,
    /// `sport`, both ends included.
    pub source_ports: Option<(u16, u16)>,
    /// `dport`, both ends included.
    pub destination_ports: Option<(u16, u16)>,
}

impl Repr {
    /// The request to add it.
    pub fn add(&self, sequence: u32) -> Vec<u8> {
        self.message(kind::NEW_RULE, flag::REQUEST | flag::ACK | flag::CREATE | flag::EXCL, sequence)
    }

    /// The request to delete it.
    pub fn delete(&self, sequence: u32) -> Vec<u8> {
        self.message(kind::DEL_RULE, flag::REQUEST | flag::ACK, sequence)
    }

    fn message(&self, kind: u16, flags: u16, sequence: u32) -> Vec<u8> {
        let family = if self.ipv6 { FAMILY_IPV6 } else { FAMILY_IPV4 };
        let prefix_len = |prefix: Option<(IpAddr, u8)>| prefix.map_or(0, |(_, len)| len);
        let table = u8::try_from(self.table).unwrap_or(0);
        let mut body = vec![family, prefix_len(self.destination), prefix_len(self.source), self.tos];
        body.extend([table, 0, 0, self.action]);
        body.extend(if self.invert { FLAG_INVERT } else { 0 }.to_ne_bytes());
        let address = |prefix: Option<(IpAddr, u8)>| prefix.map(|(address, _)| octets(address));
        let ports = |range: Option<(u16, u16)>| range.map(|(from, to)| [from.to_ne_bytes(), to.to_ne_bytes()].concat());
        Request::new(kind, flags, sequence, &body)
            .optional(attribute::TABLE, (self.table > 0xff).then(|| self.table.to_ne_bytes()))
            .optional(attribute::SOURCE, address(self.source))
            .optional(attribute::DESTINATION, address(self.destination))
            .attribute(attribute::PRIORITY, &self.priority.to_ne_bytes())
            .optional(attribute::MARK, self.mark.map(u32::to_ne_bytes))
            .optional(attribute::MARK_MASK, self.mark_mask.map(u32::to_ne_bytes))
            .optional(attribute::FLOW, self.realms.map(u32::to_ne_bytes))
            .optional(attribute::SUPPRESS_PREFIX_LENGTH, self.suppress_prefix_length.map(u32::to_ne_bytes))
            .optional(attribute::SUPPRESS_INTERFACE_GROUP, self.suppress_interface_group.map(u32::to_ne_bytes))
            .optional(attribute::INPUT_INTERFACE, self.input_interface.as_deref().map(zero_ended))
            .optional(attribute::OUTPUT_INTERFACE, self.output_interface.as_deref().map(zero_ended))
            .optional(attribute::TUNNEL_ID, self.tunnel_id.map(u64::to_be_bytes))
            .optional(
                attribute::UID_RANGE,
                self.uid_range.map(|(from, to)| [from.to_ne_bytes(), to.to_ne_bytes()].concat()),
            )
            .optional(attribute::L3MDEV, self.l3mdev.then_some([1]))
            .optional(attribute::PROTOCOL, self.protocol.map(|protocol| [protocol]))
            .optional(attribute::IP_PROTOCOL, self.ip_protocol.map(|protocol| [protocol]))
            .optional(attribute::SOURCE_PORTS, ports(self.source_ports))
            .optional(attribute::DESTINATION_PORTS, ports(self.destination_ports))
            .optional(attribute::GOTO, self.goto.map(u32::to_ne_bytes))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::netlink::{attributes, messages};

    #[test]
    fn rule_by_source() {
        let rule = Repr {
            source: Some(("10.0.0.100".parse().expect("an address"), 32)),
            priority: 16384,
            action: 1,
            table: 100,
            protocol: Some(18),
            destination_ports: Some((80, 81)),
            ..Repr::default()
        };
        let bytes = rule.add(1);
        let message = messages(&bytes).next().expect("one message");
        assert_eq!(message.body[..8], [2, 0, 32, 0, 100, 0, 0, 1]);
        let numbers: Vec<u16> = attributes(&message.body[12..]).map(|(number, _)| number).collect();
        let expected = [attribute::SOURCE, attribute::PRIORITY, attribute::PROTOCOL, attribute::DESTINATION_PORTS];
        assert_eq!(numbers, expected);
    }
}
