//! `use_vmac` and `use_ipvlan` of an instance.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::instance::{Ipvlan, IpvlanMode};
use crate::ir::keepalived::system::RouteNames;
use crate::wire::netlink::link::OwnKind;

use super::instance_draft::{Draft, VmacDraft};
use super::{Reading, addresses, value};

/// The rule of the kernel for names of interfaces.
fn is_interface_name(name: &str) -> bool {
    !name.is_empty()
        && name.len() < 16
        && !matches!(name, "." | "..")
        && !name.contains(|c: char| matches!(c, '/' | ':') || c.is_ascii_whitespace())
}

/// The instance that already uses a name for its own interface.
fn owner_of<'r>(reading: &'r Reading<'_>, name: &str) -> Option<&'r str> {
    let taken = |draft: &&Draft| {
        let ipvlan = draft.vmac.ipvlan.as_ref().and_then(|ipvlan| ipvlan.interface.as_deref());
        draft.vmac.interface.as_deref() == Some(name) || ipvlan == Some(name)
    };
    reading.vrrp.instances.iter().find(taken).map(|draft| draft.name.as_str())
}

pub(super) fn use_vmac(
    draft: &mut Draft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    draft.vmac.enabled = true;
    let mut index = 1;
    while let Some(word) = line.words.get(index) {
        index += 1;
        let word = match word.as_str() {
            mac if mac.contains(':') => {
                vmac_address(&mut draft.vmac, parser, mac);
                continue;
            }
            "netlink_notify_msg" => {
                draft.vmac.netlink_notify = true;
                continue;
            }
            "group" => {
                let name = line.word(index, parser.reader)?;
                index += 1;
                match reading.route_number(RouteNames::InterfaceGroup, name, u32::MAX) {
                    Some(group) => draft.vmac.group = Some(group),
                    None => parser.report(Fault::General, format!("VMAC group {name} not found")),
                }
                continue;
            }
            "name" => {
                index += 1;
                line.word(index - 1, parser.reader)?
            }
            word => word,
        };
        if draft.vmac.interface.is_some() {
            parser.report(Fault::General, "VMAC interface name already specified");
        } else if !is_interface_name(word) {
            let text = format!("VMAC interface name '{word}' too long or invalid characters - ignoring");
            parser.report(Fault::General, text);
        } else if let Some(owner) = owner_of(reading, word) {
            let name = &draft.name;
            let text = format!("({name}) VRRP instance {owner} is already using {word} - ignoring name");
            parser.report(Fault::General, text);
        } else if reading.system.is_of_another_kind(word, OwnKind::PrivateMacvlan) {
            let name = &draft.name;
            let text =
                format!("({name}) interface {word} already exists and is not a private macvlan; ignoring vmac if_name");
            parser.report(Fault::General, text);
        } else {
            draft.vmac.interface = Some(word.to_owned());
        }
    }
    Ok(())
}

/// A MAC address of six bytes, or of five to which the virtual router's number is added.
fn vmac_address(vmac: &mut VmacDraft, parser: &mut Parser<'_, '_>, word: &str) {
    if vmac.mac.is_some() {
        parser.report(Fault::General, "VMAC interface address already specified");
        return;
    }
    if word.contains(|c: char| !c.is_ascii_hexdigit() && c != ':') {
        parser.report(Fault::General, format!("VMAC invalid MAC address {word}"));
        return;
    }
    let parts: Vec<&str> =
        word.strip_suffix(':').filter(|rest| rest.matches(':').count() == 4).unwrap_or(word).split(':').collect();
    let bytes: Option<Vec<u8>> = parts.iter().map(|part| u8::from_str_radix(part, 16).ok()).collect();
    let Some(bytes) = bytes.filter(|bytes| matches!(bytes.len(), 5 | 6)) else {
        parser.report(Fault::General, format!("VMAC invalid MAC address {word} - ignored"));
        return;
    };
    let mut mac = [0; 6];
    mac[..bytes.len()].copy_from_slice(&bytes);
    if mac[0] & 1 != 0 {
        parser.report(Fault::General, format!("VMAC MAC address is multicast {word} - ignoring"));
    } else if mac[..4] == [0, 0, 0x5e, 0] && matches!(mac[4], 1 | 2) {
        let text = format!("VMAC MAC address not allowed to be RFC5798 address ({word}) - ignoring");
        parser.report(Fault::General, text);
    } else {
        vmac.mac = Some(mac);
        vmac.mac_ends_with_id = bytes.len() == 5;
    }
}

