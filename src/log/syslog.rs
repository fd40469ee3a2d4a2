//! Lines sent to a syslog daemon (RFC 3164), over UDP or a unix socket.

use std::cell::RefCell;
use std::fmt::Write;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixDatagram;

/// Where the daemon listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// UDP.
    Inet(SocketAddr),
    /// A unix datagram socket.
    Unix(String),
}

#[derive(Debug)]
enum Socket {
    Inet(UdpSocket),
    Unix(UnixDatagram),
}

/// One daemon, and how our lines are marked for it.
#[derive(Debug)]
pub struct Syslog {
    address: Address,
    facility: u8,
    hostname: Option<String>,
    tag: String,
    socket: RefCell<Option<Socket>>,
}

impl Syslog {
    /// A daemon at an address. Nothing is opened until the first line. Without a hostname, lines carry none.
    pub fn new(address: Address, facility: u8, hostname: Option<String>, tag: String) -> Self {
        Self { address, facility, hostname, tag, socket: RefCell::new(None) }
    }

    /// Sends one line, without its line end. A line that cannot be sent is lost; the next one tries a new socket.
    pub fn send(&self, severity: u8, text: &[u8]) -> io::Result<()> {
        let mut message = self.header(severity);
        message.extend_from_slice(text);
        let mut socket = self.socket.borrow_mut();
        let outcome = match &mut *socket {
            Some(open) => transmit(open, &message),
            none => transmit(none.insert(connect(&self.address)?), &message),
        };
        match outcome {
            // A full queue is no fault of the socket.
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Err(error),
            Err(error) => {
                *socket = None;
                Err(error)
            }
            Ok(()) => Ok(()),
        }
    }

    fn header(&self, severity: u8) -> Vec<u8> {
        let mut header = String::with_capacity(256);
        let priority = u32::from(self.facility) * 8 + u32::from(severity);
        let written = super::now::with(|now| match &self.hostname {
            Some(hostname) => write!(header, "<{priority}>{} {hostname} {}: ", now.syslog, self.tag),
            None => write!(header, "<{priority}>{} {}: ", now.syslog, self.tag),
        });
        debug_assert!(written.is_ok(), "a String takes everything");
        header.into_bytes()
    }
}

fn connect(address: &Address) -> io::Result<Socket> {
    match address {
        Address::Inet(address) => {
            let local: SocketAddr = match address {
                SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
                SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
            };
            let socket = UdpSocket::bind(local)?;
            socket.set_nonblocking(true)?;
            socket.connect(address)?;
            Ok(Socket::Inet(socket))
        }
        Address::Unix(path) => {
            let socket = UnixDatagram::unbound()?;
            socket.set_nonblocking(true)?;
            socket.connect(path)?;
            Ok(Socket::Unix(socket))
        }
    }
}

fn transmit(socket: &Socket, message: &[u8]) -> io::Result<()> {
    match socket {
        Socket::Inet(socket) => socket.send(message)?,
        Socket::Unix(socket) => socket.send(message)?,
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_carries_priority_time_host_and_tag() {
        let daemon = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = Address::Inet(daemon.local_addr().expect("an address"));
        let syslog = Syslog::new(address, 23, Some("lb1".into()), "nginx".into());
        syslog.send(3, b"hello").expect("it is sent");
        let mut buffer = [0; 200];
        let length = daemon.recv(&mut buffer).expect("it arrives");
        let text = String::from_utf8_lossy(&buffer[..length]).into_owned();
        assert!(text.starts_with("<187>"), "{text}");
        assert!(text.ends_with(" lb1 nginx: hello"), "{text}");
        assert_eq!(text.len(), "<187>Nov 22 15:57:23 lb1 nginx: hello".len());
    }
}
