//! What SIGUSR1 writes of instances: keepalived's text, which exporters take apart line by line.

use std::net::IpAddr;
use std::time::Duration;

use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::instance::{AuthHmac, Authentication, Destination, HmacMode};
use crate::ir::keepalived::tracker::Tracked;
use crate::ir::keepalived::{Command, Global, Keepalived};
use crate::log::now;
use crate::primitives::monotonic::Monotonic;
use crate::sys::credentials;
use crate::vrrp::engine::{Engine, InstanceStatus};
use crate::vrrp::fault::Fault;
use crate::vrrp::instance::{StateName, VirtualRouter};

use super::accounts;
use super::dump::{command_line, show_address, show_route, show_rule, wall_clock};

/// Everything about instances and scripts.
pub fn topology(engine: &Engine, config: &Keepalived, now: Monotonic, is_running: impl Fn(&str) -> bool) -> String {
    let mut lines = Vec::new();
    if !engine.instances().is_empty() {
        lines.push("------< VRRP Topology >------".to_owned());
    }
    for (status, router) in engine.status(now).iter().zip(engine.instances()) {
        state(&mut lines, config, router, status, now);
        protocol(&mut lines, router, status, engine.source_address(router.id));
        holdings(&mut lines, router);
        trackers(&mut lines, router);
        notifies(&mut lines, router, &config.global);
    }
    if !config.scripts.is_empty() {
        lines.push("------< VRRP Scripts >------".to_owned());
    }
    scripts(&mut lines, engine, config, is_running);
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

fn state(
    lines: &mut Vec<String>,
    config: &Keepalived,
    router: &VirtualRouter,
    status: &InstanceStatus,
    now: Monotonic,
) {
    let own = &router.config;
    lines.push(format!(" VRRP Instance = {}", own.name));
    lines.push(format!("   VRRP Version = {}", own.version));
    if let Some(group) = config.sync_groups.iter().find(|group| group.members.contains(&own.name)) {
        lines.push(format!("   Sync group = {}", group.name));
    }
    if own.family == Family::V6 {
        lines.push("   Using Native IPv6".to_owned());
    }
    lines.push(format!("   State = {}", router.state().word()));
    if router.state() == StateName::Backup {
        let (address, priority) =
            router.master().map_or(("0.0.0.0".to_owned(), 0), |(address, priority)| (address.to_string(), priority));
        lines.push(format!("   Master router = {address}"));
        lines.push(format!("   Master priority = {priority}"));
        if own.version == 3 {
            lines.push(format!("   Master advert int = {:.2} sec", router.master_interval().as_secs_f64()));
        }
    }
    match own.destination {
        Destination::Unicast { .. } => lines.extend(["   Flags:", "     Using unicast"].map(str::to_owned)),
        Destination::Multicast { .. } => lines.push("   Flags: none".to_owned()),
    }
    lines.push(format!("   Wantstate = {}", if router.wishes_master() { "MASTER" } else { "BACKUP" }));
    lines.push("   Number of config faults = 0".to_owned());
    let pending = status.faults.iter().filter(|fault| matches!(fault, Fault::ScriptPending(_))).count();
    lines.push(format!("   Number of interface and track script faults = {}", status.faults.len() - pending));
    lines.push(format!("   Number of track scripts init = {pending}"));
    lines.push(format!("   Last transition = {}", moment(wall_clock(now.since(router.since)))));
    lines.push(match router.timer() {
        Some(at) => format!("   Read timeout = {}", moment(wall_clock(Duration::ZERO) + at.since(now))),
        None => "   Read timeout = DISABLED".to_owned(),
    });
    let master_down = router.master_down_time(status.effective_priority).as_micros();
    lines.push(format!("   Master down timer = {master_down} usecs"));
}

/// Seconds since 1970, and the local time with parts of the second in it.
fn moment(time: Duration) -> String {
    let (seconds, micros) = (time.as_secs(), time.subsec_micros());
    let date = now::format_at(time, "%a %b %e %H:%M:%S", false).unwrap_or_default();
    let year = now::format_at(time, "%Y", false).unwrap_or_default();
    format!("{seconds}.{micros:06} ({date}.{micros:06} {year})")
}

fn protocol(lines: &mut Vec<String>, router: &VirtualRouter, status: &InstanceStatus, source: Option<IpAddr>) {
    let config = &router.config;
    let announce = &config.announce;
    let word = |is_on: bool, on: &'static str, off: &'static str| if is_on { on } else { off };
    lines.push(format!("   Interface = {}", config.interface.as_deref().unwrap_or("not configured")));
    if !config.track_primary {
        lines.push("   VRRP interface tracking disabled".to_owned());
    }
    if config.skip_check_adv_addr {
        lines.push("   Skip checking advert IP addresses".to_owned());
    }
    if config.strict {
        lines.push("   Enforcing strict VRRP compliance".to_owned());
    }
    let source = source.map_or("(none)".to_owned(), |source| source.to_string());
    lines.push(format!(
        "   Using src_ip = {source}{}",
        word(config.source_address.is_some(), " (from configuration)", "")
    ));
    if let Destination::Multicast { group } = &config.destination {
        lines.push(format!("   Multicast address {group}"));
    }
    let seconds = |micros: u64| micros / 1_000_000;
    lines.push(format!("   Gratuitous ARP delay = {}", seconds(announce.master_delay_us)));
    lines.push(format!("   Gratuitous ARP repeat = {}", announce.master_repeat));
    lines.push(format!("   Gratuitous ARP refresh = {}", seconds(announce.master_refresh_us)));
    lines.push(format!("   Gratuitous ARP refresh repeat = {}", announce.master_refresh_repeat));
    lines.push(format!("   Gratuitous ARP lower priority delay = {}", seconds(announce.lower_prio_delay_us)));
    lines.push(format!("   Gratuitous ARP lower priority repeat = {}", announce.lower_prio_repeat));
    lines.push(format!("   Down timer adverts = {}", config.down_timer_adverts));
    let answers = word(config.lower_prio_no_advert, "false", "true");
    lines.push(format!("   Send advert after receive lower priority advert = {answers}"));
    let tells = word(config.higher_prio_send_advert, "true", "false");
    lines.push(format!("   Send advert after receive higher priority advert = {tells}"));
    lines.push(format!("   Virtual Router ID = {}", config.virtual_router_id));
    lines.push(format!("   Priority = {}", config.priority));
    lines.push(format!("   Effective priority = {}", status.effective_priority));
    let sum: i32 = status.addends.iter().map(|addend| addend.value).sum();
    lines.push(format!("   Total priority = {}", i32::from(config.priority) + sum));
    lines.push(match config.version {
        2 => format!("   Advert interval = {} sec", seconds(config.advert_interval_us)),
        _ => format!("   Advert interval = {} milli-sec", config.advert_interval_us / 1000),
    });
    if router.state() == StateName::Backup && config.version == 3 {
        lines.push(format!("   Master advert interval = {} milli-sec", router.master_interval().as_millis()));
    }
    lines.push(format!("   Accept = {}", word(config.accept, "enabled", "disabled")));
    lines.push(format!("   Preempt = {}", word(config.preempt, "enabled", "disabled")));
    if config.preempt_delay_us > 0 {
        lines.push(format!("   Preempt delay = {} secs", config.preempt_delay_us as f64 / 1e6));
    }
    lines.push(format!("   Promote_secondaries = {}", word(config.promote_secondaries, "enabled", "disabled")));
    authentication(lines, &config.authentication, config.version);
    if let Some(hmac) = &config.auth_hmac {
        lines.extend(signatures(hmac));
    }
}

fn signatures(hmac: &AuthHmac) -> [String; 4] {
    let mode = match hmac.mode {
        HmacMode::Enforce => "enforce",
        HmacMode::Permissive => "permissive",
        HmacMode::ReceiveOnly => "receive-only",
    };
    let window = format!("time, window = {} sec", hmac.time_window_us / 1_000_000);
    [
        "   Authentication extension = HMAC-SHA256-128".to_owned(),
        format!("     Keys = {}, active key id = {}", hmac.keys.len(), hmac.active_key),
        format!("     Mode = {mode}"),
        format!("     Anti replay = {}", if hmac.monotonic { "monotonic" } else { &window }),
    ]
}

fn authentication(lines: &mut Vec<String>, authentication: &Authentication, version: u8) {
    match authentication {
        Authentication::None if version == 2 => lines.push("   Authentication type = none".to_owned()),
        Authentication::None => {}
        Authentication::Header(_) => lines.push("   Authentication type = IPSEC_AH".to_owned()),
        Authentication::Password(key) => {
            let password: Vec<u8> = key.iter().copied().take_while(|byte| *byte != 0).collect();
            lines.push("   Authentication type = SIMPLE_PASSWORD".to_owned());
            lines.push(format!("   Password = {}", String::from_utf8_lossy(&password)));
        }
    }
}

fn holdings(lines: &mut Vec<String>, router: &VirtualRouter) {
    let config = &router.config;
    let set = router.state() == StateName::Master;
    let show = |address| format!("     {}", show_address(address, config.interface.as_deref(), set, config.accept));
    if !config.addresses.is_empty() {
        lines.push(format!("   Virtual IP ({}):", config.addresses.len()));
        lines.extend(config.addresses.iter().map(show));
    }
    if !config.excluded_addresses.is_empty() {
        lines.push("   Virtual IP Excluded :".to_owned());
        lines.extend(config.excluded_addresses.iter().map(show));
    }
    if let Destination::Unicast { peers, ttl, check_source, .. } = &config.destination {
        lines.extend(ttl.map(|ttl| format!("   Unicast TTL = {ttl}")));
        lines.push(format!("   Check unicast src : {}", if *check_source { "yes" } else { "no" }));
        lines.push("   Unicast Peer :".to_owned());
        let peer = |peer: &crate::ir::keepalived::instance::UnicastPeer| {
            format!("     {} min_ttl {} max_ttl {}", peer.address, peer.min_ttl, peer.max_ttl)
        };
        lines.extend(peers.iter().map(peer));
    }
    if !config.routes.is_empty() {
        lines.push("   Virtual Routes :".to_owned());
        lines.extend(config.routes.iter().map(|route| format!("     {}", show_route(route))));
    }
    if !config.rules.is_empty() {
        lines.push("   Virtual Rules :".to_owned());
        lines.extend(config.rules.iter().map(|rule| format!("     {}", show_rule(rule))));
    }
}

fn trackers(lines: &mut Vec<String>, router: &VirtualRouter) {
    let trackers = &router.config.trackers;
    let reverse = |is_reverse: bool| if is_reverse { " reverse" } else { "" };
    let others = trackers.interfaces.iter().filter(|one| Some(&one.interface) != router.config.interface.as_ref());
    let mut interfaces = others.peekable();
    if interfaces.peek().is_some() {
        lines.push("   Tracked interfaces :".to_owned());
        lines.extend(
            interfaces.map(|one| format!("     {} weight {}{}", one.interface, one.weight, reverse(one.reverse))),
        );
    }
    let kinds: [(&str, &[Tracked], &str); 3] =
        [("scripts", &trackers.scripts, ""), ("files", &trackers.files, ","), ("processes", &trackers.processes, ",")];
    for (kind, tracked, comma) in kinds.into_iter().filter(|(_, tracked, _)| !tracked.is_empty()) {
        lines.push(format!("   Tracked {kind} :"));
        let show = |one: &Tracked| format!("     {}{comma} weight {}{}", one.name, one.weight, reverse(one.reverse));
        lines.extend(tracked.iter().map(show));
    }
}

fn notifies(lines: &mut Vec<String>, router: &VirtualRouter, global: &Global) {
    let notify = &router.config.notify;
    lines.push(format!("   Using smtp notification = {}", if notify.smtp_alert { "yes" } else { "no" }));
    let deleted = notify.deleted.is_some() || notify.deleted_without_command;
    lines.push(format!("   Notify deleted = {}", if deleted { "Deleted" } else { "Fault" }));
    for (title, command) in [
        ("Backup", &notify.backup),
        ("Master", &notify.master),
        ("Fault", &notify.fault),
        ("Stop", &notify.stop),
        ("Deleted", &notify.deleted),
        ("Generic", &notify.any),
        ("Master rx lower pri", &notify.master_received_lower_priority),
    ] {
        if let Some(command) = command {
            let (line, owner) = (command_line(command), owner(command, global));
            lines.push(format!("   {title} state transition script = {line}, uid:gid {owner}"));
        }
    }
    lines.push(format!("   Notify priority changes = {}", notify.priority_changes));
}

/// As whom it runs, in numbers.
fn owner(command: &Command, global: &Global) -> String {
    let (uid, gid) = match accounts::identity(command, global) {
        Ok(Some(identity)) => (identity.uid, identity.gid),
        _ => credentials::identity(),
    };
    format!("{uid}:{gid}")
}

fn scripts(lines: &mut Vec<String>, engine: &Engine, config: &Keepalived, is_running: impl Fn(&str) -> bool) {
    for script in &config.scripts {
        let Some(counter) = engine.script(&script.name) else { continue };
        // Without a word about it, a run may last until the next one; keepalived shows that as none.
        let timeout_us = if script.timeout_us == script.interval_us { 0 } else { script.timeout_us };
        let init_state = match (counter.good(), counter.pending()) {
            (Some(_), _) => "unknown",
            (None, true) => "INIT",
            (None, false) => "INIT/RELOAD",
        };
        lines.extend([
            format!(" VRRP Script = {}", script.name),
            format!("   Command = {}", command_line(&script.command)),
            format!("   Interval = {} sec", script.interval_us / 1_000_000),
            format!("   Timeout = {} sec", timeout_us / 1_000_000),
            format!("   Weight = {}{}", script.weight, if script.reverse { " reverse" } else { "" }),
            format!("   Rise = {}", script.rise),
            format!("   Fall = {}", script.fall),
            format!("   Result = {}", counter.count()),
            "   Insecure = no".to_owned(),
            format!("   Init state = {init_state}"),
            format!("   Status = {}", if counter.good() == Some(true) { "GOOD" } else { "BAD" }),
            format!("   Script uid:gid = {}", owner(&script.command, &config.global)),
            "   VRRP instances :".to_owned(),
        ]);
        let mut users = config.instances.iter().filter_map(|instance| {
            let tracked = instance.trackers.scripts.iter().find(|tracked| tracked.name == script.name)?;
            let reverse = if tracked.reverse { " reverse" } else { "" };
            Some(format!("     {}, weight {}{reverse}", instance.name, tracked.weight))
        });
        if let Some(first) = users.next() {
            lines.extend(["   Tracking instances :".to_owned(), first]);
            lines.extend(users);
        }
        lines.push(format!("   State = {}", if is_running(&script.name) { "running" } else { "idle" }));
    }
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
