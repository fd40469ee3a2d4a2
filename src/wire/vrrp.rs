//! VRRP advertisements, version 2 (RFC 3768, with RFC 2338's authentication) and version 3 (RFC 9568).
//!
//! ```text
//!  0                   1                   2                   3
//!  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
//! +-------+-------+---------------+---------------+---------------+
//! |version| type  |      VRID     |    priority   | address count |
//! +-------+-------+---------------+---------------+---------------+
//! | 2: auth type  | 2: interval s |           checksum            |
//! | 3: 0  | 3: interval, 12 bits, |                               |
//! |       |    centiseconds       |                               |
//! +---------------+---------------+---------------+---------------+
//! |  addresses (4 or 16 bytes each); version 2: 8 bytes auth data |
//! ```

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::primitives::checksum::Sum;

/// The IP protocol number of VRRP.
pub const PROTOCOL: u8 = 112;
/// Where IPv4 advertisements go (RFC 9568 §5.1.1.2).
pub const MULTICAST_V4: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
/// Where IPv6 advertisements go (RFC 9568 §5.1.2.2).
pub const MULTICAST_V6: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 0x12);
/// The only packet type there is.
pub const TYPE_ADVERTISEMENT: u8 = 1;
/// Bytes before the addresses.
pub const HEADER_LEN: usize = 8;
/// Bytes of authentication data that every version 2 advertisement ends with.
pub const AUTH_LEN: usize = 8;
/// Largest interval that 12 bits hold.
pub const MAX_INTERVAL_CENTISECONDS: u16 = 0x0fff;

/// Which of the two protocols.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Version {
    /// RFC 3768: seconds, authentication, IPv4.
    V2,
    /// RFC 9568: centiseconds, IPv4 and IPv6.
    V3,
}

impl Version {
    /// 2 or 3.
    pub fn number(self) -> u8 {
        match self {
            Self::V2 => 2,
            Self::V3 => 3,
        }
    }
}

/// The priority of the address owner (RFC 9568 §5.2.4); trackers do not touch it.
pub const OWNER: u8 = 255;

/// IPv4 or IPv6.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
pub enum Family {
    /// Addresses of 4 bytes.
    Ipv4,
    /// Addresses of 16 bytes.
    Ipv6,
}

impl Family {
    /// The family of an address.
    pub fn of(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(_) => Self::Ipv4,
            IpAddr::V6(_) => Self::Ipv6,
        }
    }

    /// Bytes of an address.
    pub fn address_len(self) -> usize {
        match self {
            Self::Ipv4 => 4,
            Self::Ipv6 => 16,
        }
    }

    /// 4 or 6, as messages name it.
    pub fn number(self) -> u8 {
        match self {
            Self::Ipv4 => 4,
            Self::Ipv6 => 6,
        }
    }
}

/// The authentication types of version 2 (RFC 2338 §5.3.6).
pub mod auth_type {
    /// None.
    pub const NONE: u8 = 0;
    /// A password in clear in the last 8 bytes.
    pub const PASS: u8 = 1;
    /// An IPsec authentication header in front.
    pub const AH: u8 = 2;
}

/// The bytes do not even hold the fixed header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Truncated {
    /// How many there were.
    pub len: usize,
}

impl fmt::Display for Truncated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes are no VRRP header", self.len)
    }
}

/// A view of a received advertisement. Only the fixed header is known to be there: whether the rest has the right
/// length is for the receiver to judge, in keepalived's order of checks.
#[derive(Clone, Copy, Debug)]
pub struct Packet<'a> {
    bytes: &'a [u8],
}

