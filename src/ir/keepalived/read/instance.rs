//! Setters of `vrrp_instance`.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::instance::OldUnicastChecksum;

use super::authentication::HmacDraft;
use super::instance_draft::{Draft, VmacDraft};
use super::instance_values::{
    garp_extra_if, interface, multicast_destination, number, repeat, source_address, timer_expired_backup,
    unicast_peer, version, virtual_addresses, vrf,
};
use super::value::{Trailing, decimal, switch_or_on, unsigned, unsigned_word};
use super::vmac;
use super::{Reading, notify, routes, rules, tracked};

const SECOND_US: u64 = 1_000_000;
const MOST: u64 = u32::MAX as u64;

type Setter = fn(&mut Draft, &mut Reading<'_>, &mut Parser<'_, '_>, &Line) -> Result<(), Stop>;

pub(super) fn begin(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) {
    let [_, name] = &line.words[..] else {
        parser.report(Fault::General, "vrrp_instance must have a name");
        parser.skip_block();
        return;
    };
    if reading.vrrp.instances.iter().any(|draft| draft.name == *name) {
        parser.report(Fault::General, format!("vrrp instance {name} already defined"));
        parser.skip_block();
        return;
    }
    let global = &reading.global;
    reading.instance = Some(Draft {
        name: name.clone(),
        down_timer_adverts: global.ir.instances.down_timer_adverts,
        skip_check_adv_addr: global.ir.instances.skip_check_adv_addr,
        v3_checksum_as_v2: global.ir.instances.v3_checksum_as_v2,
        garp_delay_us: global.ir.instances.garp_delay_us,
        garp_repeat: global.ir.instances.garp_repeat,
        garp_refresh_us: global.ir.instances.garp_refresh_us,
        garp_refresh_repeat: global.ir.instances.garp_refresh_repeat,
        ..Draft::default()
    });
}

pub(super) fn keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(mut draft) = reading.instance.take() else { return Ok(()) };
    let setter = SETTERS.iter().find(|(known, _)| *known == name).map(|(_, setter)| setter);
    let result = setter.map_or(Ok(()), |setter| setter(&mut draft, reading, parser, line));
    reading.instance = Some(draft);
    result
}

pub(super) fn end(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(mut draft) = reading.instance.take() else { return };
    let name = &draft.name;
    if draft.unicast_configured && (draft.vmac.enabled || draft.vmac.ipvlan.is_some()) {
        if draft.interface.is_none() {
            let text = format!("({name}): Cannot use VMAC/ipvlan with unicast and no interface - clearing use_vmac");
            parser.report(Fault::General, text);
            draft.vmac = VmacDraft { transmit_base: draft.vmac.transmit_base, ..VmacDraft::default() };
        } else if !draft.vmac.transmit_base {
            let text = format!("({name}) unicast with use_vmac requires vmac_xmit_base - setting");
            parser.report(Fault::General, text);
            draft.vmac.transmit_base = true;
        }
    }
    if draft.unicast_peers.is_empty() && draft.unicast_ttl.take().is_some() {
        let text = format!("({name}): Cannot use unicast_ttl without unicast peers - resetting");
        parser.report(Fault::General, text);
    }
    reading.vrrp.instances.push(draft);
}

/// A keyword alone on its line.
macro_rules! flag {
    ($name:literal, |$draft:ident| $set:expr) => {
        ($name, |$draft: &mut Draft, _: &mut Reading<'_>, _: &mut Parser<'_, '_>, _: &Line| {
            $set;
            Ok(())
        })
    };
}

/// A switch that is told with the instance's name where it is wrong.
macro_rules! named_switch {
    ($name:literal, |$draft:ident, $value:ident| $set:expr) => {
        ($name, |$draft: &mut Draft, _: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line| {
            let complaint = |word: &str| format!("({}) invalid {} {word} specified", $draft.name, $name);
            if let Some($value) = switch_or_on(parser, line, complaint) {
                $set;
            }
            Ok(())
        })
    };
}

/// A line of `notify…`.
macro_rules! notify_line {
    ($name:literal) => {
        ($name, |draft: &mut Draft, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line| {
            let owner = format!("({})", draft.name);
            notify::set(reading, parser, &mut draft.notify, &owner, $name, line)
        })
    };
}

/// A block of tracked things.
macro_rules! track_block {
    ($name:literal) => {
        ($name, |draft: &mut Draft, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line| {
            tracked::tracked(reading, parser, &draft.name, &mut draft.trackers, line);
            Ok(())
        })
    };
}

