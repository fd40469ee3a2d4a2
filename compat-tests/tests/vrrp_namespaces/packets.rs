//! What a router sends, byte for byte and in keepalived's order: adverts, gratuitous ARP, neighbour advertisements.

use std::os::fd::{AsRawFd, OwnedFd};
use std::thread;
use std::time::Duration;

use nix::sys::socket::{AddressFamily, MsgFlags, SockFlag, SockProtocol, SockType, recv, socket};

use crate::ELECTION;
use crate::bad_adverts::{self, Advert};
use crate::lab::{self, Lab, Node, Which};

/// Lines of all and of the instance, with `|` between them, and how many announcements there are at least.
const ROWS: &[(&str, &str, usize)] = &[
    (
        "",
        "version 2|authentication {|auth_type PASS|auth_pass 1111|}|virtual_ipaddress {|198.51.100.100/24|198.51.100.101/32|}",
        20,
    ),
    ("", "version 3|priority 254|virtual_ipaddress {|198.51.100.100/24|}", 10),
    ("", "version 3|priority 255|virtual_ipaddress {|198.51.100.100/24|}", 10),
    ("", "version 3|mcast_src_ip 198.51.100.77|virtual_ipaddress {|198.51.100.100/24|}", 10),
    (
        "",
        "version 2|unicast_src_ip 198.51.100.1|unicast_ttl 64|unicast_peer {|198.51.100.2|}|virtual_ipaddress {|198.51.100.100|}",
        10,
    ),
    ("", "version 3|unicast_peer {|198.51.100.2|}|old_unicast_checksum|virtual_ipaddress {|198.51.100.100|}", 10),
    ("", "version 3|virtual_ipaddress {|fe80::51|2001:db8::51/64|}", 20),
    (
        "",
        "version 3|native_ipv6|virtual_ipaddress {|fe80::51|}|virtual_ipaddress_excluded {|2001:db8::52/64|192.0.2.9/32|}",
        30,
    ),
    ("", "version 3|use_vmac|virtual_ipaddress {|198.51.100.100/24|}", 10),
    ("", "version 3|use_vmac|vmac_xmit_base|virtual_ipaddress {|fe80::51|2001:db8::51/64|}", 20),
    (
        "",
        "version 2|garp_master_delay 1|garp_master_repeat 2|garp_master_refresh 1|garp_master_refresh_repeat 3|virtual_ipaddress {|198.51.100.100|198.51.100.101|}",
        20,
    ),
    (
        "",
        "version 3|garp_master_delay 0|garp_master_repeat 3|virtual_ipaddress {|fe80::51|}|virtual_ipaddress_excluded {|192.0.2.9/32|}",
        6,
    ),
    ("", "version 3|garp_interval 0.05|virtual_ipaddress {|198.51.100.100|198.51.100.101|}", 20),
    ("", "version 3|down_timer_adverts 5|virtual_ipaddress {|198.51.100.100|198.51.100.101|}", 20),
    (
        "",
        "version 3|accept|promote_secondaries|preempt_delay 1|virtual_ipaddress {|198.51.100.100/24 dev eth0 label eth0:v scope link|}",
        10,
    ),
    ("vrrp_mcast_group4 224.0.0.99", "version 3|virtual_ipaddress {|198.51.100.100|}", 10),
    ("vrrp_mcast_group6 ff02::99", "version 3|virtual_ipaddress {|fe80::51|}", 10),
    ("vrrp_mcast_group4 224.0.0.99", "version 3|mcast_dst_ip 224.0.0.98|virtual_ipaddress {|198.51.100.100|}", 10),
    ("", "version 3|mcast_dst_ip ff02::98|virtual_ipaddress {|fe80::51|}", 10),
    (
        "vrrp_garp_master_delay 1|vrrp_garp_master_repeat 2|vrrp_version 3",
        "virtual_ipaddress {|198.51.100.100|198.51.100.101|}",
        6,
    ),
    ("vrrp_startup_delay 1|vrrp_garp_master_refresh 1", "version 3|virtual_ipaddress {|198.51.100.100|}", 8),
    ("vrrp_strict", "version 3|priority 255|virtual_ipaddress {|198.51.100.100|}", 10),
    ("", "version 3|use_vmac|vmac_xmit_base|unicast_peer {|198.51.100.2|}|virtual_ipaddress {|198.51.100.100/24|}", 10),
];

