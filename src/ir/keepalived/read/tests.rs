//! Cases that keepalived and evenkeel answer alike: the whole text and the exit code of `-t`.

use std::collections::BTreeMap;
use std::io;

use super::*;
use crate::conf::keepalived::files::FileKind;
use crate::ir::keepalived::system::{Interface, ScriptFile};
use crate::wire::netlink::link::OwnKind;

const CASES: &str = include_str!("tests/cases.tsv");

/// Files in memory, and a machine with one interface, one user and no script users.
struct Memory(BTreeMap<&'static str, String>, bool);

impl Files for Memory {
    fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        self.0.get(path).map(|text| text.clone().into_bytes()).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn kind(&self, path: &str) -> Option<FileKind> {
        match path.trim_end_matches('/') {
            "/e/inc" => Some(FileKind::Directory),
            "/e/inc/exec.inc" => Some(FileKind::Executable),
            path => self.0.contains_key(path).then_some(FileKind::Regular),
        }
    }

    fn list(&self, directory: &str) -> Option<Vec<String>> {
        let head = format!("{}/", directory.trim_end_matches(['/', '.']));
        let inside = self.0.keys().filter_map(|path| path.strip_prefix(&head)).filter(|name| !name.contains('/'));
        Some(inside.map(str::to_owned).collect())
    }
}

impl System for Memory {
    fn interface(&self, name: &str) -> Option<Interface> {
        matches!(name, "eth0" | "red").then_some(Interface {
            loopback: false,
            multicast: true,
            ethernet: true,
            mtu: 1500,
            address_v4: None,
            address_v6: None,
        })
    }

    fn vrf_table(&self, name: &str) -> Option<u32> {
        (name == "red").then_some(100)
    }

    fn is_of_another_kind(&self, name: &str, _: OwnKind) -> bool {
        self.interface(name).is_some()
    }

    fn user(&self, name: &str) -> Option<Identity> {
        (name == "root").then(|| self.identity())
    }

    fn group(&self, name: &str) -> Option<u32> {
        (name == "root").then_some(0)
    }

    fn identity(&self) -> Identity {
        Identity { uid: 0, gid: 0 }
    }

    fn resolves(&self, _: &str) -> bool {
        true
    }

    fn script(&self, program: &str, _: Identity) -> ScriptFile {
        match program {
            "/bin/true" | "true" => ScriptFile::Found { searched: None, executable: true, unsafe_part: None },
            "/etc/hostname" => ScriptFile::Found { searched: None, executable: false, unsafe_part: None },
            _ => ScriptFile::NotFound,
        }
    }

    fn route_number(&self, _: RouteNames, _: &str) -> Option<u32> {
        None
    }

    fn enter_namespace(&self, _: &str) -> bool {
        false
    }

    fn processors(&self) -> u32 {
        1
    }

    fn has_ipvs(&self) -> bool {
        self.1
    }
}

fn unescape(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        out.push(match c {
            '\\' => match rest.next() {
                Some('n') => '\n',
                Some('r') => '\r',
                Some('t') => '\t',
                Some('0') => '\0',
                _ => '\\',
            },
            c => c,
        });
    }
    out
}

fn run(text: &str) -> Outcome {
    run_on(text, true, true)
}

/// `testing`: with `-t`.
fn run_on(text: &str, has_ipvs: bool, testing: bool) -> Outcome {
    let instance = "vrrp_instance A {\n    interface eth0\n    virtual_router_id 5\n    priority 100\n    advert_int 1\n    \
                    virtual_ipaddress {\n        198.51.100.50\n    }\n}\n";
    let texts = BTreeMap::from([
        ("/e/k.conf", text.to_owned()),
        ("/e/inc/a.inc", instance.to_owned()),
        ("/e/inc/prio.txt", "priority 100\n".to_owned()),
        ("/e/inc/exec.inc", "# x\n".to_owned()),
    ]);
    let files = Memory(texts, has_ipvs);
    let surroundings = Surroundings { config_id: "main".into(), ..Surroundings::default() };
    let options =
        Options { path: "k.conf".into(), directory: "/e".into(), surroundings, testing, ..Options::default() };
    read(&files, &files, &options)
}

