//! Adverts in and out: a pair of sockets for each interface, family and kind of address, shared by its instances.

use std::collections::BTreeMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use crate::ir::keepalived::Instance;
use crate::ir::keepalived::instance::{AuthHmac, Authentication, Destination};
use crate::primitives::checksum::Sum;
use crate::sys::datagram::Datagram;
use crate::sys::descriptors;
use crate::sys::raw_socket::RawSocket;
use crate::sys::socket_options::{self, NumberOption};
use crate::vrrp::action::{ChecksumForm, Outgoing};
use crate::vrrp::event::{Authenticated, InstanceId, Received};
use crate::vrrp::{authentication_header, signature};
use crate::wire::auth_header::{self, AuthHeader};
use crate::wire::ip::{self, Ipv4Datagram, Ipv4Header};
use crate::wire::vrrp::{self, Family, MULTICAST_V4, PROTOCOL};
use crate::wire::vrrp_trailer;

use super::dump;

/// Of an advert, unless the file says otherwise.
pub(super) const TTL: u8 = 255;

const NO_DESCRIPTOR: i32 = -1;

/// What a pair of sockets is for; instances that agree in it share one.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key {
    /// Bound to this interface, for instances that have one.
    pub interface: Option<String>,
    /// Bound to this interface when adverts have a VMAC or a VRF.
    pub device: Option<String>,
    /// IPv4 or IPv6.
    pub family: Family,
    /// VRRP's own, or the authentication header's.
    pub protocol: u8,
    /// The group joined, or the own address listened on.
    pub listens_to: IpAddr,
}

/// A pair that is to be there.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// What for.
    pub key: Key,
    /// Index of the interface; nothing can be opened as long as that is not there.
    pub index: Option<u32>,
    /// Bytes of adverts that may wait; 0 leaves it to the kernel.
    pub receive_buffer: u32,
}

/// A pair for people to look at.
#[derive(Clone, Copy, Debug)]
pub struct OpenPair<'a> {
    /// What for.
    pub key: &'a Key,
    /// Index of the interface.
    pub index: u32,
    /// Numbers of the receiving and the sending descriptor; -1 while there is none.
    pub numbers: (i32, i32),
    /// Bytes of adverts that may wait; 0 leaves it to the kernel.
    pub receive_buffer: u32,
}

#[derive(Debug)]
struct Pair {
    receiver: RawSocket,
    sender: RawSocket,
    device_index: u32,
    receive_buffer: u32,
    /// Its place among those that are wanted.
    place: usize,
}

/// All sockets for adverts.
#[derive(Debug, Default)]
pub struct Sockets {
    pairs: BTreeMap<Key, Pair>,
    /// What waits for its interface, with its place among those that are wanted.
    absent: Vec<(usize, Key)>,
    /// The next IP identification of each instance: counted from 1 and never 0, as keepalived does.
    identifications: BTreeMap<InstanceId, u16>,
    /// The last number that each instance has signed.
    sequences: BTreeMap<InstanceId, u64>,
}

/// The key of an instance; `None` as long as a unicast one has no source address.
pub fn key(config: &Instance, family: Family, source: Option<IpAddr>, device: Option<&str>) -> Option<Key> {
    let listens_to = match &config.destination {
        Destination::Multicast { group } => *group,
        Destination::Unicast { .. } => source?,
    };
    let protocol = match config.authentication {
        Authentication::Header(_) => auth_header::PROTOCOL,
        Authentication::None | Authentication::Password(_) => PROTOCOL,
    };
    // Without an interface of its own, a VRF says in which network the addresses are.
    let device = device.map(str::to_owned).or_else(|| config.vrf.clone());
    Some(Key { interface: config.interface.clone(), device, family, protocol, listens_to })
}

impl Sockets {
    /// Opens what `wanted` names and closes the rest. The answer holds those that could not be opened.
    pub fn keep(&mut self, wanted: &[Wanted]) -> Vec<(Key, io::Error)> {
        self.pairs.retain(|key, pair| {
            let is_it = |want: &Wanted| {
                (&want.key, want.index, want.receive_buffer) == (key, Some(pair.device_index), pair.receive_buffer)
            };
            wanted.iter().any(is_it)
        });
        let mut failed = Vec::new();
        self.absent.clear();
        for (place, want) in wanted.iter().enumerate() {
            let key = &want.key;
            let Some(index) = want.index else {
                self.absent.push((place, key.clone()));
                continue;
            };
            if let Some(pair) = self.pairs.get_mut(key) {
                pair.place = place;
                continue;
            }
            match open(key, index, want.receive_buffer) {
                Ok(pair) => {
                    self.pairs.insert(key.clone(), Pair { place, ..pair });
                }
                Err(error) => failed.push((key.clone(), error)),
            }
        }
        failed
    }

