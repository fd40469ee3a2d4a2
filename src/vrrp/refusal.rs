//! What can be wrong with an advert, and the words for it.

use std::fmt;
use std::net::IpAddr;

use serde::{Deserialize, Serialize};

/// The TTL that has passed no router.
pub(super) const TTL: u8 = 255;

/// What is wrong with a packet.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub enum Refusal {
    /// Longer or shorter than its header says.
    Length {
        /// Bytes received.
        len: usize,
        /// Bytes that there should be.
        expected: usize,
    },
    /// It came through a router (RFC 9568 §5.1.1.3).
    HopLimit(u8),
    /// Another version than ours.
    Version {
        /// Theirs.
        received: u8,
        /// Ours.
        expected: u8,
    },
    /// An authentication type that does not exist.
    AuthTypeUnknown(u8),
    /// Another authentication type than ours.
    AuthType {
        /// Theirs.
        received: u8,
        /// Ours.
        expected: u8,
    },
    /// Another password than ours.
    Password,
    /// An authentication header where none is expected, or none where one is.
    HeaderPresence {
        /// Whether there is one.
        present: bool,
    },
    /// `auth_type AH`: not made with our password.
    HeaderForged,
    /// `auth_type AH`: its index is not the sender's address.
    HeaderIndex {
        /// Of the sender, as the machine's own number.
        address: u32,
        /// The index, as the machine's own number.
        index: u32,
    },
    /// `auth_type AH`: heard before.
    HeaderReplayed {
        /// Its number.
        sequence: u32,
        /// The highest so far.
        highest: u32,
    },
    /// Version 2: another interval than ours, in seconds.
    IntervalSeconds {
        /// Ours.
        ours: u64,
        /// Theirs.
        theirs: u8,
    },
    /// Version 3: another interval than ours, in centiseconds; the advert is used all the same.
    IntervalCentiseconds {
        /// Ours.
        ours: u64,
        /// Theirs.
        theirs: u16,
    },
    /// Not an advertisement.
    Type(u8),
    /// The IP header says another length than there is.
    IpLength {
        /// What it says.
        header: usize,
        /// Bytes received.
        received: usize,
    },
    /// Wrong checksum.
    Checksum {
        /// Of a packet of this version.
        version: u8,
    },
    /// Multicast where unicast is configured, or the other way round.
    Cast {
        /// Whether unicast is configured.
        unicast: bool,
    },
    /// We own the address and are told to ignore others.
    OwnerIgnores,
    /// Another number of addresses than ours; the advert is used all the same.
    AddressCount {
        /// Ours.
        ours: usize,
        /// Theirs.
        theirs: u8,
    },
    /// One of our addresses is not in it; the advert is used all the same.
    AddressMissing {
        /// Virtual router identifier.
        vrid: u8,
        /// The address.
        address: IpAddr,
    },
    /// The sender is no peer.
    NoPeer,
    /// The peer is nearer or further away than configured.
    PeerHopLimit {
        /// Received.
        hop_limit: u8,
        /// At least.
        min: u8,
        /// At most.
        max: u8,
    },
    /// `auth_hmac`: no trailer.
    TrailerMissing,
    /// `auth_hmac`: a trailer of another kind.
    TrailerMalformed,
    /// `auth_hmac`: a key that we do not have.
    TrailerKeyUnknown(u8),
    /// `auth_hmac`: not made with the key that it names.
    TrailerForged,
    /// `auth_hmac`: too old, or from too far in the future.
    TrailerStale {
        /// Seconds from its date to ours.
        lag_s: i64,
        /// As many are allowed.
        window_s: i64,
    },
    /// `auth_hmac`: heard before.
    TrailerReplayed,
    /// `auth_hmac`: the clocks will soon be too far apart; the advert is used all the same.
    ClockDrifts {
        /// Seconds from its date to ours.
        lag_s: i64,
        /// As many are allowed.
        window_s: i64,
    },
}

impl Refusal {
    /// Each kind is logged once until the instance changes its state or its master.
    pub fn kind(&self) -> std::mem::Discriminant<Self> {
        std::mem::discriminant(self)
    }

