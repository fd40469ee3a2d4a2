//! What parent and child say of a start and a reload, in which order, beside keepalived.

use crate::ELECTION;
use crate::lab::{self, Lab, Node, Which};

/// Faults in the parent's part of the file and in the child's, and sockets of every kind out of the order of their addresses.
const CONFIGURATION: &str = "global_defs {
  router_id ek
  script_user root
  enable_script_security
  nonsense_of_all
}
vrrp_script chk {
  script /bin/true
  interval 1
}
vrrp_instance TWO {
  interface eth0
  virtual_router_id 52
  nonsense_of_one
  advert_int 0.2
  unicast_peer {
    198.51.100.77
  }
  virtual_ipaddress {
    198.51.100.102
  }
}
vrrp_instance LAB {
  interface eth0
  virtual_router_id 51
  advert_int 0.2
  virtual_ipaddress {
    198.51.100.100/24
  }
  track_script {
    chk
    unknown
  }
}
vrrp_instance SIX {
  interface eth0
  virtual_router_id 53
  version 3
  virtual_ipaddress {
    fe80::53
  }
}
";

/// Each process says its own part of the file when it has begun to read; a start or a reload is complete when the child has read all.
#[test]
fn a_start_and_a_reload_are_told_in_keepalived_s_order() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|_| CONFIGURATION.to_owned());
        node.start();
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        node.reload();
        let pools = || node.log().matches("VRRP sockpool").count() == 6;
        lab.wait("it has reloaded", ELECTION, || pools() && node.log().contains("Reload complete"), &[&node]);
        node.stop();
        lines(&node)
    };
    let ours = story(Which::Evenkeel);
    let place = |line: &str| ours.iter().position(|known| known == line).unwrap_or_else(|| panic!("{line}: {ours:#?}"));
    assert!(place("Registering gratuitous NDISC shared channel") < place("Startup complete"), "{ours:#?}");
    assert!(place("Reloading") < place("Reload complete"), "{ours:#?}");
    if Which::Keepalived.exists() {
        // The parent hears of it while the child goes on.
        let in_order = |lines: Vec<String>| lines.into_iter().filter(|line| !line.ends_with(" complete")).collect();
        let [ours, theirs]: [Vec<String>; 2] = [ours, story(Which::Keepalived)].map(in_order);
        assert_eq!(ours, theirs);
    }
}

/// Without what belongs to one program or run: texts before the file is opened, numbers of processes and descriptors, a hint at an
/// option without a meaning here, what instances do meanwhile.
fn lines(node: &Node) -> Vec<String> {
    let log = node.log();
    let texts = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
    let own = ["NOTICE: ", "Starting VRRP child process", "VRRP_Script(chk) succeeded", "Assigned address fe80"];
    let told = texts.skip_while(|text| !text.starts_with("Opening file")).filter(|text| {
        !own.iter().any(|word| text.starts_with(word))
            && !["(TWO)", "(LAB)", "(SIX)"].iter().any(|of| text.starts_with(of))
    });
    let told = told.filter(|text| !text.contains("gratuitous ARP on") && !text.contains("Neighbour Advert"));
    let told = told.take_while(|text| !text.starts_with("Stopping"));
    told.map(|text| without_descriptors(&text.replace(&node.configuration(), "FILE"))).collect()
}

fn without_descriptors(text: &str) -> String {
    match text.split_once("fd(").and_then(|(before, after)| Some((before, after.split_once(')')?.1))) {
        Some((before, after)) => format!("{before}fd(…){after}"),
        None => text.to_owned(),
    }
}
