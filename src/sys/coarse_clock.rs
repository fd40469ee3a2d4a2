//! The clocks as they stood at the kernel's last tick: a few milliseconds old, and read in a fraction of the time.

use std::time::Duration;

use nix::time::{ClockId, clock_gettime};

/// Time since 1970.
pub fn since_epoch() -> Duration {
    clock_gettime(ClockId::CLOCK_REALTIME_COARSE).map_or(Duration::ZERO, Duration::from)
}

/// Time since boot, without the time asleep.
pub fn since_boot() -> Duration {
    clock_gettime(ClockId::CLOCK_MONOTONIC_COARSE).map_or(Duration::ZERO, Duration::from)
}
