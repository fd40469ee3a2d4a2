//! Which server a request is for: by the name it asks for, among those at the address it came to.

use std::rc::Rc;

use super::evaluate;
use super::request::Request;
use crate::ir::ids::ServerId;
use crate::ir::listen::AddressServers;
use crate::ir::server_name::ServerNames;

/// Gives the request to the server of that name. Without one it stays where it is; only where the client had named a server in its
/// hello, that server gives way to the default one (`ngx_http_set_virtual_server`).
pub fn choose(request: &mut Request, name: &[u8]) {
    let connection = Rc::clone(&request.connection);
    let AddressServers { names, default_server, .. } = connection.servers();
    let found = names.hosts.find(name).copied().or_else(|| by_pattern(request, names, name));
    if let Some(server) = found.or(connection.named().map(|_| *default_server)) {
        request.set_server(server);
    }
}

fn by_pattern(request: &Request, names: &ServerNames, host: &[u8]) -> Option<ServerId> {
    names.regex.iter().find(|(regex, _)| evaluate::matches(request, regex, host)).map(|(_, server)| *server)
}
