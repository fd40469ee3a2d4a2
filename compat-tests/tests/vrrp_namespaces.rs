//! A pair of routers in network namespaces of their own: takeover, hand-over, failing scripts, reloads, beside keepalived.
//! Needs root and ip(8); says so and does nothing without them.

#[path = "vrrp_namespaces/authentication_header.rs"]
mod authentication_header;
#[path = "vrrp_namespaces/bad_adverts.rs"]
mod bad_adverts;
#[path = "vrrp_namespaces/bfd.rs"]
mod bfd;
#[path = "vrrp_namespaces/daemon_files.rs"]
mod daemon_files;
#[path = "vrrp_namespaces/data_dump.rs"]
mod data_dump;
#[path = "vrrp_namespaces/globals.rs"]
mod globals;
#[path = "vrrp_namespaces/killed.rs"]
mod killed;
#[path = "vrrp_namespaces/known_faults.rs"]
mod known_faults;
#[path = "vrrp_namespaces/linkbeat.rs"]
mod linkbeat;
#[path = "vrrp_namespaces/mail.rs"]
mod mail;
#[path = "vrrp_namespaces/notify.rs"]
mod notify;
#[path = "vrrp_namespaces/nuisance.rs"]
mod nuisance;
#[path = "vrrp_namespaces/packets.rs"]
mod packets;
#[path = "vrrp_namespaces/recording.rs"]
mod recording;
#[path = "vrrp_namespaces/rights.rs"]
mod rights;
#[path = "vrrp_namespaces/routing.rs"]
mod routing;
#[path = "vrrp_namespaces/scheduling.rs"]
mod scheduling;
#[path = "vrrp_namespaces/scripts.rs"]
mod scripts;
#[path = "vrrp_namespaces/signatures.rs"]
mod signatures;
#[path = "vrrp_namespaces/start_lines.rs"]
mod start_lines;
#[path = "vrrp_namespaces/static_items.rs"]
mod static_items;
#[path = "vrrp_namespaces/trackers.rs"]
mod trackers;
#[path = "vrrp_namespaces/virtual_mac.rs"]
mod virtual_mac;

use std::time::{Duration, Instant};

use compat_tests::lab::{self, ELECTION, Lab, Node, Which};
use nix::sys::signal::Signal;

/// Plays the same story with every mixture of ours and keepalived's; all of them must end alike.
#[test]
fn the_address_follows_script_stop_and_kill() {
    let Some(mixtures) = lab::mixtures() else { return };
    for (first, second) in mixtures {
        let lab = Lab::new();
        let mut a = lab.node("a", first, 101, true);
        let mut b = lab.node("b", second, 100, false);
        lab.move_by_script(&mut a, &mut b);
        a.stop();
        lab.wait("b takes over after a stop", ELECTION, || b.holds() && !a.holds(), &[&a, &b]);
        a.start();
        lab.wait("a is master again", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        a.kill(&a.pids());
        lab.wait("b takes over after a kill", ELECTION, || b.holds(), &[&a, &b]);
        b.stop();
        assert!(!b.holds(), "{first:?} {second:?}: a stopped router still holds the address");
    }
}

/// What one router alone says in its log is keepalived's, line by line, from the start to the end.
#[test]
fn a_single_router_says_what_keepalived_says() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Option<Vec<String>> {
        which.exists().then(|| {
            let lab = Lab::new();
            let mut node = lab.node("a", which, 150, false);
            node.start();
            lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
            node.fail_script(true);
            lab.wait("the priority falls", ELECTION, || node.log().contains("from 150 to 130"), &[&node]);
            node.stop();
            instance_lines(&node)
        })
    };
    let Some(theirs) = story(Which::Keepalived) else { return };
    assert_eq!(story(Which::Evenkeel), Some(theirs));
}

/// A master that loses its own address says so from that very address: the backup need not wait for silence.
#[test]
fn a_master_without_an_address_says_its_last_word() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut a = lab.node("a", which, 150, false);
        let mut b = lab.node("b", Which::Evenkeel, 100, false);
        a.start();
        b.start();
        lab.wait("a is master", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        a.ip(&["addr", "del", "198.51.100.1/24", "dev", "eth0"]);
        lab.wait("b takes over", ELECTION, || b.holds() && a.log().contains("Entering FAULT STATE"), &[&a, &b]);
        let heard = "(LAB) Backup received priority 0 advertisement";
        assert!(b.log().contains(heard), "{which:?}: {}\n{}", a.log(), b.log());
    }
}

