//! Reading `geo { }`.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};

use super::{Geo, Network, Networks, Range};
use crate::conf::check;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::http::access;
use crate::ir::http::rewrite::setters::{not_changeable, variable_name};
use crate::ir::ids::GeoId;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table};
use crate::ir::url::parse_ipv4;
use crate::ir::value::Text;
use crate::ir::variables::Source;

/// The setters of `http_geo`.
pub const SETTERS: Table = &[("geo", geo)];

fn geo(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let (address, variable) = match directive.args() {
        [address, variable] => {
            let name = variable_name(directive, address.value)?;
            (Some(reader.variable(directive, name)), variable)
        }
        [variable, ..] => (None, variable),
        [] => return Ok(()),
    };
    let name = variable_name(directive, variable.value)?;
    let id = GeoId(reader.http.geos.len() as u32);
    reader.http.variables.define(name, Source::Geo(id)).map_err(not_changeable(directive, name))?;
    let mut draft = Draft::default();
    for line in directive.children() {
        draft.line(reader, line)?;
    }
    reader.http.geos.push(Geo {
        address,
        default: draft.default.unwrap_or_default(),
        networks: Networks::new(draft.networks),
        ranges: draft
            .by_ranges
            .then(|| draft.ranges.into_iter().map(|(first, (last, value))| Range { first, last, value }).collect()),
        proxies: draft.proxies.into(),
        proxy_recursive: draft.proxy_recursive,
        volatile: draft.volatile,
    });
    Ok(())
}

#[derive(Default)]
struct Draft {
    by_ranges: bool,
    proxy_recursive: bool,
    volatile: bool,
    default: Option<Text>,
    networks: BTreeMap<Network, Text>,
    ranges: BTreeMap<Ipv4Addr, (Ipv4Addr, Text)>,
    proxies: Vec<Network>,
    has_networks: bool,
}

impl Draft {
    fn line(&mut self, reader: &mut Reader<'_>, line: &Directive<'_>) -> Set {
        match check::free_words(line)? {
            [word] if word.value == b"ranges" => {
                if self.has_networks {
                    let fault = "the \"ranges\" directive must be the first directive inside \"geo\" block";
                    return Err(line.emerg(fault));
                }
                self.by_ranges = true;
                Ok(())
            }
            [word] if word.value == b"proxy_recursive" => {
                self.proxy_recursive = true;
                Ok(())
            }
            [word] if word.value == b"volatile" => {
                self.volatile = true;
                Ok(())
            }
            [key, value] => match key.value {
                b"proxy" => {
                    self.proxies.push(network(reader, line, value.value)?);
                    Ok(())
                }
                key if self.by_ranges => self.range(reader, line, key, value.value),
                key => {
                    self.has_networks = true;
                    self.network(reader, line, key, value.value)
                }
            },
            _ => Err(line.emerg("invalid number of the geo parameters")),
        }
    }

    fn network(&mut self, reader: &mut Reader<'_>, line: &Directive<'_>, key: &[u8], value: &[u8]) -> Set {
        if key == b"delete" {
            let network = network(reader, line, value)?;
            if self.networks.remove(&network).is_none() {
                let value = String::from_utf8_lossy(value);
                reader.warn(line.warn(format!("no network \"{value}\" to delete")));
            }
            return Ok(());
        }
        let new = Text::from(value);
        let old = match key {
            b"default" => self.default.replace(new.clone()),
            key => self.networks.insert(network(reader, line, key)?, new.clone()),
        };
        if let Some(old) = old {
            let key = String::from_utf8_lossy(key);
            let warning = format!("duplicate network \"{key}\", value: \"{new}\", old value: \"{old}\"");
            reader.warn(line.warn(warning.clone()));
            if key == "default" {
                // nginx keeps a default for each of the two families.
                reader.warn(line.warn(warning));
            }
        }
        Ok(())
    }

    fn range(&mut self, reader: &mut Reader<'_>, line: &Directive<'_>, key: &[u8], value: &[u8]) -> Set {
        if key == b"default" {
            if let Some(old) = self.default.replace(Text::from(value)) {
                let value = String::from_utf8_lossy(value);
                let warning = format!("duplicate default geo range value: \"{value}\", old value: \"{old}\"");
                reader.warn(line.warn(warning));
            }
            return Ok(());
        }
        let is_delete = key == b"delete";
        let text = if is_delete { value } else { key };
        let shown = String::from_utf8_lossy(text);
        let (first, last) = ends(text).ok_or_else(|| line.emerg(format!("invalid range \"{shown}\"")))?;
        if is_delete {
            let found = self.ranges.get(&first).is_some_and(|(end, _)| *end == last);
            match found {
                true => drop(self.ranges.remove(&first)),
                false => reader.warn(line.warn(format!("no address range \"{shown}\" to delete"))),
            }
            return Ok(());
        }
        self.add_range(reader, line, &shown, first, last, Text::from(value))
    }

    /// A range inside another one cuts it; ranges that only touch the same addresses are refused.
    fn add_range(
        &mut self,
        reader: &mut Reader<'_>,
        line: &Directive<'_>,
        shown: &str,
        first: Ipv4Addr,
        last: Ipv4Addr,
        value: Text,
    ) -> Set {
        let found = self.ranges.range(..=last).next_back().filter(|(_, (end, _))| *end >= first);
        let Some((&start, (end, old))) = found else {
            self.ranges.insert(first, (last, value));
            return Ok(());
        };
        let (end, old) = (*end, old.clone());
        if (start, end) == (first, last) {
            let warning = format!("duplicate range \"{shown}\", value: \"{value}\", old value: \"{old}\"");
            reader.warn(line.warn(warning));
            self.ranges.insert(first, (last, value));
            return Ok(());
        }
        if start > first || end < last {
            return Err(line.emerg(format!("range \"{shown}\" overlaps \"{start}-{end}\"")));
        }
        self.ranges.remove(&start);
        if start < first {
            self.ranges.insert(start, (Ipv4Addr::from(u32::from(first) - 1), old.clone()));
        }
        if end > last {
            self.ranges.insert(Ipv4Addr::from(u32::from(last) + 1), (end, old));
        }
        self.ranges.insert(first, (last, value));
        Ok(())
    }
}

fn network(reader: &mut Reader<'_>, line: &Directive<'_>, text: &[u8]) -> Result<Network, Diagnostic> {
    if text == b"255.255.255.255" {
        return Ok(Network { address: IpAddr::V4(Ipv4Addr::BROADCAST), prefix: 32 });
    }
    let invalid = || line.emerg(format!("invalid network \"{}\"", String::from_utf8_lossy(text)));
    access::setters::network(reader, line, text).ok_or_else(invalid)
}

fn ends(text: &[u8]) -> Option<(Ipv4Addr, Ipv4Addr)> {
    let dash = text.iter().position(|byte| *byte == b'-')?;
    let (first, last) = (parse_ipv4(&text[..dash])?, parse_ipv4(&text[dash + 1..])?);
    (first <= last).then_some((first, last))
}
