//! What SIGUSR2 and the signal for JSON write, as keepalived writes it: monitoring reads these files.

use std::fmt::{self, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::ir::keepalived::instance::Authentication;
use crate::ir::keepalived::{Command, Instance, StaticAddress, VirtualAddress, notify};
use crate::primitives::monotonic::Monotonic;
use crate::vrrp::engine::{Engine, InstanceStatus};
use crate::vrrp::fault::Fault;
use crate::vrrp::instance::{StateName, VirtualRouter};
use crate::vrrp::statistics::Statistics;

use super::dump_routing::{show_prefix, show_route, show_rule};
use super::vmac;

/// The counters of every instance, as text.
pub fn statistics(engine: &Engine) -> String {
    let mut text = String::new();
    for router in engine.instances() {
        let counted = &router.statistics;
        let mut lines = vec![
            format!("VRRP Instance: {}", router.config.name),
            "  Advertisements:".into(),
            format!("    Received: {}", counted.adverts_received),
            format!("    Sent: {}", counted.adverts_sent),
            format!("  Became master: {}", counted.became_master),
            format!("  Released master: {}", counted.released_master),
            "  Packet Errors:".into(),
            format!("    Length: {}", counted.length_errors),
            format!("    TTL: {}", counted.hop_limit_errors),
            format!("    Invalid Type: {}", counted.type_errors),
            format!("    Advertisement Interval: {}", counted.interval_errors),
            format!("    Address List: {}", counted.address_list_errors),
            "  Authentication Errors:".into(),
            format!("    Invalid Type: {}", counted.unknown_auth_types),
            format!("    Type Mismatch: {}", counted.auth_type_mismatches),
            format!("    Failure: {}", counted.auth_failures),
        ];
        // The newest keepalived has them always, 2.2 never: they are there where there is something to count.
        if router.config.auth_hmac.is_some() {
            lines.push("  Authentication Extension Errors:".into());
            let named = TRAILER_NAMES.iter().zip(trailer_counters(counted));
            lines.extend(named.map(|((name, _), value)| format!("    {name}: {value}")));
        }
        lines.extend([
            "  Priority Zero:".into(),
            format!("    Received: {}", counted.priority_zero_received),
            format!("    Sent: {}", counted.priority_zero_sent),
        ]);
        text.extend(lines.iter().flat_map(|line| [line.as_str(), "\n"]));
    }
    text
}

/// The counters of `auth_hmac` in the text and in JSON.
const TRAILER_NAMES: [(&str, &str); 6] = [
    ("Missing", "auth_ext_missing"),
    ("Malformed", "auth_ext_malformed"),
    ("Unknown Key", "auth_ext_unknown_key"),
    ("Invalid HMAC", "auth_ext_invalid_hmac"),
    ("Stale", "auth_ext_stale"),
    ("Replay", "auth_ext_replay"),
];

fn trailer_counters(counted: &Statistics) -> [u64; 6] {
    [
        counted.trailers_missing,
        counted.trailers_malformed,
        counted.trailer_keys_unknown,
        counted.trailers_forged,
        counted.trailers_stale,
        counted.trailers_replayed,
    ]
}

/// Everything about every instance, as one line of JSON: a list, or from version 2 on an object that holds it.
pub fn json(engine: &Engine, now: Monotonic, version: u32) -> String {
    let instances: Vec<String> = engine
        .status(now)
        .iter()
        .zip(engine.instances())
        .map(|(status, router)| {
            let mut object = Object::default();
            object.raw("data", data(engine, router, status, now));
            object.raw("stats", counters(router));
            object.close()
        })
        .collect();
    let instances = instances.join(",");
    if version == 1 { format!("[{instances}]\n") } else { format!("{{\"vrrp\":[{instances}]}}\n") }
}

fn data(engine: &Engine, router: &VirtualRouter, status: &InstanceStatus, now: Monotonic) -> String {
    let config = &router.config;
    let announce = &config.announce;
    let is_master = router.state() == StateName::Master;
    let mut object = Object::default();
    object.text("iname", &config.name);
    object.number("dont_track_primary", !config.track_primary);
    object.number("skip_check_adv_addr", config.skip_check_adv_addr);
    object.number("strict_mode", config.strict);
    let device = own_device(engine, config);
    object.text("vmac_ifname", device.unwrap_or_default());
    if let Some(interface) = device.or(config.interface.as_deref()) {
        object.text("ifp_ifname", interface);
    }
    object.number("master_priority", router.master().map_or(0, |(_, priority)| priority));
    object.raw("last_transition", format!("{:.6}", wall_clock(now.since(router.since)).as_secs_f64()));
    object.raw("garp_delay", seconds(announce.master_delay_us));
    object.number("garp_refresh", announce.master_refresh_us / 1_000_000);
    object.number("garp_rep", announce.master_repeat);
    object.number("garp_refresh_rep", announce.master_refresh_repeat);
    object.number("garp_lower_prio_delay", announce.lower_prio_delay_us / 1_000_000);
    object.number("garp_lower_prio_rep", announce.lower_prio_repeat);
    object.number("lower_prio_no_advert", config.lower_prio_no_advert);
    object.number("higher_prio_send_advert", config.higher_prio_send_advert);
    object.number("vrid", config.virtual_router_id);
    object.number("base_priority", config.priority);
    object.number("effective_priority", status.effective_priority);
    object.raw("vipset", is_master);
    object.raw("promote_secondaries", config.promote_secondaries);
    object.raw("adver_int", seconds(config.advert_interval_us));
    object.raw("master_adver_int", seconds(router.master_interval().as_micros() as u64));
    object.number("accept", config.accept);
    object.raw("nopreempt", !config.preempt);
    object.number("preempt_delay", config.preempt_delay_us / 1_000_000);
    object.number("state", state_number(router.state()));
    object.number("wantstate", state_number(wanted_state(router, status)));
    object.number("version", config.version);
    object.raw("smtp_alert", config.notify.smtp_alert);
    object.raw("notify_deleted", config.notify.deleted.is_some() || config.notify.deleted_without_command);
    scripts(&mut object, router);
    holdings(&mut object, router, engine.watched().device_names(&config.name), is_master);
    tracked(&mut object, engine, router);
    authentication(&mut object, &config.authentication);
    object.close()
}

/// The interface of `use_vmac` or `use_ipvlan`, made or to be made.
pub(super) fn own_device<'a>(engine: &'a Engine, config: &Instance) -> Option<&'a str> {
    vmac::own_name(config, engine.watched().device_names(&config.name))
}