/// What keepalived knows from 2.4 on, or does otherwise: 2.2.7 asks for fewer repetitions where there is a pause between two.
const NEWER_ROWS: &[(&str, &str, usize)] = &[
    ("v3_checksum_as_v2", "version 3|virtual_ipaddress {|198.51.100.100|}", 10),
    ("", "version 3|v3_checksum_as_v2|virtual_ipaddress {|198.51.100.100|}", 10),
    ("", "version 3|priority 255|owner_ignore_adverts|virtual_ipaddress {|198.51.100.100|}", 10),
    (
        "vrrp_garp_master_delay 1|vrrp_garp_master_repeat 2|vrrp_garp_interval 0.1",
        "version 3|virtual_ipaddress {|198.51.100.100|198.51.100.101|}",
        8,
    ),
];

/// A socket that hears all that arrives in the namespace of a node.
fn listen(node: &Node) -> OwnedFd {
    let flags = SockFlag::SOCK_CLOEXEC | SockFlag::SOCK_NONBLOCK;
    node.inside(move |_| socket(AddressFamily::Packet, SockType::Raw, flags, SockProtocol::EthAll)).expect("a socket")
}

/// Adverts without those that are like the one before, and announcements; the number of a packet and its checksum are chance.
fn heard(socket: &OwnedFd) -> (Vec<String>, Vec<String>) {
    let (mut adverts, mut announcements) = (Vec::new(), Vec::new());
    let mut bytes = [0; 2048];
    while let Ok(length) = recv(socket.as_raw_fd(), &mut bytes, MsgFlags::empty()) {
        let frame = &mut bytes[..length];
        if frame[6..12] == NEIGHBOUR_MAC {
            continue;
        }
        let hex = |frame: &[u8]| frame.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
        match frame[12..14] {
            [0x08, 0x00] if frame[23] == 112 => {
                frame[18..20].fill(0);
                frame[24..26].fill(0);
                adverts.push(hex(frame));
            }
            [0x86, 0xdd] if frame[20] == 112 => adverts.push(hex(frame)),
            [0x08, 0x06] if frame[28..32] == frame[38..42] => announcements.push(hex(frame)),
            [0x86, 0xdd] if frame[20] == 58 && frame[54] == 136 => announcements.push(hex(frame)),
            _ => (),
        }
    }
    adverts.dedup();
    (adverts, announcements)
}

const NEIGHBOUR_MAC: [u8; 6] = [2, 0, 0, 0, 0, 2];

/// Nodes whose interfaces have the same addresses in every run.
fn two_nodes(lab: &Lab, which: Which) -> [Node; 2] {
    [("a", which, 1), ("b", Which::Evenkeel, 2)].map(|(name, which, host)| {
        let node = lab.node(name, which, 150, false);
        node.ip(&["link", "set", "eth0", "addrgenmode", "none", "down"]);
        node.ip(&["link", "set", "eth0", "address", &format!("02:00:00:00:00:0{host}"), "up"]);
        node.ip(&["addr", "add", &format!("fe80::ff:fe00:{host}/64"), "dev", "eth0", "nodad"]);
        node
    })
}

/// The router becomes master, says so long enough, and is stopped.
fn alone(which: Which, global: &str, lines: &str, at_least: usize) -> Vec<String> {
    let lab = Lab::new();
    let [mut a, b] = two_nodes(&lab, which);
    let socket = listen(&b);
    let interval = if lines.starts_with("version 2") { "1" } else { "0.25" };
    let head = format!("global_defs {{\n{global}\n}}\nvrrp_instance LAB {{\ninterface eth0\nvirtual_router_id 51\n");
    a.rewrite(|_| format!("{head}advert_int {interval}\n{lines}\n}}\n").replace('|', "\n"));
    a.start();
    lab.wait("it is master", ELECTION, || a.is_master("LAB"), &[&a]);
    thread::sleep(Duration::from_secs(7));
    let addresses = a.ip(&["-o", "addr", "show"]);
    a.stop();
    let (adverts, mut announcements) = heard(&socket);
    assert!(
        adverts.len() >= 2 && announcements.len() >= at_least,
        "{which:?} {lines}: {adverts:#?} {announcements:#?}"
    );
    announcements.truncate(at_least);
    let addresses = addresses.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text.to_owned());
    adverts.into_iter().chain(announcements).chain(addresses).collect()
}

