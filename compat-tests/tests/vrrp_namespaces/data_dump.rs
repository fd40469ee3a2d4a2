//! What SIGUSR1 writes and `-d` logs, beside keepalived: every section, every line.

use crate::ELECTION;
use crate::lab::{self, Lab, Which};

/// A value for most of what has a line in the dump. Not `max_auto_priority`: on a busy machine keepalived then runs with a realtime
/// priority, and is killed by its own limit of it.
const CONFIGURATION: &str = "global_defs {
  router_id ek
  notification_email {
    a@example.org
    b@example.org
  }
  smtp_server 127.0.0.1 2525
  smtp_connect_timeout 12
  smtp_alert_vrrp off
  checker_log_all_failures
  script_user root
  enable_script_security
  process_names
  no_email_faults
  lvs_timeouts tcp 10 tcpfin 11 udp 12
  lvs_flush
  lvs_flush_on_stop VS
  vrrp_mcast_group4 224.0.0.19
  vrrp_garp_master_delay 7
  vrrp_garp_master_repeat 3
  vrrp_garp_master_refresh 60
  vrrp_garp_lower_prio_repeat 2
  vrrp_down_timer_adverts 4
  vrrp_higher_prio_send_advert
  vrrp_garp_interval 0.002
  vrrp_version 3
  nftables ek
  nftables_priority -5
  nftables_ipvs
  nftables_counters
  vrrp_check_unicast_src
  vrrp_skip_check_adv_addr
  min_auto_priority_delay 2000
  vrrp_priority -3
  checker_priority -4
  checker_rt_priority 20
  bfd_no_swap
  bfd_rlimit_rttime 40000
  vrrp_netlink_cmd_rcv_bufs 100000
  vrrp_netlink_monitor_rcv_bufs_force
  lvs_netlink_cmd_rcv_bufs 400000
  rs_init_notifies
  no_checker_emails
  vrrp_rx_bufs_policy 30000
  vrrp_rx_bufs_multiplier 4
  umask IWGRP | IWOTH
  log_unknown_vrids
  vmac_prefix ek
}
static_routes {
  203.0.113.0/24 via 198.51.100.254 dev eth0
}
static_rules {
  from 203.0.113.7 table 44 priority 300
}
track_group statics {
  group {
    LAB
  }
}
vrrp_script chk {
  script \"/bin/true 1 2\"
  interval 1
  timeout 20
  rise 2
  fall 3
  weight -20
}
vrrp_instance LAB {
  interface eth0
  virtual_router_id 51
  priority 100
  advert_int 0.2
  virtual_ipaddress {
    198.51.100.100
  }
  virtual_routes {
    192.0.2.0/24 via 198.51.100.9 dev eth0
  }
  track_script {
    chk
  }
  notify_master \"/bin/true m x\"
}
vrrp_instance TWO {
  interface eth0
  virtual_router_id 52
  version 2
  priority 255
  state MASTER
  unicast_ttl 200
  unicast_peer {
    198.51.100.2
    198.51.100.3 min_ttl 5 max_ttl 255
  }
  kernel_rx_buf_size 4096
  debug 2
  virtual_ipaddress {
    198.51.100.105 brd 198.51.100.255
  }
}
vrrp_sync_group BOTH {
  group {
    LAB
    THREE
  }
  track_interface {
    lo weight 5
  }
  sync_group_tracking_weight
  notify \"/bin/true g\"
}
vrrp_instance THREE {
  interface eth0
  virtual_router_id 53
  priority 90
  advert_int 0.2
  nopreempt
  virtual_ipaddress {
    198.51.100.106
  }
}
";

/// The dump of a start and the data file are keepalived's to the line. Not compared: what each run has of its own (times, numbers of
/// descriptors and interfaces, hardware addresses), what a script is doing at the moment, keepalived's word for a master that
/// it has not heard of yet, and the version of a library that is not in evenkeel.
#[test]
fn every_section_is_keepalived_s() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> [String; 3] {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|_| CONFIGURATION.to_owned());
        node.start_with(&["-d"]);
        let all = ["LAB", "TWO", "THREE"];
        let are_masters = || all.iter().all(|name| node.is_master(name)) && node.log().contains("(chk) succeeded");
        lab.wait("all are master", ELECTION, are_masters, &[&node]);
        let data = node.dump("DATA", "keepalived.data");
        let parent = node.dump("DATA", "keepalived_parent.data");
        node.stop();
        let log = node.log();
        let lines = log.lines().filter_map(|line| line.splitn(4, ':').nth(3)?.get(1..));
        let from_begin = lines.skip_while(|line| !line.contains("Global definitions"));
        let of_dump = from_begin.filter(|line| line.starts_with(' ') || line.starts_with("------<"));
        // keepalived's parent has not looked yet for what this means.
        let parent = parent.lines().filter(|line| !line.starts_with(" Gratuitous ARP lower priority delay"));
        [comparable(of_dump), comparable(data.lines()), comparable(parent)]
    };
    let [log, data, parent] = story(Which::Evenkeel);
    for section in ["Global definitions", "Static Rules", "VRRP Sync groups", "VRRP Scripts", "Interfaces"] {
        assert!(log.contains(section) && data.contains(section), "{section}: {log}{data}");
    }
    assert!(data.contains("------< VRRP Sockpool >------"), "{data}");
    if Which::Keepalived.exists() {
        let [their_log, their_data, their_parent] = story(Which::Keepalived);
        assert_eq!(log, their_log);
        assert_eq!(data, their_data);
        assert_eq!(parent, their_parent);
    }
}

