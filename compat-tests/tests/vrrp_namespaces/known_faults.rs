//! Faults of keepalived that evenkeel does not have, a case each; README.md names them.

use evenkeel::ir::keepalived::system::System;
use evenkeel::process::machine::Machine;

use crate::lab::{self, Lab, Which};
use crate::{ELECTION, fast};

/// keepalived ends as a whole where the kernel has no IPVS, and its addresses stay. Where it has, evenkeel says at once that it
/// does not balance.
#[test]
fn a_virtual_server_without_ipvs_does_not_end_vrrp() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut node = lab.node("a", Which::Evenkeel, 150, false);
    node.runs_all = true;
    let server = "virtual_server 192.0.2.1 80 {\n  protocol TCP\n  lb_algo rr\n  lb_kind NAT\n  real_server 192.0.2.2 80 {\n  }\n}\n";
    node.rewrite(|text| format!("{text}{server}"));
    node.start();
    let is_missing = !Machine::default().has_ipvs();
    let line = if is_missing {
        "Virtual server [192.0.2.1]:tcp:80 is not served: the kernel has no IPVS"
    } else {
        "virtual_server is not served yet by evenkeel"
    };
    lab.wait("it is said", ELECTION, || node.log().contains(line), &[&node]);
    if is_missing {
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        node.reload();
        lab.wait("it is said again", ELECTION, || node.log().matches(line).count() == 2, &[&node]);
        node.stop();
    }
}

/// After a split the lower router leaves in silence with keepalived, and clients go on sending to it.
#[test]
fn the_master_announces_its_addresses_again_after_every_split() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut higher = lab.node("a", Which::Evenkeel, 150, false);
    let mut lower = lab.node("b", Which::Evenkeel, 100, false);
    for node in [&mut higher, &mut lower] {
        node.rewrite(fast);
        node.start();
    }
    lab.wait("one is master", ELECTION, || higher.holds() && !lower.holds(), &[&higher, &lower]);
    // Whoever speaks first after a healing is chance: both orders come up.
    for _ in 0..4 {
        lab.cut("a", true);
        lab.wait("both are master", ELECTION, || lower.holds(), &[&higher, &lower]);
        let before = higher.log().len();
        lab.cut("a", false);
        let announces = || {
            let log = higher.log();
            let heard = log[before..].split_once("with lower priority 100, ours 150, forcing new election");
            heard.is_some_and(|(_, after)| after.contains("Sending gratuitous ARP on eth0 for 198.51.100.100"))
        };
        lab.wait("it announces", ELECTION, announces, &[&higher, &lower]);
        lab.wait("one is left", ELECTION, || !lower.holds(), &[&higher, &lower]);
    }
    lower.stop();
    higher.stop();
}

/// keepalived forgets the word as soon as an instance tracks the script.
#[test]
fn a_script_with_init_fail_has_failed_until_it_succeeds() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut node = lab.node("a", Which::Evenkeel, 150, false);
    node.rewrite(|text| {
        let text = text.replace("/usr/bin/test ! -e", "/usr/bin/tail -f /dev/null");
        text.replace("timeout 20\n", "timeout 1000\n  init_fail\n")
    });
    node.start();
    let counts = || node.status().contains("priority 130 = 150 - 20 (script chk)");
    lab.wait("the script counts as failed while it runs for the first time", ELECTION, counts, &[&node]);
    node.rewrite(|text| text.replace("/usr/bin/tail -f /dev/null", "/usr/bin/true"));
    node.reload();
    lab.wait("it succeeds", ELECTION, || node.log().contains("from 130 to 150"), &[&node]);
    node.stop();
}

/// keepalived 2.4 leaves it in the kernel when its router is master no more.
#[test]
fn a_route_without_tracking_leaves_with_its_router() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut node = lab.node("a", Which::Evenkeel, 150, false);
    let route = "203.0.113.0/24 dev eth0";
    let routes = format!("virtual_routes {{\n    {route} no_track\n  }}\n  track_script");
    node.rewrite(|text| crate::fast(text).replace("track_script", &routes).replace("weight -20", "weight 0"));
    node.start();
    let is_there = || node.ip(&["route"]).contains(route);
    lab.wait("the route is there", ELECTION, is_there, &[&node]);
    node.fail_script(true);
    lab.wait("the route is gone", ELECTION, || !is_there(), &[&node]);
    node.stop();
}
