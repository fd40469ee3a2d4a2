//! Gratuitous ARP: the Ethernet frame that tells a segment where an IPv4 address now lives.

use std::net::Ipv4Addr;

use pnet_base::MacAddr;
use pnet_packet::arp::{ArpHardwareTypes, ArpOperations, MutableArpPacket};
use pnet_packet::ethernet::{EtherTypes, MutableEthernetPacket};

const ETHERNET_LEN: usize = 14;
const ARP_LEN: usize = 28;

/// A broadcast request whose sender and target address are the same (RFC 5944 §4.6). keepalived fills the target
/// hardware address with ones and adds no padding.
pub fn gratuitous(sender: [u8; 6], address: Ipv4Addr) -> [u8; ETHERNET_LEN + ARP_LEN] {
    let mut frame = [0; ETHERNET_LEN + ARP_LEN];
    let sender = MacAddr::from(sender);
    let mut ethernet = MutableEthernetPacket::new(&mut frame).expect("the buffer holds a frame");
    ethernet.set_destination(MacAddr::broadcast());
    ethernet.set_source(sender);
    ethernet.set_ethertype(EtherTypes::Arp);
    let mut arp = MutableArpPacket::new(&mut frame[ETHERNET_LEN..]).expect("the buffer holds a packet");
    arp.set_hardware_type(ArpHardwareTypes::Ethernet);
    arp.set_protocol_type(EtherTypes::Ipv4);
    arp.set_hw_addr_len(6);
    arp.set_proto_addr_len(4);
    arp.set_operation(ArpOperations::Request);
    arp.set_sender_hw_addr(sender);
    arp.set_sender_proto_addr(address);
    arp.set_target_hw_addr(MacAddr::broadcast());
    arp.set_target_proto_addr(address);
    frame
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frame_bytes() {
        let frame = gratuitous([2, 0, 0, 0, 0, 1], Ipv4Addr::new(198, 51, 100, 100));
        #[rustfmt::skip]
        let expected = [
            255, 255, 255, 255, 255, 255, 2, 0, 0, 0, 0, 1, 8, 6,
            0, 1, 8, 0, 6, 4, 0, 1,
            2, 0, 0, 0, 0, 1, 198, 51, 100, 100,
            255, 255, 255, 255, 255, 255, 198, 51, 100, 100,
        ];
        assert_eq!(frame, expected);
    }
}
