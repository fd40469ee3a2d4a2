//! What there is to show with SIGUSR1 and `-d`, and the lines that instances and groups share.

use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use crate::ir::keepalived::tracker::{Tracked, Trackers};
use crate::ir::keepalived::{Command, Global, Keepalived, Notify};
use crate::log::now;
use crate::primitives::monotonic::Monotonic;
use crate::vrrp::engine::Engine;
use crate::vrrp::instance::VirtualRouter;

use super::accounts;
use super::announcer::Announcer;
use super::dump::{command_line, wall_clock};
use super::kernel::Kernel;
use super::linkbeat::Linkbeats;
use super::promote_secondaries::PromoteSecondaries;
use super::sockets::{self, OpenPair, Sockets};
use super::track_process::TrackProcesses;
use super::vmac::{self, Devices};

/// Everything that there is to show.
pub struct Source<'a> {
    /// The configuration.
    pub config: &'a Keepalived,
    /// Instances and groups.
    pub engine: &'a Engine,
    /// Interfaces and addresses.
    pub kernel: &'a Kernel,
    /// Sockets for adverts.
    pub sockets: &'a Sockets,
    /// Interfaces of `use_vmac`.
    pub devices: &'a Devices,
    /// The links that are asked for.
    pub linkbeats: &'a Linkbeats,
    /// Where we have changed `promote_secondaries`.
    pub promote_secondaries: &'a PromoteSecondaries,
    /// The pace of announcements.
    pub announcer: &'a Announcer,
    /// Counted processes.
    pub processes: &'a TrackProcesses,
    /// Whether a track script is at work.
    pub is_running: &'a dyn Fn(&str) -> bool,
    /// The default path of `reload_file` or the one of the file, if it is used.
    pub reload_file: Option<PathBuf>,
    /// The log of `-d`, which has nothing that changes in it: no states, no timers, no sockets.
    pub at_start: bool,
    /// The time.
    pub now: Monotonic,
}

impl Source<'_> {
    /// Whether an address is one that we put there.
    pub(super) fn holds(&self, address: IpAddr) -> bool {
        let mut statics = self.config.static_addresses.iter();
        self.engine.instances().iter().any(|router| router.config.holds(address))
            || statics.any(|item| item.address.prefix.address == address)
    }

    /// The sockets of an instance.
    pub(super) fn pair_of(&self, router: &VirtualRouter) -> Option<OpenPair<'_>> {
        if self.at_start {
            return None;
        }
        let config = &router.config;
        let device = vmac::transmitting_name(config, self.engine.watched().device_names(&config.name));
        let source = self.engine.source_address(router.id);
        let key = sockets::key(config, config.family.into(), source, device)?;
        self.sockets.describe().find(|pair| *pair.key == key)
    }

    /// When something will have been, on the wall clock; zeros for never.
    pub(super) fn moment_without_year(&self, at: Option<Monotonic>) -> String {
        let text = moment(at.map_or(Duration::ZERO, |at| {
            let present = wall_clock(Duration::ZERO);
            if at >= self.now { present + at.since(self.now) } else { present - self.now.since(at) }
        }));
        // The year is its last word.
        format!("{})", text.rsplit_once(' ').map_or(text.as_str(), |(front, _)| front))
    }
}

/// Seconds since 1970, and the local time with parts of the second in it.
pub(super) fn moment(time: Duration) -> String {
    let (seconds, micros) = (time.as_secs(), time.subsec_micros());
    let date = now::format_at(time, "%a %b %e %H:%M:%S", false).unwrap_or_default();
    let year = now::format_at(time, "%Y", false).unwrap_or_default();
    format!("{seconds}.{micros:06} ({date}.{micros:06} {year})")
}

/// What an instance or a group watches; its own interface, with or without a weight, is no part of it.
pub(super) fn tracked_lines(trackers: &Trackers, own_interface: Option<&str>, processes: &str) -> Vec<String> {
    let reverse = |is_reverse: bool| if is_reverse { " reverse" } else { "" };
    let mut lines = Vec::new();
    let others = trackers.interfaces.iter().filter(|one| Some(one.interface.as_str()) != own_interface);
    let mut interfaces = others.peekable();
    if interfaces.peek().is_some() {
        lines.push("   Tracked interfaces :".to_owned());
        lines.extend(
            interfaces.map(|one| format!("     {} weight {}{}", one.interface, one.weight, reverse(one.reverse))),
        );
    }
    let kinds: [(&str, &[Tracked], &str); 4] = [
        ("scripts", &trackers.scripts, ""),
        ("files", &trackers.files, ","),
        (processes, &trackers.processes, ","),
        ("BFDs", &trackers.bfds, ":"),
    ];
    for (kind, tracked, comma) in kinds.into_iter().filter(|(_, tracked, _)| !tracked.is_empty()) {
        lines.push(format!("   Tracked {kind} :"));
        let show = |one: &Tracked| format!("     {}{comma} weight {}{}", one.name, one.weight, reverse(one.reverse));
        lines.extend(tracked.iter().map(show));
    }
    lines
}

/// The scripts that an instance or a group runs, and as whom, in numbers.
pub(super) fn notify_lines(notify: &Notify, global: &Global) -> Vec<String> {
    let commands = [
        ("Backup", &notify.backup),
        ("Master", &notify.master),
        ("Fault", &notify.fault),
        ("Stop", &notify.stop),
        ("Deleted", &notify.deleted),
        ("Generic", &notify.any),
        ("Master rx lower pri", &notify.master_received_lower_priority),
    ];
    let line = |(title, command): (&str, &Option<Command>)| {
        let command = command.as_ref()?;
        let (line, owner) = (command_line(command), accounts::numbers(command.user.as_ref(), global));
        Some(format!("   {title} state transition script = {line}, uid:gid {owner}"))
    };
    commands.into_iter().filter_map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_has_its_parts_of_a_second_twice() {
        let text = moment(Duration::new(1_795_399_001, 587_055_000));
        assert!(text.starts_with("1795399001.587055 ("), "{text}");
        assert!(text.contains(".587055 2026)"), "{text}");
    }
}
