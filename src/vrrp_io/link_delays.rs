//! `interface_up_down_delays`: an interface that goes down or up for a short time only has not changed.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::ir::keepalived::InterfaceDelays;
use crate::log::keepalived_log::KeepalivedLog;
use crate::primitives::monotonic::Monotonic;
use crate::wire::netlink::link::is_running;

/// The interfaces that have delays.
#[derive(Debug, Default)]
pub struct LinkDelays(BTreeMap<String, Delayed>);

#[derive(Debug, Default)]
struct Delayed {
    down: Duration,
    up: Duration,
    /// What counts until now.
    flags: u32,
    /// Before it was up for the first time, nothing is delayed.
    was_up: bool,
    /// What is to count, and from when on.
    pending: Option<(Monotonic, u32)>,
}

impl LinkDelays {
    /// Takes the delays of a configuration.
    pub fn configure(&mut self, config: &[InterfaceDelays]) {
        self.0.retain(|name, _| config.iter().any(|delays| delays.interface == *name));
        for delays in config {
            let known = self.0.entry(delays.interface.clone()).or_default();
            known.down = Duration::from_micros(delays.down_us);
            known.up = Duration::from_micros(delays.up_us);
        }
    }

    /// When [`LinkDelays::due`] has something to say.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.0.values().filter_map(|known| known.pending).map(|(at, _)| at).min()
    }

    /// An interface as it is, whatever was said before.
    pub fn set(&mut self, name: &str, flags: u32) {
        if let Some(known) = self.0.get_mut(name) {
            known.flags = flags;
            known.was_up |= is_running(flags);
            known.pending = None;
        }
    }

    /// The kernel told of an interface; the answer says whether it runs, if that counts at once.
    pub fn change(&mut self, name: &str, flags: u32, now: Monotonic, log: &KeepalivedLog) -> Option<bool> {
        let running = is_running(flags);
        let Some(known) = self.0.get_mut(name) else { return Some(running) };
        if flags == known.flags {
            known.pending = None;
            return None;
        }
        if let Some((_, pending)) = &mut known.pending {
            if is_running(*pending) == running {
                *pending = flags;
                return None;
            }
            known.pending = None;
            log.info(&format!("Delay timer for {name} cancelled"));
        }
        if is_running(known.flags) == running {
            return None;
        }
        let delay = if running { known.up } else { known.down };
        if known.was_up && !delay.is_zero() {
            let us = delay.as_micros();
            log.info(&format!("{name}: Adding flags change from {:#x} to {flags:#x} delay by {us}", known.flags));
            known.pending = Some((now + delay, flags));
            return None;
        }
        known.was_up |= running;
        known.flags = flags;
        Some(running)
    }

    /// The interfaces whose change counts from now on, and whether they run.
    pub fn due(&mut self, now: Monotonic) -> Vec<(String, bool)> {
        let take = |(name, known): (&String, &mut Delayed)| {
            let (_, flags) = known.pending.take_if(|(at, _)| *at <= now)?;
            known.flags = flags;
            Some((name.clone(), is_running(flags)))
        };
        self.0.iter_mut().filter_map(take).collect()
    }
}
