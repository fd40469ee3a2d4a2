//! The beginning of a connection to an address with `ssl`: a TLS handshake with the server that the client names.

use std::rc::Rc;
use std::time::Duration;

use rustls::ServerConnection;
use rustls::server::ClientHello;
use tokio::net::TcpStream;

use super::hello::{self, context_of, server_of};
use super::{Connection, SSL_HANDSHAKING};
use crate::http::handlers::HANDLERS;
use crate::http::message::head::Head;
use crate::http::request::Request;
use crate::http::{evaluate, ocsp};
use crate::ir::listen::AddressServers;
use crate::ir::tls::{Pair, ServerTls, VerifyClient};
use crate::log::error_log::Level;
use crate::net::stream::Stream;
use crate::net::tls_client::Certified;
use crate::net::tls_fault::TlsFault;
use crate::net::tls_hello::Hello;
use crate::net::tls_server::{self, Context, HandshakeFault, Refusal};

/// The first byte of a TLS handshake record, and the bit that SSL 2.0's first byte has set.
const HANDSHAKE_RECORD: u8 = 0x16;
const SSL2_BIT: u8 = 0x80;
/// nginx's own status for plain HTTP on an address with `ssl`.
const HTTP_TO_HTTPS: u16 = 497;

/// How a connection has begun.
pub struct Begun {
    /// Its stream.
    pub stream: Stream,
    /// What the client's hello offered, where variables show that.
    pub hello: Option<Box<Hello>>,
    /// What responders have against its certificate.
    pub client_fault: Option<&'static str>,
}

impl From<Stream> for Begun {
    fn from(stream: Stream) -> Self {
        Self { stream, hello: None, client_fault: None }
    }
}

/// Makes the connection secure. A client that speaks plain HTTP keeps its plain stream, so that it can be told;
/// `None` if the connection is over.
pub async fn begin(connection: &Connection, servers: &AddressServers, stream: Stream) -> Option<Begun> {
    let Stream::Tcp(stream) = stream else { return Some(stream.into()) };
    let engine = &connection.engine;
    let server = engine.server(servers.default_server);
    let limit = Duration::from_millis(server.core.client_header_timeout_ms);
    let outcome = tokio::time::timeout(limit, establish(connection, servers, stream)).await;
    let fault = match outcome {
        Ok(Ok(begun)) => return Some(begun),
        Ok(Err(fault)) => fault,
        Err(_) => HandshakeFault::TimedOut,
    };
    let text = match server.tls.as_ref().is_some_and(|tls| tls.early_data) {
        true => fault.to_string().replacen("SSL_do_handshake()", "SSL_read_early_data()", 1),
        false => fault.to_string(),
    };
    connection.log(Level::Info, SSL_HANDSHAKING, |line| line.push_display(&text));
    None
}

async fn establish(
    connection: &Connection,
    servers: &AddressServers,
    stream: TcpStream,
) -> Result<Begun, HandshakeFault> {
    let engine = &connection.engine;
    let mut first = [0];
    let length = stream.peek(&mut first).await.map_err(|fault| HandshakeFault::NeverBegun(Some(fault)))?;
    if length == 0 {
        return Err(HandshakeFault::NeverBegun(None));
    }
    if first[0] != HANDSHAKE_RECORD && first[0] & SSL2_BIT == 0 {
        return Ok(Stream::Tcp(stream).into());
    }
    let local = stream.local_addr().ok();
    let mut kept = None;
    let choose = |hello: &ClientHello<'_>| {
        let named = hello.server_name().and_then(|name| server_of(servers, name)).unwrap_or(servers.default_server);
        let (own, context) =
            context_of(engine, servers, named).ok_or_else(|| hello::refusal(engine, servers, named))?;
        let offers_http2 = servers.http2 || engine.server(named).v2.enabled;
        ocsp::refresh_staples(engine, own);
        if engine.keeps_hellos {
            kept = Some(Box::new(Hello::of(hello)));
        }
        match &engine.server(own).tls {
            Some(tls) if !tls.variable_certificates.is_empty() => {
                let view = Rc::new(connection.shaking_hands(Hello::of(hello), local));
                let mut request = Request::new(&HANDLERS, view, Head::default());
                request.action = SSL_HANDSHAKING;
                let certificates = variable_certificates(&request, tls, context).map_err(|fault| {
                    request.log(Level::Error, fault);
                    Refusal::NoCertificate
                })?;
                Ok(context.showing(offers_http2, certificates))
            }
            _ => Ok(context.offering(offers_http2)),
        }
    };
    let stream = tls_server::handshake(stream, choose).await?;
    let fault = client_fault(connection, servers, stream.tls()).await;
    Ok(Begun { stream: Stream::Tls(Box::new(stream)), hello: kept, client_fault: fault })
}

/// What responders have against the client's certificate (`ssl_ocsp`).
async fn client_fault(
    connection: &Connection,
    servers: &AddressServers,
    tls: &ServerConnection,
) -> Option<&'static str> {
    let engine = &connection.engine;
    let named = tls.server_name().and_then(|name| server_of(servers, name)).unwrap_or(servers.default_server);
    let (own, context) = context_of(engine, servers, named)?;
    let sent = tls.peer_certificates()?;
    ocsp::client_fault(engine, (own, context), sent, connection.whose()).await
}

/// The certificates whose names have variables, read for this handshake.
fn variable_certificates(request: &Request, tls: &ServerTls, context: &Context) -> Result<Vec<Certified>, TlsFault> {
    let engine = &request.connection.engine;
    let pairs = tls.variable_certificates.iter().map(|pair| {
        let (certificate, key) = (evaluate::text(request, &pair.certificate), evaluate::text(request, &pair.key));
        Pair::written(&engine.conf_prefix, &certificate, &key)
    });
    let cache = tls.certificate_cache.as_ref();
    let files = &engine.certificate_files;
    pairs.map(|pair| files.with_pair(cache, &pair, |read| context.certified(&pair, read))).collect()
}

/// Whether a request is refused for the sake of TLS or of its client's certificate; the status, if so (`ngx_http_process_request`).
pub fn refusal(request: &mut Request) -> Option<u16> {
    let status = match request.connection.servers().ssl && !request.connection.is_secure() {
        true => {
            request.log(Level::Info, "client sent plain HTTP request to HTTPS port");
            Some(HTTP_TO_HTTPS)
        }
        false => certificate_refusal(request),
    };
    // Until here it is being read.
    request.action = "";
    status
}

fn certificate_refusal(request: &Request) -> Option<u16> {
    let wanted = request.connection.engine.server(request.server).verify_client;
    if wanted == VerifyClient::Off || !request.connection.is_secure() {
        return None;
    }
    let is_lenient = wanted == VerifyClient::OptionalNoCa;
    if let Some(fault) = request.connection.client_fault() {
        request.log(Level::Info, format_args!("client SSL certificate verify error: {fault}"));
        return Some(495);
    }
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
