//! The PROXY protocol, versions 1 and 2 (HAProxy's `proxy-protocol.txt`): who a balancer speaks for.
//!
//! The header comes before everything else on a connection and is read to its last byte and not beyond it: what follows
//! belongs to TLS or HTTP.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

const SIGNATURE_2: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";
/// The fixed part of version 2: signature, version and command, family, length.
const START_2: usize = 16;
/// The longest line of version 1, with its end.
const LONGEST_LINE: usize = 107;
/// As much of version 2 as nginx reads.
const LONGEST_2: usize = 4096;

/// What the header says.
#[derive(Clone, PartialEq, Eq, Default, Debug)]
pub struct ProxyHeader {
    /// The client, and where it connected to; `None` where the balancer speaks for itself or does not know.
    pub addresses: Option<Addresses>,
}

/// Both ends of the client's connection to the balancer.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Addresses {
    /// The client.
    pub client: SocketAddr,
    /// Where it connected to.
    pub server: SocketAddr,
    /// What version 2 says further, for [`super::proxy_protocol_tlv`].
    pub entries: Box<[u8]>,
}

/// How far the reading has come.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Progress {
    /// So many bytes more belong to the header for sure.
    More(usize),
    /// It is complete.
    Done(ProxyHeader),
}

/// Says that the bytes are no header.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadHeader {
    /// `broken header`
    Broken,
    /// `unknown PROXY protocol version`
    UnknownVersion(u8),
    /// `header is too large`
    TooLarge,
}

/// Looks at what has been read so far.
pub fn read(bytes: &[u8]) -> Result<Progress, BadHeader> {
    // Both versions are longer than the signature.
    if bytes.len() < SIGNATURE_2.len() {
        return Ok(Progress::More(SIGNATURE_2.len() - bytes.len()));
    }
    if bytes.starts_with(SIGNATURE_2) { version_2(bytes) } else { version_1(bytes) }
}

fn version_1(bytes: &[u8]) -> Result<Progress, BadHeader> {
    let rest = bytes.strip_prefix(b"PROXY ").ok_or(BadHeader::Broken)?;
    let Some(line) = rest.strip_suffix(b"\n") else {
        return if bytes.len() < LONGEST_LINE { Ok(Progress::More(1)) } else { Err(BadHeader::Broken) };
    };
    let line = line.strip_suffix(b"\r").ok_or(BadHeader::Broken)?;
    let line = std::str::from_utf8(line).map_err(|_| BadHeader::Broken)?;
    if line.starts_with("UNKNOWN") {
        return Ok(Progress::Done(ProxyHeader::default()));
    }
    Ok(Progress::Done(ProxyHeader { addresses: line_addresses(line).ok_or(BadHeader::Broken)? }))
}

/// `TCP4 CLIENT SERVER PORT PORT`. Words of the bytes that addresses consist of are enough for nginx; where they are no addresses,
/// nobody is known.
fn line_addresses(line: &str) -> Option<Option<Addresses>> {
    let mut words = line.split(' ');
    words.next().filter(|family| matches!(*family, "TCP4" | "TCP6"))?;
    let is_address_byte = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
    let mut address = || words.next().filter(|word| word.bytes().all(is_address_byte));
    let (client, server) = (address()?.parse::<IpAddr>(), address()?.parse::<IpAddr>());
    let mut port = || words.next()?.parse::<u16>().ok();
    let (client_port, server_port) = (port()?, port()?);
    if words.next().is_some() {
        return None;
    }
    let (Ok(client), Ok(server)) = (client, server) else { return Some(None) };
    let (client, server) = (SocketAddr::new(client, client_port), SocketAddr::new(server, server_port));
    Some(Some(Addresses { client, server, entries: Box::default() }))
}

fn version_2(bytes: &[u8]) -> Result<Progress, BadHeader> {
    if bytes.len() < START_2 {
        return Ok(Progress::More(START_2 - bytes.len()));
    }
    let (version, command, family) = (bytes[12] >> 4, bytes[12] & 0xf, bytes[13]);
    if version != 2 {
        return Err(BadHeader::UnknownVersion(version));
    }
    let end = START_2 + usize::from(u16::from_be_bytes([bytes[14], bytes[15]]));
    if end > LONGEST_2 {
        return Err(BadHeader::TooLarge);
    }
    if bytes.len() < end {
        return Ok(Progress::More(end - bytes.len()));
    }
    // A command other than PROXY, or what is no TCP, says nothing about a client; nginx goes on without.
    if command != 1 || family & 0xf != 1 {
        return Ok(Progress::Done(ProxyHeader::default()));
    }
    let block = &bytes[START_2..end];
    let addresses = match family >> 4 {
        1 => Some(v4_addresses(block).ok_or(BadHeader::Broken)?),
        2 => Some(v6_addresses(block).ok_or(BadHeader::Broken)?),
        _ => None,
    };
    Ok(Progress::Done(ProxyHeader { addresses }))
}

