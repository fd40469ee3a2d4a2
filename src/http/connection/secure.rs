//! The beginning of a connection to an address with `ssl`: a TLS handshake with the server that the client names.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;

use crate::http::engine::Engine;
use crate::http::virtual_server;
use crate::ir::http::ServerId;
use crate::ir::listen::{AddressServers, ListenAddress};
use crate::log::error_log::Level;
use crate::net::stream::Stream;
use crate::net::tls_server::{self, HandshakeFault, Secured};

/// The first byte of a TLS handshake record, and the bit that SSL 2.0's first byte has set.
const HANDSHAKE_RECORD: u8 = 0x16;
const SSL2_BIT: u8 = 0x80;

/// Who is at the other end, for the log.
pub struct Client {
    /// The connection's number.
    pub number: u64,
    /// The client's address.
    pub address: Option<SocketAddr>,
}

/// Makes the connection secure. A client that speaks plain HTTP keeps its plain stream, so that it can be told;
/// `None` if the connection is over.
pub async fn begin(engine: &Rc<Engine>, servers: &AddressServers, stream: Stream, client: &Client) -> Option<Stream> {
    let Stream::Tcp(stream) = stream else { return Some(stream) };
    let server = engine.server(servers.default_server);
    let limit = Duration::from_millis(server.core.client_header_timeout_ms);
    let outcome = tokio::time::timeout(limit, establish(engine, servers, stream)).await;
    let fault = match outcome {
        Ok(Ok(stream)) => return Some(stream),
        Ok(Err(fault)) => fault,
        Err(_) => HandshakeFault::TimedOut,
    };
    let log = engine.error_log(&server.location);
    log.write(Level::Info, Some(client.number), |line| {
        line.push_display(&fault);
        line.push(b" while SSL handshaking, client: ");
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

async fn establish(engine: &Engine, servers: &AddressServers, stream: TcpStream) -> Result<Stream, HandshakeFault> {
    let mut first = [0];
    let length = stream.peek(&mut first).await.map_err(HandshakeFault::Io)?;
    if length == 0 {
        return Err(HandshakeFault::ClosedByClient);
    }
    if first[0] != HANDSHAKE_RECORD && first[0] & SSL2_BIT == 0 {
        return Ok(Stream::Tcp(stream));
    }
    let choose = |name: Option<&str>| {
        let named = name.and_then(|name| server_of(servers, name)).unwrap_or(servers.default_server);
        // A server without TLS of its own leaves the choice to the default one.
        let context = engine.tls.get(&named).or_else(|| engine.tls.get(&servers.default_server));
        let offers_http2 = servers.http2 || engine.server(named).v2.enabled;
        context?.as_ref().map(|context| context.offering(offers_http2))
    };
    let Secured(stream) = tls_server::handshake(stream, choose).await?;
    Ok(Stream::Tls(Box::new(stream)))
}

/// The server of a name in a client's hello.
pub fn server_of(servers: &AddressServers, name: &str) -> Option<ServerId> {
    let host = virtual_server::validate_host(name.as_bytes(), Vec::new())?.name;
    let names = &servers.names;
    virtual_server::by_name(names, &host).or_else(|| {
        let mut patterns = names.regex.iter();
        patterns.find(|(regex, _)| regex.compiled.is_match(&host).unwrap_or(false)).map(|(_, server)| *server)
    })
}
