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
