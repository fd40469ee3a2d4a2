//! Unsolicited neighbour advertisement (RFC 4861 §7.2.6): what gratuitous ARP is for IPv4.

use std::net::Ipv6Addr;

use pnet_base::MacAddr;
use pnet_packet::ethernet::{EtherTypes, MutableEthernetPacket};
use pnet_packet::icmpv6::ndp::{MutableNeighborAdvertPacket, NeighborAdvertFlags};
use pnet_packet::icmpv6::{self, Icmpv6Packet, Icmpv6Types};
use pnet_packet::ip::IpNextHeaderProtocols;
use pnet_packet::ipv6::MutableIpv6Packet;

const ETHERNET_LEN: usize = 14;
const IPV6_LEN: usize = 40;
/// Header of 24 bytes and the option with the link-layer address.
const ADVERTISEMENT_LEN: usize = 32;
const ALL_NODES: Ipv6Addr = Ipv6Addr::new(0xff02, 0, 0, 0, 0, 0, 0, 1);

/// The frame from `sender` that says `address` is there: override set, solicited clear, router as told.
pub fn unsolicited(
    sender: [u8; 6],
    address: Ipv6Addr,
    router: bool,
) -> [u8; ETHERNET_LEN + IPV6_LEN + ADVERTISEMENT_LEN] {
    let mut frame = [0; ETHERNET_LEN + IPV6_LEN + ADVERTISEMENT_LEN];
    let mut ethernet = MutableEthernetPacket::new(&mut frame).expect("the buffer holds a frame");
    // RFC 2464 §7: 33:33 and the last four bytes of the group.
    ethernet.set_destination(MacAddr::new(0x33, 0x33, 0, 0, 0, 1));
    ethernet.set_source(MacAddr::from(sender));
    ethernet.set_ethertype(EtherTypes::Ipv6);
    let mut ip = MutableIpv6Packet::new(&mut frame[ETHERNET_LEN..]).expect("the buffer holds a packet");
    ip.set_version(6);
    ip.set_payload_length(ADVERTISEMENT_LEN as u16);
    ip.set_next_header(IpNextHeaderProtocols::Icmpv6);
    ip.set_hop_limit(255);
    ip.set_source(address);
    ip.set_destination(ALL_NODES);
    advertisement(&mut frame[ETHERNET_LEN + IPV6_LEN..], sender, address, router);
    frame
}

fn advertisement(bytes: &mut [u8], sender: [u8; 6], address: Ipv6Addr, router: bool) {
    let mut advert = MutableNeighborAdvertPacket::new(bytes).expect("the buffer holds an advertisement");
    advert.set_icmpv6_type(Icmpv6Types::NeighborAdvert);
    let router = if router { NeighborAdvertFlags::Router } else { 0 };
    advert.set_flags(NeighborAdvertFlags::Override | router);
    advert.set_target_addr(address);
    // Target link-layer address: type 2, length in units of eight bytes (RFC 4861 §4.6.1).
    bytes[24] = 2;
    bytes[25] = 1;
    bytes[26..32].copy_from_slice(&sender);
    let packet = Icmpv6Packet::new(bytes).expect("the buffer holds an advertisement");
    let sum = icmpv6::checksum(&packet, &address, &ALL_NODES);
    bytes[2..4].copy_from_slice(&sum.to_be_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::primitives::checksum::Sum;

    #[test]
    fn frame_bytes() {
        let address: Ipv6Addr = "2001:db8:51::100".parse().expect("an address");
        let frame = unsolicited([2, 0, 0, 0, 0, 1], address, true);
        assert_eq!(&frame[..14], [0x33, 0x33, 0, 0, 0, 1, 2, 0, 0, 0, 0, 1, 0x86, 0xdd]);
        assert_eq!(&frame[14..22], [0x60, 0, 0, 0, 0, 32, 58, 255]);
        assert_eq!(&frame[54..56], [136, 0]);
        assert_eq!(frame[58], 0xa0);
        assert_eq!(frame[62..78], address.octets());
        assert_eq!(&frame[78..], [2, 1, 2, 0, 0, 0, 0, 1]);
        let sum = Sum::default().add(&frame[22..54]).add(&32u32.to_be_bytes()).add(&[0, 0, 0, 58]).add(&frame[54..]);
        assert_eq!(sum.finish(), 0);
    }
}
