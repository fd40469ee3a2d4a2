//! The trailer of `auth_hmac`, new in keepalived 2.4: 28 bytes behind an advertisement that only the holder of a key can make.
//!
//! ```text
//! +---------------+---------------+-------------------------------+
//! |  type, 1: SHA |   key number  |           reserved, 0         |
//! +---------------+---------------+-------------------------------+
//! |                    seconds since 1970                         |
//! +-------------------------------+-------------------------------+
//! |    65536ths of a second       |            counter            |
//! +-------------------------------+-------------------------------+
//! |          first 16 bytes of the HMAC-SHA-256                   |
//! ```

use std::net::IpAddr;

use super::vrrp::HEADER_LEN;

/// Bytes of the trailer.
pub const LEN: usize = 28;
/// Bytes of it that the code covers; the code follows.
pub const PREFIX_LEN: usize = 12;
/// Bytes of the code.
pub const CODE_LEN: usize = LEN - PREFIX_LEN;
/// The only type there is.
pub const TYPE_HMAC_SHA256: u8 = 1;

const PSEUDO_HEADER_LEN: usize = 20;
/// Where the checksum of an advertisement stands: it is not covered, because of IPv6's the kernel makes it.
const CHECKSUM_AT: usize = 6;

/// What stands before the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Prefix {
    /// See [`TYPE_HMAC_SHA256`].
    pub kind: u8,
    /// Which key.
    pub key: u8,
    /// Zero.
    pub reserved: u16,
    /// Seconds, their fraction and a counter, as one number that grows from advertisement to advertisement.
    pub sequence: u64,
}

impl Prefix {
    /// Its bytes.
    pub fn bytes(self) -> [u8; PREFIX_LEN] {
        let mut bytes = [0; PREFIX_LEN];
        bytes[..2].copy_from_slice(&[self.kind, self.key]);
        bytes[2..4].copy_from_slice(&self.reserved.to_be_bytes());
        bytes[4..].copy_from_slice(&self.sequence.to_be_bytes());
        bytes
    }

    /// The seconds in the sequence.
    pub fn seconds(self) -> u32 {
        (self.sequence >> 32) as u32
    }
}

/// Reads a trailer: what stands before the code, and the code.
pub fn parse(bytes: &[u8; LEN]) -> (Prefix, [u8; CODE_LEN]) {
    let mut sequence = [0; 8];
    sequence.copy_from_slice(&bytes[4..PREFIX_LEN]);
    let mut code = [0; CODE_LEN];
    code.copy_from_slice(&bytes[PREFIX_LEN..]);
    let reserved = u16::from_be_bytes([bytes[2], bytes[3]]);
    (Prefix { kind: bytes[0], key: bytes[1], reserved, sequence: u64::from_be_bytes(sequence) }, code)
}

/// The bytes that the code is made of: a pseudo header that ties the advertisement to its virtual router and its sender, the
/// advertisement without its checksum, the prefix, and zeros in the place of the code. `packet` holds at least the header.
pub fn covered(source: IpAddr, packet: &[u8], prefix: Prefix) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PSEUDO_HEADER_LEN + packet.len() + LEN);
    let (family, address) = match source {
        IpAddr::V4(address) => (4, address.octets().to_vec()),
        IpAddr::V6(address) => (6, address.octets().to_vec()),
    };
    let (version, vrid) = (packet.first().map_or(0, |byte| byte >> 4), packet.get(1).copied().unwrap_or(0));
    bytes.extend([family, version, vrid, 0]);
    bytes.extend(address);
    bytes.resize(PSEUDO_HEADER_LEN, 0);
    let begin = bytes.len();
    bytes.extend(packet);
    if packet.len() >= HEADER_LEN {
        bytes[begin + CHECKSUM_AT..begin + HEADER_LEN].fill(0);
    }
    bytes.extend(prefix.bytes());
    bytes.extend([0; CODE_LEN]);
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        let prefix = Prefix { kind: 1, key: 7, reserved: 0, sequence: 0x0102_0304_0506_0708 };
        let mut bytes = [9; LEN];
        bytes[..PREFIX_LEN].copy_from_slice(&prefix.bytes());
        assert_eq!(parse(&bytes), (prefix, [9; CODE_LEN]));
        assert_eq!(prefix.seconds(), 0x0102_0304);
    }

    #[test]
    fn the_checksum_is_not_covered() {
        let source = "192.0.2.1".parse().expect("an address");
        let prefix = Prefix { kind: 1, key: 1, reserved: 0, sequence: 5 };
        let one = covered(source, &[0x31, 51, 100, 0, 0, 100, 1, 2], prefix);
        assert_eq!(one, covered(source, &[0x31, 51, 100, 0, 0, 100, 3, 4], prefix));
        assert_eq!(one[..8], [4, 3, 51, 0, 192, 0, 2, 1]);
        assert_eq!(one.len(), 20 + 8 + 28);
    }
}
