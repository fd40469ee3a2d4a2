//! Raw sockets: adverts in and out, and whole Ethernet frames out.

use std::ffi::OsString;
use std::io::{self, IoSlice};
use std::mem::size_of_val;
use std::net::{IpAddr, SocketAddrV6};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, ControlMessage, MsgFlags, SockFlag, SockProtocol, SockType, SockaddrIn, SockaddrIn6, bind, sendmsg,
    sendto, setsockopt, socket, sockopt,
};

use super::datagram::{self, Datagram};

/// A raw socket of one IP protocol.
#[derive(Debug)]
pub struct RawSocket {
    descriptor: OwnedFd,
}

#[allow(unsafe_code)]
fn set_number(descriptor: &OwnedFd, level: i32, option: i32, value: i32) -> io::Result<()> {
    // SAFETY: the pointer and the length describe `value`, which outlives the call; the kernel only reads it.
    let done = unsafe {
        libc::setsockopt(
            descriptor.as_raw_fd(),
            level,
            option,
            (&raw const value).cast(),
            size_of_val(&value) as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// `struct ip_mreqn` and `struct ipv6_mreq`, set as an option.
#[allow(unsafe_code)]
fn set_struct<T>(descriptor: &OwnedFd, level: i32, option: i32, value: &T) -> io::Result<()> {
    // SAFETY: as above; `T` is one of libc's plain structures that the option takes.
    let done = unsafe {
        libc::setsockopt(
            descriptor.as_raw_fd(),
            level,
            option,
            std::ptr::from_ref(value).cast(),
            size_of_val(value) as libc::socklen_t,
        )
    };
    if done == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

impl RawSocket {
    fn open(family: AddressFamily, protocol: i32) -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        Ok(Self { descriptor: raw_descriptor(family as i32, kind, protocol)? })
    }

    /// A socket that hears `protocol` on one interface, or everywhere.
    pub fn receiver(v6: bool, protocol: u8, interface: Option<&str>) -> io::Result<Self> {
        let family = if v6 { AddressFamily::Inet6 } else { AddressFamily::Inet };
        let opened = Self::open(family, i32::from(protocol))?;
        opened.bind_to_interface(interface)?;
        if v6 {
            set_number(&opened.descriptor, libc::IPPROTO_IPV6, libc::IPV6_RECVPKTINFO, 1)?;
            set_number(&opened.descriptor, libc::IPPROTO_IPV6, libc::IPV6_RECVHOPLIMIT, 1)?;
            // The kernel drops packets with a wrong checksum; VRRP has it at offset 6.
            set_number(&opened.descriptor, libc::IPPROTO_IPV6, libc::IPV6_CHECKSUM, 6)?;
        }
        Ok(opened)
    }

    /// Joins a group on an interface, and hears of no group that others have joined.
    pub fn join(&self, group: IpAddr, interface: u32) -> io::Result<()> {
        match group {
            IpAddr::V4(group) => {
                set_number(&self.descriptor, libc::IPPROTO_IP, libc::IP_MULTICAST_ALL, 0)?;
                let request = libc::ip_mreqn {
                    imr_multiaddr: libc::in_addr { s_addr: u32::from_ne_bytes(group.octets()) },
                    imr_address: libc::in_addr { s_addr: 0 },
                    imr_ifindex: interface as i32,
                };
                set_struct(&self.descriptor, libc::IPPROTO_IP, libc::IP_ADD_MEMBERSHIP, &request)
            }
            IpAddr::V6(group) => {
                set_number(&self.descriptor, libc::IPPROTO_IPV6, libc::IPV6_MULTICAST_ALL, 0)?;
                let request = libc::ipv6_mreq {
                    ipv6mr_multiaddr: libc::in6_addr { s6_addr: group.octets() },
                    ipv6mr_interface: interface,
                };
                set_struct(&self.descriptor, libc::IPPROTO_IPV6, libc::IPV6_ADD_MEMBERSHIP, &request)
            }
        }
    }

    /// Hears only what is sent to one of our addresses.
    pub fn bind_to_address(&self, address: IpAddr) -> io::Result<()> {
        match address {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                bind(self.descriptor.as_raw_fd(), &SockaddrIn::new(a, b, c, d, 0))?;
            }
            IpAddr::V6(address) => {
                bind(self.descriptor.as_raw_fd(), &SockaddrIn6::from(SocketAddrV6::new(address, 0, 0, 0)))?;
            }
        }
        Ok(())
    }

    /// A socket that sends IPv4 packets whose header the caller makes. Our own packets do not come back to us.
    pub fn sender_v4(protocol: u8, interface: Option<(&str, u32)>) -> io::Result<Self> {
        let opened = Self::open(AddressFamily::Inet, i32::from(protocol))?;
        opened.bind_to_interface(interface.map(|(name, _)| name))?;
        set_number(&opened.descriptor, libc::IPPROTO_IP, libc::IP_HDRINCL, 1)?;
        set_number(&opened.descriptor, libc::IPPROTO_IP, libc::IP_MULTICAST_LOOP, 0)?;
        opened.receive_nothing()?;
        if let Some((_, index)) = interface {
            let request = libc::ip_mreqn {
                imr_multiaddr: libc::in_addr { s_addr: 0 },
                imr_address: libc::in_addr { s_addr: 0 },
                imr_ifindex: index as i32,
            };
            set_struct(&opened.descriptor, libc::IPPROTO_IP, libc::IP_MULTICAST_IF, &request)?;
        }
        Ok(opened)
    }

    /// A socket that sends IPv6 packets; the kernel makes header and checksum.
    pub fn sender_v6(protocol: u8, interface: Option<(&str, u32)>, traffic_class: u8) -> io::Result<Self> {
        let opened = Self::open(AddressFamily::Inet6, i32::from(protocol))?;
        opened.bind_to_interface(interface.map(|(name, _)| name))?;
        let set = |option, value| set_number(&opened.descriptor, libc::IPPROTO_IPV6, option, value);
        set(libc::IPV6_CHECKSUM, 6)?;
        set(libc::IPV6_MULTICAST_LOOP, 0)?;
        set(libc::IPV6_MULTICAST_HOPS, 255)?;
        set(libc::IPV6_TCLASS, i32::from(traffic_class))?;
        opened.receive_nothing()?;
        if let Some((_, index)) = interface {
            set(libc::IPV6_MULTICAST_IF, index as i32)?;
        }
        Ok(opened)
    }

    fn bind_to_interface(&self, interface: Option<&str>) -> io::Result<()> {
        if let Some(name) = interface {
            setsockopt(&self.descriptor, sockopt::BindToDevice, &OsString::from(name))?;
        }
        Ok(())
    }

    /// A raw socket receives even if nobody reads: a filter that takes no byte keeps its queue empty.
    fn receive_nothing(&self) -> io::Result<()> {
        let mut code = [libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: 0 }];
        let program = libc::sock_fprog { len: 1, filter: code.as_mut_ptr() };
        set_struct(&self.descriptor, libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &program)
    }

    /// Sends a packet. One of IPv4 names its source and its TTL in its own header; with IPv6 the kernel would choose among all
    /// addresses, and does choose the hop limit to a host where none is given.
    pub fn send(
        &self,
        bytes: &[u8],
        source: IpAddr,
        destination: IpAddr,
        scope_id: u32,
        hop_limit: Option<u8>,
    ) -> io::Result<()> {
        let descriptor = self.descriptor.as_raw_fd();
        match destination {
            IpAddr::V4(address) => {
                let [a, b, c, d] = address.octets();
                sendto(descriptor, bytes, &SockaddrIn::new(a, b, c, d, 0), MsgFlags::empty())?;
            }
            IpAddr::V6(address) => {
                let address = SockaddrIn6::from(SocketAddrV6::new(address, 0, 0, scope_id));
                let source = match source {
                    IpAddr::V4(address) => address.to_ipv6_mapped(),
                    IpAddr::V6(address) => address,
                };
                let ipi6_addr = libc::in6_addr { s6_addr: source.octets() };
                let from = libc::in6_pktinfo { ipi6_addr, ipi6_ifindex: scope_id };
                let hop_limit = hop_limit.map(i32::from);
                let hop_limit = hop_limit.as_ref().map(ControlMessage::Ipv6HopLimit);
                let control: Vec<_> = [ControlMessage::Ipv6PacketInfo(&from)].into_iter().chain(hop_limit).collect();
                sendmsg(descriptor, &[IoSlice::new(bytes)], &control, MsgFlags::empty(), Some(&address))?;
            }
        }
        Ok(())
    }

    /// The next packet, if one is there.
    pub fn receive(&self) -> io::Result<Option<Datagram>> {
        datagram::receive(&self.descriptor)
    }
}

#[allow(unsafe_code)]
fn raw_descriptor(family: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    use std::os::fd::FromRawFd;
    // SAFETY: takes numbers alone. nix's SockProtocol has no VRRP.
    let number = unsafe { libc::socket(family, kind, protocol) };
    if number < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor is new and nobody else's.
    Ok(unsafe { OwnedFd::from_raw_fd(number) })
}

impl AsFd for RawSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

/// A socket that sends whole Ethernet frames and receives none.
#[derive(Debug)]
pub struct FrameSocket {
    descriptor: OwnedFd,
}

impl FrameSocket {
    /// Opens it.
    pub fn open() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        // Protocol 0 receives nothing.
        let descriptor = socket(AddressFamily::Packet, SockType::Raw, flags, None::<SockProtocol>)?;
        Ok(Self { descriptor })
    }

    /// Sends a frame on an interface.
    #[allow(unsafe_code)]
    pub fn send(&self, frame: &[u8], interface: u32) -> io::Result<()> {
        // SAFETY: a sockaddr_ll of zeros is a valid one.
        let mut address: libc::sockaddr_ll = unsafe { std::mem::zeroed() };
        address.sll_family = libc::AF_PACKET as u16;
        address.sll_ifindex = interface as i32;
        address.sll_halen = 6;
        let destination = frame.get(..6).ok_or(io::ErrorKind::InvalidInput)?;
        address.sll_addr[..6].copy_from_slice(destination);
        // SAFETY: both pointers and lengths describe values that outlive the call; the kernel only reads them.
        let sent = unsafe {
            libc::sendto(
                self.descriptor.as_raw_fd(),
                frame.as_ptr().cast(),
                frame.len(),
                0,
                (&raw const address).cast(),
                size_of_val(&address) as libc::socklen_t,
            )
        };
        if sent < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
    }
}
