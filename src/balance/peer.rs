//! One address of an `upstream`, with its parameters, and whether it can be taken.

use serde::{Deserialize, Serialize};

/// One address of a `server` line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Peer {
    /// The server as written: consistent hashing takes its points from it.
    pub server: Box<[u8]>,
    /// `weight=`
    pub weight: i64,
    /// `max_conns=`, 0 for no limit.
    pub max_conns: i64,
    /// `max_fails=`, 0 for "never out of use".
    pub max_fails: i64,
    /// `fail_timeout=`
    pub fail_timeout_s: i64,
    /// `slow_start=`
    pub slow_start_ms: i64,
    /// `down`
    pub down: bool,
    /// `drain`: only requests that are bound to it still go there.
    pub draining: bool,
    /// What binds requests to it: `route`, or a digest of its address.
    pub sid: Box<[u8]>,
}

/// Whether a peer can be taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Condition {
    /// It can.
    Up,
    /// Only by requests that are bound to it.
    Draining,
    /// It has as many connections as it may.
    Full,
    /// It rests after failures.
    Resting {
        /// The last second of its rest.
        until_s: i64,
    },
    /// The configuration says so.
    Down,
}

/// What is remembered of a peer that decides over its condition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Remembered {
    /// Failures since the last success.
    pub fails: i64,
    /// When it failed last or was tried again, in seconds.
    pub checked_s: i64,
    /// Open connections.
    pub conns: i64,
}

impl Peer {
    /// Its condition at a time in seconds.
    pub fn condition(&self, remembered: Remembered, now_s: i64) -> Condition {
        let Remembered { fails, checked_s, conns } = remembered;
        let until_s = checked_s.saturating_add(self.fail_timeout_s);
        if self.down {
            Condition::Down
        } else if self.max_fails != 0 && fails >= self.max_fails && now_s <= until_s {
            Condition::Resting { until_s }
        } else if self.max_conns != 0 && conns >= self.max_conns {
            Condition::Full
        } else if self.draining {
            Condition::Draining
        } else {
            Condition::Up
        }
    }

    /// A peer with the defaults of `server`.
    pub fn new(server: &[u8]) -> Self {
        Peer {
            server: server.into(),
            weight: 1,
            max_conns: 0,
            max_fails: 1,
            fail_timeout_s: 10,
            slow_start_ms: 0,
            down: false,
            draining: false,
            sid: Box::default(),
        }
    }
}
