//! The longer setters of `vrrp_instance`: addresses, interfaces, versions.

use std::collections::HashSet;
use std::net::IpAddr;

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::addresses::VirtualAddress;
use crate::ir::keepalived::instance::UnicastPeer;

use super::instance_draft::Draft;
use super::value::{Trailing, signed, socket_address, unsigned, unsigned_word};
use super::{Reading, addresses};

const SECOND_US: u64 = 1_000_000;
const MOST: u64 = u32::MAX as u64;

/// A number with a complaint that opens with the instance's name.
pub(super) fn number(
    draft: &Draft,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    most: u64,
    complaint: impl FnOnce(&str) -> String,
) -> Result<Option<u64>, Stop> {
    let value = unsigned_word(parser, line, 0, most, Trailing::Warned)?;
    if value.is_none() {
        parser.report(Fault::General, format!("({}): {}", draft.name, complaint(&line.words[1])));
    }
    Ok(value)
}

pub(super) fn repeat(draft: &Draft, parser: &mut Parser<'_, '_>, line: &Line, name: &str) -> Result<Option<u32>, Stop> {
    let value = number(draft, parser, line, MOST, |word| format!("{name} '{word}' invalid - ignoring"))?;
    if value == Some(0) {
        let text = format!("({}): {name} must be greater than 0, setting to 1", draft.name);
        parser.report(Fault::General, text);
    }
    Ok(value.map(|value| value.max(1) as u32))
}

pub(super) fn unicast_peer(draft: &mut Draft, parser: &mut Parser<'_, '_>, line: &Line) {
    let (name, word) = (&draft.name, &line.words[0]);
    let Some(address) = socket_address(word) else {
        let text =
            format!("Configuration error: VRRP instance[{name}] malformed unicast peer address[{word}]. Skipping...");
        parser.report(Fault::General, text);
        return;
    };
    if *draft.family.get_or_insert(Family::of(address)) != Family::of(address) {
        let text = format!(
            "Configuration error: VRRP instance[{name}] and unicast peer address[{word}] MUST be of the same family \
             !!! Skipping..."
        );
        parser.report(Fault::General, text);
        return;
    }
    let mut peer = UnicastPeer { address, min_ttl: 0, max_ttl: 255 };
    for pair in line.words[1..].chunks(2) {
        let [option, value] = pair else {
            parser.report(Fault::General, format!("({name}) {word} - {} is missing a value", pair[0]));
            break;
        };
        let Some(ttl) = unsigned(parser, value, 0, 255, Trailing::Refused) else { continue };
        match option.as_str() {
            "min_ttl" => peer.min_ttl = ttl as u8,
            "max_ttl" => peer.max_ttl = ttl as u8,
            _ => {
                parser.report(Fault::General, format!("({name}) {word} - unknown unicast_peer option {option}"));
                break;
            }
        }
        draft.check_unicast_src = true;
    }
    if draft.unicast_peers.iter().any(|known| known.address == address) {
        // 2.2.7 took it twice; the advert went out twice, which helps nobody.
        parser.report(Fault::Notice, format!("({name}) {word} - duplicate unicast_peer"));
        return;
    }
    if peer.min_ttl > peer.max_ttl {
        let text = format!(
            "({name}) {word} - min_ttl {} > max_ttl {} - all packets will be discarded",
            peer.min_ttl, peer.max_ttl
        );
        parser.report(Fault::General, text);
    }
    draft.unicast_peers.push(peer);
}

pub(super) fn interface(
    draft: &mut Draft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    if word.len() >= 16 {
        parser.report(Fault::General, format!("Interface name '{word}' too long - ignoring"));
        return Ok(());
    }
    draft.interface = None;
    if !reading.may_use_interface(parser, word) {
        let text = format!("WARNING - interface {word} for vrrp_instance {} doesn't exist", draft.name);
        parser.report(Fault::General, text);
    } else if reading.system.interface(word).is_some_and(|interface| interface.loopback) {
        let text = format!("({}) cannot use a loopback interface ({word}) for vrrp - ignoring", draft.name);
        parser.report(Fault::General, text);
    } else {
        draft.interface = Some(word.to_owned());
    }
    Ok(())
}

pub(super) fn vrf(
    draft: &mut Draft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let name = &draft.name;
    let text = if word.len() >= 16 {
        format!("({name}) VRF interface name '{word}' too long - ignoring")
    } else if draft.interface.is_some() {
        format!("({name}) Cannot specify VRF interface and interface - ignoring")
    } else if let Some(known) = &draft.vrf {
        format!("({name}) VRF interface already specified as '{known}' - ignoring")
    } else if !reading.may_use_interface(parser, word) {
        format!("({name}) WARNING - VRF interface {word} doesn't exist")
    } else if reading.system.interface(word).is_some_and(|interface| interface.loopback) {
        format!("({name}) cannot use a loopback interface ({word}) for VRF - ignoring")
    } else {
        draft.vrf = Some(word.to_owned());
        return Ok(());
    };
    parser.report(Fault::General, text);
    Ok(())
}

pub(super) fn source_address(
    draft: &mut Draft,
    _: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let name = &draft.name;
    let Some(address) = socket_address(word) else {
        let text = format!("Configuration error: VRRP instance[{name}] malformed src address[{word}]. Skipping...");
        parser.report(Fault::General, text);
        return Ok(());
    };
    if *draft.family.get_or_insert(Family::of(address)) == Family::of(address) {
        draft.source_address = Some(address);
    } else {
        let text = format!(
            "Configuration error: VRRP instance[{name}] and src address[{word}] MUST be of the same family !!! \
             Skipping..."
        );
        parser.report(Fault::General, text);
        draft.source_address = None;
    }
    Ok(())
}