fn scripts(object: &mut Object, router: &VirtualRouter) {
    let notify = &router.config.notify;
    for (name, command) in [
        ("script_backup", &notify.backup),
        ("script_master", &notify.master),
        ("script_fault", &notify.fault),
        ("script_stop", &notify.stop),
        ("script_deleted", &notify.deleted),
        ("script", &notify.any),
        ("script_master_rx_lower_pri", &notify.master_received_lower_priority),
    ] {
        if let Some(command) = command {
            object.text(name, &command_line(command));
        }
    }
}

fn holdings(object: &mut Object, router: &VirtualRouter, names: &[String], set: bool) {
    let config = &router.config;
    let show = |address| show_address(config, names, address, set);
    object.list("vips", config.addresses.iter().map(show));
    object.list("evips", config.excluded_addresses.iter().map(show));
    object.list("vroutes", config.routes.iter().map(show_route));
    object.list("vrules", config.rules.iter().map(show_rule));
}

fn tracked(object: &mut Object, engine: &Engine, router: &VirtualRouter) {
    let trackers = &router.config.trackers;
    // Its own interface, with or without a weight, is none of these.
    let others = trackers.interfaces.iter().filter(|one| Some(&one.interface) != router.config.interface.as_ref());
    object.list("track_ifp", others.map(|one| one.interface.clone()));
    let command = |name: &String| engine.watched().scripts.get(name).map(|script| command_line(&script.config.command));
    object.list("track_script", trackers.scripts.iter().filter_map(|one| command(&one.name)));
}

fn authentication(object: &mut Object, authentication: &Authentication) {
    let (number, key) = match authentication {
        Authentication::None => return object.number("auth_type", 0u8),
        Authentication::Password(key) => (1u8, key),
        Authentication::Header(key) => (2, key),
    };
    object.number("auth_type", number);
    let len = key.iter().position(|byte| *byte == 0).unwrap_or(key.len());
    object.text("auth_data", &String::from_utf8_lossy(&key[..len]));
}

