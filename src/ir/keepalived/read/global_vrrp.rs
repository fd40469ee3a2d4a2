//! Setters of `global_defs` that concern VRRP.

use std::net::IpAddr;

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::global::DynamicInterfaces;

use super::global_macros::{flag, global_switch, plain_switch};
use super::value::{Trailing, decimal, seconds, signed, socket_address, switch, switch_or_on, unsigned, unsigned_word};
use super::{Reading, Setter};

const MOST_SECONDS: u64 = 4294;
const MOST: u64 = u32::MAX as u64;
const SECOND_US: u64 = 1_000_000;

/// The setters of `global_defs` that concern VRRP.
pub(super) const SETTERS: &[(&str, Setter)] = &[
    ("dynamic_interfaces", |reading, parser, line| {
        let dynamic = &mut reading.global.ir.dynamic_interfaces;
        *dynamic = DynamicInterfaces::On;
        match line.words.get(1).map(String::as_str) {
            None => {}
            Some("allow_if_changes") => *dynamic = DynamicInterfaces::AllowIfChanges,
            Some(other) => parser.report(Fault::General, format!("Unknown dynamic_interfaces option '{other}'")),
        }
        Ok(())
    }),
    ("default_interface", |reading, parser, line| {
        match line.words.get(1) {
            Some(name) => reading.global.ir.default_interface = name.clone(),
            None => parser.report(Fault::General, "default_interface requires interface name"),
        }
        Ok(())
    }),
    flag!("disable_local_igmp", |draft| draft.ir.disable_local_igmp = true),
    flag!("v3_checksum_as_v2", |draft| draft.ir.instances.v3_checksum_as_v2 = true),
    ("vrrp_mcast_group4", |reading, parser, line| {
        if let Some(IpAddr::V4(group)) = group(parser, line, "vrrp_mcast_group4", "IPv4", IpAddr::is_ipv4)? {
            reading.global.ir.multicast_group_v4 = group;
        }
        Ok(())
    }),
    ("vrrp_mcast_group6", |reading, parser, line| {
        if let Some(IpAddr::V6(group)) = group(parser, line, "vrrp_mcast_group6", "IPv6", IpAddr::is_ipv6)? {
            if group.segments()[0] & 0xff0f != 0xff02 {
                let text = format!("vrrp_mcast_group6 [{}] should be link-local multicast.", line.words[1]);
                parser.report(Fault::Warning, text);
            }
            reading.global.ir.multicast_group_v6 = group;
        }
        Ok(())
    }),
    ("vrrp_garp_master_delay", |reading, parser, line| {
        if let Some(delay) =
            number(parser, line, 0, MOST_SECONDS, |word| format!("vrrp_garp_master_delay '{word}' invalid - ignoring"))?
        {
            reading.global.ir.instances.garp_delay_us = delay * SECOND_US;
        }
        Ok(())
    }),
    ("vrrp_garp_master_repeat", |reading, parser, line| {
        if let Some(repeat) = repeat(parser, line, "vrrp_garp_master_repeat")? {
            reading.global.ir.instances.garp_repeat = repeat;
        }
        Ok(())
    }),
    ("vrrp_garp_master_refresh", |reading, parser, line| {
        let refresh =
            number(parser, line, 0, MOST, |word| format!("Invalid vrrp_garp_master_refresh '{word}' - ignoring"))?;
        reading.global.ir.instances.garp_refresh_us = refresh.unwrap_or(0) * SECOND_US;
        Ok(())
    }),
    ("vrrp_garp_master_refresh_repeat", |reading, parser, line| {
        if let Some(repeat) = repeat(parser, line, "vrrp_garp_master_refresh_repeat")? {
            reading.global.ir.instances.garp_refresh_repeat = repeat;
        }
        Ok(())
    }),
    ("vrrp_garp_lower_prio_delay", |reading, parser, line| {
        if let Some(delay) = number(parser, line, 0, MOST_SECONDS, |word| {
            format!("vrrp_garp_lower_prio_delay '{word}' invalid - ignoring")
        })? {
            reading.global.ir.instances.garp_lower_prio_delay_us = Some(delay * SECOND_US);
        }
        Ok(())
    }),
    ("vrrp_garp_lower_prio_repeat", |reading, parser, line| {
        let complaint = |word: &str| format!("Invalid vrrp_garp_lower_prio_repeat '{word}'");
        if let Some(repeat) = number(parser, line, 0, i32::MAX as u64, complaint)? {
            reading.global.ir.instances.garp_lower_prio_repeat = Some(repeat as u32);
        }
        Ok(())
    }),
    ("vrrp_down_timer_adverts", |reading, parser, line| {
        let complaint = |word: &str| format!("Invalid vrrp_down_timer_adverts [1:100] '{word}'");
        if let Some(adverts) = number(parser, line, 1, 100, complaint)? {
            reading.global.ir.instances.down_timer_adverts = adverts as u32;
        }
        Ok(())
    }),
    ("vrrp_garp_interval", |reading, parser, line| {
        if let Some(interval) = announce_interval(parser, line, "vrrp_garp_interval")? {
            reading.global.ir.garp_interval_us = interval;
        }
        Ok(())
    }),
    ("vrrp_gna_interval", |reading, parser, line| {
        if let Some(interval) = announce_interval(parser, line, "vrrp_gna_interval")? {
            reading.global.ir.gna_interval_us = interval;
        }
        Ok(())
    }),
    ("vrrp_min_garp", |reading, parser, line| {
        let on = match line.words.get(1) {
            None => Some(true),
            Some(word) => switch(word),
        };
        match on {
            None => parser.report(Fault::General, "Invalid value for vrrp_min_garp specified"),
            Some(false) => {}
            // What was set before stays.
            Some(true) => {
                let set = &mut reading.global.ir.instances;
                set.garp_repeat = if set.garp_repeat == 5 { 1 } else { set.garp_repeat };
                set.garp_refresh_repeat = if set.garp_refresh_repeat == 1 { 0 } else { set.garp_refresh_repeat };
                set.garp_delay_us = if set.garp_delay_us == 5_000_000 { 0 } else { set.garp_delay_us };
            }
        }
        Ok(())
    }),
    ("vrrp_garp_extra_if", garp_extra_if),
    ("vrrp_vmac_garp_intvl", |reading, parser, line| {
        let text = "Keyword \"vrrp_vmac_garp_intvl\" is deprecated - please use \"vrrp_garp_extra_if\"";
        parser.report(Fault::Deprecated, text);
        garp_extra_if(reading, parser, line)
    }),
    plain_switch!("vrrp_lower_prio_no_advert", |draft, value| draft.ir.instances.lower_prio_no_advert = value),
    plain_switch!("vrrp_higher_prio_send_advert", |draft, value| draft.ir.instances.higher_prio_send_advert = value),
    ("vrrp_version", |reading, parser, line| {
        let word = line.word(1, parser.reader)?.to_owned();
        match signed(parser, &word, 2, 3, Trailing::Warned) {
            Some(version) => reading.global.ir.instances.version = version as u8,
            None => parser.report(Fault::General, "VRRP Error: Version must be either 2 or 3"),
        }
        Ok(())
    }),
    // Debian builds keepalived without iptables, as every build beside nftables does by now.
    ("vrrp_iptables", |reading, parser, _| {
        let text = "iptables not supported, using nftables instead. Please replace 'vrrp_iptables and 'vrrp_ipsets' \
                    with 'nftables' config option";
        parser.report(Fault::General, text);
        reading.global.ir.nftables_table = Some("keepalived".into());
        Ok(())
    }),
    ("nftables", |reading, parser, line| {
        if reading.global.ir.nftables_table.is_some() {
            parser.report(Fault::General, "nftables already specified - ignoring");
        } else if let Some(name) = table_name(parser, line, "chain", "keepalived") {
            reading.global.ir.nftables_table = Some(name);
        }
        Ok(())
    }),
    ("nftables_priority", |reading, parser, line| {
        let word = line.word(1, parser.reader)?.to_owned();
        match signed(parser, &word, i32::MIN, i32::MAX, Trailing::Refused) {
            Some(priority) => reading.global.ir.nftables_priority = priority,
            None => parser.report(Fault::InvalidNumber, format!("invalid nftables chain priority '{word}'")),
        }
        Ok(())
    }),
    flag!("nftables_ifindex", |draft| draft.ir.nftables_ifindex = true),
    flag!("vrrp_check_unicast_src", |draft| draft.ir.instances.check_unicast_src = true),
    ("vrrp_skip_check_adv_addr", |reading, parser, line| {
        let complaint = |word: &str| format!("Invalid value '{word}' for global vrrp_check_adv_addr specified");
        if let Some(value) = switch_or_on(parser, line, complaint) {
            reading.global.ir.instances.skip_check_adv_addr = value;
        }
        Ok(())
    }),
    global_switch!("vrrp_strict", |draft, value| draft.ir.instances.strict = value),
    flag!("nftables_counters", |draft| draft.ir.nftables_counters = true),
    global_switch!("vrrp_notify_priority_changes", |draft, value| draft.ir.notify_priority_changes = value),
    ("vrrp_startup_delay", |reading, parser, line| {
        if let Some(delay) = startup_delay(parser, line, "vrrp_startup_delay")? {
            reading.global.ir.startup_delay_us = reading.global.ir.startup_delay_us.max(delay);
        }
        Ok(())
    }),
    ("vrrp_delay_after_boot", |reading, parser, line| {
        if let Some(delay) = startup_delay(parser, line, "vrrp_delay_after_boot")? {
            reading.global.ir.delay_after_boot_us = delay;
        }
        Ok(())
    }),
    flag!("log_unknown_vrids", |draft| draft.ir.log_unknown_vrids = true),
    ("vrrp_owner_ignore_adverts", |reading, parser, line| {
        // The original names keyword and word the wrong way round.
        let complaint = |word: &str| format!("Invalid value '{}' for global {word} specified", line.words[0]);
        if let Some(value) = switch_or_on(parser, line, complaint) {
            reading.global.ir.instances.owner_ignore_adverts = value;
        }
        Ok(())
    }),
    ("vmac_prefix", |reading, parser, line| {
        let prefix = line.word(1, parser.reader)?.to_owned();
        if reading.global.vmac_prefix_set {
            let text = format!("vmac prefix has already been specified - ignoring {prefix}");
            parser.report(Fault::General, text);
        } else {
            reading.global.vmac_prefix_set = true;
            reading.global.ir.vmac_prefix = prefix;
        }
        Ok(())
    }),
    ("vmac_addr_prefix", |reading, parser, line| {
        let prefix = line.word(1, parser.reader)?.to_owned();
        if reading.global.ir.vmac_address_prefix.is_some() {
            let text = format!("vmac_addr prefix has already been specified - ignoring {prefix}");
            parser.report(Fault::General, text);
        } else {
            reading.global.ir.vmac_address_prefix = Some(prefix);
        }
        Ok(())
    }),
];

