//! Setters of `global_defs` that concern processes, buffers, files and the parts that evenkeel does not start.

use crate::conf::keepalived::include::include_check;
use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::preprocess::Reader;
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::global::{ProcessNames, ReceiveBufferPolicy};
use crate::ir::keepalived::global_values::Scheduling;

use super::global_macros::{flag, global_switch, plain_switch};
use super::global_vrrp::table_name;
use super::value::{Trailing, c_int, seconds, signed, switch_or_on, unsigned, unsigned_word};
use super::{Reading, Setter};

const MOST: u64 = u32::MAX as u64;
const SECOND_US: u64 = 1_000_000;

/// The setters of `global_defs` that concern processes.
pub(super) const SETTERS: &[(&str, Setter)] = &[
    flag!("process_names", |draft| {
        let names = &mut draft.ir.process_names;
        names.enabled = true;
        names.vrrp = Some("keepalived_vrrp".into());
        names.checker = Some("keepalived_lvs".into());
        names.bfd = Some("keepalived_bfd".into());
    }),
    ("process_name", |reading, parser, line| process_name(reading, parser, line, |names| &mut names.parent)),
    ("vrrp_process_name", |reading, parser, line| process_name(reading, parser, line, |names| &mut names.vrrp)),
    ("checker_process_name", |reading, parser, line| process_name(reading, parser, line, |names| &mut names.checker)),
    ("lvs_process_name", |reading, parser, line| {
        parser.report(Fault::LogOnly, "'lvs_process_name' is deprecated - please use 'checker_process_name'");
        process_name(reading, parser, line, |names| &mut names.checker)
    }),
    ("bfd_process_name", |reading, parser, line| process_name(reading, parser, line, |names| &mut names.bfd)),
    plain_switch!("checker_log_all_failures", |draft, value| draft.ir.other_duties.checker_log_all_failures = value),
    ("max_auto_priority", |reading, parser, line| {
        let slot = &mut reading.global.ir.other_duties.max_auto_priority;
        match line.words.get(1) {
            None => *slot = 99,
            Some(word) => match signed(parser, word, -1, 99, Trailing::Warned) {
                Some(priority) => *slot = priority,
                None => {
                    let text = format!("max_auto_priority '{word}' must be in [0, 99] (or -1 to disable) - ignoring");
                    parser.report(Fault::General, text);
                }
            },
        }
        Ok(())
    }),
    ("min_auto_priority_delay", |reading, parser, line| {
        match line.words.get(1) {
            None => parser.report(Fault::General, "min_auto_priority_delay requires delay time"),
            Some(word) => match unsigned(parser, word, 1, 10_000_000, Trailing::Warned) {
                Some(delay) => reading.global.ir.other_duties.min_auto_priority_delay_us = delay as u32,
                None => {
                    let text = format!("min_auto_priority_delay '{word}' must be in [1, 10000000] - ignoring");
                    parser.report(Fault::General, text);
                }
            },
        }
        Ok(())
    }),
    ("vrrp_priority", |reading, parser, line| {
        reading.global.ir.vrrp_scheduling.nice = nice(parser, line, "vrrp");
        Ok(())
    }),
    flag!("vrrp_no_swap", |draft| draft.ir.vrrp_scheduling.no_swap = true),
    ("vrrp_rt_priority", |reading, parser, line| {
        realtime_priority(parser, line, "vrrp", &mut reading.global.ir.vrrp_scheduling)
    }),
    ("vrrp_cpu_affinity", |reading, parser, line| {
        let processors = cpu_affinity(reading, parser, line, "vrrp");
        reading.global.ir.vrrp_scheduling.cpu_affinity = processors;
        Ok(())
    }),
    ("vrrp_rlimit_rttime", |reading, parser, line| {
        rt_limit(parser, line, "vrrp", &mut reading.global.ir.vrrp_scheduling)
    }),
    ("vrrp_rlimit_rtime", |reading, parser, line| {
        rt_limit(parser, line, "vrrp", &mut reading.global.ir.vrrp_scheduling)
    }),
    ("nftables_ipvs", |reading, parser, line| {
        if reading.global.ir.other_duties.ipvs_table.is_some() {
            parser.report(Fault::General, "ipvs nftables already specified - ignoring");
        } else {
            reading.global.ir.other_duties.ipvs_table = table_name(parser, line, "ipvs chain", "keepalived_ipvs");
        }
        Ok(())
    }),
    ("nftables_ipvs_priority", |reading, parser, line| {
        let word = line.word(1, parser.reader)?.to_owned();
        match signed(parser, &word, i32::MIN, i32::MAX, Trailing::Refused) {
            Some(priority) => reading.global.ir.other_duties.ipvs_priority = priority,
            None => parser.report(Fault::InvalidNumber, format!("invalid ipvs nftables chain priority '{word}'")),
        }
        Ok(())
    }),
    ("nftables_ipvs_start_fwmark", |reading, parser, line| {
        match unsigned_word(parser, line, 1, MOST, Trailing::Refused)? {
            Some(mark) => reading.global.ir.other_duties.ipvs_start_fwmark = mark as u32,
            None => {
                let text = format!("invalid ipvs nftables start_fwmark priority '{}'", line.words[1]);
                parser.report(Fault::InvalidNumber, text);
            }
        }
        Ok(())
    }),
    ("lvs_notify_fifo", |reading, parser, line| super::fifo::name(reading, parser, line, "lvs_")),
    ("lvs_notify_fifo_script", |reading, parser, line| super::fifo::script(reading, parser, line, "lvs_")),
    ("checker_priority", |reading, parser, line| {
        reading.global.ir.other_duties.checker_scheduling.nice = nice(parser, line, "checker");
        Ok(())
    }),
    flag!("checker_no_swap", |draft| draft.ir.other_duties.checker_scheduling.no_swap = true),
    ("checker_rt_priority", |reading, parser, line| {
        realtime_priority(parser, line, "checker", &mut reading.global.ir.other_duties.checker_scheduling)
    }),
    ("checker_cpu_affinity", |reading, parser, line| {
        let processors = cpu_affinity(reading, parser, line, "checker");
        reading.global.ir.other_duties.checker_scheduling.cpu_affinity = processors;
        Ok(())
    }),
    ("checker_rlimit_rttime", |reading, parser, line| {
        rt_limit(parser, line, "checker", &mut reading.global.ir.other_duties.checker_scheduling)
    }),
    ("checker_rlimit_rtime", |reading, parser, line| {
        rt_limit(parser, line, "checker", &mut reading.global.ir.other_duties.checker_scheduling)
    }),
    ("bfd_priority", |reading, parser, line| {
        reading.global.ir.other_duties.bfd_scheduling.nice = nice(parser, line, "bfd");
        Ok(())
    }),
    flag!("bfd_no_swap", |draft| draft.ir.other_duties.bfd_scheduling.no_swap = true),
    ("bfd_rt_priority", |reading, parser, line| {
        realtime_priority(parser, line, "bfd", &mut reading.global.ir.other_duties.bfd_scheduling)
    }),
    ("bfd_cpu_affinity", |reading, parser, line| {
        let processors = cpu_affinity(reading, parser, line, "bfd");
        reading.global.ir.other_duties.bfd_scheduling.cpu_affinity = processors;
        Ok(())
    }),
    ("bfd_rlimit_rttime", |reading, parser, line| {
        rt_limit(parser, line, "bfd", &mut reading.global.ir.other_duties.bfd_scheduling)
    }),
    ("bfd_rlimit_rtime", |reading, parser, line| {
        rt_limit(parser, line, "bfd", &mut reading.global.ir.other_duties.bfd_scheduling)
    }),
    ("snmp_socket", |reading, parser, line| {
        match line.words.len() {
            0 | 1 => parser.report(Fault::General, "SNMP error : snmp socket name missing"),
            2 => reading.global.ir.other_duties.snmp.socket = Some(line.words[1].clone()),
            _ => parser.report(Fault::General, "Too many parameters specified for snmp_socket - ignoring"),
        }
        Ok(())
    }),
    flag!("enable_traps", |draft| draft.ir.other_duties.snmp.traps = true),
    flag!("enable_snmp_vrrp", |draft| draft.ir.other_duties.snmp.vrrp = true),
    flag!("enable_snmp_keepalived", |draft| draft.ir.other_duties.snmp.vrrp = true),
    flag!("enable_snmp_rfc", |draft| {
        let snmp = &mut draft.ir.other_duties.snmp;
        (snmp.rfc_v2, snmp.rfc_v3) = (true, true);
    }),
    flag!("enable_snmp_rfcv2", |draft| draft.ir.other_duties.snmp.rfc_v2 = true),
    flag!("enable_snmp_rfcv3", |draft| draft.ir.other_duties.snmp.rfc_v3 = true),
    flag!("enable_snmp_checker", |draft| draft.ir.other_duties.snmp.checker = true),
    ("snmp_vs_stats_update_interval", snmp_interval),
    ("snmp_rs_stats_update_interval", snmp_interval),
    flag!("enable_dbus", |_draft| ()),
    ("dbus_service_name", |_, parser, line| needs_name(parser, line, "dbus_service_name missing - ignoring")),
    ("dbus_no_interface_name", |_, parser, line| needs_name(parser, line, "dbus_no_interface_name missing - ignoring")),
    ("vrrp_netlink_cmd_rcv_bufs", |reading, parser, line| {
        buffer_size(parser, line, "vrrp_netlink_cmd", &mut reading.global.ir.netlink_command_buffer)
    }),
    global_switch!("vrrp_netlink_cmd_rcv_bufs_force", |draft, value| draft.ir.netlink_command_buffer_force = value),
    ("vrrp_netlink_monitor_rcv_bufs", |reading, parser, line| {
        buffer_size(parser, line, "vrrp_netlink_monitor", &mut reading.global.ir.netlink_monitor_buffer)
    }),
    global_switch!("vrrp_netlink_monitor_rcv_bufs_force", |draft, value| draft.ir.netlink_monitor_buffer_force = value),
    ("process_monitor_rcv_bufs", |reading, parser, line| {
        buffer_size(parser, line, "process_monitor", &mut reading.global.ir.process_monitor_buffer)
    }),
    global_switch!("process_monitor_rcv_bufs_force", |draft, value| draft.ir.process_monitor_buffer_force = value),
    ("lvs_netlink_cmd_rcv_bufs", |reading, parser, line| {
        buffer_size(parser, line, "lvs_netlink_cmd", &mut reading.global.ir.other_duties.checker_command_buffer)
    }),
    global_switch!("lvs_netlink_cmd_rcv_bufs_force", |draft, value| {
        draft.ir.other_duties.checker_command_buffer_force = value;
    }),
    ("lvs_netlink_monitor_rcv_bufs", |reading, parser, line| {
        buffer_size(parser, line, "lvs_netlink_monitor", &mut reading.global.ir.other_duties.checker_monitor_buffer)
    }),
    global_switch!("lvs_netlink_monitor_rcv_bufs_force", |draft, value| {
        draft.ir.other_duties.checker_monitor_buffer_force = value;
    }),
    global_switch!("rs_init_notifies", |draft, value| draft.ir.other_duties.rs_init_notifies = value),
    global_switch!("no_checker_emails", |draft, value| draft.ir.other_duties.no_checker_emails = value),
    ("vrrp_rx_bufs_policy", receive_buffer_policy),
    ("vrrp_rx_bufs_multiplier", |reading, parser, line| {
        if line.len() != 2 {
            parser.report(Fault::General, "Invalid vrrp_rx_bufs_multiplier");
        } else if let Some(multiplier) = unsigned(parser, &line.words[1], 1, MOST, Trailing::Refused) {
            reading.global.ir.receive_buffer_multiplier = multiplier as u32;
        } else {
            parser.report(Fault::General, format!("Invalid vrrp_rx_bufs_multiplier {}", line.words[1]));
        }
        Ok(())
    }),
    ("umask", umask),
    ("random_seed", |_, parser, line| {
        if unsigned_word(parser, line, 0, MOST, Trailing::Refused)?.is_none() {
            parser.report(Fault::General, format!("random_seed {} invalid", line.words[1]));
        }
        Ok(())
    }),
    ("reload_check_config", |reading, _, line| {
        let log = line.words.get(1).cloned().unwrap_or_else(|| "/dev/null".into());
        reading.global.ir.reload_check_config = Some(log);
        Ok(())
    }),
    ("reload_time_file", |reading, parser, line| {
        match &line.words[..] {
            [_, file] => reading.global.ir.reload_time_file = Some(file.clone()),
            _ => parser.report(Fault::General, "reload_time_file invalid"),
        }
        Ok(())
    }),
    flag!("reload_repeat", |draft| draft.ir.reload_repeat = true),
    ("reload_file", |reading, _, line| {
        reading.global.ir.reload_file = Some(line.words.get(1).cloned().unwrap_or_default());
        Ok(())
    }),
    ("include_check", |_, parser, line| {
        set_include_check(parser.reader, &line.words[1..]);
        Ok(())
    }),
    ("config_save_dir", |_, parser, line| line.word(1, parser.reader).map(|_| ())),
    ("tmp_config_directory", |reading, parser, line| {
        let name = &line.words[0];
        let directory = &mut reading.global.ir.other_duties.config_directory;
        if directory.is_some() {
            parser.report(Fault::General, format!("{name} already specified - ignoring"));
        } else if line.len() < 2 {
            parser.report(Fault::General, format!("{name} missing directory name"));
        } else {
            *directory = Some(line.words[1].clone());
        }
        Ok(())
    }),
    ("data_use_instance", |reading, parser, line| {
        let complaint = |word: &str| format!("Invalid value '{word}' for global date_use_instance specified");
        if let Some(value) = switch_or_on(parser, line, complaint) {
            reading.global.ir.data_use_instance = value;
        }
        Ok(())
    }),
    ("json_version", |reading, parser, line| {
        match line.words.get(1) {
            None => parser.report(Fault::General, format!("{} requires version", line.words[0])),
            Some(word) => match unsigned(parser, word, 1, 2, Trailing::Warned) {
                Some(version) => reading.global.ir.json_version = version as u32,
                None => parser.report(Fault::General, "Invalid JSON version"),
            },
        }
        Ok(())
    }),
    ("iproute_usr_dir", |_, parser, line| needs_path(parser, line, "path").map(|_| ())),
    ("iproute_etc_dir", |_, parser, line| needs_path(parser, line, "path").map(|_| ())),
    ("state_dump_file", |reading, parser, line| {
        if let Some(path) = needs_path(parser, line, "a non-empty path")? {
            reading.global.ir.state_dump_file = Some(path);
        }
        Ok(())
    }),
    ("stats_dump_file", |_, parser, line| needs_path(parser, line, "a non-empty path").map(|_| ())),
    ("json_dump_file", |_, parser, line| needs_path(parser, line, "a non-empty path").map(|_| ())),
];

