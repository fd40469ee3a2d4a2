//! Descriptors that outlive a function: the three standard ones, inheritance over exec, pairs of sockets.

use std::io::{self, IoSlice};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};

use nix::fcntl::{FcntlArg, FdFlag, OFlag, fcntl, open};
use nix::sys::socket::{AddressFamily, ControlMessage, MsgFlags, SockFlag, SockType, sendmsg, socketpair};
use nix::sys::stat::{Mode, fstat, umask};
use nix::unistd;

/// Points standard input and output at `/dev/null`, as a daemon does.
pub fn silence_input_and_output() -> io::Result<()> {
    let null = open("/dev/null", OFlag::O_RDWR | OFlag::O_CLOEXEC, Mode::empty())?;
    unistd::dup2_stdin(&null)?;
    unistd::dup2_stdout(&null)?;
    Ok(())
}

/// Points standard error at a file.
pub fn redirect_stderr(file: impl AsFd) -> io::Result<()> {
    Ok(unistd::dup2_stderr(file)?)
}

/// Lets the kernel leave the rights of new files as they were asked for.
pub fn clear_umask() {
    umask(Mode::empty());
}

/// Sets which rights new files do not get.
pub fn set_umask(mask: u32) {
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(mask));
}

/// Says whether a descriptor stays open in a program that is started from here.
pub fn inherit_over_exec(descriptor: impl AsFd, inherited: bool) -> io::Result<()> {
    let flags = if inherited { FdFlag::empty() } else { FdFlag::FD_CLOEXEC };
    fcntl(descriptor, FcntlArg::F_SETFD(flags))?;
    Ok(())
}

/// Makes reads and writes return at once.
pub fn set_nonblocking(descriptor: impl AsFd) -> io::Result<()> {
    let flags = OFlag::from_bits_retain(fcntl(&descriptor, FcntlArg::F_GETFL)?);
    fcntl(&descriptor, FcntlArg::F_SETFL(flags | OFlag::O_NONBLOCK))?;
    Ok(())
}

/// A second descriptor of the same open file, closed on exec.
pub fn duplicate(descriptor: impl AsFd) -> io::Result<OwnedFd> {
    descriptor.as_fd().try_clone_to_owned()
}

/// Lets a descriptor stand for another file from here on, whoever shares it.
#[allow(unsafe_code)]
pub fn replace(kept: impl AsFd, by: impl AsFd) -> io::Result<()> {
    // SAFETY: both numbers are of open descriptors; the kept one's owner goes on owning it, whatever file it stands for.
    match unsafe { libc::dup3(by.as_fd().as_raw_fd(), kept.as_fd().as_raw_fd(), libc::O_CLOEXEC) } {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}

/// Whether the number is that of an open descriptor.
#[allow(unsafe_code)]
pub fn is_open(number: RawFd) -> bool {
    if number < 0 {
        return false;
    }
    // SAFETY: fstat on a number that is no descriptor fails with EBADF and touches nothing.
    fstat(unsafe { BorrowedFd::borrow_raw(number) }).is_ok()
}

/// Takes ownership of a descriptor that an earlier program left open for us.
/// `None` if nothing is open under the number, or it is one of the standard three.
#[allow(unsafe_code)]
pub fn adopt(number: RawFd) -> Option<OwnedFd> {
    if number <= 2 || !is_open(number) {
        return None;
    }
    // SAFETY: it is open, and called once for each number named in the environment, before anything else is opened: no
    // other value of this program can own it.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Two connected stream sockets, both non-blocking and closed on exec.
pub fn channel() -> io::Result<(OwnedFd, OwnedFd)> {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    Ok(socketpair(AddressFamily::Unix, SockType::Stream, None, flags)?)
}

/// Writes bytes to a descriptor, once; returns how many the kernel took.
pub fn write(descriptor: impl AsFd, bytes: &[u8]) -> io::Result<usize> {
    Ok(unistd::write(descriptor, bytes)?)
}

/// Sends a datagram with a copy of a descriptor.
pub fn send_with(socket: &impl AsRawFd, bytes: &[u8], descriptor: impl AsFd) -> io::Result<()> {
    let descriptors = [descriptor.as_fd().as_raw_fd()];
    let control = [ControlMessage::ScmRights(&descriptors)];
    sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], &control, MsgFlags::MSG_NOSIGNAL, None)?;
    Ok(())
}

/// Reads bytes from a descriptor, once; 0 is its end.
pub fn read(descriptor: impl AsFd, buffer: &mut [u8]) -> io::Result<usize> {
    Ok(unistd::read(descriptor, buffer)?)
}

/// The number of a descriptor, for a message or the environment of another program.
pub fn number(descriptor: impl AsFd) -> RawFd {
    descriptor.as_fd().as_raw_fd()
}

/// Whether the process or the system has no descriptors left.
pub fn are_exhausted(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EMFILE | libc::ENFILE))
}
