//! UDP sockets that tell how far a packet has come, and send with a TTL of their own.

use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, SockFlag, SockProtocol, SockType, SockaddrIn, SockaddrIn6, bind, setsockopt, socket, sockopt,
};

use super::datagram::{self, Datagram};

/// A socket that hears a port.
#[derive(Debug)]
pub struct HopSocket {
    descriptor: OwnedFd,
}

impl HopSocket {
    /// Hears a port on all addresses of a family.
    pub fn listen(v6: bool, port: u16) -> io::Result<Self> {
        let family = if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let descriptor = socket(family, SockType::Datagram, flags, None::<SockProtocol>)?;
        if v6 {
            setsockopt(&descriptor, sockopt::Ipv6V6Only, &true)?;
            setsockopt(&descriptor, sockopt::Ipv6RecvHopLimit, &true)?;
            setsockopt(&descriptor, sockopt::Ipv6RecvPacketInfo, &true)?;
            let any = SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, port, 0, 0);
            bind(descriptor.as_raw_fd(), &SockaddrIn6::from(any))?;
        } else {
            setsockopt(&descriptor, sockopt::Ipv4RecvTtl, &true)?;
            setsockopt(&descriptor, sockopt::Ipv4PacketInfo, &true)?;
            let any = SocketAddrV4::new(Ipv4Addr::UNSPECIFIED, port);
            bind(descriptor.as_raw_fd(), &SockaddrIn::from(any))?;
        }
        Ok(Self { descriptor })
    }

    /// The next packet, if one is there.
    pub fn receive(&self) -> io::Result<Option<Datagram>> {
        datagram::receive(&self.descriptor)
    }
}

impl AsFd for HopSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// A socket that sends from an address, or from whichever the kernel chooses, with this TTL or hop limit.
pub fn sender(from: SocketAddr, hop_limit: u8) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind(from)?;
    socket.set_nonblocking(true)?;
    let limit = i32::from(hop_limit);
    if from.is_ipv4() {
        setsockopt(&socket, sockopt::Ipv4Ttl, &limit)?;
    } else {
        setsockopt(&socket, sockopt::Ipv6Ttl, &limit)?;
    }
    Ok(socket)
}