impl<'a> Packet<'a> {
    /// Looks at the bytes after the IP header, link padding included.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Truncated> {
        if bytes.len() < HEADER_LEN {
            return Err(Truncated { len: bytes.len() });
        }
        Ok(Self { bytes })
    }

    /// The version field, whatever it says.
    pub fn version(&self) -> u8 {
        self.bytes[0] >> 4
    }

    /// The type field; 1 is an advertisement.
    pub fn packet_type(&self) -> u8 {
        self.bytes[0] & 0x0f
    }

    /// Virtual router identifier.
    pub fn vrid(&self) -> u8 {
        self.bytes[1]
    }

    /// Priority of the sender; 0 says that it stops.
    pub fn priority(&self) -> u8 {
        self.bytes[2]
    }

    /// How many addresses it claims to carry.
    pub fn address_count(&self) -> u8 {
        self.bytes[3]
    }

    /// Version 2: the authentication type.
    pub fn auth_type(&self) -> u8 {
        self.bytes[4]
    }

    /// Version 2: the interval.
    pub fn interval_seconds(&self) -> u8 {
        self.bytes[5]
    }

    /// Version 3: the interval.
    pub fn interval_centiseconds(&self) -> u16 {
        u16::from_be_bytes([self.bytes[4], self.bytes[5]]) & MAX_INTERVAL_CENTISECONDS
    }

    /// Bytes that header, addresses and (by its own version field) authentication data take.
    pub fn expected_len(&self, family: Family) -> usize {
        let auth_len = if self.version() == 2 { AUTH_LEN } else { 0 };
        HEADER_LEN + usize::from(self.address_count()) * family.address_len() + auth_len
    }

    /// How many bytes there are.
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Never: the header is there.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The addresses, as many as are really there.
    pub fn addresses(&self, family: Family) -> impl Iterator<Item = IpAddr> + use<'a> {
        let len = family.address_len();
        self.bytes[HEADER_LEN..]
            .chunks_exact(len)
            .take(usize::from(self.address_count()))
            .map(move |bytes| address(family, bytes))
    }

    /// Version 2: the last 8 bytes, if the packet is long enough.
    pub fn auth_data(&self, family: Family) -> Option<[u8; AUTH_LEN]> {
        let end = self.expected_len(family);
        self.bytes.get(end.checked_sub(AUTH_LEN)?..end)?.try_into().ok()
    }

    /// Whether the checksum over the packet and what `start` already holds (a pseudo header) is right.
    pub fn checksum_is_right(&self, family: Family, start: Sum) -> bool {
        self.bytes.get(..self.expected_len(family)).is_some_and(|covered| start.add(covered).finish() == 0)
    }
}

fn address(family: Family, bytes: &[u8]) -> IpAddr {
    match family {
        Family::Ipv4 => IpAddr::from(<[u8; 4]>::try_from(bytes).expect("chunks of four")),
        Family::Ipv6 => IpAddr::from(<[u8; 16]>::try_from(bytes).expect("chunks of sixteen")),
    }
}

/// What the addresses add to the checksum of version 3 (RFC 9568 §5.2.8). The kernel does it itself for IPv6.
pub fn pseudo_header(source: IpAddr, destination: IpAddr, len: usize) -> Sum {
    let len = u32::try_from(len).unwrap_or(u32::MAX).to_be_bytes();
    match (source, destination) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            Sum::default().add(&source.octets()).add(&destination.octets()).add(&[0, PROTOCOL]).add(&len[2..])
        }
        (source, destination) => {
            Sum::default().add(&octets_v6(source)).add(&octets_v6(destination)).add(&len).add(&[0, 0, 0, PROTOCOL])
        }
    }
}

fn octets_v6(address: IpAddr) -> [u8; 16] {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped().octets(),
        IpAddr::V6(address) => address.octets(),
    }
}

/// An advertisement to send.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub struct Repr {
    /// Virtual router identifier.
    pub vrid: u8,
    /// 1 to 255, or 0 when stopping.
    pub priority: u8,
    /// What differs between the versions.
    pub body: Body,
    /// In configured order.
    pub addresses: Vec<IpAddr>,
}

/// The fields that only one version has.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
pub enum Body {
    /// Version 2.
    V2 {
        /// See [`auth_type`].
        auth_type: u8,
        /// The interval.
        interval_seconds: u8,
        /// The password, padded with zeros; zeros without one.
        auth_data: [u8; AUTH_LEN],
    },
    /// Version 3.
    V3 {
        /// The interval, at most [`MAX_INTERVAL_CENTISECONDS`].
        interval_centiseconds: u16,
    },
}

impl Repr {
    /// Bytes that [`Repr::emit`] appends.
    pub fn len(&self) -> usize {
        let auth_len = if matches!(self.body, Body::V2 { .. }) { AUTH_LEN } else { 0 };
        HEADER_LEN + self.addresses.iter().map(|address| Family::of(*address).address_len()).sum::<usize>() + auth_len
    }

    /// Never: there is always a header.
    pub fn is_empty(&self) -> bool {
        false
    }

