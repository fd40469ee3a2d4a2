//! The section of global definitions in what SIGUSR1 and `-d` show: keepalived's lines in its order.

use std::path::PathBuf;

use crate::ir::keepalived::global::{DynamicInterfaces, Fifo, ReceiveBufferPolicy};
use crate::ir::keepalived::global_values::{LvsFlush, LvsSyncDaemon, Scheduling, Snmp};
use crate::ir::keepalived::instance::Instance;
use crate::ir::keepalived::{Global, Keepalived, ProcessSettings, User};

use super::accounts;
use super::dump::command_line;
use super::firewall::DEFAULT_TABLE;
use super::smtp_alert;

/// keepalived's word for the interface of static addresses, as long as no address asks for it.
const USUAL_INTERFACE: &str = "eth0";

/// All of `global_defs` and the keywords outside all blocks. `reload_file` is where the file of that name would be.
pub(super) fn lines(config: &Keepalived, reload_file: Option<PathBuf>, at_start: bool) -> Vec<String> {
    let global = &config.global;
    let mut lines = vec!["------< Global definitions >------".to_owned()];
    lines.extend(names(&config.process, global));
    lines.extend(mail(global));
    lines.extend(files(global, reload_file));
    lines.extend(interfaces(config));
    lines.extend(kernel_balancing(global));
    lines.extend(fifos(global));
    lines.extend(announcements(global));
    lines.extend(firewall(config));
    lines.extend(checks(global));
    let other = &global.other_duties;
    for (name, scheduling) in
        [("VRRP", &global.vrrp_scheduling), ("Checker", &other.checker_scheduling), ("BFD", &other.bfd_scheduling)]
    {
        lines.extend(scheduled(name, scheduling));
    }
    lines.extend(remote_control(&other.snmp));
    lines.push(format!(" Script security {}", if global.script_security { "enabled" } else { "disabled" }));
    lines.push(format!(" Default script uid:gid {}", accounts::numbers(None, global)));
    lines.extend(buffers(global));
    let scheduling = &global.vrrp_scheduling;
    if let Some(priority) = scheduling.realtime_priority.filter(|_| !at_start) {
        lines.push(format!(" current realtime priority = {priority}"));
        lines.push(format!(" current realtime time limit = {}", scheduling.rlimit_rttime_us));
    }
    lines
}

/// What the parent writes: the same, but for what only the child finds out.
pub fn of_parent(config: &Keepalived, reload_file: Option<PathBuf>) -> String {
    let lines = lines(config, reload_file, true);
    let lines = lines.iter().filter(|line| !line.starts_with(" Default interface = "));
    lines.flat_map(|line| [line.as_str(), "\n"]).collect()
}

fn truth(value: bool) -> &'static str {
    if value { "true" } else { "false" }
}

fn named(title: &str, value: Option<&str>) -> Option<String> {
    value.map(|value| format!(" {title} = {value}"))
}

fn names(process: &ProcessSettings, global: &Global) -> Vec<String> {
    let balancing = match process.net_namespace_ipvs.as_deref() {
        None => "(main namespace)",
        Some("") => "(default)",
        Some(name) => name,
    };
    let names = &global.process_names;
    let mut lines = vec![
        format!(" Network namespace = {}", process.net_namespace.as_deref().unwrap_or("(default)")),
        format!(" Network namespace ipvs = {balancing}"),
    ];
    let own_name = smtp_alert::own_name();
    let optional = [
        ("Instance name", process.instance.as_deref()),
        ("Parent process name", names.parent.as_deref()),
        ("VRRP process name", names.vrrp.as_deref()),
        ("LVS process name", names.checker.as_deref()),
        ("BFD process name", names.bfd.as_deref()),
        ("Router ID", Some(global.router_id.as_deref().unwrap_or(&own_name))),
    ];
    lines.extend(optional.into_iter().filter_map(|(title, value)| named(title, value)));
    lines
}