fn counters(router: &VirtualRouter) -> String {
    let counted = &router.statistics;
    let mut object = Object::default();
    let trailers = TRAILER_NAMES.map(|(_, name)| name).into_iter().zip(trailer_counters(counted));
    let trailers = trailers.filter(|_| router.config.auth_hmac.is_some());
    let zero = [("pri_zero_rcvd", counted.priority_zero_received), ("pri_zero_sent", counted.priority_zero_sent)];
    let first = [
        ("advert_rcvd", counted.adverts_received),
        ("advert_sent", counted.adverts_sent),
        ("become_master", counted.became_master),
        ("release_master", counted.released_master),
        ("packet_len_err", counted.length_errors),
        ("advert_interval_err", counted.interval_errors),
        ("ip_ttl_err", counted.hop_limit_errors),
        ("invalid_type_rcvd", counted.type_errors),
        ("addr_list_err", counted.address_list_errors),
        ("invalid_authtype", counted.unknown_auth_types),
        ("authtype_mismatch", counted.auth_type_mismatches),
        ("auth_failure", counted.auth_failures),
    ];
    for (name, value) in first.into_iter().chain(trailers).chain(zero) {
        object.number(name, value);
    }
    object.close()
}

/// The state that an instance would be in without its group.
pub(super) fn wanted_state(router: &VirtualRouter, status: &InstanceStatus) -> StateName {
    let waits = |fault: &Fault| matches!(fault, Fault::ScriptPending(_));
    let is_pending = !status.faults.is_empty() && status.faults.iter().all(waits);
    if router.state() == StateName::Fault && !is_pending {
        StateName::Fault
    } else if router.wishes_master() {
        StateName::Master
    } else {
        StateName::Backup
    }
}

fn state_number(state: StateName) -> u8 {
    match state {
        StateName::Init => 0,
        StateName::Backup => 1,
        StateName::Master => 2,
        StateName::Fault => 3,
    }
}

/// The time of day so long ago.
pub(super) fn wall_clock(ago: Duration) -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().saturating_sub(ago)
}

/// As `%g` writes them: six digits, no zeros behind.
fn seconds(microseconds: u64) -> String {
    (microseconds as f64 / 1e6).to_string()
}

/// Each word in quotes; the program where it really is, as far as its folder is a link.
pub(super) fn command_line(command: &Command) -> String {
    let mut words = command.words.clone();
    if let Some(program) = words.first_mut()
        && let Some((folder, name)) = program.rsplit_once('/')
        && let Ok(real) = std::fs::canonicalize(Path::new(folder))
    {
        *program = real.join(name).display().to_string();
    }
    notify::quoted(&words)
}

// ---- holdings ----

/// A static address that is in the kernel.
pub(super) fn show_static_address(item: &StaticAddress, default_interface: &str) -> String {
    let group = item.track_group.as_deref();
    let device = item.address.interface.as_deref().unwrap_or(default_interface);
    show_grouped_address(&item.address, device, group) + " set"
}

/// `names` are the interfaces that are made for the instance.
pub(super) fn show_address(config: &Instance, names: &[String], address: &VirtualAddress, set: bool) -> String {
    let device = match vmac::place_of(config, address, names) {
        Some((device, base)) => format!("{device}@{base}"),
        None => address.interface.as_ref().or(config.interface.as_ref()).map_or("(none)", String::as_str).to_owned(),
    };
    let mut text = show_grouped_address(address, &device, None);
    text += if set { " set" } else { "" };
    text += if set && !config.accept { " nftable_set" } else { "" };
    text
}

