//! What a master makes of adverts that are wrong: each kind is counted every time and logged once, as keepalived does.

use std::net::{IpAddr, Ipv4Addr};

use evenkeel::sys::raw_socket::RawSocket;

use crate::ELECTION;
use crate::lab::{self, Lab, Node, Which};

const PROTOCOL: u8 = 112;
const GROUP: Ipv4Addr = Ipv4Addr::new(224, 0, 0, 18);
const NEIGHBOUR: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 2);
const NODE_A: Ipv4Addr = Ipv4Addr::new(198, 51, 100, 1);
/// Virtual routers from here on stand behind each step; that nobody knows them is logged.
const FIRST_MARK: u8 = 100;

/// The master's lines about adverts that the other node sends as one: an advert of a router that nobody knows stands behind them.
pub(crate) fn lines_about(what: &str, place: usize, adverts: &[Advert], lab: &Lab, [a, b]: [&Node; 2]) -> String {
    let before = a.log().len();
    let mut mark = Advert::new();
    mark.body[1] = FIRST_MARK + place as u8;
    let packets = adverts.iter().chain([&mark]).map(Advert::packet).collect();
    send(b, packets);
    let known = format!("Unknown VRID({})", mark.body[1]);
    lab.wait(what, ELECTION, || a.log().contains(&known), &[a]);
    let log = a.log()[before..].to_owned();
    let told = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
    let told = told.filter(|text| text.starts_with("(LAB)") && !text.contains("gratuitous"));
    told.map(|text| format!("{what}: {text}\n")).collect()
}

/// An advert of version 2 as the neighbour of the master would send it, and what may be wrong with it.
#[derive(Clone)]
pub(crate) struct Advert {
    source: Ipv4Addr,
    ttl: u8,
    pub(crate) body: Vec<u8>,
    checksum_error: u8,
    /// Behind what the checksum covers.
    pub(crate) trailer: Vec<u8>,
}

impl Advert {
    pub(crate) fn new() -> Self {
        let mut body = vec![0x21, 51, 100, 1, 1, 1, 0, 0, 198, 51, 100, 100];
        body.extend(b"1111\0\0\0\0");
        Self { source: NEIGHBOUR, ttl: 255, body, checksum_error: 0, trailer: Vec::new() }
    }

    /// The IPv4 header lacks length and checksum, which the kernel adds.
    pub(crate) fn packet(&self) -> Vec<u8> {
        let mut bytes = vec![0x45, 0xc0, 0, 0, 0, 1, 0, 0, self.ttl, PROTOCOL, 0, 0];
        bytes.extend(self.source.octets());
        bytes.extend(GROUP.octets());
        let words = self.body.chunks(2).map(|pair| u32::from(pair[0]) << 8 | u32::from(*pair.get(1).unwrap_or(&0)));
        let sum: u32 = words.sum();
        let sum = !(((sum & 0xffff) + (sum >> 16)) as u16);
        bytes.extend(&self.body);
        bytes[26..28].copy_from_slice(&sum.to_be_bytes());
        bytes[27] ^= self.checksum_error;
        bytes.extend(&self.trailer);
        bytes
    }
}