fn mail(global: &Global) -> Vec<String> {
    let mail = &global.mail;
    let mut lines = Vec::new();
    if let Some(server) = &mail.server {
        lines.push(format!(" Smtp server = {server}"));
        lines.push(format!(" Smtp server port = {}", mail.port));
        lines.push(format!(" Smtp HELO name = {}", smtp_alert::helo_name(mail)));
        lines.push(format!(" Smtp server connection timeout = {}", mail.connect_timeout_us / 1_000_000));
    } else {
        lines.extend(named("Smtp HELO name", mail.helo_name.as_deref()));
    }
    if mail.server.is_some() || mail.sender.is_some() {
        lines.push(format!(" Email notification from = {}", smtp_alert::sender(mail)));
        lines.push(" Email notification to:".to_owned());
        lines.extend(mail.recipients.iter().map(|recipient| format!("   {recipient}")));
    }
    let set = &global.instances;
    for (name, value) in [
        ("smtp_alert", set.smtp_alert),
        ("smtp_alert_vrrp", set.smtp_alert_vrrp),
        ("smtp_alert_checker", set.smtp_alert_checker),
    ] {
        let word = value.map_or("unset", |value| if value { "on" } else { "off" });
        lines.push(format!(" Default {name} = {word}"));
    }
    lines.push(format!(" Checkers log all failures = {}", truth(global.other_duties.checker_log_all_failures)));
    lines
}

fn files(global: &Global, reload_file: Option<PathBuf>) -> Vec<String> {
    let mut lines = vec![match &global.reload_check_config {
        Some(log) => format!(" Test config before reload, log to {log}"),
        None => " No test config before reload".to_owned(),
    }];
    if let Some(file) = &global.reload_time_file {
        lines.push(format!(" Reload time file = {file}{}", if global.reload_repeat { " (repeat)" } else { "" }));
        // The parent has the clock for it; this process never hears of it.
        lines.push(" No reload scheduled".to_owned());
    }
    lines.extend(reload_file.map(|file| format!(" Reload_file = {}", file.display())));
    lines.extend(named("config save directory", global.other_duties.config_directory.as_deref()));
    lines.extend(global.data_use_instance.then(|| " Use instance name in data dumps".to_owned()));
    lines
}

fn interfaces(config: &Keepalived) -> Vec<String> {
    let global = &config.global;
    let dynamic = global.dynamic_interfaces;
    let default = Some(&global.default_interface);
    let is_used = config.static_addresses.iter().any(|item| item.address.interface.as_ref() == default);
    let mut lines = vec![format!(" Dynamic interfaces = {}", truth(dynamic != DynamicInterfaces::Off))];
    if dynamic != DynamicInterfaces::Off {
        let allowed = dynamic == DynamicInterfaces::AllowIfChanges;
        lines.push(format!(" Allow interface changes = {}", truth(allowed)));
    }
    lines.extend(global.mail.no_faults.then(|| " Send emails for fault transitions = off".to_owned()));
    let timeouts = &global.other_duties.lvs_timeouts;
    // The third one is called like the first one (keepalived).
    for (name, seconds) in
        [("TCP timeout", timeouts.tcp_s), ("TCP FIN timeout", timeouts.tcp_fin_s), ("TCP timeout", timeouts.udp_s)]
    {
        lines.extend((seconds > 0).then(|| format!(" LVS {name} = {seconds}")));
    }
    let shown = if is_used { global.default_interface.as_str() } else { USUAL_INTERFACE };
    lines.push(format!(" Default interface = {shown}"));
    lines.push(format!(" Disable local IGMP = {}", if global.disable_local_igmp { "yes" } else { "no" }));
    lines
}

fn kernel_balancing(global: &Global) -> Vec<String> {
    let other = &global.other_duties;
    let on_stop = match other.lvs_flush_on_stop {
        LvsFlush::Disabled => "disabled",
        LvsFlush::Full => "full",
        LvsFlush::VirtualServers => "VS",
    };
    let mut lines: Vec<String> = other.lvs_sync_daemon.iter().flat_map(sync_daemon).collect();
    lines.push(format!(" LVS flush = {}", truth(other.lvs_flush)));
    lines.push(format!(" LVS flush on stop = {on_stop}"));
    lines
}

fn sync_daemon(daemon: &LvsSyncDaemon) -> Vec<String> {
    let number = |title: &str, value: u32| (value > 0).then(|| format!(" {title} = {value}"));
    let parts = [
        named("LVS syncd vrrp name", daemon.instance.as_deref()),
        Some(format!(" LVS syncd interface = {}", daemon.interface)),
        Some(format!(" LVS syncd syncid = {}", daemon.id.unwrap_or(u32::MAX))),
        number("LVS syncd maxlen", daemon.max_len),
        daemon.group.map(|group| format!(" LVS mcast group {group}")),
        number("LVS syncd mcast port", daemon.port),
        number("LVS syncd mcast ttl", daemon.ttl),
    ];
    parts.into_iter().flatten().collect()
}

