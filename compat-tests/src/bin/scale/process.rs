//! A tracked process is killed: the other node is master after the skew time.

use std::time::Duration;

use compat_tests::lab::{Killed, Lab, Which};

use crate::capture::{Capture, Seen, What, clock};
use crate::{Figure, trials};

const TRIALS: u32 = 8;
/// Of priority 100, and what the clause allows on top of it.
const LIMIT: Duration = Duration::from_micros(609_375 + 50_000);
const INTERVAL: Duration = Duration::from_secs(1);
const CALM: Duration = Duration::from_secs(6);
/// Both nodes see all processes of the machine; only the first one has this to see.
const NAMES: [&str; 2] = ["ek-tracked", "ek-nobody"];

/// From the kill to the backup's first advert.
pub fn play(which: Which) -> Vec<Figure> {
    let lab = Lab::new();
    let name = |name: &str| format!("{name}{}", if which == Which::Evenkeel { "-e" } else { "-k" });
    let [mut a, mut b] = [("a", 150, NAMES[0]), ("b", 100, NAMES[1])].map(|(node, priority, process)| {
        let node = lab.node(node, which, priority, false);
        node.rewrite(|text| {
            let tracker = format!("vrrp_track_process web {{\n process {}\n}}\nvrrp_instance", name(process));
            let text = text.replace("vrrp_instance", &tracker);
            if process == NAMES[0] { text.replace("track_script {\n    chk", "track_process {\n    web") } else { text }
        });
        node
    });
    let mut process: Killed = lab.process(&name(NAMES[0]));
    let (of_a, of_b) = (Capture::start(&a), Capture::start(&b));
    a.start_outside();
    b.start_outside();
    of_a.wait_for_calm(&lab, CALM, &[&a, &b]);
    let mut moves = Vec::new();
    for trial in 0..TRIALS {
        // Spread over the interval, so that every phase has its share.
        std::thread::sleep(INTERVAL * trial / TRIALS);
        let begin = clock();
        drop(process);
        let seen = of_b.wait(&lab, "the other node sends", begin, |seen| first_advert(seen).is_some(), &[&a, &b]);
        moves.push(first_advert(&seen).expect("it was waited for") - begin);
        process = lab.process(&name(NAMES[0]));
        of_a.wait_for_calm(&lab, CALM, &[&a, &b]);
    }
    trials("the other node sends, median (skew time 609.4 ms)", moves, LIMIT)
}

fn first_advert(seen: &[Seen]) -> Option<Duration> {
    seen.iter().find(|(_, what)| matches!(what, What::Sent { .. })).map(|(at, _)| *at)
}
