//! `auth_hmac`: two routers that sign their adverts agree; who has another key is heard by nobody.

use crate::ELECTION;
use crate::lab::{self, Lab};

/// The lines of the block, with a key for the first and one for the second node.
fn block(key: &str) -> String {
    format!(
        "auth_hmac {{\n    key 1 {key}\n    key 2 hex:{}\n    active_key 1\n    time_window 60\n    anti_replay time\n    \
         mode enforce\n  }}",
        "5a".repeat(32)
    )
}

/// In the place of the password.
fn signed(text: &str, key: &str) -> String {
    let (before, rest) = text.split_once("authentication {").expect("it has a password");
    let (_, after) = rest.split_once('}').expect("its end");
    format!("{before}{}{after}", block(key))
}

const KEY: &str = "0123456789abcdef0123456789abcdef";

/// keepalived knows it from 2.4 on.
#[test]
fn routers_with_the_same_key_hear_each_other_and_no_other() {
    let Some(mixtures) = lab::mixtures() else { return };
    for (first, second) in mixtures {
        if ![first, second].iter().all(|which| which.signs_adverts()) {
            continue;
        }
        let lab = Lab::new();
        let mut a = lab.node("a", first, 101, true);
        let mut b = lab.node("b", second, 100, false);
        a.rewrite(|text| signed(text, KEY));
        b.rewrite(|text| signed(text, &b.secret(KEY)));
        lab.move_by_script(&mut a, &mut b);
        for node in [&a, &b] {
            assert!(!node.log().contains("authentication"), "{first:?} {second:?}: {}", node.log());
        }
        b.stop();
        b.rewrite(|text| text.replace(&b.secret(KEY), &KEY.replace('0', "1")));
        b.start();
        lab.wait("nobody hears the other", ELECTION, || a.holds() && b.holds(), &[&a, &b]);
        let forged = |host: u8| format!("(LAB) invalid authentication HMAC from 198.51.100.{host}");
        lab.wait("a says why", ELECTION, || a.log().contains(&forged(2)), &[&a, &b]);
        lab.wait("b says why", ELECTION, || b.log().contains(&forged(1)), &[&a, &b]);
        let statistics = b.dump("STATS", "keepalived.stats");
        assert!(statistics.contains("    Stale: 0\n"), "{statistics}");
        assert!(!statistics.contains("    Invalid HMAC: 0\n"), "{statistics}");
        b.stop();
        a.stop();
    }
}
