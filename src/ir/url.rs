//! Addresses as directives write them: `host:port`, `[v6]:port`, `unix:path`, a port alone.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::primitives::size::parse_number;

/// An address that a directive names.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Url<'t> {
    /// Where.
    pub host: Host<'t>,
    /// The port; the default one if none is written.
    pub port: u16,
    /// The end of a range of ports (`listen` alone has them).
    pub last_port: Option<u16>,
    /// The port as written, if it is.
    pub port_text: Option<&'t [u8]>,
    /// What follows the host and port, from its `/` or `?` on.
    pub uri: &'t [u8],
    /// The host, and the port if one is written.
    pub host_port: &'t [u8],
}

/// The host of an address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Host<'t> {
    /// An address.
    Address(IpAddr),
    /// The path of a unix socket.
    Unix(&'t [u8]),
    /// A name.
    Name(&'t [u8]),
}

/// What may stand in an address.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Of `listen`: a port alone, `*`, and ranges are right; no URI.
    Listen,
    /// Of a server: no URI.
    Peer,
    /// Of `proxy_pass` and the like: a URI may follow.
    WithUri,
}

impl<'t> Url<'t> {
    /// Reads an address; the error is nginx's word for what is wrong.
    pub fn parse(text: &'t [u8], default_port: u16, form: Form) -> Result<Self, &'static str> {
        if text.len() >= 5 && text[..5].eq_ignore_ascii_case(b"unix:") {
            return Self::unix(text, form);
        }
        match text.first() {
            Some(b'[') => Self::inet6(text, default_port, form),
            _ => Self::inet(text, default_port, form),
        }
    }

    fn unix(text: &'t [u8], form: Form) -> Result<Self, &'static str> {
        let path = &text[5..];
        let (path, uri) = match path.iter().position(|byte| *byte == b':') {
            Some(colon) if form == Form::WithUri => (&path[..colon], &path[colon + 1..]),
            _ => (path, &path[path.len()..]),
        };
        match path.len() {
            0 => Err("no path in the unix domain socket"),
            // sun_path has 108 bytes, one of them for the end.
            108.. => Err("too long path in the unix domain socket"),
            length => Ok(Self {
                host: Host::Unix(path),
                port: 0,
                last_port: None,
                port_text: None,
                uri,
                host_port: &text[..5 + length],
            }),
        }
    }

    fn inet6(text: &'t [u8], default_port: u16, form: Form) -> Result<Self, &'static str> {
        let close = text.iter().position(|byte| *byte == b']').ok_or("invalid host")?;
        let after = &text[close + 1..];
        let end = after.iter().position(|byte| *byte == b'/').unwrap_or(after.len());
        if end < after.len() && form != Form::WithUri {
            return Err("invalid host");
        }
        let (port, uri) = after.split_at(end);
        let port = match port {
            [] => None,
            [b':', port @ ..] => Some(port),
            _ => return Err("invalid host"),
        };
        let (first, last_port) = port.map_or(Ok((default_port, None)), |port| ports(port, form))?;
        let host = &text[1..close];
        if host.is_empty() {
            return Err("no host");
        }
        let address = std::str::from_utf8(host).ok().and_then(|host| host.parse::<Ipv6Addr>().ok());
        Ok(Self {
            host: Host::Address(IpAddr::V6(address.ok_or("invalid IPv6 address")?)),
            port: first,
            last_port,
            port_text: port,
            uri,
            host_port: &text[..close + 1 + end],
        })
    }

    fn inet(text: &'t [u8], default_port: u16, form: Form) -> Result<Self, &'static str> {
        let end = text.iter().position(|byte| matches!(byte, b'/' | b'?')).unwrap_or(text.len());
        if end < text.len() && form != Form::WithUri {
            return Err("invalid host");
        }
        let (host_port, uri) = text.split_at(end);
        let colon = host_port.iter().position(|byte| *byte == b':');
        if colon.is_none()
            && form == Form::Listen
            && let Some((port, last_port)) = port_alone(host_port)?
        {
            let host = Host::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
            return Ok(Self { host, port, last_port, port_text: Some(host_port), uri, host_port });
        }
        let port_text = colon.map(|colon| &host_port[colon + 1..]);
        let (port, last_port) = port_text.map_or(Ok((default_port, None)), |port| ports(port, form))?;
        let host = match &host_port[..colon.unwrap_or(host_port.len())] {
            [] => return Err("no host"),
            b"*" if form == Form::Listen => Host::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED)),
            name => match parse_ipv4(name) {
                Some(address) => Host::Address(IpAddr::V4(address)),
                None => Host::Name(name),
            },
        };
        Ok(Self { host, port, last_port, port_text, uri, host_port })
    }

    /// The address and port, if the host is neither a name nor a path.
    pub fn socket_address(&self) -> Option<SocketAddr> {
        match self.host {
            Host::Address(address) => Some(SocketAddr::new(address, self.port)),
            _ => None,
        }
    }
}

/// Four decimal numbers; unlike the standard library's, leading zeros are right, as in nginx.
pub fn parse_ipv4(text: &[u8]) -> Option<Ipv4Addr> {
    let mut octets = [0u8; 4];
    let mut count = 0;
    for part in text.split(|byte| *byte == b'.') {
        let octet = parse_number(part).and_then(|value| u8::try_from(value).ok())?;
        *octets.get_mut(count)? = octet;
        count += 1;
    }
    (count == 4 && octets != [255; 4]).then(|| Ipv4Addr::from(octets))
}

fn port(text: &[u8]) -> Option<u16> {
    parse_number(text).and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0)
}

fn ports(text: &[u8], form: Form) -> Result<(u16, Option<u16>), &'static str> {
    let dash = text.iter().position(|byte| *byte == b'-').filter(|_| form == Form::Listen);
    let last = dash.map(|dash| port(&text[dash + 1..]).ok_or("invalid port")).transpose()?;
    let first = port(&text[..dash.unwrap_or(text.len())]).ok_or("invalid port")?;
    match last {
        Some(last) if first > last => Err("invalid port range"),
        _ => Ok((first, last)),
    }
}