/// Every row beside keepalived, all at once: most of their time is waiting.
fn compare<R: Sync>(rows: &[R], story: impl Fn(Which, &R) -> Vec<String> + Sync) {
    let Some(_) = lab::mixtures() else { return };
    let story = &story;
    let of_all = |which: Which| -> Vec<Vec<String>> {
        thread::scope(|scope| {
            let runs: Vec<_> = rows.iter().map(|row| scope.spawn(move || story(which, row))).collect();
            runs.into_iter().map(|run| run.join().expect("the story ends")).collect()
        })
    };
    let ours = of_all(Which::Evenkeel);
    if Which::Keepalived.exists() {
        for (place, (ours, theirs)) in ours.into_iter().zip(of_all(Which::Keepalived)).enumerate() {
            assert_eq!(ours, theirs, "row {place}, ours to the left");
        }
    }
}

#[test]
fn a_master_sends_what_keepalived_sends() {
    compare(ROWS, |which, (global, lines, at_least)| alone(which, global, lines, *at_least));
}

#[test]
fn a_master_sends_what_a_newer_keepalived_sends() {
    if Which::Keepalived.exists() && Which::Keepalived.signs_adverts() {
        compare(NEWER_ROWS, |which, (global, lines, at_least)| alone(which, global, lines, *at_least));
    } else {
        println!("skipped: the keepalived that is installed is an older one");
    }
}

/// How a master answers a lower and a higher router: settings of all, settings of one.
const ANSWERS: &[[&str; 2]] = &[
    ["", ""],
    ["vrrp_lower_prio_no_advert true", ""],
    ["", "lower_prio_no_advert true"],
    ["vrrp_higher_prio_send_advert true", ""],
    ["", "higher_prio_send_advert true"],
    ["vrrp_garp_lower_prio_repeat 3", ""],
    ["", "garp_lower_prio_repeat 2"],
    ["", "garp_lower_prio_repeat 2\ngarp_lower_prio_delay 1"],
    ["vrrp_skip_check_adv_addr", ""],
    ["", "nopreempt"],
    ["", "down_timer_adverts 1"],
    ["vrrp_check_unicast_src", ""],
    ["log_unknown_vrids", ""],
    ["vrrp_garp_lower_prio_repeat 2\nvrrp_garp_lower_prio_delay 1", ""],
];

/// A master of few words hears one advert of each kind.
fn beside_another(which: Which, [global, own]: &[&str; 2]) -> Vec<String> {
    let lab = Lab::new();
    let [mut a, b] = two_nodes(&lab, which);
    a.rewrite(|_| {
        format!(
            "global_defs {{\n{global}\n}}\nvrrp_instance LAB {{\ninterface eth0\nvirtual_router_id 51\npriority 150\n\
             advert_int 5\n{own}\nauthentication {{\nauth_type PASS\nauth_pass 1111\n}}\nvirtual_ipaddress {{\n\
             198.51.100.100\n}}\n}}\n"
        )
    });
    a.start();
    lab.wait("it listens", ELECTION, || a.log().contains("(LAB) Entering BACKUP STATE"), &[&a]);
    let say = |priority| {
        let mut advert = Advert::new();
        advert.body[2] = priority;
        advert.body[5] = 5;
        bad_adverts::send(&b, vec![advert.packet()]);
    };
    // Who takes over from silence gives way with a last word of its own, which keepalived has not.
    say(0);
    lab.wait("it is master", ELECTION, || a.is_master("LAB"), &[&a]);
    // Behind the second burst and an advert, long before the next.
    thread::sleep(Duration::from_millis(6000));
    let mut told = Vec::new();
    for priority in [100, 200] {
        let socket = listen(&b);
        let before = a.log().len();
        say(priority);
        thread::sleep(Duration::from_millis(2000));
        let (adverts, announcements) = heard(&socket);
        told.extend(adverts.into_iter().chain(announcements));
        let log = a.log()[before..].to_owned();
        let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text.to_owned());
        told.extend(lines.filter(|line| line.starts_with("(LAB)")));
    }
    a.stop();
    told
}

#[test]
fn a_master_answers_others_as_keepalived_does() {
    compare(ANSWERS, beside_another);
}