type Step = (&'static str, fn(&mut Advert));

/// In keepalived's order of checks; the last one ends the mastership.
const STEPS: &[Step] = &[
    ("cut off", |advert| advert.body.truncate(16)),
    ("with too much behind", |advert| advert.body.extend([0; 8])),
    ("through a router", |advert| advert.ttl = 254),
    ("of version 3", |advert| {
        advert.body[0] = 0x31;
        advert.body.truncate(12);
    }),
    ("with an unknown authentication", |advert| advert.body[4] = 9),
    ("without authentication", |advert| advert.body[4] = 0),
    ("with another password", |advert| advert.body[12] = b'2'),
    ("with another interval", |advert| advert.body[5] = 2),
    ("of another type", |advert| advert.body[0] = 0x22),
    ("with a wrong checksum", |advert| advert.checksum_error = 1),
    ("with two addresses", |advert| {
        advert.body[3] = 2;
        advert.body.splice(12..12, [198, 51, 100, 101]);
    }),
    ("with another address", |advert| advert.body[11] = 99),
    ("from our own address", |advert| {
        advert.source = NODE_A;
        advert.body[2] = 150;
    }),
    ("of equal priority, from a lower address", |advert| {
        advert.source = Ipv4Addr::new(198, 51, 99, 9);
        advert.body[2] = 150;
    }),
];

/// One of each kind that a router does not listen to.
pub(crate) fn refused() -> Vec<Advert> {
    let refused = STEPS.iter().take_while(|(what, _)| *what != "with two addresses");
    let made = refused.map(|(_, change)| {
        let mut advert = Advert::new();
        change(&mut advert);
        advert
    });
    made.collect()
}

/// What the newest keepalived logs, to the letter; 2.2 names no sender and logs every packet.
const TOLD: &str = "\
cut off: (LAB) vrrp packet from 198.51.100.2 too short, length 36 and expect 40
through a router: (LAB) invalid TTL/HL from 198.51.100.2. Received 254 and expect 255
of version 3: (LAB) wrong VRRP version from 198.51.100.2. Received 3 and expect 2
with an unknown authentication: (LAB) Invalid auth type from 198.51.100.2: 9
without authentication: (LAB) received a 0 auth from 198.51.100.2, expecting 1!
with another password: (LAB) received an invalid passwd from 198.51.100.2!
with another interval: (LAB) advertisement interval mismatch with 198.51.100.2 mine=1 sec rcv'd=2 sec
of another type: (LAB) Invalid packet type from 198.51.100.2. 2 and expect 1
with a wrong checksum: (LAB) Invalid VRRPv2 checksum from 198.51.100.2
with two addresses: (LAB) expected 1 VIPs but received 2
with two addresses: (LAB) Received advert from 198.51.100.2 with lower priority 100, ours 150, forcing new election
with two addresses: (LAB) Received advert from 198.51.100.2 with lower priority 100, ours 150, forcing new election
with another address: (LAB) ip address associated with VRID 51 not present in advert from 198.51.100.2: 198.51.100.100
with another address: (LAB) Received advert from 198.51.100.2 with lower priority 100, ours 150, forcing new election
with another address: (LAB) Received advert from 198.51.100.2 with lower priority 100, ours 150, forcing new election
from our own address: (LAB) WARNING - equal priority advert received from remote host with our IP address.
from our own address: (LAB) WARNING - equal priority advert received from remote host with our IP address.
of equal priority, from a lower address: (LAB) Received advert from 198.51.99.9 with lower priority 150, ours 150, \
forcing new election
of equal priority, from a lower address: (LAB) Received advert from 198.51.99.9 with lower priority 150, ours 150, \
forcing new election
";

/// What stands in the file of counters after it, without what was sent. Those used are the last four. Neither a wrong version nor a
/// wrong checksum has a line in keepalived's file.
const COUNTED: &str = "\
VRRP Instance: LAB
  Advertisements:
    Received: 8
  Became master: 1
  Released master: 0
  Packet Errors:
    Length: 4
    TTL: 2
    Invalid Type: 2
    Advertisement Interval: 2
    Address List: 4
  Authentication Errors:
    Invalid Type: 2
    Type Mismatch: 2
    Failure: 2
  Priority Zero:
    Received: 0
";

/// Each kind is sent twice: one line, two counts.
#[test]
fn bad_adverts_are_counted_and_logged_once() {
    let Some(_) = lab::mixtures() else { return };
    let (lines, counters) = story(Which::Evenkeel);
    assert_eq!(lines, TOLD);
    assert_eq!(counters, COUNTED);
    if Which::Keepalived.exists() {
        let (their_lines, theirs) = story(Which::Keepalived);
        if Which::Keepalived.signs_adverts() {
            assert_eq!(lines, their_lines);
        }
        // 2.2 drops an advert with another number of addresses; no version counts a wrong interval, as RFC 2787 §4 wants it.
        let differs = |line: &&str| !line.contains("Received: ") && !line.contains("Advertisement Interval: ");
        let common = |counters: &str| counters.lines().filter(differs).collect::<Vec<_>>().join("\n");
        assert_eq!(common(&counters), common(&theirs));
    }
}

fn story(which: Which) -> (String, String) {
    let lab = Lab::new();
    let mut a = lab.node("a", which, 150, false);
    let b = lab.node("b", Which::Evenkeel, 100, false);
    // Packets from our own address, and from one that no route leads to, are to arrive.
    for setting in ["conf/all/rp_filter=0", "conf/eth0/rp_filter=0", "conf/eth0/accept_local=1"] {
        a.set_ipv4(setting);
    }
    a.rewrite(|text| text.replacen("global_defs {", "global_defs {\n  log_unknown_vrids", 1));
    a.start();
    lab.wait("a is master", ELECTION, || a.holds(), &[&a]);
    let mut lines = String::new();
    for (place, (what, change)) in STEPS.iter().enumerate() {
        let mut advert = Advert::new();
        change(&mut advert);
        lines += &lines_about(what, place, &[advert.clone(), advert], &lab, [&a, &b]);
    }
    let counters = a.dump("STATS", "keepalived.stats");
    let counters = counters.lines().filter(|line| !line.contains("Sent: ")).map(|line| format!("{line}\n")).collect();
    let mut advert = Advert::new();
    advert.body[2] = 150;
    send(&b, vec![advert.packet()]);
    let yields =
        "(LAB) Master received advert from 198.51.100.2 with same priority 150 but higher IP address than ours";
    lab.wait("it yields", ELECTION, || a.log().contains(yields), &[&a]);
    a.stop();
    (lines, counters)
}

pub(crate) fn send(node: &Node, packets: Vec<Vec<u8>>) {
    node.inside(move |index| {
        let socket = RawSocket::sender_v4(PROTOCOL, Some(("eth0", index))).expect("a raw socket");
        for packet in packets {
            socket.send(&packet, NEIGHBOUR.into(), IpAddr::V4(GROUP), index, None).expect("it leaves");
        }
    });
}

/// The socket of another router on the interface, which listens to the group, gets unicast adverts too.
#[test]
fn a_unicast_advert_is_heard_once() {
    let Some(_) = lab::mixtures() else { return };
    const GROUP: &str = "vrrp_instance GROUP {\n  interface eth0\n  virtual_router_id 52\n  virtual_ipaddress {\n  \
                         198.51.100.101/24\n  }\n}\n";
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let [mut a, mut b] = [("a", 150, 2), ("b", 100, 1)].map(|(name, priority, peer)| {
            let node = lab.node(name, which, priority, false);
            let unicast = format!("unicast_peer {{\n  198.51.100.{peer}\n  }}\n  virtual_router_id");
            node.rewrite(|text| crate::fast(text).replace("virtual_router_id", &unicast) + GROUP);
            node
        });
        a.start();
        b.start();
        lab.wait("a is master", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        a.stop();
        lab.wait("b takes over", ELECTION, || b.holds(), &[&a, &b]);
        let heard = b.log().matches("(LAB) Backup received priority 0 advertisement").count();
        assert_eq!(heard, 1, "{which:?}: {}", b.log());
    }
}
