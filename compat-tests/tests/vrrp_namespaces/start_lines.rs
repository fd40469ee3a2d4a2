//! What parent and child say of a start and a reload, in which order, beside keepalived.

use nix::sys::signal::Signal;

use crate::ELECTION;
use crate::data_dump::settle_addresses;
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
vrrp_track_process nobody {
  process /no/such/program
  weight -20
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
  track_process {
    nobody
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
    let ours = story(Which::Evenkeel, CONFIGURATION, 3);
    let place = |line: &str| ours.iter().position(|known| known == line).unwrap_or_else(|| panic!("{line}: {ours:#?}"));
    assert!(place("Registering gratuitous NDISC shared channel") < place("Startup complete"), "{ours:#?}");
    assert!(place("Reloading") < place("Reload complete"), "{ours:#?}");
    beside_keepalived(ours, CONFIGURATION, 3);
}

/// Most files name scripts so: without a path, a user or script security.
const SEARCHED: &str = "vrrp_script chk {
  script true
  interval 1
}
vrrp_instance LAB {
  interface eth0
  virtual_router_id 51
  advert_int 0.2
  notify_master \"true 1\"
  virtual_ipaddress {
    198.51.100.100/24
  }
  track_script {
    chk
  }
}
";

#[test]
fn a_script_without_a_path_is_named_with_the_file_that_was_found() {
    let Some(_) = lab::mixtures() else { return };
    let ours = story(Which::Evenkeel, SEARCHED, 1);
    let found = "WARNING - script `true` resolved by path search to `/";
    assert_eq!(ours.iter().filter(|line| line.starts_with(found)).count(), 4, "{ours:#?}");
    assert!(ours.iter().any(|line| line == "Printing VRRP stats for process(…) on signal"), "{ours:#?}");
    beside_keepalived(ours, SEARCHED, 1);
}

/// An owner, an interface that is made, one with addresses already, one that is not there.
const LEFT_OVER: &str = "global_defs {
  router_id ek
  dynamic_interfaces
}
vrrp_instance LAB {
  interface eth0
  virtual_router_id 51
  advert_int 0.2
  version 3
  priority 150
  use_vmac
  virtual_ipaddress {
    198.51.100.100/24
  }
}
vrrp_instance TWO {
  interface eth0
  virtual_router_id 52
  priority 255
  virtual_ipaddress {
    198.51.100.102/24
  }
  virtual_routes {
    192.0.2.0/24 dev eth0
  }
}
vrrp_instance THREE {
  interface eth0
  virtual_router_id 53
  version 3
  no_accept
  virtual_ipaddress {
    fe80::53
  }
  virtual_ipaddress_excluded {
    198.51.100.103/24
  }
}
vrrp_instance GONE {
  interface gone
  virtual_router_id 54
  virtual_ipaddress {
    198.51.100.104/24
  }
}
";

/// What an earlier run may have left is taken away before anything is opened, on all interfaces that were there before; sockets
/// that wait for their interface are told, too.
#[test]
fn what_may_be_left_over_is_taken_away_first() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|_| LEFT_OVER.to_owned());
        settle_addresses(&node);
        node.start();
        lab.wait("it is master", ELECTION, || node.is_master("LAB"), &[&node]);
        node.stop();
        let log = node.log();
        let texts = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
        let told = texts.filter(|text| {
            let words = [
                "removing",
                "sockpool",
                "shared channel",
                "FAULT",
                "Assigned",
                "Success creating",
                "(init)",
                "use_vmac",
            ];
            words.iter().any(|word| text.contains(word))
        });
        // After the first state 2.4 takes all of it away once more.
        let (before, after): (Vec<&str>, Vec<&str>) = told.partition(|text| !text.contains("sockpool"));
        let before = before.into_iter().take_while(|text| !text.contains("(init)"));
        before.chain(after).map(|text| without_numbers(text)).collect()
    };
    let ours = story(Which::Evenkeel);
    assert!(ours.iter().any(|line| line == "(TWO) removing VIPs."), "{ours:#?}");
    assert!(ours.iter().any(|line| line.contains("ifindex(  0)")), "{ours:#?}");
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// What a node says from its start to its stop, with a reload and a dump of its counters in between; `pools` sockets each time.
fn story(which: Which, configuration: &str, pools: usize) -> Vec<String> {
    let lab = Lab::new();
    let mut node = lab.node("a", which, 150, false);
    node.rewrite(|_| configuration.to_owned());
    node.start();
    lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
    node.reload();
    let has_pools = || node.log().matches("VRRP sockpool").count() == 2 * pools;
    lab.wait("it has reloaded", ELECTION, || has_pools() && node.log().contains("Reload complete"), &[&node]);
    node.signal(Signal::SIGUSR2);
    lab.wait("its counters are written", ELECTION, || node.log().contains("Printing VRRP stats"), &[&node]);
    node.stop();
    lines(&node)
}

fn beside_keepalived(ours: Vec<String>, configuration: &str, pools: usize) {
    if Which::Keepalived.exists() {
        // The parent hears of it while the child goes on.
        let in_order = |lines: Vec<String>| lines.into_iter().filter(|line| !line.ends_with(" complete")).collect();
        let [ours, theirs]: [Vec<String>; 2] = [ours, story(Which::Keepalived, configuration, pools)].map(in_order);
        assert_eq!(ours, theirs);
    }
}

/// Without what belongs to one program or run: texts before the file is opened, numbers of processes and descriptors, a hint at an
/// option without a meaning here, what instances and the script do meanwhile.
fn lines(node: &Node) -> Vec<String> {
    let log = node.log();
    let texts = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
    let own = ["NOTICE: ", "Starting VRRP child process", "VRRP_Script(chk)", "Assigned address fe80"];
    let told = texts.skip_while(|text| !text.starts_with("Opening file")).filter(|text| {
        !own.iter().any(|word| text.starts_with(word))
            && !["(TWO)", "(LAB)", "(SIX)"].iter().any(|of| text.starts_with(of))
    });
    let told = told.filter(|text| !text.contains("gratuitous ARP on") && !text.contains("Neighbour Advert"));
    let told = told.take_while(|text| !text.starts_with("Stopping"));
    told.map(|text| without_numbers(&text.replace(&node.configuration(), "FILE"))).collect()
}

fn without_numbers(text: &str) -> String {
    ["fd(", "process("].iter().fold(text.to_owned(), |text, word| {
        match text.split_once(word).and_then(|(before, after)| Some((before, after.split_once(')')?.1))) {
            Some((before, after)) => format!("{before}{word}…){after}"),
            None => text,
        }
    })
}
