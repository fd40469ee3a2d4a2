//! Gratuitous ARP and unsolicited neighbour advertisements on the wire.

use std::io;
use std::net::IpAddr;

use crate::sys::raw_socket::FrameSocket;
use crate::wire::{arp, ndisc};

/// Tells neighbours where an address now is.
#[derive(Debug)]
pub struct Announcer {
    socket: FrameSocket,
}

impl Announcer {
    /// Opens its socket.
    pub fn open() -> io::Result<Self> {
        Ok(Self { socket: FrameSocket::open()? })
    }

    /// Sends one frame for one address.
    pub fn announce(&self, address: IpAddr, interface: u32, name: &str, mac: [u8; 6]) -> io::Result<()> {
        match address {
            IpAddr::V4(address) => self.socket.send(&arp::gratuitous(mac, address), interface),
            IpAddr::V6(address) => self.socket.send(&ndisc::unsolicited(mac, address, forwards(name)), interface),
        }
    }
}

/// Whether the interface forwards IPv6: the "router" flag says so (RFC 4861 §4.4).
fn forwards(interface: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{interface}/forwarding");
    std::fs::read(path).is_ok_and(|text| text.first().is_some_and(|byte| *byte != b'0'))
}

/// What keepalived's log calls a frame for this address.
pub fn frame_name(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "gratuitous ARP" } else { "unsolicited Neighbour Advert" }
}
