//! Reading `limit_conn` and its zones.

use super::{ConnZone, ConnZoneId, Limit};
use crate::conf::tree::Directive;
use crate::ir::http::limit_req::setters::{log_level, status, zone_size};
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Set, Table};
use crate::ir::value::{Template, Text, Zone};
use crate::primitives::size;

/// The setters of `http_limit_conn`.
pub const SETTERS: Table = &[
    ("limit_conn", limit_conn),
    ("limit_conn_dry_run", own!(limit_conn.dry_run, setter::flag)),
    ("limit_conn_log_level", own!(limit_conn.log_level, log_level)),
    ("limit_conn_status", own!(limit_conn.status, status)),
    ("limit_conn_zone", limit_conn_zone),
];

fn limit_conn_zone(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [key_word, words @ ..] = directive.args() else { return Ok(()) };
    let key = reader.template(directive, key_word.value)?;
    let mut zone = None;
    for word in words {
        match word.value.strip_prefix(b"zone=") {
            Some(text) => zone = Some(zone_size(directive, word, text)?),
            None => return Err(directive.emerg(format!("invalid parameter \"{}\"", word.text()))),
        }
    }
    let Some(zone) = zone.filter(|zone| !zone.name.is_empty()) else {
        return Err(directive.emerg("\"limit_conn_zone\" must have \"zone\" parameter"));
    };
    reader.http.add_zone(directive, &zone, "http_limit_conn")?;
    let id = zone_id(reader, &zone.name);
    let known = &reader.http.limit_conn_zones[id.0 as usize];
    if known.size > 0 {
        let key = reader.http.written(&known.key);
        let fault = format!("limit_conn_zone \"{}\" is already bound to key \"{key}\"", zone.name);
        return Err(directive.emerg(fault));
    }
    reader.http.limit_conn_zones[id.0 as usize] = ConnZone { name: zone.name, key, size: zone.size };
    Ok(())
}

/// The number of a zone; one that a `limit_conn` names before it is defined has no size yet.
fn zone_id(reader: &mut Reader<'_>, name: &Text) -> ConnZoneId {
    let zones = &mut reader.http.limit_conn_zones;
    let known = zones.iter().position(|zone| zone.name == *name);
    ConnZoneId(known.unwrap_or_else(|| {
        zones.push(ConnZone { name: name.clone(), key: Template::default(), size: 0 });
        zones.len() - 1
    }) as u32)
}

fn limit_conn(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [name, number] = directive.args() else { return Ok(()) };
    let named = Zone { name: Text::from(name.value), size: 0 };
    reader.http.add_zone(directive, &named, "http_limit_conn")?;
    let zone = zone_id(reader, &named.name);
    let limits = reader.own().limit_conn.get_or_insert_default().limits.get_or_insert_default();
    if limits.iter().any(|limit| limit.zone == zone) {
        return Err(setter::duplicate(directive));
    }
    match size::parse_number(number.value) {
        Some(connections @ 1..=65535) => {
            limits.push(Limit { zone, connections: connections as u32 });
            Ok(())
        }
        Some(1..) => Err(directive.emerg("connection limit must be less 65536")),
        _ => Err(directive.emerg(format!("invalid number of connections \"{}\"", number.text()))),
    }
}