/// Whoever sends adverts to a router alone may have forgotten its address while it was away.
#[test]
fn a_unicast_router_says_where_it_is() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        let peer = "unicast_peer {\n  198.51.100.2\n  }\n  virtual_router_id";
        node.rewrite(|text| fast(text).replace("virtual_router_id", peer));
        node.start();
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        node.cable(false);
        lab.wait("it gives up", ELECTION, || node.log().contains("Entering FAULT STATE"), &[&node]);
        node.cable(true);
        lab.wait("it is master again", ELECTION, || node.holds(), &[&node]);
        node.stop();
        let log = node.log();
        let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
        lines.filter(|line| line.ends_with(" for 198.51.100.1")).map(str::to_owned).collect()
    };
    let ours = story(Which::Evenkeel);
    assert_eq!(
        ours,
        ["LAB: sending gratuitous ARP for 198.51.100.1", "Sending gratuitous ARP on eth0 for 198.51.100.1"]
    );
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// To a host, an advert of IPv6 has the kernel's hop limit unless the file has another one, as with keepalived.
#[test]
fn the_hop_limit_to_a_host_is_the_kernel_s_or_the_file_s() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Keepalived, Which::Evenkeel].into_iter().filter(|which| which.exists()) {
        for (limit, is_refused) in [("", true), ("unicast_ttl 200\n", false)] {
            let lab = Lab::new();
            let mut nodes = [("a", which, 150, "fe80::1", "fe80::2"), ("b", Which::Evenkeel, 100, "fe80::2", "fe80::1")].map(
                |(name, which, priority, own, peer)| {
                    let node = lab.node(name, which, priority, false);
                    node.ip(&["-6", "addr", "flush", "dev", "eth0"]);
                    node.ip(&["addr", "add", &format!("{own}/64"), "dev", "eth0", "nodad"]);
                    node.rewrite(|_| {
                        format!(
                            "vrrp_instance LAB {{\ninterface eth0\nvirtual_router_id 51\nversion 3\nadvert_int 0.1\n\
                             priority {priority}\n{limit}unicast_src_ip {own}\nunicast_peer {{\n{peer} min_ttl 100\n}}\n\
                             virtual_ipaddress {{\nfe80::51\n}}\n}}\n"
                        )
                    });
                    node
                },
            );
            nodes.iter_mut().for_each(|node| node.start());
            let [a, b] = &nodes;
            lab.wait("a is master", ELECTION, || a.is_master("LAB"), &[a, b]);
            // If a was late, b was master before it heard of a.
            let last = |state: &str| b.log().rfind(&format!("Entering {state} STATE"));
            lab.wait("b heard it", ELECTION, || (last("MASTER") > last("BACKUP")) == is_refused, &[a, b]);
            nodes.iter_mut().for_each(|node| node.stop());
        }
    }
}

/// Faster than the file of the lab: a new master within half a second.
fn fast(text: &str) -> String {
    let (before, rest) = text.split_once("authentication {").expect("it has a password");
    let (_, after) = rest.split_once('}').expect("its end");
    format!("{before}{after}").replace("advert_int 1\n", "version 3\n  advert_int 0.1\n")
}

/// What else a command line may say: `-d` logs the configuration, an interrupt is not heeded, a crash leaves a core file.
#[test]
fn words_of_the_command_line_are_heeded() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Keepalived, Which::Evenkeel].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        // The installed keepalived is too old for the last one.
        let words = ["--dump-conf", "--core-dump", "--ignore-sigint"];
        node.start_with(if which == Which::Evenkeel { &words } else { &words[..2] });
        lab.wait("it starts", ELECTION, || node.log().contains("Entering BACKUP STATE (init)"), &[&node]);
        for line in [": ------< VRRP Topology >------", ":  VRRP Instance = LAB", ":    Virtual Router ID = 51"] {
            assert!(node.log().contains(line), "{which:?}: {line}\n{}", node.log());
        }
        let limits = std::fs::read_to_string(format!("/proc/{}/limits", node.process_id())).expect("it runs");
        let core = limits.lines().find(|line| line.starts_with("Max core file size")).expect("the kernel says it");
        assert_eq!(core.matches("unlimited").count(), 2, "{which:?}: {core}");
        if which == Which::Evenkeel {
            node.signal(Signal::SIGINT);
        }
        lab.wait("it routes on", ELECTION, || node.holds(), &[&node]);
        node.stop();
    }
}

