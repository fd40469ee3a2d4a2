//! A packet as the kernel hands it over, with what it tells beside it: where it went, and how far it has come.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrStorage, recvmsg};

const BUFFER_LEN: usize = 4096;

/// A packet.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Datagram {
    /// What was in it; from a raw IPv4 socket, with the IP header.
    pub bytes: Vec<u8>,
    /// From.
    pub source: SocketAddr,
    /// To, where the socket asks for that.
    pub destination: Option<IpAddr>,
    /// TTL or hop limit on arrival, where the socket asks for that.
    pub hop_limit: Option<u8>,
}

/// The next packet of a socket, if one is there.
pub fn receive(socket: &OwnedFd) -> io::Result<Option<Datagram>> {
    let mut buffer = vec![0; BUFFER_LEN];
    let mut control = nix::cmsg_space!(libc::in6_pktinfo, libc::in_pktinfo, libc::c_int);
    let mut parts = [IoSliceMut::new(&mut buffer)];
    let received = recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty());
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
    let Some(source) = source else { return Ok(None) };
    buffer.truncate(len);
    Ok(Some(Datagram { bytes: buffer, source, destination, hop_limit }))
}

fn socket_address(address: &SockaddrStorage) -> Option<SocketAddr> {
    let v4 = address.as_sockaddr_in().map(|address| SocketAddr::from((address.ip(), address.port())));
    v4.or_else(|| address.as_sockaddr_in6().map(|address| SocketAddr::from((address.ip(), address.port()))))
}
