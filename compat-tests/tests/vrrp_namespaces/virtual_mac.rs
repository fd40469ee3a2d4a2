//! Interfaces with a virtual MAC address, and delays of interfaces, beside keepalived.

use nix::sys::signal::Signal;

use crate::ELECTION;
use crate::lab::{self, Lab, Node, Which};

/// Two families, addresses on two interfaces; what the kernel reports of groups leaves from below.
const CONFIGURATION: &str = "global_defs {
  vmac_prefix vm
  vmac_addr_prefix adr
}
vrrp_instance A {
  interface eth0
  virtual_router_id 5
  version 3
  advert_int 0.1
  use_vmac
  use_vmac_addr
  garp_master_delay 1
  garp_extra_if all 1
  virtual_ipaddress {
    198.51.100.100/24
    192.0.2.50/24 dev eth1
    192.0.2.51/24 dev eth1
  }
}
vrrp_instance B {
  interface eth0
  virtual_router_id 5
  version 3
  advert_int 0.1
  use_vmac
  virtual_ipaddress {
    fe80::50
    2001:db8::50/64
  }
}
";

/// The kernel's picture without numbers that change from run to run.
fn picture(node: &Node) -> String {
    let links = node.ip(&["-o", "link", "show", "type", "macvlan"]);
    let mut links: Vec<String> =
        links.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text.into()).collect();
    links.sort();
    let addresses = ["vm.5", "vm6.5", "adr.5"].map(|name| node.ip(&["-br", "addr", "show", "dev", name]));
    links.join("\n") + "\n" + &addresses.concat() + &node.ruleset().unwrap_or_default()
}

fn add_second_interface(node: &Node) {
    node.ip(&["link", "add", "eth1", "type", "veth", "peer", "name", "other1"]);
    for interface in ["eth1", "other1"] {
        node.ip(&["link", "set", interface, "up"]);
    }
}

/// What is said of interfaces and announcements; of bursts the lines that begin one.
fn said(node: &Node, words: &[&str]) -> Vec<String> {
    let log = node.log();
    let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
    lines.filter(|line| words.iter().any(|word| line.contains(word))).map(str::to_owned).collect()
}

#[test]
fn addresses_have_interfaces_as_with_keepalived() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> (String, Vec<String>) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        // An address on trial has no say in where adverts come from.
        node.ip(&["link", "set", "eth0", "addrgenmode", "none", "down"]);
        node.ip(&["link", "set", "eth0", "address", "02:00:00:00:00:01", "up"]);
        node.ip(&["addr", "add", "fe80::ff:fe00:1/64", "dev", "eth0", "nodad"]);
        add_second_interface(&node);
        node.rewrite(|_| CONFIGURATION.to_owned());
        node.start();
        lab.wait("both are master", ELECTION, || node.is_master("A") && node.is_master("B"), &[&node]);
        let further = "(A) Sending/queueing gratuitous ARPs on adr.5 for 192.0.2.50";
        let is_announced = || node.log().matches(further).count() >= 4;
        lab.wait("it is announced for itself", ELECTION, is_announced, &[&node]);
        let picture = picture(&node);
        assert!(!node.log().contains("send advert error"), "{which:?}: {}", node.log());
        node.stop();
        assert_eq!(node.ip(&["-o", "link", "show", "type", "macvlan"]), "", "{which:?}");
        let devices = said(&node, &["VMAC interface"]);
        let mut announced = said(&node, &["(A) Sending/queueing"]);
        announced.truncate(announced.iter().position(|line| line.contains("adr.5")).map_or(0, |place| place + 2));
        (picture, [devices, announced].concat())
    };
    let (picture, said) = story(Which::Evenkeel);
    assert!(picture.contains("fe80::ff:fe00:1/64") && said.len() > 6, "{picture}\n{said:#?}");
    if Which::Keepalived.exists() {
        let (theirs, they_said) = story(Which::Keepalived);
        assert_eq!(picture, theirs);
        assert_eq!(said, they_said);
    }
}

