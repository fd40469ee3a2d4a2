//! Which server a request is for: by the name it asks for, among those at the address it came to.

use std::rc::Rc;

use super::evaluate;
use super::request::Request;
use crate::ir::ids::ServerId;
use crate::ir::listen::AddressServers;
use crate::ir::server_name::ServerNames;
use crate::ir::tls::VerifyClient;
use crate::log::error_log::Level;

/// The client asks for another server than its hello named, and that one wants certificates.
pub struct Misdirected;

/// Gives the request to the server of that name. Without one it stays where it is; only where the client had named a server in its
/// hello, that server gives way to the default one (`ngx_http_set_virtual_server`).
pub fn choose(request: &mut Request, name: &[u8]) -> Result<(), Misdirected> {
    let connection = Rc::clone(&request.connection);
    let AddressServers { names, default_server, .. } = connection.servers();
    let found = names.hosts.find(name).copied().or_else(|| by_pattern(request, names, name));
    let Some(server) = found.or(connection.named().map(|_| *default_server)) else { return Ok(()) };
    if connection.engine.server(server).verify_client != VerifyClient::Off && has_shaken_hands_with_other(request, name)
    {
        let text = "client attempted to request the server name different from the one that was negotiated";
        request.log(Level::Info, text);
        return Err(Misdirected);
    }
    request.set_server(server);
    Ok(())
}

/// Whether the hello named another host, and a server was found for that.
fn has_shaken_hands_with_other(request: &Request, name: &[u8]) -> bool {
    let connection = &request.connection;
    let is_other = connection.with_tls(|tls| Some(!tls.server_name()?.as_bytes().eq_ignore_ascii_case(name)));
    connection.named().is_some() && is_other == Some(true)
}

fn by_pattern(request: &Request, names: &ServerNames, host: &[u8]) -> Option<ServerId> {
    names.regex.iter().find(|(regex, _)| evaluate::matches(request, regex, host)).map(|(_, server)| *server)
}
