//! What happened, by kind: how often, and how long it took.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use regex_lite::Regex;

/// Counts that several threads add to.
#[derive(Debug, Default)]
pub struct Tally(Mutex<BTreeMap<String, Count>>);

#[derive(Clone, Copy, Debug, Default)]
struct Count {
    times: u64,
    together: Duration,
}

impl Tally {
    /// Counts one more of the kind, and what it took.
    pub fn add(&self, kind: &str, duration: Duration) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counts.entry(kind.to_owned()).or_default();
        *count = Count { times: count.times + 1, together: count.together + duration };
    }

    /// All of them together.
    pub fn total(&self) -> u64 {
        self.counts().values().map(|count| count.times).sum()
    }

    /// Counts each line of an error log by its words: without date, process, numbers and what follows from the client.
    pub fn add_log(&self, log: &str) {
        let head = Regex::new(r"^\d+/\d+/\d+ [\d:]+ \[(\w+)\] \d+#\d+: (?:\*\d+ )?").expect("the pattern is whole");
        let number = Regex::new(r"\d+").expect("the pattern is whole");
        for line in log.lines() {
            let words = head.replace(line, "log [$1] ");
            let words = words.split(", client:").next().unwrap_or_default();
            let words = words.split(": \"").next().unwrap_or_default();
            self.add(&number.replace_all(words, "N"), Duration::ZERO);
        }
    }

    fn counts(&self) -> BTreeMap<String, Count> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

/// Both tallies as one table.
pub fn print_beside(theirs: &Tally, ours: &Tally) {
    let (theirs, ours) = (theirs.counts(), ours.counts());
    println!("\n{:>18} {:>18}", "nginx", "evenkeel");
    let mut kinds: Vec<&String> = theirs.keys().chain(ours.keys()).collect();
    kinds.sort_unstable();
    kinds.dedup();
    for kind in kinds {
        let show = |counts: &BTreeMap<String, Count>| counts.get(kind).copied().unwrap_or_default().show();
        println!("{} {}  {kind}", show(&theirs), show(&ours));
    }
}

impl Count {
    fn show(self) -> String {
        let each_ms = self.together.as_millis() / u128::from(self.times.max(1));
        format!("{:>9} {each_ms:>5} ms", self.times)
    }
}

/// The kinds that only the first has.
pub fn only_in(ours: &Tally, theirs: &Tally) -> Vec<String> {
    let theirs = theirs.counts();
    let kinds = ours.counts().into_iter().filter(|(kind, _)| !theirs.contains_key(kind));
    kinds.map(|(kind, count)| format!("only evenkeel gave, {} times: {kind}", count.times)).collect()
}