/// A number with a complaint of its own.
fn number(
    parser: &mut Parser<'_, '_>,
    line: &Line,
    least: u64,
    most: u64,
    complaint: impl FnOnce(&str) -> String,
) -> Result<Option<u64>, Stop> {
    let value = unsigned_word(parser, line, least, most, Trailing::Warned)?;
    if value.is_none() {
        parser.report(Fault::General, complaint(&line.words[1]));
    }
    Ok(value)
}

/// A number of messages in a burst: 0 is told and counts as 1.
fn repeat(parser: &mut Parser<'_, '_>, line: &Line, name: &str) -> Result<Option<u32>, Stop> {
    let value = number(parser, line, 0, MOST, |word| format!("{name} '{word}' invalid - ignoring"))?;
    if value == Some(0) {
        parser.report(Fault::General, format!("{name} must be greater than 0, setting to 1"));
    }
    Ok(value.map(|value| value.max(1) as u32))
}

fn announce_interval(parser: &mut Parser<'_, '_>, line: &Line, name: &str) -> Result<Option<u64>, Stop> {
    let word = line.word(1, parser.reader)?.to_owned();
    let interval = decimal(parser, &word, 1, MOST, 6, Trailing::Warned);
    match interval {
        None => parser.report(Fault::General, format!("{name} '{word}' is invalid")),
        Some(SECOND_US..) => {
            parser.report(Fault::LogOnly, format!("The {name} is very large - {word} seconds"));
        }
        Some(_) => {}
    }
    Ok(interval)
}

