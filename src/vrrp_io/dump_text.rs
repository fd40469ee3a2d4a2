//! What SIGUSR1 writes and `-d` logs: keepalived's text, which exporters take apart line by line. Instances are here, the
//! other sections in files of their own.

use std::time::Duration;

use crate::ir::keepalived::Global;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::instance::{
    AuthHmac, Authentication, Destination, HmacMode, Ipvlan, IpvlanMode, OldUnicastChecksum,
};
use crate::primitives::monotonic::Monotonic;
use crate::vrrp::engine::InstanceStatus;
use crate::vrrp::fault::Fault;
use crate::vrrp::instance::{StateName, VirtualRouter};

use super::dump::{own_device, show_address, wall_clock, wanted_state};
use super::dump_routing::{show_prefix, show_route, show_rule};
use super::dump_source::{Source, moment, notify_lines, tracked_lines};
use super::sockets::TTL;
use super::{dump_global, dump_groups, dump_interfaces, dump_watched};

/// All sections in keepalived's order.
pub fn whole(source: &Source<'_>) -> String {
    let mut lines = dump_global::lines(source.config, source.reload_file.clone(), source.at_start);
    lines.extend(dump_interfaces::announcement_paces(source));
    lines.extend(dump_groups::static_items(source));
    if !source.engine.instances().is_empty() {
        lines.push("------< VRRP Topology >------".to_owned());
    }
    for (status, router) in source.engine.status(source.now).iter().zip(source.engine.instances()) {
        state(&mut lines, source, router, status);
        protocol(&mut lines, source, router, status);
        holdings(&mut lines, source, router);
        lines.extend(tracked_lines(&router.config.trackers, router.config.interface.as_deref(), "processes"));
        notifies(&mut lines, router, &source.config.global);
    }
    lines.extend(dump_groups::socket_pool(source));
    lines.extend(dump_groups::sync_groups(source));
    lines.extend(dump_watched::lines(source));
    lines.extend(dump_interfaces::lines(source));
    lines.iter().flat_map(|line| [line.as_str(), "\n"]).collect()
}

fn state(lines: &mut Vec<String>, source: &Source<'_>, router: &VirtualRouter, status: &InstanceStatus) {
    let own = &router.config;
    lines.push(format!(" VRRP Instance = {}", own.name));
    lines.push(format!("   VRRP Version = {}", own.version));
    if let Some(group) = source.config.sync_groups.iter().find(|group| group.members.contains(&own.name)) {
        lines.push(format!("   Sync group = {}", group.name));
    }
    if own.family == Family::V6 {
        lines.push("   Using Native IPv6".to_owned());
    }
    if !source.at_start {
        lines.push(format!("   State = {}", router.state().word()));
        if router.state() == StateName::Backup {
            master(lines, router);
        }
    }
    lines.extend(flags(router));
    lines.push(format!("   Wantstate = {}", wanted_state(router, status).word()));
    lines.push("   Number of config faults = 0".to_owned());
    if !source.at_start {
        timers(lines, router, status, source.now);
    }
}

fn master(lines: &mut Vec<String>, router: &VirtualRouter) {
    let (address, priority) =
        router.master().map_or(("0.0.0.0".to_owned(), 0), |(address, priority)| (address.to_string(), priority));
    lines.push(format!("   Master router = {address}"));
    lines.push(format!("   Master priority = {priority}"));
    if router.config.version == 3 {
        lines.push(format!("   Master advert int = {:.2} sec", router.master_interval().as_secs_f64()));
    }
}