const UMASK_BITS: [(&str, u32); 12] = [
    ("IRUSR", 0o400),
    ("IWUSR", 0o200),
    ("IXUSR", 0o100),
    ("IRWXU", 0o700),
    ("IRGRP", 0o040),
    ("IWGRP", 0o020),
    ("IXGRP", 0o010),
    ("IRWXG", 0o070),
    ("IROTH", 0o004),
    ("IWOTH", 0o002),
    ("IXOTH", 0o001),
    ("IRWXO", 0o007),
];

fn process_name(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    slot: impl FnOnce(&mut ProcessNames) -> &mut Option<String>,
) -> Result<(), Stop> {
    let mut name = line.word(1, parser.reader)?.to_owned();
    if name.len() > 15 {
        let text = format!("Process name {name} more than 15 characters, truncating");
        parser.report(Fault::General, text);
        let end = (0..=15).rev().find(|&end| name.is_char_boundary(end)).unwrap_or(0);
        name.truncate(end);
    }
    *slot(&mut reading.global.ir.process_names) = Some(name);
    Ok(())
}

fn nice(parser: &mut Parser<'_, '_>, line: &Line, process: &str) -> i32 {
    let Some(word) = line.words.get(1) else {
        parser.report(Fault::General, format!("No {process} process priority specified"));
        return 0;
    };
    let nice = signed(parser, word, -20, 19, Trailing::Warned);
    if nice.is_none() {
        parser.report(Fault::General, format!("Invalid {process} process priority specified"));
    }
    nice.unwrap_or(0)
}

