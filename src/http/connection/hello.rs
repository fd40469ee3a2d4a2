//! Which server shakes hands with a client, and what it thinks of the client's certificate.

use rustls::ServerConnection;

use crate::http::engine::Engine;
use crate::http::host;
use crate::ir::ids::ServerId;
use crate::ir::listen::AddressServers;
use crate::log::now;
use crate::net::tls_server::{Context, Refusal};
use crate::net::tls_verify::Distrust;

/// The TLS for a name, and whose it is: a server without TLS of its own leaves the choice to the default one.
pub fn context_of<'e>(
    engine: &'e Engine,
    servers: &AddressServers,
    named: ServerId,
) -> Option<(ServerId, &'e Context)> {
    let own = owner(engine, servers, named);
    engine.tls.get(&own)?.as_ref().map(|context| (own, context))
}

fn owner(engine: &Engine, servers: &AddressServers, named: ServerId) -> ServerId {
    if engine.tls.contains_key(&named) { named } else { servers.default_server }
}

/// Why a server shakes hands with nobody: it wants that, or all versions it knows are too old.
pub fn refusal(engine: &Engine, servers: &AddressServers, named: ServerId) -> Refusal {
    match &engine.server(owner(engine, servers, named)).tls {
        Some(tls) if !tls.reject_handshake => Refusal::ProtocolVersion,
        _ => Refusal::UnrecognizedName,
    }
}

/// Asks the server that shook hands about the client's certificate.
pub fn judge(engine: &Engine, servers: &AddressServers, tls: &ServerConnection) -> Option<Result<(), Distrust>> {
    let sent = tls.peer_certificates()?;
    let named = tls.server_name().and_then(|name| server_of(servers, name)).unwrap_or(servers.default_server);
    let (_, context) = context_of(engine, servers, named)?;
    Some(context.judge(sent, now::since_epoch().as_secs() as i64))
}

/// The server of a name in a client's hello.
pub fn server_of(servers: &AddressServers, name: &str) -> Option<ServerId> {
    let host = host::validate_host(name.as_bytes(), Vec::new())?.name;
    let names = &servers.names;
    names.hosts.find(&host).copied().or_else(|| {
        let mut patterns = names.regex.iter();
        patterns.find(|(regex, _)| regex.is_match(&host)).map(|(_, server)| *server)
    })
}