/// A unit of `Type=notify` hears when it routes, of a reload and of the end; a reload of `Type=notify-reload` is told by its time.
#[test]
fn a_service_tells_its_manager_how_it_stands() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut node = lab.node("a", Which::Evenkeel, 150, false);
    let manager = node.start_as_a_service();
    let hears = || {
        let mut buffer = [0; 1000];
        let length = manager.recv(&mut buffer).expect("a word in time");
        String::from_utf8_lossy(&buffer[..length]).into_owned()
    };
    let ready = format!("READY=1\nMAINPID={}", node.process_id());
    assert_eq!(hears(), ready);
    node.reload();
    let reloading = hears();
    let time = reloading.strip_prefix("RELOADING=1\nMONOTONIC_USEC=").and_then(|time| time.parse::<u64>().ok());
    assert!(time.is_some(), "{reloading}");
    assert_eq!(hears(), ready);
    node.stop();
    assert_eq!(hears(), "STOPPING=1");
}

/// keepalived is replaced on the backup, then on the master, while both route: no address moves, nobody hears of it.
#[test]
fn a_takeover_moves_no_address() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Keepalived, Which::Evenkeel].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut a = lab.node("a", which, 150, true);
        let mut b = lab.node("b", which, 140, false);
        a.start();
        b.start();
        lab.wait("a is master", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        a.fail_script(true);
        lab.wait("the script counts", ELECTION, || b.holds() && !a.holds(), &[&a, &b]);
        a.watch_addresses();
        b.watch_addresses();
        // At the start, b may have been master for a moment too.
        let elections = b.log().matches("Entering MASTER STATE").count();
        a.take_over();
        b.take_over();
        lab.wait("b has adopted it", ELECTION, || b.log().contains("(LAB) Adopting MASTER STATE"), &[&a, &b]);
        // Longer than three adverts: who missed one would have said so.
        std::thread::sleep(Duration::from_secs(5));
        assert!(a.log().contains("(LAB) Adopting BACKUP STATE"), "{which:?}: {}", a.log());
        assert!(a.status().contains("priority 130 = 150 - 20 (script chk); 198.51.100.2 is master"), "{}", a.status());
        assert!(b.holds() && !a.holds(), "{which:?}: {}\n{}", a.log(), b.log());
        for node in [&a, &b] {
            assert_eq!(node.seen_addresses(), "", "{which:?}: {}", node.log());
        }
        assert_eq!(b.log().matches("Entering MASTER STATE").count(), elections, "{which:?}: {}", b.log());
        b.stop();
        lab.wait("a takes over after a stop", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        a.stop();
    }
}

/// A service would end with its main process: before that, systemd hears in that one's name who is it now, and has noted it.
#[test]
fn a_takeover_of_a_service_is_told_to_its_manager() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Keepalived, Which::Evenkeel].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        let manager = node.start_as_a_service();
        let hears = std::thread::spawn(move || {
            let mut told: Vec<String> = Vec::new();
            // keepalived tells its parent alone, and only if that is systemd.
            while told.iter().rev().nth(1).is_none_or(|words| words != "BARRIER=1") {
                let mut buffer = [0; 1000];
                let length = manager.recv(&mut buffer).expect("a word in time");
                told.push(String::from_utf8_lossy(&buffer[..length]).into_owned());
            }
            told.split_off(told.len() - 3)
        });
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        node.watch_addresses();
        node.take_over();
        let told = hears.join().expect("it hears of both");
        let new = node.pid(false);
        assert_eq!(told, [format!("MAINPID={new}"), "BARRIER=1".into(), format!("READY=1\nMAINPID={new}")]);
        assert!(node.holds() && node.seen_addresses().is_empty(), "{which:?}: {}", node.log());
        // Whoever asked for it does not wait for its end.
        node.forget();
        node.kill_one(new);
        lab.wait("the address to go", ELECTION, || !node.holds(), &[&node]);
    }
}

