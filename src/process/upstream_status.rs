//! The servers of an upstream as `evenkeel status` shows them: which can be taken, what each was given, and why one is out.

use std::sync::atomic::AtomicU64;

use serde::{Deserialize, Serialize};

use crate::balance::{Condition, Peer, Remembered};
use crate::zone::peers::{Field, PeerTable};

/// A group of servers.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct UpstreamStatus {
    /// Its name, or the host that was written in its place.
    pub name: String,
    /// Primary servers, then backup ones.
    pub servers: Vec<ServerStatus>,
}

/// One server, with what all workers know of it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct ServerStatus {
    /// Its address.
    pub address: String,
    /// `backup`
    pub is_backup: bool,
    /// `weight`
    pub weight: i64,
    /// What the worker thinks of it that thinks worst.
    pub condition: Condition,
    /// How many workers think so; they only agree where they share a `zone`.
    pub seen_by: usize,
    /// How many minds there are: one with a `zone`, else one for each worker.
    pub seen_of: usize,
    /// For how many seconds more it rests.
    pub rests_s: i64,
    /// Failures since the last success.
    pub fails: i64,
    /// Requests given to it.
    pub requests: i64,
    /// Connections open at this moment.
    pub active: i64,
}

/// A server, and where its state stands in a table.
pub struct Watched {
    /// Its address.
    pub name: String,
    /// Its parameters.
    pub peer: Peer,
    /// Its place.
    pub slot: usize,
}

impl Watched {
    /// What the tables say, one for each worker or one for all.
    pub fn status(&self, tables: &[&[AtomicU64]], is_backup: bool, now_s: i64) -> ServerStatus {
        let sum = |field| tables.iter().map(|words| PeerTable::read(words, self.slot, field)).sum();
        let condition = |words: &&[AtomicU64]| {
            let get = |field| PeerTable::read(words, self.slot, field);
            let (fails, checked_s) = (get(Field::Fails), get(Field::Checked));
            self.peer.condition(Remembered { fails, checked_s, conns: get(Field::Conns) }, now_s)
        };
        let conditions: Vec<Condition> = tables.iter().map(condition).collect();
        let worst = conditions.iter().max().copied().unwrap_or(Condition::Up);
        let same = |other: &&Condition| std::mem::discriminant(*other) == std::mem::discriminant(&worst);
        ServerStatus {
            address: self.name.clone(),
            is_backup,
            weight: self.peer.weight,
            condition: worst,
            seen_by: conditions.iter().filter(same).count(),
            seen_of: conditions.len(),
            rests_s: if let Condition::Resting { until_s } = worst { until_s - now_s + 1 } else { 0 },
            fails: sum(Field::Fails),
            requests: sum(Field::Requests),
            active: sum(Field::Conns),
        }
    }
}

impl UpstreamStatus {
    /// A line for the group, and one for each server.
    pub fn lines(&self) -> Vec<String> {
        let width = self.servers.iter().map(|server| server.address.len()).max().unwrap_or(0);
        let servers = self.servers.iter().map(|server| format!("  {:<width$}  {}", server.address, server.words()));
        std::iter::once(self.name.clone()).chain(servers).collect()
    }
}

impl ServerStatus {
    /// `out after 1 failure, for 9 s (1 of 2 workers); weight 1, 3 requests, 0 active`
    fn words(&self) -> String {
        let Self { fails, rests_s, weight, requests, active, seen_by, seen_of, .. } = self;
        let condition = match self.condition {
            Condition::Up => "up".to_owned(),
            Condition::Draining => "drains".to_owned(),
            Condition::Full => "full".to_owned(),
            Condition::Resting { .. } => format!("out after {}, for {rests_s} s", counted(*fails, "failure")),
            Condition::Down => "marked down".to_owned(),
        };
        let minds = if seen_by == seen_of { String::new() } else { format!(" ({seen_by} of {seen_of} workers)") };
        let backup = if self.is_backup { ", backup" } else { "" };
        let fails = match self.condition {
            Condition::Up if *fails > 0 => format!(", {}", counted(*fails, "failure")),
            _ => String::new(),
        };
        format!(
            "{condition}{minds}; weight {weight}{backup}, {}, {active} active{fails}",
            counted(*requests, "request")
        )
    }
}

fn counted(number: i64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_that_a_worker_thinks_is_shown() {
        let words = |fails: i64| -> &'static [AtomicU64] {
            let words = (0..PeerTable::words_needed(1)).map(|_| AtomicU64::new(0)).collect::<Vec<_>>().leak();
            let table = PeerTable::watched(words, &[1]);
            table.set(0, Field::Fails, fails);
            table.set(0, Field::Checked, 100);
            table.set(0, Field::Requests, 2);
            words
        };
        let server = Watched { name: "127.0.0.1:80".into(), peer: Peer::new(b"127.0.0.1:80"), slot: 0 };
        let upstream = UpstreamStatus {
            name: "backend".into(),
            servers: vec![server.status(&[words(0), words(1)], false, 102), server.status(&[words(0)], true, 102)],
        };
        let expected = [
            "backend",
            "  127.0.0.1:80  out after 1 failure, for 9 s (1 of 2 workers); weight 1, 4 requests, 0 active",
            "  127.0.0.1:80  up; weight 1, backup, 2 requests, 0 active",
        ];
        assert_eq!(upstream.lines(), expected);
    }
}
