//! `auth_hmac`: two routers that sign their adverts agree; who has another key is heard by nobody.

use std::net::IpAddr;
use std::time::SystemTime;

use evenkeel::ir::keepalived::instance::{AuthHmac, HmacKey, HmacKeySource, HmacMode};
use evenkeel::vrrp::signature;
use evenkeel::wire::vrrp_trailer::LEN;

use crate::ELECTION;
use crate::bad_adverts::{self, Advert};
use crate::lab::{self, Lab, Which};

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

/// A kind of signed adverts: the key that signs, by how many seconds its clock is ahead, and what becomes of the trailer.
type Step = (&'static str, u8, i64, fn(&mut Vec<u8>));

/// In an order in which none makes a later one a replay.
const STEPS: &[Step] = &[
    ("unsigned", 1, 0, Vec::clear),
    ("cut off", 1, 0, |trailer| trailer.truncate(LEN - 1)),
    ("of another kind", 1, 0, |trailer| trailer[0] = 2),
    ("with something reserved", 1, 0, |trailer| trailer[3] = 1),
    ("by an unknown key", 1, 0, |trailer| trailer[1] = 9),
    ("forged", 1, 0, |trailer| trailer[LEN - 1] ^= 1),
    ("with another time", 1, 0, |trailer| trailer[8] ^= 1),
    ("stale", 1, -100, |_| ()),
    ("from the future", 1, 100, |_| ()),
    ("of a clock that lags", 1, -45, |_| ()),
    ("right", 1, 0, |_| ()),
    ("right, by the other key", 2, 1, |_| ()),
    ("of a clock that is ahead", 1, 45, |_| ()),
    ("right, but before the last one", 1, 0, |_| ()),
];

/// What 2.4.3 logs, a line for a burst. How far clocks are apart depends on when a second ends, and is left out.
const TOLD: &str = "\
unsigned: (LAB) missing authentication trailer from 198.51.100.2
cut off: (LAB) vrrp packet from 198.51.100.2 too long, length 67 and expect 40
of another kind: (LAB) malformed authentication trailer from 198.51.100.2
by an unknown key: (LAB) unknown authentication key id 9 from 198.51.100.2
forged: (LAB) invalid authentication HMAC from 198.51.100.2
stale: (LAB) stale authentication trailer from 198.51.100.2, clock skew
of a clock that lags: (LAB) authentication clock skew
of a clock that lags: (LAB) Received advert from 198.51.100.2 with lower priority 100, ours 150, forcing new election
of a clock that lags: (LAB) replayed authentication trailer from 198.51.100.2
right: (LAB) Received advert from 198.51.100.2 with lower priority 100, ours 150, forcing new election
right, by the other key: (LAB) Received advert from 198.51.100.2 with lower priority 100, ours 150, forcing new election
of a clock that is ahead: (LAB) Received advert from 198.51.100.2 with lower priority 100, ours 150, forcing new election
";

/// What it counts, every one.
const COUNTED: &str = "\
Authentication Extension Errors:
    Missing: 2
    Malformed: 4
    Unknown Key: 2
    Invalid HMAC: 4
    Stale: 4
    Replay: 6
";

/// An advert of the other node, signed by evenkeel.
fn advert((_, active_key, ahead_s, change): &Step) -> Advert {
    let keys = [(1, KEY.as_bytes().to_vec()), (2, vec![0x5a; 32])];
    let config = AuthHmac {
        keys: keys.map(|(id, bytes)| HmacKey { id, source: HmacKeySource::Bytes(bytes) }).into(),
        active_key: *active_key,
        time_window_us: 60_000_000,
        monotonic: false,
        mode: HmacMode::Enforce,
    };
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("it is later");
    let date = std::time::Duration::from_secs(now.as_secs().saturating_add_signed(*ahead_s));
    let mut advert = Advert::new();
    advert.body[4] = 0;
    advert.body[12..].fill(0);
    let source: IpAddr = [198, 51, 100, 2].into();
    let sequence = signature::next_sequence(&config, 0, date);
    advert.trailer = signature::sign(&config, source, &advert.body, sequence).into();
    change(&mut advert.trailer);
    advert
}

fn story(which: Which) -> (String, String) {
    let lab = Lab::new();
    let mut a = lab.node("a", which, 150, false);
    let b = lab.node("b", Which::Evenkeel, 100, false);
    a.rewrite(|text| signed(text, KEY).replacen("global_defs {", "global_defs {\n  log_unknown_vrids", 1));
    a.start();
    lab.wait("a is master", ELECTION, || a.holds(), &[&a]);
    let mut lines = String::new();
    for (place, step) in STEPS.iter().enumerate() {
        let advert = advert(step);
        let told = bad_adverts::lines_about(step.0, place, &[advert.clone(), advert], &lab, [&a, &b]);
        let until_skew = |line: &str| line.find("clock skew").map_or(line.len(), |place| place + "clock skew".len());
        told.lines().for_each(|line| lines += &format!("{}\n", &line[..until_skew(line)]));
    }
    let statistics = a.dump("STATS", "keepalived.stats");
    let counted = statistics.lines().skip_while(|line| !line.contains("Extension Errors")).take(7);
    let counted = counted.map(|line| format!("{line}\n")).collect();
    a.stop();
    (lines, counted)
}

/// Each is sent twice: what is accepted the first time is a replay the second time.
#[test]
fn signatures_that_are_old_forged_or_heard_before_are_counted_and_logged_once() {
    let Some(_) = lab::mixtures() else { return };
    for which in
        [Which::Evenkeel, Which::Keepalived].into_iter().filter(|which| which.exists() && which.signs_adverts())
    {
        let (lines, counted) = story(which);
        assert_eq!(lines, TOLD, "{which:?}");
        assert_eq!(counted.trim_start(), COUNTED, "{which:?}");
    }
}