/// The virtual address is one of the interface that adverts leave from, and both routers may have it.
#[test]
fn adverts_name_the_router_and_not_its_virtual_address() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let [mut a, mut b] = [("a", which, 150), ("b", Which::Evenkeel, 100)].map(|(name, which, priority)| {
            let node = lab.node(name, which, priority, false);
            let text = |text: &str| text.replace("198.51.100.100/24", "fe80::77");
            node.rewrite(|old| text(&crate::fast(old)).replace("virtual_router_id", "use_vmac\n  virtual_router_id"));
            node
        });
        b.start();
        lab.wait("b is master", ELECTION, || b.is_master("LAB"), &[&b]);
        a.start();
        lab.wait("b gives way", ELECTION, || b.log().contains("with higher priority 150"), &[&a, &b]);
        lab.wait("a is master", ELECTION, || a.is_master("LAB"), &[&a, &b]);
        a.stop();
        let handed_over = || b.log().matches("(LAB) Entering MASTER STATE").count() > 1;
        lab.wait("b takes over", ELECTION, handed_over, &[&a, &b]);
        assert!(!b.log().contains("master changed from"), "{which:?}: {}", b.log());
        b.stop();
    }
}

/// What an earlier process left is used again, and after a reload too.
#[test]
fn an_interface_that_is_there_is_used() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|text| crate::fast(text).replace("virtual_router_id", "use_vmac\n  virtual_router_id"));
        let made = ["link", "add", "left", "link", "eth0", "address", "00:00:5e:00:01:33", "type", "macvlan"];
        node.ip(&[&made[..], &["mode", "private"]].concat());
        node.ip(&["link", "set", "left", "up"]);
        node.start();
        let holds = || node.ip(&["-o", "addr", "show", "dev", "left"]).contains("198.51.100.100/24");
        lab.wait("it is master", ELECTION, holds, &[&node]);
        node.reload();
        lab.wait("it is found", ELECTION, || node.log().matches("Found matching").count() > 1, &[&node]);
        node.stop();
        said(&node, &["matching interface", "VMAC interface"])
    };
    let ours = story(Which::Evenkeel);
    let found = "(LAB) Found matching interface left";
    assert_eq!(ours, [found, found, "(LAB) Success removing VMAC interface left"]);
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// A filter that would drop all that comes to the virtual addresses: their interface has none, the others keep theirs.
#[test]
fn a_filter_for_all_interfaces_is_left_to_the_others() {
    let Some(_) = lab::mixtures() else { return };
    let filters = |node: &Node, interfaces: &[&str]| -> Vec<String> {
        let paths: Vec<_> = interfaces.iter().map(|one| format!("/proc/sys/net/ipv4/conf/{one}/rp_filter")).collect();
        node.inside(move |_| {
            let read = |path| std::fs::read_to_string(path).expect("the interface is there").trim().to_owned();
            paths.into_iter().map(read).collect()
        })
    };
    let story = |which: Which| -> (Vec<String>, Vec<String>, Vec<String>) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        for setting in ["all/rp_filter=1", "default/rp_filter=0", "eth0/rp_filter=0", "lo/rp_filter=2"] {
            node.set_ipv4(&format!("conf/{setting}"));
        }
        node.rewrite(|text| crate::fast(text).replace("virtual_router_id", "use_vmac\n  virtual_router_id"));
        node.start();
        lab.wait("it is master", ELECTION, || node.is_master("LAB"), &[&node]);
        let others = ["all", "default", "eth0", "lo"];
        let running = filters(&node, &[&others[..], &["vrrp.51"]].concat());
        node.stop();
        (running, filters(&node, &others), said(&node, &["rp_filter"]))
    };
    let ours = story(Which::Evenkeel);
    assert_eq!(
        (&ours.0[..], &ours.1[..]),
        (&["0", "1", "1", "2", "0"].map(String::from)[..], &["1", "0", "0", "2"].map(String::from)[..])
    );
    assert_eq!(ours.2.len(), 4, "{:?}", ours.2);
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// `disable_local_igmp` holds as long as the daemon runs, and needs no rule of a firewall.
#[test]
fn the_kernel_reports_no_local_groups() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|text| {
            let text = crate::fast(text).replace("virtual_router_id", "use_vmac\n  virtual_router_id");
            text.replacen("global_defs {", "global_defs {\n  disable_local_igmp", 1)
        });
        let reports = |node: &Node| {
            let path = "/proc/sys/net/ipv4/igmp_link_local_mcast_reports";
            node.inside(move |_| std::fs::read_to_string(path).expect("the kernel has it"))
        };
        assert_eq!(reports(&node), "1\n");
        node.start();
        lab.wait("it is master", ELECTION, || node.is_master("LAB"), &[&node]);
        assert_eq!(reports(&node), "0\n", "{which:?}");
        assert!(!node.ruleset().is_some_and(|rules| rules.contains("vmac_map")), "{which:?}");
        node.stop();
        assert_eq!(reports(&node), "1\n", "{which:?}");
    }
}