fn realtime_priority(
    parser: &mut Parser<'_, '_>,
    line: &Line,
    process: &str,
    scheduling: &mut Scheduling,
) -> Result<(), Stop> {
    let Some(word) = line.words.get(1) else {
        parser.report(Fault::General, format!("No {process} process real-time priority specified"));
        return Ok(());
    };
    let Some(priority) = signed(parser, word, i32::MIN, i32::MAX, Trailing::Warned) else {
        parser.report(Fault::General, format!("{process} process real-time priority '{word}' invalid"));
        return Ok(());
    };
    let clamped = priority.clamp(1, 99);
    if priority < clamped {
        let text = format!("{process} process real-time priority {priority} less than minimum 1 - setting to minimum");
        parser.report(Fault::General, text);
    } else if priority > clamped {
        let text =
            format!("{process} process real-time priority {priority} greater than maximum 99 - setting to maximum");
        parser.report(Fault::General, text);
    }
    scheduling.realtime_priority = Some(clamped as u32);
    Ok(())
}

fn cpu_affinity(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line, process: &str) -> Vec<u32> {
    if line.len() < 2 {
        parser.report(Fault::General, format!("No {process} cpu_id set specified"));
        return Vec::new();
    }
    let last = reading.system.processors().saturating_sub(1) as i32;
    let mut processors = Vec::new();
    for word in &line.words[1..] {
        match signed(parser, word, 0, last, Trailing::Warned) {
            Some(processor) => processors.push(processor as u32),
            None => {
                let shown = c_int(word);
                parser.report(Fault::General, format!("Invalid cpu_id:{shown} specified for {process} process"));
                return Vec::new();
            }
        }
    }
    processors
}

