//! Addresses of interfaces: RTM_NEWADDR, RTM_DELADDR.

use std::net::{IpAddr, Ipv4Addr};

use super::{Request, attributes, family_number, flag, kind, octets, text, zero_ended};

const BODY_LEN: usize = 8;

/// Attribute numbers of linux/if_addr.h.
mod attribute {
    pub const ADDRESS: u16 = 1;
    pub const LOCAL: u16 = 2;
    pub const LABEL: u16 = 3;
    pub const BROADCAST: u16 = 4;
    pub const CACHE_INFO: u16 = 6;
    pub const FLAGS: u16 = 8;
}

/// Flags of an address.
pub mod address_flag {
    #![allow(missing_docs)]
    pub const NO_DAD: u32 = 0x02;
    pub const HOME: u32 = 0x10;
    pub const DEPRECATED: u32 = 0x20;
    pub const TENTATIVE: u32 = 0x40;
    pub const MANAGE_TEMPORARY: u32 = 0x100;
    pub const NO_PREFIX_ROUTE: u32 = 0x200;
    pub const AUTOJOIN: u32 = 0x400;
}

/// An address to put on an interface or to take away.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Repr {
    /// Index of the interface.
    pub interface: u32,
    /// The address.
    pub address: IpAddr,
    /// Length of its prefix.
    pub prefix_len: u8,
    /// rtnetlink's number: 0 is global.
    pub scope: u8,
    /// The other end, and its prefix length, of a point-to-point address.
    pub peer: Option<(IpAddr, u8)>,
    /// Broadcast address.
    pub broadcast: Option<Ipv4Addr>,
    /// Label.
    pub label: Option<String>,
    /// See [`address_flag`].
    pub flags: u32,
    /// Seconds it is preferred; `None` leaves it to the kernel: for ever.
    pub preferred_lifetime_s: Option<u32>,
}

impl Repr {
    /// The request to add it. keepalived sends neither CREATE nor EXCL, and the local address without a peer's.
    pub fn add(&self, sequence: u32) -> Vec<u8> {
        let broadcast = self.broadcast.map(|broadcast| broadcast.octets());
        let lifetime = self.preferred_lifetime_s.map(|preferred| {
            let mut info = Vec::with_capacity(16);
            for word in [preferred, u32::MAX, 0, 0] {
                info.extend(word.to_ne_bytes());
            }
            info
        });
        let mut request = self.begin(kind::NEW_ADDR, sequence);
        if let Some((peer, _)) = self.peer {
            request = request.attribute(attribute::ADDRESS, &octets(peer));
        }
        request
            .optional(attribute::BROADCAST, broadcast)
            .optional(attribute::LABEL, self.label.as_deref().map(zero_ended))
            .optional(attribute::FLAGS, (self.flags > 0xff).then(|| self.flags.to_ne_bytes()))
            .optional(attribute::CACHE_INFO, lifetime)
            .finish()
    }

    /// The request to delete it.
    pub fn delete(&self, sequence: u32) -> Vec<u8> {
        let address = self.peer.map_or(self.address, |(peer, _)| peer);
        self.begin(kind::DEL_ADDR, sequence).attribute(attribute::ADDRESS, &octets(address)).finish()
    }

    fn begin(&self, kind: u16, sequence: u32) -> Request {
        let prefix_len = self.peer.map_or(self.prefix_len, |(_, len)| len);
        let flags = (self.flags & 0xff) as u8;
        let mut body = vec![family_number(self.address), prefix_len, flags, self.scope];
        body.extend(self.interface.to_ne_bytes());
        Request::new(kind, flag::REQUEST | flag::ACK, sequence, &body)
            .attribute(attribute::LOCAL, &octets(self.address))
    }
}

/// The request for all addresses.
pub fn dump(sequence: u32) -> Vec<u8> {
    Request::new(kind::GET_ADDR, flag::REQUEST | flag::DUMP, sequence, &[0; BODY_LEN]).finish()
}

/// An address as the kernel tells of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Address {
    /// Index of the interface.
    pub interface: u32,
    /// The local address.
    pub address: IpAddr,
    /// Length of its prefix.
    pub prefix_len: u8,
    /// 0 global, 253 link.
    pub scope: u8,
    /// See [`address_flag`].
    pub flags: u32,
    /// Label, IPv4 only.
    pub label: Option<String>,
}

impl Address {
    /// From the body of a message.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let fixed: [u8; BODY_LEN] = body.get(..BODY_LEN)?.try_into().ok()?;
        let mut parsed = Self {
            interface: u32::from_ne_bytes([fixed[4], fixed[5], fixed[6], fixed[7]]),
            address: IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            prefix_len: fixed[1],
            scope: fixed[3],
            flags: u32::from(fixed[2]),
            label: None,
        };
        let (mut local, mut other) = (None, None);
        for (number, value) in attributes(&body[BODY_LEN..]) {
            match number {
                attribute::LOCAL => local = super::address(value),
                attribute::ADDRESS => other = super::address(value),
                attribute::LABEL => parsed.label = Some(text(value)),
                attribute::FLAGS => parsed.flags = u32::from_ne_bytes(value.try_into().ok()?),
                _ => {}
            }
        }
        // IPv6 has no local address unless there is a peer.
        parsed.address = local.or(other)?;
        Some(parsed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::netlink::messages;

    fn repr(address: &str, prefix_len: u8) -> Repr {
        Repr {
            interface: 3,
            address: address.parse().expect("an address"),
            prefix_len,
            scope: 0,
            peer: None,
            broadcast: None,
            label: None,
            flags: 0,
            preferred_lifetime_s: None,
        }
    }

    #[test]
    fn ipv4_address_has_its_local_attribute_alone() {
        let bytes = repr("198.51.100.100", 24).add(1);
        let mut expected = vec![2, 24, 0, 0];
        expected.extend(3u32.to_ne_bytes());
        expected.extend(8u16.to_ne_bytes());
        expected.extend(2u16.to_ne_bytes());
        expected.extend([198, 51, 100, 100]);
        assert_eq!(bytes[16..], expected);
        assert_eq!(u16::from_ne_bytes([bytes[6], bytes[7]]), flag::REQUEST | flag::ACK);
    }

    #[test]
    fn what_is_added_can_be_read() {
        let mut address = repr("2001:db8::1", 64);
        address.flags = address_flag::NO_DAD;
        let bytes = address.add(1);
        let message = messages(&bytes).next().expect("one message");
        let parsed = Address::parse(message.body).expect("an address");
        assert_eq!((parsed.address, parsed.prefix_len, parsed.flags), (address.address, 64, 2));
        assert!(Address::parse(&message.body[..4]).is_none());
    }
}
