//! `auth_hmac`: adverts that are signed, and what a receiver makes of a signature. keepalived's rules: the clock goes before
//! the code, because it costs nothing; the highest number of a sender is only moved by a signature that is right.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac::{self, HMAC_SHA256};

use crate::ir::keepalived::instance::{AuthHmac, HmacKeySource, HmacMode};
use crate::wire::vrrp_trailer::{self, CODE_LEN, LEN, Prefix, TYPE_HMAC_SHA256};

use super::refusal::Refusal;

/// Senders to a group that are remembered; the one that has been silent for longest makes place (keepalived).
const SENDERS: usize = 4;

/// The highest number of each sender, the latest sender last.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(super) struct Senders(Vec<(IpAddr, u64)>);

/// A signed advert that came in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Signed<'a> {
    /// Who sent it.
    pub source: IpAddr,
    /// Without the trailer and without padding.
    pub packet: &'a [u8],
    /// Behind it.
    pub trailer: &'a [u8; LEN],
    /// The date when it came in, since 1970.
    pub date: Duration,
}

/// Whether the adverts of an instance carry a trailer.
pub fn signs(config: &AuthHmac) -> bool {
    config.mode != HmacMode::ReceiveOnly
}

/// The number of the next advert: the date, or one more than the last where the clock has not moved on. A clock that was set
/// back by more than the window begins anew, since receivers go by the date; without dates the number only ever grows.
pub fn next_sequence(config: &AuthHmac, last: u64, date: Duration) -> u64 {
    let fraction = (u64::from(date.subsec_nanos()) << 16) / 1_000_000_000;
    let clock = u64::from(date.as_secs() as u32) << 32 | fraction << 16;
    if is_after(clock, last) {
        return clock;
    }
    let ahead = ((last >> 32) as u32).wrapping_sub((clock >> 32) as u32).cast_signed();
    if !config.monotonic && i64::from(ahead) > window_s(config) { clock } else { last.wrapping_add(1) }
}

/// The trailer for a packet.
pub fn sign(config: &AuthHmac, source: IpAddr, packet: &[u8], sequence: u64) -> [u8; LEN] {
    let prefix = Prefix { kind: TYPE_HMAC_SHA256, key: config.active_key, reserved: 0, sequence };
    let mut trailer = [0; LEN];
    trailer[..vrrp_trailer::PREFIX_LEN].copy_from_slice(&prefix.bytes());
    // Without its key it stays zero, which every receiver refuses.
    if let Some(key) = key(config, config.active_key) {
        let code = hmac::sign(&key, &vrrp_trailer::covered(source, packet, prefix));
        trailer[vrrp_trailer::PREFIX_LEN..].copy_from_slice(&code.as_ref()[..CODE_LEN]);
    }
    trailer
}

impl Senders {
    /// Judges a signature. The answer is how many seconds the sender's clock lags behind, if that is worth a remark.
    pub(super) fn verify(
        &mut self,
        config: &AuthHmac,
        signed: Signed<'_>,
        unicast: bool,
    ) -> Result<Option<Refusal>, Refusal> {
        let (prefix, code) = vrrp_trailer::parse(signed.trailer);
        if prefix.kind != TYPE_HMAC_SHA256 || prefix.reserved != 0 {
            return Err(Refusal::TrailerMalformed);
        }
        let (lag_s, window_s) = (lag_s(signed.date, prefix.seconds()), window_s(config));
        if !config.monotonic && lag_s.abs() > window_s {
            return Err(Refusal::TrailerStale { lag_s, window_s });
        }
        let key = key(config, prefix.key).ok_or(Refusal::TrailerKeyUnknown(prefix.key))?;
        let right = hmac::sign(&key, &vrrp_trailer::covered(signed.source, signed.packet, prefix));
        if verify_slices_are_equal(&right.as_ref()[..CODE_LEN], &code).is_err() {
            return Err(Refusal::TrailerForged);
        }
        if !self.raise(config, signed, prefix.sequence, unicast) {
            return Err(Refusal::TrailerReplayed);
        }
        let drifts = !config.monotonic && lag_s.abs() > window_s / 2;
        Ok(drifts.then_some(Refusal::ClockDrifts { lag_s, window_s }))
    }

    /// Whether the number is higher than all before; then it is the highest.
    fn raise(&mut self, config: &AuthHmac, signed: Signed<'_>, sequence: u64, unicast: bool) -> bool {
        let place = self.0.iter().position(|(source, _)| *source == signed.source);
        let highest = place.map(|place| self.0.remove(place).1);
        // A number outside the window orders nothing any more: its sender may have set its clock right.
        let counts =
            |highest: &u64| config.monotonic || lag_s(signed.date, (highest >> 32) as u32).abs() <= window_s(config);
        let is_higher = highest.filter(counts).is_none_or(|highest| is_after(sequence, highest));
        if !unicast && self.0.len() == SENDERS {
            self.0.remove(0);
        }
        self.0.push((signed.source, if is_higher { sequence } else { highest.unwrap_or(sequence) }));
        is_higher
    }
}

