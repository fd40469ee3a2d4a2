//! The IPsec authentication header (RFC 2402) that stands between IP and an advert of version 2 with `auth_type AH`.

use serde::{Deserialize, Serialize};

use super::vrrp;

/// The IP protocol number.
pub const PROTOCOL: u8 = 51;
/// Bytes of the header with a code of 96 bits.
pub const LEN: usize = 24;
/// Bytes of the code: HMAC-MD5-96 (RFC 2403).
pub const CODE_LEN: usize = 12;

/// RFC 2402 §2.2: the length in words of 4 bytes, less 2.
const PAYLOAD_LEN: u8 = (LEN / 4 - 2) as u8;

/// A header in front of an advert.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct AuthHeader {
    /// "Security parameters index"; keepalived puts the source address there.
    pub index: [u8; 4],
    /// Counts, against replays.
    pub sequence: u32,
    /// The code over everything.
    pub code: [u8; CODE_LEN],
}

impl AuthHeader {
    /// Takes it off; `None` if it is cut off or stands in front of another protocol.
    pub fn split(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (header, rest) = bytes.split_first_chunk::<LEN>()?;
        let word = |at: usize| [header[at], header[at + 1], header[at + 2], header[at + 3]];
        let code = header[LEN - CODE_LEN..].try_into().ok()?;
        let parsed = Self { index: word(4), sequence: u32::from_be_bytes(word(8)), code };
        (header[0] == vrrp::PROTOCOL).then_some((parsed, rest))
    }

    /// As it goes out.
    pub fn bytes(&self) -> [u8; LEN] {
        let mut bytes = [0; LEN];
        bytes[0] = vrrp::PROTOCOL;
        bytes[1] = PAYLOAD_LEN;
        bytes[4..8].copy_from_slice(&self.index);
        bytes[8..12].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[LEN - CODE_LEN..].copy_from_slice(&self.code);
        bytes
    }

    /// What the code covers (RFC 2402 §3.3.3): the IP header without what changes on the way, this header with a code of
    /// zeros, the advert. A TTL that goes to a group does not change: the next router takes nothing on.
    pub fn covered(&self, ip_header: &[u8], unicast: bool, advert: &[u8]) -> Vec<u8> {
        let mut bytes = ip_header.to_vec();
        const TOS: usize = 1;
        const TTL: usize = 8;
        for at in [TOS, 6, 7, 10, 11].into_iter().chain(unicast.then_some(TTL)) {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = 0;
            }
        }
        bytes.extend(Self { code: [0; CODE_LEN], ..*self }.bytes());
        bytes.extend(advert);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn back_and_forth() {
        let header = AuthHeader { index: [198, 51, 100, 1], sequence: 7, code: [9; CODE_LEN] };
        let bytes = [&header.bytes()[..], &[0x21, 51]].concat();
        assert_eq!(bytes[..12], [112, 4, 0, 0, 198, 51, 100, 1, 0, 0, 0, 7]);
        assert_eq!(AuthHeader::split(&bytes), Some((header, &[0x21, 51][..])));
        assert_eq!(AuthHeader::split(&bytes[..LEN - 1]), None);
        assert_eq!(AuthHeader::split(&[17; LEN]), None);
    }

    #[test]
    fn what_changes_on_the_way_is_not_covered() {
        let header = AuthHeader { index: [0; 4], sequence: 1, code: [9; CODE_LEN] };
        let to_group = header.covered(&[0xff; 20], false, &[1]);
        let zeros: Vec<usize> = (0..20).filter(|at| to_group[*at] == 0).collect();
        assert_eq!(zeros, [1, 6, 7, 10, 11]);
        assert_eq!((to_group.len(), &to_group[32..]), (45, &[&[0; CODE_LEN][..], &[1]].concat()[..]));
        assert_eq!(header.covered(&[0xff; 20], true, &[1])[8], 0);
        assert_eq!(header.covered(&[], true, &[]).len(), LEN);
    }
}
