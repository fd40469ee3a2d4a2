//! The beginning of a connection to an address with `ssl`: a TLS handshake with the server that the client names.

use std::net::SocketAddr;
use std::rc::Rc;
use std::time::Duration;

use tokio::net::TcpStream;

use super::Connection;
use crate::http::engine::Engine;
use crate::http::request::Request;
use crate::http::virtual_server;
use crate::ir::ids::ServerId;
use crate::ir::listen::{AddressServers, ListenAddress};
use crate::ir::tls::VerifyClient;
use crate::log::error_log::Level;
use crate::log::now;
use crate::net::stream::Stream;
use crate::net::tls_server::{self, HandshakeFault, Secured};
use crate::net::tls_verify::Distrust;

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

/// Asks the server that shook hands about the client's certificate.
pub fn judge(connection: &Connection) -> Option<Result<(), Distrust>> {
    let servers = connection.servers();
    connection.with_stream(|stream| {
        let tls = stream.tls()?;
        let sent = tls.peer_certificates()?;
        let named = tls.server_name().and_then(|name| server_of(servers, name)).unwrap_or(servers.default_server);
        let contexts = &connection.engine.tls;
        let context = contexts.get(&named).or_else(|| contexts.get(&servers.default_server))?.as_ref()?;
        Some(context.judge(sent, now::since_epoch().as_secs() as i64))
    })
}

/// Whether a request is refused for the sake of its client's certificate; the status, if so (`ngx_http_process_request`).
pub fn refusal(request: &Request) -> Option<u16> {
    let wanted = request.connection.engine.server(request.server).verify_client;
    if wanted == VerifyClient::Off || !request.connection.is_secure() {
        return None;
    }
    let is_other = request.connection.with_stream(|stream| {
        let named = stream.tls().and_then(|tls| tls.server_name());
        named.is_some_and(|name| !name.as_bytes().eq_ignore_ascii_case(&request.host))
    });
    if is_other {
        let text = "client attempted to request the server name different from the one that was negotiated";
        request.log(Level::Info, text);
        return Some(421);
    }
    let is_lenient = wanted == VerifyClient::OptionalNoCa;
    match request.connection.client_trusted() {
        Some(Err(reason)) if !is_lenient || !reason.is_about_authority() => {
            request.log(Level::Info, format_args!("client SSL certificate verify error: {reason}"));
            Some(495)
        }
        None if wanted == VerifyClient::On => {
            request.log(Level::Info, "client sent no required SSL certificate");
            Some(496)
        }
        _ => None,
    }
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
