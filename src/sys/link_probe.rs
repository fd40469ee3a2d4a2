//! What the kernel and the driver say of a link when they are asked: the three ways of `linkbeat_interfaces`.

use std::ffi::{c_int, c_ulong};
use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};

/// SIOCGMIIPHY and SIOCGMIIREG of the kernel's sockios.h, which libc leaves out.
const GET_MII_PHY: c_ulong = 0x8947;
const GET_MII_REGISTER: c_ulong = 0x8948;
/// The registers for control and for status, and what says there that the link is established (mii.h).
const BASIC_CONTROL: u16 = 0;
const BASIC_STATUS: u16 = 1;
const LINK_ESTABLISHED: u16 = 4;
/// ETHTOOL_GLINK of ethtool.h.
const GET_LINK: u32 = 0x0a;

/// Asks about links.
#[derive(Debug)]
pub struct LinkProbe(OwnedFd);

/// A `struct ifreq`: a name, and room for what is asked.
#[repr(C)]
struct Question<T> {
    name: [u8; libc::IFNAMSIZ],
    value: T,
}

#[repr(C)]
struct Mii {
    phy: u16,
    register: u16,
    written: u16,
    read: u16,
    unused: [u64; 2],
}

#[repr(C)]
struct Flags {
    flags: u64,
    unused: [u64; 2],
}

#[repr(C)]
struct Ethtool {
    value: *mut EthtoolValue,
    unused: [u64; 2],
}

#[repr(C)]
struct EthtoolValue {
    command: u32,
    data: u32,
}

impl LinkProbe {
    /// A socket to ask by.
    pub fn open() -> io::Result<Self> {
        Ok(Self(socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?))
    }

    /// What the transceiver's registers say. `Ok(None)` where there is none behind the registers.
    pub fn mii(&self, interface: &str) -> io::Result<Option<bool>> {
        let mut mii = Mii { phy: 0, register: 0, written: 0, read: 0, unused: [0; 2] };
        mii = self.ask(GET_MII_PHY, interface, mii)?;
        let phy = mii.phy;
        let mut read = |register| -> io::Result<u16> {
            mii = self.ask(GET_MII_REGISTER, interface, Mii { phy, register, written: 0, read: 0, unused: [0; 2] })?;
            Ok(mii.read)
        };
        read(BASIC_STATUS)?;
        let is_there = read(BASIC_CONTROL).is_ok_and(|control| control != u16::MAX);
        let first = read(BASIC_STATUS).unwrap_or(0);
        if !is_there || first == 0 {
            return Ok(None);
        }
        // A link that was lost shows once; the second time it is as it is now.
        Ok(Some((first | read(BASIC_STATUS).unwrap_or(u16::MAX)) & LINK_ESTABLISHED != 0))
    }

    /// What the driver says.
    pub fn ethtool(&self, interface: &str) -> io::Result<bool> {
        let mut value = EthtoolValue { command: GET_LINK, data: 0 };
        self.ask(libc::SIOCETHTOOL, interface, Ethtool { value: &raw mut value, unused: [0; 2] })?;
        Ok(value.data != 0)
    }

    /// Whether it is up and running, by its flags; one whose flags cannot be read counts as running, unless it is not there.
    pub fn is_running(&self, interface: &str) -> bool {
        let both = (libc::IFF_UP | libc::IFF_RUNNING) as u64;
        match self.ask(libc::SIOCGIFFLAGS, interface, Flags { flags: 0, unused: [0; 2] }) {
            Ok(answer) => answer.flags & both == both,
            Err(error) => error.raw_os_error() != Some(libc::ENODEV),
        }
    }

    #[allow(unsafe_code)]
    fn ask<T>(&self, request: c_ulong, interface: &str, value: T) -> io::Result<T> {
        const { assert!(size_of::<Question<T>>() == size_of::<libc::ifreq>()) };
        let mut question = Question { name: [0; libc::IFNAMSIZ], value };
        let length = interface.len().min(libc::IFNAMSIZ - 1);
        question.name[..length].copy_from_slice(&interface.as_bytes()[..length]);
        // SAFETY: each request reads and writes one ifreq, which the question is in size and layout, and ETHTOOL_GLINK beside it the
        // value that lives in the caller's frame.
        let outcome: c_int = unsafe { libc::ioctl(self.0.as_raw_fd(), request as _, &raw mut question) };
        if outcome < 0 { Err(io::Error::last_os_error()) } else { Ok(question.value) }
    }
}
