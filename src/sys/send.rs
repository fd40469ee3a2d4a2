//! Sending with what the standard library's calls do not say.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

use nix::sys::socket::{self, MsgFlags};

/// Sends bytes that others follow at once: the kernel may hold them back until then.
pub fn send_more(socket: BorrowedFd, bytes: &[u8]) -> io::Result<usize> {
    let flags = MsgFlags::MSG_NOSIGNAL | MsgFlags::from_bits_retain(libc::MSG_MORE);
    Ok(socket::send(socket.as_raw_fd(), bytes, flags)?)
}
