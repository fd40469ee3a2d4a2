//! `bfd_instance`: three processes read it, each for its own part.

use std::collections::BTreeMap;
use std::net::IpAddr;

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::BfdInstance;

use super::value::{Trailing, decimal, signed, socket_address, switch, unsigned_word};
use super::{Reading, Role};

/// A `bfd_instance` as one process sees it.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) weight: i32,
    pub(super) reverse: bool,
    neighbor: Option<IpAddr>,
    source: Option<IpAddr>,
    min_rx_us: Option<u32>,
    min_tx_us: Option<u32>,
    idle_tx_us: Option<u32>,
    multiplier: Option<u8>,
    passive: bool,
    multihop: bool,
    ttl: Option<u8>,
    max_hops: i32,
    for_vrrp: bool,
    for_checker: bool,
}

pub(super) fn begin(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let name = line.word(1, parser.reader)?;
    if name.len() >= 32 {
        parser.report(Fault::General, format!("BFD name {name} too long"));
        parser.skip_block();
    } else if reading.bfds.iter().any(|draft| draft.name == *name) {
        parser.report(Fault::General, format!("BFD {name} already specified"));
        parser.skip_block();
    } else {
        reading.bfd = Some(Draft { name: name.to_owned(), ..Draft::default() });
    }
    Ok(())
}

pub(super) fn keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let role = reading.role;
    let Some(draft) = &mut reading.bfd else { return Ok(()) };
    let own = format!("Configuration error: BFD instance {}", draft.name);
    match name {
        "vrrp" => draft.for_vrrp = true,
        "checker" => draft.for_checker = true,
        "weight" if role == Role::Vrrp => {
            let word = line.word(1, parser.reader)?;
            match signed(parser, word, -253, 253, Trailing::Warned) {
                Some(weight) => draft.weight = weight,
                None => {
                    let text = format!("{own} weight value {word} not valid (must be in range [-253-253]), ignoring");
                    parser.report(Fault::General, text);
                }
            }
            match line.words.get(2).map(String::as_str) {
                None => {}
                Some("reverse") => draft.reverse = true,
                Some(other) => parser.report(Fault::General, format!("{own} unknown weight option {other}")),
            }
        }
        _ if role == Role::Bfd => session_keyword(reading, parser, name, line)?,
        _ => {}
    }
    Ok(())
}

/// A keyword that only the process with the sessions looks at.
fn session_keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(draft) = &mut reading.bfd else { return Ok(()) };
    let own = format!("Configuration error: BFD instance {}", draft.name);
    match name {
        "neighbor_ip" | "neighbour_ip" | "source_ip" => {
            let word = line.word(1, parser.reader)?;
            let address = socket_address(word);
            match (name, address) {
                ("source_ip", None) => {
                    parser.report(Fault::General, format!("{own} has malformed source address {word}, ignoring"));
                }
                ("source_ip", address) => draft.source = address,
                (_, None) => {
                    let text = format!("{own} has malformed neighbor address {word}, ignoring instance");
                    parser.report(Fault::General, text);
                    reading.bfd = None;
                }
                (_, address) => draft.neighbor = address,
            }
        }
        "min_rx" | "min_tx" | "idle_tx" => interval(draft, parser, name, line)?,
        "multiplier" | "ttl" | "hoplimit" => {
            let value = unsigned_word(parser, line, 1, 255, Trailing::Refused)?;
            let value = value.and_then(|value| u8::try_from(value).ok());
            let title = if name == "multiplier" { name } else { "ttl/hoplimit" };
            match (name, value) {
                (_, None) => {
                    let word = &line.words[1];
                    let text = format!("{own} {title} value {word} not valid (must be in range [1-255]), ignoring");
                    parser.report(Fault::General, text);
                }
                ("multiplier", value) => draft.multiplier = value,
                (_, value) => draft.ttl = value,
            }
        }
        "passive" => draft.passive = true,
        "max_hops" => {
            let word = line.word(1, parser.reader)?;
            match signed(parser, word, -1, 255, Trailing::Refused) {
                Some(hops) => draft.max_hops = hops,
                None => {
                    let text = format!("{own} max_hops value {word} not valid (must be in range [-1-255]), ignoring");
                    parser.report(Fault::General, text);
                }
            }
        }
        "multihop" => match line.words.get(1).map(|word| (switch(word), word)) {
            Some((None, word)) => {
                parser.report(Fault::General, format!("{own} multihop setting not valid - {word}"));
            }
            value => draft.multihop = value.and_then(|(value, _)| value).unwrap_or(true),
        },
        _ => {}
    }
    Ok(())
}

