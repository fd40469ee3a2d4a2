//! The two timers of RFC 9568 §6.1, as keepalived computes them: microseconds, whole-number division.

use std::time::Duration;

use crate::ir::keepalived::Instance;
use crate::primitives::monotonic::Monotonic;

/// Skew_Time: the lower the priority, the later a backup moves. Version 2 has parts of a second (RFC 3768 §6.1), version 3
/// parts of the master's interval.
pub fn skew(version: u8, priority: u8, master_interval: Duration) -> Duration {
    let unit = if version == 3 { micros(master_interval) } else { 1_000_000 };
    Duration::from_micros((256 - u64::from(priority)) * unit / 256)
}

/// Master_Down_Interval: how long the silence of the master lasts before a backup takes over.
pub fn master_down(config: &Instance, priority: u8, master_interval: Duration) -> Duration {
    master_interval * config.down_timer_adverts + skew(config.version, priority, master_interval)
}

/// When the advert goes that follows one that was due at `due`. What that one was late by does not delay those after it, so
/// the mean period is the configured one; only those whose time is over, too, are left out.
pub fn next_advert(due: Monotonic, interval: Duration, now: Monotonic) -> Monotonic {
    let next = due + interval;
    if next > now { next } else { now + interval }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX >> 8)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skew_is_a_part_of_a_second_or_of_the_interval() {
        assert_eq!(skew(2, 100, Duration::from_secs(1)), Duration::from_micros(609_375));
        assert_eq!(skew(2, 100, Duration::from_secs(10)), Duration::from_micros(609_375));
        assert_eq!(skew(3, 100, Duration::from_millis(100)), Duration::from_micros(60_937));
        assert_eq!(skew(3, 255, Duration::from_millis(100)), Duration::from_micros(390));
    }

    #[test]
    fn a_late_advert_does_not_delay_the_next_and_none_is_made_up_for() {
        let at = Monotonic::from_micros;
        let interval = Duration::from_micros(1000);
        let next = [5000, 5070, 5999, 6000, 8300].map(|now| next_advert(at(5000), interval, at(now)));
        assert_eq!(next, [6000, 6000, 6000, 7000, 9300].map(at));
    }
}