fn show_grouped_address(address: &VirtualAddress, device: &str, group: Option<&str>) -> String {
    let mut text = match address.peer {
        None => show_prefix(address.prefix),
        Some(_) => address.prefix.address.to_string(),
    };
    if let Some(broadcast) = address.broadcast {
        text += &format!(" brd {broadcast}");
    }
    text += &format!(" dev {device}");
    text += if address.use_vmac { " use_vmac" } else { "" };
    text += &format!(" scope {}", scope_name(address.scope));
    if let Some(label) = &address.label {
        text += &format!(" label {label}");
    }
    if let Some(peer) = address.peer {
        text += &format!(" peer {}/{}", peer.address, address.prefix.length);
    }
    let v6 = address.prefix.address.is_ipv6();
    let group = group.map(|group| format!(" track_group {group}"));
    let words = [
        (address.home, " home"),
        (v6 && !address.no_dad, " -nodad"),
        (address.manage_temporary, " mngtmpaddr"),
        (address.no_prefix_route, " noprefixroute"),
        (address.autojoin, " autojoin"),
        (!address.tracked, " no_track"),
    ];
    text.extend(words.into_iter().filter(|(is_set, _)| *is_set).map(|(_, word)| word));
    text.extend(group);
    if v6 {
        text += &match address.preferred_lifetime_s {
            Some(0) => " deprecated".to_owned(),
            None => " preferred_lft forever".to_owned(),
            Some(seconds) => format!(" preferred_lft {seconds}"),
        };
    }
    text
}

fn scope_name(scope: u8) -> String {
    match scope {
        0 => "global".into(),
        200 => "site".into(),
        253 => "link".into(),
        254 => "host".into(),
        255 => "nowhere".into(),
        other => other.to_string(),
    }
}

// ---- JSON ----

/// An object in the order in which it is written.
#[derive(Default)]
struct Object(String);

impl Object {
    fn raw(&mut self, name: &str, value: impl fmt::Display) {
        let comma = if self.0.is_empty() { "" } else { "," };
        // Writing to a string cannot fail.
        let _ = write!(self.0, "{comma}\"{name}\":{value}");
    }

    fn number(&mut self, name: &str, value: impl Into<u64>) {
        self.raw(name, value.into());
    }

    fn text(&mut self, name: &str, value: &str) {
        self.raw(name, quoted(value));
    }

    /// Left out when it is empty.
    fn list(&mut self, name: &str, items: impl Iterator<Item = String>) {
        let items: Vec<String> = items.map(|item| quoted(&item)).collect();
        if !items.is_empty() {
            self.raw(name, format_args!("[{}]", items.join(",")));
        }
    }

    fn close(self) -> String {
        format!("{{{}}}", self.0)
    }
}

/// As keepalived quotes: with a backslash before every slash.
fn quoted(text: &str) -> String {
    let mut quoted = String::from("\"");
    for character in text.chars() {
        match character {
            '"' | '\\' | '/' => quoted.extend(['\\', character]),
            '\t' => quoted += "\\t",
            '\n' => quoted += "\\n",
            '\r' => quoted += "\\r",
            other => quoted.push(other),
        }
    }
    quoted + "\""
}
/// Where SIGUSR1 writes: `state_dump_file`, whose folder only counts if it is absolute (keepalived), with the daemon's name before
/// the last dot.
pub fn data_path(configured: Option<&str>, temporary: &Path, daemon: &str) -> PathBuf {
    let configured = configured.unwrap_or_default();
    let (folder, name) = configured.rsplit_once('/').unwrap_or(("", configured));
    let folder = if configured.starts_with('/') { Path::new(folder) } else { temporary };
    let name = if name.is_empty() { "keepalived.data" } else { name };
    let (stem, end) = name.split_at(name.rfind('.').unwrap_or(name.len()));
    let dot = if daemon.is_empty() { "" } else { "." };
    // What stands in the root folder has none before its slash.
    let folder = if folder.as_os_str().is_empty() { Path::new("/") } else { folder };
    folder.join(format!("{stem}{dot}{daemon}{end}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_data_go_where_the_file_says() {
        let path = |configured, daemon| data_path(configured, Path::new("/t"), daemon).display().to_string();
        assert_eq!(path(None, ""), "/t/keepalived.data");
        assert_eq!(path(None, "one"), "/t/keepalived.one.data");
        assert_eq!(path(Some("/var/log/"), ""), "/var/log/keepalived.data");
        assert_eq!(path(Some("/var/state.txt"), "one"), "/var/state.one.txt");
        assert_eq!(path(Some("/state"), ""), "/state");
        assert_eq!(path(Some("sub/state"), ""), "/t/state");
    }
}
