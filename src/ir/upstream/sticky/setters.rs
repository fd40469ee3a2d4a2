//! Reading `sticky`.

use super::{Cookie, Expires, Learn, Source, Sticky, is_samesite};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::{Directive, Word};
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table, duplicate};
use crate::ir::upstream::Zone;
use crate::ir::upstream::draft::UpstreamDraft;
use crate::ir::value::{PAGE_SIZE, Text};
use crate::primitives::{duration, size};

/// The setters of `http_upstream_sticky`.
pub const SETTERS: Table = &[("sticky", sticky)];

fn sticky(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    if draft(reader).sticky.is_some() {
        return Err(duplicate(directive));
    }
    let [kind, rest @ ..] = directive.args() else { return Ok(()) };
    let sticky = match kind.value {
        b"cookie" => cookie(reader, directive, rest)?,
        b"route" => route(reader, directive, rest)?,
        b"learn" => learn(reader, directive, rest)?,
        _ => return Err(unknown(directive, kind)),
    };
    draft(reader).sticky = Some(sticky);
    Ok(())
}

fn draft<'r>(reader: &'r mut Reader<'_>) -> &'r mut UpstreamDraft {
    reader.upstream.get_or_insert_default()
}

fn unknown(directive: &Directive<'_>, word: &Word<'_>) -> Diagnostic {
    directive.emerg(format!("unknown parameter \"{}\"", word.text()))
}

fn route(reader: &mut Reader<'_>, directive: &Directive<'_>, words: &[Word<'_>]) -> Result<Sticky, Diagnostic> {
    let mut lookup = Vec::new();
    for word in words {
        let name = word.value.strip_prefix(b"$");
        let name = name.ok_or_else(|| directive.emerg(format!("invalid variable name \"{}\"", word.text())))?;
        lookup.push(reader.variable(directive, name));
    }
    Ok(Sticky { lookup, source: Source::Route })
}

fn cookie(reader: &mut Reader<'_>, directive: &Directive<'_>, words: &[Word<'_>]) -> Result<Sticky, Diagnostic> {
    let [name, parameters @ ..] = words else { return Err(directive.fails("empty cookie name")) };
    if name.value.is_empty() {
        return Err(directive.fails("empty cookie name"));
    }
    let mut cookie = Cookie { name: Text::from(name.value), ..Cookie::default() };
    for word in parameters {
        let (key, value) = key_and_value(word);
        let is_duplicate = match (key, value) {
            (b"domain", Some(_)) => cookie.domain.is_some(),
            (b"path", Some(_)) => cookie.path.is_some(),
            (b"expires", Some(_)) => cookie.expires.is_some(),
            (b"httponly", None) => cookie.httponly,
            (b"secure", None) => cookie.secure,
            (b"samesite", Some(_)) => cookie.samesite.is_some(),
            _ => return Err(unknown(directive, word)),
        };
        let key = String::from_utf8_lossy(key);
        if is_duplicate {
            return Err(directive.fails(&format!("parameter \"{key}\" is duplicate")));
        }
        let value = value.unwrap_or_default();
        match &*key {
            "domain" | "path" if value.is_empty() => {
                return Err(directive.fails(&format!("no value for \"{key}\"")));
            }
            "domain" => cookie.domain = Some(reader.template(directive, value)?),
            "path" => cookie.path = Some(Text::from(value)),
            "expires" => cookie.expires = Some(expires(directive, value)?),
            "httponly" => cookie.httponly = true,
            "secure" => cookie.secure = true,
            _ => {
                let template = reader.template(directive, value)?;
                if template.constant().is_some_and(|text| !is_samesite(text)) {
                    return Err(directive.fails("invalid \"samesite\" parameter value"));
                }
                cookie.samesite = Some(template);
            }
        }
    }
    let variable = reader.http.variables.use_name(&[b"cookie_", name.value].concat());
    Ok(Sticky { lookup: vec![variable], source: Source::Cookie(cookie) })
}

fn expires(directive: &Directive<'_>, text: &[u8]) -> Result<Expires, Diagnostic> {
    match text {
        b"max" => Ok(Expires::Max),
        _ => duration::parse_seconds(text)
            .map(Expires::Seconds)
            .ok_or_else(|| directive.fails("invalid \"expires\" parameter value")),
    }
}

fn learn(reader: &mut Reader<'_>, directive: &Directive<'_>, words: &[Word<'_>]) -> Result<Sticky, Diagnostic> {
    let (mut lookup, mut create) = (Vec::new(), Vec::new());
    let (mut zone, mut timeout_ms, mut after_header) = (None, None, false);
    for word in words {
        let variable = |value: &[u8]| value.strip_prefix(b"$").map(<[u8]>::to_vec);
        match key_and_value(word) {
            (b"zone", Some(_)) if zone.is_some() => return Err(directive.fails("duplicate zone")),
            (b"zone", Some(value)) => zone = Some(zone_of(directive, value)?),
            (b"timeout", Some(_)) if timeout_ms.is_some() => return Err(directive.fails("duplicate timeout")),
            (b"timeout", Some(value)) => {
                let value = duration::parse_milliseconds(value).filter(|value| *value > 0);
                timeout_ms = Some(value.ok_or_else(|| directive.fails("invalid timeout"))?);
            }
            (b"create", Some(value)) => {
                let name =
                    variable(value).ok_or_else(|| directive.fails("missing variable in the \"create\" parameter"))?;
                create.push(reader.variable(directive, &name));
            }
            (b"lookup", Some(value)) => {
                let name =
                    variable(value).ok_or_else(|| directive.fails("missing variable in the \"lookup\" parameter"))?;
                lookup.push(reader.variable(directive, &name));
            }
            (b"header", None) => after_header = true,
            _ => return Err(unknown(directive, word)),
        }
    }
    if lookup.is_empty() {
        return Err(directive.fails("\"lookup\" parameter is not specified"));
    }
    if create.is_empty() {
        return Err(directive.fails("\"create\" parameter is not specified"));
    }
    let zone = zone.ok_or_else(|| directive.fails("\"zone\" parameter is not specified"))?;
    reader.http.add_zone(directive, &zone, "http_upstream_sticky")?;
    if let Some(user) = reader.http.upstreams.user_of_sticky_zone(&zone.name) {
        let fault = format!("sticky zone \"{}\" is already used in upstream \"{user}\"", zone.name);
        return Err(directive.emerg(fault));
    }
    let timeout_ms = timeout_ms.unwrap_or(600_000);
    Ok(Sticky { lookup, source: Source::Learn(Learn { create, zone, timeout_ms, after_header }) })
}

fn zone_of(directive: &Directive<'_>, text: &[u8]) -> Result<Zone, Diagnostic> {
    let colon = text.iter().position(|byte| *byte == b':');
    let colon = colon.ok_or_else(|| directive.fails("zone size is not specified"))?;
    if colon == 0 {
        return Err(directive.fails("zone name is not specified"));
    }
    let size = size::parse_size(&text[colon + 1..]).ok_or_else(|| directive.fails("invalid zone size"))? as usize;
    if size < 8 * PAGE_SIZE {
        return Err(directive.fails("zone is too small"));
    }
    Ok(Zone { name: Text::from(&text[..colon]), size })
}

/// `key=value`, or a word alone.
fn key_and_value<'w>(word: &Word<'w>) -> (&'w [u8], Option<&'w [u8]>) {
    match word.value.iter().position(|byte| *byte == b'=') {
        Some(equals) => (&word.value[..equals], Some(&word.value[equals + 1..])),
        None => (word.value, None),
    }
}
