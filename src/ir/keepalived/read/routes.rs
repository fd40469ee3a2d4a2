//! Lines of `virtual_routes` and `static_routes`.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::routes::{Encapsulation, Insertion, NextHop, Route, RouteMetric};
use crate::ir::keepalived::system::RouteNames;

use super::Reading;
use super::addresses::prefix;
use super::route_words::{End, PROTOCOL_KEEPALIVED, destination, drop_with, kind, realms};
use super::value::{Trailing, address, decimal, unsigned};

const MOST: u64 = u32::MAX as u64;

/// The numbers of the metrics in rtnetlink, and whether `lock` may stand before the value.
const METRICS: [(&str, u16, bool); 16] = [
    ("mtu", 2, true),
    ("window", 3, false),
    ("rtt", 4, true),
    ("rttvar", 5, true),
    ("ssthresh", 6, true),
    ("cwnd", 7, true),
    ("advmss", 8, true),
    ("reordering", 9, true),
    ("hoplimit", 10, false),
    ("initcwnd", 11, false),
    ("features", 12, false),
    ("rto_min", 13, true),
    ("initrwnd", 14, false),
    ("quickack", 15, false),
    ("congctl", 16, true),
    ("fastopen_no_cookie", 17, false),
];

struct Draft<'l> {
    line: &'l Line,
    index: usize,
    route: Route,
    family: Option<Family>,
    has_destination: bool,
    protocol: Option<u8>,
}

/// Reads one line; `None` if the route is dropped.
pub(super) fn read(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    is_static: bool,
) -> Result<Option<Route>, Stop> {
    let route = Route { kind: 1, table: 254, tracked: true, ..Route::default() };
    let mut draft = Draft { line, index: 0, route, family: None, has_destination: false, protocol: None };
    match draft.read(reading, parser, is_static) {
        Ok(()) => Ok(Some(draft.route)),
        Err(End::Dropped) => Ok(None),
        Err(End::Stopped(stop)) => Err(stop),
    }
}