fn key(config: &AuthHmac, id: u8) -> Option<hmac::Key> {
    let key = config.keys.iter().find(|key| key.id == id)?;
    match &key.source {
        HmacKeySource::Bytes(bytes) => Some(hmac::Key::new(HMAC_SHA256, bytes)),
        HmacKeySource::File(_) => None,
    }
}

fn window_s(config: &AuthHmac) -> i64 {
    (config.time_window_us / 1_000_000) as i64
}

/// Seconds from a sender's date to ours, over the end of their 32 bits.
fn lag_s(ours: Duration, theirs: u32) -> i64 {
    i64::from((ours.as_secs() as u32).wrapping_sub(theirs).cast_signed())
}

/// RFC 1982's comparison of serial numbers.
fn is_after(one: u64, other: u64) -> bool {
    one.wrapping_sub(other).cast_signed() > 0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::keepalived::instance::HmacKey;

    const SOURCE: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 0, 2, 1));
    const PACKET: [u8; 12] = [0x31, 51, 100, 1, 0, 100, 0xab, 0xcd, 192, 0, 2, 100];

    fn config(monotonic: bool) -> AuthHmac {
        let key = HmacKey { id: 3, source: HmacKeySource::Bytes(b"0123456789abcdef0123456789abcdef".to_vec()) };
        AuthHmac { keys: vec![key], active_key: 3, time_window_us: 5_000_000, monotonic, mode: HmacMode::Enforce }
    }

    fn at(second: u64) -> Duration {
        Duration::from_secs(second)
    }

    fn hear(senders: &mut Senders, config: &AuthHmac, sequence: u64, second: u64) -> Result<Option<Refusal>, Refusal> {
        let trailer = sign(config, SOURCE, &PACKET, sequence);
        let signed = Signed { source: SOURCE, packet: &PACKET, trailer: &trailer, date: at(second) };
        senders.verify(config, signed, false)
    }

    /// Made by Python's hmac over the bytes that the format asks for.
    #[test]
    fn the_code_is_that_of_another_implementation() {
        let trailer = sign(&config(false), SOURCE, &PACKET, 1_000 << 32 | 7);
        let expected = "01030000000003e800000007a410d9b620efebc11aed674a9c4c84e1";
        assert_eq!(trailer.iter().map(|byte| format!("{byte:02x}")).collect::<String>(), expected);
    }

    #[test]
    fn a_replay_is_refused_and_a_stale_one_too() {
        let (mut senders, config) = (Senders::default(), config(false));
        assert_eq!(hear(&mut senders, &config, 1_000 << 32, 1_000), Ok(None));
        assert_eq!(hear(&mut senders, &config, 1_000 << 32, 1_001), Err(Refusal::TrailerReplayed));
        assert_eq!(hear(&mut senders, &config, 1_000 << 32 | 1, 1_001), Ok(None));
        let drifts = Refusal::ClockDrifts { lag_s: -3, window_s: 5 };
        assert_eq!(hear(&mut senders, &config, 1_004 << 32, 1_001), Ok(Some(drifts)));
        let stale = Refusal::TrailerStale { lag_s: 6, window_s: 5 };
        assert_eq!(hear(&mut senders, &config, 1_005 << 32, 1_011), Err(stale));
    }

    #[test]
    fn a_sender_whose_clock_was_set_back_is_heard_after_the_window() {
        let (mut senders, config) = (Senders::default(), config(false));
        assert_eq!(hear(&mut senders, &config, 1_004 << 32, 1_002), Ok(None));
        assert_eq!(hear(&mut senders, &config, 1_003 << 32, 1_003), Err(Refusal::TrailerReplayed));
        assert_eq!(hear(&mut senders, &config, 1_010 << 32, 1_010), Ok(None));
        assert_eq!(next_sequence(&config, 2_000 << 32, at(1_000)), 1_000 << 32);
        assert_eq!(next_sequence(&config, 1_002 << 32, at(1_000)), 1_002 << 32 | 1);
    }

    #[test]
    fn a_counter_alone_goes_by_no_clock() {
        let (mut senders, config) = (Senders::default(), config(true));
        assert_eq!(hear(&mut senders, &config, 5, 1_000), Ok(None));
        assert_eq!(hear(&mut senders, &config, 5, 9_000), Err(Refusal::TrailerReplayed));
        assert_eq!(next_sequence(&config, 2_000 << 32, at(1_000)), 2_000 << 32 | 1);
    }

    #[test]
    fn forged_malformed_and_unknown() {
        let (mut senders, config) = (Senders::default(), config(false));
        let mut trailer = sign(&config, SOURCE, &PACKET, 1_000 << 32);
        let mut verify = |trailer: [u8; LEN]| {
            let signed = Signed { source: SOURCE, packet: &PACKET, trailer: &trailer, date: at(1_000) };
            senders.verify(&config, signed, true)
        };
        trailer[27] ^= 1;
        assert_eq!(verify(trailer), Err(Refusal::TrailerForged));
        trailer[1] = 4;
        assert_eq!(verify(trailer), Err(Refusal::TrailerKeyUnknown(4)));
        trailer[0] = 2;
        assert_eq!(verify(trailer), Err(Refusal::TrailerMalformed));
    }
}