fn rt_limit(parser: &mut Parser<'_, '_>, line: &Line, process: &str, scheduling: &mut Scheduling) -> Result<(), Stop> {
    let name = &line.words[0];
    if let Some(stem) = name.strip_suffix("rtime").filter(|stem| stem.ends_with('_')) {
        let text = format!("Keyword '{name}' is deprecated - please use '{stem}rttime'");
        parser.report(Fault::LogOnly, text);
    }
    match unsigned_word(parser, line, 1, MOST, Trailing::Warned)? {
        None => parser.report(Fault::General, format!("Invalid {process} real-time limit - {}", line.words[1])),
        // Half of it is used as the soft limit, so it is at least 2.
        Some(limit) => scheduling.rlimit_rttime_us = limit.max(2),
    }
    Ok(())
}

fn snmp_interval(_: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?.to_owned();
    if seconds(parser, &word, 1000, 30 * SECOND_US).is_none() {
        let text = format!("snmp stats vs update interval '{word}' invalid - ignoring");
        parser.report(Fault::General, text);
    }
    Ok(())
}

fn needs_name(parser: &mut Parser<'_, '_>, line: &Line, complaint: &str) -> Result<(), Stop> {
    if line.len() < 2 {
        parser.report(Fault::General, complaint);
    }
    Ok(())
}

