//! Reading `map { }`.

use super::Map;
use crate::conf::check;
use crate::conf::tree::Directive;
use crate::ir::hostnames::{Hostname, Hostnames};
use crate::ir::http::rewrite::setters::{not_changeable, variable_name};
use crate::ir::ids::MapId;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table};
use crate::ir::value::Template;
use crate::ir::variables::Source;

/// The setters of `http_map`.
pub const SETTERS: Table = &[("map", map)];

fn map(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [subject, variable] = directive.args() else { return Ok(()) };
    reader.settle(&["map_hash_max_size", "map_hash_bucket_size"]);
    let subject = reader.template(directive, subject.value)?;
    let name = variable_name(directive, variable.value)?;
    let id = MapId(reader.http.maps.len() as u32);
    reader.http.variables.define(name, Source::Map(id)).map_err(not_changeable(directive, name))?;
    let mut map = Map {
        subject,
        hostnames: false,
        default: Template::default(),
        texts: Hostnames::default(),
        regex: Vec::new(),
        volatile: false,
    };
    let mut has_default = false;
    for line in directive.children() {
        match check::free_words(line)? {
            [word] if word.value == b"hostnames" => map.hostnames = true,
            [word] if word.value == b"volatile" => map.volatile = true,
            [key, value] => {
                let value = reader.template(line, value.value)?;
                match key.value {
                    b"default" if has_default => return Err(line.emerg("duplicate default map parameter")),
                    b"default" => {
                        has_default = true;
                        map.default = value;
                    }
                    [b'~', b'*', pattern @ ..] => map.regex.push((reader.regex(line, pattern, true)?, value)),
                    [b'~', pattern @ ..] => map.regex.push((reader.regex(line, pattern, false)?, value)),
                    // A backslash protects a key that would mean something else.
                    [b'\\', key @ ..] => map.add(line, key, value)?,
                    key => map.add(line, key, value)?,
                }
            }
            _ => return Err(line.emerg("invalid number of the map parameters")),
        }
    }
    reader.http.maps.push(map);
    Ok(())
}

impl Map {
    fn add(&mut self, line: &Directive<'_>, key: &[u8], value: Template) -> Set {
        let shown = String::from_utf8_lossy(key);
        let lower = key.to_ascii_lowercase();
        let name = match self.hostnames {
            true => {
                Hostname::of(&lower).ok_or_else(|| line.emerg(format!("invalid hostname or wildcard \"{shown}\"")))?
            }
            false => Hostname::Exact(&lower),
        };
        match self.texts.add(name, value) {
            true => Ok(()),
            false => Err(line.emerg(format!("conflicting parameter \"{shown}\""))),
        }
    }
}
