//! Routes and rules with every word they may have: the kernel holds what it holds with keepalived.

use crate::ELECTION;
use crate::lab::{self, Lab, Which};

/// rtt and rttvar are the same, because 2.2 takes one for the other.
const ITEMS: &str = "static_routes {
  198.18.0.0/24 via 198.51.100.9 dev eth0 initcwnd 7
}
static_rules {
  from 198.18.0.0/24 lookup 101 priority 40 ipproto 17
}
vrrp_instance LAB {
  virtual_routes {
    192.0.2.0/24 via 198.51.100.9 dev eth0 mtu lock 1400 advmss 1300 rtt 200ms rttvar 200ms rto_min lock 300ms
    192.0.3.0/24 dev eth0 window 20000 cwnd 12 ssthresh 30 reordering 4 hoplimit 33 initcwnd 20 initrwnd 21
    192.0.4.0/24 via 198.51.100.9 dev eth0 quickack 1 features ecn congctl lock reno fastopen_no_cookie 1 realms 3/4
    192.0.5.0/24 metric 7 nexthop via 198.51.100.9 dev eth0 weight 3 nexthop via 198.51.100.8 dev eth0 onlink realms 5
    192.0.6.0/24 via 198.51.100.9 or 198.51.100.8
    192.0.7.0/24 encap ip id 7 dst 198.51.100.77 ttl 9 dev eth0
    192.0.8.0/24 encap mpls 16/17 via 198.51.100.9 dev eth0 ttl-propagate disabled
    2001:db8:5::/48 dev eth0 pref high expires 5000 table 100
    2001:db8:6::/48 encap ip6 id 8 dst 2001:db8::8 hoplimit 5 dev eth0
  }
  virtual_rules {
    from 192.0.2.0/24 lookup 100 priority 50 realms 5/6 suppress_prefixlength 8 suppress_ifgroup 3
    to 192.0.3.0/24 lookup 300 priority 51 ipproto 6 dport 80-90 sport 1000-2000 uidrange 10-20 no_track
    iif eth0 lookup 100 priority 52 tunnel-id 77
    l3mdev priority 53
    from 2001:db8:5::/48 lookup 100 priority 54 sup_pl 3 sup_group 5 sport 5-6
  }
";

/// They come with the mastership and go with it.
#[test]
fn the_kernel_holds_the_routes_and_rules_that_keepalived_makes() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> String {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|text| text.replacen("vrrp_instance LAB {\n", ITEMS, 1));
        let own = |routing: String| -> String {
            routing.lines().filter(|line| !line.contains("proto kernel")).map(|line| format!("{line}\n")).collect()
        };
        node.start();
        lab.wait("the last rule is there", ELECTION, || node.routing().contains("sport 5-6"), &[&node]);
        let during = own(node.routing());
        node.stop();
        assert_eq!(own(node.routing()), "", "{which:?}: {}", node.log());
        // What the kernel refuses, it refuses to both.
        let log = node.log();
        let refused = log.lines().filter_map(|line| line.split_once("Netlink: error: ")).map(|(_, text)| text);
        let refused = refused.map(|text| text.split(", seq=").next().unwrap_or_default());
        during + &refused.map(|text| format!("{text}\n")).collect::<String>()
    };
    let ours = story(Which::Evenkeel);
    assert!(ours.contains("mtu lock 1400") && ours.contains("weight 3"), "{ours}");
    if Which::Keepalived.exists() {
        assert_eq!(ours, story(Which::Keepalived));
    }
}

/// Static ones, and those of a router; those with `no_track` stay away.
const TAKEN_AWAY: &str = "static_routes {
  203.0.113.0/24 dev eth0
  203.0.114.0/24 dev eth0 no_track
}
static_rules {
  from 203.0.113.0/24 lookup 100 priority 90
}
vrrp_instance A {
  interface eth0
  virtual_router_id 5
  version 3
  advert_int 0.1
  virtual_ipaddress {
    198.51.100.100/24
  }
  virtual_routes {
    192.0.2.0/24 dev eth0
    192.0.3.0/24 dev eth0 no_track
  }
  virtual_rules {
    from 192.0.2.0/24 lookup 100 priority 77
  }
}
";

/// A route or rule that somebody takes away comes back: a router's by way of its backup state, which puts all in its place.
#[test]
fn routes_and_rules_that_are_taken_away_come_back() {
    let Some(_) = lab::mixtures() else { return };
    let story = |which: Which| -> (String, Vec<String>) {
        let lab = Lab::new();
        let mut node = lab.node("a", which, 150, false);
        node.rewrite(|_| TAKEN_AWAY.to_owned());
        node.start();
        let is_whole = || node.routing().contains("77:\tfrom 192.0.2.0/24") && node.is_master("A");
        lab.wait("it is master", ELECTION, is_whole, &[&node]);
        let count = |word: &str| node.log().matches(word).count();
        node.ip(&["route", "del", "203.0.114.0/24"]);
        node.ip(&["route", "del", "192.0.3.0/24"]);
        for (words, sign, times) in [
            (&["route", "del", "203.0.113.0/24"][..], "Restoring deleted static route", 1),
            (&["rule", "del", "priority", "90"], "Restoring deleted static rule", 1),
            (&["route", "del", "192.0.2.0/24"], "Entering MASTER STATE", 2),
            (&["rule", "del", "priority", "77"], "Entering MASTER STATE", 3),
        ] {
            node.ip(words);
            lab.wait(sign, ELECTION, || count(sign) == times && is_whole(), &[&node]);
        }
        let routing = node.routing();
        let log = node.log();
        let lines = log.lines().filter_map(|line| line.split_once(": ")).map(|(_, text)| text.to_owned());
        let lines = lines.skip_while(|line| line != "(A) Entering MASTER STATE");
        (routing, lines.filter(|line| !line.contains("gratuitous ARP on")).collect())
    };
    let (routing, said) = story(Which::Evenkeel);
    assert!(!routing.contains("203.0.114.0") && said.len() > 20, "{routing}\n{said:#?}");
    if Which::Keepalived.exists() {
        assert_eq!((routing, said), story(Which::Keepalived));
    }
}
