//! The beginning of a connection to an address with `proxy_protocol`: the header that names the balancer's client.

use std::io;
use std::time::Duration;

use tokio::io::AsyncReadExt;

use super::Connection;
use crate::ir::listen::AddressServers;
use crate::log::error_log::Level;
use crate::net::at_once::at_once;
use crate::net::stream::Stream;
use crate::wire::proxy_protocol::{self, BadHeader, Progress, ProxyHeader};

/// So much is read of what is no header.
const MOST_SHOWN: usize = 1024;

/// Why there is no header.
enum Fault {
    Bad(BadHeader),
    Io(io::Error),
    TimedOut,
    Closed,
}

/// Reads the header; `None` if the connection is over.
pub async fn begin(connection: &Connection, servers: &AddressServers, stream: &mut Stream) -> Option<ProxyHeader> {
    let server = connection.engine.server(servers.default_server);
    let limit = Duration::from_millis(server.core.client_header_timeout_ms);
    let mut bytes = Vec::with_capacity(128);
    let outcome = tokio::time::timeout(limit, read(stream, &mut bytes)).await.unwrap_or(Err(Fault::TimedOut));
    let fault = match outcome {
        Ok(header) => return Some(header),
        // nginx takes what comes first for the whole header; here it may come in pieces, and may still be none.
        Err(Fault::TimedOut | Fault::Closed) if !bytes.is_empty() => Fault::Bad(BadHeader::Broken),
        Err(fault) => fault,
    };
    let level = if matches!(fault, Fault::Bad(..)) { Level::Error } else { Level::Info };
    connection.log(level, "reading PROXY protocol", |line| match fault {
        Fault::Bad(BadHeader::Broken) => {
            line.push(b"broken header: \"");
            line.push(bytes.split(|byte| matches!(byte, b'\r' | b'\n')).next().unwrap_or_default());
            line.push(b"\"");
        }
        Fault::Bad(BadHeader::UnknownVersion(version)) => {
            line.push_display(format_args!("unknown PROXY protocol version: {version}"));
        }
        Fault::Bad(BadHeader::TooLarge) => line.push(b"header is too large"),
        Fault::Io(error) => {
            line.push(b"recv() failed");
            line.push_error(&error);
        }
        Fault::TimedOut => line.push(b"client timed out (110: Connection timed out)"),
        Fault::Closed => line.push(b"client closed connection"),
    });
    None
}

async fn read(stream: &mut Stream, bytes: &mut Vec<u8>) -> Result<ProxyHeader, Fault> {
    loop {
        match proxy_protocol::read(bytes) {
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
            Err(fault) => {
                // nginx reads all there is; and closed with bytes unread, the connection would be reset.
                let mut rest = Vec::with_capacity(MOST_SHOWN);
                drop(at_once(stream.read_buf(&mut rest)));
                bytes.append(&mut rest);
                return Err(Fault::Bad(fault));
            }
        }
    }
}