/// Of what keepalived keeps as bits only unicast has lines of its own.
fn flags(router: &VirtualRouter) -> Vec<String> {
    let own = &router.config;
    let (is_unicast, needs_peers) = match own.destination {
        Destination::Unicast { fault_without_peer, .. } => (true, fault_without_peer),
        Destination::Multicast { .. } => (false, false),
    };
    let any = is_unicast
        || !own.track_primary
        || own.skip_check_adv_addr
        || own.source_address.is_some()
        || own.promote_secondaries
        || !own.preempt
        || own.vmac.is_some()
        || own.vmac_for_addresses;
    if !any {
        return vec!["   Flags: none".to_owned()];
    }
    let parts = [
        Some("   Flags:"),
        is_unicast.then_some("     Using unicast"),
        needs_peers.then_some("     If unicast go to fault state if no peers"),
    ];
    parts.into_iter().flatten().map(str::to_owned).collect()
}

fn timers(lines: &mut Vec<String>, router: &VirtualRouter, status: &InstanceStatus, now: Monotonic) {
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

fn protocol(lines: &mut Vec<String>, source: &Source<'_>, router: &VirtualRouter, status: &InstanceStatus) {
    let config = &router.config;
    let place = Place::of(source, router);
    lines.extend(place.lines);
    let announce = &config.announce;
    let word = |is_on: bool, on: &'static str, off: &'static str| if is_on { on } else { off };
    if !config.track_primary {
        lines.push("   VRRP interface tracking disabled".to_owned());
    }
    if config.skip_check_adv_addr {
        lines.push("   Skip checking advert IP addresses".to_owned());
    }
    if config.strict {
        lines.push("   Enforcing strict VRRP compliance".to_owned());
    }
    let address = source.engine.source_address(router.id);
    let address = address.map_or("(none)".to_owned(), |address| address.to_string());
    lines.push(format!(
        "   Using src_ip = {address}{}",
        word(config.source_address.is_some(), " (from configuration)", "")
    ));
    if let Destination::Multicast { group } = &config.destination {
        let scope = if group.is_ipv6() { format!(", ifindex {}", place.index) } else { String::new() };
        lines.push(format!("   Multicast address {group}{scope}"));
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
    if !source.at_start {
        lines.push(format!("   Effective priority = {}", status.effective_priority));
        let sum: i32 = status.addends.iter().map(|addend| addend.value).sum();
        lines.push(format!("   Total priority = {}", i32::from(config.priority) + sum));
    }
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
    for (title, value) in [("Kernel rx buffer size", config.receive_buffer_size), ("Debug level", config.debug)] {
        lines.extend((value > 0).then(|| format!("   {title} = {value}")));
    }
}

/// Where adverts leave: the interface of the file, or one with the virtual MAC address above it.
struct Place {
    lines: Vec<String>,
    index: u32,
}

impl Place {
    fn of(source: &Source<'_>, router: &VirtualRouter) -> Self {
        let config = &router.config;
        let base = config.interface.as_deref().and_then(|name| source.kernel.link_named(name));
        let name = config.interface.as_deref().unwrap_or("not configured");
        let vrf = config.vrf.as_ref().map(|vrf| format!("   VRF = {vrf}"));
        let Some(device) = own_device(source.engine, config) else {
            let lines = [format!("   Interface = {name}")].into_iter().chain(vrf).collect();
            return Self { lines, index: base.map_or(0, |base| base.index) };
        };
        let is_up = source.kernel.link_named(device).is_some_and(|link| link.running);
        let from_base = config.vmac.as_ref().is_some_and(|vmac| vmac.transmit_base);
        let kind = if config.vmac.is_some() { "vmac" } else { "ipvlan" };
        let below = base.map(|_| format!(", {kind} on {name}")).unwrap_or_default();
        let from = if from_base { ", xmit base i/f" } else { "" };
        let first = match &config.ipvlan {
            Some(ipvlan) => ipvlan_line(ipvlan, device, is_up),
            None => format!("   Use VMAC, i/f name {device}, is_up = {is_up}, xmit_base = {from_base}"),
        };
        let own_mac = config.vmac_address.map(|mac| format!("     MAC = {}", dump_interfaces::hexadecimal(mac)));
        let last = format!("   Interface = {device}{below}{from}");
        let for_others = config.vmac_for_addresses.then(|| "   Use VMAC for VIPs on other interfaces".to_owned());
        let lines = [Some(first), own_mac, for_others, Some(last), vrf].into_iter().flatten().collect();
        let transmitting = source.kernel.link_named(device).filter(|_| !from_base).or(base);
        Self { lines, index: transmitting.map_or(0, |link| link.index) }
    }
}

fn ipvlan_line(ipvlan: &Ipvlan, device: &str, is_up: bool) -> String {
    let kind = match ipvlan.mode {
        IpvlanMode::Bridge => "bridge",
        IpvlanMode::Private => "private",
        IpvlanMode::Vepa => "vepa",
    };
    let address = ipvlan.address.map(|prefix| format!(", i/f address = {}", show_prefix(prefix)));
    format!("   Use IPVLAN, i/f {device}, is_up = {is_up}{}, type {kind}", address.unwrap_or_default())
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

fn holdings(lines: &mut Vec<String>, source: &Source<'_>, router: &VirtualRouter) {
    let config = &router.config;
    let set = router.state() == StateName::Master;
    let names = source.engine.watched().device_names(&config.name);
    let show = |address| format!("     {}", show_address(config, names, address, set));
    if !config.addresses.is_empty() {
        lines.push(format!("   Virtual IP ({}):", config.addresses.len()));
        lines.extend(config.addresses.iter().map(show));
    }
    if !config.excluded_addresses.is_empty() {
        lines.push("   Virtual IP Excluded :".to_owned());
        lines.extend(config.excluded_addresses.iter().map(show));
    }
    if let Destination::Unicast { peers, ttl, check_source, .. } = &config.destination {
        let ttl = ttl.or((config.family == Family::V4).then_some(TTL));
        lines.extend(ttl.map(|ttl| format!("   Unicast TTL = {ttl}")));
        lines.push(format!("   Check unicast src : {}", if *check_source { "yes" } else { "no" }));
        lines.push("   Unicast Peer :".to_owned());
        let peer = |peer: &crate::ir::keepalived::instance::UnicastPeer| {
            format!("     {} min_ttl {} max_ttl {}", peer.address, peer.min_ttl, peer.max_ttl)
        };
        lines.extend(peers.iter().map(peer));
        lines.push(format!("   Unicast checksum compatibility = {}", checksum_form(router)));
    }
    lines.push(match source.pair_of(router) {
        Some(pair) => format!("   fd_in {}, fd_out {}", pair.numbers.0, pair.numbers.1),
        None => "   No sockets allocated".to_owned(),
    });
    if !config.routes.is_empty() {
        lines.push("   Virtual Routes :".to_owned());
        lines.extend(config.routes.iter().map(|route| format!("     {}", show_route(route))));
    }
    if !config.rules.is_empty() {
        lines.push("   Virtual Rules :".to_owned());
        lines.extend(config.rules.iter().map(|rule| format!("     {}", show_rule(rule))));
    }
}

/// The form of checksums, which old versions write otherwise: of the file, or as peers use it.
fn checksum_form(router: &VirtualRouter) -> &'static str {
    match router.config.old_unicast_checksum {
        OldUnicastChecksum::Never => "never",
        OldUnicastChecksum::Always => "config",
        OldUnicastChecksum::Auto if router.uses_old_checksum() => "auto",
        OldUnicastChecksum::Auto => "no",
    }
}

fn notifies(lines: &mut Vec<String>, router: &VirtualRouter, global: &Global) {
    let notify = &router.config.notify;
    lines.push(format!("   Using smtp notification = {}", if notify.smtp_alert { "yes" } else { "no" }));
    let deleted = notify.deleted.is_some() || notify.deleted_without_command;
    lines.push(format!("   Notify deleted = {}", if deleted { "Deleted" } else { "Fault" }));
    lines.extend(notify_lines(notify, global));
    lines.push(format!("   Notify priority changes = {}", notify.priority_changes));
}
