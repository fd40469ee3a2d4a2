//! `linkbeat_interfaces` beside keepalived: links that are asked for instead of listened to.

use crate::ELECTION;
use crate::lab::{self, Lab, Which};

/// What a node says of its links: a cable is pulled and put back. Of its own transceiver no link here knows anything.
fn story(which: Which, linkbeat: &str) -> Vec<String> {
    let lab = Lab::new();
    let mut node = lab.node("a", which, 150, false);
    node.rewrite(|text| format!("{linkbeat}\n{}", super::fast(text)));
    node.start_with(&["-d"]);
    let became = |line: &str, times: usize| {
        lab.wait(line, ELECTION, || node.log().matches(line).count() == times, &[&node]);
    };
    became("(LAB) Entering MASTER STATE", 1);
    lab.port("a", false);
    became("(LAB) Entering FAULT STATE", 1);
    lab.port("a", true);
    became("(LAB) Entering MASTER STATE", 2);
    node.stop();
    let log = node.log();
    let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text);
    let words = ["inkbeat", "reports", "Entering", "NIC "];
    lines.filter(|line| words.iter().any(|word| line.contains(word))).map(str::to_owned).collect()
}

#[test]
fn links_are_asked_for() {
    let Some(_) = lab::mixtures() else { return };
    for linkbeat in ["MII", "ETHTOOL", "IOCTL", ""] {
        let block = format!("linkbeat_interfaces {{\n  lo\n  eth0 {linkbeat}\n}}");
        let ours = story(Which::Evenkeel, &block);
        assert_eq!(ours.iter().filter(|line| line.starts_with("Linkbeat reports")).count(), 2, "{ours:#?}");
        if Which::Keepalived.exists() {
            assert_eq!(ours, story(Which::Keepalived, &block), "{linkbeat}");
        }
    }
}

#[test]
fn every_link_of_an_instance_is_asked_for() {
    let Some(_) = lab::mixtures() else { return };
    let ours = story(Which::Evenkeel, "linkbeat_use_polling");
    assert_eq!(ours.iter().filter(|line| line.starts_with("Linkbeat reports")).count(), 2, "{ours:#?}");
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived, "linkbeat_use_polling"));
    }
}
