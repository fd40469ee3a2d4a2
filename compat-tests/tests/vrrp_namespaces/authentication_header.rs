//! `auth_type AH`: two routers with the same password agree, and go on with one count of adverts; who has another password is
//! heard by nobody.

use crate::ELECTION;
use crate::lab::{self, Lab};

const FORGED: &str = "(LAB) IPSEC-AH : invalid IPSEC HMAC-MD5 value. Due to fields mutation or bad password !";

/// keepalived 2.2.7 and later are built with it.
#[test]
fn routers_with_the_same_password_hear_each_other_and_no_other() {
    let Some(mixtures) = lab::mixtures() else { return };
    for (first, second) in mixtures {
        let lab = Lab::new();
        let mut a = lab.node("a", first, 101, false);
        let mut b = lab.node("b", second, 100, false);
        for node in [&a, &b] {
            node.rewrite(|text| text.replace("auth_type PASS", "auth_type AH"));
        }
        lab.move_by_script(&mut a, &mut b);
        a.stop();
        lab.wait("b takes over after a stop", ELECTION, || b.holds(), &[&a, &b]);
        // A router that begins with number 1 is not heard until it has heard how far the count is.
        a.start();
        lab.wait("a is master again", ELECTION, || a.holds() && !b.holds(), &[&a, &b]);
        for node in [&a, &b] {
            assert!(!node.log().contains(FORGED), "{first:?} {second:?}: {}", node.log());
        }
        b.stop();
        b.rewrite(|text| text.replace("auth_pass 1111", "auth_pass 2222"));
        b.start();
        lab.wait("nobody hears the other", ELECTION, || a.holds() && b.holds(), &[&a, &b]);
        lab.wait("both say why", ELECTION, || [&a, &b].iter().all(|node| node.log().contains(FORGED)), &[&a, &b]);
        let statistics = b.dump("STATS", "keepalived.stats");
        let failures = statistics.lines().filter(|line| line.trim_start().starts_with("Failure:"));
        assert!(failures.clone().any(|line| !line.ends_with(" 0")), "{first:?} {second:?}: {statistics}");
        b.stop();
        a.stop();
    }
}
