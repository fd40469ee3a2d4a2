//! Words that the lines of routes and of policy rules have in common, as ip-route(8) and ip-rule(8) have.

use crate::conf::keepalived::parser::{Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::addresses::Prefix;
use crate::ir::keepalived::system::RouteNames;

use super::Reading;
use super::addresses::prefix;

/// keepalived's own number among the protocols of routes.
pub(super) const PROTOCOL_KEEPALIVED: u8 = 18;

/// Why a line ends early.
pub(super) enum End {
    /// The route or rule is dropped; what is wrong has been told.
    Dropped,
    /// The whole reading ends.
    Stopped(Stop),
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        Self::Stopped(stop)
    }
}

/// Tells what is wrong, and drops the line.
pub(super) fn drop_with<T>(parser: &mut Parser<'_, '_>, text: impl Into<String>) -> Result<T, End> {
    parser.report(Fault::General, text);
    Err(End::Dropped)
}

/// The names and numbers of the kinds of routes.
const KINDS: [(&str, u8); 11] = [
    ("local", 2),
    ("nat", 10),
    ("broadcast", 3),
    ("brd", 3),
    ("anycast", 4),
    ("multicast", 5),
    ("prohibit", 8),
    ("unreachable", 7),
    ("blackhole", 6),
    ("throw", 9),
    ("unicast", 1),
];

/// The kind of a route, by its name or number.
pub(super) fn kind(word: &str) -> Option<u8> {
    let named = KINDS.iter().find(|(name, _)| *name == word).map(|(_, number)| *number);
    named.or_else(|| any_base(word)?.try_into().ok())
}

/// strtoul(3) with base 0 over the whole word.
pub(super) fn any_base(word: &str) -> Option<u32> {
    let lower = word.trim_start().to_ascii_lowercase();
    match lower.strip_prefix("0x") {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if lower.len() > 1 && lower.starts_with('0') => u32::from_str_radix(&lower[1..], 8).ok(),
        None => lower.parse().ok(),
    }
}

/// A destination or source that may also be everything.
pub(super) fn destination(parser: &mut Parser<'_, '_>, word: &str) -> Option<(Option<Prefix>, Option<Family>)> {
    match word {
        "default" | "any" | "all" => Some((None, None)),
        "default6" => {
            parser.report(Fault::LogOnly, "'default6' is deprecated - please replace with 'inet6 default'");
            Some((None, Some(Family::V6)))
        }
        _ => prefix(parser, word, true).map(|prefix| (Some(prefix), Some(Family::of(prefix.address)))),
    }
}

/// `[SOURCE/]DESTINATION`
pub(super) fn realms(reading: &Reading<'_>, word: &str) -> Option<u32> {
    let number = |name: &str| reading.route_number(RouteNames::Realm, name, 255);
    match word.split_once('/') {
        None => number(word),
        Some((source, destination)) => Some(number(source)? << 16 | number(destination)?),
    }
}
