//! The values of nginx's `http_referer` module.

use std::rc::Rc;

use crate::conf::tree::Directive;
use crate::ir::hostnames::{Hostname, Hostnames};
use crate::ir::reader::Reader;
use crate::ir::regex::{BadPattern, Regex};
use crate::ir::server_name::ServerName;
use crate::ir::setter::{Set, Table};
use crate::ir::value::Text;

layer! {
    /// Which `Referer` is welcome.
    pub struct Referer, own RefererOwn {
        /// `valid_referers`; `None` where nothing is checked.
        valid: Option<Rc<ValidReferers>> = None,
    }
}

/// `valid_referers`
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct ValidReferers {
    /// `none`: the header may be missing.
    pub none: bool,
    /// `blocked`: a value that is no URL.
    pub blocked: bool,
    /// Names, with the beginning of the URI they are for; wildcards as in `server_name`.
    pub names: Vec<(Text, Option<Text>)>,
    /// `server_names`: the names of this server too.
    pub server_names: bool,
    /// Patterns for what follows `http://` or `https://`.
    pub regex: Vec<Rc<Regex>>,
}

impl RefererOwn {
    /// What is wrong with a block's `valid_referers`; `server_names` stands for these names (`ngx_http_referer_merge_conf`).
    pub fn fault(&self, names: &[ServerName]) -> Option<Fault> {
        let valid = self.valid.as_ref()?.as_ref()?;
        let mut known = valid.known();
        let plain = names.iter().filter(|_| valid.server_names).filter_map(|name| match name {
            ServerName::Name(name) => Some(name),
            ServerName::Pattern(_) => None,
        });
        let mut has_names = !valid.names.is_empty();
        for name in plain {
            has_names = true;
            if Hostname::of(name).is_some_and(|hostname| !known.add(hostname, ())) {
                return Some(Fault::Conflict(conflict(name)));
            }
        }
        // nginx counts no patterns here.
        (!has_names && (valid.none || valid.blocked)).then_some(Fault::NoReferer(
            "the \"none\" or \"blocked\" referers are specified in the \"valid_referers\" directive without any valid referer",
        ))
    }
}

/// What is found only once all names of the server are known.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Fault {
    /// A name is there twice.
    Conflict(String),
    /// There is no name at all.
    NoReferer(&'static str),
}

impl ValidReferers {
    fn known(&self) -> Hostnames<()> {
        let mut known = Hostnames::default();
        for (name, _) in &self.names {
            Hostname::of(name).map(|name| known.add(name, ()));
        }
        known
    }
}

fn conflict(name: impl std::fmt::Display) -> String {
    format!("conflicting parameter \"{name}\"")
}

/// The setters of `http_referer`.
pub const SETTERS: Table = &[("valid_referers", valid_referers)];

fn valid_referers(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let now = reader.own().referer.get_or_insert_default().valid.take().flatten();
    let mut valid = now.map_or_else(ValidReferers::default, |valid| (*valid).clone());
    let mut known = valid.known();
    for word in directive.args() {
        match word.value {
            b"" => return Err(directive.emerg("invalid referer \"\"")),
            b"none" => valid.none = true,
            b"blocked" => valid.blocked = true,
            b"server_names" => valid.server_names = true,
            b"~" => return Err(directive.emerg("empty regex in \"~\"")),
            [b'~', pattern @ ..] => {
                let variables = &mut reader.http.variables;
                let regex = Regex::compile(pattern, true, |name| variables.use_name(name));
                valid.regex.push(Rc::new(regex.map_err(|BadPattern(fault)| directive.emerg(fault))?));
            }
            name => {
                let slash = name.iter().position(|byte| *byte == b'/').unwrap_or(name.len());
                let (host, uri) = name.split_at(slash);
                let host = Text::from(host.to_ascii_lowercase());
                let Some(hostname) = Hostname::of(&host) else {
                    let host = String::from_utf8_lossy(name.split_at(slash).0);
                    return Err(directive.emerg(format!("invalid hostname or wildcard \"{host}\"")));
                };
                if !known.add(hostname, ()) {
                    return Err(directive.emerg(conflict(&host)));
                }
                valid.names.push((host, (!uri.is_empty()).then(|| Text::from(uri))));
            }
        }
    }
    reader.own().referer.get_or_insert_default().valid = Some(Some(Rc::new(valid)));
    Ok(())
}
