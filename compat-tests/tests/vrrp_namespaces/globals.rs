//! What `global_defs` and its like have to say about a running daemon, beside keepalived.

use std::cell::RefCell;
use std::fs;

use crate::ELECTION;
use crate::lab::{self, Lab, Which};

fn is_on(node: &lab::Node, interface: &str) -> bool {
    let path = format!("/proc/sys/net/ipv4/conf/{interface}/promote_secondaries");
    node.inside(move |_| fs::read_to_string(path).expect("the kernel has it").trim() == "1")
}

/// The state is told once more at a reload; the processes have the names that were asked for; the kernel promotes secondaries
/// as long as the daemon runs.
#[test]
fn states_names_and_settings_are_those_of_keepalived() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        let mut master = lab.node("b", Which::Evenkeel, 200, true);
        master.start();
        lab.wait("there is a master", ELECTION, || master.holds(), &[&master]);
        let (path, _) = node.fifo();
        node.rewrite(|text| {
            let globals = format!(
                "enable_script_security\n  process_names \n  process_name ekparent\n  vrrp_process_name ekvrrp\n  \
                 vrrp_notify_fifo {path}\n  fifo_write_vrrp_states_on_reload "
            );
            let group = "garp_group {\n  garp_interval 0.001\n  interfaces {\n    eth0\n  }\n}\nvrrp_instance LAB {\n  \
                         promote_secondaries \n";
            text.replacen("enable_script_security", &globals, 1).replacen("vrrp_instance LAB {\n", group, 1)
        });
        node.set_ipv4("conf/eth0/promote_secondaries=0");
        node.start();
        let is_backup = || node.log().contains("Entering BACKUP STATE") && node.pid(true) != 0;
        lab.wait("it is backup", ELECTION, is_backup, &[&node]);
        let names = [false, true].map(|of_vrrp| fs::read_to_string(format!("/proc/{}/comm", node.pid(of_vrrp))));
        let names = names.map(|name| name.unwrap_or_default().trim().to_owned());
        assert_eq!(names, ["ekparent", "ekvrrp"], "{which:?}");
        assert!(is_on(&node, "eth0"), "{which:?}");
        let backup = "INSTANCE \"LAB\" BACKUP 150\n";
        let told = RefCell::new(String::new());
        let tells_backup = || {
            *told.borrow_mut() += &node.fifo().1;
            told.borrow().contains(backup)
        };
        lab.wait("it tells so", ELECTION, tells_backup, &[&node]);
        told.borrow_mut().clear();
        node.reload();
        lab.wait("it tells so again", ELECTION, tells_backup, &[&node]);
        let again = told.borrow().clone();
        assert_eq!(again, backup, "{which:?}");
        node.stop();
        assert!(!is_on(&node, "eth0"), "{which:?}");
    }
}

/// keepalived knows it from 2.2.8 on.
#[test]
fn json_of_version_2_is_an_object() {
    let Some(_) = lab::mixtures() else { return };
    let lab = Lab::new();
    let mut node = lab.node("a", Which::Evenkeel, 150, false);
    node.rewrite(|text| text.replacen("global_defs {", "global_defs {\n  json_version 2", 1));
    node.start();
    lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
    let json = node.dump("JSON", "keepalived.json");
    assert!(json.starts_with("{\"vrrp\":[{\"data\":{\"iname\":\"LAB\"") && json.ends_with("}]}\n"), "{json}");
    node.stop();
}

/// `-C` leaves VRRP out, `-a` tells of addresses, and `-x`, which is not served, hinders nothing.
#[test]
fn options_for_more_and_for_less_are_heeded() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.start_with(&["-C"]);
        let is_idle = || node.log().contains("Warning - keepalived has no configuration to run");
        lab.wait("it says that there is nothing to do", ELECTION, is_idle, &[&node]);
        assert!(
            !node.log().contains("Starting VRRP child process") && node.pid(true) == 0,
            "{which:?}: {}",
            node.log()
        );
        node.stop();
        // keepalived knows -x only where it was built with it.
        let is_ours = which == Which::Evenkeel;
        node.start_with(if is_ours { &["-a", "-x", "-A", "tcp:127.0.0.1:705"] } else { &["-a"] });
        lab.wait("it is master", ELECTION, || node.is_master("LAB"), &[&node]);
        let log = node.log();
        assert!(log.contains("Netlink reflector reports IP 198.51.100.1 added to eth0"), "{which:?}: {log}");
        assert_eq!(log.contains("Warning: SNMP is not served by evenkeel"), is_ours, "{log}");
        node.stop();
    }
}