/// Interfaces that are made, that are missing, and settings of those that are there; weights that a group and a member give; a
/// route of several ways, rules, and an interface without a word about where its adverts come from.
const INTERFACES: &str = "global_defs {
  router_id ek
  script_user root
  enable_script_security
  dynamic_interfaces
  nftables_counters
}
interface_up_down_delays {
  eth0 0.3 0.2
}
vrrp_script chk {
  script /bin/true
  interval 1
  weight 10
}
vrrp_instance LAB {
  interface eth0
  virtual_router_id 51
  advert_int 0.2
  version 3
  use_vmac
  virtual_ipaddress {
    198.51.100.100/24
  }
}
vrrp_instance TWO {
  interface eth0
  virtual_router_id 52
  use_vmac ek52
  vmac_xmit_base
  dont_track_primary
  unicast_peer {
    198.51.100.2
  }
  virtual_ipaddress {
    198.51.100.102/24
  }
}
vrrp_instance THREE {
  interface eth0
  virtual_router_id 53
  promote_secondaries
  virtual_ipaddress {
    198.51.100.103/24
    198.51.100.104/24 use_vmac
  }
  virtual_routes {
    192.0.2.0/24 no_track nexthop via 198.51.100.8 dev eth0 weight 3 nexthop via 198.51.100.9 dev eth0
    192.0.3.0/24 dev eth0 mtu lock 1400 advmss 1300 rtt 20ms realms 3/7
  }
  virtual_rules {
    from 192.0.2.0/24 uidrange 1-5 suppress_prefixlength 3 table 5 preference 77
    to 192.0.3.0/24 ipproto 6 sport 5-7 fwmark 5/7 prohibit preference 78 no_track
  }
  track_script {
    chk
  }
}
vrrp_instance SIX {
  interface eth0
  virtual_router_id 54
  version 3
  virtual_ipaddress {
    fe80::54
    2001:db8::54/64
  }
}
vrrp_instance GONE {
  interface gone
  virtual_router_id 55
  advert_int 0.2
  virtual_ipaddress {
    198.51.100.105/24
  }
}
vrrp_sync_group ONE {
  group {
    THREE
  }
  sync_group_tracking_weight
  track_script {
    chk weight 3
  }
  track_interface {
    other weight 4
  }
}
";

/// Of an interface that is not there keepalived shows what it has of others, as zeros.
#[test]
fn interfaces_that_are_made_or_missing_are_keepalived_s() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> [String; 2] {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|_| INTERFACES.to_owned());
        settle_addresses(&node);
        node.start();
        let are_masters = || ["LAB", "TWO", "THREE", "SIX"].iter().all(|name| node.is_master(name));
        lab.wait("all are master", ELECTION, are_masters, &[&node]);
        let data = node.dump("DATA", "keepalived.data");
        let json = node.dump("JSON", "keepalived.json").replace(",\"", ",\n\"");
        if which == Which::Evenkeel {
            assert!(node.log().contains("Printing VRRP as json for process("), "{}", node.log());
        }
        node.stop();
        let own = ["\"last_transition\"", "\"advert_sent\""];
        let json = json.lines().filter(|line| !own.iter().any(|word| line.starts_with(word)));
        [comparable(data.lines()), json.flat_map(|line| [line, "\n"]).collect()]
    };
    let ours = story(Which::Evenkeel);
    for line in ["     198.51.100.100/24 dev vrrp.51@eth0 scope global set\n", " Name = gone\n"] {
        assert!(ours[0].contains(line), "{line}: {}", ours[0]);
    }
    if Which::Keepalived.exists() {
        let theirs = story(Which::Keepalived);
        assert_eq!(ours[0], theirs[0]);
        assert_eq!(ours[1], theirs[1]);
    }
}

/// An address of the link that needs no test, in place of the kernel's own, which is on trial for a while.
pub fn settle_addresses(node: &lab::Node) {
    node.ip(&["-6", "addr", "flush", "dev", "eth0"]);
    node.ip(&["addr", "add", "fe80::1/64", "dev", "eth0", "nodad"]);
}

fn comparable<'a>(lines: impl Iterator<Item = &'a str>) -> String {
    let own = [
        "Last transition = ",
        "Read timeout = ",
        "Master down timer = ",
        "GARP next time ",
        "fd_in ",
        "index = ",
        "MAC = ",
        "IPv6 address = ",
        "Master router = ",
        "libnftnl version ",
        "current realtime ",
        "IPv6 forwarding. Last checked ",
        "Not IPv6 forwarding. Last checked ",
        "State = running",
        "State = idle",
    ];
    let kept = lines.filter(|line| !own.iter().any(|word| line.trim_start().starts_with(word)));
    kept.flat_map(|line| [line, "\n"]).collect()
}
