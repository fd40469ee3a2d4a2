//! The verdict on a case, turned round where it is on the list of those that evenkeel does not pass yet, which may only get shorter.

use std::fs;

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
    pub fn judge(&self, case: &Case, compare: impl FnOnce() -> Result<(), String>) -> Result<(), String> {
        match (compare(), self.names.contains(&case.name())) {
            (Ok(()), true) => Err(format!("passes now: take {:?} off cases/not_yet.txt", case.name())),
            (Err(_), true) | (Ok(()), false) => Ok(()),
            (Err(text), false) => Err(text),
        }
    }
}
