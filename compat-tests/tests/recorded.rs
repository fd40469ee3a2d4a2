//! Every case against evenkeel alone: its answers must be the stored ones. Needs no original.

use std::process::ExitCode;
use std::sync::Arc;

use compat_tests::not_yet::NotYet;
use compat_tests::{case, compare, namespace, run, subject};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<ExitCode, String> {
    let mut arguments = Arguments::from_args();
    // Cases mostly wait; more of them at a time than there are processors costs nothing.
    arguments.test_threads = arguments.test_threads.or(Some(6));
    let ours = Arc::new(subject::ours()?);
    let not_yet = Arc::new(NotYet::read()?);
    let trials = case::read_all()?.into_iter().map(|case| {
        let (ours, not_yet) = (Arc::clone(&ours), Arc::clone(&not_yet));
        let is_skipped = !namespace::allows(&case);
        let trial = Trial::test(case.name(), move || {
            let compare = || compare::with_stored(&case, &run::play(&case, &ours)?, &ours);
            not_yet.judge(&case, compare).map_err(Failed::from)
        });
        trial.with_ignored_flag(is_skipped)
    });
    Ok(libtest_mimic::run(&arguments, trials.collect()).exit_code())
}
