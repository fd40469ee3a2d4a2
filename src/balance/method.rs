//! The balancing methods.

use crate::ir::upstream::Fair;

/// How an `upstream` chooses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Method {
    /// The default: smooth weighted round robin.
    RoundRobin,
    /// `ip_hash`.
    IpHash,
    /// `hash key`.
    Hash,
    /// `hash key consistent` (ketama).
    ConsistentHash,
    /// `least_conn`.
    LeastConn,
    /// `random`, and `random two [least_conn]`.
    Random {
        /// Take the less loaded of two.
        two: bool,
    },
    /// `least_time`.
    LeastTime {
        /// The time to the last byte rather than to the header.
        last_byte: bool,
        /// Requests that are not answered yet count too.
        inflight: bool,
    },
    /// Third-party `fair`.
    Fair(Fair),
    /// Third-party `hash` with `hash_again`: as `Hash`, with this many further tries.
    UrlHash {
        /// How often a taken or failed peer leads to another hash.
        again: u32,
    },
}

impl Method {
    /// Does it ask for a key (`hash`) or the client's address (`ip_hash`)?
    pub fn needs_key(self) -> bool {
        matches!(self, Self::IpHash | Self::Hash | Self::ConsistentHash | Self::UrlHash { .. })
    }
}
