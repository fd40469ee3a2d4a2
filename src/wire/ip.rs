//! The IPv4 header that advertisements are sent with, and the view of a received one.

use std::net::Ipv4Addr;

use pnet_packet::ip::IpNextHeaderProtocol;
use pnet_packet::ipv4::{Ipv4Packet, MutableIpv4Packet, checksum};

/// Length of a header without options.
pub const HEADER_LEN: usize = 20;
/// Class selector 6, network control: what keepalived marks its packets with.
pub const TOS_NETWORK_CONTROL: u8 = 0xc0;

/// An IPv4 header without options or fragmentation.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Ipv4Header {
    /// Type of service byte.
    pub tos: u8,
    /// Identification; keepalived counts it for each instance.
    pub identification: u16,
    /// Time to live.
    pub ttl: u8,
    /// Number of the protocol inside.
    pub protocol: u8,
    /// From.
    pub source: Ipv4Addr,
    /// To.
    pub destination: Ipv4Addr,
}

impl Ipv4Header {
    /// Appends the header for a payload of `payload_len` bytes.
    pub fn emit(&self, payload_len: usize, out: &mut Vec<u8>) {
        let mut bytes = [0; HEADER_LEN];
        let mut packet = MutableIpv4Packet::new(&mut bytes).expect("the buffer holds a header");
        packet.set_version(4);
        packet.set_header_length(5);
        packet.set_dscp(self.tos >> 2);
        packet.set_ecn(self.tos & 3);
        packet.set_total_length(u16::try_from(HEADER_LEN + payload_len).unwrap_or(u16::MAX));
        packet.set_identification(self.identification);
        packet.set_ttl(self.ttl);
        packet.set_next_level_protocol(IpNextHeaderProtocol(self.protocol));
        packet.set_source(self.source);
        packet.set_destination(self.destination);
        let sum = checksum(&packet.to_immutable());
        packet.set_checksum(sum);
        out.extend(bytes);
    }
}

/// A received datagram, taken apart.
#[derive(Clone, Copy, Debug)]
pub struct Ipv4Datagram<'a> {
    /// From.
    pub source: Ipv4Addr,
    /// To.
    pub destination: Ipv4Addr,
    /// Time to live on arrival.
    pub ttl: u8,
    /// Number of the protocol inside.
    pub protocol: u8,
    /// What the header says header and payload take; a short frame is padded beyond it.
    pub total_len: usize,
    /// Length of the header.
    pub header_len: usize,
    /// Everything after the header, padding included.
    pub payload: &'a [u8],
}

impl<'a> Ipv4Datagram<'a> {
    /// `None` if the bytes do not hold the header that they announce.
    pub fn parse(bytes: &'a [u8]) -> Option<Self> {
        let packet = Ipv4Packet::new(bytes)?;
        let header_len = usize::from(packet.get_header_length()) * 4;
        if packet.get_version() != 4 || header_len < HEADER_LEN {
            return None;
        }
        Some(Self {
            source: packet.get_source(),
            destination: packet.get_destination(),
            ttl: packet.get_ttl(),
            protocol: packet.get_next_level_protocol().0,
            total_len: usize::from(packet.get_total_length()),
            header_len,
            payload: bytes.get(header_len..)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_round_trip() {
        let header = Ipv4Header {
            tos: TOS_NETWORK_CONTROL,
            identification: 1,
            ttl: 255,
            protocol: 112,
            source: Ipv4Addr::new(198, 51, 100, 1),
            destination: Ipv4Addr::new(224, 0, 0, 18),
        };
        let mut bytes = Vec::new();
        header.emit(4, &mut bytes);
        assert_eq!(&bytes[..10], [0x45, 0xc0, 0, 24, 0, 1, 0, 0, 255, 112]);
        assert_eq!(crate::primitives::checksum::Sum::default().add(&bytes).finish(), 0);
        bytes.extend([1, 2, 3, 4, 0, 0]);
        let datagram = Ipv4Datagram::parse(&bytes).expect("a header");
        assert_eq!((datagram.ttl, datagram.protocol, datagram.total_len), (255, 112, 24));
        assert_eq!(datagram.payload, [1, 2, 3, 4, 0, 0]);
    }

    #[test]
    fn hostile_headers_are_refused() {
        assert!(Ipv4Datagram::parse(&[]).is_none());
        assert!(Ipv4Datagram::parse(&[0x4f; 20]).is_none());
        assert!(Ipv4Datagram::parse(&[0x42; 20]).is_none());
        assert!(Ipv4Datagram::parse(&[0x65; 40]).is_none());
    }
}
