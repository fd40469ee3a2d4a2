//! Static addresses and routes: they come back when someone takes them away, and a `track_group` ties routers to them.

use crate::ELECTION;
use crate::lab::{self, Lab, Node, Which};

const ITEMS: &str = "track_group TG {
  group {
    LAB
  }
}
static_ipaddress {
  192.0.2.1/24 dev eth1 track_group TG
  192.0.2.5/24 dev eth1
  192.0.2.6/24 dev eth1 no_track
}
static_routes {
  192.0.3.0/24 via 192.0.2.9 dev eth1 track_group TG
}
static_rules {
  from 192.0.2.0/24 lookup 100 priority 77 iif eth1 track_group TG
}
vrrp_instance LAB {
";

/// What is said of them.
fn said(node: &Node) -> Vec<String> {
    let log = node.log();
    let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
    lines.filter(|line| line.starts_with("Restoring") || line.contains("FAULT")).map(str::to_owned).collect()
}

#[test]
fn what_is_taken_away_comes_back_and_routers_need_its_interface() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|text| text.replacen("vrrp_instance LAB {\n", ITEMS, 1));
        node.ip(&["link", "add", "eth1", "type", "veth", "peer", "name", "other1"]);
        for interface in ["eth1", "other1"] {
            node.ip(&["link", "set", interface, "up"]);
        }
        node.start();
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        let restored = |count| said(&node).iter().filter(|line| line.starts_with("Restoring")).count() >= count;
        // Both are further addresses of a network: the first one stays where it is.
        for (address, count) in [("192.0.2.6/24", 0), ("192.0.2.5/24", 1)] {
            node.ip(&["addr", "del", address, "dev", "eth1"]);
            lab.wait("it is back, if it may", ELECTION, || restored(count), &[&node]);
        }
        node.ip(&["link", "set", "eth1", "down"]);
        lab.wait("a router without its interface lets go", ELECTION, || !node.holds(), &[&node]);
        node.ip(&["link", "set", "eth1", "up"]);
        lab.wait("it is master again", ELECTION, || node.holds(), &[&node]);
        let addresses = node.ip(&["-4", "-br", "addr", "show", "dev", "eth1"]);
        assert!(addresses.contains("192.0.2.5/24") && !addresses.contains("192.0.2.6/24"), "{which:?}: {addresses}");
        assert!(node.routing().contains("192.0.3.0/24 via 192.0.2.9"), "{which:?}: {}", node.routing());
        let said = said(&node);
        node.stop();
        assert!(!node.log().contains("RTM_DELADDR"), "{which:?}: {}", node.log());
        said
    };
    let ours = story(Which::Evenkeel);
    assert!(ours.contains(&"(LAB) Entering FAULT STATE".to_owned()), "{ours:#?}");
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}
