//! How the kernel runs the VRRP process by `vrrp_priority` and its like, and in which network namespace, beside keepalived.

use std::fs;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::lab::{self, ELECTION, Lab, Which};

/// What the file asks for.
const SETTINGS: &[&str] = &[
    "",
    "vrrp_priority -5",
    "vrrp_no_swap\nvrrp_cpu_affinity 0",
    "vrrp_rt_priority 20\nvrrp_rlimit_rttime 200000",
    "max_auto_priority 10\nmin_auto_priority_delay 2000000",
];

/// proc_pid_stat(5): priority, nice value, real-time priority and policy.
fn scheduling(pid: i32) -> Vec<String> {
    let read = |name: &str| fs::read_to_string(format!("/proc/{pid}/{name}")).expect("it runs");
    let stat = read("stat");
    let fields: Vec<&str> = stat.rsplit_once(')').expect("a name").1.split_whitespace().collect();
    let mut told: Vec<String> = [15, 16, 37, 38].map(|place| fields[place].to_owned()).into();
    let status = read("status");
    told.extend(status.lines().filter(|line| line.starts_with("Cpus_allowed_list:")).map(str::to_owned));
    let locked = status.lines().find_map(|line| line.strip_prefix("VmLck:"));
    told.push(format!("locked: {}", locked.is_some_and(|size| size.trim() != "0 kB")));
    told.extend(read("limits").lines().filter(|line| line.starts_with("Max realtime timeout")).map(str::to_owned));
    told
}

#[test]
fn the_vrrp_process_runs_as_the_file_says() {
    let Some(_) = lab::mixtures() else { return };
    for settings in SETTINGS {
        let programs = [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists());
        let all: Vec<_> = programs
            .map(|which| {
                let lab = Lab::new();
                let mut node = lab.node("a", which, 150, true);
                node.rewrite(|text| text.replacen("global_defs {", &format!("global_defs {{\n{settings}"), 1));
                node.start();
                lab.wait("it is master", ELECTION, || node.holds(), &[&node]);
                let told = scheduling(node.pid(true));
                if settings.contains("rttime") {
                    // Half of the time is a warning, not the end.
                    kill(Pid::from_raw(node.pid(true)), Signal::SIGXCPU).expect("it runs");
                    let line = "VRRP process has used too much CPU time, vrrp_rlimit_rttime may need to be increased";
                    lab.wait("it has warned", ELECTION, || node.log().contains(line), &[&node]);
                }
                node.stop();
                told
            })
            .collect();
        assert!(all.windows(2).all(|pair| pair[0] == pair[1]), "{settings}: {all:#?}");
    }
}

/// The daemon is started in one namespace, and its file names another one.
#[test]
fn routers_work_in_the_namespace_that_the_file_names() {
    let Some(_) = lab::mixtures() else { return };
    for which in [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists()) {
        let lab = Lab::new();
        let mut starter = lab.node("a", which, 150, true);
        let place = lab.node("b", which, 150, true);
        starter.rewrite(|text| format!("net_namespace {}\n{text}", place.namespace()));
        starter.start();
        lab.wait("it is master there", ELECTION, || place.holds(), &[&starter]);
        assert!(!starter.holds(), "{which:?} {}", starter.log());
        starter.stop();
        assert!(!place.holds(), "{which:?} {}", starter.log());
    }
}