fn needs_path(parser: &mut Parser<'_, '_>, line: &Line, what: &str) -> Result<Option<String>, Stop> {
    match &line.words[..] {
        [_, path] if !path.is_empty() => Ok(Some(path.clone())),
        _ => {
            parser.report(Fault::General, format!("{} requires {what}", line.words[0]));
            Ok(None)
        }
    }
}

fn buffer_size(parser: &mut Parser<'_, '_>, line: &Line, kind: &str, slot: &mut u32) -> Result<(), Stop> {
    let Some(word) = line.words.get(1) else {
        parser.report(Fault::General, format!("{kind}_rcv_bufs size missing"));
        return Ok(());
    };
    match unsigned(parser, word, 0, MOST, Trailing::Refused) {
        None => parser.report(Fault::General, format!("{kind}_rcv_bufs size ({word}) invalid")),
        Some(0) => {}
        Some(size) => *slot = size as u32,
    }
    Ok(())
}

fn receive_buffer_policy(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    if line.len() < 2 {
        parser.report(Fault::General, "vrrp_rx_bufs_policy missing");
        return Ok(());
    }
    let (mut mtu, mut advert, mut size) = match reading.global.ir.receive_buffer_policy {
        ReceiveBufferPolicy::Kernel => (false, false, None),
        ReceiveBufferPolicy::Mtu => (true, false, None),
        ReceiveBufferPolicy::Advert => (false, true, None),
        ReceiveBufferPolicy::Size(size) => (false, false, Some(size)),
    };
    for word in &line.words[1..] {
        match word.to_ascii_uppercase().as_str() {
            "MTU" => mtu = true,
            "ADVERT" => advert = true,
            // The original reads the first word here, whichever it is at.
            _ => match unsigned(parser, &line.words[1], 0, MOST, Trailing::Refused) {
                Some(bytes) => size = Some(bytes as u32),
                None => parser.report(Fault::General, format!("Invalid vrrp_rx_bufs_policy {word}")),
            },
        }
    }
    if size.is_some() && (mtu || advert) {
        parser.report(Fault::General, "Cannot set vrrp_rx_bufs_policy size and policy, ignoring policy");
    } else if mtu && advert {
        parser.report(Fault::General, "Cannot set both vrrp_rx_bufs_policy MTU and ADVERT, ignoring ADVERT");
    }
    reading.global.ir.receive_buffer_policy = match (size, mtu, advert) {
        (Some(size), _, _) => ReceiveBufferPolicy::Size(size),
        (None, true, _) => ReceiveBufferPolicy::Mtu,
        (None, false, true) => ReceiveBufferPolicy::Advert,
        (None, false, false) => ReceiveBufferPolicy::Kernel,
    };
    Ok(())
}

