//! Waiting for the first of several descriptors until a point in time.
//!
//! The limit of ppoll(2) itself is inexact on purpose: except at realtime priority the kernel is late by up to a thousandth of it,
//! a two-hundredth in a process that is nice, so as to wake seldom. A timer with a descriptor is not late.

use std::cell::Cell;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use nix::sys::time::TimeSpec;
use nix::sys::timer::{Expiration, TimerSetTimeFlags};
use nix::sys::timerfd::{ClockId, TimerFd, TimerFlags};

use super::poll;

/// A timer on the clock of [`super::monotonic_clock`].
#[derive(Debug)]
pub struct Alarm {
    timer: TimerFd,
    /// What the kernel was told last: most waits end without a change of the deadline.
    set_to: Cell<Option<Duration>>,
}

impl Alarm {
    /// One that is not set.
    pub fn new() -> io::Result<Self> {
        let flags = TimerFlags::TFD_CLOEXEC | TimerFlags::TFD_NONBLOCK;
        Ok(Self { timer: TimerFd::new(ClockId::CLOCK_MONOTONIC, flags)?, set_to: Cell::default() })
    }

    /// Waits until one of the descriptors can be read or this time since boot has come; the answer is that of
    /// [`poll::wait_readable`].
    pub fn wait_readable(&self, descriptors: &[BorrowedFd<'_>], until: Option<Duration>) -> io::Result<Vec<bool>> {
        self.set(until)?;
        let with_timer = [descriptors, &[self.timer.as_fd()]].concat();
        let mut readable = poll::wait_readable(&with_timer, None)?;
        readable.truncate(descriptors.len());
        Ok(readable)
    }

    fn set(&self, until: Option<Duration>) -> io::Result<()> {
        // What is not set again stays as it is: still to come, or readable.
        if self.set_to.replace(until) != until {
            match until {
                // Zero would disarm it.
                Some(until) => {
                    let expiration = Expiration::OneShot(TimeSpec::from_duration(until.max(Duration::from_nanos(1))));
                    self.timer.set(expiration, TimerSetTimeFlags::TFD_TIMER_ABSTIME)?;
                }
                None => self.timer.unset()?,
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::monotonic_clock::since_boot;
    use super::*;

    #[test]
    fn a_deadline_ends_the_waiting_not_before_its_time_and_again_when_it_is_over() {
        let alarm = Alarm::new().expect("the kernel has timers");
        let until = since_boot() + Duration::from_millis(20);
        for _ in 0..2 {
            assert!(alarm.wait_readable(&[], Some(until)).expect("it waits").is_empty());
            assert!(since_boot() >= until);
        }
        assert!(alarm.wait_readable(&[], Some(Duration::ZERO)).is_ok());
    }
}
