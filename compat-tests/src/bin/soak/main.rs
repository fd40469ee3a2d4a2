//! Half an hour of good and bad days for evenkeel and the original side by side: `cargo run --release -p compat-tests --bin soak`.
//!
//! Both serve the same configuration, before backends that fail at every stage of an answer, to clients that leave, dawdle and
//! send rubbish, drawn from the same seeds. Each minute shows memory and open files of the workers. It fails if evenkeel's
//! grow, or if it once gave an answer or a kind of log line that the original never gave.

mod backend;
mod client;
mod side;
mod tally;

use std::env;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use compat_tests::{reference, subject};

use side::Side;

/// Clients at a time for each of the two.
const CLIENTS: u64 = 8;
/// Memory may waver by this share of what it was after the first third.
const GROWTH_PERCENT: u64 = 10;

fn main() -> Result<ExitCode, String> {
    let minutes = env::args().nth(1).map_or(Ok(30), |word| word.parse().map_err(|_| "soak [MINUTES]".to_owned()))?;
    let sides = [
        Side::start("nginx", &reference::originals()?.nginx, CLIENTS)?,
        Side::start("evenkeel", &subject::ours()?.nginx, CLIENTS)?,
    ];
    let begin = Instant::now();
    println!("minute  program    answers  memory  files");
    for minute in 1..=minutes {
        let end_of_minute = begin + Duration::from_secs(60 * minute);
        std::thread::sleep(end_of_minute.saturating_duration_since(Instant::now()));
        for side in &sides {
            println!("{minute:>6}  {}", side.measure()?);
        }
    }
    let [theirs, ours] = sides.map(Side::stop);
    let (theirs, ours) = (theirs?, ours?);
    tally::print_beside(&theirs.tally, &ours.tally);
    let mut faults = tally::only_in(&ours.tally, &theirs.tally);
    faults.extend(ours.growth(GROWTH_PERCENT));
    for fault in &faults {
        println!("{fault}");
    }
    Ok(if faults.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
