//! Setters of `global_defs` that concern the kernel's IPVS.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::global_values::{LvsFlush, LvsSyncDaemon};

use super::global_macros::flag;
use super::value::{Trailing, socket_address, unsigned};
use super::{Reading, Setter};

/// The setters of `global_defs` that concern IPVS.
pub(super) const SETTERS: &[(&str, Setter)] = &[
    ("lvs_timeouts", lvs_timeouts),
    flag!("lvs_flush", |draft| draft.ir.other_duties.lvs_flush = true),
    ("lvs_flush_on_stop", lvs_flush_on_stop),
    ("lvs_flush_onstop", lvs_flush_on_stop),
    ("lvs_sync_daemon", lvs_sync_daemon),
];

fn lvs_timeouts(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    if line.len() < 3 {
        parser.report(Fault::General, "lvs_timeouts requires at least one option");
        return Ok(());
    }
    let mut words = line.words[1..].iter();
    while let Some(option) = words.next() {
        if !matches!(option.as_str(), "tcp" | "tcpfin" | "udp") {
            parser.report(Fault::General, format!("Unknown option {option} specified for lvs_timeouts"));
            continue;
        }
        let Some(value) = words.next() else {
            parser.report(Fault::General, format!("No value specified for lvs_timeout {option} - ignoring"));
            continue;
        };
        let Some(seconds) = unsigned(parser, value, 0, 2_678_400, Trailing::Refused) else {
            parser.report(Fault::General, format!("Invalid lvs_timeout {option} ({value}) - ignoring"));
            continue;
        };
        let timeouts = &mut reading.global.ir.other_duties.lvs_timeouts;
        let slot = match option.as_str() {
            "tcp" => &mut timeouts.tcp_s,
            "tcpfin" => &mut timeouts.tcp_fin_s,
            _ => &mut timeouts.udp_s,
        };
        *slot = seconds as u32;
    }
    Ok(())
}

fn lvs_flush_on_stop(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let slot = &mut reading.global.ir.other_duties.lvs_flush_on_stop;
    match line.words.get(1).map(String::as_str) {
        None => *slot = LvsFlush::Full,
        Some("VS") => *slot = LvsFlush::VirtualServers,
        Some(word) => parser.report(Fault::General, format!("Unknown lvs_flush_on_stop type {word}")),
    }
    Ok(())
}

fn lvs_sync_daemon(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    if let Some(daemon) = &reading.global.ir.other_duties.lvs_sync_daemon {
        let text = format!("lvs_sync_daemon has already been specified as {}  - ignoring", daemon.interface);
        parser.report(Fault::General, text);
        return Ok(());
    }
    let Some(interface) = line.words.get(1) else {
        parser.report(Fault::General, "lvs_sync_daemon requires interface");
        return Ok(());
    };
    if interface.len() >= 16 {
        let text = format!("lvs_sync_daemon interface name '{interface}' too long - ignoring");
        parser.report(Fault::General, text);
        return Ok(());
    }
    let slot = &mut reading.global.ir.other_duties.lvs_sync_daemon;
    let daemon = slot.insert(LvsSyncDaemon { interface: interface.clone(), ..LvsSyncDaemon::default() });
    let mut index = 2;
    while let Some(option) = line.words.get(index) {
        let value = line.words.get(index + 1);
        let limits = match option.as_str() {
            "inst" => {
                daemon.instance = Some(line.word(index + 1, parser.reader)?.to_owned());
                index += 2;
                continue;
            }
            "id" => Some((0, 255)),
            "maxlen" => Some((1, 65507)),
            "port" => Some((1, 65535)),
            "ttl" => Some((1, 255)),
            "group" => None,
            _ if index == 2 => {
                daemon.instance = Some(option.clone());
                index += 1;
                continue;
            }
            _ if index == 3 => {
                match unsigned(parser, option, 0, 255, Trailing::Refused) {
                    None => parser.report(Fault::General, format!("Invalid syncid ({option}) - defaulting to vrid")),
                    Some(id) => {
                        daemon.id = Some(id as u32);
                        parser.report(Fault::General, "Please use keyword \"id\" before lvs_sync_daemon SYNCID");
                    }
                }
                index += 1;
                continue;
            }
            _ => {
                parser.report(Fault::General, format!("Unknown option {option} specified for lvs_sync_daemon"));
                index += 1;
                continue;
            }
        };
        let Some(value) = value else {
            let consequence = if option == "id" { ", defaulting to vrid" } else { " - ignoring" };
            let text = format!("No value specified for lvs_sync_daemon {option}{consequence}");
            parser.report(Fault::General, text);
            break;
        };
        sync_option(daemon, parser, option, value, limits);
        index += 2;
    }
    Ok(())
}

/// One option of `lvs_sync_daemon` with its value: a number in its limits, or the address of a group.
fn sync_option(
    daemon: &mut LvsSyncDaemon,
    parser: &mut Parser<'_, '_>,
    option: &str,
    value: &str,
    limits: Option<(u64, u64)>,
) {
    let Some((least, most)) = limits else {
        match socket_address(value) {
            None => parser.report(Fault::General, format!("Invalid lvs_sync_daemon {option} ({value}) - ignoring")),
            Some(group) if group.is_multicast() => daemon.group = Some(group),
            Some(_) => {
                let text = format!("lvs_sync_daemon group address {value} is not multicast - ignoring");
                parser.report(Fault::General, text);
            }
        }
        return;
    };
    let Some(number) = unsigned(parser, value, least, most, Trailing::Refused).map(|number| number as u32) else {
        let text = match option {
            "id" => format!("Invalid syncid ({value}) - defaulting to vrid"),
            _ => format!("Invalid lvs_sync_daemon {option} ({value}) - ignoring"),
        };
        parser.report(Fault::General, text);
        return;
    };
    match option {
        "id" => daemon.id = Some(number),
        "maxlen" => daemon.max_len = number,
        "port" => daemon.port = number,
        _ => daemon.ttl = number,
    }
}
