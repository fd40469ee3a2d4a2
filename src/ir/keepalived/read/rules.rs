//! Lines of `virtual_rules` and `static_rules`.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::rules::{Rule, RuleAction};
use crate::ir::keepalived::system::RouteNames;

use super::Reading;
use super::route_words::{End, PROTOCOL_KEEPALIVED, any_base, destination, drop_with, kind, realms};
use super::value::{Trailing, unsigned};

const SEVERAL: &str = "Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable for rule";

struct Draft<'l> {
    line: &'l Line,
    index: usize,
    rule: Rule,
    family: Option<Family>,
    action: Option<RuleAction>,
    priority: Option<u32>,
    /// A word that only rules with a table may have.
    wants_table: bool,
}

/// Reads one line; `None` if the rule is dropped.
pub(super) fn read(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    is_static: bool,
) -> Result<Option<Rule>, Stop> {
    let rule = Rule { tracked: true, ..Rule::default() };
    let mut draft = Draft { line, index: 0, rule, family: None, action: None, priority: None, wants_table: false };
    match draft.read(reading, parser, is_static) {
        Ok(()) => Ok(Some(draft.rule)),
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
            if word == "track_group" && is_static {
                let value = self.value(parser)?;
                if self.rule.track_group.is_some() {
                    parser.report(Fault::General, format!("track_group {value} is a duplicate"));
                    break;
                }
                if reading.has_track_group(value) {
                    self.rule.track_group = Some(value.to_owned());
                } else {
                    parser.report(Fault::General, format!("track_group {value} not found"));
                }
            } else {
                self.word(reading, parser, word)?;
            }
            self.index += 1;
        }
        self.finish(reading, parser)
    }

    fn word(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        match word {
            "inet" | "inet6" => {
                let (family, other) = if word == "inet" { (Family::V4, "IPv6") } else { (Family::V6, "IPv4") };
                if *self.family.get_or_insert(family) != family {
                    return drop_with(parser, format!("{word} specified for {other} rule"));
                }
                // The original steps twice here: the word behind is not looked at.
                self.index += 1;
            }
            "from" | "to" => self.address(parser, word)?,
            "table" | "lookup" => {
                let value = self.value(parser)?;
                let Some(table) = reading.route_number(RouteNames::Table, value, u32::MAX) else {
                    return drop_with(parser, format!("Routing table {value} not found for rule"));
                };
                if table == 0 {
                    return drop_with(parser, "Table 0 is not valid");
                }
                self.set_action(parser, RuleAction::Table(table), SEVERAL)?;
            }
            "not" => self.rule.invert = true,
            "preference" | "order" | "priority" => {
                let value = self.value(parser)?;
                let Some(priority) = any_base(value) else {
                    parser.report(Fault::InvalidNumber, not_unsigned(value));
                    return drop_with(parser, format!("Invalid rule preference {word} specified"));
                };
                self.priority = Some(priority);
            }
            "tos" | "dsfield" => {
                let value = self.value(parser)?;
                match reading.route_number(RouteNames::TrafficClass, value, 255) {
                    Some(tos) => self.rule.tos = tos as u8,
                    None => return drop_with(parser, format!("TOS value {value} is invalid")),
                }
            }
            "fwmark" => self.mark(parser)?,
            "realms" => {
                let value = self.value(parser)?;
                let Some(realms) = realms(reading, value) else {
                    return drop_with(parser, format!("invalid realms {value} for rule"));
                };
                self.rule.realms = Some(realms);
                self.wants_table = true;
                if *self.family.get_or_insert(Family::V4) != Family::V4 {
                    return drop_with(parser, "realms is only valid for IPv4");
                }
            }
            "dev" | "iif" | "oif" => {
                let value = self.value(parser)?;
                if !reading.may_use_interface(parser, value) {
                    return drop_with(parser, format!("WARNING - interface {value} for rule doesn't exist"));
                }
                match word {
                    "oif" => self.rule.output_interface = Some(value.to_owned()),
                    _ => self.rule.input_interface = Some(value.to_owned()),
                }
            }
            "no_track" => self.rule.tracked = false,
            _ => return self.rare_word(reading, parser, word),
        }
        Ok(())
    }

    fn rare_word(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        match word {
            "suppress_prefixlength" | "sup_pl" => {
                let complaint = format!("Invalid suppress_prefixlength {word} specified");
                let value = self.number(parser, i32::MAX as u64, complaint)?;
                self.rule.suppress_prefix_length = Some(value as u32);
                self.wants_table = true;
            }
            "suppress_ifgroup" | "sup_group" => {
                let value = self.value(parser)?;
                let Some(group) = reading.route_number(RouteNames::InterfaceGroup, value, i32::MAX as u32) else {
                    return drop_with(parser, format!("suppress_group {value} is invalid"));
                };
                self.rule.suppress_interface_group = Some(group);
                self.wants_table = true;
            }
            "tunnel-id" => {
                let value = self.number(parser, u64::MAX, format!("Invalid tunnel-id {word} specified"))?;
                self.rule.tunnel_id = Some(value);
            }
            "uidrange" => {
                let value = self.value(parser)?;
                let range = value.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
                match range {
                    Some(range) => self.rule.uid_range = Some(range),
                    None => return drop_with(parser, format!("Invalid uidrange {word} specified")),
                }
            }
            "l3mdev" => {
                self.rule.l3mdev = true;
                self.set_action(parser, RuleAction::Table(0), "Cannot specify l3mdev with other action")?;
            }
            "protocol" => {
                let value = self.value(parser)?;
                match unsigned(parser, value, 0, 255, Trailing::Refused) {
                    Some(protocol) => self.rule.protocol = Some(protocol as u8),
                    None => parser.report(Fault::General, format!("Invalid protocol {value}")),
                }
            }
            "ipproto" => {
                let value = self.value(parser)?;
                match ip_protocol(value) {
                    Some(protocol) => self.rule.ip_protocol = Some(protocol),
                    None => parser.report(Fault::General, format!("Invalid ipproto {value}")),
                }
            }
            "sport" | "dport" => {
                let value = self.value(parser)?;
                // A single port is refused by the original, by a slip of its own.
                let ports = value.split_once('-').and_then(|(from, to)| Some((from.parse().ok()?, to.parse().ok()?)));
                match (ports, word) {
                    (None, _) => parser.report(Fault::General, format!("invalid {word} range {value}")),
                    (ports, "sport") => self.rule.source_ports = ports,
                    (ports, _) => self.rule.destination_ports = ports,
                }
            }
            _ => self.action_word(parser, word)?,
        }
        Ok(())
    }

    fn number(&mut self, parser: &mut Parser<'_, '_>, most: u64, complaint: String) -> Result<u64, End> {
        let value = self.value(parser)?;
        match unsigned(parser, value, 0, most, Trailing::Refused) {
            Some(number) => Ok(number),
            None => drop_with(parser, complaint),
        }
    }

    fn address(&mut self, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        let value = self.value(parser)?;
        let Some((prefix, family)) = destination(parser, value) else {
            return drop_with(parser, format!("Invalid rule {word} address {value}"));
        };
        // `all` has no family; behind one that is known it is a mixture, as the original compares.
        if self.family.is_some() && self.family != family {
            return drop_with(parser, "rule specification has mixed IPv4 and IPv6");
        }
        self.family = self.family.or(family);
        match word {
            "from" => self.rule.from = prefix,
            _ => self.rule.to = prefix,
        }
        Ok(())
    }

    fn mark(&mut self, parser: &mut Parser<'_, '_>) -> Result<(), End> {
        let value = self.value(parser)?;
        let (mark, mask) = match value.split_once('/') {
            None => (any_base(value), Some(None)),
            Some((mark, mask)) => (any_base(mark), any_base(mask).map(Some)),
        };
        let (Some(mark), Some(mask)) = (mark, mask) else {
            return drop_with(parser, format!("Invalid rule fwmark {value} specified"));
        };
        self.rule.mark = Some(mark);
        self.rule.mark_mask = mask;
        Ok(())
    }

    fn set_action(&mut self, parser: &mut Parser<'_, '_>, action: RuleAction, complaint: &str) -> Result<(), End> {
        if self.action.is_some() {
            return drop_with(parser, complaint);
        }
        self.action = Some(action);
        Ok(())
    }

    fn action_word(&mut self, parser: &mut Parser<'_, '_>, word: &str) -> Result<(), End> {
        let word = if word == "type" { self.value(parser)? } else { word };
        let action = match (word, kind(word)) {
            ("goto", _) => {
                let target = self.number(parser, u64::from(u32::MAX), format!("Invalid target {word} specified"))?;
                RuleAction::Goto(target as u32)
            }
            ("nop", _) => RuleAction::Nop,
            (_, Some(6)) => RuleAction::Blackhole,
            (_, Some(7)) => RuleAction::Unreachable,
            (_, Some(8)) => RuleAction::Prohibit,
            (_, Some(_)) => return drop_with(parser, format!("Invalid rule action {word}")),
            (_, None) => return drop_with(parser, format!("Unknown rule option {word}")),
        };
        let complaint = "Cannot specify more than one of table/nop/goto/blackhole/prohibit/unreachable/l3mdev for rule";
        self.set_action(parser, action, complaint)
    }

    fn finish(&mut self, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) -> Result<(), End> {
        match (self.action, self.priority) {
            (Some(RuleAction::Goto(target)), Some(priority)) if priority >= target => {
                return drop_with(parser, format!("Invalid rule - preference {priority} >= goto target {target}"));
            }
            (Some(RuleAction::Goto(target)), None) => {
                let text = format!("Invalid rule - goto target {target} specified without preference");
                return drop_with(parser, text);
            }
            (None, _) => return drop_with(parser, "No action specified for rule - ignoring"),
            (Some(RuleAction::Table(_)), _) => {}
            _ if self.wants_table => {
                return drop_with(parser, "suppressor/realm specified for non table action - skipping");
            }
            _ => {}
        }
        let rule = &mut self.rule;
        if rule.tracked && rule.protocol.is_some_and(|protocol| protocol != PROTOCOL_KEEPALIVED) {
            let text = "Rule cannot be tracked if protocol is not RTPROT_KEEPALIVED(18), resetting protocol";
            parser.report(Fault::General, text);
        }
        if rule.tracked {
            rule.protocol = Some(PROTOCOL_KEEPALIVED);
        }
        if rule.track_group.is_some() && rule.input_interface.is_none() {
            let text = "Static rule cannot have track_group if dev/iif not specified";
            parser.report(Fault::General, text);
            rule.track_group = None;
        }
        rule.family = self.family.unwrap_or_default();
        rule.action = self.action.unwrap_or_default();
        rule.priority = match self.priority {
            Some(priority) => priority,
            None => {
                let next = &mut reading.next_rule_priority[usize::from(rule.family == Family::V6)];
                let priority = *next;
                *next = next.saturating_sub(1);
                let text = format!(
                    "Rule has no preference specified - setting to {priority}. This is probably not what you want."
                );
                parser.report(Fault::General, text);
                priority
            }
        };
        Ok(())
    }
}

/// The number of a protocol above IP, by number or by its usual name.
/// Why a word is no number of 32 bits.
fn not_unsigned(word: &str) -> String {
    if word.trim_start().starts_with('-') {
        format!("negative number '{word}'")
    } else if word.chars().all(|c| c.is_ascii_digit()) {
        format!("number '{word}' outside unsigned integer range")
    } else {
        format!("invalid number '{word}'")
    }
}

fn ip_protocol(word: &str) -> Option<u8> {
    const NAMES: [(&str, u8); 11] = [
        ("ip", 0),
        ("icmp", 1),
        ("igmp", 2),
        ("tcp", 6),
        ("udp", 17),
        ("gre", 47),
        ("esp", 50),
        ("ah", 51),
        ("ipv6-icmp", 58),
        ("vrrp", 112),
        ("sctp", 132),
    ];
    // Of the numbers keepalived takes half.
    let number = word.parse().ok().filter(|number: &u8| i8::try_from(*number).is_ok());
    number.or_else(|| NAMES.iter().find(|(name, _)| *name == word).map(|(_, number)| *number))
}
