//! UDP sockets that tell how far a packet has come, and send with a TTL of their own.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, SocketAddrV4, SocketAddrV6, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, ControlMessageOwned, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, SockaddrIn6,
    SockaddrStorage, bind, recvmsg, setsockopt, socket, sockopt,
};

const BUFFER_LEN: usize = 4096;

/// A packet as the kernel hands it over.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// What was in it.
    pub bytes: Vec<u8>,
    /// From.
    pub source: SocketAddr,
    /// To.
    pub destination: IpAddr,
    /// TTL or hop limit on arrival.
    pub hop_limit: Option<u8>,
}

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
        let mut buffer = vec![0; BUFFER_LEN];
        let mut control = nix::cmsg_space!(libc::in6_pktinfo, libc::in_pktinfo, libc::c_int);
        let mut parts = [IoSliceMut::new(&mut buffer)];
        let received =
            recvmsg::<SockaddrStorage>(self.descriptor.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty());
        let received = match received {
            Ok(received) => received,
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let (mut destination, mut hop_limit) = (None, None);
        for message in received.cmsgs()? {
            match message {
                ControlMessageOwned::Ipv4PacketInfo(info) => {
                    destination = Some(IpAddr::from(info.ipi_addr.s_addr.to_ne_bytes()));
                }
                ControlMessageOwned::Ipv6PacketInfo(info) => destination = Some(IpAddr::from(info.ipi6_addr.s6_addr)),
                ControlMessageOwned::Ipv4Ttl(limit) | ControlMessageOwned::Ipv6HopLimit(limit) => {
                    hop_limit = u8::try_from(limit).ok();
                }
                _ => {}
            }
        }
        let source = received.address.as_ref().and_then(socket_address);
        let len = received.bytes;
        let (Some(source), Some(destination)) = (source, destination) else { return Ok(None) };
        buffer.truncate(len);
        Ok(Some(Datagram { bytes: buffer, source, destination, hop_limit }))
    }
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|address| SocketAddr::from((address.ip(), address.port())));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| SocketAddr::from((address.ip(), address.port()))))
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