pub(super) fn multicast_destination(
    draft: &mut Draft,
    _: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let name = &draft.name;
    let Some(address) = socket_address(word) else {
        let text = format!("({name}) malformed mcast dest address {word}. Skipping...");
        parser.report(Fault::General, text);
        return Ok(());
    };
    draft.multicast_destination = Some(address);
    if *draft.family.get_or_insert(Family::of(address)) != Family::of(address) {
        let text = format!("({name}) mcast dest address {word} MUST match VRRP instance family. Skipping...");
        parser.report(Fault::General, text);
        draft.multicast_destination = None;
        return Ok(());
    }
    let (sound, kind) = match address {
        IpAddr::V4(address) => (address.is_multicast(), ""),
        IpAddr::V6(address) => (address.segments()[0] & 0xff0f == 0xff02, " link-local"),
    };
    if !sound {
        parser.report(Fault::General, format!("({name}) mcast_dst_ip {word} not{kind} multicast. Skipping..."));
        draft.multicast_destination = None;
    }
    Ok(())
}

pub(super) fn version(
    draft: &mut Draft,
    _: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let name = &draft.name;
    let Some(version) = signed(parser, word, 2, 3, Trailing::Warned) else {
        parser.report(Fault::General, format!("({name}): Version must be either 2 or 3"));
        return Ok(());
    };
    let version = version as u8;
    let conflict = draft.version.is_some_and(|known| known != version);
    if conflict || version == 2 && draft.family == Some(Family::V6) {
        let known = draft.version.unwrap_or(0);
        let text =
            format!("({name}) vrrp_version {version} conflicts with configured or deduced version {known}; ignoring.");
        parser.report(Fault::General, text);
    } else {
        draft.version = Some(version);
    }
    Ok(())
}

pub(super) fn virtual_addresses(
    draft: &mut Draft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    excluded: bool,
) -> Result<(), Stop> {
    // Most addresses are new, and there may be very many: only what was seen before is looked for.
    let known = draft.addresses.iter().chain(&draft.excluded_addresses);
    let mut seen: HashSet<IpAddr> = known.map(|known| known.prefix.address).collect();
    let mut values = parser.values(line);
    while let Some(line) = values.next(parser) {
        let Some(address) = addresses::read(reading, parser, &line, false)?.map(|read| read.address) else { continue };
        let word = &line.words[0];
        let name = &draft.name;
        let family = Family::of(address.prefix.address);
        if !excluded && *draft.family.get_or_insert(family) != family {
            let text = format!("({name}): address family must match VRRP instance [{word}] - ignoring");
            parser.report(Fault::General, text);
            continue;
        }
        let kind = match seen.insert(address.prefix.address) {
            true => None,
            false => duplicate_of(draft, &address, excluded),
        };
        let Some(kind) = kind else {
            let list = if excluded { &mut draft.excluded_addresses } else { &mut draft.addresses };
            list.push(address);
            continue;
        };
        let title = if excluded { "Excluded " } else { "" };
        // 2.2.7 passed over it in silence, so it is told and is no fault.
        parser.report(Fault::Notice, format!("({name}): {title}VIP duplicates {kind} {word} - ignoring"));
    }
    Ok(())
}

/// What an address repeats, if it repeats one.
fn duplicate_of(draft: &Draft, address: &VirtualAddress, excluded: bool) -> Option<&'static str> {
    let same = |known: &&VirtualAddress| known.prefix.address == address.prefix.address;
    let twice = draft.addresses.iter().find(same).filter(|known| !excluded || known.interface == address.interface);
    let twice_excluded =
        draft.excluded_addresses.iter().find(same).filter(|known| known.interface == address.interface);
    twice.map(|_| "a VIP").or(twice_excluded.map(|_| "an excluded VIP"))
}

pub(super) fn timer_expired_backup(
    draft: &mut Draft,
    _: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    let value = match line.words.get(1) {
        None => Some(254),
        Some(word) => unsigned(parser, word, 1, 254, Trailing::Refused).and_then(|value| u8::try_from(value).ok()),
    };
    match value {
        Some(_) => draft.timer_expired_backup = value,
        None => {
            let name = &draft.name;
            let text =
                format!("({name}) timer_expired_backup highest_other_priority not valid! must be between 1 & 254");
            parser.report(Fault::General, text);
        }
    }
    Ok(())
}

pub(super) fn garp_extra_if(
    draft: &mut Draft,
    _: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    let keyword = &line.words[0];
    let name = &draft.name;
    let mut delay = None;
    for word in &line.words[1..] {
        if word == "all" {
            draft.garp_extra_all = true;
            continue;
        }
        delay = unsigned(parser, word, 0, 86400, Trailing::Warned);
        if delay.is_none() {
            parser.report(Fault::General, format!("({name}): {keyword} '{word}' invalid - ignoring"));
            return Ok(());
        }
    }
    match delay {
        None => parser.report(Fault::General, format!("({name}): {keyword} specified without time - ignoring")),
        Some(delay) => draft.garp_extra_us = Some(delay * SECOND_US),
    }
    Ok(())
}
