//! Scripts that behave badly: they hang, leave children behind, flood their output, ignore signals, or may be changed by strangers.

use crate::ELECTION;
use crate::lab::{self, Lab, Node, Which};

/// What `/bin/sh` runs for each, with the weight that counts while it succeeds. Those that never end have two seconds, the others as
/// long as a busy machine may want.
const SCRIPTS: &[(&str, &str, i32, u32)] = &[
    ("hang", "exec tail -f /dev/null", 1, 2),
    ("deaf", "trap '' TERM HUP INT\nwhile :; do sleep 1; done", 2, 2),
    ("fork", "sleep 1000 &", 10, 30),
    ("flood", "head -c 20000000 /dev/zero\nhead -c 20000000 /dev/zero >&2", 20, 30),
];

/// What is told of them, by keepalived too.
const TOLD: &[&str] = &[
    "Track script hang is already running, expect idle - skipping run",
    "VRRP_Script(hang) timed_out",
    "Track script deaf is being timed out, expect idle - skipping run",
    "VRRP_Script(fork) succeeded",
    "VRRP_Script(flood) succeeded",
];

/// Of the deaf one; a keepalived that is late hears of its end before it has called it timed out.
const DEAF: [&str; 2] = ["VRRP_Script(deaf) timed_out", "VRRP_Script(deaf) failed (due to signal 9)"];

/// A file with all of them, each a second long.
fn configuration(node: &Node, text: &str) -> String {
    let block = |(name, body, weight, timeout): &(&str, &str, i32, u32)| {
        let path = node.script(name, body);
        format!("vrrp_script {name} {{\n  script {path}\n  interval 1\n  timeout {timeout}\n  weight {weight}\n}}\n")
    };
    let blocks: String = SCRIPTS.iter().map(block).collect();
    let names: String = SCRIPTS.iter().map(|(name, ..)| format!("    {name}\n")).collect();
    text.replace("vrrp_instance LAB", &format!("{blocks}vrrp_instance LAB"))
        .replace("track_script {\n", &format!("track_script {{\n{names}"))
}

/// A router goes on beside them: it becomes master, counts who succeeds, and leaves nothing of its own behind.
#[test]
fn scripts_that_hang_fork_flood_or_are_deaf_harm_nobody() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|text| configuration(&node, text));
        node.start();
        for line in TOLD {
            lab.wait(line, ELECTION, || node.log().contains(line), &[&node]);
        }
        let is_told = || DEAF.iter().any(|line| node.log().contains(line));
        lab.wait("a deaf one has failed", ELECTION, is_told, &[&node]);
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        lab.wait("who succeeds counts", ELECTION, || node.log().contains(" to 180"), &[&node]);
        lab.wait("one hangs", ELECTION, || node.programs().contains(&"tail".to_owned()), &[&node]);
        node.stop();
        assert!(!node.holds(), "{which:?}");
        if which == Which::Evenkeel {
            let own = |name: &String| name == "tail" || name.ends_with("deaf");
            lab.wait("its scripts are gone", ELECTION, || !node.programs().iter().any(own), &[&node]);
        }
    }
}

/// keepalived says that a script is unsafe; evenkeel says in a further line which part of its path it is.
#[test]
fn the_part_of_a_path_that_others_may_change_is_named() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        let (folder, path) = node.script_for_all("chk");
        node.rewrite(|text| text.replace("/usr/bin/test ! -e", &path));
        node.start();
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        let log = node.log();
        assert!(
            log.contains(&format!("Unsafe permissions found for script '{path}' - disabling.")),
            "{which:?}: {log}"
        );
        assert!(log.contains("Disabling track script chk due to insecure"), "{which:?}: {log}");
        let names = log.contains(&format!("Others than root may change '{folder}'."));
        assert_eq!(names, which == Which::Evenkeel, "{which:?}: {log}");
        node.stop();
    }
}