fn interval(draft: &mut Draft, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let least = if name == "idle_tx" { 1000 } else { 1 };
    let value = decimal(parser, word, least * 1000, 4_294_967_000, 3, Trailing::Refused);
    let slot = match name {
        "min_rx" => &mut draft.min_rx_us,
        "min_tx" => &mut draft.min_tx_us,
        _ => &mut draft.idle_tx_us,
    };
    match value.and_then(|value| u32::try_from(value).ok()) {
        Some(value) => *slot = Some(value),
        None => {
            let own = format!("Configuration error: BFD instance {}", draft.name);
            let text = format!("{own} {name} value {word} is not valid (must be in range [{least}-4294967]), ignoring");
            parser.report(Fault::General, text);
        }
    }
    Ok(())
}

pub(super) fn end(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(draft) = reading.bfd.take() else { return };
    let any = draft.for_vrrp || draft.for_checker;
    match reading.role {
        Role::Vrrp if any && !draft.for_vrrp => return,
        Role::Checker if any && !draft.for_checker => return,
        Role::Vrrp | Role::Checker | Role::Parent => {
            if reading.role == Role::Vrrp {
                reading.bfd_weights.insert(draft.name.clone(), (draft.weight, draft.reverse));
            }
            reading.bfds.push(draft);
            return;
        }
        Role::Bfd => {}
    }
    let own = format!("Configuration error: BFD instance {}", draft.name);
    let Some(neighbor) = draft.neighbor else {
        parser.report(Fault::General, format!("{own} has no neighbor address set, disabling instance"));
        return;
    };
    // keepalived writes the same address twice.
    if let Some(source) = draft.source
        && source.is_ipv4() != neighbor.is_ipv4()
    {
        let text = format!(
            "{own} source address {source} and neighbor address {source} are not of the same family, disabling \
             instance"
        );
        parser.report(Fault::General, text);
        return;
    }
    let same = |known: &Draft| {
        known.neighbor == draft.neighbor && known.source == draft.source && known.multihop == draft.multihop
    };
    if reading.bfds.iter().any(same) {
        let text = match draft.source {
            Some(source) => {
                format!("{own} has duplicate source/neighbor address {source}/{neighbor}, ignoring instance")
            }
            None => format!("{own} has duplicate neighbor address {neighbor}, ignoring instance"),
        };
        parser.report(Fault::General, text);
        return;
    }
    let ttl = draft.ttl.unwrap_or_else(|| default_ttl(neighbor));
    if max_hops(&draft) > ttl {
        let text = format!("BFD instance {}: max_hops exceeds ttl/hoplimit - setting to ttl/hoplimit", draft.name);
        parser.report(Fault::General, text);
    }
    reading.bfds.push(draft);
}

/// The default intervals, in microseconds (keepalived).
const INTERVAL_US: u32 = 10_000;
const IDLE_INTERVAL_US: u32 = 1_000_000;

/// A draft that the process with the sessions has accepted.
pub(super) fn finish(draft: Draft, weights: &BTreeMap<String, (i32, bool)>) -> Option<BfdInstance> {
    let neighbor = draft.neighbor?;
    let ttl = draft.ttl.unwrap_or_else(|| default_ttl(neighbor));
    let max_hops = Some(max_hops(&draft).min(ttl)).filter(|hops| *hops != u8::MAX);
    let (weight, reverse) = weights.get(&draft.name).copied().unwrap_or_default();
    Some(BfdInstance {
        weight,
        reverse,
        name: draft.name,
        neighbor,
        source: draft.source,
        min_rx_us: draft.min_rx_us.unwrap_or(INTERVAL_US),
        min_tx_us: draft.min_tx_us.unwrap_or(INTERVAL_US),
        idle_tx_us: draft.idle_tx_us.unwrap_or(IDLE_INTERVAL_US),
        multiplier: draft.multiplier.unwrap_or(5),
        passive: draft.passive,
        ttl,
        max_hops,
        multihop: draft.multihop,
        for_vrrp: draft.for_vrrp || !draft.for_checker,
    })
}

/// 255 stands for any number of routers, and -1 for 255.
fn max_hops(draft: &Draft) -> u8 {
    u8::try_from(draft.max_hops).unwrap_or(u8::MAX)
}

fn default_ttl(neighbor: IpAddr) -> u8 {
    if neighbor.is_ipv4() { 255 } else { 64 }
}
