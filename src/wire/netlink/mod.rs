//! rtnetlink messages: the frame around them, and their attributes (RFC 3549; numbers of linux/netlink.h, rtnetlink.h).
//!
//! Written here over bytes: five kinds of message, whose flags and attributes must be exactly
//! keepalived's. The kernel speaks host byte order.

pub mod addr;
pub mod encapsulation;
pub mod link;
pub mod nftables;
pub mod process_event;
pub mod removal;
pub mod route;
pub mod rule;

use std::net::IpAddr;

/// Marks an attribute that holds attributes.
pub const NESTED: u16 = 0x8000;

/// Bytes of the header of every message.
pub const HEADER_LEN: usize = 16;

/// Numbers of message types.
pub mod kind {
    #![allow(missing_docs)]
    pub const ERROR: u16 = 2;
    pub const DONE: u16 = 3;
    pub const NEW_LINK: u16 = 16;
    pub const DEL_LINK: u16 = 17;
    pub const GET_LINK: u16 = 18;
    pub const NEW_ADDR: u16 = 20;
    pub const DEL_ADDR: u16 = 21;
    pub const GET_ADDR: u16 = 22;
    pub const NEW_ROUTE: u16 = 24;
    pub const DEL_ROUTE: u16 = 25;
    pub const NEW_RULE: u16 = 32;
    pub const DEL_RULE: u16 = 33;
}

/// Flags of a request.
pub mod flag {
    #![allow(missing_docs)]
    pub const REQUEST: u16 = 0x1;
    pub const ACK: u16 = 0x4;
    pub const DUMP: u16 = 0x300;
    pub const EXCL: u16 = 0x200;
    pub const CREATE: u16 = 0x400;
    pub const APPEND: u16 = 0x800;
}

/// `AF_INET`, `AF_INET6` as the kernel numbers them.
pub fn family_number(address: IpAddr) -> u8 {
    if address.is_ipv4() { FAMILY_IPV4 } else { FAMILY_IPV6 }
}

/// `AF_INET`
pub const FAMILY_IPV4: u8 = 2;
/// `AF_INET6`
pub const FAMILY_IPV6: u8 = 10;

/// Puts a request together.
#[derive(Debug)]
pub struct Request {
    bytes: Vec<u8>,
}

impl Request {
    /// Begins with header and the fixed part of the body.
    pub fn new(kind: u16, flags: u16, sequence: u32, body: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(128);
        bytes.extend(0u32.to_ne_bytes());
        bytes.extend(kind.to_ne_bytes());
        bytes.extend(flags.to_ne_bytes());
        bytes.extend(sequence.to_ne_bytes());
        bytes.extend(0u32.to_ne_bytes());
        bytes.extend(body);
        Self { bytes }
    }

    /// Appends an attribute, padded to four bytes.
    #[must_use]
    pub fn attribute(mut self, kind: u16, value: &[u8]) -> Self {
        put_attribute(&mut self.bytes, kind, value);
        self
    }

    /// Appends an attribute if there is a value for it.
    #[must_use]
    pub fn optional(self, kind: u16, value: Option<impl AsRef<[u8]>>) -> Self {
        match value {
            Some(value) => self.attribute(kind, value.as_ref()),
            None => self,
        }
    }

    /// The finished message.
    pub fn finish(mut self) -> Vec<u8> {
        let len = u32::try_from(self.bytes.len()).expect("a request is short");
        self.bytes[..4].copy_from_slice(&len.to_ne_bytes());
        self.bytes
    }
}

/// Appends an attribute to a list of attributes.
pub fn put_attribute(bytes: &mut Vec<u8>, kind: u16, value: &[u8]) {
    let len = u16::try_from(4 + value.len()).expect("an attribute is short");
    bytes.extend(len.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
}

/// The bytes of an address.
pub fn octets(address: IpAddr) -> Vec<u8> {
    match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().to_vec(),
    }
}