/// The setters of `vrrp_instance`.
pub(super) const SETTERS: &[(&str, Setter)] = &[
    ("use_vmac", |draft, reading, parser, line| vmac::use_vmac(draft, reading, parser, line)),
    flag!("use_vmac_addr", |draft| draft.vmac.for_addresses = true),
    flag!("vmac_xmit_base", |draft| draft.vmac.transmit_base = true),
    ("use_ipvlan", |draft, reading, parser, line| vmac::use_ipvlan(draft, reading, parser, line)),
    ("unicast_peer", |draft, _, parser, line| {
        draft.unicast_configured = true;
        let mut values = parser.values(line);
        while let Some(line) = values.next(parser) {
            unicast_peer(draft, parser, &line);
        }
        Ok(())
    }),
    flag!("unicast_fault_no_peer", |draft| {
        draft.unicast_configured = true;
        draft.unicast_fault_no_peer = true;
    }),
    flag!("check_unicast_src", |draft| {
        draft.unicast_configured = true;
        draft.check_unicast_src = true;
    }),
    ("old_unicast_checksum", |draft, _, parser, line| {
        draft.unicast_configured = true;
        match line.words.get(1).map(String::as_str) {
            None => draft.old_unicast_checksum = OldUnicastChecksum::Always,
            Some("never") => draft.old_unicast_checksum = OldUnicastChecksum::Never,
            Some(other) => {
                let text = format!("({}) Unknown old_unicast_chksum mode {other} - ignoring", draft.name);
                parser.report(Fault::General, text);
            }
        }
        Ok(())
    }),
    ("native_ipv6", |draft, _, parser, _| {
        if draft.family == Some(Family::V4) {
            let text = format!("({}) Cannot specify native_ipv6 with IPv4 addresses", draft.name);
            parser.report(Fault::General, text);
        } else {
            draft.family = Some(Family::V6);
            draft.version = Some(3);
        }
        Ok(())
    }),
    ("state", |draft, _, parser, line| {
        let name = &draft.name;
        match line.word(1, parser.reader)? {
            "MASTER" => draft.wants_master = Some(true),
            "BACKUP" if draft.wants_master == Some(true) => {
                let text = format!("({name}) state previously set as MASTER - ignoring BACKUP");
                parser.report(Fault::General, text);
            }
            "BACKUP" => draft.wants_master = Some(false),
            other => {
                let text = format!("({name}) unknown state '{other}', defaulting to BACKUP");
                parser.report(Fault::General, text);
                draft.wants_master = Some(false);
            }
        }
        Ok(())
    }),
    ("interface", interface),
    ("vrf", vrf),
    flag!("dont_track_primary", |draft| draft.dont_track_primary = true),
    track_block!("track_interface"),
    track_block!("track_script"),
    track_block!("track_file"),
    track_block!("track_process"),
    track_block!("track_bfd"),
    ("mcast_src_ip", source_address),
    ("unicast_src_ip", |draft, reading, parser, line| {
        draft.unicast_configured = true;
        source_address(draft, reading, parser, line)
    }),
    ("mcast_dst_ip", multicast_destination),
    ("track_src_ip", |_, _, _, _| Ok(())),
    ("virtual_router_id", |draft, _, parser, line| {
        match unsigned_word(parser, line, 1, 255, Trailing::Refused)? {
            Some(id) => draft.virtual_router_id = Some(id as u8),
            None => {
                let (name, word) = (&draft.name, &line.words[1]);
                let text = format!("({name}): VRID '{word}' not valid - must be between 1 & 255");
                parser.report(Fault::General, text);
            }
        }
        Ok(())
    }),
    ("unicast_ttl", |draft, _, parser, line| {
        match unsigned_word(parser, line, 0, 255, Trailing::Refused)? {
            Some(ttl) => draft.unicast_ttl = Some(ttl as u8),
            None => {
                let (name, word) = (&draft.name, &line.words[1]);
                parser.report(Fault::General, format!("({name}): TTL '{word}' not valid - must be between 0 & 255"));
            }
        }
        Ok(())
    }),
    ("version", version),
    ("priority", |draft, _, parser, line| {
        let priority = unsigned_word(parser, line, 1, 255, Trailing::Refused)?;
        if priority.is_none() {
            let name = &draft.name;
            let text = format!("({name}) Priority not valid! must be between 1 & 255. Using default 100");
            parser.report(Fault::General, text);
        }
        draft.priority = Some(priority.unwrap_or(100) as u8);
        Ok(())
    }),
    ("advert_int", |draft, _, parser, line| {
        let word = line.word(1, parser.reader)?;
        match decimal(parser, word, SECOND_US / 100, 255 * SECOND_US, 6, Trailing::Warned) {
            Some(interval) => draft.advert_interval_us = Some(interval),
            None => {
                let text = format!("({}) Advert interval ({word}) not valid! Must be > 0 - ignoring", draft.name);
                parser.report(Fault::General, text);
            }
        }
        Ok(())
    }),
    ("virtual_ipaddress", |draft, reading, parser, line| virtual_addresses(draft, reading, parser, line, false)),
    ("virtual_ipaddress_excluded", |draft, reading, parser, line| {
        virtual_addresses(draft, reading, parser, line, true)
    }),
    flag!("no_virtual_ipaddress", |draft| draft.no_virtual_address = true),
    flag!("promote_secondaries", |draft| draft.promote_secondaries = true),
    ("linkbeat_use_polling", |draft, _, parser, _| {
        draft.polls_link = true;
        let name = &draft.name;
        let text =
            format!("({name}) 'linkbeat_use_polling' in vrrp instance deprecated - use linkbeat_interfaces block");
        parser.report(Fault::General, text);
        Ok(())
    }),
    named_switch!("v3_checksum_as_v2", |draft, value| draft.v3_checksum_as_v2 = value),
    ("virtual_routes", |draft, reading, parser, line| {
        let mut values = parser.values(line);
        while let Some(line) = values.next(parser) {
            draft.routes.extend(routes::read(reading, parser, &line, false)?);
        }
        Ok(())
    }),
    ("virtual_rules", |draft, reading, parser, line| {
        let mut values = parser.values(line);
        while let Some(line) = values.next(parser) {
            draft.rules.extend(rules::read(reading, parser, &line, false)?);
        }
        Ok(())
    }),
    flag!("accept", |draft| draft.accept = Some(true)),
    flag!("no_accept", |draft| draft.accept = Some(false)),
    // Any valid word sets it, `false` too.
    named_switch!("skip_check_adv_addr", |draft, _value| draft.skip_check_adv_addr = true),
    named_switch!("strict_mode", |draft, value| draft.strict = Some(value)),
    flag!("preempt", |draft| draft.no_preempt = false),
    flag!("nopreempt", |draft| draft.no_preempt = true),
    ("preempt_delay", |draft, _, parser, line| {
        let word = line.word(1, parser.reader)?;
        let delay = decimal(parser, word, 0, 1000 * SECOND_US, 6, Trailing::Warned);
        if delay.is_none() {
            let text = format!("({}) Preempt_delay not valid! must be between 0-1000", draft.name);
            parser.report(Fault::General, text);
        }
        draft.preempt_delay_us = delay.unwrap_or(0);
        Ok(())
    }),
    ("debug", |draft, _, parser, line| {
        match unsigned_word(parser, line, 0, 4, Trailing::Warned)? {
            Some(debug) => draft.debug = debug as u32,
            None => {
                let (name, word) = (&draft.name, &line.words[1]);
                let text = format!("({name}) Debug value '{word}' not valid; must be between 0-4");
                parser.report(Fault::General, text);
            }
        }
        Ok(())
    }),
    notify_line!("notify_backup"),
    notify_line!("notify_master"),
    notify_line!("notify_fault"),
    notify_line!("notify_stop"),
    ("notify_deleted", |draft, reading, parser, line| {
        let owner = format!("({})", draft.name);
        notify::set_deleted(reading, parser, &mut draft.notify, &owner, line)
    }),
    notify_line!("notify"),
    notify_line!("notify_master_rx_lower_pri"),
    ("smtp_alert", |draft, _, parser, line| {
        let complaint = |word: &str| format!("Invalid vrrp_instance smtp_alert parameter {word}");
        if let Some(value) = switch_or_on(parser, line, complaint) {
            draft.smtp_alert = Some(value);
        }
        Ok(())
    }),
    ("notify_priority_changes", |draft, _, parser, line| {
        let name = &draft.name;
        let complaint = |word: &str| format!("({name}) Invalid value '{word}' for notify_priority_changes specified");
        if let Some(value) = switch_or_on(parser, line, complaint) {
            draft.notify_priority_changes = Some(value);
        }
        Ok(())
    }),
    ("lvs_sync_daemon_interface", |draft, _, parser, line| {
        let name = &draft.name;
        let text = format!("({name}) Specifying lvs_sync_daemon_interface against a vrrp is deprecated.");
        parser.report(Fault::General, text);
        let indent = " ".repeat(name.len().saturating_sub(2));
        parser.report(Fault::General, format!("      {indent}Please use global lvs_sync_daemon"));
        line.word(1, parser.reader).map(|_| ())
    }),
    ("garp_master_delay", |draft, _, parser, line| {
        if let Some(delay) =
            number(draft, parser, line, 4294, |word| format!("garp_master_delay '{word}' invalid - ignoring"))?
        {
            draft.garp_delay_us = delay * SECOND_US;
        }
        Ok(())
    }),
    ("garp_master_refresh", |draft, _, parser, line| {
        let refresh =
            number(draft, parser, line, MOST, |word| format!("Invalid garp_master_refresh '{word}' - ignoring"))?;
        draft.garp_refresh_us = refresh.unwrap_or(0) * SECOND_US;
        Ok(())
    }),
    ("garp_master_repeat", |draft, _, parser, line| {
        if let Some(repeat) = repeat(draft, parser, line, "garp_master_repeat")? {
            draft.garp_repeat = repeat;
        }
        Ok(())
    }),
    ("garp_master_refresh_repeat", |draft, _, parser, line| {
        if let Some(repeat) = repeat(draft, parser, line, "garp_master_refresh_repeat")? {
            draft.garp_refresh_repeat = repeat;
        }
        Ok(())
    }),
    ("garp_lower_prio_delay", |draft, _, parser, line| {
        if let Some(delay) =
            number(draft, parser, line, 4294, |word| format!("garp_lower_prio_delay '{word}' invalid - ignoring"))?
        {
            draft.garp_lower_prio_delay_us = Some(delay * SECOND_US);
        }
        Ok(())
    }),
    ("garp_lower_prio_repeat", |draft, _, parser, line| {
        let complaint = |word: &str| format!("Invalid garp_lower_prio_repeat '{word}'");
        if let Some(repeat) = number(draft, parser, line, i32::MAX as u64, complaint)? {
            draft.garp_lower_prio_repeat = Some(repeat as u32);
        }
        Ok(())
    }),
    ("down_timer_adverts", |draft, _, parser, line| {
        match unsigned_word(parser, line, 1, 100, Trailing::Warned)? {
            Some(adverts) => draft.down_timer_adverts = adverts as u32,
            None => {
                let (name, word) = (&draft.name, &line.words[1]);
                parser.report(Fault::General, format!("({name}): Invalid down_timer_adverts [1:100] '{word}'"));
            }
        }
        Ok(())
    }),
    ("timer_expired_backup", timer_expired_backup),
    ("thread_timer_expired", |draft, reading, parser, line| {
        let name = &draft.name;
        let text = format!("({name}) thread_timer_expired - please replace with keyword 'timer_expired_backup'");
        parser.report(Fault::General, text);
        timer_expired_backup(draft, reading, parser, line)
    }),
    ("garp_extra_if", garp_extra_if),
    ("vmac_garp_intvl", |draft, reading, parser, line| {
        let text = "Keyword \"vmac_garp_intvl\" is deprecated - please use \"garp_extra_if\"";
        parser.report(Fault::Deprecated, text);
        garp_extra_if(draft, reading, parser, line)
    }),
    named_switch!("lower_prio_no_advert", |draft, value| draft.lower_prio_no_advert = Some(value)),
    named_switch!("higher_prio_send_advert", |draft, value| draft.higher_prio_send_advert = Some(value)),
    named_switch!("owner_ignore_adverts", |draft, value| draft.owner_ignore_adverts = Some(value)),
    ("kernel_rx_buf_size", |draft, _, parser, line| {
        let size = match &line.words[..] {
            [_, word] => unsigned(parser, word, 0, MOST, Trailing::Refused),
            _ => None,
        };
        match size {
            Some(size) => draft.receive_buffer_size = size as u32,
            None => parser.report(Fault::General, format!("({}) invalid kernel_rx_buf_size specified", draft.name)),
        }
        Ok(())
    }),
    ("authentication", |_, _, _, _| Ok(())),
    ("auth_hmac", |draft, _, _, _| {
        draft.auth_hmac.get_or_insert_with(HmacDraft::default);
        Ok(())
    }),
];
