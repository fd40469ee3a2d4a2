//! `set_real_ip_from`: whom to believe about the client's address (`ngx_http_realip_module`).

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use crate::http::connection::peer::Peer;
use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::ir::http::realip::Header;

/// Puts the address that a trusted peer names in the peer's place.
pub fn handle(request: &mut Request) {
    let settings = Rc::clone(&request.location.settings.realip);
    if settings.from.is_empty() || request.client.is_some() || request.is_subrequest {
        return;
    }
    let engine = Rc::clone(&request.connection.engine);
    let is_trusted = |peer: &Peer| engine.named_peers.is_in(peer, &settings.from);
    if !is_trusted(&request.connection.peer) {
        return;
    }
    let head = Rc::clone(&request.head);
    let values: Vec<&[u8]> = match &settings.header {
        Header::XRealIp => head.header(Known::XRealIp).into_iter().collect(),
        Header::XForwardedFor => head.header_all(Known::XForwardedFor).collect(),
        Header::Named(name) => {
            head.lines().filter(|(header, _)| header.eq_ignore_ascii_case(name)).map(|(_, value)| value).collect()
        }
        Header::ProxyProtocol => {
            if let Some(addresses) = request.connection.proxied() {
                request.client = Some(Peer::from(addresses.client));
            }
            return;
        }
    };
    // A unix socket's peer is nobody's address; what it forwards is looked at all the same.
    let start = request.connection.peer.ip().unwrap_or(IpAddr::V4(0.into()));
    let first = std::cell::Cell::new(true);
    let trusted = |address: IpAddr| {
        (first.replace(false) && address == start) || is_trusted(&Peer::from(SocketAddr::new(address, 0)))
    };
    let multiple = !matches!(settings.header, Header::XRealIp);
    let Some((address, port)) = forwarded(start, &values, settings.recursive, multiple, trusted) else { return };
    request.client = Some(Peer::from(SocketAddr::new(address, port)));
}

/// The address that a list of forwarding headers names for a connection from `address`, if anything in it counts.
pub fn forwarded_address(
    address: IpAddr,
    values: &[&[u8]],
    recursive: bool,
    trusted: impl Fn(IpAddr) -> bool,
) -> Option<IpAddr> {
    forwarded(address, values, recursive, true, trusted).map(|(address, _)| address)
}

/// Goes through the lists from their end, as long as those who appended to them are trusted (`ngx_http_get_forwarded_addr`).
fn forwarded(
    start: IpAddr,
    values: &[&[u8]],
    recursive: bool,
    multiple: bool,
    trusted: impl Fn(IpAddr) -> bool,
) -> Option<(IpAddr, u16)> {
    let mut found = None;
    let mut last = start;
    let entries = values.iter().rev().flat_map(|value| {
        let parts: Box<dyn Iterator<Item = &[u8]>> = if multiple {
            Box::new(value.rsplit(|&byte| byte == b',' || byte == b' ').filter(|part| !part.is_empty()))
        } else {
            Box::new(std::iter::once(*value))
        };
        parts
    });
    for entry in entries {
        if !trusted(last) {
            break;
        }
        let Some((address, port)) = parse_address(entry) else { break };
        found = Some((address, port));
        last = address;
        if !recursive {
            break;
        }
    }
    found
}

/// An address with or without a port.
fn parse_address(text: &[u8]) -> Option<(IpAddr, u16)> {
    let text = std::str::from_utf8(text).ok()?;
    if let Ok(address) = text.parse::<IpAddr>() {
        return Some((address, 0));
    }
    if let Ok(address) = text.parse::<SocketAddr>() {
        return Some((address.ip(), address.port()));
    }
    let inside = text.strip_prefix('[')?.strip_suffix(']')?;
    inside.parse().ok().map(|address| (address, 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_are_read_from_the_end() {
        let peer: IpAddr = "10.0.0.1".parse().expect("an address");
        let trusted = |address: IpAddr| matches!(address, IpAddr::V4(address) if address.octets()[0] == 10);
        let find =
            |recursive, values: &[&[u8]]| forwarded_address(peer, values, recursive, trusted).map(|a| a.to_string());
        assert_eq!(find(false, &[b"1.2.3.4, 10.0.0.2"]), Some("10.0.0.2".into()));
        assert_eq!(find(true, &[b"5.6.7.8, 1.2.3.4, 10.0.0.2"]), Some("1.2.3.4".into()));
        assert_eq!(find(true, &[b"1.2.3.4", b"10.0.0.3"]), Some("1.2.3.4".into()));
        assert_eq!(find(true, &[b"rubbish, 10.0.0.3"]), Some("10.0.0.3".into()));
        assert_eq!(find(false, &[]), None);
    }
}
