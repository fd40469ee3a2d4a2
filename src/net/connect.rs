//! Connections that we open: with the options and the local address of the configuration.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use tokio::net::{TcpSocket, UnixStream};

use super::stream::Stream;
use crate::sys::socket_options::{self, NumberOption};

/// Where a server is.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Target {
    /// At an address and port.
    Inet(SocketAddr),
    /// Behind a unix socket.
    Unix(Rc<str>),
}

/// What is set on the socket before it connects.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Options {
    /// The local address.
    pub bind: Option<Local>,
    /// `SO_KEEPALIVE`
    pub keepalive: bool,
    /// `SO_RCVBUF`; 0 leaves it to the system.
    pub receive_buffer: usize,
    /// `SO_SNDBUF`; 0 leaves it to the system.
    pub send_buffer: usize,
    /// `TCP_NODELAY`
    pub nodelay: bool,
}

/// Where a connection comes from.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Local {
    /// The address.
    pub address: IpAddr,
    /// The port; 0 leaves it to the system.
    pub port: u16,
    /// It need not be an address of this machine.
    pub transparent: bool,
}

/// What went wrong.
#[derive(Debug)]
pub enum Fault {
    /// There is no socket to be had, or it does not take its options.
    Socket(io::Error),
    /// It does not take this option.
    Option(&'static str, io::Error),
    /// The local address cannot be used.
    Bind(IpAddr, io::Error),
    /// The server does not answer.
    Connect(io::Error),
}

/// Opens a connection.
pub async fn connect(target: &Target, options: Options) -> Result<Stream, Fault> {
    match target {
        Target::Unix(path) => UnixStream::connect(&**path).await.map(Stream::Unix).map_err(Fault::Connect),
        Target::Inet(address) => {
            let socket = prepare(*address, options)?;
            let stream = socket.connect(*address).await.map_err(Fault::Connect)?;
            if options.nodelay {
                stream.set_nodelay(true).map_err(Fault::Socket)?;
            }
            Ok(Stream::Tcp(stream))
        }
    }
}

fn prepare(address: SocketAddr, options: Options) -> Result<TcpSocket, Fault> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }.map_err(Fault::Socket)?;
    if options.keepalive {
        socket.set_keepalive(true).map_err(Fault::Socket)?;
    }
    if options.receive_buffer > 0 {
        socket.set_recv_buffer_size(options.receive_buffer as u32).map_err(Fault::Socket)?;
    }
    if options.send_buffer > 0 {
        socket.set_send_buffer_size(options.send_buffer as u32).map_err(Fault::Socket)?;
    }
    if let Some(local) = options.bind {
        bind(&socket, address, local)?;
    }
    Ok(socket)
}

fn bind(socket: &TcpSocket, to: SocketAddr, local: Local) -> Result<(), Fault> {
    if local.transparent {
        let option = if to.is_ipv4() { NumberOption::IP_TRANSPARENT } else { NumberOption::IPV6_TRANSPARENT };
        socket_options::set(socket, option, 1).map_err(|error| Fault::Option(option.name, error))?;
    }
    if local.port == 0 {
        // The port is then chosen for address and destination together: there are more of them. Old kernels lack it.
        let (Ok(()) | Err(_)) = socket_options::set(socket, NumberOption::IP_BIND_ADDRESS_NO_PORT, 1);
    }
    socket.bind(SocketAddr::new(local.address, local.port)).map_err(|error| Fault::Bind(local.address, error))
}