/// Neither original says why; `evenkeel status` does.
#[test]
fn the_status_says_who_holds_the_address_and_why() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut a = lab.node("a", Which::Evenkeel, 101, true);
    let mut b = lab.node("b", Which::Evenkeel, 100, false);
    a.start();
    b.start();
    let says = |node: &Node, words: &[&str]| {
        let status = node.status();
        words.iter().all(|word| status.contains(word))
    };
    lab.wait(
        "a is master",
        ELECTION,
        || says(&a, &["LAB           MASTER for ", "priority 101\n", " holds "]),
        &[&a, &b],
    );
    let backup = ["LAB           BACKUP for ", "198.51.100.1 is master with priority 101\n", " does not hold "];
    lab.wait("b knows the master", ELECTION, || says(&b, &backup), &[&a, &b]);
    a.fail_script(true);
    let lowered = ["BACKUP for ", "priority 81 = 101 - 20 (script chk); 198.51.100.2 is master with priority 100\n"];
    lab.wait("a says why", ELECTION, || says(&a, &lowered), &[&a, &b]);
    a.stop();
    assert!(a.status().contains("vrrp          does not run ("), "{}", a.status());
}

/// Lines about the instance and its script, without their times. Of announcements the first alone: who is slow makes more.
fn instance_lines(node: &Node) -> Vec<String> {
    let text = |line: &str| line.split_once(": ").map_or("", |(_, text)| text).to_owned();
    let log = node.log();
    let lines = log.lines().map(text);
    let mut has_announced = false;
    lines
        .filter(|line| line.starts_with('(') || line.contains("Script") || line.starts_with("Stopping"))
        .filter(|line| !line.starts_with("(/"))
        .filter(|line| !line.contains("gratuitous ARPs") || !std::mem::replace(&mut has_announced, true))
        .collect()
}

/// Strict for all, one instance apart; with all that a process can be granted.
const STRICT: &[&str] = &[
    "global_defs {",
    "vrrp_strict",
    "nftables strict",
    "nftables_priority -5",
    "vrrp_no_swap",
    "vrrp_rt_priority 10",
    "vrrp_rlimit_rttime 1000000",
    "vrrp_rlimit_rtime 1000000",
    "}",
    "vrrp_instance A {",
    "interface eth0",
    "virtual_router_id 51",
    "virtual_ipaddress {",
    "198.51.100.100/24",
    "}",
    "}",
    "vrrp_instance B {",
    "interface eth0",
    "virtual_router_id 52",
    "version 3",
    "strict_mode off",
    "no_accept",
    "virtual_ipaddress {",
    "fe80::77",
    "2001:db8::77",
    "}",
    "}",
];

/// What is sent to the addresses of a strict router is dropped by the very rules that keepalived makes, and they go with it.
#[test]
fn a_strict_router_drops_what_its_addresses_get() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which, counters: bool| -> Option<String> {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        let global = if counters { "global_defs {\nnftables_counters" } else { "global_defs {" };
        node.rewrite(|_| STRICT.join("\n").replacen("global_defs {", global, 1) + "\n");
        node.start();
        lab.wait("both are master", ELECTION, || node.is_master("A") && node.is_master("B"), &[&node]);
        let addresses = ["198.51.100.100", "fe80::77", "2001:db8::77"];
        let is_complete = |rules: String| addresses.iter().all(|address| rules.contains(address));
        lab.wait("the rules are there", ELECTION, || node.ruleset().is_none_or(is_complete), &[&node]);
        let ruleset = node.ruleset();
        node.stop();
        ruleset.map(|rules| without_counts(&rules))
    };
    for counters in [false, true] {
        let Some(ours) = story(Which::Evenkeel, counters) else { return };
        assert!(ours.contains("198.51.100.100") && ours.contains("fe80::77"), "{ours}");
        assert_eq!(ours.contains("counter"), counters, "{ours}");
        if Which::Keepalived.exists() {
            assert_eq!(story(Which::Keepalived, counters).as_ref(), Some(&ours));
        }
    }
}

