//! What strangers, the kernel and scripts may throw at a master without end: it goes on sending, stays master, and misses nothing.

use std::fs;
use std::io::{Read, Write};
use std::net::Ipv4Addr;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use evenkeel::sys::raw_socket::FrameSocket;
use evenkeel::wire::arp;
use nix::fcntl::OFlag;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ELECTION;
use crate::bad_adverts::{self, Advert};
use crate::lab::{self, Lab, Node, Which};

/// As many adverts of the master as the backup's timer is long, and one more.
const ADVERTS: usize = 5;
const STRANGER: [u8; 6] = [2, 0, 0, 0, 9, 9];

fn pair(lab: &Lab, change: impl Fn(&str) -> String) -> (Node, Node) {
    let mut a = lab.node("a", Which::Evenkeel, 150, false);
    let mut b = lab.node("b", Which::Evenkeel, 100, false);
    a.rewrite(change);
    a.start();
    lab.wait("a is master", ELECTION, || a.holds(), &[&a]);
    b.start();
    lab.wait("b listens", ELECTION, || b.log().contains("(LAB) Entering BACKUP STATE"), &[&a, &b]);
    lab.wait("b hears it", ELECTION, || heard(&b) > 0, &[&a, &b]);
    (a, b)
}

/// How many adverts a router has heard.
fn heard(node: &Node) -> usize {
    let statistics = node.dump("STATS", "keepalived.stats");
    let count = statistics.lines().find_map(|line| line.strip_prefix("    Received: "));
    count.and_then(|count| count.parse().ok()).unwrap_or_default()
}

/// Goes on with a nuisance until the backup has heard the master often enough to have missed it otherwise.
fn live_through(mut nuisance: impl FnMut(), a: &Node, b: &Node) {
    let before = heard(b);
    while heard(b) < before + ADVERTS {
        nuisance();
        assert!(!b.is_master("LAB"), "nobody heard the master:\n{}\n{}", a.log(), b.log());
    }
    assert!(a.holds() && !b.holds());
    let changes = a.log().matches("(LAB) Entering MASTER STATE").count();
    assert_eq!(changes, 1, "it was master all the time: {}", a.log());
}

/// keepalived 2.2.7 sends nothing meanwhile, and logs each packet.
#[test]
fn bad_adverts_without_end_silence_nobody_and_fill_no_log() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let (mut a, mut b) = pair(&lab, |text| text.to_owned());
    let packets: Vec<Vec<u8>> = bad_adverts::refused().iter().map(Advert::packet).collect();
    let kinds = packets.len();
    let flood = || (0..200).for_each(|_| bad_adverts::send(&b, packets.clone()));
    live_through(flood, &a, &b);
    let told = a.log().matches("from 198.51.100.2").count();
    assert!(told <= kinds, "a line for each of {kinds} kinds at most: {}", a.log());
    a.stop();
    b.stop();
}

/// Announcements and questions of somebody who claims to have the virtual address, the router's own, or another.
#[test]
fn arp_without_end_takes_no_address_away() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let (mut a, mut b) = pair(&lab, |text| text.to_owned());
    let claims = [100, 1, 7].map(|host| arp::gratuitous(STRANGER, Ipv4Addr::new(198, 51, 100, host)));
    let flood = || {
        b.inside(move |index| {
            let socket = FrameSocket::open().expect("a socket for frames");
            // A frame that finds the queue full is lost, as on any cable.
            (0..20_000).for_each(|number| _ = socket.send(&claims[number % claims.len()], index));
        });
    };
    live_through(flood, &a, &b);
    a.stop();
    b.stop();
}

/// Commands for ip(8) that add and take away so many addresses which concern no router.
fn churn(node: &Node, addresses: usize) -> String {
    let path = node.configuration() + ".batch";
    let address = |number: usize| format!("10.{}.{}.1/32 dev lo", number >> 8, number & 255);
    let lines = (0..addresses).map(|number| format!("addr add {0}\naddr del {0}\n", address(number)));
    fs::write(&path, lines.collect::<String>()).expect("a file");
    path
}

#[test]
fn changes_of_the_kernel_without_end_silence_nobody() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let (mut a, mut b) = pair(&lab, |text| text.to_owned());
    let batch = churn(&a, 5_000);
    live_through(|| _ = a.ip(&["-batch", &batch]), &a, &b);
    a.stop();
    b.stop();
}

