//! Root's rights one by one (capabilities(7)): which of them this process keeps.

use std::io;

/// One right, by its number in linux/capability.h.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u32)]
pub enum Capability {
    /// Give files to others.
    Chown = 0,
    /// Read and write files of others.
    DacOverride = 1,
    /// Send signals to processes of others.
    Kill = 5,
    /// Become another group.
    SetGid = 6,
    /// Become another user.
    SetUid = 7,
    /// Bind ports below 1024.
    NetBindService = 10,
    /// Change addresses, routes and rules.
    NetAdmin = 12,
    /// Use raw sockets.
    NetRaw = 13,
    /// Lock memory.
    IpcLock = 14,
    /// Enter namespaces, and much else.
    SysAdmin = 21,
    /// Raise priorities.
    SysNice = 23,
    /// Raise limits.
    SysResource = 24,
}

/// The layout that the kernel calls version 3: two halves of 32 rights each.
const VERSION_3: u32 = 0x2008_0522;

#[repr(C)]
struct Header {
    version: u32,
    pid: i32,
}

#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Half {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Gives up all rights but these; of these, those that we never had stay away. Programs that root starts from here have theirs
/// all the same.
#[allow(unsafe_code)]
pub fn keep_only(kept: &[Capability]) -> io::Result<()> {
    let header = Header { version: VERSION_3, pid: 0 };
    let mut halves = [Half::default(); 2];
    // SAFETY: header and both halves are what the kernel expects of version 3, and outlive the call.
    if unsafe { libc::syscall(libc::SYS_capget, &header, halves.as_mut_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    let mask = kept.iter().fold(0, |mask, capability| mask | 1 << *capability as u32);
    halves[0].permitted &= mask;
    halves[0].effective = halves[0].permitted;
    halves[1] = Half::default();
    // SAFETY: as above; the kernel only reads.
    if unsafe { libc::syscall(libc::SYS_capset, &header, halves.as_ptr()) } != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