fn fifos(global: &Global) -> Vec<String> {
    let named = [("Global", &global.notify_fifo), ("VRRP", &global.vrrp_notify_fifo), ("LVS", &global.lvs_notify_fifo)];
    let named = named.into_iter().filter_map(|(name, fifo)| Some((name, fifo.as_ref()?)));
    let mut lines: Vec<String> = named.flat_map(|(name, fifo)| fifo_lines(name, fifo, global)).collect();
    lines.push(format!(" FIFO write vrrp states on reload = {}", truth(global.fifo_states_on_reload)));
    lines.push(format!(" VRRP notify priority changes = {}", truth(global.notify_priority_changes)));
    lines
}

fn fifo_lines(name: &str, fifo: &Fifo, global: &Global) -> Vec<String> {
    let numbers = |user: Option<&User>| accounts::numbers(user, global);
    let mut lines = vec![format!(" {name} notify fifo = {}, uid:gid {}", fifo.path, numbers(fifo.user.as_ref()))];
    lines.extend(fifo.script.as_ref().map(|script| {
        let mut command = script.clone();
        command.words.push(fifo.path.clone());
        let owner = numbers(command.user.as_ref());
        format!(" {name} notify fifo script = {}, uid:gid {owner}", command_line(&command))
    }));
    lines
}

fn announcements(global: &Global) -> Vec<String> {
    let set = &global.instances;
    let seconds = |micros: u64| micros / 1_000_000;
    let exact = |micros: u64| micros as f64 / 1e6;
    let extra = if set.garp_extra_all { "i/f" } else { "VMAC" };
    let lower_delay = set.garp_lower_prio_delay_us.unwrap_or(set.garp_delay_us);
    vec![
        format!(" VRRP IPv4 mcast group = {}", global.multicast_group_v4),
        format!(" VRRP IPv6 mcast group = {}", global.multicast_group_v6),
        format!(" Gratuitous ARP delay = {}", seconds(set.garp_delay_us)),
        format!(" Gratuitous ARP repeat = {}", set.garp_repeat),
        format!(" Gratuitous ARP refresh timer = {}", seconds(set.garp_refresh_us)),
        format!(" Gratuitous ARP refresh repeat = {}", set.garp_refresh_repeat),
        format!(" Gratuitous ARP lower priority delay = {}", seconds(lower_delay)),
        format!(" Gratuitous ARP lower priority repeat = {}", set.garp_lower_prio_repeat.unwrap_or(set.garp_repeat)),
        format!(" Num adverts before down = {}", set.down_timer_adverts),
        format!(" Gratuitous ARP for each secondary {extra} = {}s", seconds(set.garp_extra_us)),
        format!(" Send advert after receive lower priority advert = {}", truth(!set.lower_prio_no_advert)),
        format!(" Send advert after receive higher priority advert = {}", truth(set.higher_prio_send_advert)),
        format!(" Gratuitous ARP interval = {:.6}", exact(global.garp_interval_us)),
        format!(" Gratuitous NA interval = {:.6}", exact(global.gna_interval_us)),
        format!(" VRRP default protocol version = {}", set.version),
    ]
}

fn firewall(config: &Keepalived) -> Vec<String> {
    let global = &config.global;
    let mut lines = Vec::new();
    let needed = config.instances.iter().any(Instance::needs_firewall).then_some(DEFAULT_TABLE);
    if let Some(table) = global.nftables_table.as_deref().or(needed) {
        let index = if global.nftables_ifindex { "" } else { "don't " };
        lines.push(format!(" nftables table name = {table}"));
        lines.push(format!(" nftables base chain priority = {}", global.nftables_priority));
        lines.push(format!(" nftables {index}force use ifindex for link local IPv6"));
    }
    let other = &global.other_duties;
    if let Some(table) = &other.ipvs_table {
        lines.push(format!(" ipvs nftables table name = {table}"));
        lines.push(format!(" ipvs nftables base chain priority = {}", other.ipvs_priority));
        lines.push(format!(" ipvs nftables start fwmark = {}", other.ipvs_start_fwmark));
    }
    lines.push(format!(" nftables with{} counters", if global.nftables_counters { "" } else { "out" }));
    lines
}

