//! What scripts and FIFOs hear of two routers in a group, from the start to the stop: keepalived's words, in its order.

use std::cell::RefCell;
use std::fs::{self, File, OpenOptions};
use std::io::Read;
use std::os::unix::fs::OpenOptionsExt;
use std::process::Command;

use nix::fcntl::OFlag;

use crate::ELECTION;
use crate::lab::{self, Lab, Which};

const STATES: [&str; 4] = ["master", "backup", "fault", "stop"];

/// Each of the three has a script for every state, and one for all of them.
fn configuration(say: &str, fifo: &str) -> String {
    let scripts: String = STATES.iter().map(|state| format!("  notify_{state} \"{say} {state} 'a b'\"\n")).collect();
    let scripts = format!("{scripts}  notify \"{say} any\"\n");
    let router = |name: &str, vrid: u8| {
        format!(
            "vrrp_instance {name} {{\n  interface eth0\n  virtual_router_id {vrid}\n  version 3\n  priority {vrid}\n  \
             advert_int 0.1\n  virtual_ipaddress {{\n    198.51.100.1{vrid}\n  }}\n{scripts}}}\n"
        )
    };
    format!(
        "global_defs {{\n  script_user root\n  enable_script_security\n  vrrp_notify_fifo {fifo}\n}}\n{}{}\
         vrrp_sync_group G {{\n  group {{\n    A\n    B\n  }}\n{scripts}}}\n",
        router("A", 51),
        router("B", 52),
    )
}

/// A FIFO that stays open, so that nothing of the end is lost.
fn open_fifo(path: &str) -> File {
    assert!(Command::new("mkfifo").arg(path).status().expect("mkfifo(1) is there").success());
    let mut options = OpenOptions::new();
    options.read(true).write(true).custom_flags(OFlag::O_NONBLOCK.bits()).open(path).expect("a FIFO")
}

/// The lines of the FIFO by subject, and what the scripts were called with, in alphabetical order: they run at the same time.
fn story(which: Which) -> (Vec<String>, Vec<String>) {
    let lab = Lab::new();
    let mut node = lab.node("a", which, 150, false);
    let (path, _) = node.fifo();
    let fifo = RefCell::new(open_fifo(&path));
    let heard = RefCell::new(String::new());
    let said = node.configuration() + ".said";
    let say = node.script("say", &format!("echo \"$#\" \"$@\" >> {said}"));
    node.rewrite(|_| configuration(&say, &path));
    let hears = |line: &str, times: usize| {
        let mut bytes = [0; 4096];
        let len = fifo.borrow_mut().read(&mut bytes).unwrap_or(0);
        *heard.borrow_mut() += &String::from_utf8_lossy(&bytes[..len]);
        heard.borrow().lines().filter(|told| *told == line).count() >= times
    };
    let (master, fault, stop) = ("GROUP \"G\" MASTER 0", "GROUP \"G\" FAULT 0", "GROUP \"G\" STOP 0");
    node.start();
    lab.wait("both are master", ELECTION, || hears(master, 1), &[&node]);
    node.ip(&["addr", "del", "198.51.100.1/24", "dev", "eth0"]);
    lab.wait("both are in FAULT", ELECTION, || hears(fault, 1), &[&node]);
    node.ip(&["addr", "add", "198.51.100.1/24", "dev", "eth0"]);
    lab.wait("both are master again", ELECTION, || hears(master, 2), &[&node]);
    node.stop();
    lab.wait("both have stopped", ELECTION, || hears(stop, 1), &[&node]);
    let mut lines: Vec<String> = heard.borrow().lines().map(str::to_owned).collect();
    lines.sort_by_key(|line| line.split(' ').nth(1).map(str::to_owned));
    let calls = || fs::read_to_string(&said).unwrap_or_default().lines().map(str::to_owned).collect::<Vec<_>>();
    lab.wait("all scripts ran", ELECTION, || calls().len() == 2 * lines.len(), &[&node]);
    let mut calls = calls();
    calls.sort();
    (lines, calls)
}

#[test]
fn what_scripts_and_fifos_hear_is_keepalived_s() {
    let Some(_) = lab::mixtures() else { return };
    let (lines, calls) = story(Which::Evenkeel);
    let of_a = lines.iter().filter_map(|line| line.strip_prefix("INSTANCE \"A\" "));
    let expected = ["BACKUP 51", "MASTER 51", "FAULT 51", "BACKUP 51", "MASTER 51", "STOP 51"];
    assert_eq!(of_a.collect::<Vec<_>>(), expected, "{lines:#?}");
    assert!(calls.contains(&"2 fault a b".to_owned()), "{calls:#?}");
    assert!(calls.contains(&"5 any GROUP G MASTER 0".to_owned()), "{calls:#?}");
    if Which::Keepalived.exists() {
        assert_eq!((lines, calls), story(Which::Keepalived));
    }
}

/// The lines of the FIFO in their order, until the router that is not in FAULT has been told of.
fn beginning(which: Which) -> Vec<String> {
    let lab = Lab::new();
    let mut node = lab.node("a", which, 150, false);
    node.ip(&["link", "add", "down0", "type", "veth", "peer", "name", "down1"]);
    node.ip(&["addr", "add", "192.0.3.1/24", "dev", "down0"]);
    let (path, _) = node.fifo();
    let fifo = RefCell::new(open_fifo(&path));
    let routers = [("A", "eth0"), ("B", "down0"), ("C", "eth0"), ("D", "down0")];
    let routers = routers.iter().enumerate().map(|(at, (name, interface))| {
        format!(
            "vrrp_instance {name} {{\n  interface {interface}\n  virtual_router_id {vrid}\n  priority {vrid}\n  \
             virtual_ipaddress {{\n    198.51.100.1{vrid}\n  }}\n}}\n",
            vrid = 51 + at
        )
    });
    let group = "vrrp_sync_group G {\n  group {\n    C\n    D\n  }\n}\n";
    let routers: String = routers.collect();
    node.rewrite(|_| format!("global_defs {{\n  script_user root\n  vrrp_notify_fifo {path}\n}}\n{group}{routers}"));
    node.start();
    let heard = RefCell::new(String::new());
    let is_told = || {
        let mut bytes = [0; 4096];
        let length = fifo.borrow_mut().read(&mut bytes).unwrap_or(0);
        *heard.borrow_mut() += &String::from_utf8_lossy(&bytes[..length]);
        heard.borrow().contains("INSTANCE \"A\" BACKUP 51\n")
    };
    lab.wait("the first router is told of", ELECTION, is_told, &[&node]);
    heard.take().lines().map(str::to_owned).collect()
}

#[test]
fn routers_that_begin_in_fault_are_told_of_first() {
    let Some(_) = lab::mixtures() else { return };
    let lines = beginning(Which::Evenkeel);
    let expected = [
        "INSTANCE \"B\" FAULT 52",
        "INSTANCE \"C\" FAULT 53",
        "INSTANCE \"D\" FAULT 54",
        "GROUP \"G\" FAULT 0",
        "INSTANCE \"A\" BACKUP 51",
    ];
    assert_eq!(lines[..5], expected);
    if Which::Keepalived.exists() {
        assert_eq!(lines[..5], beginning(Which::Keepalived)[..5]);
    }
}
