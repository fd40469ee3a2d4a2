//! Processor time used so far.

use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

/// User and system time of one kind of process.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Usage {
    /// In user mode.
    pub user: Duration,
    /// In the kernel.
    pub system: Duration,
}

/// Our own, and that of children that have ended.
pub fn so_far() -> (Usage, Usage) {
    let of = |who| {
        getrusage(who).map_or(Usage::default(), |usage| Usage {
            user: Duration::from_micros(usage.user_time().num_microseconds().unsigned_abs()),
            system: Duration::from_micros(usage.system_time().num_microseconds().unsigned_abs()),
        })
    };
    (of(UsageWho::RUSAGE_SELF), of(UsageWho::RUSAGE_CHILDREN))
}