    /// Appends the packet; `start` is the sum of the pseudo header, nothing for version 2.
    pub fn emit(&self, start: Sum, out: &mut Vec<u8>) {
        let begin = out.len();
        let version = match self.body {
            Body::V2 { .. } => 2,
            Body::V3 { .. } => 3,
        };
        out.extend([version << 4 | TYPE_ADVERTISEMENT, self.vrid, self.priority]);
        out.push(u8::try_from(self.addresses.len()).unwrap_or(u8::MAX));
        match self.body {
            Body::V2 { auth_type, interval_seconds, .. } => out.extend([auth_type, interval_seconds]),
            Body::V3 { interval_centiseconds } => {
                out.extend(interval_centiseconds.min(MAX_INTERVAL_CENTISECONDS).to_be_bytes())
            }
        }
        out.extend([0, 0]);
        for address in &self.addresses {
            match address {
                IpAddr::V4(address) => out.extend(address.octets()),
                IpAddr::V6(address) => out.extend(address.octets()),
            }
        }
        if let Body::V2 { auth_data, .. } = self.body {
            out.extend(auth_data);
        }
        let checksum = start.add(&out[begin..]).finish();
        out[begin + 6..begin + 8].copy_from_slice(&checksum.to_be_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn v4(text: &str) -> IpAddr {
        IpAddr::V4(text.parse().expect("an address"))
    }

    fn emit(repr: &Repr, start: Sum) -> Vec<u8> {
        let mut bytes = Vec::new();
        repr.emit(start, &mut bytes);
        assert_eq!(bytes.len(), repr.len());
        bytes
    }

    /// keepalived 2.2.7 sent exactly this.
    #[test]
    fn v2_with_password() {
        let repr = Repr {
            vrid: 51,
            priority: 150,
            body: Body::V2 { auth_type: auth_type::PASS, interval_seconds: 1, auth_data: *b"s3cret\0\0" },
            addresses: vec![v4("198.51.100.100")],
        };
        let expected = [
            0x21, 0x33, 0x96, 0x01, 0x01, 0x01, 0xe1, 0x17, 0xc6, 0x33, 0x64, 0x64, 0x73, 0x33, 0x63, 0x72, 0x65, 0x74,
            0, 0,
        ];
        assert_eq!(emit(&repr, Sum::default()), expected);
        let packet = Packet::new(&expected).expect("long enough");
        assert_eq!((packet.version(), packet.packet_type(), packet.vrid(), packet.priority()), (2, 1, 51, 150));
        assert_eq!((packet.auth_type(), packet.interval_seconds()), (1, 1));
        assert_eq!(packet.auth_data(Family::Ipv4), Some(*b"s3cret\0\0"));
        assert!(packet.checksum_is_right(Family::Ipv4, Sum::default()));
        assert_eq!(packet.addresses(Family::Ipv4).collect::<Vec<_>>(), [v4("198.51.100.100")]);
    }

    /// keepalived 2.2.7 sent exactly this.
    #[test]
    fn v3_over_ipv4() {
        let repr = Repr {
            vrid: 51,
            priority: 150,
            body: Body::V3 { interval_centiseconds: 10 },
            addresses: vec![v4("198.51.100.100")],
        };
        let start = pseudo_header(v4("198.51.100.1"), IpAddr::V4(MULTICAST_V4), repr.len());
        let expected = [0x31, 0x33, 0x96, 0x01, 0x00, 0x0a, 0x03, 0x65, 0xc6, 0x33, 0x64, 0x64];
        assert_eq!(emit(&repr, start), expected);
        let packet = Packet::new(&expected).expect("long enough");
        assert_eq!(packet.interval_centiseconds(), 10);
        assert!(packet.checksum_is_right(Family::Ipv4, start));
        assert!(!packet.checksum_is_right(Family::Ipv4, Sum::default()));
    }

    #[test]
    fn short_and_lying_packets_are_harmless() {
        assert!(Packet::new(&[0x21; 7]).is_err());
        let lying = [0x21, 1, 100, 255, 0, 1, 0, 0, 1, 2, 3, 4];
        let packet = Packet::new(&lying).expect("the header is there");
        assert_eq!(packet.addresses(Family::Ipv4).count(), 1);
        assert_eq!(packet.auth_data(Family::Ipv4), None);
        assert!(!packet.checksum_is_right(Family::Ipv4, Sum::default()));
    }
}