    /// Whether keepalived logs it every time.
    pub fn is_always_logged(&self) -> bool {
        matches!(self, Self::HeaderForged | Self::HeaderIndex { .. } | Self::HeaderReplayed { .. })
    }

    /// The line for the log.
    pub fn write(&self, name: &str, source: IpAddr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Self::HeaderIndex { address, index } = self {
            return write!(f, "IPSEC AH : invalid IPSEC SPI value. {address} and expect {index}");
        }
        write!(f, "({name}) ")?;
        match self {
            Self::HeaderPresence { present: true } => {
                write!(f, "Received AH header but auth type not AH from {source}")
            }
            Self::HeaderPresence { present: false } => write!(f, "No AH header but auth type is AH from {source}"),
            Self::HeaderForged => {
                f.write_str("IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !")
            }
            Self::HeaderReplayed { sequence, highest } => {
                let text = "already processed. Packet dropped.";
                write!(f, "IPSEC-AH : sequence number {sequence} {text} Local({highest})")
            }
            Self::Length { len, expected } => {
                let which = if len > expected { "long" } else { "short" };
                write!(f, "vrrp packet from {source} too {which}, length {len} and expect {expected}")
            }
            Self::HopLimit(received) => {
                write!(f, "invalid TTL/HL from {source}. Received {received} and expect {TTL}")
            }
            Self::Version { received, expected } => {
                write!(f, "wrong VRRP version from {source}. Received {received} and expect {expected}")
            }
            Self::AuthTypeUnknown(received) => write!(f, "Invalid auth type from {source}: {received}"),
            Self::AuthType { received, expected } => {
                write!(f, "received a {received} auth from {source}, expecting {expected}!")
            }
            Self::Password => write!(f, "received an invalid passwd from {source}!"),
            Self::IntervalSeconds { ours, theirs } => {
                write!(f, "advertisement interval mismatch with {source} mine={ours} sec rcv'd={theirs} sec")
            }
            Self::IntervalCentiseconds { ours, theirs } => {
                write!(f, "advertisement interval mismatch ours = {ours} centi-sec rcv'd={theirs} centi-sec")
            }
            Self::Type(received) => write!(f, "Invalid packet type from {source}. {received} and expect 1"),
            Self::IpLength { header, received } => {
                write!(f, "ip_tot_len mismatch against received length from {source}. {header} and received {received}")
            }
            Self::Checksum { version } => write!(f, "Invalid VRRPv{version} checksum from {source}"),
            Self::Cast { unicast } => {
                let (expected, received) = if *unicast { ("un", "mult") } else { ("mult", "un") };
                write!(f, "Expected {expected}icast packet but received {received}icast packet from {source}")
            }
            Self::OwnerIgnores => write!(f, "Dropping packet(s) from {source} since we are address owner"),
            Self::AddressCount { ours, theirs } => write!(f, "expected {ours} VIPs but received {theirs}"),
            Self::AddressMissing { vrid, address } => {
                write!(f, "ip address associated with VRID {vrid} not present in advert from {source}: {address}")
            }
            Self::NoPeer => write!(f, "unicast source address {source} not a unicast peer"),
            Self::PeerHopLimit { hop_limit, min, max } => {
                write!(f, "TTL/HL {hop_limit} from {source} not in range [{min}, {max}]")
            }
            _ => self.write_trailer(source, f),
        }
    }

    fn write_trailer(&self, source: IpAddr, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TrailerMissing => write!(f, "missing authentication trailer from {source}"),
            Self::TrailerMalformed => write!(f, "malformed authentication trailer from {source}"),
            Self::TrailerKeyUnknown(key) => write!(f, "unknown authentication key id {key} from {source}"),
            Self::TrailerForged => write!(f, "invalid authentication HMAC from {source}"),
            Self::TrailerStale { lag_s, window_s } => {
                let text = "stale authentication trailer from";
                write!(f, "{text} {source}, clock skew {lag_s} sec exceeds window {window_s} sec")
            }
            Self::TrailerReplayed => write!(f, "replayed authentication trailer from {source}"),
            Self::ClockDrifts { lag_s, window_s } => {
                write!(f, "authentication clock skew {lag_s} sec from {source} approaching window {window_s} sec")
            }
            _ => Ok(()),
        }
    }
}
