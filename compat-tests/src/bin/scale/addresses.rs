//! An instance with a hundred addresses moves to the other node.

use std::collections::HashSet;
use std::time::Duration;

use compat_tests::lab::{Lab, Which};

use crate::capture::{Capture, Seen, What, clock};
use crate::{Figure, trials};

const ADDRESSES: usize = 100;
const TRIALS: usize = 10;
/// Of priority 100.
const SKEW: Duration = Duration::from_micros(609_375);
const LIMIT: Duration = Duration::from_millis(50);
/// Announcements and addresses are over when for so long there was none.
const CALM: Duration = Duration::from_secs(7);

/// From the end of the skew time until the backup has and has announced all of them.
pub fn play(which: Which) -> Vec<Figure> {
    let lab = Lab::new();
    let [mut a, mut b] = [("a", 150), ("b", 100)].map(|(name, priority)| {
        let node = lab.node(name, which, priority, false);
        let addresses: String = (1..=ADDRESSES).map(|last| format!("  203.0.113.{last}/32\n")).collect();
        node.rewrite(|text| text.replace("  198.51.100.100/24\n", &addresses));
        node
    });
    let (of_a, of_b) = (Capture::start(&a), Capture::start(&b));
    a.start();
    b.start();
    of_a.wait_for_calm(&lab, CALM, &[&a, &b]);
    let mut moves = Vec::new();
    for _ in 0..TRIALS {
        let begin = clock();
        a.stop();
        let seen = of_b.wait(&lab, "all addresses are there", begin, |seen| end(seen).is_some(), &[&b]);
        let farewell = seen.iter().find(|(_, what)| *what == What::Farewell).expect("the master said it");
        moves.push(end(&seen).expect("it was waited for").saturating_sub(farewell.0 + SKEW));
        a.start();
        of_a.wait_for_calm(&lab, CALM, &[&a, &b]);
    }
    trials("the last is there and announced after the skew time, median", moves, LIMIT)
}

/// When all addresses were there and had been announced.
fn end(seen: &[Seen]) -> Option<Duration> {
    let mut announced = HashSet::new();
    let mut added = 0;
    seen.iter().find_map(|(at, what)| {
        match what {
            What::Announced(address) => _ = announced.insert(*address),
            What::Added => added += 1,
            _ => {}
        }
        (announced.len() == ADDRESSES && added >= ADDRESSES).then_some(*at)
    })
}
