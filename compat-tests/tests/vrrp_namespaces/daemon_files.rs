//! Files through which a running daemon is steered and watched: when it reloads, whether, and where its state goes.

use std::cell::Cell;
use std::fs;
use std::path::Path;
use std::process::Command;

use evenkeel::sys::inotify::Watcher;

use crate::ELECTION;
use crate::lab::{self, Lab, Node, Which};

/// With further lines among the global definitions.
fn define(node: &Node, lines: &str) {
    node.rewrite(|text| text.replacen("global_defs {", &format!("global_defs {{\n  {lines}"), 1));
}

/// `YYYY-MM-DD HH:MM:SSZ`, some seconds from now.
fn moment(seconds: u32) -> String {
    let words = ["-u", "-d", &format!("{seconds} seconds"), "+%Y-%m-%d %H:%M:%SZ"];
    let output = Command::new("date").args(words).output().expect("date(1) is there");
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

/// A moment is taken from the file, given up, taken again, and kept; the file goes with it.
#[test]
fn a_reload_comes_at_the_time_that_a_file_names() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        let file = node.configuration().replace(".conf", ".time");
        define(&node, &format!("reload_time_file {file}"));
        node.start();
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        let says = |text: &str, line: &str| {
            fs::write(&file, format!("{text}\n")).expect("a file");
            lab.wait(line, ELECTION, || node.log().contains(line), &[&node]);
        };
        says("26-13-01 00:00:00", "Invalid reload time '26-13-01 00:00:00' specified - ignoring");
        says("2020-01-01 00:00:00", "Reload date/time is in the past - ignoring");
        says("2037-01-01 00:00:00", "Scheduling reload for 2037-01-01 00:00:00");
        fs::remove_file(&file).expect("it was written");
        let cancels = || node.log().contains("Cancelling reload scheduled for 2037-01-01 00:00:00");
        lab.wait("it gives up", ELECTION, cancels, &[&node]);
        // A machine with other work may be late for a moment: then there is another one.
        let missed = Cell::new(0);
        let reloads = || {
            let late = node.log().matches("is in the past").count();
            if missed.replace(late) != late {
                fs::write(&file, moment(3)).expect("a file");
            }
            node.log().contains("Reloading ...")
        };
        lab.wait("it reloads", ELECTION, reloads, &[&node]);
        node.stop();
    }
}

/// What `-t` finds fault with is not loaded, and a file says why; what is loaded is seen by another file.
#[test]
fn a_reload_is_checked_and_shown_by_files() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        let [check, shown] = ["check", "reloading"].map(|end| node.configuration().replace("conf", end));
        define(&node, &format!("reload_check_config {check}\n  reload_file {shown}"));
        node.start();
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        let good = fs::read_to_string(node.configuration()).expect("the configuration");
        node.rewrite(|text| text.replacen("priority 150", "priority 150\n  nonsense_word", 1));
        node.reload();
        let refuses = format!("New config failed validation, see {check} for details");
        lab.wait("it refuses", ELECTION, || node.log().contains(&refuses), &[&node]);
        let said = fs::read_to_string(&check).expect("the log of the check");
        assert!(said.contains("Unknown keyword 'nonsense_word'"), "{which:?}: {said}");
        let folder = Path::new(&shown).parent().expect("it has a folder");
        let watcher = Watcher::new().expect("inotify");
        watcher.watch_directory(folder).expect("the folder is there");
        fs::write(node.configuration(), good.replace("100.100/24", "100.100/24\n  198.51.100.101/24")).expect("a file");
        node.reload();
        lab.wait("the new address is there", ELECTION, || node.has("198.51.100.101/24"), &[&node]);
        lab.wait("the file is gone", ELECTION, || !Path::new(&shown).exists(), &[&node]);
        let name = Path::new(&shown).file_name().map(ToOwned::to_owned);
        let seen = watcher.changes().into_iter().filter(|(_, changed)| *changed == name).count();
        assert!(seen >= 2, "{which:?}: made and taken away, seen {seen} times");
        node.stop();
    }
}

/// The state goes where the file says; scripts have the groups of their user if that is wanted, and none of root's otherwise.
#[test]
fn the_state_and_the_groups_are_where_the_file_says() {
    let Some(_) = lab::mixtures() else { return };
    for wanted in [false, true] {
        let lab = Lab::new();
        let mut node = lab.node("a", Which::Evenkeel, 150, false);
        let folder = node.configuration().replace(".conf", "-state");
        fs::create_dir_all(&folder).expect("a folder");
        let groups = format!("{folder}/groups");
        define(
            &node,
            &format!("state_dump_file {folder}/{}", if wanted { "\n  set_supplementary_groups" } else { "" }),
        );
        node.rewrite(|text| {
            let script = format!("/bin/sh -c 'grep Groups: /proc/self/status > {groups}' ");
            text.replace("/usr/bin/test ! -e ", &script)
        });
        node.start();
        let is_written = || fs::read_to_string(&groups).is_ok_and(|text| text.ends_with('\n'));
        lab.wait("the script has run", ELECTION, is_written, &[&node]);
        let listed = fs::read_to_string(&groups).expect("it was written");
        assert_eq!(listed.split_whitespace().count() > 1, wanted, "{listed}");
        let data = node.dump("DATA", &format!("{folder}/keepalived.data"));
        assert!(data.contains(" VRRP Instance = LAB\n"), "{}", node.log());
        node.stop();
    }
}
