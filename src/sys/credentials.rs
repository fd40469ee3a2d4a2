//! Who we are: users, groups, and giving up root.

use std::ffi::{CString, c_char, c_int};
use std::io::{self, IoSlice};
use std::os::fd::AsRawFd;

use nix::sys::prctl;
use nix::sys::socket::{ControlMessage, MsgFlags, UnixCredentials, getsockopt, sendmsg, sockopt};
use nix::unistd::{self, Gid, Group, Uid, User};

/// An entry of the user database.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Account {
    /// The name as asked for.
    pub name: String,
    /// The user's number.
    pub uid: u32,
    /// The number of the user's own group.
    pub gid: u32,
}

/// Keeps a static program to the name services that are part of it: users and groups in files, hosts in files and DNS. The C
/// library would load the machine's modules for all others (`nsswitch.conf`), which crash in a program that has no dynamic
/// linker. Of no effect in a dynamic program.
#[allow(unsafe_code)]
pub fn keep_to_own_name_services() {
    unsafe extern "C" {
        /// nss.h of the GNU C library.
        fn __nss_configure_lookup(database: *const c_char, services: *const c_char) -> c_int;
    }
    if cfg!(not(target_feature = "crt-static")) {
        return;
    }
    for (database, services) in
        [(c"passwd", c"files"), (c"group", c"files"), (c"initgroups", c"files"), (c"hosts", c"files dns")]
    {
        // SAFETY: both strings end with a zero byte and are only read; no other thread runs yet.
        unsafe { __nss_configure_lookup(database.as_ptr(), services.as_ptr()) };
    }
}

/// The user of that name; `None` if the database has none.
pub fn user(name: &str) -> io::Result<Option<Account>> {
    let found = User::from_name(name)?;
    Ok(found.map(|user| Account { name: name.to_owned(), uid: user.uid.as_raw(), gid: user.gid.as_raw() }))
}

/// The user of that number, as user and group; `None` if the database has none.
pub fn user_numbered(uid: u32) -> io::Result<Option<(u32, u32)>> {
    Ok(User::from_uid(Uid::from_raw(uid))?.map(|user| (user.uid.as_raw(), user.gid.as_raw())))
}

/// The number of the group of that name; `None` if the database has none.
pub fn group(name: &str) -> io::Result<Option<u32>> {
    Ok(Group::from_name(name)?.map(|group| group.gid.as_raw()))
}

/// The groups of a user, the own one among them.
pub fn groups(name: &str, gid: u32) -> io::Result<Vec<u32>> {
    let name = CString::new(name).map_err(|_| io::ErrorKind::InvalidInput)?;
    let groups = unistd::getgrouplist(&name, Gid::from_raw(gid))?;
    Ok(groups.into_iter().map(Gid::as_raw).collect())
}

/// Whether we act with root's rights.
pub fn is_root() -> bool {
    unistd::geteuid().is_root()
}

/// Takes a group, for good.
pub fn set_group(gid: u32) -> io::Result<()> {
    Ok(unistd::setgid(Gid::from_raw(gid))?)
}

/// Takes the further groups of a user.
pub fn set_further_groups(name: &str, gid: u32) -> io::Result<()> {
    let name = CString::new(name).map_err(|_| io::ErrorKind::InvalidInput)?;
    Ok(unistd::initgroups(&name, Gid::from_raw(gid))?)
}

/// Takes a user, for good.
pub fn set_user(uid: u32) -> io::Result<()> {
    Ok(unistd::setuid(Uid::from_raw(uid))?)
}

/// Lets root's single rights outlive a change of the user.
pub fn keep_capabilities() -> io::Result<()> {
    Ok(prctl::set_keepcaps(true)?)
}

/// Allows core files after the user has changed.
pub fn allow_core_files() -> io::Result<()> {
    Ok(prctl::set_dumpable(true)?)
}

/// Keeps every later program, set-uid ones too, from gaining rights.
pub fn no_new_privileges() -> io::Result<()> {
    Ok(prctl::set_no_new_privs()?)
}

/// Asks the kernel to send us a signal when our parent ends.
pub fn die_with_parent(signal: super::signal::Signal) -> io::Result<()> {
    Ok(prctl::set_pdeathsig(signal)?)
}

/// Our user and group in force.
pub fn identity() -> (u32, u32) {
    (unistd::geteuid().as_raw(), unistd::getegid().as_raw())
}

/// Our user's name, or its number where it has none.
pub fn own_name() -> String {
    let uid = unistd::getuid();
    let user = unistd::User::from_uid(uid).ok().flatten();
    user.map_or_else(|| uid.to_string(), |user| user.name)
}

/// Sends a datagram in the name of another process that lives: root may.
pub fn send_as(socket: &impl AsRawFd, pid: super::fork::Pid, bytes: &[u8]) -> io::Result<()> {
    let (uid, gid) = (unistd::getuid().as_raw(), unistd::getgid().as_raw());
    let credentials = UnixCredentials::from(libc::ucred { pid, uid, gid });
    let control = [ControlMessage::ScmCredentials(&credentials)];
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], &control, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// The number of the user at the other end of a unix socket.
pub fn of_peer(socket: impl std::os::fd::AsFd) -> io::Result<u32> {
    Ok(getsockopt(&socket, sockopt::PeerCredentials)?.uid())
}
