//! The clock that the VRRP engine's time comes from.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Time since boot, without the time asleep: it never goes back when someone sets the date.
pub fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC).map_or(Duration::ZERO, Duration::from)
}
