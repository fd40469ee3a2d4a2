//! What a route wraps its packets in: the attributes of linux/lwtunnel.h, mpls_iptunnel.h and ila.h.

use std::net::IpAddr;

use super::{octets, put_attribute};

/// Attribute numbers within an IP tunnel; those of IPv4 and IPv6 stand for the same.
mod attribute {
    pub const ID: u16 = 1;
    pub const DESTINATION: u16 = 2;
    pub const SOURCE: u16 = 3;
    pub const TTL: u16 = 4;
    pub const TOS: u16 = 5;
    pub const FLAGS: u16 = 6;
    /// The only one within MPLS and within ILA.
    pub const ONLY: u16 = 1;
}

/// The last label of an MPLS stack carries this bit (RFC 3032 §2.1).
const BOTTOM_OF_STACK: u32 = 0x100;

/// Tunnels without an interface of their own.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Encapsulation {
    /// In IPv4 or IPv6.
    Ip {
        /// Whether the outer header is IPv6's.
        ipv6: bool,
        /// Of the tunnel.
        id: Option<u64>,
        /// Of the outer header.
        destination: Option<IpAddr>,
        /// Of the outer header.
        source: Option<IpAddr>,
        /// Of the outer header.
        tos: Option<u8>,
        /// Of the outer header.
        ttl: Option<u8>,
        /// Of the tunnel.
        flags: Option<u16>,
    },
    /// Labels, outermost first.
    Mpls(Vec<u32>),
    /// The locator that replaces the first half of an IPv6 address.
    Ila(u64),
}

impl Encapsulation {
    /// The kernel's number of its kind.
    pub fn kind(&self) -> u16 {
        match self {
            Self::Mpls(_) => 1,
            Self::Ip { ipv6: false, .. } => 2,
            Self::Ila(_) => 3,
            Self::Ip { ipv6: true, .. } => 4,
        }
    }

    /// What stands inside its attribute.
    pub fn attributes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut put = |number, value: Option<&[u8]>| {
            if let Some(value) = value {
                put_attribute(&mut bytes, number, value);
            }
        };
        match self {
            Self::Ip { id, destination, source, tos, ttl, flags, .. } => {
                put(attribute::ID, id.map(u64::to_be_bytes).as_ref().map(<[u8; 8]>::as_slice));
                put(attribute::DESTINATION, destination.map(octets).as_deref());
                put(attribute::SOURCE, source.map(octets).as_deref());
                put(attribute::TOS, tos.map(|tos| [tos]).as_ref().map(<[u8; 1]>::as_slice));
                put(attribute::TTL, ttl.map(|ttl| [ttl]).as_ref().map(<[u8; 1]>::as_slice));
                put(attribute::FLAGS, flags.map(u16::to_ne_bytes).as_ref().map(<[u8; 2]>::as_slice));
            }
            Self::Mpls(labels) => {
                let last = labels.len().saturating_sub(1);
                let entry =
                    |(place, label): (usize, &u32)| label << 12 | if place == last { BOTTOM_OF_STACK } else { 0 };
                let stack: Vec<u8> = labels.iter().enumerate().map(entry).flat_map(u32::to_be_bytes).collect();
                put(attribute::ONLY, Some(&stack));
            }
            Self::Ila(locator) => put(attribute::ONLY, Some(&locator.to_be_bytes())),
        }
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::netlink::attributes;

    #[test]
    fn a_stack_of_labels_has_one_bottom() {
        let bytes = Encapsulation::Mpls(vec![16, 17]).attributes();
        assert_eq!(attributes(&bytes).next(), Some((1, &[0, 1, 0, 0, 0, 1, 0x11, 0][..])));
    }

    #[test]
    fn an_ip_tunnel_names_only_what_is_given() {
        let tunnel = Encapsulation::Ip {
            ipv6: false,
            id: Some(5),
            destination: "192.0.2.1".parse().ok(),
            source: None,
            tos: None,
            ttl: Some(9),
            flags: None,
        };
        let bytes = tunnel.attributes();
        let values: Vec<(u16, &[u8])> = attributes(&bytes).collect();
        assert_eq!(values, [(1, &[0, 0, 0, 0, 0, 0, 0, 5][..]), (2, &[192, 0, 2, 1][..]), (4, &[9][..])]);
    }
}