impl<'l> Draft<'l> {
    fn value(&mut self, parser: &mut Parser<'_, '_>) -> Result<&'l str, End> {
        self.index += 1;
        Ok(self.line.word(self.index, parser.reader)?)
    }

    fn read(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, is_static: bool) -> Result<(), End> {
        while let Some(word) = self.line.words.get(self.index) {
            if word == "nexthop" {
                if self.route.nexthops.is_empty() {
                    self.nexthops(reading, parser)?;
                    break;
                }
                let text = "Cannot specify nexthops with \"or\" route";
                parser.report(Fault::General, text);
                return drop_with(parser, "Route has trailing nonsense - nexthop");
            }
            if word == "track_group" && is_static {
                self.track_group(reading, parser)?;
            } else {
                self.word(reading, parser, word)?;
            }
            self.index += 1;
        }
        self.finish(parser)
    }

    fn word(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        if let Some(&(name, number, may_lock)) = METRICS.iter().find(|(name, ..)| *name == word) {
            return self.metric(parser, name, number, may_lock);
        }
        match word {
            "inet" | "inet6" => self.family_word(parser, word)?,
            "src" => {
                let value = self.value(parser)?;
                let Some(prefix) = prefix(parser, value, false) else {
                    return drop_with(parser, format!("invalid route src address {value}"));
                };
                self.same_family(parser, Family::of(prefix.address))?;
                self.route.preferred_source = Some(prefix.address);
            }
            "as" => {
                if self.value(parser)? == "to" {
                    self.index += 1;
                }
                parser.report(Fault::General, "\"as to\" for MPLS only - ignoring");
            }
            "via" | "gw" => {
                if word == "gw" {
                    parser.report(Fault::General, "\"gw\" for routes is deprecated. Please use \"via\"");
                }
                self.via(parser)?;
            }
            "from" => self.from(parser)?,
            "tos" | "dsfield" | "table" | "protocol" | "scope" => self.named_number(reading, parser, word)?,
            "metric" | "priority" | "preference" => {
                self.route.metric =
                    Some(self.number(parser, MOST, |value| format!("Invalid metric {value} specified for route"))?);
            }
            "dev" | "oif" => {
                let value = self.value(parser)?;
                if !reading.may_use_interface(parser, value) {
                    let text = format!("WARNING - interface {value} for VROUTE nexthop doesn't exist");
                    return drop_with(parser, text);
                }
                self.route.interface = Some(value.to_owned());
            }
            "onlink" => self.route.onlink = true,
            "encap" => self.route.encapsulation = self.encapsulation(parser)?,
            "add" => self.route.insertion = Insertion::Add,
            "prepend" => self.route.insertion = Insertion::Prepend,
            "append" => self.route.insertion = Insertion::Append,
            "or" => self.or(parser)?,
            "no_track" => self.route.tracked = false,
            "vrf" => {
                let value = self.value(parser)?;
                if reading.system.interface(value).is_none() {
                    return drop_with(parser, format!("VRF {value} not found for route"));
                }
                match reading.system.vrf_table(value) {
                    Some(table) => self.route.table = table,
                    None => return drop_with(parser, format!("Route specified VRF {value} is not a VRF")),
                }
            }
            _ => return self.rare_word(reading, parser, word),
        }
        Ok(())
    }

    /// A number that iproute2 may have a name for.
    fn named_number(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        let value = self.value(parser)?;
        let (names, most, complaint) = match word {
            "table" => (RouteNames::Table, u32::MAX, format!("Routing table {value} not found for route")),
            "protocol" => (RouteNames::Protocol, 255, format!("Protocol {value} not found or invalid for route")),
            "scope" => (RouteNames::Scope, 255, format!("Scope {value} not found or invalid for route")),
            _ => (RouteNames::TrafficClass, 255, format!("TOS value {value} is invalid")),
        };
        let Some(number) = reading.route_number(names, value, most) else { return drop_with(parser, complaint) };
        match word {
            "table" => self.route.table = number,
            "protocol" => self.protocol = Some(number as u8),
            "scope" => self.route.scope = number as u8,
            _ => self.route.tos = number as u8,
        }
        Ok(())
    }

    fn rare_word(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        match word {
            "expires" => {
                self.only_v6(parser, "expires")?;
                let expires =
                    self.number(parser, MOST, |value| format!("Invalid expires time {value} specified for route"))?;
                self.route.expires_s = Some(expires);
            }
            "realms" => {
                let value = self.value(parser)?;
                match realms(reading, value) {
                    Some(realms) => self.route.realms = Some(realms),
                    None => return drop_with(parser, format!("Invalid realms {value} for route")),
                }
                if self.family == Some(Family::V6) {
                    return drop_with(parser, "realms are only valid for IPv4");
                }
                self.family = Some(Family::V4);
            }
            "pref" => {
                self.only_v6(parser, "pref")?;
                let value = self.value(parser)?;
                self.route.preference = Some(match value {
                    "low" => 3,
                    "medium" => 0,
                    "high" => 1,
                    _ => {
                        self.index -= 1;
                        self.number(parser, 255, |value| format!("Invalid pref value {value} specified for route"))?
                            as u8
                    }
                });
            }
            "ttl-propagate" => match self.value(parser)? {
                "enabled" => self.route.ttl_propagate = Some(true),
                "disabled" => self.route.ttl_propagate = Some(false),
                other => parser.report(Fault::General, format!("ttl-propagate value {other} not recognised")),
            },
            _ => self.destination(parser, word)?,
        }
        Ok(())
    }

    fn family_word(&mut self, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        let (family, other) = if word == "inet" { (Family::V4, "IPv6") } else { (Family::V6, "IPv4") };
        if *self.family.get_or_insert(family) != family {
            return drop_with(parser, format!("{word} specified for {other} route"));
        }
        // The original steps twice here: the word behind is not looked at.
        self.index += 1;
        Ok(())
    }

    fn same_family(&mut self, parser: &mut Parser<'_, '_>, family: Family) -> Result<(), End> {
        if *self.family.get_or_insert(family) != family {
            return drop_with(parser, "Cannot mix IPv4 and IPv6 addresses for route");
        }
        Ok(())
    }

    fn only_v6(&mut self, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        if self.family == Some(Family::V4) {
            return drop_with(parser, format!("{word} is only valid for IPv6"));
        }
        self.family = Some(Family::V6);
        Ok(())
    }

    fn via(&mut self, parser: &mut Parser<'_, '_>) -> Result<(), End> {
        let mut value = self.value(parser)?;
        let named = match value {
            "inet" => Some(Family::V4),
            "inet6" => Some(Family::V6),
            _ => None,
        };
        if let Some(family) = named {
            value = self.value(parser)?;
            self.same_family(parser, family)?;
        }
        let Some(prefix) = prefix(parser, value, false) else {
            return drop_with(parser, format!("invalid route via address {value}"));
        };
        self.same_family(parser, Family::of(prefix.address))?;
        self.route.via = Some(prefix.address);
        Ok(())
    }

    fn from(&mut self, parser: &mut Parser<'_, '_>) -> Result<(), End> {
        let value = self.value(parser)?;
        let Some((source, family)) = destination(parser, value) else {
            return drop_with(parser, format!("invalid route from address {value}"));
        };
        if family != Some(Family::V6) {
            return drop_with(parser, format!("route from address only supported with IPv6 ({value})"));
        }
        self.same_family(parser, Family::V6)?;
        self.route.source = source;
        Ok(())
    }

    fn number(
        &mut self,
        parser: &mut Parser<'_, '_>,
        most: u64,
        complaint: impl FnOnce(&str) -> String,
    ) -> Result<u32, End> {
        let value = self.value(parser)?;
        match unsigned(parser, value, 0, most, Trailing::Refused) {
            Some(number) => Ok(number as u32),
            None => drop_with(parser, complaint(value)),
        }
    }

    fn metric(&mut self, parser: &mut Parser<'_, '_>, name: &str, number: u16, may_lock: bool) -> Result<(), End> {
        let locked = may_lock && self.line.words.get(self.index + 1).is_some_and(|word| word == "lock");
        self.index += usize::from(locked);
        let value = match name {
            "congctl" => {
                self.route.congestion_control = Some(self.value(parser)?.to_owned());
                self.route.congestion_control_locked = locked;
                return Ok(());
            }
            "features" => {
                let word = self.value(parser)?;
                if word != "ecn" {
                    parser.report(Fault::General, format!("feature {word} not supported"));
                    return Ok(());
                }
                1
            }
            "rtt" => self.time(parser, 8, "rtt", |value| format!("Invalid rtt {value} for route"))?,
            "rttvar" => self.time(parser, 4, "rtt", |value| format!("Invalid rttvar {value} for route"))?,
            "rto_min" => {
                self.time(parser, 1, "rto", |value| format!("Invalid rto_min value {value} specified for route"))?
            }
            "mtu" => self.number(parser, MOST, |value| format!("Invalid MTU {value} specified for route"))?,
            "advmss" | "hoplimit" => {
                let most = if name == "hoplimit" { 255 } else { MOST };
                self.number(parser, most, |value| format!("Invalid {name} {value} specified for route"))?
            }
            _ => {
                let most = if matches!(name, "quickack" | "fastopen_no_cookie") { 1 } else { MOST };
                self.number(parser, most, |value| format!("Invalid {name} value {value} specified for route"))?
            }
        };
        self.route.metrics.push(RouteMetric { number, locked, value });
        Ok(())
    }

    /// A time in seconds, milliseconds or the kernel's own unit.
    fn time(
        &mut self,
        parser: &mut Parser<'_, '_>,
        per_millisecond: u32,
        kind: &str,
        complaint: impl FnOnce(&str) -> String,
    ) -> Result<u32, End> {
        const MOST_MS: u32 = 120_000;
        const LEAST_MS: u32 = 200;
        let word = self.value(parser)?;
        let lower = word.to_ascii_lowercase();
        let (digits, places, raw) = match lower.find('s') {
            None => (lower.as_str(), 0, true),
            Some(at) if !matches!(&lower[at..], "s" | "sec" | "secs") => return drop_with(parser, complaint(word)),
            Some(at) => match lower[..at].strip_suffix('m') {
                Some(milliseconds) => (milliseconds, 0, false),
                None => (&lower[..at], 3, false),
            },
        };
        let (least, most) = (LEAST_MS * per_millisecond, MOST_MS * per_millisecond);
        let value = match digits.is_empty() || digits.contains('e') {
            true => None,
            false => decimal(parser, digits, 0, u64::from(most), places, Trailing::Refused),
        };
        let Some(value) = value else { return drop_with(parser, complaint(word)) };
        let value = if raw { value as u32 } else { (value as u32).saturating_mul(per_millisecond) };
        if value > most {
            parser.report(Fault::General, format!("{kind} value {word} exceeds maximum 120s, resetting"));
        } else if value < least {
            parser.report(Fault::General, format!("{kind} value {word} below minimum {LEAST_MS}ms, resetting"));
        }
        Ok(value.clamp(least, most))
    }

    fn or(&mut self, parser: &mut Parser<'_, '_>) -> Result<(), End> {
        parser.report(Fault::General, "\"or\" for routes is deprecated. Please use \"nexthop\"");
        if !self.route.nexthops.is_empty() {
            parser.report(Fault::General, "\"or\" route already specified - ignoring subsequent");
            self.index += 1;
            return Ok(());
        }
        let via = self.route.via.take();
        let value = self.value(parser)?;
        let Some(second) = prefix(parser, value, false) else {
            return drop_with(parser, format!("Invalid \"or\" address {value}"));
        };
        for via in [via, Some(second.address)] {
            self.route.nexthops.push(NextHop { via, weight: 1, ..NextHop::default() });
        }
        Ok(())
    }

    fn destination(&mut self, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        let mut word = word;
        if word == "to" {
            word = self.value(parser)?;
        }
        if let Some(number) = kind(word) {
            self.route.kind = number;
            word = self.value(parser)?;
        }
        let Some((prefix, family)) = destination(parser, word) else {
            return drop_with(parser, format!("unknown route keyword {word}"));
        };
        if let Some(family) = family
            && *self.family.get_or_insert(family) != family
        {
            return drop_with(parser, format!("Cannot mix IPv4 and IPv6 addresses for route ({word})"));
        }
        self.has_destination = true;
        self.route.destination = prefix;
        Ok(())
    }

    fn track_group(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) -> Result<(), End> {
        let value = self.value(parser)?;
        if self.route.track_group.is_some() {
            parser.report(Fault::General, format!("track_group {value} is a duplicate"));
            return drop_with(parser, format!("Route has trailing nonsense - {value}"));
        }
        if reading.has_track_group(value) {
            self.route.track_group = Some(value.to_owned());
        } else {
            parser.report(Fault::General, format!("track_group {value} not found"));
        }
        Ok(())
    }

    /// `encap KIND …`: as many words as belong to it.
    fn encapsulation(&mut self, parser: &mut Parser<'_, '_>) -> Result<Option<Encapsulation>, End> {
        if self.line.words.len() <= self.index + 1 {
            parser.report(Fault::General, "Missing encap type");
            return Ok(None);
        }
        let family = match self.value(parser)? {
            "mpls" => {
                let value = self.value(parser)?;
                let labels: Option<Vec<u32>> = value.split('/').map(|label| label.parse().ok()).collect();
                if labels.is_none() {
                    parser.report(Fault::General, format!("invalid mpls address {value} for encapsulation"));
                }
                return Ok(labels.map(Encapsulation::Mpls));
            }
            "ila" => {
                let value = self.value(parser)?;
                let parts: Vec<_> = value.split(':').map(|part| u64::from_str_radix(part, 16)).collect();
                let locator = match &parts[..] {
                    [Ok(a), Ok(b), Ok(c), Ok(d)] => Some(a << 48 | b << 32 | c << 16 | d),
                    _ => None,
                };
                return Ok(locator.map(Encapsulation::Ila));
            }
            "ip" => Family::V4,
            "ip6" => Family::V6,
            other => {
                parser.report(Fault::General, format!("Unknown encap type - {other}"));
                return Ok(None);
            }
        };
        let (mut id, mut destination, mut source, mut tos, mut ttl, mut flags) = (None, None, None, 0, 0, 0);
        while let Some(option) = self.line.words.get(self.index + 1) {
            let Some(value) = self.line.words.get(self.index + 2) else { break };
            match option.as_str() {
                "id" => id = value.parse().ok(),
                "dst" => destination = address(value),
                "src" => source = address(value),
                "tos" | "dsfield" | "tc" => tos = value.parse().unwrap_or(0),
                "ttl" | "hoplimit" => ttl = value.parse().unwrap_or(0),
                "flags" => flags = value.trim_start_matches("0x").parse().unwrap_or(0),
                _ => break,
            }
            self.index += 2;
        }
        if destination.is_none() && id.is_none() {
            let kind = if family == Family::V4 { "ip" } else { "ip6" };
            parser.report(Fault::General, format!("address or id missing for {kind} encapsulation"));
        }
        Ok(Some(Encapsulation::Ip { family, id, destination, source, tos, ttl, flags }))
    }

    fn nexthops(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) -> Result<(), End> {
        while self.line.words.get(self.index).is_some_and(|word| word == "nexthop") {
            self.index += 1;
            match self.nexthop(reading, parser) {
                Ok(hop) => self.route.nexthops.push(hop),
                // A next hop that is wrong ends the list, and the route stays.
                Err(End::Dropped) => return Ok(()),
                Err(stopped) => return Err(stopped),
            }
        }
        if let Some(word) = self.line.words.get(self.index) {
            parser.report(Fault::General, format!("Route has trailing nonsense after nexthops - {word}"));
        }
        Ok(())
    }

    fn nexthop(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) -> Result<NextHop, End> {
        let mut hop = NextHop { weight: 1, ..NextHop::default() };
        while let Some(word) = self.line.words.get(self.index) {
            match word.as_str() {
                "via" => {
                    let mut value = self.value(parser)?;
                    if matches!(value, "inet" | "inet6") {
                        let family = if value == "inet" { Family::V4 } else { Family::V6 };
                        value = self.value(parser)?;
                        if *self.family.get_or_insert(family) != family {
                            return drop_with(parser, "IPv4/6 mismatch for nexthop");
                        }
                    }
                    let Some(prefix) = prefix(parser, value, false) else {
                        return drop_with(parser, format!("invalid nexthop address {value}"));
                    };
                    let family = Family::of(prefix.address);
                    if *self.family.get_or_insert(family) != family {
                        return drop_with(parser, "Address family mismatch for next hop");
                    }
                    hop.via = Some(prefix.address);
                }
                "dev" => {
                    let value = self.value(parser)?;
                    if !reading.may_use_interface(parser, value) {
                        let text = format!("WARNING - interface {value} for VROUTE nexthop doesn't exist");
                        return drop_with(parser, text);
                    }
                    hop.interface = Some(value.to_owned());
                }
                "weight" => {
                    let weight =
                        self.number(parser, 256, |value| format!("Invalid weight {value} specified for route"))?;
                    if weight == 0 {
                        return drop_with(parser, "Invalid weight 0 specified for route");
                    }
                    hop.weight = weight as u16;
                }
                "onlink" => hop.onlink = true,
                "encap" => hop.encapsulation = self.encapsulation(parser)?,
                "realms" => {
                    let value = self.value(parser)?;
                    let Some(realms) = realms(reading, value) else {
                        return drop_with(parser, format!("Invalid realms {value} for route"));
                    };
                    if *self.family.get_or_insert(Family::V4) != Family::V4 {
                        return drop_with(parser, "realms are only supported for IPv4");
                    }
                    hop.realms = Some(realms);
                }
                "as" => {
                    self.value(parser)?;
                    return drop_with(parser, "'as [to]' (nat) not supported");
                }
                _ => break,
            }
            self.index += 1;
        }
        Ok(hop)
    }

    fn finish(&mut self, parser: &mut Parser<'_, '_>) -> Result<(), End> {
        if !self.has_destination {
            return drop_with(parser, "Route must have a destination");
        }
        let route = &mut self.route;
        route.protocol = self.protocol.unwrap_or(PROTOCOL_KEEPALIVED);
        if route.tracked && route.protocol != PROTOCOL_KEEPALIVED {
            let text = "Route cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol";
            parser.report(Fault::General, text);
            route.protocol = PROTOCOL_KEEPALIVED;
        }
        if route.track_group.is_some() && route.interface.is_none() {
            parser.report(Fault::General, "Static route cannot have track group if no oif specified");
            route.track_group = None;
        }
        route.family = self.family.unwrap_or_default();
        Ok(())
    }
}