/// How much a rule has counted is chance.
fn without_counts(rules: &str) -> String {
    let mut after_count = false;
    let words = rules.split_inclusive([' ', '\n']).map(|word| {
        let counts = std::mem::replace(&mut after_count, matches!(word, "packets " | "bytes "));
        if counts { "… " } else { word }
    });
    words.collect()
}

/// A broken file changes nothing; a good one moves what it changes and no more.
#[test]
fn a_reload_touches_what_has_changed() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut node = lab.node("a", Which::Evenkeel, 150, false);
    node.start();
    lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
    let before = node.log().len();
    node.rewrite(|text| text.replace("198.51.100.100/24", "198.51.100.100/24\n  198.51.100.101/24"));
    node.reload();
    lab.wait("the new address is there", ELECTION, || node.has("198.51.100.101/24"), &[&node]);
    node.rewrite(|text| text.replace("virtual_router_id 51", "virtual_router_id"));
    node.reload();
    lab.wait("it refuses", ELECTION, || node.log().contains("Reload refused"), &[&node]);
    assert!(node.holds() && node.has("198.51.100.101/24"), "{}", node.log());
    assert!(!node.log()[before..].contains("STATE"), "{}", node.log());
    node.stop();
}

/// A tracked process that is killed takes the address along at once, and brings it back; a short gap may be allowed.
#[test]
fn the_address_follows_a_tracked_process() {
    let Some(mixtures) = lab::mixtures() else { return };
    let story = |first: Which, second: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut a = lab.node("a", first, 101, true);
        let mut b = lab.node("b", second, 100, false);
        let name = format!("ekp{}", std::process::id());
        let blocks = format!(
            "instance lab \n use_pid_dir \nvrrp_track_process web {{\n  process {name}\n  quorum 2\n  quorum_max 3\n}}\n\
             vrrp_track_process sleeper {{\n  process {name} 1000\n  param_match initial\n  full_command \n  weight 5\n  \
             delay 1\n  fork_delay 0.5\n  terminate_delay 0.2\n}}\nvrrp_instance LAB"
        );
        let tracked = "track_process {\n  web\n  sleeper\n  }\n  track_script";
        a.rewrite(|text| text.replace("vrrp_instance LAB", &blocks).replace("track_script", tracked));
        let mut processes = vec![lab.process(&name), lab.process(&name)];
        a.start_outside();
        b.start_outside();
        lab.wait("a is master", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        processes.pop();
        let begin = Instant::now();
        lab.wait("b takes over", ELECTION, || b.holds() && !a.holds(), &[&a, &b]);
        println!("{first:?} {second:?}: taken over {:?} after the kill", begin.elapsed());
        processes.push(lab.process(&name));
        lab.wait("a takes it back", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        processes.clear();
        lab.wait("b takes over again", ELECTION, || b.holds() && !a.holds(), &[&a, &b]);
        lab.wait("the weight is gone", ELECTION, || a.log().contains("from 106 to 101"), &[&a, &b]);
        a.stop();
        let log = a.log();
        let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text.to_owned());
        let words = ["Quorum", "effective", "proc_events"];
        // The kernel's word may come before or after the other lines of the start.
        let mut lines: Vec<String> = lines.filter(|line| words.iter().any(|word| line.contains(word))).collect();
        lines.sort();
        lines
    };
    let mut told: Vec<Vec<String>> = mixtures.into_iter().map(|(first, second)| story(first, second)).collect();
    told.dedup();
    assert_eq!(told.len(), 1, "{told:#?}");
}

/// What instances hold, in every form that the dumps have words for.
const DUMPED: &str = "global_defs {
  script_user root
  enable_script_security
}
vrrp_script chk {
  script \"/bin/true 1 2\"
  interval 1
  timeout 20
  weight -20
}
vrrp_instance LAB {
  state MASTER
  interface eth0
  virtual_router_id 51
  priority 150
  advert_int 0.5
  version 3
  nopreempt
  virtual_ipaddress {
    198.51.100.100/24
    198.51.100.101/32 dev eth0 label eth0:1 scope link
  }
  virtual_ipaddress_excluded {
    2001:db8::1
    2001:db8::2/64
  }
  virtual_routes {
    192.0.2.0/24 via 198.51.100.9 dev eth0
    192.0.3.0/24 dev eth0 table 100 no_track
  }
  virtual_rules {
    from 192.0.2.0/24 lookup 100 priority 50
  }
  track_script {
    chk
  }
  track_interface {
    eth0 weight 5
  }
  notify_master \"/bin/true m x\"
  notify \"/bin/true any\"
}
vrrp_instance TWO {
  interface eth0
  virtual_router_id 52
  priority 100
  authentication {
    auth_type PASS
    auth_pass 1111
  }
  preempt_delay 3
  virtual_ipaddress {
    198.51.100.105 brd 198.51.100.255
  }
}
";