/// The kernel's queue has run over while the router could not read: it asks for what there is. keepalived stays without the address.
#[test]
fn what_the_kernel_could_not_tell_is_asked_for() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let (mut a, mut b) = pair(&lab, |text| text.to_owned());
    b.stop();
    let batch = churn(&a, 5_000);
    let vrrp = Pid::from_raw(a.pid(true));
    kill(vrrp, Signal::SIGSTOP).expect("it runs");
    a.ip(&["-batch", &batch]);
    a.ip(&["addr", "del", "198.51.100.100/24", "dev", "eth0"]);
    let sockets = fs::read_to_string(format!("/proc/{vrrp}/net/netlink")).expect("the kernel has it");
    let has_lost = |line: &str| line.split_ascii_whitespace().nth(8).is_some_and(|drops| drops.parse() != Ok(0));
    assert!(sockets.lines().skip(1).any(has_lost), "nothing was lost, so nothing is shown: {sockets}");
    kill(vrrp, Signal::SIGCONT).expect("it runs");
    lab.wait("the address is back", ELECTION, || a.holds(), &[&a]);
    let told = "Netlink: Receive buffer overrun on monitor socket - (No buffer space available)";
    assert!(a.log().contains(told), "{}", a.log());
    a.stop();
}

/// What nobody reads is lost; what comes after somebody has read is whole.
#[test]
fn a_full_fifo_holds_nobody_up() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut node = lab.node("a", Which::Evenkeel, 150, false);
    let (path, _) = node.fifo();
    assert!(Command::new("mkfifo").arg(&path).status().expect("mkfifo(1) is there").success());
    let mut options = fs::OpenOptions::new();
    let mut fifo = options.read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(&path).expect("a FIFO");
    while fifo.write(&[b'x'; 1024]).is_ok() {}
    node.rewrite(|text| text.replacen("global_defs {", &format!("global_defs {{\n  vrrp_notify_fifo {path}"), 1));
    node.start();
    lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
    let mut lost = [0; 65_536];
    while fifo.read(&mut lost).is_ok_and(|len| len > 0) {}
    assert!(lost.iter().all(|byte| *byte == b'x'), "the lines of the start were lost");
    node.cable(false);
    lab.wait("it is in FAULT", ELECTION, || node.log().contains("Entering FAULT STATE"), &[&node]);
    node.stop();
    let mut lines = [0; 4096];
    let len = fifo.read(&mut lines).expect("there is something");
    let lines = String::from_utf8_lossy(&lines[..len]).into_owned();
    assert_eq!(lines, "INSTANCE \"LAB\" FAULT 150\nINSTANCE \"LAB\" STOP 150\n");
}

#[test]
fn a_log_that_takes_nothing_holds_nobody_up() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut a = lab.node("a", Which::Evenkeel, 101, false);
    let mut b = lab.node("b", Which::Evenkeel, 100, false);
    a.start_logging_to("/dev/full");
    lab.wait("a is master", ELECTION, || a.holds(), &[&a]);
    b.start();
    a.fail_script(true);
    lab.wait("b takes over by weight", ELECTION, || b.holds() && !a.holds(), &[&a, &b]);
    a.fail_script(false);
    lab.wait("a takes it back", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
    a.stop();
    lab.wait("b takes over after a stop", ELECTION, || b.holds() && !a.holds(), &[&a, &b]);
    b.stop();
}

const SCRIPTS: usize = 200;

/// All begin at once and have to be killed, again and again.
#[test]
fn scripts_that_hang_by_the_hundred_silence_nobody() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let block = "  script \"/usr/bin/tail -f /dev/null\"\n  interval 1\n  timeout 2\n  weight 1\n";
    let blocks: String = (0..SCRIPTS).map(|number| format!("vrrp_script s{number} {{\n{block}}}\n")).collect();
    let names: String = (0..SCRIPTS).map(|number| format!("    s{number}\n")).collect();
    let (mut a, mut b) = pair(&lab, |text| {
        let text = text.replace("vrrp_instance LAB", &format!("{blocks}vrrp_instance LAB"));
        text.replace("track_script {\n", &format!("track_script {{\n{names}"))
    });
    let has_failed = |number| a.log().contains(&format!("VRRP_Script(s{number}) timed_out"));
    live_through(|| (), &a, &b);
    lab.wait("all have been killed", ELECTION, || (0..SCRIPTS).all(has_failed), &[&a]);
    live_through(|| (), &a, &b);
    a.stop();
    lab.wait("none is left", ELECTION, || !a.programs().contains(&"tail".to_owned()), &[&a]);
    b.stop();
}
