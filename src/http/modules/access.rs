//! `allow` and `deny` (`ngx_http_access_module`).

use crate::http::connection::peer::Peer;
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::ir::http::access::Clients;
use crate::ir::http::core::Satisfy;
use crate::log::error_log::Level;

/// Asks the first rule that fits the client.
pub fn handle(request: &Request) -> Verdict {
    let rules = &request.location.settings.access.rules;
    let Some(rule) = rules.iter().find(|rule| fits(&rule.clients, request.peer())) else { return Verdict::Declined };
    if !rule.deny {
        return Verdict::Passed;
    }
    if request.location.settings.core.satisfy == Satisfy::All {
        request.log(Level::Error, "access forbidden by rule");
    }
    Verdict::Finish(403)
}

/// Whether a client is one of those.
pub fn fits(clients: &Clients, peer: &Peer) -> bool {
    match (clients, peer) {
        (Clients::All, _) | (Clients::Unix, Peer::Unix) => true,
        (Clients::Network(network), peer) => peer.ip().is_some_and(|address| network.contains(address)),
        _ => false,
    }
}