fn garp_extra_if(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let name = &line.words[0];
    let mut delay = None;
    for word in &line.words[1..] {
        if word == "all" {
            reading.global.ir.instances.garp_extra_all = true;
            continue;
        }
        delay = unsigned(parser, word, 1, 86400, Trailing::Warned);
        if delay.is_none() {
            parser.report(Fault::General, format!("{name} '{word}' invalid - ignoring"));
            return Ok(());
        }
    }
    match delay {
        None => parser.report(Fault::General, format!("{name} specified without time - ignoring")),
        Some(delay) => reading.global.ir.instances.garp_extra_us = delay * SECOND_US,
    }
    Ok(())
}

/// A group address of the right family.
fn group(
    parser: &mut Parser<'_, '_>,
    line: &Line,
    name: &str,
    family: &str,
    right_family: fn(&IpAddr) -> bool,
) -> Result<Option<IpAddr>, Stop> {
    let word = line.word(1, parser.reader)?;
    let address = socket_address(word);
    let text = match address {
        None => format!("Can't parse {name} [{word}]. Skipping"),
        Some(address) if !right_family(&address) => format!("{name} [{word}] is not {family}. Skipping"),
        Some(address) if !address.is_multicast() => format!("{name} [{word}] is not multicast. Skipping"),
        Some(_) => return Ok(address),
    };
    parser.report(Fault::General, text);
    Ok(None)
}

pub(super) fn table_name(parser: &mut Parser<'_, '_>, line: &Line, kind: &str, default: &str) -> Option<String> {
    let Some(name) = line.words.get(1) else { return Some(default.to_owned()) };
    let wrong = match name.len() {
        0 => "empty",
        // The original's limit leaves one byte of the kernel's 32 unused.
        31.. => "too long",
        _ => return Some(name.clone()),
    };
    parser.report(Fault::General, format!("VRRP Error : nftables {kind} name {wrong} - ignored"));
    None
}

fn startup_delay(parser: &mut Parser<'_, '_>, line: &Line, name: &str) -> Result<Option<u64>, Stop> {
    let word = line.word(1, parser.reader)?.to_owned();
    let delay = seconds(parser, &word, 1000, MOST);
    match delay {
        None => parser.report(Fault::General, format!("{name} '{word}' is invalid")),
        Some(60_000_000..) => {
            parser.report(Fault::LogOnly, format!("The {name} is very large - {word} seconds"));
        }
        Some(_) => {}
    }
    Ok(delay)
}