    /// What to wait on, in the order of [`Sockets::receive`].
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.pairs.values().map(|pair| pair.receiver.as_fd())
    }

    /// Each pair, in the order of the file.
    pub fn describe(&self) -> impl Iterator<Item = OpenPair<'_>> {
        let number = |socket: &RawSocket| descriptors::number(socket.as_fd());
        let open = self.pairs.iter().map(move |(key, pair)| {
            let numbers = (number(&pair.receiver), number(&pair.sender));
            (pair.place, OpenPair { key, index: pair.device_index, numbers, receive_buffer: pair.receive_buffer })
        });
        let absent = self.absent.iter().map(|(place, key)| {
            let numbers = (NO_DESCRIPTOR, NO_DESCRIPTOR);
            (*place, OpenPair { key, index: 0, numbers, receive_buffer: 0 })
        });
        let mut all: Vec<_> = open.chain(absent).collect();
        all.sort_by_key(|(place, _)| *place);
        all.into_iter().map(|(_, pair)| pair)
    }

    /// The next packet of the socket at a place in [`Sockets::descriptors`].
    pub fn receive(&self, place: usize) -> io::Result<Option<Received>> {
        let Some((key, pair)) = self.pairs.iter().nth(place) else { return Ok(None) };
        // A packet that is not even IP is nothing to anybody: look at the next one.
        while let Some(datagram) = pair.receiver.receive()? {
            if let Some(received) = received(key, datagram).filter(|received| !self.has_another(key, received)) {
                return Ok(Some(received));
            }
        }
        Ok(None)
    }

    /// A socket that listens to a group gets what is sent to the machine too; one for that very address has it already.
    fn has_another(&self, key: &Key, received: &Received) -> bool {
        let is_for_it = |other: &Key| {
            (other.protocol, other.listens_to) == (key.protocol, received.destination)
                && (other.interface.is_none() || other.interface == key.interface)
        };
        key.listens_to != received.destination && self.pairs.keys().any(is_for_it)
    }

    /// Sends an advert to the group or to each peer, signed if the instance signs; from the interface `device` if that is not
    /// the instance's. The answer holds what failed.
    pub fn send(
        &mut self,
        outgoing: &Outgoing,
        device: Option<&str>,
        hmac: Option<&AuthHmac>,
    ) -> Vec<(IpAddr, io::Error)> {
        let identification = self.identifications.entry(outgoing.instance).or_insert(0);
        *identification = identification.checked_add(1).unwrap_or(1);
        let identification = *identification;
        let hmac = hmac.filter(|hmac| signature::signs(hmac));
        let signing = hmac.map(|hmac| {
            let last = self.sequences.entry(outgoing.instance).or_insert(0);
            *last = signature::next_sequence(hmac, *last, dump::wall_clock(Duration::ZERO));
            (hmac, *last)
        });
        let (destinations, ttl): (Vec<IpAddr>, Option<u8>) = match &outgoing.destination {
            Destination::Multicast { group } => (vec![*group], Some(TTL)),
            // To a host, IPv6 has the kernel's own where the file says nothing (keepalived).
            Destination::Unicast { peers, ttl, .. } => (peers.iter().map(|peer| peer.address).collect(), *ttl),
        };
        let Some(pair) = self.pair_of(outgoing, device) else {
            return Vec::new();
        };
        let send = |destination: &IpAddr| {
            let packet = packet(outgoing, *destination, ttl.unwrap_or(TTL), identification, signing);
            let sent = pair.sender.send(&packet, outgoing.source, *destination, pair.device_index, ttl);
            sent.err().map(|error| (*destination, error))
        };
        destinations.iter().filter_map(send).collect()
    }

    fn pair_of(&self, outgoing: &Outgoing, device: Option<&str>) -> Option<&Pair> {
        let listens_to = match &outgoing.destination {
            Destination::Multicast { group } => *group,
            Destination::Unicast { .. } => outgoing.source,
        };
        let family = Family::of(outgoing.source);
        let protocol = protocol(outgoing);
        let mut pairs = self.pairs.iter();
        let fits = |key: &Key| {
            (&key.interface, key.family, key.protocol, key.listens_to)
                == (&outgoing.interface, family, protocol, listens_to)
        };
        pairs.find(|(key, _)| fits(key) && key.device.as_deref() == device).map(|(_, pair)| pair)
    }
}

