//! Numbers, times and switches as keepalived reads them, with its messages.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;

/// What becomes of text behind a valid number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Trailing {
    /// The number is refused.
    Refused,
    /// A running daemon takes the number with a warning; `-t` refuses it.
    Warned,
}

/// The outcome of strtol(3) and its kin in base 10.
struct Digits<'w> {
    negative: bool,
    value: u128,
    rest: &'w str,
}

fn digits(word: &str) -> Digits<'_> {
    let trimmed = word.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']);
    let (negative, body) = match trimmed.as_bytes().first() {
        Some(b'-') => (true, &trimmed[1..]),
        Some(b'+') => (false, &trimmed[1..]),
        _ => (false, trimmed),
    };
    let end = body.find(|c: char| !c.is_ascii_digit()).unwrap_or(body.len());
    if end == 0 {
        return Digits { negative: false, value: 0, rest: word };
    }
    let value = body[..end].parse().unwrap_or(u128::MAX);
    Digits { negative, value, rest: &body[end..] }
}

/// What strtol(3) gives, kept in an int.
pub(super) fn c_int(word: &str) -> i32 {
    let found = digits(word);
    let magnitude = i64::try_from(found.value).unwrap_or(i64::MAX);
    (if found.negative { -magnitude } else { magnitude }) as i32
}

fn warning(parser: &Parser<'_, '_>, trailing: Trailing) -> (&'static str, bool) {
    let warned = trailing == Trailing::Warned && !parser.testing;
    (if warned { "WARNING - " } else { "" }, warned)
}

/// A whole number that is not negative.
pub(super) fn unsigned(
    parser: &mut Parser<'_, '_>,
    word: &str,
    least: u64,
    most: u64,
    trailing: Trailing,
) -> Option<u64> {
    let (warn, warned) = warning(parser, trailing);
    let found = digits(word);
    let in_range = found.value >= u128::from(least) && found.value <= u128::from(most);
    // Whatever follows the sign.
    let negative = word.trim_start_matches([' ', '\t', '\n', '\x0b', '\x0c', '\r']).starts_with('-');
    let text = if negative {
        format!("{warn}negative number '{word}'")
    } else if !found.rest.is_empty() {
        format!("{warn}invalid number '{word}'")
    } else if found.value > u128::from(u32::MAX) && most <= u64::from(u32::MAX) {
        format!("{warn}number '{word}' outside unsigned integer range")
    } else if !in_range {
        format!("{warn}number '{word}' outside range [{least}, {most}]")
    } else {
        return Some(found.value as u64);
    };
    parser.report(Fault::InvalidNumber, text);
    (warned && in_range && !negative).then_some(found.value as u64)
}

/// A whole number.
pub(super) fn signed(
    parser: &mut Parser<'_, '_>,
    word: &str,
    least: i32,
    most: i32,
    trailing: Trailing,
) -> Option<i32> {
    let (warn, warned) = warning(parser, trailing);
    let found = digits(word);
    let magnitude = i128::try_from(found.value).unwrap_or(i128::MAX);
    let value = if found.negative { -magnitude } else { magnitude };
    let in_range = value >= i128::from(least) && value <= i128::from(most);
    let text = if !found.rest.is_empty() {
        format!("{warn}invalid number '{word}'")
    } else if i32::try_from(value).is_err() {
        format!("{warn}number '{word}' outside integer range")
    } else if !in_range {
        format!("number '{word}' outside range [{least}, {most}]")
    } else {
        return Some(value as i32);
    };
    parser.report(Fault::InvalidNumber, text);
    (warned && in_range).then_some(value as i32)
}

