//! Options of sockets whose value is one number.

use std::io;
use std::os::fd::{AsFd, AsRawFd};

/// An option, with the name that messages give it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct NumberOption {
    level: i32,
    option: i32,
    /// The C name.
    pub name: &'static str,
}

macro_rules! options {
    ($($(#[$doc:meta])* $name:ident: $level:ident;)*) => {
        impl NumberOption {
            $($(#[$doc])* pub const $name: Self =
                Self { level: libc::$level, option: libc::$name, name: stringify!($name) };)*
        }
    };
}

options! {
    /// A bind while old connections linger.
    SO_REUSEADDR: SOL_SOCKET;
    /// Several sockets on one address, the kernel spreads connections over them.
    SO_REUSEPORT: SOL_SOCKET;
    /// Size of the receive buffer.
    SO_RCVBUF: SOL_SOCKET;
    /// Size of the send buffer.
    SO_SNDBUF: SOL_SOCKET;
    /// Probes on idle connections.
    SO_KEEPALIVE: SOL_SOCKET;
    /// The mark that firewalls and routing rules see.
    SO_MARK: SOL_SOCKET;
    /// What broke the connection, told once.
    SO_ERROR: SOL_SOCKET;
    /// Stream or datagram.
    SO_TYPE: SOL_SOCKET;
    /// TCP, MPTCP, …
    SO_PROTOCOL: SOL_SOCKET;
    /// The port is chosen when the connection is made.
    IP_BIND_ADDRESS_NO_PORT: IPPROTO_IP;
    /// Any address may be the local one.
    IP_TRANSPARENT: IPPROTO_IP;
    /// The same for IPv6.
    IPV6_TRANSPARENT: IPPROTO_IPV6;
    /// IPv6 alone, or IPv4 too.
    IPV6_V6ONLY: IPPROTO_IPV6;
    /// Seconds until the first probe.
    TCP_KEEPIDLE: IPPROTO_TCP;
    /// Seconds between probes.
    TCP_KEEPINTVL: IPPROTO_TCP;
    /// Probes before giving up.
    TCP_KEEPCNT: IPPROTO_TCP;
    /// Data in the first packet.
    TCP_FASTOPEN: IPPROTO_TCP;
    /// Accept only when data has come.
    TCP_DEFER_ACCEPT: IPPROTO_TCP;
    /// Send small segments at once.
    TCP_NODELAY: IPPROTO_TCP;
    /// Hold back partial segments.
    TCP_CORK: IPPROTO_TCP;
}

/// Sets an option.
#[allow(unsafe_code)]
pub fn set(socket: impl AsFd, option: NumberOption, value: i32) -> io::Result<()> {
    // SAFETY: `value` lives over the call and the length is its own; the descriptor is borrowed, so open.
    let outcome = unsafe {
        libc::setsockopt(
            socket.as_fd().as_raw_fd(),
            option.level,
            option.option,
            (&raw const value).cast(),
            size_of::<i32>() as libc::socklen_t,
        )
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Reads an option.
#[allow(unsafe_code)]
pub fn get(socket: impl AsFd, option: NumberOption) -> io::Result<i32> {
    let mut value = 0_i32;
    let mut length = size_of::<i32>() as libc::socklen_t;
    // SAFETY: `value` and `length` live over the call, and `length` is the size of `value`.
    let outcome = unsafe {
        libc::getsockopt(socket.as_fd().as_raw_fd(), option.level, option.option, (&raw mut value).cast(), &mut length)
    };
    if outcome == 0 { Ok(value) } else { Err(io::Error::last_os_error()) }
}

/// What the kernel knows of a TCP connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TcpInfo {
    /// The time to the peer and back, in microseconds.
    pub rtt: u32,
    /// How much that time varies, in microseconds.
    pub rtt_variance: u32,
    /// The congestion window, in segments.
    pub send_window: u32,
    /// The receive window, in bytes.
    pub receive_space: u32,
}

/// Asks for what the kernel knows of a TCP connection.
#[allow(unsafe_code)]
pub fn tcp_info(socket: impl AsFd) -> io::Result<TcpInfo> {
    // SAFETY: all bytes 0 are a valid value of this structure of numbers.
    let mut info: libc::tcp_info = unsafe { std::mem::zeroed() };
    let mut length = size_of::<libc::tcp_info>() as libc::socklen_t;
    let descriptor = socket.as_fd().as_raw_fd();
    let place = std::ptr::from_mut(&mut info).cast();
    // SAFETY: `info` and `length` live over the call and the length is its own; the descriptor is borrowed, so open.
    let status = unsafe { libc::getsockopt(descriptor, libc::IPPROTO_TCP, libc::TCP_INFO, place, &raw mut length) };
    if status != 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(TcpInfo {
        rtt: info.tcpi_rtt,
        rtt_variance: info.tcpi_rttvar,
        send_window: info.tcpi_snd_cwnd,
        receive_space: info.tcpi_rcv_space,
    })
}
