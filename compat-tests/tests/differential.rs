//! Every case against the original and against evenkeel, their answers side by side.

use std::process::ExitCode;
use std::sync::Arc;

use compat_tests::case::{self, Case};
use compat_tests::not_yet::NotYet;
use compat_tests::program::Program;
use compat_tests::record::Recorder;
use compat_tests::{compare, namespace, reference, run, subject};
use libtest_mimic::{Arguments, Failed, Trial};

fn main() -> Result<ExitCode, String> {
    let mut arguments = Arguments::from_args();
    // Cases mostly wait; more of them at a time than there are processors costs nothing.
    arguments.test_threads = arguments.test_threads.or(Some(6));
    let original = Arc::new(reference::originals()?);
    let ours = Arc::new(subject::ours()?);
    let not_yet = Arc::new(NotYet::read()?);
    let recorder = std::env::var_os("RECORD").map(|how| Arc::new(Recorder::new(how == "beside")));
    let trials = case::read_all()?.into_iter().map(|case| {
        let (original, ours) = (Arc::clone(&original), Arc::clone(&ours));
        let (not_yet, recorder) = (Arc::clone(&not_yet), recorder.clone());
        let is_skipped = !namespace::allows(&case);
        let trial = Trial::test(case.name(), move || match recorder {
            Some(recorder) => record(&case, &original, &ours, &recorder),
            None => differ(&case, &original, &ours, &not_yet).map_err(Failed::from),
        });
        trial.with_ignored_flag(is_skipped)
    });
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    if let Some(recorder) = recorder {
        recorder.write()?;
    }
    Ok(conclusion.exit_code())
}

fn differ(case: &Case, original: &Program, ours: &Program, not_yet: &NotYet) -> Result<(), String> {
    if case.is_unknown_to(original) {
        return not_yet.judge(case, || compare::with_stored(case, &run::play(case, ours)?, ours));
    }
    not_yet.judge(case, || {
        let theirs = run::play(case, original)?;
        let is_stored = compare::with_stored(case, &theirs, original);
        is_stored.map_err(|text| format!("the original answers otherwise\n{text}"))?;
        let own = run::play(case, ours)?;
        compare::side_by_side(case, (original, &theirs), (ours, &own))
    })
}

fn record(case: &Case, original: &Program, ours: &Program, recorder: &Recorder) -> Result<(), Failed> {
    if case.is_unknown_to(original) {
        return Ok(());
    }
    recorder.note(case, &run::play(case, original)?, original);
    if case.blocks.iter().any(|block| block.version.is_some()) {
        recorder.note(case, &run::play(case, ours)?, ours);
    }
    Ok(())
}