fn checks(global: &Global) -> Vec<String> {
    let (set, other) = (&global.instances, &global.other_duties);
    let most = match other.max_auto_priority {
        -1 => "Disabled".to_owned(),
        priority => priority.to_string(),
    };
    vec![
        format!(" VRRP check unicast_src = {}", truth(set.check_unicast_src)),
        format!(" VRRP skip check advert addresses = {}", truth(set.skip_check_adv_addr)),
        format!(" VRRP strict mode = {}", truth(set.strict)),
        format!(" Max auto priority = {most}"),
        format!(" Min auto priority delay = {} usecs", other.min_auto_priority_delay_us),
    ]
}

fn scheduled(name: &str, scheduling: &Scheduling) -> Vec<String> {
    let mut lines = vec![
        format!(" {name} process priority = {}", scheduling.nice),
        format!(" {name} don't swap = {}", truth(scheduling.no_swap)),
        format!(" {name} realtime priority = {}", scheduling.realtime_priority.unwrap_or(0)),
    ];
    if !scheduling.cpu_affinity.is_empty() {
        let mut processors = scheduling.cpu_affinity.clone();
        processors.sort_unstable();
        processors.dedup();
        // keepalived writes no digit for processor 0.
        let word = |number: &u32| if *number == 0 { " ".to_owned() } else { format!("{number} ") };
        let words: String = processors.iter().map(word).collect();
        lines.push(format!(" {name} CPU Affinity = {words}"));
    }
    lines.push(format!(" {name} realtime limit = {}", scheduling.rlimit_rttime_us));
    lines
}

/// SNMP and D-Bus, which evenkeel does not serve; a file that asks for D-Bus is refused.
fn remote_control(snmp: &Snmp) -> Vec<String> {
    let word = |value: bool| if value { "enabled" } else { "disabled" };
    vec![
        format!(" SNMP vrrp {}", word(snmp.vrrp)),
        format!(" SNMP checker {}", word(snmp.checker)),
        format!(" SNMP RFCv2 {}", word(snmp.rfc_v2)),
        format!(" SNMP RFCv3 {}", word(snmp.rfc_v3)),
        format!(" SNMP traps {}", word(snmp.traps)),
        format!(" SNMP socket = {}", snmp.socket.as_deref().unwrap_or("default (unix:/var/agentx/master)")),
        " DBus disabled".to_owned(),
        " DBus service name = ".to_owned(),
    ]
}

fn buffers(global: &Global) -> Vec<String> {
    let other = &global.other_duties;
    let mut lines = Vec::new();
    for (name, size, force) in [
        ("vrrp_netlink_cmd", global.netlink_command_buffer, global.netlink_command_buffer_force),
        ("vrrp_netlink_monitor", global.netlink_monitor_buffer, global.netlink_monitor_buffer_force),
        ("process_monitor", global.process_monitor_buffer, global.process_monitor_buffer_force),
        ("lvs_netlink_cmd", other.checker_command_buffer, other.checker_command_buffer_force),
        ("lvs_netlink_monitor", other.checker_monitor_buffer, other.checker_monitor_buffer_force),
    ] {
        lines.push(format!(" {name}_rcv_bufs = {size}"));
        lines.push(format!(" {name}_rcv_bufs_force = {}", u8::from(force)));
    }
    lines.push(format!(" rs_init_notifies = {}", u8::from(other.rs_init_notifies)));
    lines.push(format!(" no_checker_emails = {}", u8::from(other.no_checker_emails)));
    lines.extend(match global.receive_buffer_policy {
        ReceiveBufferPolicy::Kernel => None,
        ReceiveBufferPolicy::Mtu => Some(" rx_bufs_policy = MTU".to_owned()),
        ReceiveBufferPolicy::Advert => Some(" rx_bufs_policy = ADVERT".to_owned()),
        ReceiveBufferPolicy::Size(size) => Some(format!(" rx_bufs_size = {size}")),
    });
    lines.push(format!(" rx_bufs_multiples = {}", global.receive_buffer_multiplier));
    lines.push(format!(" umask = 0{:o}", global.umask.unwrap_or(0o177)));
    if global.startup_delay_us > 0 {
        lines.push(format!(" vrrp_startup_delay = {}", global.startup_delay_us as f64 / 1e6));
    }
    lines.extend(global.log_unknown_vrids.then(|| " log_unknown_vrids".to_owned()));
    // The prefix is shown only where the file sets it.
    let prefix = Some(global.vmac_prefix.as_str()).filter(|prefix| *prefix != "vrrp");
    lines.extend(named("VMAC prefix", prefix));
    lines.extend(named("VMAC address prefix", global.vmac_address_prefix.as_deref()));
    lines
}
