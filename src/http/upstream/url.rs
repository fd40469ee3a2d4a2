//! What variables made of a URL, and the servers it leads to.

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use super::group::Group;
use super::resolve::Servers;
use crate::http::request::Request;
use crate::log::error_log::Level;
use crate::net::connect::Target;

/// The parts of a URL behind its scheme.
pub struct Url<'u> {
    /// A name, an address, or the path of a unix socket.
    pub host: &'u [u8],
    /// The port, if it is there.
    pub port: Option<u16>,
    /// As it is written.
    pub port_text: &'u [u8],
    /// What follows host and port.
    pub uri: &'u [u8],
    /// The host is the path of a unix socket.
    pub is_unix: bool,
}

/// Reads a URL behind its scheme.
pub fn parse(text: &[u8]) -> Result<Url<'_>, &'static str> {
    if text.len() >= 5 && text[..5].eq_ignore_ascii_case(b"unix:") {
        let path = &text[5..];
        let end = path.iter().position(|&byte| byte == b':').unwrap_or(path.len());
        let uri = path.get(end + 1..).unwrap_or_default();
        if end == 0 {
            return Err("no path in the unix domain socket");
        }
        return Ok(Url { host: &path[..end], port: None, port_text: &[], uri, is_unix: true });
    }
    let end = text.iter().position(|byte| b"/?#".contains(byte)).unwrap_or(text.len());
    let (authority, uri) = text.split_at(end);
    let after_address = authority.iter().position(|&byte| byte == b']').map_or(0, |at| at + 1);
    let colon = authority[after_address..].iter().position(|&byte| byte == b':').map(|at| after_address + at);
    let (host, port_text) = match colon {
        Some(at) => (&authority[..at], &authority[at + 1..]),
        None => (authority, &[][..]),
    };
    if host.is_empty() {
        return Err("no host");
    }
    let port = match colon {
        None => None,
        Some(_) => {
            let port = std::str::from_utf8(port_text).ok().and_then(|text| text.parse().ok());
            Some(port.filter(|&port| port > 0).ok_or("invalid port")?)
        }
    };
    Ok(Url { host, port, port_text, uri, is_unix: false })
}

/// A group of the configuration, one for an address that stands in the URL, or a name to be resolved.
pub fn servers(request: &Request, url: &Url, default_port: u16) -> Result<Servers, u16> {
    let upstreams = &request.connection.engine.upstreams;
    let shown = String::from_utf8_lossy(url.host);
    let alone = |target| Servers::Group(Rc::new(Group::of_addresses(url.host, vec![target])));
    if url.is_unix {
        return Ok(alone(Target::Unix(shown.into())));
    }
    if let Some(group) = upstreams.find(url.host, url.port, default_port) {
        return Ok(Servers::Group(Rc::clone(group)));
    }
    let port = url.port.unwrap_or(default_port);
    if port == 0 {
        request.log(Level::Error, format_args!("no port in upstream \"{shown}\""));
        return Err(500);
    }
    Ok(match shown.trim_matches(['[', ']']).parse::<IpAddr>() {
        Ok(address) => alone(Target::Inet(SocketAddr::new(address, port))),
        Err(_) => Servers::Name { host: url.host.into(), port },
    })
}