#[test]
fn tests_end_as_in_keepalived() {
    let mut wrong = String::new();
    let mut count = 0;
    for line in CASES.lines().filter(|line| !line.starts_with('#')) {
        let [name, text, code, said] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let outcome = run(&unescape(text));
        let shown = |report: &&Report| report.fault > Fault::LogOnly && !outcome.not_served.contains(report);
        let ours: String = outcome.reports.iter().filter(shown).map(|report| format!("{report}\n")).collect();
        let ours_code = outcome.test_exit_code.to_string();
        if ours != unescape(said) || ours_code != code {
            wrong += &format!("{name}: {ours_code} for {code}\n{ours}--\n{}", unescape(said));
        }
        count += 1;
    }
    assert!(wrong.is_empty() && count > 120, "{count} cases\n{wrong}");
}

#[test]
fn an_instance_gets_its_defaults() {
    let outcome = run("vrrp_instance A {\n state MASTER\n interface eth0\n virtual_router_id 51\n priority 150\n \
                       authentication {\n auth_type PASS\n auth_pass s3cret\n }\n virtual_ipaddress {\n 192.0.2.9/24\n }\n}\n");
    assert_eq!(outcome.test_exit_code, 0);
    insta::assert_yaml_snapshot!(outcome.keepalived.instances);
}

#[test]
fn a_refused_configuration_names_its_exit_code() {
    assert_eq!(run("vrrp_instance A {\n interface eth0\n}\n").refusal, Some(2));
    assert_eq!(run("vrrp_instance A {\n interface\n}\n").refusal, Some(2));
    assert_eq!(run("includem nothing\n").refusal, Some(6));
    let unserved = run("virtual_server 192.0.2.1 80 {\n}\n");
    assert_eq!((unserved.test_exit_code, unserved.refusal), (5, Some(2)));
    assert_eq!(unserved.not_served[0].to_string(), "(k.conf: Line 1) virtual_server is not served yet by evenkeel");
}

/// This kernel may have none: the table is that of the interface.
#[test]
fn a_route_of_a_vrf_goes_into_its_table() {
    let outcome = run("static_routes {\n 192.0.2.0/24 via 198.51.100.9 vrf red\n 192.0.3.0/24 dev eth0 vrf eth0\n}\n");
    let tables: Vec<u32> = outcome.keepalived.static_routes.iter().map(|route| route.table).collect();
    assert_eq!(tables, [100]);
    assert_eq!(outcome.reports[0].to_string(), "(k.conf: Line 3) Route specified VRF eth0 is not a VRF");
}

/// keepalived ends with 1 there, VRRP included.
#[test]
fn without_ipvs_in_the_kernel_only_virtual_servers_are_left_out() {
    let server = |port: u16| {
        format!(
            "virtual_server 192.0.2.1 {port} {{\n protocol TCP\n lb_algo rr\n lb_kind NAT\n real_server 192.0.2.2 80 {{\n }}\n}}\n"
        )
    };
    let text = format!("{}{}", server(80), server(443));
    let outcome = run_on(&text, false, false);
    assert_eq!((outcome.refusal, outcome.not_served.len()), (None, 0));
    let said: Vec<String> = outcome.reports.iter().map(ToString::to_string).collect();
    assert_eq!(
        said,
        [
            "IPVS: Can't initialize ipvs: No such file or directory",
            "Virtual server [192.0.2.1]:tcp:80 is not served: the kernel has no IPVS",
            "Virtual server [192.0.2.1]:tcp:443 is not served: the kernel has no IPVS",
        ]
    );
    assert_eq!(run_on(&text, true, false).refusal, Some(2));
    assert_eq!(run_on(&text, false, true).not_served.len(), 1);
    let other = format!("{}global_defs {{\n enable_dbus\n}}\n", server(80));
    assert_eq!(run_on(&other, false, false).refusal, Some(2));
}

#[test]
fn who_wants_reloads_checked_starts_with_no_fault_either() {
    let text = |check| format!("global_defs {{\n {check}\n nonsense_word\n}}\n");
    assert_eq!(run_on(&text("reload_check_config /dev/null"), true, false).refusal, Some(2));
    assert_eq!(run_on(&text("reload_repeat"), true, false).refusal, None);
}

/// keepalived's child logs it, and names no line.
#[test]
fn an_old_name_of_a_track_file_is_logged_once() {
    let outcome = run_on("vrrp_track_file f {\n file /dev/null\n}\n", false, false);
    let said: Vec<String> = outcome.reports.iter().map(ToString::to_string).collect();
    assert_eq!(said, ["\"vrrp_track_file\" is deprecated, please use \"track_file\""]);
}
