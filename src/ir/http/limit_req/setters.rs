//! Reading `limit_req` and its zones.

use super::{Limit, ReqZone, ReqZoneId};
use crate::conf::diagnostic::{Diagnostic, Level};
use crate::conf::tree::{Directive, Word};
use crate::conf::value;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::value::{PAGE_SIZE, Template, Text, Zone};
use crate::primitives::size;

/// The setters of `http_limit_req`.
pub const SETTERS: Table = &[
    ("limit_req", limit_req),
    ("limit_req_dry_run", own!(limit_req.dry_run, setter::flag)),
    ("limit_req_log_level", own!(limit_req.log_level, log_level)),
    ("limit_req_status", own!(limit_req.status, status)),
    ("limit_req_zone", limit_req_zone),
];

/// `info`, `notice`, `warn` or `error`
pub fn log_level(directive: &Directive<'_>) -> Result<Level, Diagnostic> {
    const LEVELS: [Level; 4] = [Level::Info, Level::Notice, Level::Warn, Level::Error];
    let names = LEVELS.map(Level::name);
    value::enumerated(directive, &names).map(|at| LEVELS[at])
}

/// A status from 400 to 599.
pub fn status(directive: &Directive<'_>) -> Result<u16, Diagnostic> {
    value::number_within(directive, 400, Some(599)).map(|status| status as u16)
}

/// `zone=NAME:SIZE`: both, of at least eight pages.
pub fn zone_size(directive: &Directive<'_>, word: &Word<'_>, text: &[u8]) -> Result<Zone, Diagnostic> {
    let invalid = || directive.emerg(format!("invalid zone size \"{}\"", word.text()));
    let colon = text.iter().position(|byte| *byte == b':').ok_or_else(invalid)?;
    let size = size::parse_size(&text[colon + 1..]).ok_or_else(invalid)? as usize;
    if size < 8 * PAGE_SIZE {
        return Err(directive.emerg(format!("zone \"{}\" is too small", word.text())));
    }
    Ok(Zone { name: Text::from(&text[..colon]), size })
}

fn limit_req_zone(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [key_word, words @ ..] = directive.args() else { return Ok(()) };
    let key = reader.template(directive, key_word.value)?;
    let (mut zone, mut rate) = (None, 1000);
    for word in words {
        if let Some(text) = word.value.strip_prefix(b"zone=") {
            zone = Some(zone_size(directive, word, text)?);
        } else if let Some(text) = word.value.strip_prefix(b"rate=") {
            let invalid = || directive.emerg(format!("invalid rate \"{}\"", word.text()));
            let (digits, scale) = match text {
                [digits @ .., b'r', b'/', b's'] => (digits, 1),
                [digits @ .., b'r', b'/', b'm'] => (digits, 60),
                digits => (digits, 1),
            };
            let number = size::parse_number(digits).filter(|number| *number > 0).ok_or_else(invalid)?;
            rate = number as u64 * 1000 / scale;
        } else {
            return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text())));
        }
    }
    let Some(zone) = zone.filter(|zone| !zone.name.is_empty()) else {
        return Err(directive.emerg("\"limit_req_zone\" must have \"zone\" parameter"));
    };
    reader.http.add_zone(directive, &zone, "http_limit_req")?;
    let id = zone_id(reader, &zone.name);
    let known = &reader.http.limit_req_zones[id.0 as usize];
    if known.rate > 0 {
        let key = reader.http.written(&known.key);
        let fault = format!("limit_req_zone \"{}\" is already bound to key \"{key}\"", zone.name);
        return Err(directive.emerg(fault));
    }
    reader.http.limit_req_zones[id.0 as usize] = ReqZone { name: zone.name, key, size: zone.size, rate };
    Ok(())
}

/// The number of a zone; one that a `limit_req` names before it is defined has no rate yet.
fn zone_id(reader: &mut Reader<'_>, name: &Text) -> ReqZoneId {
    let zones = &mut reader.http.limit_req_zones;
    let known = zones.iter().position(|zone| zone.name == *name);
    ReqZoneId(known.unwrap_or_else(|| {
        zones.push(ReqZone { name: name.clone(), key: Template::default(), size: 0, rate: 0 });
        zones.len() - 1
    }) as u32)
}

fn limit_req(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let (mut zone, mut burst, mut delay) = (None, 0, Some(0));
    for word in directive.args() {
        let positive = |text, what| {
            let number = size::parse_number(text).filter(|number| *number > 0).map(|number| number as u64 * 1000);
            number.ok_or_else(|| directive.emerg(format!("invalid {what} value \"{}\"", word.text())))
        };
        if let Some(name) = word.value.strip_prefix(b"zone=") {
            let named = Zone { name: Text::from(name), size: 0 };
            reader.http.add_zone(directive, &named, "http_limit_req")?;
            zone = Some(zone_id(reader, &named.name));
        } else if let Some(text) = word.value.strip_prefix(b"burst=") {
            burst = positive(text, "burst")?;
        } else if let Some(text) = word.value.strip_prefix(b"delay=") {
            delay = Some(positive(text, "delay")?);
        } else if word.value == b"nodelay" {
            delay = None;
        } else {
            return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text())));
        }
    }
    let Some(zone) = zone else {
        return Err(directive.emerg("\"limit_req\" must have \"zone\" parameter"));
    };
    let limits = reader.own().limit_req.get_or_insert_default().limits.get_or_insert_default();
    if limits.iter().any(|limit| limit.zone == zone) {
        return Err(setter::duplicate(directive));
    }
    limits.push(Limit { zone, burst, delay });
    Ok(())
}
