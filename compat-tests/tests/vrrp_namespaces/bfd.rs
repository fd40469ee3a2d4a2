//! BFD between two routers: one goes to FAULT without the other, the other loses priority; ours and keepalived's understand
//! each other and say the same.

use std::collections::BTreeSet;

use crate::ELECTION;
use crate::lab::{self, Lab, Node, Which};

/// Slow enough for a machine with other work: a session ends after a second of silence.
fn session(host: u8, neighbor: u8, further: &str) -> String {
    format!(
        "bfd_instance peer {{\n  source_ip 198.51.100.{host}\n  neighbor_ip 198.51.100.{neighbor}\n  min_rx 200\n  min_tx \
         200\n  multiplier 5\n  {further}\n}}\n"
    )
}

fn follow(node: &Node, session: &str, weight: &str) {
    let track = format!("vrrp_instance LAB {{\n  track_bfd {{\n    peer {weight}\n  }}\n");
    node.rewrite(|text| session.to_owned() + &text.replacen("vrrp_instance LAB {\n", &track, 1));
}

/// A build of keepalived may be without.
fn know_bfd((first, second): &(Which, Which)) -> bool {
    first.knows_bfd() && second.knows_bfd()
}

/// A line of the log without its date, every number in it as `N`.
fn masked(line: &str) -> String {
    let text = line.split_once(": ").map_or(line, |(_, text)| text);
    let mut words = String::new();
    for character in text.chars() {
        match character {
            '0'..='9' if words.ends_with('N') => {}
            '0'..='9' => words.push('N'),
            other => words.push(other),
        }
    }
    words
}

/// What was said of the session.
fn said(node: &Node) -> BTreeSet<String> {
    node.log().lines().filter(|line| line.contains("peer") && !line.contains("Command line")).map(masked).collect()
}

#[test]
fn a_router_without_its_neighbour_gives_way() {
    let Some(mixtures) = lab::mixtures() else { return };
    let mut stories = Vec::new();
    for (first, second) in mixtures.into_iter().filter(know_bfd) {
        let lab = Lab::new();
        let mut a = lab.node("a", first, 101, true);
        let mut b = lab.node("b", second, 100, false);
        follow(&a, &session(1, 2, ""), "");
        follow(&b, &session(2, 1, ""), "weight -20");
        a.start();
        lab.wait("a is in FAULT without b", ELECTION, || a.log().contains("(LAB) entering FAULT state"), &[&a]);
        b.start();
        lab.wait("a is master with b", ELECTION, || a.holds(), &[&a, &b]);
        let back = "(LAB) Changing effective priority from 80 to 100";
        lab.wait("b has its priority", ELECTION, || b.log().contains(back), &[&a, &b]);
        b.stop();
        let down = "VRRP_Instance(LAB) Tracked BFD instance peer is DOWN";
        lab.wait("a misses b", ELECTION, || a.log().contains(down) && !a.holds(), &[&a, &b]);
        stories.push((first, said(&a)));
        b.start();
        lab.wait("a is master again", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        a.stop();
        b.stop();
    }
    for (which, story) in &stories {
        assert_eq!(*story, stories[0].1, "{which:?}");
    }
}

/// Over several hops packets go to another port, and no router in between ends the session. 2.2 does not know the word.
#[test]
fn a_session_may_pass_routers() {
    let Some(mixtures) = lab::mixtures() else { return };
    let know_hops = |(first, second): &(Which, Which)| first.signs_adverts() && second.signs_adverts();
    for (first, second) in mixtures.into_iter().filter(know_bfd).filter(know_hops) {
        let lab = Lab::new();
        let mut a = lab.node("a", first, 101, true);
        let mut b = lab.node("b", second, 100, false);
        follow(&a, &session(1, 2, "multihop\n  max_hops 10"), "");
        follow(&b, &session(2, 1, "multihop\n  ttl 250\n  max_hops 10"), "");
        a.start();
        b.start();
        lab.wait("a is master with b", ELECTION, || a.holds(), &[&a, &b]);
        b.stop();
        lab.wait("a is in FAULT without b", ELECTION, || !a.holds(), &[&a, &b]);
        a.stop();
    }
}

/// `-B` runs no sessions: who needs one stays in FAULT.
#[test]
fn without_sessions_a_router_waits() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Keepalived, Which::Evenkeel].into_iter().filter(|which| which.exists() && which.knows_bfd()) {
        let lab = Lab::new();
        let mut a = lab.node("a", which, 150, true);
        follow(&a, &session(1, 2, ""), "");
        a.start_with(&["--no_bfd"]);
        lab.wait("a is in FAULT", ELECTION, || a.log().contains("(LAB) entering FAULT state"), &[&a]);
        let sockets = a.inside(|_| std::fs::read_to_string("/proc/thread-self/net/udp").expect("the kernel has it"));
        assert!(!sockets.contains(":0EC8"), "{which:?} hears the port of BFD: {sockets}");
        a.stop();
    }
}