/// An address from its bytes.
pub fn address(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(IpAddr::from(bytes));
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

/// One received message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Message<'a> {
    /// See [`kind`].
    pub kind: u16,
    /// The request it answers; 0 for news.
    pub sequence: u32,
    /// The socket whose request it answers or tells of; 0 for what the kernel did by itself.
    pub port: u32,
    /// What follows the header.
    pub body: &'a [u8],
}

impl Message<'_> {
    /// For [`kind::ERROR`]: the error number, 0 for success.
    pub fn error_number(&self) -> Option<i32> {
        if self.kind != kind::ERROR {
            return None;
        }
        let bytes: [u8; 4] = self.body.get(..4)?.try_into().ok()?;
        Some(i32::from_ne_bytes(bytes).saturating_neg())
    }
}

/// The messages of one datagram; ends at the first that is cut off.
pub fn messages(mut bytes: &[u8]) -> impl Iterator<Item = Message<'_>> {
    std::iter::from_fn(move || {
        let len = u32::from_ne_bytes(bytes.get(..4)?.try_into().ok()?) as usize;
        let kind = u16::from_ne_bytes(bytes.get(4..6)?.try_into().ok()?);
        let sequence = u32::from_ne_bytes(bytes.get(8..12)?.try_into().ok()?);
        let port = u32::from_ne_bytes(bytes.get(12..16)?.try_into().ok()?);
        let body = bytes.get(HEADER_LEN..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        Some(Message { kind, sequence, port, body })
    })
}

/// The attributes in what follows the fixed part of a body; ends at the first that is cut off.
pub fn attributes(mut bytes: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    std::iter::from_fn(move || {
        let len = usize::from(u16::from_ne_bytes(bytes.get(..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(bytes.get(2..4)?.try_into().ok()?);
        let value = bytes.get(4..len)?;
        bytes = bytes.get(len.next_multiple_of(4)..).unwrap_or_default();
        // The two highest bits say "nested" and "network byte order".
        Some((kind & 0x3fff, value))
    })
}

/// Text that ends with a zero byte.
pub fn text(bytes: &[u8]) -> String {
    let end = bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len());
    String::from_utf8_lossy(&bytes[..end]).into_owned()
}

/// Text with the zero byte that the kernel expects.
pub fn zero_ended(text: &str) -> Vec<u8> {
    [text.as_bytes(), b"\0"].concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn request_and_back() {
        let bytes = Request::new(kind::NEW_ADDR, flag::REQUEST | flag::ACK, 7, &[2, 24, 0, 0])
            .attribute(1, &[1, 2, 3])
            .optional(2, None::<Vec<u8>>)
            .attribute(3, b"eth0\0")
            .finish();
        let parsed: Vec<Message<'_>> = messages(&bytes).collect();
        assert_eq!(parsed.len(), 1);
        assert_eq!((parsed[0].kind, parsed[0].sequence), (kind::NEW_ADDR, 7));
        let attributes: Vec<(u16, &[u8])> = attributes(&parsed[0].body[4..]).collect();
        assert_eq!(attributes, [(1, &[1u8, 2, 3][..]), (3, &b"eth0\0"[..])]);
    }

    #[test]
    fn cut_off_input_ends_quietly() {
        let bytes = Request::new(kind::NEW_LINK, 0, 1, &[0; 16]).attribute(3, b"lo\0").finish();
        for len in 0..bytes.len() {
            assert_eq!(messages(&bytes[..len]).count(), 0);
            attributes(&bytes[..len]).for_each(drop);
        }
        assert_eq!(messages(&[0; 64]).count(), 0);
    }

    #[test]
    fn errors_are_positive_numbers() {
        let body = (-17i32).to_ne_bytes();
        assert_eq!(Message { kind: kind::ERROR, sequence: 0, port: 0, body: &body }.error_number(), Some(17));
        assert_eq!(Message { kind: kind::DONE, sequence: 0, port: 0, body: &body }.error_number(), None);
    }
}
