//! The verdict on a case: played again alone where it failed among others, and turned round where it is on the list of those
//! that evenkeel does not pass yet, which may only get shorter.

use std::fs;
use std::sync::{PoisonError, RwLock};

use crate::case::{Case, folder};

/// The list in `cases/not_yet.txt`: names of cases, or whole files of them.
#[derive(Debug)]
pub struct NotYet {
    names: Vec<String>,
}

impl NotYet {
    /// Reads the list.
    pub fn read() -> Result<Self, String> {
        let path = folder().join("not_yet.txt");
        let text = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        let names = text.lines().filter(|line| !line.starts_with('#') && !line.is_empty()).map(str::to_owned).collect();
        Ok(Self { names })
    }

    /// The verdict of `compare`; for a case on the list the other way round, so that it leaves the list once it passes.
    pub fn judge(&self, case: &Case, compare: impl Fn() -> Result<(), String>) -> Result<(), String> {
        let is_listed = self.names.contains(&case.name());
        let verdict = if is_listed { among_others(&compare) } else { at_the_latest_alone(&case.name(), &compare) };
        match (verdict, is_listed) {
            (Ok(()), true) => Err(format!("passes now: take {:?} off cases/not_yet.txt", case.name())),
            (Err(_), true) | (Ok(()), false) => Ok(()),
            (Err(text), false) => Err(text),
        }
    }
}

/// Held by all cases that are played at the same time, and whole by one that is played alone.
static STAGE: RwLock<()> = RwLock::new(());

fn among_others(compare: impl Fn() -> Result<(), String>) -> Result<(), String> {
    let _others_may_play = STAGE.read().unwrap_or_else(PoisonError::into_inner);
    compare()
}

/// Cases are made of pauses and time limits, which a busy machine stretches: what fails among others is played once more with
/// the machine to itself, and says so, since a fault may also be hidden in how rarely it shows.
fn at_the_latest_alone(name: &str, compare: impl Fn() -> Result<(), String>) -> Result<(), String> {
    among_others(&compare).or_else(|first| {
        let _nobody_else_plays = STAGE.write().unwrap_or_else(PoisonError::into_inner);
        compare()?;
        eprintln!("{name}: passed only alone; among others it gave\n{first}");
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    #[test]
    fn what_fails_is_played_once_more_and_no_oftener() {
        let times = Cell::new(0);
        let fails_until = |last: u32| {
            times.set(0);
            at_the_latest_alone("a case", || {
                times.set(times.get() + 1);
                if times.get() < last { Err("it differs".to_owned()) } else { Ok(()) }
            })
        };
        assert_eq!((fails_until(1), times.get()), (Ok(()), 1));
        assert_eq!((fails_until(2), times.get()), (Ok(()), 2));
        assert_eq!((fails_until(3), times.get()), (Err("it differs".to_owned()), 2));
    }
}
