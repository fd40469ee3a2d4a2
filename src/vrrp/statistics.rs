//! What was sent, received and refused, counted.

use serde::{Deserialize, Serialize};

use super::refusal::Refusal;

/// Counters of RFC 9568's MIB, as keepalived's SIGUSR2 shows them.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
#[allow(missing_docs)]
pub struct Statistics {
    pub adverts_received: u64,
    pub adverts_sent: u64,
    pub became_master: u64,
    pub released_master: u64,
    pub length_errors: u64,
    pub interval_errors: u64,
    pub hop_limit_errors: u64,
    pub type_errors: u64,
    pub address_list_errors: u64,
    pub unknown_auth_types: u64,
    pub auth_type_mismatches: u64,
    pub auth_failures: u64,
    pub checksum_errors: u64,
    pub trailers_missing: u64,
    pub trailers_malformed: u64,
    pub trailer_keys_unknown: u64,
    pub trailers_forged: u64,
    pub trailers_stale: u64,
    pub trailers_replayed: u64,
    pub version_errors: u64,
    pub priority_zero_received: u64,
    pub priority_zero_sent: u64,
}

impl Statistics {
    pub(super) fn count(&mut self, refusal: &Refusal) {
        let counter = match refusal {
            Refusal::Length { .. } | Refusal::IpLength { .. } => &mut self.length_errors,
            Refusal::HopLimit(_) | Refusal::PeerHopLimit { .. } => &mut self.hop_limit_errors,
            Refusal::Version { .. } => &mut self.version_errors,
            Refusal::AuthTypeUnknown(_) => &mut self.unknown_auth_types,
            Refusal::AuthType { .. } | Refusal::HeaderPresence { .. } => &mut self.auth_type_mismatches,
            Refusal::Password
            | Refusal::HeaderForged
            | Refusal::HeaderIndex { .. }
            | Refusal::HeaderReplayed { .. } => &mut self.auth_failures,
            Refusal::IntervalSeconds { .. } => &mut self.interval_errors,
            Refusal::Type(_) => &mut self.type_errors,
            Refusal::Checksum { .. } => &mut self.checksum_errors,
            Refusal::Cast { .. } | Refusal::AddressCount { .. } | Refusal::AddressMissing { .. } => {
                &mut self.address_list_errors
            }
            Refusal::TrailerMissing => &mut self.trailers_missing,
            Refusal::TrailerMalformed => &mut self.trailers_malformed,
            Refusal::TrailerKeyUnknown(_) => &mut self.trailer_keys_unknown,
            Refusal::TrailerForged => &mut self.trailers_forged,
            Refusal::TrailerStale { .. } => &mut self.trailers_stale,
            Refusal::TrailerReplayed => &mut self.trailers_replayed,
            Refusal::IntervalCentiseconds { .. }
            | Refusal::OwnerIgnores
            | Refusal::NoPeer
            | Refusal::ClockDrifts { .. } => return,
        };
        *counter += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::primitives::checksum::Sum;
    use crate::primitives::monotonic::Monotonic;
    use crate::vrrp::event::{Event, Received};
    use crate::vrrp::{Engine, configuration_text};
    use crate::wire::vrrp::Family;

    const CONFIGURATION: &str = "vrrp_instance A {\n interface eth0\n virtual_router_id 51\n authentication {\n auth_type PASS\n \
                                 auth_pass 1111\n }\n virtual_ipaddress {\n 192.0.2.10\n }\n}\n";
    const IP_HEADER_LEN: usize = 20;

    /// What one counts that has heard nothing but this advert of its master, changed so.
    fn counted(change: fn(&mut Received)) -> Statistics {
        let mut payload = vec![0x21, 51, 200, 1, 1, 1, 0, 0, 192, 0, 2, 10];
        payload.extend(b"1111\0\0\0\0");
        let mut received = Received {
            interface: Some("eth0".into()),
            source: [192, 0, 2, 1].into(),
            destination: [224, 0, 0, 18].into(),
            hop_limit: Some(255),
            header_len: IP_HEADER_LEN,
            total_len: None,
            payload,
            date: Duration::ZERO,
            authentication: None,
        };
        change(&mut received);
        let sum = Sum::default().add(&received.payload).finish().to_be_bytes();
        // What the change put there stays in it, as a fault.
        for (byte, sum) in received.payload[6..8].iter_mut().zip(sum) {
            *byte = sum;
        }
        received.total_len = Some(IP_HEADER_LEN + received.payload.len());
        let now = Monotonic::from_micros(1_000_000);
        let mut engine = Engine::new(&configuration_text::read(CONFIGURATION), now);
        let address = Some([192, 0, 2, 2].into());
        for event in [
            Event::Link { interface: "eth0".into(), running: true },
            Event::PrimaryAddress { interface: "eth0".into(), family: Family::Ipv4, address },
            Event::Start,
            Event::Advert(received),
        ] {
            engine.step(now, &event, &mut Vec::new());
        }
        engine.instances()[0].statistics
    }

    /// Which has no password.
    fn of_version_3(advert: &mut Received) {
        advert.payload[0] = 0x31;
        advert.payload.truncate(12);
    }

    #[test]
    fn each_fault_has_the_counter_of_the_rfc() {
        let one = |set: fn(&mut Statistics)| {
            let mut expected = Statistics::default();
            set(&mut expected);
            expected
        };
        assert_eq!(counted(|_| {}), one(|expected| expected.adverts_received = 1));
        let refused: &[(fn(&mut Received), fn(&mut Statistics))] = &[
            (|advert| advert.payload.truncate(16), |expected| expected.length_errors = 1),
            (|advert| advert.hop_limit = Some(254), |expected| expected.hop_limit_errors = 1),
            (of_version_3, |expected| expected.version_errors = 1),
            (|advert| advert.payload[0] = 0x22, |expected| expected.type_errors = 1),
            (|advert| advert.payload[6] = 1, |expected| expected.checksum_errors = 1),
            (|advert| advert.payload[4] = 9, |expected| expected.unknown_auth_types = 1),
            (|advert| advert.payload[4] = 0, |expected| expected.auth_type_mismatches = 1),
            (|advert| advert.payload[12] = b'2', |expected| expected.auth_failures = 1),
            (|advert| advert.payload[5] = 2, |expected| expected.interval_errors = 1),
        ];
        for (place, (change, expected)) in refused.iter().enumerate() {
            assert_eq!(counted(*change), one(*expected), "{place}");
        }
        let with_another_address = counted(|advert| advert.payload[11] = 99);
        assert_eq!((with_another_address.address_list_errors, with_another_address.adverts_received), (1, 1));
    }
}
