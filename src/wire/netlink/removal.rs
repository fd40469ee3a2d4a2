//! Routes and rules that are gone: what RTM_DELROUTE and RTM_DELRULE say of them, as far as it tells one from another.

use std::net::IpAddr;

use super::{FAMILY_IPV6, address, attributes, route, rule, text};

const ROUTE_BODY_LEN: usize = 12;
const RULE_BODY_LEN: usize = 12;
/// The metric of a route for IPv6 that names none.
const IPV6_METRIC: u32 = 1024;

/// Attribute numbers of linux/rtnetlink.h and linux/fib_rules.h, which agree where they share a meaning.
mod attribute {
    pub const DESTINATION: u16 = 1;
    pub const RULE_SOURCE: u16 = 2;
    pub const RULE_INPUT_INTERFACE: u16 = 3;
    pub const OUTPUT_INTERFACE: u16 = 4;
    pub const GATEWAY: u16 = 5;
    pub const PRIORITY: u16 = 6;
    pub const TABLE: u16 = 15;
    pub const RULE_PROTOCOL: u16 = 21;
}

/// A route.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Route {
    ipv6: bool,
    kind: u8,
    destination: Option<(IpAddr, u8)>,
    gateway: Option<IpAddr>,
    interface: Option<u32>,
    tos: u8,
    table: u32,
    metric: u32,
    /// Who made it.
    pub protocol: u8,
}

impl Route {
    /// From the body of a message.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let fixed: [u8; ROUTE_BODY_LEN] = body.get(..ROUTE_BODY_LEN)?.try_into().ok()?;
        let [family, destination_len, _, tos, table, protocol, _, kind, ..] = fixed;
        let mut route = Self {
            ipv6: family == FAMILY_IPV6,
            kind,
            destination: None,
            gateway: None,
            interface: None,
            tos,
            table: u32::from(table),
            metric: 0,
            protocol,
        };
        for (number, value) in attributes(&body[ROUTE_BODY_LEN..]) {
            let number_in = || value.try_into().ok().map(u32::from_ne_bytes);
            match number {
                attribute::DESTINATION => route.destination = address(value).map(|address| (address, destination_len)),
                attribute::GATEWAY => route.gateway = address(value),
                attribute::OUTPUT_INTERFACE => route.interface = number_in(),
                attribute::TABLE => route.table = number_in()?,
                attribute::PRIORITY => route.metric = number_in()?,
                _ => {}
            }
        }
        Some(route)
    }

    /// Whether it is the route that was asked for; what was left to the kernel is not looked at.
    pub fn is(&self, asked: &route::Repr) -> bool {
        let metric = asked.metric.unwrap_or(if asked.ipv6 { IPV6_METRIC } else { 0 });
        (self.ipv6, self.kind, self.tos, self.table, self.metric)
            == (asked.ipv6, asked.kind, asked.tos, asked.table, metric)
            && is_network(self.destination, asked.destination)
            && (asked.interface.is_none() || asked.interface == self.interface)
            && (asked.gateway.is_none() || asked.gateway == self.gateway)
    }
}

/// A rule.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Rule {
    ipv6: bool,
    source: Option<(IpAddr, u8)>,
    destination: Option<(IpAddr, u8)>,
    input_interface: Option<String>,
    tos: u8,
    action: u8,
    table: u32,
    priority: u32,
    /// Who made it, if the kernel tells.
    pub protocol: Option<u8>,
}

impl Rule {
    /// From the body of a message.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let fixed: [u8; RULE_BODY_LEN] = body.get(..RULE_BODY_LEN)?.try_into().ok()?;
        let [family, destination_len, source_len, tos, table, _, _, action, ..] = fixed;
        let mut rule = Self {
            ipv6: family == FAMILY_IPV6,
            source: None,
            destination: None,
            input_interface: None,
            tos,
            action,
            table: u32::from(table),
            priority: 0,
            protocol: None,
        };
        for (number, value) in attributes(&body[RULE_BODY_LEN..]) {
            let number_in = || value.try_into().ok().map(u32::from_ne_bytes);
            match number {
                attribute::DESTINATION => rule.destination = address(value).map(|address| (address, destination_len)),
                attribute::RULE_SOURCE => rule.source = address(value).map(|address| (address, source_len)),
                attribute::RULE_INPUT_INTERFACE => rule.input_interface = Some(text(value)),
                attribute::TABLE => rule.table = number_in()?,
                attribute::PRIORITY => rule.priority = number_in()?,
                attribute::RULE_PROTOCOL => rule.protocol = value.first().copied(),
                _ => {}
            }
        }
        Some(rule)
    }

    /// Whether it is the rule that was asked for.
    pub fn is(&self, asked: &rule::Repr) -> bool {
        (self.ipv6, self.tos, self.action, self.table, self.priority, &self.input_interface)
            == (asked.ipv6, asked.tos, asked.action, asked.table, asked.priority, &asked.input_interface)
            && is_network(self.source, asked.source)
            && is_network(self.destination, asked.destination)
    }
}

/// The kernel forgets the bits of a host.
fn is_network(told: Option<(IpAddr, u8)>, asked: Option<(IpAddr, u8)>) -> bool {
    let asked = asked.filter(|(_, len)| *len > 0);
    let mask = |(address, len): (IpAddr, u8)| {
        let bits = match address {
            IpAddr::V4(address) => u128::from(address.to_bits()) << 96,
            IpAddr::V6(address) => address.to_bits(),
        };
        (address.is_ipv4(), len, bits.checked_shr(128 - u32::from(len.min(128))))
    };
    told.map(mask) == asked.map(mask)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::netlink::messages;

    #[test]
    fn a_route_is_known_again() {
        let asked = route::Repr {
            kind: 1,
            destination: Some(([192, 0, 2, 7].into(), 24)),
            interface: Some(3),
            table: 254,
            protocol: 18,
            ..route::Repr::default()
        };
        let bytes = asked.delete(1);
        let told = |asked: &route::Repr| Route::parse(messages(&asked.delete(1)).next().expect("a message").body);
        let route = Route::parse(messages(&bytes).next().expect("a message").body).expect("a route");
        assert!(route.is(&asked) && route.protocol == 18);
        let network = route::Repr { destination: Some(([192, 0, 2, 0].into(), 24)), ..asked.clone() };
        assert!(told(&network).is_some_and(|route| route.is(&asked)));
        for other in [
            route::Repr { destination: Some(([192, 0, 3, 0].into(), 24)), ..asked.clone() },
            route::Repr { destination: Some(([192, 0, 2, 0].into(), 25)), ..asked.clone() },
            route::Repr { interface: Some(4), ..asked.clone() },
            route::Repr { table: 100, ..asked.clone() },
        ] {
            assert!(told(&other).is_some_and(|route| !route.is(&asked)), "{other:?}");
        }
        assert!(Route::parse(&[0; 11]).is_none());
    }

    #[test]
    fn a_rule_is_known_again() {
        let asked = rule::Repr {
            source: Some(([192, 0, 2, 0].into(), 24)),
            priority: 77,
            action: 1,
            table: 1000,
            protocol: Some(18),
            ..rule::Repr::default()
        };
        let told = |asked: &rule::Repr| Rule::parse(messages(&asked.delete(1)).next().expect("a message").body);
        let rule = told(&asked).expect("a rule");
        assert!(rule.is(&asked));
        assert!(
            !rule.is(&rule::Repr { priority: 78, ..asked.clone() }) && !rule.is(&rule::Repr { source: None, ..asked })
        );
        assert!(Rule::parse(&[0; 11]).is_none());
    }
}
