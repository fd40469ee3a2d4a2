//! What each process may do: the daemon's parent, its VRRP process, and the scripts that this one starts.

use std::fs;
use std::path::Path;

use crate::lab::{self, ELECTION, Lab, Which};

/// capabilities(7), by number: chown, dac_override, kill, setgid, setuid, net_bind_service, net_admin, net_raw, ipc_lock, sys_nice,
/// sys_resource.
const ROUTING: [u32; 11] = [0, 1, 5, 6, 7, 10, 12, 13, 14, 23, 24];

/// The lines that say what a process may do.
fn rights(status: &str) -> Vec<String> {
    let names = ["Uid:", "CapPrm:", "CapEff:", "CapAmb:", "NoNewPrivs:", "Seccomp:"];
    let is_one = |line: &&str| names.iter().any(|name| line.starts_with(name));
    status.lines().filter(is_one).map(str::to_owned).collect()
}

fn rights_of(pid: i32) -> Vec<String> {
    rights(&fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs"))
}

/// Scripts may do what keepalived lets them do: one of root's everything, one of another user nothing. The VRRP process may do what
/// routing needs, and its parent what it was started with, since the next configuration may need it.
#[test]
fn the_vrrp_process_may_route_and_scripts_may_do_what_their_user_may() {
    let Some(_) = lab::mixtures() else { return };
    let own = rights_of(std::process::id().cast_signed());
    let scripts = [Which::Keepalived, Which::Evenkeel].into_iter().filter(|which| which.exists()).map(|which| {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        let (folder, _) = node.script_for_all("room");
        let users = ["root", "nobody"];
        let blocks = users.map(|user| {
            let path = node.script(user, &format!("cat /proc/self/status >{folder}/{user}"));
            format!("vrrp_script {user} {{\n  script {path}\n  interval 1\n  user {user}\n}}\n")
        });
        let tracked = format!("track_script {{\n{}\n", users.join("\n"));
        node.rewrite(|text| {
            let text = text.replace("vrrp_instance LAB", &format!("{}vrrp_instance LAB", blocks.concat()));
            text.replace("track_script {\n", &tracked)
        });
        node.start();
        let said = |user: &str| rights(&fs::read_to_string(Path::new(&folder).join(user)).unwrap_or_default());
        lab.wait("both scripts' word", ELECTION, || users.iter().all(|user| said(user).len() == own.len()), &[&node]);
        lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
        if which == Which::Evenkeel {
            assert_eq!(rights_of(node.pid(false)), own, "the parent");
            let mask = ROUTING.iter().fold(0_u64, |mask, number| mask | 1 << number);
            let expected = own.iter().map(|line| match line.split_once('\t') {
                Some((name @ ("CapPrm:" | "CapEff:"), all)) => {
                    let all = u64::from_str_radix(all, 16).expect("the kernel's number");
                    format!("{name}\t{:016x}", all & mask)
                }
                _ => line.clone(),
            });
            let expected: Vec<_> = expected.collect();
            assert_eq!(rights_of(node.pid(true)), expected, "the VRRP process");
            println!("parent {own:?}\nVRRP process {expected:?}");
        }
        node.stop();
        users.map(said)
    });
    let scripts: Vec<_> = scripts.collect();
    println!("scripts {:?}", scripts[0]);
    assert!(scripts.iter().all(|other| *other == scripts[0]), "{scripts:?}");
    assert_eq!(scripts[0][0], own, "root's script");
    for line in &scripts[0][1] {
        let number = line.split_whitespace().last().unwrap_or_default();
        assert!(!line.starts_with("Cap") || number.trim_matches('0').is_empty(), "{line}");
    }
}