/// What monitoring reads of a daemon is keepalived's, but for times and the counter that goes on.
#[test]
fn the_dumps_are_keepalived_s() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> [String; 3] {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|_| DUMPED.to_owned());
        node.start();
        lab.wait("both are master", ELECTION, || node.is_master("LAB") && node.is_master("TWO"), &[&node]);
        let json = without_number(&node.dump("JSON", "keepalived.json"), "\"last_transition\":");
        let json = without_number(&json, "\"advert_sent\":").replace(",\"", ",\n\"");
        let statistics = without_number(&node.dump("STATS", "keepalived.stats"), "Sent: ");
        let data = about_instances(&node.dump("DATA", "keepalived.data"));
        node.stop();
        [json, statistics, data]
    };
    let [json, statistics, data] = story(Which::Evenkeel);
    assert!(json.contains("198.51.100.105") && statistics.contains("Became master: 1"), "{json}{statistics}");
    assert!(data.contains(" VRRP Instance = TWO\n") && data.contains(" VRRP Script = chk\n"), "{data}");
    if Which::Keepalived.exists() {
        let [their_json, their_statistics, their_data] = story(Which::Keepalived);
        assert_eq!(json, their_json);
        assert_eq!(statistics, their_statistics);
        assert_eq!(data, their_data);
    }
}

/// The parts about instances and scripts, without times and numbers of descriptors.
fn about_instances(data: &str) -> String {
    let mut is_wanted = false;
    let mut text = String::new();
    for line in data.lines() {
        if line.starts_with("------<") {
            is_wanted = line.contains("Topology") || line.contains("Scripts");
        }
        let changes =
            ["   Last transition = ", "   Read timeout = ", "   fd_in "].iter().any(|word| line.starts_with(word));
        if is_wanted && !changes {
            text += &line.replace("State = running", "State = idle");
            text += "\n";
        }
    }
    text
}

/// The text without the numbers behind a word.
fn without_number(text: &str, word: &str) -> String {
    let mut parts = text.split(word);
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |whole, part| {
        whole + word + "N" + part.trim_start_matches(|digit: char| digit.is_ascii_digit() || digit == '.')
    })
}

/// Scripts before the first process and after the last; adverts for nobody, said; dumps named after the daemon's instance.
#[test]
fn scripts_frame_a_run_and_strangers_are_named() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> Vec<String> {
        let lab = Lab::new();
        let mut a = lab.node("a", which, 150, false);
        let mut b = lab.node("b", Which::Evenkeel, 100, false);
        let globals = "instance one \nglobal_defs {\n  data_use_instance \n  startup_script \"/usr/bin/sleep 0.1\"\n  \
                       startup_script_timeout 5\n  shutdown_script \"/usr/bin/sleep 9\"\n  shutdown_script_timeout 1\n  \
                       log_unknown_vrids \n  vrrp_delay_after_boot 1";
        a.rewrite(|text| text.replacen("global_defs {", globals, 1));
        b.rewrite(|text| {
            text.replace("virtual_router_id 51", "virtual_router_id 52").replace("100.100/24", "100.101/24")
        });
        a.start();
        b.start();
        let stranger = "Unknown VRID(52) received on interface(eth0). ignoring...";
        lab.wait("the stranger is named", ELECTION, || a.log().contains(stranger), &[&a, &b]);
        let data = a.dump("DATA", "keepalived.one.data");
        assert!(data.contains(" VRRP Instance = LAB\n"), "{}", a.log());
        a.stop();
        let log = a.log();
        let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text.to_owned());
        lines.filter(|line| line.contains("startup script") || line.contains("shutdown script")).collect()
    };
    let ours = story(Which::Evenkeel);
    assert_eq!(ours.len(), 4, "{ours:#?}");
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}