/// A port, or a range of ports; `None` if the text is not made of digits and so is a host.
fn port_alone(text: &[u8]) -> Result<Option<(u16, Option<u16>)>, &'static str> {
    let mut numbers = text.splitn(2, |byte| *byte == b'-');
    match numbers.all(|number| parse_number(number).is_some()) {
        true => ports(text, Form::Listen).map(Some),
        false => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn listen(text: &str) -> Result<(Host<'_>, u16), &'static str> {
        Url::parse(text.as_bytes(), 80, Form::Listen).map(|url| (url.host, url.port))
    }

    #[test]
    fn listen_takes_ports_and_wildcards() {
        let any = Host::Address(IpAddr::V4(Ipv4Addr::UNSPECIFIED));
        assert_eq!(listen("8080"), Ok((any.clone(), 8080)));
        assert_eq!(listen("*:81"), Ok((any.clone(), 81)));
        assert_eq!(listen("*"), Ok((any, 80)));
        assert_eq!(listen("localhost:1"), Ok((Host::Name(b"localhost"), 1)));
        assert_eq!(listen("[::]:82"), Ok((Host::Address(IpAddr::V6(Ipv6Addr::UNSPECIFIED)), 82)));
        assert_eq!(listen("unix:/a b"), Ok((Host::Unix(b"/a b"), 0)));
    }

    #[test]
    fn faults_have_nginx_words() {
        assert_eq!(listen("0"), Err("invalid port"));
        assert_eq!(listen("1.2.3.4:65536"), Err("invalid port"));
        assert_eq!(listen("90-80"), Err("invalid port range"));
        assert_eq!(listen(":80"), Err("no host"));
        assert_eq!(listen("a/b"), Err("invalid host"));
        assert_eq!(listen("unix:"), Err("no path in the unix domain socket"));
        assert_eq!(listen("[::1"), Err("invalid host"));
    }

    #[test]
    fn a_uri_may_follow() {
        let url = Url::parse(b"backend:8080/x?y", 80, Form::WithUri).expect("right");
        assert_eq!((url.host, url.port, url.uri), (Host::Name(b"backend"), 8080, &b"/x?y"[..]));
        let url = Url::parse(b"unix:/s:/x", 80, Form::WithUri).expect("right");
        assert_eq!((url.host, url.uri), (Host::Unix(b"/s"), &b"/x"[..]));
    }
}
