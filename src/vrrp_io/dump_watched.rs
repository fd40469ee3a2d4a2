//! The sections of what instances watch, as SIGUSR1 and `-d` show them: scripts, files, processes and BFD sessions.

use crate::ir::keepalived::tracker::{ParameterMatch, Tracked, Trackers};
use crate::ir::keepalived::{Keepalived, Script, TrackProcess};

use super::accounts;
use super::dump::command_line;
use super::dump_source::Source;

/// A section for each kind that the file has.
pub(super) fn lines(source: &Source<'_>) -> Vec<String> {
    let config = source.config;
    let mut lines = Vec::new();
    let mut section = |title: &str, items: Vec<String>| {
        if !items.is_empty() {
            lines.push(format!("------< VRRP {title} >------"));
            lines.extend(items);
        }
    };
    section("Scripts", config.scripts.iter().flat_map(|one| script(source, one)).collect());
    section(
        "Track files",
        config
            .track_files
            .iter()
            .flat_map(|one| {
                let status = source.engine.watched().files.get(&one.name).copied().unwrap_or(0);
                let own = [
                    format!(" Track file = {}", one.name),
                    format!("   File = {}", one.path),
                    format!("   Status = {status}"),
                    format!("   Weight = {}{}", one.weight, reverse(one.reverse)),
                ];
                own.into_iter().chain(followers(config, &one.name, |trackers| &trackers.files))
            })
            .collect(),
    );
    section("Track processes", config.track_processes.iter().flat_map(|one| process(source, one)).collect());
    let sessions = config.bfd_instances.iter().filter(|one| one.for_vrrp);
    section(
        "Track BFDs",
        sessions
            .flat_map(|one| {
                let is_up = source.engine.watched().bfds.get(&one.name).copied().unwrap_or(false);
                let own = [
                    format!(" VRRP Track BFD = {}", one.name),
                    format!("   Weight = {}{}", one.weight, reverse(one.reverse)),
                    format!("   Bfd is {}", if is_up { "up" } else { "down" }),
                    "   Tracking VRRP instances :".to_owned(),
                ];
                own.into_iter().chain(followers(config, &one.name, |trackers| &trackers.bfds))
            })
            .collect(),
    );
    lines
}

fn reverse(is_reverse: bool) -> &'static str {
    if is_reverse { " reverse" } else { "" }
}

/// The instances that watch one thing: for themselves first, then for their groups.
fn followers(config: &Keepalived, name: &str, kind: impl Fn(&Trackers) -> &[Tracked]) -> Vec<String> {
    let find = |trackers| kind(trackers).iter().find(|tracked| tracked.name == name);
    let mut found: Vec<(&str, &Tracked)> = Vec::new();
    for instance in &config.instances {
        found.extend(find(&instance.trackers).map(|tracked| (instance.name.as_str(), tracked)));
    }
    for group in &config.sync_groups {
        let Some(tracked) = find(&group.trackers) else { continue };
        for member in &group.members {
            match found.iter_mut().find(|(known, _)| known == member) {
                // The group's weight holds for both, unless the member's own is none.
                Some((_, own)) if own.weight != 0 => *own = tracked,
                Some(_) => {}
                None => found.push((member, tracked)),
            }
        }
    }
    let title = (!found.is_empty()).then(|| "   Tracking instances :".to_owned());
    let line = |(name, tracked): &(&str, &Tracked)| {
        format!("     {name}, weight {}{}", tracked.weight, reverse(tracked.reverse))
    };
    title.into_iter().chain(found.iter().map(line)).collect()
}

fn script(source: &Source<'_>, script: &Script) -> Vec<String> {
    let Some(counter) = source.engine.watched().scripts.get(&script.name) else { return Vec::new() };
    // Without a word about it, a run may last until the next one; keepalived shows that as none.
    let timeout_us = if script.timeout_us == script.interval_us { 0 } else { script.timeout_us };
    let is_new = source.at_start && !counter.has_run();
    let init_state = match (counter.good(), counter.pending()) {
        _ if is_new => "INIT",
        (Some(_), _) => "unknown",
        (None, true) => "INIT",
        (None, false) => "INIT/RELOAD",
    };
    let mut lines = vec![
        format!(" VRRP Script = {}", script.name),
        format!("   Command = {}", command_line(&script.command)),
        format!("   Interval = {} sec", script.interval_us / 1_000_000),
        format!("   Timeout = {} sec", timeout_us / 1_000_000),
        format!("   Weight = {}{}", script.weight, reverse(script.reverse)),
        format!("   Rise = {}", script.rise),
        format!("   Fall = {}", script.fall),
        format!("   Result = {}", if is_new { 0 } else { counter.count() }),
        "   Insecure = no".to_owned(),
        format!("   Init state = {init_state}"),
        format!("   Status = {}", if counter.good() == Some(true) { "GOOD" } else { "BAD" }),
        format!("   Script uid:gid = {}", accounts::numbers(script.command.user.as_ref(), &source.config.global)),
        "   VRRP instances :".to_owned(),
    ];
    lines.extend(followers(source.config, &script.name, |trackers| &trackers.scripts));
    lines.push(format!("   State = {}", if (source.is_running)(&script.name) { "running" } else { "idle" }));
    lines
}

fn process(source: &Source<'_>, process: &TrackProcess) -> Vec<String> {
    let parameters = (!process.parameters.is_empty()).then(|| process.parameters.join(" "));
    let compared = match process.parameter_match {
        ParameterMatch::Any => None,
        ParameterMatch::Exact => Some(""),
        ParameterMatch::Initial => Some(" = initial"),
        ParameterMatch::Partial => Some(" = partial"),
    };
    let has_quorum = source.engine.watched().processes.get(&process.name).copied().unwrap_or(false);
    let truth = |value: bool| if value { "true" } else { "false" };
    let seconds = |micros: u64| micros as f64 / 1e6;
    let waits = |waits: bool| if waits { "" } else { "not " };
    let count = source.processes.count(&process.name);
    let parts = [
        Some(format!(" VRRP Track process = {}", process.name)),
        Some(format!("   Process = {}", process.process)),
        parameters.map(|parameters| format!("   Parameters = {parameters}")),
        compared.map(|word| format!("   Param match{word}")),
        Some(format!("   Min processes = {}", process.quorum)),
        process.quorum_max.map(|most| format!("   Max processes = {most}")),
        Some(format!("   Current processes = {}", count.processes)),
        Some(format!("   Have quorum = {}", truth(has_quorum))),
        Some(format!("   Weight = {}{}", process.weight, reverse(process.reverse))),
        Some(format!("   Terminate delay = {:.6}s", seconds(process.terminate_delay_us))),
        Some(format!("   Fork delay = {:.6}s", seconds(process.fork_delay_us))),
        (!source.at_start).then(|| format!("   Fork delay timer {}running", waits(count.settles && !has_quorum))),
        (!source.at_start).then(|| format!("   Terminate delay timer {}running", waits(count.settles && has_quorum))),
        Some(format!("   Full command = {}", truth(process.full_command))),
    ];
    let own = parts.into_iter().flatten();
    own.chain(followers(source.config, &process.name, |trackers| &trackers.processes)).collect()
}
