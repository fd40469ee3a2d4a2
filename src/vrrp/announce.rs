//! When gratuitous ARP and neighbour advertisements are due. What is sent is the shell's to build.

use std::time::Duration;

use crate::ir::keepalived::instance::Announce;
use crate::primitives::monotonic::Monotonic;

/// Bursts that are still to come. All of them end with the mastership.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Announcements {
    /// The second burst after becoming master.
    second: Option<Monotonic>,
    /// The next of the regular ones.
    refresh: Option<Monotonic>,
    /// The second one after a lower advert.
    lower_prio: Option<Monotonic>,
    /// The next one on interfaces that no advert leaves from.
    further: Option<Monotonic>,
}

impl Announcements {
    /// Called when the first burst went out.
    pub fn become_master(now: Monotonic, config: &Announce) -> Self {
        let delay = Duration::from_micros(config.master_delay_us);
        let refresh = Duration::from_micros(config.master_refresh_us);
        let further = Duration::from_micros(config.extra_interface_us);
        Self {
            second: (!delay.is_zero()).then(|| now + delay),
            refresh: (!refresh.is_zero()).then(|| now + delay + refresh),
            lower_prio: None,
            further: (!further.is_zero()).then(|| now + delay + further),
        }
    }

    /// Called for a master at a reload: keepalived forgets what was still to come.
    pub fn reloaded(now: Monotonic, config: &Announce, brings_addresses: bool) -> Self {
        let master_delay_us = if brings_addresses { config.master_delay_us } else { 0 };
        Self::become_master(now, &Announce { master_delay_us, ..config.clone() })
    }

    /// Called when a burst answered a lower advert.
    pub fn hear_lower(&mut self, now: Monotonic, config: &Announce) {
        let delay = Duration::from_micros(config.lower_prio_delay_us);
        self.lower_prio = (!delay.is_zero()).then(|| now + delay);
    }

    /// The next moment that [`Announcements::due`] or [`Announcements::further_due`] has something to say.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        [self.second, self.refresh, self.lower_prio, self.further].into_iter().flatten().min()
    }

    /// How often each address is to be announced now; taken off the list.
    pub fn due(&mut self, now: Monotonic, config: &Announce) -> u32 {
        let mut repeat = 0;
        if take_due(&mut self.second, now) {
            repeat += config.master_repeat;
        }
        if take_due(&mut self.refresh, now) {
            repeat += config.master_refresh_repeat;
            self.refresh = Some(now + Duration::from_micros(config.master_refresh_us));
        }
        if take_due(&mut self.lower_prio, now) {
            repeat += config.lower_prio_repeat;
        }
        repeat
    }

    /// Whether the interfaces that no advert leaves from are to be announced on; switches there have nothing else to learn from.
    pub fn further_due(&mut self, now: Monotonic, config: &Announce) -> bool {
        let is_due = take_due(&mut self.further, now);
        if is_due {
            self.further = Some(now + Duration::from_micros(config.extra_interface_us));
        }
        is_due
    }
}

fn take_due(at: &mut Option<Monotonic>, now: Monotonic) -> bool {
    at.take_if(|at| *at <= now).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn second_burst_then_refreshes() {
        let config = Announce {
            master_delay_us: 5_000_000,
            master_repeat: 5,
            master_refresh_us: 10_000_000,
            master_refresh_repeat: 1,
            lower_prio_delay_us: 1_000_000,
            lower_prio_repeat: 3,
            extra_interface_us: 20_000_000,
            extra_interface_all: false,
        };
        let at = |seconds: u64| Monotonic::from_micros(seconds * 1_000_000);
        let mut announcements = Announcements::become_master(at(100), &config);
        assert_eq!(announcements.next_deadline(), Some(at(105)));
        assert_eq!(announcements.due(at(104), &config), 0);
        assert_eq!(announcements.due(at(105), &config), 5);
        announcements.hear_lower(at(106), &config);
        assert_eq!(announcements.due(at(107), &config), 3);
        assert_eq!(announcements.due(at(115), &config), 1);
        assert_eq!(announcements.next_deadline(), Some(at(125)));
        assert_eq!((announcements.due(at(125), &config), announcements.further_due(at(124), &config)), (1, false));
        assert!(announcements.further_due(at(125), &config));
        assert_eq!(announcements.further, Some(at(145)));
        assert_eq!(Announcements::reloaded(at(200), &config, true), Announcements::become_master(at(200), &config));
        let mut reloaded = Announcements::reloaded(at(200), &config, false);
        assert_eq!((reloaded.due(at(209), &config), reloaded.due(at(210), &config)), (0, 1));
    }
}
