//! Many of everything, ours beside keepalived: `cargo run --release -p compat-tests --bin scale [PART-OF-A-NAME]`.
//!
//! Both programs run at the same time on nodes of their own. What comes out is the table of README.md; it fails where a figure
//! of ours is not what it has to be. Figures of time want a machine that has nothing else to do.

mod addresses;
mod adverts;
mod capture;
mod process;
mod processor;
mod scripts;

use std::env;
use std::process::ExitCode;
use std::time::Duration;

use compat_tests::lab::Which;

/// A row of the table, on one side.
pub struct Figure {
    name: &'static str,
    value: f64,
    text: String,
    demand: Demand,
}

/// What ours has to be.
#[derive(Clone, Copy)]
enum Demand {
    Nothing,
    LowerThanTheirs,
    Below(f64),
}

impl Figure {
    /// One of which nothing is demanded.
    pub fn new(name: &'static str, value: f64, text: String) -> Self {
        Self { name, value, text, demand: Demand::Nothing }
    }

    /// Lower than keepalived's in the same run.
    pub fn must_be_lower(self) -> Self {
        Self { demand: Demand::LowerThanTheirs, ..self }
    }

    /// A count that stays zero.
    pub fn must_be_zero(self) -> Self {
        Self { demand: Demand::Below(1.0), ..self }
    }

    /// A figure in milliseconds.
    pub fn must_be_below(self, limit: Duration) -> Self {
        Self { demand: Demand::Below(limit.as_secs_f64() * 1e3), ..self }
    }

    fn is_met(&self, theirs: &Self) -> bool {
        match self.demand {
            Demand::Nothing => true,
            Demand::LowerThanTheirs => self.value < theirs.value,
            Demand::Below(limit) => self.value < limit,
        }
    }
}

/// What is played.
const PLAYS: &[(&str, fn(Which) -> Vec<Figure>)] = &[
    ("255 routers on one interface", |which| adverts::play(which, 255, 1)),
    ("1,000 routers on 10 interfaces", |which| adverts::play(which, 1000, 10)),
    ("200 track scripts at 1 s", scripts::play),
    ("100 addresses move", addresses::play),
    ("a tracked process is killed", process::play),
];

fn main() -> Result<ExitCode, String> {
    let chosen = env::args().nth(1).unwrap_or_default();
    if !Which::Keepalived.exists() {
        return Err("keepalived is not installed".to_owned());
    }
    println!("| | evenkeel | keepalived |\n|---|---|---|");
    let mut is_met = true;
    for (name, play) in PLAYS.iter().filter(|(name, _)| name.contains(&chosen)) {
        let (ours, theirs) = std::thread::scope(|scope| {
            let ours = scope.spawn(|| play(Which::Evenkeel));
            let theirs = play(Which::Keepalived);
            (ours.join().expect("a node that fails says why"), theirs)
        });
        for (ours, theirs) in ours.into_iter().zip(theirs) {
            let mark = if ours.is_met(&theirs) { "" } else { " FAILED" };
            is_met &= mark.is_empty();
            println!("| {name}: {} | {} | {} |{mark}", ours.name, ours.text, theirs.text);
        }
    }
    Ok(if is_met { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// The median of some trials, and the worst, which has to be below a limit.
pub fn trials(name: &'static str, mut times: Vec<Duration>, limit: Duration) -> Vec<Figure> {
    times.sort();
    let median = times[times.len() / 2];
    let worst = times[times.len() - 1];
    vec![
        Figure::new(name, 0.0, milliseconds(median)),
        Figure::new("the same, at worst", worst.as_secs_f64() * 1e3, milliseconds(worst)).must_be_below(limit),
    ]
}

/// As the table has it.
pub fn milliseconds(time: Duration) -> String {
    let time = time.as_secs_f64() * 1e3;
    if time < 20.0 { format!("{time:.1} ms") } else { format!("{time:.0} ms") }
}