fn umask(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    if word.starts_with(|c: char| c.is_ascii_digit()) {
        let number = match (word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")), word) {
            (Some(digits), _) => u32::from_str_radix(digits, 16),
            (None, "0") => Ok(0),
            (None, word) if word.starts_with('0') => u32::from_str_radix(&word[1..], 8),
            (None, word) => word.parse(),
        };
        match number {
            _ if line.len() != 2 => parser.report(Fault::General, "Extra parameter(s) to umask option"),
            Ok(mask @ 0..=0o777) => reading.global.ir.umask = Some(mask),
            _ => parser.report(Fault::General, format!("invalid umask value {word}")),
        }
        return Ok(());
    }
    let mut mask = 0;
    let mut wants_bar = false;
    for word in &line.words[1..] {
        let mut rest = word.as_str();
        while !rest.is_empty() {
            if wants_bar {
                let Some(after) = rest.strip_prefix('|') else {
                    parser.report(Fault::General, format!("Invalid umask syntax {word}"));
                    return Ok(());
                };
                rest = after;
                wants_bar = false;
                continue;
            }
            let Some((name, bits)) = UMASK_BITS.iter().find(|(name, _)| rest.starts_with(name)) else {
                parser.report(Fault::General, format!("Unknown umask bit {rest}"));
                return Ok(());
            };
            mask |= bits;
            rest = &rest[name.len()..];
            wants_bar = true;
        }
    }
    match wants_bar {
        true => reading.global.ir.umask = Some(mask),
        false => parser.report(Fault::General, "umask missing bit value"),
    }
    Ok(())
}

fn set_include_check(reader: &mut Reader<'_>, words: &[String]) {
    use include_check::{BRACE, MATCH, READ, WILDCARD};
    if words.is_empty() {
        reader.include_check = READ | MATCH | WILDCARD | BRACE;
        return;
    }
    for (index, word) in words.iter().enumerate() {
        let (sign, name) = match word.as_bytes().first() {
            Some(b'-') => ('-', &word[1..]),
            Some(b'+') => ('+', &word[1..]),
            _ => (' ', word.as_str()),
        };
        if sign == ' ' {
            if index > 0 {
                reader.report(Fault::General, format!("Duplicate include_check '{word}' specified - ignoring"));
                continue;
            }
            reader.include_check = 0;
        }
        let bit = match name {
            "read" => READ,
            "match" => MATCH,
            "wildcard_match" => WILDCARD,
            "brace_match" => BRACE,
            _ => {
                reader.report(Fault::General, format!("Unknown include_check type '{name}' - ignoring"));
                continue;
            }
        };
        match sign {
            '-' => reader.include_check &= !bit,
            '+' => reader.include_check |= bit,
            _ => reader.include_check = READ | bit,
        }
    }
}
