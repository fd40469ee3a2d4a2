//! Adverts: what is accepted and in which order it is checked (RFC 9568 §7.1, in keepalived's order), and what is sent.

use std::net::IpAddr;
use std::time::Duration;

use aws_lc_rs::constant_time::verify_slices_are_equal;

use crate::ir::keepalived::Instance;
use crate::ir::keepalived::instance::{Authentication, Destination, HmacMode, OldUnicastChecksum};
use crate::primitives::checksum::Sum;
use crate::wire::vrrp::{self, Body, Family, MULTICAST_V4, OWNER, Packet, Repr, auth_type};
use crate::wire::vrrp_trailer;

use super::authentication_header;
use super::event::Received;
use super::refusal::{Refusal, TTL};
use super::signature::{Senders, Signed};

/// The smallest Ethernet frame, without its header and checksum: shorter packets arrive padded to it.
const SHORTEST_PAYLOAD: usize = 46;
const VLAN_TAG_LEN: usize = 4;

/// An advert that may be acted upon.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Heard {
    /// Its priority.
    pub priority: u8,
    /// Who sent it.
    pub source: IpAddr,
    /// From one of its adverts to the next.
    pub interval: Duration,
    /// What is wrong with it, though not so wrong as to drop it.
    pub remarks: Vec<Refusal>,
    /// Its checksum is of the form that old versions used for unicast.
    pub old_checksum: bool,
    /// The number in its authentication header.
    pub header_sequence: Option<u32>,
}

/// What an instance remembers against replays.
#[derive(Debug)]
pub(super) struct Memory<'a> {
    /// Of `auth_hmac`.
    pub senders: &'a mut Senders,
    /// Of `auth_type AH`.
    pub header_sequence: &'a mut u32,
}

/// Under which conditions an advert is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Expectation<'a> {
    /// The instance it is for.
    pub config: &'a Instance,
    /// Its effective priority.
    pub priority: u8,
    /// Unicast version 3 over IPv4 uses the pseudo header of old versions.
    pub old_checksum: bool,
    /// Whether the list of addresses is compared.
    pub check_addresses: bool,
}

/// Checks a packet in keepalived's order; the first fault is the answer.
pub(super) fn check(received: &Received, expect: Expectation<'_>, memory: Memory<'_>) -> Result<Heard, Refusal> {
    let family = Family::from(expect.config.family);
    let present = received.authentication.is_some();
    if present != matches!(expect.config.authentication, Authentication::Header(_)) {
        return Err(Refusal::HeaderPresence { present });
    }
    let len = received.header_len + received.payload.len();
    let Ok(packet) = Packet::new(&received.payload) else {
        return Err(Refusal::Length { len, expected: received.header_len + vrrp::HEADER_LEN });
    };
    let trailer = check_length(received, packet, expect.config, family)?;
    check_hop_limit(received, expect.config)?;
    if packet.version() != expect.config.version {
        return Err(Refusal::Version { received: packet.version(), expected: expect.config.version });
    }
    let drift = check_trailer(received, packet, trailer, expect.config, memory.senders)?;
    if packet.version() == 2 {
        check_version_2(received, packet, expect.config, memory.header_sequence)?;
    }
    if packet.packet_type() != vrrp::TYPE_ADVERTISEMENT {
        return Err(Refusal::Type(packet.packet_type()));
    }
    check_ip_length(received, len)?;
    let old_checksum = check_checksum(received, packet, expect, family)?;
    let unicast = matches!(expect.config.destination, Destination::Unicast { .. });
    if received.destination.is_multicast() == unicast {
        return Err(Refusal::Cast { unicast });
    }
    if expect.config.owner_ignore_adverts && expect.priority == OWNER {
        return Err(Refusal::OwnerIgnores);
    }
    let remarks = drift.into_iter().chain(remarks(packet, expect, family)).collect();
    check_peer(received, expect.config)?;
    Ok(Heard {
        priority: packet.priority(),
        source: received.source,
        interval: interval(packet),
        remarks,
        old_checksum,
        header_sequence: received.authentication.as_ref().map(|authentication| authentication.header.sequence),
    })
}

fn interval(packet: Packet<'_>) -> Duration {
    match packet.version() {
        2 => Duration::from_secs(u64::from(packet.interval_seconds())),
        _ => Duration::from_millis(u64::from(packet.interval_centiseconds()) * 10),
    }
}

