//! The kernel's news of processes that begin and end: its proc connector.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

use nix::errno::Errno;
use nix::sys::socket::{MsgFlags, NetlinkAddr, bind, recvfrom, send, setsockopt, sockopt};

use super::namespace;

/// `CN_IDX_PROC`, as a group.
const GROUP_PROCESS: u32 = 1;
const BUFFER_LEN: usize = 4096;

/// A socket that hears of all processes of the machine.
#[derive(Debug)]
pub struct ProcessEvents {
    descriptor: OwnedFd,
}

impl ProcessEvents {
    /// Opens the socket. The kernel tells of processes in the network namespace that it began with, and in no other: so the
    /// socket is made there where that can be reached.
    pub fn open() -> io::Result<Self> {
        namespace::in_first_network(Self::open_here)
    }

    #[allow(unsafe_code)]
    fn open_here() -> io::Result<Self> {
        let kind = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: the call takes numbers alone.
        let number = unsafe { libc::socket(libc::AF_NETLINK, kind, libc::NETLINK_CONNECTOR) };
        if number < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: the descriptor is new and nobody else's.
        let descriptor = unsafe { OwnedFd::from_raw_fd(number) };
        bind(descriptor.as_raw_fd(), &NetlinkAddr::new(0, GROUP_PROCESS))?;
        Ok(Self { descriptor })
    }

    /// Sends a message to the kernel.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        send(self.descriptor.as_raw_fd(), bytes, MsgFlags::empty())?;
        Ok(())
    }

    /// The next datagram of the kernel, if one is there. `ENOBUFS` says that some were lost.
    pub fn receive(&self) -> io::Result<Option<Vec<u8>>> {
        let mut buffer = [0; BUFFER_LEN];
        loop {
            match recvfrom::<NetlinkAddr>(self.descriptor.as_raw_fd(), &mut buffer) {
                // Any process may send to the socket; the kernel has the number 0.
                Ok((len, Some(from))) if from.pid() == 0 => return Ok(Some(buffer[..len].to_vec())),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(Errno::EAGAIN) => return Ok(None),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// Makes room for more news than the system grants; only root may.
    pub fn set_buffer(&self, bytes: usize) -> io::Result<()> {
        Ok(setsockopt(&self.descriptor, sockopt::RcvBufForce, &bytes)?)
    }
}

impl AsFd for ProcessEvents {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}