fn open(key: &Key, index: u32, receive_buffer: u32) -> io::Result<Pair> {
    let v6 = key.family == Family::Ipv6;
    let device = key.device.as_deref().or(key.interface.as_deref());
    let receiver = RawSocket::receiver(v6, key.protocol, device)?;
    if receive_buffer > 0 {
        let size = i32::try_from(receive_buffer).unwrap_or(i32::MAX);
        socket_options::set(&receiver, NumberOption::SO_RCVBUF, size)?;
    }
    if key.listens_to.is_multicast() {
        receiver.join(key.listens_to, index)?;
    } else {
        receiver.bind_to_address(key.listens_to)?;
    }
    let out = device.map(|name| (name, index));
    let sender = if v6 {
        RawSocket::sender_v6(key.protocol, out, ip::TOS_NETWORK_CONTROL)?
    } else {
        RawSocket::sender_v4(key.protocol, out)?
    };
    Ok(Pair { receiver, sender, device_index: index, receive_buffer, place: 0 })
}

fn protocol(outgoing: &Outgoing) -> u8 {
    if outgoing.authentication.is_some() { auth_header::PROTOCOL } else { PROTOCOL }
}

fn packet(
    outgoing: &Outgoing,
    destination: IpAddr,
    ttl: u8,
    identification: u16,
    signing: Option<(&AuthHmac, u64)>,
) -> Vec<u8> {
    let repr = &outgoing.repr;
    let trailer_len = if signing.is_some() { vrrp_trailer::LEN } else { 0 };
    let seal_len = if outgoing.authentication.is_some() { auth_header::LEN } else { 0 };
    let len = seal_len + repr.len() + trailer_len;
    let mut bytes = Vec::with_capacity(ip::HEADER_LEN + len);
    if let (IpAddr::V4(source), IpAddr::V4(to)) = (outgoing.source, destination) {
        let tos = ip::TOS_NETWORK_CONTROL;
        let header = Ipv4Header { tos, identification, ttl, protocol: protocol(outgoing), source, destination: to };
        header.emit(len, &mut bytes);
    }
    let start = match outgoing.checksum {
        ChecksumForm::Bare => Sum::default(),
        ChecksumForm::PseudoHeader => vrrp::pseudo_header(outgoing.source, destination, repr.len()),
        ChecksumForm::OldUnicast => vrrp::pseudo_header(outgoing.source, IpAddr::V4(MULTICAST_V4), repr.len()),
    };
    let begin = bytes.len();
    repr.emit(start, &mut bytes);
    if let Some((hmac, sequence)) = signing {
        let trailer = signature::sign(hmac, outgoing.source, &bytes[begin..], sequence);
        bytes.extend(trailer);
    }
    if let (Some(seal), IpAddr::V4(source)) = (outgoing.authentication, outgoing.source) {
        let (ip_header, advert) = bytes.split_at(begin);
        let unicast = matches!(outgoing.destination, Destination::Unicast { .. });
        let header = authentication_header::sign(seal, ip_header, source.octets(), unicast, advert);
        bytes.splice(begin..begin, header.bytes());
    }
    bytes
}

fn received(key: &Key, datagram: Datagram) -> Option<Received> {
    let date = dump::wall_clock(Duration::ZERO);
    if key.family == Family::Ipv6 {
        return Some(Received {
            interface: key.interface.clone(),
            source: datagram.source.ip(),
            destination: datagram.destination?,
            hop_limit: datagram.hop_limit,
            header_len: 0,
            total_len: None,
            payload: datagram.bytes,
            date,
            authentication: None,
        });
    }
    let parsed = Ipv4Datagram::parse(&datagram.bytes)?;
    let (header, payload) = match key.protocol {
        auth_header::PROTOCOL => AuthHeader::split(parsed.payload).map(|(header, rest)| (Some(header), rest))?,
        _ => (None, parsed.payload),
    };
    let ip_header = || datagram.bytes[..parsed.header_len].to_vec();
    Some(Received {
        interface: key.interface.clone(),
        source: IpAddr::V4(parsed.source),
        destination: IpAddr::V4(parsed.destination),
        hop_limit: Some(parsed.ttl),
        header_len: datagram.bytes.len() - payload.len(),
        total_len: Some(parsed.total_len),
        payload: payload.to_vec(),
        date,
        authentication: header.map(|header| Box::new(Authenticated { ip_header: ip_header(), header })),
    })
}
