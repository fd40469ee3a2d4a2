//! A socket to the kernel's rtnetlink, or to its nftables.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};

use nix::sys::socket::{
    AddressFamily, MsgFlags, NetlinkAddr, SockFlag, SockProtocol, SockType, bind, getsockname, recv, send, socket,
};

/// Groups of news that a socket can join (linux/rtnetlink.h).
pub mod group {
    #![allow(missing_docs)]
    pub const LINK: u32 = 0x1;
    pub const IPV4_ADDRESS: u32 = 0x10;
    pub const IPV6_ADDRESS: u32 = 0x100;
    pub const IPV4_ROUTE: u32 = 0x40;
    pub const IPV6_ROUTE: u32 = 0x400;
    pub const IPV4_RULE: u32 = 0x80;
    pub const IPV6_RULE: u32 = 0x4_0000;
}

/// Large enough for any datagram that the kernel sends.
const BUFFER_LEN: usize = 64 * 1024;

/// An open socket.
#[derive(Debug)]
pub struct NetlinkSocket {
    descriptor: OwnedFd,
}

impl NetlinkSocket {
    /// Opens a socket that hears of `groups`. It does not block.
    pub fn open(groups: u32) -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let descriptor = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkRoute)?;
        bind(descriptor.as_raw_fd(), &NetlinkAddr::new(0, groups))?;
        Ok(Self { descriptor })
    }

    /// Opens a socket to nftables. It does not block.
    pub fn open_netfilter() -> io::Result<Self> {
        let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
        let descriptor = socket(AddressFamily::Netlink, SockType::Raw, flags, SockProtocol::NetlinkNetFilter)?;
        bind(descriptor.as_raw_fd(), &NetlinkAddr::new(0, 0))?;
        Ok(Self { descriptor })
    }

    /// The number that the kernel knows it by.
    pub fn port(&self) -> io::Result<u32> {
        Ok(getsockname::<NetlinkAddr>(self.descriptor.as_raw_fd())?.pid())
    }

    /// Hears of these groups from now on, and of no others.
    pub fn hear(&self, groups: u32) -> io::Result<()> {
        bind(self.descriptor.as_raw_fd(), &NetlinkAddr::new(self.port()?, groups))?;
        Ok(())
    }

    /// Sends requests.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        send(self.descriptor.as_raw_fd(), bytes, MsgFlags::empty())?;
        Ok(())
    }

    /// The next datagram, if one is there. `ENOBUFS` says that some were lost.
    pub fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = vec![0; BUFFER_LEN];
        match recv(self.descriptor.as_raw_fd(), &mut buffer, MsgFlags::empty()) {
            Ok(len) => {
                buffer.truncate(len);
                Ok(Some(buffer))
            }
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EINTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for a datagram, at most a second: the kernel answers at once.
    pub fn receive_answer(&self) -> io::Result<Vec<u8>> {
        super::poll::wait_readable(&[self.descriptor.as_fd()], Some(std::time::Duration::from_secs(1)))?;
        self.receive()?.ok_or_else(|| io::ErrorKind::TimedOut.into())
    }
}

impl AsFd for NetlinkSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
