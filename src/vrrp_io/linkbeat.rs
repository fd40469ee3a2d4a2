//! `linkbeat_interfaces`: links that are asked for once a second, because the kernel does not tell of them.

use std::time::Duration;

use crate::ir::keepalived::{Linkbeat, LinkbeatWay};
use crate::log::keepalived_log::KeepalivedLog;
use crate::primitives::monotonic::Monotonic;
use crate::sys::link_probe::LinkProbe;

/// keepalived's `POLLING_DELAY`.
const PERIOD: Duration = Duration::from_secs(1);

/// The links that are asked for.
#[derive(Debug, Default)]
pub struct Linkbeats {
    probe: Option<LinkProbe>,
    polled: Vec<Polled>,
    next: Option<Monotonic>,
}

#[derive(Debug)]
struct Polled {
    interface: String,
    /// How it answers; nothing before it was there.
    way: Option<LinkbeatWay>,
    running: bool,
}

impl Linkbeats {
    /// Takes the links of a configuration and asks for each; `is_there` says of one whether it exists. `Err` if nobody can be asked,
    /// where the kernel's word has to do.
    pub fn configure(
        &mut self,
        wanted: &[Linkbeat],
        is_there: impl Fn(&str) -> bool,
        now: Monotonic,
        log: &KeepalivedLog,
    ) -> std::io::Result<()> {
        self.polled.clear();
        self.next = None;
        if wanted.is_empty() {
            return Ok(());
        }
        let probe = match self.probe.take() {
            Some(probe) => probe,
            None => LinkProbe::open()?,
        };
        for Linkbeat { interface, way } in wanted {
            let (way, running) = match is_there(interface) {
                true => begin(&probe, interface, *way, log),
                false => (*way, false),
            };
            self.polled.push(Polled { interface: interface.clone(), way, running });
        }
        self.probe = Some(probe);
        self.next = Some(now + PERIOD);
        log.info("Using MII-BMSR/ETHTOOL NIC polling thread(s)...");
        Ok(())
    }

    /// Whether a link is up, of those that are asked for.
    pub fn running(&self, interface: &str) -> Option<bool> {
        self.polled.iter().find(|polled| polled.interface == interface).map(|polled| polled.running)
    }

    /// The interface is gone.
    pub fn gone(&mut self, interface: &str) {
        for polled in self.polled.iter_mut().filter(|polled| polled.interface == interface) {
            polled.running = false;
        }
    }

    /// What the data file says of how the link is watched.
    pub fn shown(&self, interface: &str) -> &'static str {
        match self.polled.iter().find(|polled| polled.interface == interface).map(|polled| polled.way) {
            None => "NIC netlink status update",
            Some(Some(LinkbeatWay::Mii)) => "NIC support MII regs",
            Some(Some(LinkbeatWay::Ethtool)) => "NIC support ETHTOOL GLINK interface",
            Some(Some(LinkbeatWay::Ioctl) | None) => "NIC ioctl refresh polling",
        }
    }

    /// When [`Linkbeats::due`] asks again.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.next
    }

    /// Asks for all links, if it is time; what has changed.
    pub fn due(&mut self, is_there: impl Fn(&str) -> bool, now: Monotonic, log: &KeepalivedLog) -> Vec<(String, bool)> {
        let Some(probe) = self.probe.as_ref().filter(|_| self.next.is_some_and(|next| next <= now)) else {
            return Vec::new();
        };
        self.next = Some(now + PERIOD);
        let mut changed = Vec::new();
        for polled in self.polled.iter_mut() {
            let running = is_there(&polled.interface) && polled.ask(probe, log);
            if running != polled.running {
                polled.running = running;
                changed.push((polled.interface.clone(), running));
            }
        }
        changed
    }
}

impl Polled {
    /// What has answered once and fails now counts as up, and the flags decide (keepalived).
    fn ask(&mut self, probe: &LinkProbe, log: &KeepalivedLog) -> bool {
        let answer = match self.way {
            None => {
                let (way, running) = begin(probe, &self.interface, None, log);
                self.way = way;
                return running;
            }
            Some(way) => ask_by(probe, way, &self.interface, log),
        };
        answer.unwrap_or(true) && probe.is_running(&self.interface)
    }
}

/// Finds a way that answers, the configured one first, and asks by it.
fn begin(
    probe: &LinkProbe,
    interface: &str,
    configured: Option<LinkbeatWay>,
    log: &KeepalivedLog,
) -> (Option<LinkbeatWay>, bool) {
    let order: &[LinkbeatWay] = match configured {
        None | Some(LinkbeatWay::Mii) => &[LinkbeatWay::Mii, LinkbeatWay::Ethtool],
        Some(LinkbeatWay::Ethtool) => &[LinkbeatWay::Ethtool, LinkbeatWay::Mii],
        Some(LinkbeatWay::Ioctl) => &[],
    };
    let found = order.iter().find_map(|way| Some((*way, ask_by(probe, *way, interface, log)?)));
    let (way, is_up) = found.unwrap_or((LinkbeatWay::Ioctl, true));
    let running = is_up && probe.is_running(interface);
    if let Some(configured) = configured.filter(|configured| *configured != way) {
        let [configured, way] = [configured.word(), way.word()];
        log.info(&format!("({interface}): Configured linkbeat type {configured} not supported, using {way}"));
    }
    (Some(way), running)
}

fn ask_by(probe: &LinkProbe, way: LinkbeatWay, interface: &str, log: &KeepalivedLog) -> Option<bool> {
    match way {
        LinkbeatWay::Mii => {
            let answer = probe.mii(interface).ok()?;
            if answer.is_none() {
                log.info(&format!("No MII transceiver present for {interface} !!!"));
            }
            answer
        }
        LinkbeatWay::Ethtool => probe.ethtool(interface).ok(),
        LinkbeatWay::Ioctl => Some(true),
    }
}