/// A number with up to `places` decimals, in units of the last of them; `least` and `most` are in those units too.
pub(super) fn decimal(
    parser: &mut Parser<'_, '_>,
    word: &str,
    least: u64,
    most: u64,
    places: usize,
    trailing: Trailing,
) -> Option<u64> {
    let (warn, _) = warning(parser, trailing);
    if word.starts_with('-') {
        parser.report(Fault::InvalidNumber, format!("{warn}negative number '{word}'"));
        return None;
    }
    let (whole, fraction) = word.split_once('.').unwrap_or((word, ""));
    let mut kept = fraction;
    let mut round_up = false;
    if fraction.len() > places {
        parser.report(Fault::InvalidNumber, format!("{warn}number '{word}' has too many decimal places"));
        kept = fraction.get(..places).unwrap_or_default();
        round_up = fraction.as_bytes()[places] >= b'5';
    }
    let scaled = format!("{whole}{kept}{}", "0".repeat(places - kept.len().min(places)));
    let found = digits(&scaled);
    let value = found.value.saturating_add(u128::from(round_up));
    let in_range = value >= u128::from(least) && value <= u128::from(most);
    if !found.rest.is_empty() {
        parser.report(Fault::InvalidNumber, format!("{warn}invalid number '{word}'"));
    } else if value > u128::from(u64::MAX) {
        parser.report(Fault::InvalidNumber, format!("{warn}number '{word}' outside unsigned decimal range"));
        return None;
    } else if !in_range {
        let show = |value: u64| {
            let unit = 10u64.pow(places as u32);
            // The point stands there without decimals, too.
            let decimals = if places == 0 { String::new() } else { format!("{:0places$}", value % unit) };
            format!("{}.{decimals}", value / unit)
        };
        let text = format!("{warn}number '{word}' outside range [{}, {}]", show(least), show(most));
        parser.report(Fault::InvalidNumber, text);
    } else {
        return Some(value as u64);
    }
    (trailing == Trailing::Warned && in_range).then_some(value as u64)
}

/// Seconds with up to six decimals, in microseconds.
pub(super) fn seconds(parser: &mut Parser<'_, '_>, word: &str, least_us: u64, most_us: u64) -> Option<u64> {
    decimal(parser, word, least_us, most_us, 6, Trailing::Warned)
}

/// `true`, `on`, `yes` or `false`, `off`, `no`.
pub(super) fn switch(word: &str) -> Option<bool> {
    match word {
        "true" | "on" | "yes" => Some(true),
        "false" | "off" | "no" => Some(false),
        _ => None,
    }
}

/// A switch behind its keyword; the keyword alone means on. `complaint` is said about any other word.
pub(super) fn switch_or_on(
    parser: &mut Parser<'_, '_>,
    line: &Line,
    complaint: impl FnOnce(&str) -> String,
) -> Option<bool> {
    let Some(word) = line.words.get(1) else { return Some(true) };
    let value = switch(word);
    if value.is_none() {
        parser.report(Fault::General, complaint(word));
    }
    value
}

/// The word behind the keyword, as a whole number that is not negative.
pub(super) fn unsigned_word(
    parser: &mut Parser<'_, '_>,
    line: &Line,
    least: u64,
    most: u64,
    trailing: Trailing,
) -> Result<Option<u64>, Stop> {
    let word = line.word(1, parser.reader)?;
    Ok(unsigned(parser, word, least, most, trailing))
}

/// inet_pton(3) after keepalived's choice of the family by a colon.
pub(super) fn address(word: &str) -> Option<std::net::IpAddr> {
    match word.contains(':') {
        true => word.parse().ok().map(std::net::IpAddr::V6),
        false => word.parse().ok().map(std::net::IpAddr::V4),
    }
}

/// An address as keepalived takes it for sockets: a range or a prefix length behind it is cut off.
pub(super) fn socket_address(word: &str) -> Option<std::net::IpAddr> {
    let end = word.find('-').or_else(|| word.find('/')).unwrap_or(word.len());
    match word.contains(':') {
        true => word[..end].parse().ok().map(std::net::IpAddr::V6),
        false => word[..end].parse().ok().map(std::net::IpAddr::V4),
    }
}

/// The address of a server with its port, if one is given; a bad port is told, a bad address is not.
pub(super) fn server_address(
    parser: &mut Parser<'_, '_>,
    word: &str,
    port: Option<&str>,
) -> Option<std::net::SocketAddr> {
    let port = match port {
        None => 0,
        Some(port) => unsigned(parser, port, 1, 65535, Trailing::Warned)?,
    };
    Some(std::net::SocketAddr::new(socket_address(word)?, port as u16))
}
