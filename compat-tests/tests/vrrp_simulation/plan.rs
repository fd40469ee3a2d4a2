//! What a seed stands for: how many routers, which protocol, how bad a network.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::time::Duration;

use evenkeel::ir::keepalived::addresses::Family;
use evenkeel::wire::vrrp;

/// SplitMix64: small, seeded, the same everywhere.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    /// A stream of its own for each seed.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    pub fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What a seed stands for.
#[derive(Clone, Debug)]
pub struct Plan {
    pub version: u8,
    pub family: Family,
    /// Adverts go to each other router instead of the group.
    pub unicast: bool,
    pub interval: Duration,
    pub preempt: bool,
    pub preempt_delay: Duration,
    /// Base priorities; two routers may have the same, and one may own the address.
    pub priorities: Vec<u8>,
    pub longest_delay: Duration,
    /// The same in times of trouble: adverts may overtake each other.
    pub longest_troubled_delay: Duration,
    pub loss_percent: u64,
    pub double_percent: u64,
    /// Clocks run wrong by at most so many parts in a thousand.
    pub drift_per_mille: i64,
    pub troubles: u64,
}

impl Plan {
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random(seed);
        let routers = 2 + random.below(6) as usize;
        let version = 2 + random.below(2) as u8;
        let interval = match version {
            2 => Duration::from_secs(1 + random.below(3)),
            _ => Duration::from_millis([100, 250, 1000][random.below(3) as usize]),
        };
        let family = if version == 3 && random.chance(30) { Family::V6 } else { Family::V4 };
        let preempt = random.chance(70);
        let preempt_delay =
            if preempt && random.chance(20) { interval * random.below(10) as u32 } else { Duration::ZERO };
        let mut priorities: Vec<u8> = (0..routers).map(|_| 1 + random.below(254) as u8).collect();
        // An owner that waits before it preempts would be no owner.
        if preempt_delay.is_zero() && random.chance(10) {
            priorities[0] = vrrp::OWNER;
        }
        let unicast = random.chance(30);
        let longest_delay = interval / [1000, 100, 20][random.below(3) as usize];
        Self {
            version,
            family,
            unicast,
            interval,
            preempt,
            preempt_delay,
            priorities,
            longest_delay,
            longest_troubled_delay: if random.chance(30) { interval * 3 / 2 } else { longest_delay },
            // Without loss, two masters beside each other have no excuse.
            loss_percent: if random.chance(50) { 0 } else { random.below(40) },
            double_percent: random.below(20),
            drift_per_mille: random.below(6) as i64,
            troubles: 2 + random.below(8),
        }
    }

    /// A small network without faults of its own, for spaces that are gone through completely.
    pub fn small(priorities: &[u8], version: u8, preempt: bool) -> Self {
        Self {
            version,
            family: Family::V4,
            unicast: false,
            interval: Duration::from_secs(1),
            preempt,
            preempt_delay: Duration::ZERO,
            priorities: priorities.to_vec(),
            longest_delay: Duration::ZERO,
            longest_troubled_delay: Duration::ZERO,
            loss_percent: 0,
            double_percent: 0,
            drift_per_mille: 0,
            troubles: 0,
        }
    }

    pub fn without_delays(mut self) -> Self {
        // Packets that overtake each other would be another story.
        self.longest_delay = Duration::ZERO;
        self.drift_per_mille = 0;
        self
    }

    pub fn preempting(mut self) -> Self {
        self.preempt = true;
        self.preempt_delay = Duration::ZERO;
        // The failing script must bring the best below the second best, and every router has its own place.
        self.priorities = (0..self.priorities.len()).map(|place| 100 + 10 * place as u8).collect();
        self
    }

    pub fn longest_skew(&self) -> Duration {
        if self.version == 2 { Duration::from_secs(1) } else { self.interval }
    }

    pub fn longest_master_down(&self) -> Duration {
        self.interval * 3 + self.longest_skew()
    }

    /// Long enough for two elections one after the other, the wait before a preemption, and every clock's drift.
    pub fn settling_time(&self) -> Duration {
        (self.longest_master_down() + self.preempt_delay) * 3
    }

    /// How long a healed network may be without its one master: the longest timer of a backup, and then until whoever became
    /// master at the same time has heard the better one (RFC 9568, section 6.4).
    pub fn election_time(&self) -> Duration {
        let longest_timer = self.longest_master_down();
        longest_timer + longest_timer / 50 + self.longest_double_mastery(self.longest_troubled_delay)
    }

    /// How long after that the best may need: its wait, and the timer of a backup.
    pub fn preemption_time(&self) -> Duration {
        (self.longest_master_down() + self.preempt_delay) * 2
    }

    /// How long a master can live beside a better one that it could hear: until the other's next advert is there.
    pub fn longest_double_mastery(&self, longest_delay: Duration) -> Duration {
        self.interval + self.interval / 50 + longest_delay + Duration::from_millis(1)
    }

    /// The address of the router at a place.
    pub fn address(&self, place: usize) -> IpAddr {
        let host = 1 + place as u8;
        match self.family {
            Family::V4 => IpAddr::V4(Ipv4Addr::new(198, 51, 100, host)),
            Family::V6 => IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, host.into())),
        }
    }

    /// Where adverts go that are not for one router alone.
    pub fn group(&self) -> IpAddr {
        match self.family {
            Family::V4 => IpAddr::V4(vrrp::MULTICAST_V4),
            Family::V6 => IpAddr::V6(vrrp::MULTICAST_V6),
        }
    }
}