pub(super) fn use_ipvlan(
    draft: &mut Draft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
) -> Result<(), Stop> {
    if draft.vmac.ipvlan.is_some() {
        parser.report(Fault::General, format!("({}) use_ipvlan already specified", draft.name));
        return Ok(());
    }
    let mut ipvlan = Ipvlan { interface: None, address: None, mode: IpvlanMode::Bridge, group: None };
    let mut has_mode = false;
    let mut index = 1;
    while let Some(word) = line.words.get(index) {
        index += 1;
        let name = &draft.name;
        let mode = match word.as_str() {
            "bridge" => Some(IpvlanMode::Bridge),
            "private" => Some(IpvlanMode::Private),
            "vepa" => Some(IpvlanMode::Vepa),
            _ => None,
        };
        if let Some(mode) = mode {
            if has_mode {
                let text = format!("({name}) ipvlan type already specified - ignoring '{word}'");
                parser.report(Fault::General, text);
            } else {
                (ipvlan.mode, has_mode) = (mode, true);
            }
            continue;
        }
        if word == "group" {
            let group = line.word(index, parser.reader)?;
            index += 1;
            match reading.route_number(RouteNames::InterfaceGroup, group, u32::MAX) {
                Some(number) => ipvlan.group = Some(number),
                None => parser.report(Fault::General, format!("ipvlan group {group} not found")),
            }
            continue;
        }
        let mut word = word.as_str();
        if word == "name" {
            word = line.word(index, parser.reader)?;
            index += 1;
        } else if value::socket_address(word).is_some() {
            ipvlan_address(draft, parser, &mut ipvlan, word);
            continue;
        }
        if ipvlan.interface.is_some() {
            let text = format!("({name}) IPVLAN interface already specified - ignoring '{word}'");
            parser.report(Fault::General, text);
        } else if word.len() >= 16 {
            parser.report(Fault::General, format!("({name}) IPVLAN interface name '{word}' too long - ignoring"));
        } else if let Some(owner) = owner_of(reading, word) {
            let text = format!("({name}) VRRP instance {owner} is already using {word} - ignoring name");
            parser.report(Fault::General, text);
        } else if reading.system.is_of_another_kind(word, OwnKind::LayerTwoIpvlan) {
            let text =
                format!("({name}) interface {word} already exists and is not an l2 ipvlan; ignoring ipvlan if_name");
            parser.report(Fault::General, text);
        } else {
            ipvlan.interface = Some(word.to_owned());
        }
    }
    draft.vmac.ipvlan = Some(ipvlan);
    Ok(())
}

/// The address of an ipvlan interface is the instance's source address too.
fn ipvlan_address(draft: &mut Draft, parser: &mut Parser<'_, '_>, ipvlan: &mut Ipvlan, word: &str) {
    let Some(prefix) = addresses::prefix(parser, word, true) else { return };
    let name = &draft.name;
    if ipvlan.address.is_some() {
        parser.report(Fault::General, format!("({name}) ipvlan address already specified - ignoring '{word}'"));
        return;
    }
    if *draft.family.get_or_insert(Family::of(prefix.address)) != Family::of(prefix.address) {
        let text = format!("({name}) ipvlan address[{word}] MUST match vrrp instance family !!! Skipping...");
        parser.report(Fault::General, text);
        return;
    }
    ipvlan.address = Some(prefix);
    draft.source_address.get_or_insert(prefix.address);
}
