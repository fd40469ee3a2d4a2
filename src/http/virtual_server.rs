//! Which server a request is for: by the name it asks for, among those at the address it came to.

use std::rc::Rc;

use super::evaluate;
use super::request::Request;
use crate::ir::ids::ServerId;
use crate::ir::server_name::ServerNames;

/// Gives the request to the server of that name, if there is one; otherwise it stays where it is.
pub fn choose(request: &mut Request, name: &[u8]) {
    let connection = Rc::clone(&request.connection);
    let names = &connection.servers().names;
    if let Some(server) = names.hosts.find(name).copied().or_else(|| by_pattern(request, names, name)) {
        request.set_server(server);
    }
}

fn by_pattern(request: &Request, names: &ServerNames, host: &[u8]) -> Option<ServerId> {
    names.regex.iter().find(|(regex, _)| evaluate::matches(request, regex, host)).map(|(_, server)| *server)
}
