//! Making listening sockets, and asking one that was left to us where it listens.

use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd, FromRawFd, OwnedFd};

use nix::sys::socket::{Backlog, SockaddrLike, SockaddrStorage, UnixAddr, bind, getsockname, listen as listen_on};

/// What a socket carries.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// TCP and its like.
    Stream = libc::SOCK_STREAM as isize,
    /// UDP and its like.
    Datagram = libc::SOCK_DGRAM as isize,
}

/// The address family of a socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
    /// A path.
    Unix,
}

/// A new non-blocking socket, closed on exec; `multipath` asks for MPTCP.
#[allow(unsafe_code)]
pub fn socket(family: Family, kind: Kind, multipath: bool) -> io::Result<OwnedFd> {
    let domain = match family {
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
        Family::Unix => libc::AF_UNIX,
    };
    let protocol = if multipath { libc::IPPROTO_MPTCP } else { 0 };
    // SAFETY: plain numbers go in; the descriptor that comes out is new and nobody else's. nix does not know MPTCP.
    unsafe {
        match libc::socket(domain, kind as i32 | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC, protocol) {
            -1 => Err(io::Error::last_os_error()),
            number => Ok(OwnedFd::from_raw_fd(number)),
        }
    }
}

/// Binds to an address and port.
pub fn bind_inet(socket: impl AsFd, address: SocketAddr) -> io::Result<()> {
    Ok(bind(socket.as_fd().as_raw_fd(), &SockaddrStorage::from(address))?)
}

/// Binds to a path.
pub fn bind_unix(socket: impl AsFd, path: &str) -> io::Result<()> {
    Ok(bind(socket.as_fd().as_raw_fd(), &UnixAddr::new(path)?)?)
}

/// Starts to listen, or changes the length of the queue.
pub fn listen(socket: impl AsFd, backlog: i32) -> io::Result<()> {
    // -1 asks for the system's longest.
    let backlog = Backlog::new(backlog).unwrap_or(Backlog::MAXCONN);
    Ok(listen_on(&socket, backlog)?)
}

/// Where a socket is bound.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum LocalAddress {
    /// An address and port.
    Inet(SocketAddr),
    /// A path.
    Unix(String),
}

/// Asks a socket where it is bound.
pub fn local_address(socket: impl AsFd) -> io::Result<LocalAddress> {
    let address: SockaddrStorage = getsockname(socket.as_fd().as_raw_fd())?;
    let unknown = || io::Error::from(io::ErrorKind::InvalidInput);
    if let Some(address) = address.as_sockaddr_in() {
        return Ok(LocalAddress::Inet(SocketAddr::V4((*address).into())));
    }
    if let Some(address) = address.as_sockaddr_in6() {
        return Ok(LocalAddress::Inet(SocketAddr::V6((*address).into())));
    }
    if address.family() == Some(nix::sys::socket::AddressFamily::Unix) {
        let path =
            address.as_unix_addr().and_then(UnixAddr::path).and_then(|path| path.to_str()).ok_or_else(unknown)?;
        return Ok(LocalAddress::Unix(path.to_owned()));
    }
    Err(unknown())
}
