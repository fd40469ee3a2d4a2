//! Gratuitous ARP and unsolicited neighbour advertisements on the wire.

use std::collections::{BTreeMap, VecDeque};
use std::io;
use std::net::IpAddr;
use std::time::Duration;

use crate::ir::keepalived::Keepalived;
use crate::primitives::monotonic::Monotonic;
use crate::sys::raw_socket::FrameSocket;
use crate::wire::{arp, ndisc};

/// How long keepalived believes what it has read of `forwarding`.
const FORWARDING_LASTS: Duration = Duration::from_secs(5);

/// One frame that is due.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Frame {
    /// What is announced.
    pub address: IpAddr,
    /// Index of the interface.
    pub interface: u32,
    /// Its name.
    pub name: String,
    /// What it stands on, else its name.
    pub base: String,
    /// The hardware address that is told.
    pub mac: [u8; 6],
}

/// The pause between two frames on some interfaces.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Pace {
    /// `None`: all that no other pace names.
    interfaces: Option<Vec<String>>,
    arp: Duration,
    advertisement: Duration,
    /// When the next frame of each kind may leave.
    arp_at: Monotonic,
    advertisement_at: Monotonic,
}

/// Tells neighbours where an address now is; as fast as it may.
#[derive(Debug)]
pub struct Announcer {
    socket: FrameSocket,
    paces: Vec<Pace>,
    waiting: VecDeque<Frame>,
    /// Whether interfaces forward IPv6, and when that was looked at.
    forwarding: BTreeMap<String, (Monotonic, bool)>,
}

impl Announcer {
    /// Opens its socket.
    pub fn open() -> io::Result<Self> {
        let (paces, waiting, forwarding) = (Vec::new(), VecDeque::new(), BTreeMap::new());
        Ok(Self { socket: FrameSocket::open()?, paces, waiting, forwarding })
    }

    /// Takes `garp_group`, `vrrp_garp_interval` and `vrrp_gna_interval` of a configuration.
    pub fn configure(&mut self, config: &Keepalived) {
        let pace = |interfaces, arp_us, advertisement_us| Pace {
            interfaces,
            arp: Duration::from_micros(arp_us),
            advertisement: Duration::from_micros(advertisement_us),
            arp_at: Monotonic::default(),
            advertisement_at: Monotonic::default(),
        };
        let groups = config.garp_groups.iter();
        let groups =
            groups.map(|group| pace(Some(group.interfaces.clone()), group.garp_interval_us, group.gna_interval_us));
        let rest = pace(None, config.global.garp_interval_us, config.global.gna_interval_us);
        self.paces = groups.chain([rest]).collect();
    }

    /// When a waiting frame may leave.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.waiting.iter().map(|frame| self.allowed_at(frame)).min()
    }

    /// Takes a frame in; [`Announcer::send_due`] sends it, at once if its pace allows.
    pub fn announce(&mut self, frame: Frame) {
        self.waiting.push_back(frame);
    }

    /// Sends what may leave now; says of each frame whether it failed.
    pub fn send_due(&mut self, now: Monotonic) -> Vec<(Frame, Option<io::Error>)> {
        let mut sent = Vec::new();
        while let Some(place) = self.waiting.iter().position(|frame| self.allowed_at(frame) <= now) {
            let Some(frame) = self.waiting.remove(place) else { break };
            let error = self.send(&frame, now);
            sent.push((frame, error));
        }
        sent
    }

    /// Forgets what waits for an address that is no longer ours to announce.
    pub fn forget(&mut self, address: IpAddr) {
        self.waiting.retain(|frame| frame.address != address);
    }

    /// When the next frame of each kind may leave an interface, if one has left before.
    pub fn next_times(&self, interface: &str) -> Option<[Option<Monotonic>; 2]> {
        let pace = &self.paces[self.pace_of(interface)?];
        Some([pace.arp_at, pace.advertisement_at].map(|at| Some(at).filter(|at| *at != Monotonic::default())))
    }

    /// Whether an interface forwarded IPv6 when it was looked at last, and when that was.
    pub fn forwarding(&self, interface: &str) -> Option<(Monotonic, bool)> {
        self.forwarding.get(interface).copied()
    }

    fn forwards(&mut self, interface: &str, now: Monotonic) -> bool {
        match self.forwarding(interface) {
            Some((at, known)) if now < at + FORWARDING_LASTS => known,
            _ => {
                let is_on = forwards(interface);
                self.forwarding.insert(interface.to_owned(), (now, is_on));
                is_on
            }
        }
    }

    fn pace_of(&self, interface: &str) -> Option<usize> {
        let names =
            |pace: &Pace| pace.interfaces.as_ref().is_none_or(|names| names.iter().any(|name| name == interface));
        self.paces.iter().position(names)
    }

    fn allowed_at(&self, frame: &Frame) -> Monotonic {
        let pace = self.pace_of(&frame.name).map(|place| &self.paces[place]);
        pace.map_or(
            Monotonic::default(),
            |pace| {
                if frame.address.is_ipv4() { pace.arp_at } else { pace.advertisement_at }
            },
        )
    }

    fn send(&mut self, frame: &Frame, now: Monotonic) -> Option<io::Error> {
        if let Some(place) = self.pace_of(&frame.name) {
            let pace = &mut self.paces[place];
            match frame.address {
                IpAddr::V4(_) => pace.arp_at = now + pace.arp,
                IpAddr::V6(_) => pace.advertisement_at = now + pace.advertisement,
            }
        }
        let outcome = match frame.address {
            IpAddr::V4(address) => self.socket.send(&arp::gratuitous(frame.mac, address), frame.interface),
            IpAddr::V6(address) => {
                let forwards = self.forwards(&frame.base, now);
                self.socket.send(&ndisc::unsolicited(frame.mac, address, forwards), frame.interface)
            }
        };
        outcome.err()
    }
}

/// The "router" flag says so (RFC 4861 §4.4).
fn forwards(interface: &str) -> bool {
    let path = format!("/proc/sys/net/ipv6/conf/{interface}/forwarding");
    std::fs::read(path).is_ok_and(|text| text.first().is_some_and(|byte| *byte != b'0'))
}

/// What keepalived's log calls a frame for this address.
pub fn frame_name(address: IpAddr) -> &'static str {
    if address.is_ipv4() { "gratuitous ARP" } else { "unsolicited Neighbour Advert" }
}
