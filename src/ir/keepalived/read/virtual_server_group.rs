//! `virtual_server_group`: addresses, ranges of them, and firewall marks.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::virtual_server::{AddressRange, GroupMark, VirtualServerGroup};

use super::Reading;
use super::value::{Trailing, server_address, socket_address, unsigned};

/// Reads the whole block.
pub(super) fn read(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let name = line.word(1, parser.reader)?.to_owned();
    let mut group = VirtualServerGroup { name, addresses: Vec::new(), marks: Vec::new() };
    // keepalived looks at the words behind the name for a keyword to complain with, and finds none.
    let nameless = Line::default();
    if line.len() > 2 {
        nameless.word(0, parser.reader)?;
    }
    let mut values = parser.values(&nameless);
    loop {
        let line = values.next(parser);
        if values.lacks_open() {
            nameless.word(0, parser.reader)?;
        }
        let Some(line) = line else { break };
        if line.words[0] == "fwmark" {
            mark(&mut group, parser, &line)?;
        } else {
            group.addresses.extend(addresses(parser, &line));
        }
    }
    let name = &group.name;
    if group.addresses.is_empty() && group.marks.is_empty() {
        parser.report(Fault::General, format!("virtual server group {name} has no entries - removing"));
    } else if group.has(Family::V4) && group.has(Family::V6) && group.has_mark_without_family() {
        let text = format!("virtual server group {name} cannot have IPv4, IPv6 and fwmark without family - removing");
        parser.report(Fault::General, text);
    } else {
        reading.checker.groups.push(group);
    }
    Ok(())
}

fn mark(group: &mut VirtualServerGroup, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let name = &group.name;
    let Some(mark) = unsigned(parser, word, 0, u32::MAX.into(), Trailing::Warned) else {
        let text = format!("({name}): fwmark '{word}' must be in [0, {}] - ignoring", u32::MAX);
        parser.report(Fault::General, text);
        return Ok(());
    };
    let family = match line.words.get(2).map(String::as_str) {
        None => None,
        Some("inet") => Some(Family::V4),
        Some("inet6") => Some(Family::V6),
        Some(other) => {
            parser.report(Fault::General, format!("({name}): fwmark '{mark}' family {other} unknown - ignoring"));
            return Ok(());
        }
    };
    group.marks.push(GroupMark { mark: mark as u32, family });
    Ok(())
}

fn addresses(parser: &mut Parser<'_, '_>, line: &Line) -> Option<AddressRange> {
    let text = &line.words[0];
    // Port 0 is as none.
    let port = line.words.get(1).map(String::as_str).filter(|port| port.bytes().any(|digit| digit != b'0'));
    let Some(start) = server_address(parser, text, port) else {
        let shown = port.map(|port| format!("/{port}")).unwrap_or_default();
        let title = if port.is_some() { "/port" } else { "" };
        // The original's blank stands between address and what describes it.
        let text = format!("Invalid virtual server group IP address {text} {title}{shown} - skipping");
        parser.report(Fault::General, text);
        return None;
    };
    let first = start.ip();
    let last = match last_address(parser, text, first)? {
        Ok(last) => last,
        Err(complaint) => {
            parser.report(Fault::General, format!("{complaint} - skipping"));
            return None;
        }
    };
    Some(AddressRange { first, last, port: start.port() })
}

/// The end of the range; `None` where that has been complained about already.
fn last_address(parser: &mut Parser<'_, '_>, text: &str, first: IpAddr) -> Option<Result<IpAddr, String>> {
    if let Some((_, length)) = text.split_once('/') {
        return Some(network_end(text, first, length));
    }
    let Some((_, end)) = text.split_once('-') else { return Some(Ok(first)) };
    if end.contains(if first.is_ipv4() { '.' } else { ':' }) {
        return Some(match socket_address(end) {
            None => Err(format!("Invalid range end {text}")),
            Some(last) if last.is_ipv4() != first.is_ipv4() => {
                Err(format!("Range address families do not match {text}"))
            }
            Some(last) if last < first => Err(format!("Address range end is less than address range start - {text}")),
            Some(last) => Ok(last),
        });
    }
    let end = range_end(parser, text, end, first.is_ipv4())?;
    let (last, start) = match first {
        IpAddr::V4(first) => {
            let [a, b, c, d] = first.octets();
            (IpAddr::V4(Ipv4Addr::new(a, b, c, end as u8)), u16::from(d))
        }
        IpAddr::V6(first) => {
            let mut segments = first.segments();
            let start = std::mem::replace(&mut segments[7], end);
            (IpAddr::V6(Ipv6Addr::from(segments)), start)
        }
    };
    if start >= end {
        return Some(Err(format!("Address range end is not greater than address range start - {text}")));
    }
    Some(Ok(last))
}

fn network_end(text: &str, first: IpAddr, length: &str) -> Result<IpAddr, String> {
    let most = if first.is_ipv4() { 32 } else { 128 };
    let length: u32 = length
        .parse()
        .ok()
        .filter(|length| (1..=most).contains(length))
        .ok_or_else(|| format!("Invalid netmask - {text}"))?;
    let empty = || format!("Address mask bits not empty - {text}");
    Ok(match first {
        IpAddr::V4(first) => {
            let host = u32::MAX.checked_shr(length).unwrap_or(0);
            if first.to_bits() & host != 0 {
                return Err(empty());
            }
            IpAddr::V4(Ipv4Addr::from_bits(first.to_bits() | host))
        }
        IpAddr::V6(first) => {
            let host = u128::MAX.checked_shr(length).unwrap_or(0);
            if first.to_bits() & host != 0 {
                return Err(empty());
            }
            IpAddr::V6(Ipv6Addr::from_bits(first.to_bits() | host))
        }
    })
}

/// The last part of an address alone: decimal for IPv4, hexadecimal for IPv6.
fn range_end(parser: &mut Parser<'_, '_>, text: &str, end: &str, is_ipv4: bool) -> Option<u16> {
    let radix = if is_ipv4 { 10 } else { 16 };
    let split = end.find(|c: char| !c.is_digit(radix)).unwrap_or(end.len());
    let (digits, rest) = end.split_at(split);
    let value = u64::from_str_radix(digits, radix).unwrap_or(if digits.is_empty() { 0 } else { u64::MAX });
    if !rest.is_empty() {
        let warn = if parser.testing { "" } else { "WARNING - " };
        let complaint = format!("{warn}Virtual server group range '{text}' has extra characters at end '{rest}'");
        parser.report(Fault::InvalidNumber, complaint);
        return if parser.testing { None } else { u16::try_from(value).ok() };
    }
    if value > if is_ipv4 { 255 } else { 0xffff } {
        let complaint = format!("Virtual server group range '{text}' end '{end}' too large");
        parser.report(Fault::InvalidNumber, complaint);
        return None;
    }
    Some(value as u16)
}
