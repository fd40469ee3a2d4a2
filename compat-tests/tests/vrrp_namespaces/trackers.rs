//! What a priority makes of files, scripts and interfaces that are tracked, with weights and without, reversed and not.

use std::fs;

use crate::ELECTION;
use crate::lab::{self, Lab, Which};

const CHANGE: &str = "(LAB) Changing effective priority from";
const FAULT: &str = "(LAB) Entering FAULT STATE";
const MASTER: &str = "(LAB) Entering MASTER STATE";

/// What is changed, and the line by which the log tells that it counts.
const STEPS: &[(&str, &str)] = &[
    ("heavy 10", CHANGE),
    ("turned 3", CHANGE),
    ("other0 down", CHANGE),
    ("other1 down", CHANGE),
    ("script", CHANGE),
    ("heavy 0", CHANGE),
    ("heavy -127", FAULT),
    ("heavy 0", MASTER),
    // From a weight straight into a fault and back; what changes meanwhile counts.
    ("heavy 15", CHANGE),
    ("heavy -127", FAULT),
    ("other0 up", CHANGE),
    ("heavy 20", MASTER),
    ("heavy 5", CHANGE),
    ("heavy -127", FAULT),
    ("heavy 0", MASTER),
    ("hard 1", FAULT),
];

fn story(which: Which) -> Vec<String> {
    let lab = Lab::new();
    let mut node = lab.node("a", which, 150, false);
    for (interface, peer) in [("other0", "peer0"), ("other1", "peer1")] {
        node.ip(&["link", "add", interface, "type", "veth", "peer", "name", peer]);
        node.ip(&["link", "set", peer, "up"]);
        node.ip(&["link", "set", interface, "up"]);
    }
    let base = node.configuration();
    let path = |name: &str| format!("{base}.{name}");
    let files: String = [("heavy", "2"), ("turned", "1 reverse"), ("hard", "0")]
        .map(|(name, weight)| {
            fs::write(path(name), "0\n").expect("a file");
            format!("vrrp_track_file {name} {{\nfile {}\nweight {weight}\n}}\n", path(name))
        })
        .concat();
    let script = node.script("verdict", &format!("test ! -e {}", path("failed")));
    node.rewrite(|_| {
        format!(
            "global_defs {{\nscript_user root\nenable_script_security\n}}\n{files}vrrp_script check {{\nscript {script}\n\
             interval 1\nweight -30 reverse\n}}\nvrrp_instance LAB {{\ninterface eth0\nvirtual_router_id 51\nversion 3\n\
             advert_int 0.1\npriority 130\nvirtual_ipaddress {{\n198.51.100.100\n}}\ntrack_file {{\nheavy\nturned\nhard\n}}\n\
             track_script {{\ncheck\n}}\ntrack_interface {{\nother0 weight 20\nother1 weight 10 reverse\n}}\n}}\n"
        )
    });
    node.start();
    let script_counts = || node.log().contains("VRRP_Script(check) succeeded");
    lab.wait("it is master", ELECTION, || node.is_master("LAB") && script_counts(), &[&node]);
    for (step, line) in STEPS {
        let times = node.log().matches(line).count();
        match step.split_once(' ') {
            Some((interface, way @ ("up" | "down"))) => drop(node.ip(&["link", "set", interface, way])),
            Some((file, value)) => fs::write(path(file), format!("{value}\n")).expect("a file"),
            None => fs::write(path("failed"), "").expect("a file"),
        }
        lab.wait(step, ELECTION, || node.log().matches(line).count() > times, &[&node]);
    }
    node.stop();
    let log = node.log();
    let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text.to_owned());
    let words = ["effective priority", "STATE", "VRRP_Script"];
    lines.filter(|line| words.iter().any(|word| line.contains(word))).collect()
}

#[test]
fn priorities_are_those_of_keepalived() {
    let Some(_) = lab::mixtures() else { return };
    let ours = story(Which::Evenkeel);
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}
