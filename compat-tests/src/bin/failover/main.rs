//! Failover of a pair, ours beside keepalived: `cargo run --release -p compat-tests --bin failover [TRIALS [MODE]]`.
//!
//! Four pairs of nodes, each in network namespaces of its own, meet the same events at the same phases of an interval; a client
//! asks the virtual address every five milliseconds. What comes out are the tables of README.md: medians in milliseconds. It fails
//! if two nodes answered beside each other for longer with ours than with keepalived alone.

mod client;
mod event;
mod mode;
mod moment;

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use compat_tests::lab::{Lab, Which};

use client::Client;
use event::Event;
use mode::Mode;

/// Master and backup of the four pairs, keepalived's own last.
const PAIRS: [(Which, Which); 4] = [
    (Which::Evenkeel, Which::Evenkeel),
    (Which::Evenkeel, Which::Keepalived),
    (Which::Keepalived, Which::Evenkeel),
    (Which::Keepalived, Which::Keepalived),
];
/// How many events are played beside each other: all of them would keep the machine busy.
const AT_ONCE: usize = 4;
const HEAD: &str =
    "| | ours and ours | ours, then keepalived | keepalived, then ours | keepalived alone |\n|---|---|---|---|---|";
/// Two nodes may answer beside each other for as long as the client's cache says so, on a busy machine.
const DOUBLE_SLACK: Duration = Duration::from_millis(100);

/// What a pair made of one event.
struct Outcome {
    /// The median.
    outage: Duration,
    /// The longest time in which both nodes answered.
    both: Duration,
}

fn main() -> Result<ExitCode, String> {
    let words: Vec<String> = env::args().skip(1).collect();
    let usage = "failover [TRIALS [MODE]]";
    let trials = words.first().map_or(Ok(4), |word| word.parse().map_err(|_| usage.to_owned()))?;
    let chosen = words.get(1).map_or("", String::as_str);
    if !Which::Keepalived.exists() {
        return Err("keepalived is not installed".to_owned());
    }
    println!("{HEAD}");
    let mut faults = Vec::new();
    for mode in mode::MODES.iter().filter(|mode| mode.name.contains(chosen)) {
        for events in Event::ALL.chunks(AT_ONCE) {
            for (event, outcomes) in events.iter().zip(play_all(mode, events, trials)) {
                let row = format!("{} ({})", event.name(), mode.name);
                let cells = outcomes.iter().map(|outcome| format!(" {} |", outcome.outage.as_millis()));
                println!("| {row} |{}", cells.collect::<String>());
                faults.extend(longer_beside_each_other(&outcomes).map(|fault| format!("{row}: {fault}")));
            }
        }
    }
    for fault in &faults {
        println!("{fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Pairs with ours in which both nodes answered for longer than keepalived's own did.
fn longer_beside_each_other(outcomes: &[Outcome]) -> impl Iterator<Item = String> {
    let alone = outcomes.last().map_or(Duration::ZERO, |outcome| outcome.both);
    let pairs = PAIRS.iter().zip(outcomes);
    pairs
        .filter(move |(_, outcome)| outcome.both > alone + DOUBLE_SLACK)
        .map(move |(pair, outcome)| format!("both of {pair:?} answered for {:?}, {alone:?} alone", outcome.both))
}

/// The outcomes of all pairs for each event.
fn play_all(mode: &Mode, events: &[Event], trials: u32) -> Vec<Vec<Outcome>> {
    std::thread::scope(|scope| {
        let start = |event, pair| scope.spawn(move || play(pair, mode, event, trials));
        let rows: Vec<_> = events.iter().map(|event| PAIRS.map(|pair| start(*event, pair))).collect();
        let end = |row: [std::thread::ScopedJoinHandle<Outcome>; PAIRS.len()]| {
            row.map(|thread| thread.join().expect("a pair that fails says why")).into()
        };
        rows.into_iter().map(end).collect()
    })
}

/// The same event again and again; between two of them the first node is master.
fn play(pair: (Which, Which), mode: &Mode, event: Event, trials: u32) -> Outcome {
    let lab = Lab::new();
    let mut nodes = [("a", pair.0, 150), ("b", pair.1, 100)].map(|(name, which, priority)| {
        let node = lab.node(name, which, priority, false);
        mode.prepare(&node, event.weight());
        node
    });
    let asking = lab.node("c", Which::Evenkeel, 1, false);
    mode.prepare(&asking, 0);
    let client = Client::start(&asking, &nodes, mode.address());
    for node in &mut nodes {
        node.start();
    }
    let [a, b] = &mut nodes;
    client.wait_for("a", mode.calm(), &[a, b]);
    let mut outages = Vec::new();
    let mut both = Duration::ZERO;
    let interval = event.origin().interval(mode.interval());
    for phase in moment::phases(interval, trials) {
        let processes = a.pids();
        event.origin().wait(a, phase);
        let begin = Instant::now();
        event.happen(&lab, a, &processes);
        client.wait_for(event.successor(), mode.short_calm(), &[a, b]);
        outages.push(event.outage(&client, begin));
        if event.successor() == "b" {
            both = both.max(client.both_answered(begin));
        }
        event.pass(&lab, a);
        client.wait_for("a", mode.short_calm(), &[a, b]);
    }
    outages.sort();
    let middle = outages.len() / 2;
    let outage = (outages[middle] + outages[(outages.len() - 1) / 2]) / 2;
    Outcome { outage, both }
}