/// With the length that leaves room for it, there is a trailer: padding is never as long.
fn check_length<'a>(
    received: &'a Received,
    packet: Packet<'_>,
    config: &Instance,
    family: Family,
) -> Result<Option<&'a [u8; vrrp_trailer::LEN]>, Refusal> {
    let (len, expected) = (packet.len(), packet.expected_len(family));
    let trailer = received.payload.get(expected..).and_then(|rest| rest.try_into().ok());
    if let (Some(_), Some(trailer)) = (&config.auth_hmac, trailer) {
        return Ok(Some(trailer));
    }
    let (len, expected) = (received.header_len + len, received.header_len + expected);
    if len == expected || is_padding(len, expected) { Ok(None) } else { Err(Refusal::Length { len, expected }) }
}

/// The answer is what there is to say of a signature that is right.
fn check_trailer(
    received: &Received,
    packet: Packet<'_>,
    trailer: Option<&[u8; vrrp_trailer::LEN]>,
    config: &Instance,
    senders: &mut Senders,
) -> Result<Option<Refusal>, Refusal> {
    let Some(hmac) = &config.auth_hmac else {
        return Ok(None);
    };
    let Some(trailer) = trailer else {
        // The other modes are for the time until every router signs.
        return if hmac.mode == HmacMode::Enforce { Err(Refusal::TrailerMissing) } else { Ok(None) };
    };
    let mut unicast = false;
    if let Destination::Unicast { peers, .. } = &config.destination {
        unicast = true;
        peers.iter().find(|peer| peer.address == received.source).ok_or(Refusal::NoPeer)?;
    }
    let covered = &received.payload[..packet.expected_len(config.family.into())];
    senders.verify(hmac, Signed { source: received.source, packet: covered, trailer, date: received.date }, unicast)
}

/// Padding fills a frame up to 60 bytes, of which 14 and any VLAN tags (4 bytes each) are gone when the packet is seen.
fn is_padding(len: usize, expected: usize) -> bool {
    expected < SHORTEST_PAYLOAD && expected < len && (len - expected) % VLAN_TAG_LEN == padding_remainder()
}

const fn padding_remainder() -> usize {
    (VLAN_TAG_LEN - SHORTEST_PAYLOAD % VLAN_TAG_LEN) % VLAN_TAG_LEN
}

fn check_hop_limit(received: &Received, config: &Instance) -> Result<(), Refusal> {
    match (&config.destination, received.hop_limit) {
        (Destination::Multicast { .. }, Some(hop_limit)) if hop_limit != TTL => Err(Refusal::HopLimit(hop_limit)),
        _ => Ok(()),
    }
}

fn check_version_2(
    advert: &Received,
    packet: Packet<'_>,
    config: &Instance,
    header_sequence: &mut u32,
) -> Result<(), Refusal> {
    let received = packet.auth_type();
    if received > auth_type::AH {
        return Err(Refusal::AuthTypeUnknown(received));
    }
    let (expected, _) = authentication(config);
    if received != expected {
        return Err(Refusal::AuthType { received, expected });
    }
    if let Authentication::Password(password) = &config.authentication {
        let wrong =
            packet.auth_data(config.family.into()).is_none_or(|data| verify_slices_are_equal(&data, password).is_err());
        if wrong {
            return Err(Refusal::Password);
        }
    }
    if let (Authentication::Header(key), Some(authentication)) = (&config.authentication, &advert.authentication) {
        let unicast = matches!(config.destination, Destination::Unicast { .. });
        authentication_header::verify(key, authentication, unicast, advert, header_sequence)?;
    }
    let ours = config.advert_interval_us / 1_000_000;
    if config.advert_interval_us != u64::from(packet.interval_seconds()) * 1_000_000 {
        return Err(Refusal::IntervalSeconds { ours, theirs: packet.interval_seconds() });
    }
    Ok(())
}

fn check_ip_length(received: &Received, len: usize) -> Result<(), Refusal> {
    match received.total_len {
        Some(header) if header != len && !(len <= SHORTEST_PAYLOAD && is_padding(len, header)) => {
            Err(Refusal::IpLength { header, received: len })
        }
        _ => Ok(()),
    }
}