fn v4_addresses(block: &[u8]) -> Option<Addresses> {
    let (client, rest) = block.split_first_chunk::<4>()?;
    let (server, rest) = rest.split_first_chunk::<4>()?;
    with_ports(Ipv4Addr::from(*client).into(), Ipv4Addr::from(*server).into(), rest)
}

fn v6_addresses(block: &[u8]) -> Option<Addresses> {
    let (client, rest) = block.split_first_chunk::<16>()?;
    let (server, rest) = rest.split_first_chunk::<16>()?;
    with_ports(Ipv6Addr::from(*client).into(), Ipv6Addr::from(*server).into(), rest)
}

fn with_ports(client: IpAddr, server: IpAddr, rest: &[u8]) -> Option<Addresses> {
    let (client_port, rest) = rest.split_first_chunk::<2>()?;
    let (server_port, entries) = rest.split_first_chunk::<2>()?;
    Some(Addresses {
        client: SocketAddr::new(client, u16::from_be_bytes(*client_port)),
        server: SocketAddr::new(server, u16::from_be_bytes(*server_port)),
        entries: Box::from(entries),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Feeds the bytes as they are asked for; gives what came of it and how many bytes were taken.
    fn feed(bytes: &[u8]) -> (Result<Progress, BadHeader>, usize) {
        let mut taken = 0;
        loop {
            match read(&bytes[..taken]) {
                Ok(Progress::More(more)) if taken + more <= bytes.len() => taken += more,
                outcome => return (outcome, taken),
            }
        }
    }

    fn done(client: &str, server: &str) -> Result<Progress, BadHeader> {
        let parse = |text: &str| text.parse().expect("an address");
        let addresses = Some(Addresses { client: parse(client), server: parse(server), entries: Box::default() });
        Ok(Progress::Done(ProxyHeader { addresses }))
    }

    #[test]
    fn a_line_is_taken_to_its_end_and_not_beyond() {
        let line = b"PROXY TCP4 192.0.2.1 192.0.2.2 123 5678\r\n";
        let (outcome, taken) = feed(&[line, &b"GET / HTTP/1.1\r\n"[..]].concat());
        assert_eq!((outcome, taken), (done("192.0.2.1:123", "192.0.2.2:5678"), line.len()));
        let (outcome, _) = feed(b"PROXY TCP6 2001:Db8::1 2001:Db8::2 123 5678\r\nGET");
        assert_eq!(outcome, done("[2001:db8::1]:123", "[2001:db8::2]:5678"));
    }

    #[test]
    fn an_unknown_client_is_no_fault() {
        for line in ["PROXY UNKNOWN\r\n", "PROXY UNKNOWN 1 2 3 4 5 6\r\n"] {
            assert_eq!(feed(line.as_bytes()), (Ok(Progress::Done(ProxyHeader::default())), line.len()));
        }
    }

    #[test]
    fn what_looks_like_an_address_and_is_none_is_no_fault() {
        let line = b"PROXY TCP4 999.1.1.1 192.0.2.2 1 2\r\n";
        assert_eq!(feed(line), (Ok(Progress::Done(ProxyHeader::default())), line.len()));
    }

    #[test]
    fn version_2_carries_addresses_in_binary() {
        let mut header = SIGNATURE_2.to_vec();
        header.extend([0x21, 0x11, 0, 15, 192, 0, 2, 1, 192, 0, 2, 2, 0, 123, 0x16, 0x2e, 4, 0, 0]);
        header.extend(b"GET");
        let (outcome, taken) = feed(&header);
        assert_eq!(taken, START_2 + 15);
        let Ok(Progress::Done(ProxyHeader { addresses: Some(addresses) })) = outcome else { panic!("{outcome:?}") };
        assert_eq!(
            (addresses.client.to_string(), addresses.server.to_string()),
            ("192.0.2.1:123".into(), "192.0.2.2:5678".into())
        );
        assert_eq!(*addresses.entries, [4, 0, 0]);
        header[12] = 0x20;
        assert_eq!(feed(&header).0, Ok(Progress::Done(ProxyHeader::default())));
        header[12] = 0x31;
        assert_eq!(feed(&header).0, Err(BadHeader::UnknownVersion(3)));
        header[12..16].copy_from_slice(&[0x21, 0x11, 0, 5]);
        assert_eq!(feed(&header).0, Err(BadHeader::Broken));
    }

    #[test]
    fn what_is_no_header_is_refused() {
        for line in
            ["GET / HTTP/1.1\r\n\r\n", "PROXY TCP4 host 192.0.2.1 1 2\r\n", "PROXY TCP4 1.1.1.1 1.1.1.2 1 70000\r\n"]
        {
            assert_eq!(feed(line.as_bytes()).0, Err(BadHeader::Broken), "{line}");
        }
        assert_eq!(feed(&[b"PROXY TCP4 ".as_slice(), &[b'1'; 200]].concat()).0, Err(BadHeader::Broken));
    }
}
