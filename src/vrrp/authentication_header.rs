//! `auth_type AH`: the code in front of an advert, and what a receiver makes of it. keepalived's rules: own adverts and heard
//! ones share one counter, so whoever becomes master goes on above everything that was heard.

use aws_lc_rs::constant_time::verify_slices_are_equal;
use md5::{Digest, Md5};

use crate::wire::auth_header::{AuthHeader, CODE_LEN};
use crate::wire::vrrp::AUTH_LEN;

use super::action::HeaderSeal;
use super::event::{Authenticated, Received};
use super::refusal::Refusal;

/// From here on the counter stands still until the next mastership.
const LAST_SEQUENCE: u32 = 0xffff_fffe;
/// Bytes that MD5 takes in at a time: the length of an HMAC's padded key (RFC 2104 §2).
const BLOCK_LEN: usize = 64;

/// The number of the next advert, after the highest that was sent or heard.
pub(super) fn next_sequence(highest: u32) -> u32 {
    highest.saturating_add(1).min(LAST_SEQUENCE)
}

/// The highest number where a mastership begins: after the last one it begins anew.
pub(super) fn first_sequence(highest: u32) -> u32 {
    if highest == LAST_SEQUENCE { 0 } else { highest }
}

/// The header of an advert. `ip_header` is without its checksum or with it, which is not covered.
pub fn sign(seal: HeaderSeal, ip_header: &[u8], source: [u8; 4], unicast: bool, advert: &[u8]) -> AuthHeader {
    let header = AuthHeader { index: source, sequence: seal.sequence, code: [0; CODE_LEN] };
    AuthHeader { code: code(&seal.key, &header.covered(ip_header, unicast, advert)), ..header }
}

/// Judges a header in keepalived's order; a right one raises the counter.
pub(super) fn verify(
    key: &[u8; AUTH_LEN],
    authenticated: &Authenticated,
    unicast: bool,
    received: &Received,
    highest: &mut u32,
) -> Result<(), Refusal> {
    let Authenticated { ip_header, header } = authenticated;
    let right = code(key, &header.covered(ip_header, unicast, &received.payload));
    if verify_slices_are_equal(&right, &header.code).is_err() {
        return Err(Refusal::HeaderForged);
    }
    let source: Option<[u8; 4]> = ip_header.get(12..16).and_then(|source| source.try_into().ok());
    if source != Some(header.index) {
        let address = u32::from_ne_bytes(source.unwrap_or_default());
        return Err(Refusal::HeaderIndex { address, index: u32::from_ne_bytes(header.index) });
    }
    if header.sequence <= *highest {
        return Err(Refusal::HeaderReplayed { sequence: header.sequence, highest: *highest });
    }
    *highest = header.sequence;
    Ok(())
}

/// HMAC-MD5-96 (RFC 2403). aws-lc has no HMAC with MD5.
fn code(key: &[u8; AUTH_LEN], covered: &[u8]) -> [u8; CODE_LEN] {
    let padded = |pad: u8| {
        let mut block = [pad; BLOCK_LEN];
        block.iter_mut().zip(key).for_each(|(byte, key)| *byte ^= key);
        block
    };
    let inner = Md5::new().chain_update(padded(0x36)).chain_update(covered).finalize();
    let outer = Md5::new().chain_update(padded(0x5c)).chain_update(inner).finalize();
    let mut code = [0; CODE_LEN];
    code.copy_from_slice(&outer[..CODE_LEN]);
    code
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::auth_header;
    use crate::wire::vrrp::PROTOCOL;

    const IP_HEADER_LEN: usize = 20;
    const KEY: &[u8; AUTH_LEN] = b"s3cret\0\0";
    /// keepalived 2.2.7's first two adverts, `auth_pass s3cret`.
    const FIRST: &str = "45c000400001 0000ff33b082 c6336401e0000012 70040000c6336401 00000001 b359c5329dcb46a3ae00f03c \
                         21336401 02014e32c6336464 0000000000000000";
    const SECOND: &str = "45c000400002 0000ff33b081 c6336401e0000012 70040000c6336401 00000002 e538b00d6a63c505c2fdd17f \
                          21336401 02014e32c6336464 0000000000000000";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
        let digit = |byte: u8| char::from(byte).to_digit(16).expect("a digit") as u8;
        digits.chunks(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect()
    }

    fn received(packet: &[u8]) -> Received {
        let (ip_header, rest) = packet.split_at(IP_HEADER_LEN);
        let (header, payload) = AuthHeader::split(rest).expect("a header in front of VRRP");
        Received {
            interface: Some("eth0".into()),
            source: [198, 51, 100, 1].into(),
            destination: [224, 0, 0, 18].into(),
            hop_limit: Some(255),
            header_len: IP_HEADER_LEN + auth_header::LEN,
            total_len: Some(packet.len()),
            payload: payload.to_vec(),
            date: std::time::Duration::ZERO,
            authentication: Some(Box::new(Authenticated { ip_header: ip_header.to_vec(), header })),
        }
    }

    fn judge(packet: &[u8], highest: &mut u32) -> Result<(), Refusal> {
        let received = received(packet);
        let authenticated = received.authentication.as_ref().expect("it was put there");
        verify(KEY, authenticated, false, &received, highest)
    }

    #[test]
    fn an_advert_of_keepalived_is_made_again() {
        let packet = bytes(FIRST);
        let advert = &packet[IP_HEADER_LEN + auth_header::LEN..];
        let seal = HeaderSeal { key: *KEY, sequence: 1 };
        let header = sign(seal, &packet[..IP_HEADER_LEN], [198, 51, 100, 1], false, advert);
        assert_eq!(header.bytes(), packet[IP_HEADER_LEN..][..auth_header::LEN]);
        assert_eq!(header.bytes()[0], PROTOCOL);
    }

    #[test]
    fn each_number_counts_once() {
        let mut highest = 0;
        assert_eq!(judge(&bytes(FIRST), &mut highest), Ok(()));
        assert_eq!(judge(&bytes(SECOND), &mut highest), Ok(()));
        let replayed = Refusal::HeaderReplayed { sequence: 1, highest: 2 };
        assert_eq!(judge(&bytes(FIRST), &mut highest), Err(replayed));
        assert_eq!(highest, 2);
    }

    #[test]
    fn what_was_changed_is_forged() {
        for at in [2, 4, 9, 12, 19, 24, 31, 32, 43, 46, 63] {
            let mut packet = bytes(FIRST);
            packet[at] ^= 1;
            let mut highest = 0;
            assert_eq!(judge(&packet, &mut highest), Err(Refusal::HeaderForged), "byte {at}");
            assert_eq!(highest, 0);
        }
        let mut packet = bytes(FIRST);
        packet[1] ^= 1;
        assert_eq!(judge(&packet, &mut 0), Ok(()), "the type of service may change on the way");
    }
}