/// Whether the right checksum was of the old form. The kernel has already looked at IPv6's.
fn check_checksum(
    received: &Received,
    packet: Packet<'_>,
    expect: Expectation<'_>,
    family: Family,
) -> Result<bool, Refusal> {
    let version = packet.version();
    let wrong = Err(Refusal::Checksum { version });
    if family == Family::Ipv6 {
        return Ok(expect.old_checksum);
    }
    if version == 2 {
        return if packet.checksum_is_right(family, Sum::default()) { Ok(false) } else { wrong };
    }
    if expect.config.v3_checksum_as_v2 {
        return Ok(expect.old_checksum);
    }
    let len = packet.expected_len(family);
    let with = |destination| packet.checksum_is_right(family, vrrp::pseudo_header(received.source, destination, len));
    let multicast = multicast_group(expect.config);
    if with(if expect.old_checksum { multicast } else { received.destination }) {
        return Ok(expect.old_checksum);
    }
    let unicast = matches!(expect.config.destination, Destination::Unicast { .. });
    let may_learn = unicast && !expect.old_checksum && expect.config.old_unicast_checksum != OldUnicastChecksum::Never;
    if may_learn && with(multicast) { Ok(true) } else { wrong }
}

fn multicast_group(config: &Instance) -> IpAddr {
    match &config.destination {
        Destination::Multicast { group } => *group,
        Destination::Unicast { .. } => IpAddr::V4(MULTICAST_V4),
    }
}

fn remarks(packet: Packet<'_>, expect: Expectation<'_>, family: Family) -> Vec<Refusal> {
    let mut remarks = Vec::new();
    let config = expect.config;
    if packet.version() == 3 && interval(packet) != Duration::from_micros(config.advert_interval_us) {
        let ours = config.advert_interval_us / 10_000;
        remarks.push(Refusal::IntervalCentiseconds { ours, theirs: packet.interval_centiseconds() });
    }
    if usize::from(packet.address_count()) != config.addresses.len() {
        remarks.push(Refusal::AddressCount { ours: config.addresses.len(), theirs: packet.address_count() });
    } else if expect.check_addresses {
        let ours = config.addresses.iter().map(|address| address.prefix.address);
        let missing = ours.into_iter().find(|ours| packet.addresses(family).all(|theirs| theirs != *ours));
        remarks.extend(missing.map(|address| Refusal::AddressMissing { vrid: config.virtual_router_id, address }));
    }
    remarks
}

fn check_peer(received: &Received, config: &Instance) -> Result<(), Refusal> {
    let Destination::Unicast { peers, check_source: true, .. } = &config.destination else {
        return Ok(());
    };
    let peer = peers.iter().find(|peer| peer.address == received.source).ok_or(Refusal::NoPeer)?;
    match received.hop_limit {
        Some(hop_limit) if !(peer.min_ttl..=peer.max_ttl).contains(&hop_limit) => {
            Err(Refusal::PeerHopLimit { hop_limit, min: peer.min_ttl, max: peer.max_ttl })
        }
        _ => Ok(()),
    }
}

fn authentication(config: &Instance) -> (u8, [u8; vrrp::AUTH_LEN]) {
    match &config.authentication {
        Authentication::None => (auth_type::NONE, [0; vrrp::AUTH_LEN]),
        Authentication::Password(password) => (auth_type::PASS, *password),
        Authentication::Header(_) => (auth_type::AH, [0; vrrp::AUTH_LEN]),
    }
}

/// The advert that an instance sends.
pub fn compose(config: &Instance, priority: u8) -> Repr {
    let body = if config.version == 2 {
        let (auth_type, auth_data) = authentication(config);
        let interval_seconds = u8::try_from(config.advert_interval_us / 1_000_000).unwrap_or(u8::MAX);
        Body::V2 { auth_type, interval_seconds, auth_data }
    } else {
        let centiseconds = u16::try_from(config.advert_interval_us / 10_000).unwrap_or(u16::MAX);
        Body::V3 { interval_centiseconds: centiseconds.min(vrrp::MAX_INTERVAL_CENTISECONDS) }
    };
    let addresses = config.addresses.iter().map(|address| address.prefix.address).collect();
    Repr { vrid: config.virtual_router_id, priority, body, addresses }
}

/// The sum that the checksum of an advert to `destination` starts from.
pub fn pseudo_header(config: &Instance, old_checksum: bool, source: IpAddr, destination: IpAddr, len: usize) -> Sum {
    if config.version == 2 || config.v3_checksum_as_v2 {
        return Sum::default();
    }
    let destination = if old_checksum { multicast_group(config) } else { destination };
    vrrp::pseudo_header(source, destination, len)
}
