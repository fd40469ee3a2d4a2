//! Clients that leave, at every stage of a request and of its answer: what the backend sees and what the logs say is the original's.

#[path = "leaving/scene.rs"]
mod scene;
#[path = "leaving/ways.rs"]
mod ways;

use std::path::Path;
use std::process::ExitCode;
use std::sync::Arc;

use compat_tests::{reference, subject};
use libtest_mimic::{Arguments, Failed, Trial};
use ways::Way;

fn main() -> Result<ExitCode, String> {
    let mut arguments = Arguments::from_args();
    // They mostly wait; more of them at a time than there are processors costs nothing.
    arguments.test_threads = arguments.test_threads.or(Some(4));
    let original = Arc::new(reference::originals()?);
    let ours = Arc::new(subject::ours()?);
    let trials = ways::all().into_iter().map(|way| {
        let (original, ours) = (Arc::clone(&original), Arc::clone(&ours));
        Trial::test(way.name, move || differ(&way, &original.nginx, &ours.nginx).map_err(Failed::from))
    });
    Ok(libtest_mimic::run(&arguments, trials.collect()).exit_code())
}

/// How long nothing has to happen until it counts as not happening: the second on a machine too busy for the first.
const PATIENCES_MS: [u64; 2] = [150, 1000];

fn differ(way: &Way, original: &Path, ours: &Path) -> Result<(), String> {
    let mut difference = String::new();
    for patience_ms in PATIENCES_MS {
        let theirs = scene::play(original, way.steps, patience_ms)?;
        let own = scene::play(ours, way.steps, patience_ms)?;
        if theirs == own {
            println!("{}:\n{}", way.name, own.join("\n"));
            return Ok(());
        }
        difference = format!("nginx:\n{}\nevenkeel:\n{}", theirs.join("\n"), own.join("\n"));
    }
    Err(difference)
}
