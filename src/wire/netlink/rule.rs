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
    pub const TABLE: u16 = 15;
    pub const MARK_MASK: u16 = 16;
    pub const OUTPUT_INTERFACE: u16 = 17;
    pub const PROTOCOL: u16 = 21;
}

const FLAG_INVERT: u32 = 2;

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug)]
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
    pub protocol: u8,
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
        Request::new(kind, flags, sequence, &body)
            .attribute(attribute::PRIORITY, &self.priority.to_ne_bytes())
            .optional(attribute::SOURCE, address(self.source))
            .optional(attribute::DESTINATION, address(self.destination))
            .optional(attribute::MARK, self.mark.map(u32::to_ne_bytes))
            .optional(attribute::MARK_MASK, self.mark_mask.map(u32::to_ne_bytes))
            .optional(attribute::INPUT_INTERFACE, self.input_interface.as_deref().map(zero_ended))
            .optional(attribute::OUTPUT_INTERFACE, self.output_interface.as_deref().map(zero_ended))
            .optional(attribute::TABLE, (self.table > 0xff).then(|| self.table.to_ne_bytes()))
            .optional(attribute::GOTO, self.goto.map(u32::to_ne_bytes))
            .attribute(attribute::PROTOCOL, &[self.protocol])
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
            ipv6: false,
            invert: false,
            source: Some(("10.0.0.100".parse().expect("an address"), 32)),
            destination: None,
            priority: 16384,
            input_interface: None,
            output_interface: None,
            tos: 0,
            mark: None,
            mark_mask: None,
            action: 1,
            table: 100,
            goto: None,
            protocol: 18,
        };
        let bytes = rule.add(1);
        let message = messages(&bytes).next().expect("one message");
        assert_eq!(message.body[..8], [2, 0, 32, 0, 100, 0, 0, 1]);
        let numbers: Vec<u16> = attributes(&message.body[12..]).map(|(number, _)| number).collect();
        assert_eq!(numbers, [attribute::PRIORITY, attribute::SOURCE, attribute::PROTOCOL]);
    }
}