/// A short interruption is none; a long one counts when the delay is over.
#[test]
fn an_interface_may_be_down_for_a_moment() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|text| {
            let text = text.replacen("global_defs {", "interface_up_down_delays {\n  eth1 60 1\n}\nglobal_defs {", 1);
            crate::fast(&text).replace("track_script {", "track_interface {\n    eth1\n  }\n  track_script {")
        });
        add_second_interface(&node);
        node.start();
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        let delays = |count| node.log().matches("eth1: Adding flags change").count() == count;
        node.ip(&["link", "set", "eth1", "down"]);
        lab.wait("it is noted", ELECTION, || delays(1), &[&node]);
        node.ip(&["link", "set", "eth1", "up"]);
        node.ip(&["link", "set", "eth1", "down"]);
        lab.wait("it is noted again", ELECTION, || delays(2), &[&node]);
        node.ip(&["link", "set", "eth1", "up"]);
        node.rewrite(|text| text.replace("eth1 60 1", "eth1 0.1 0.5"));
        let reloads = node.log().matches("Reload").count();
        node.signal(Signal::SIGHUP);
        lab.wait("it has the new delays", ELECTION, || node.log().matches("Reload").count() > reloads, &[&node]);
        node.ip(&["link", "set", "eth1", "down"]);
        lab.wait("it gives up", ELECTION, || !node.holds(), &[&node]);
        node.ip(&["link", "set", "eth1", "up"]);
        lab.wait("it is master again", ELECTION, || node.holds(), &[&node]);
        node.stop();
        said(&node, &["eth1: ", "reports eth1"])
    };
    let ours = story(Which::Evenkeel);
    assert!(ours.iter().any(|line| line == "Netlink reports eth1 down"), "{ours:#?}");
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// An interface that was made goes up and down with the one below, and may do so for as long.
#[test]
fn an_interface_above_has_the_delays_of_the_one_below() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|text| {
            let text = text.replacen("global_defs {", "interface_up_down_delays {\n  eth0 0.5 1\n}\nglobal_defs {", 1);
            crate::fast(&text).replace("virtual_router_id", "use_vmac\n  virtual_router_id")
        });
        node.start();
        lab.wait("it is master", ELECTION, || node.is_master("LAB"), &[&node]);
        node.ip(&["link", "set", "eth0", "down"]);
        let is_noted = || node.log().contains("vrrp.51: Adding flags change");
        lab.wait("it is noted", ELECTION, is_noted, &[&node]);
        lab.wait("it counts", ELECTION, || node.log().contains("Entering FAULT STATE"), &[&node]);
        node.stop();
        let mut said = said(&node, &["vrrp.51: ", "eth0: ", "reports"]);
        said.sort_unstable();
        said
    };
    let ours = story(Which::Evenkeel);
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// An interface that comes, changes its hardware address and goes is told of, even if nobody follows it.
#[test]
fn interfaces_that_come_and_go_are_told() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.start();
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        let told = |what: &str| lab.wait(what, ELECTION, || node.log().contains(what), &[&node]);
        let (first, second) = ("02:00:00:00:00:61", "02:00:00:00:00:62");
        node.ip(&["link", "add", "ek61", "address", first, "type", "veth", "peer", "name", "ek62", "address", second]);
        told("Interface ek61 added");
        node.ip(&["link", "set", "ek61", "address", "02:00:00:00:00:63"]);
        told("(ek61) MAC Address changed from");
        node.ip(&["link", "del", "ek61"]);
        told("Interface ek61 deleted");
        told("Interface ek62 deleted");
        node.stop();
        said(&node, &["Interface ek", "(ek6"])
    };
    let ours = story(Which::Evenkeel);
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// An interface that was made for an instance is one of its own: without it there is FAULT, and one that is deleted comes back.
#[test]
fn a_virtual_interface_that_somebody_takes_away_is_missed() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|text| super::fast(text).replace("virtual_router_id", "use_vmac\n  virtual_router_id"));
        node.start();
        let became = |state: &str, times: usize| {
            let line = format!("(LAB) Entering {state} STATE");
            lab.wait(&line, ELECTION, || node.log().matches(&line).count() == times, &[&node]);
        };
        became("MASTER", 1);
        node.ip(&["link", "set", "vrrp.51", "down"]);
        became("FAULT", 1);
        node.ip(&["link", "set", "vrrp.51", "up"]);
        became("MASTER", 2);
        node.ip(&["link", "del", "vrrp.51"]);
        became("MASTER", 3);
        let has_address = || node.ip(&["addr", "show", "dev", "vrrp.51"]).contains(" 198.51.100.100/24 ");
        lab.wait("the address is there again", ELECTION, has_address, &[&node]);
        node.stop();
        let words = ["Entering", "VIPs", "deleted", "Success", "Netlink reports", "Failed"];
        said(&node, &words).into_iter().skip_while(|line| !line.contains("Entering MASTER")).collect()
    };
    let ours = story(Which::Evenkeel);
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// Who does not follow its own interface does not follow the one that was made for it either, but never is master for long without
/// its addresses.
#[test]
fn a_master_that_follows_no_interface_gets_its_own_back() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> (Vec<String>, Option<String>) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        // The skew time is far longer than the kernel takes for all that it says of a deleted interface.
        let slow = |text: &str| super::fast(text).replace("advert_int 0.1", "advert_int 1");
        let keywords = "use_vmac\n  no_accept\n  dont_track_primary\n  virtual_router_id";
        node.rewrite(|text| slow(text).replace("virtual_router_id", keywords));
        node.start();
        let told = |line: &str, times: usize| {
            lab.wait(line, ELECTION, || node.log().matches(line).count() == times, &[&node]);
        };
        told("(LAB) Entering MASTER STATE", 1);
        node.ip(&["link", "set", "vrrp.51", "down"]);
        told("Netlink reports vrrp.51 down", 1);
        node.ip(&["link", "set", "vrrp.51", "up"]);
        told("Netlink reports vrrp.51 up", 1);
        node.ip(&["link", "del", "vrrp.51"]);
        told("(LAB) Entering MASTER STATE", 2);
        let has_address = || node.ip(&["addr", "show", "dev", "vrrp.51"]).contains(" 198.51.100.100/");
        lab.wait("the address is there again", ELECTION, has_address, &[&node]);
        let ruleset = node.ruleset();
        node.stop();
        let words = ["Entering", "VIPs", "eleted", "Success", "Netlink re", "error", "Error", "sent 0", "firewall"];
        let said = said(&node, &words).into_iter().skip_while(|line| !line.contains("Entering MASTER"));
        // While it is down an advert may be due.
        (said.filter(|line| !line.contains("error 101")).collect(), ruleset)
    };
    let ours = story(Which::Evenkeel);
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}
