//! The beginning of a connection to an address with `proxy_protocol`: the header that names the balancer's client.

use std::io;
use std::rc::Rc;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::secure::Client;
use crate::http::engine::Engine;
use crate::ir::listen::{AddressServers, ListenAddress};
use crate::log::error_log::Level;
use crate::net::stream::Stream;
use crate::wire::proxy_protocol::{self, BadHeader, Progress, ProxyHeader};

/// Why there is no header.
enum Fault {
    Bad(BadHeader, Vec<u8>),
    Io(io::Error),
    TimedOut,
    Closed,
}

/// Reads the header; `None` if the connection is over.
pub async fn begin(
    engine: &Rc<Engine>,
    servers: &AddressServers,
    stream: &mut Stream,
    client: &Client,
) -> Option<ProxyHeader> {
    let server = engine.server(servers.default_server);
    let limit = Duration::from_millis(server.core.client_header_timeout_ms);
    let outcome = tokio::time::timeout(limit, read(stream)).await.unwrap_or(Err(Fault::TimedOut));
    let fault = match outcome {
        Ok(header) => return Some(header),
        Err(fault) => fault,
    };
    let level = if matches!(fault, Fault::Bad(..)) { Level::Error } else { Level::Info };
    engine.error_log(&server.location).write(level, Some(client.number), |line| {
        match fault {
            Fault::Bad(BadHeader::Broken, bytes) => {
                line.push(b"broken header: \"");
                line.push(&bytes);
                line.push(b"\"");
            }
            Fault::Bad(BadHeader::UnknownVersion(version), _) => {
                line.push_display(format_args!("unknown PROXY protocol version: {version}"));
            }
            Fault::Bad(BadHeader::TooLarge, _) => line.push(b"header is too large"),
            Fault::Io(error) => {
                line.push(b"recv() failed");
                line.push_error(&error);
            }
            Fault::TimedOut => line.push(b"client timed out (110: Connection timed out)"),
            Fault::Closed => line.push(b"client closed connection"),
        }
        line.push(b" while reading PROXY protocol, client: ");
        match client.address {
            Some(address) => line.push_display(address.ip()),
            None => line.push(b"unix:"),
        }
        line.push(b", server: ");
        if let ListenAddress::Inet(address) = servers.address {
            line.push_display(address);
        }
    });
    None
}

async fn read(stream: &mut Stream) -> Result<ProxyHeader, Fault> {
    let mut bytes = Vec::with_capacity(128);
    loop {
        match proxy_protocol::read(&bytes) {
            Ok(Progress::Done(header)) => return Ok(header),
            Ok(Progress::More(more)) => {
                let start = bytes.len();
                bytes.resize(start + more, 0);
                let length = stream.read(&mut bytes[start..]).await.map_err(Fault::Io)?;
                bytes.truncate(start + length);
                if length == 0 {
                    return Err(Fault::Closed);
                }
            }
            Err(fault) => return Err(Fault::Bad(fault, bytes)),
        }
    }
}
