//! Variables: from a number to bytes. A file for each source; names become getters once, when a generation starts.

mod client_certificate;
mod connection;
pub mod family;
mod module;
mod request;
mod response;
mod tls;
mod upstream;

use std::io::Write;

use super::evaluate;
use super::request::{LOGGING, Request};
use crate::ir::ids::{GeoId, MapId, SplitClientsId, VariableId};
use crate::ir::value::Text;
use crate::ir::variables::{Source, Variables};
use crate::primitives::decimal;

/// Writes a value; false if the variable has none.
pub type Write1 = fn(&Request, &mut Vec<u8>) -> bool;
/// Writes the value of one of a family; the text is what follows the prefix.
pub type WriteFamily = fn(&Request, &[u8], &mut Vec<u8>) -> bool;
/// What `set` does to a built-in variable.
type Assign = fn(&mut Request, &[u8]);

/// Where a variable's value comes from.
pub enum Getter {
    /// It is written anew at each use.
    Function(Write1),
    /// It is written once for a request.
    Cached(Write1),
    /// One of a family.
    Family(WriteFamily, Text),
    /// `set` gives it a value; until then it is empty (`ngx_http_rewrite_var`).
    Set,
    /// `map`
    Map(MapId),
    /// `geo`
    Geo(GeoId),
    /// `split_clients`
    SplitClients(SplitClientsId),
    /// It has the value that something else assigns to it, or none.
    Nothing,
}

/// What a request knows of a variable.
#[derive(Clone, Default, Debug)]
pub enum Slot {
    /// It was not looked up.
    #[default]
    Unset,
    /// It has no value.
    NotFound,
    /// Its value.
    Set(Vec<u8>),
}

/// The getters of all variables that a configuration uses, by number.
pub fn getters(variables: &Variables) -> Vec<Getter> {
    variables.used.iter().map(|variable| getter(&variable.source)).collect()
}

fn getter(source: &Source) -> Getter {
    match source {
        Source::Set => Getter::Set,
        Source::Assigned => Getter::Nothing,
        Source::Map(id) => Getter::Map(*id),
        Source::Geo(id) => Getter::Geo(*id),
        Source::SplitClients(id) => Getter::SplitClients(*id),
        Source::Family { row, rest } => match family::find(row.name) {
            Some(write) => Getter::Family(write, family::prepare(row.name, rest)),
            None => Getter::Nothing,
        },
        Source::Builtin(row) => match builtin(row.name) {
            Some(write) if is_fixed(row.name) => Getter::Cached(write),
            Some(write) => Getter::Function(write),
            None => Getter::Nothing,
        },
    }
}

/// Whether one of them shows what a client offers in its hello.
pub fn show_hellos(variables: &Variables) -> bool {
    let is_such = |row: &str| matches!(row, "ssl_ciphers" | "ssl_curves" | "ssl_sigalgs");
    variables.used.iter().any(|variable| matches!(&variable.source, Source::Builtin(row) if is_such(row.name)))
}

/// Those whose source may change while a request runs, but which keep the value of their first use (they lack
/// `NGX_HTTP_VAR_NOCACHEABLE`).
fn is_fixed(name: &str) -> bool {
    name.starts_with("sent_http_")
        || matches!(
            name,
            "request_id"
                | "invalid_referer"
                | "secure_link"
                | "uid_got"
                | "uid_set"
                | "request_completion"
                | "request_body"
                | "request_body_file"
                | "content_length"
                | "bytes_sent"
                | "body_bytes_sent"
        )
}

fn builtin(name: &str) -> Option<Write1> {
    request::find(name)
        .or_else(|| connection::find(name))
        .or_else(|| tls::find(name))
        .or_else(|| client_certificate::find(name))
        .or_else(|| response::find(name))
        .or_else(|| upstream::find(name))
        .or_else(|| module::find(name))
}

/// Writes a variable's value; false if it has none.
pub fn write(request: &Request, id: VariableId, out: &mut Vec<u8>) -> bool {
    match request.variables.borrow().get(id.0 as usize) {
        Some(Slot::Set(value)) => {
            out.extend_from_slice(value);
            return true;
        }
        Some(Slot::NotFound) => return false,
        Some(Slot::Unset) | None => {}
    }
    let engine = &request.connection.engine;
    match &engine.getters[id.0 as usize] {
        Getter::Function(write) => write(request, out),
        Getter::Family(write, rest) => write(request, rest, out),
        Getter::Set => {
            warn_unset(request, id);
            true
        }
        Getter::Nothing => false,
        // Nobody asks again behind the log.
        Getter::Cached(write) if request.action == LOGGING => write(request, out),
        Getter::Cached(write) => remember(request, id, out, write),
        Getter::Map(map) => {
            let map = &engine.http.maps[map.0 as usize];
            if map.volatile {
                module::map(request, map, out);
                return true;
            }
            remember(request, id, out, |request, out| {
                module::map(request, map, out);
                true
            })
        }
        Getter::Geo(geo) => {
            let geo = &engine.http.geos[geo.0 as usize];
            if geo.volatile {
                module::geo(request, geo, out);
                return true;
            }
            remember(request, id, out, |request, out| {
                module::geo(request, geo, out);
                true
            })
        }
        Getter::SplitClients(split) => {
            let split = &engine.http.split_clients[split.0 as usize];
            remember(request, id, out, |request, out| {
                module::split_clients(request, split, out);
                true
            })
        }
    }
}

/// Writes the value of a variable of this name, whether or not the configuration uses it; false if it has none.
pub fn write_named(request: &Request, name: &[u8], out: &mut Vec<u8>) -> bool {
    let used = &request.connection.engine.http.variables.used;
    if let Some(index) = used.iter().position(|variable| *variable.name == *name) {
        return write(request, VariableId(index as u32), out);
    }
    match crate::ir::variables::builtin(name).as_ref().map(getter) {
        Some(Getter::Function(write) | Getter::Cached(write)) => write(request, out),
        Some(Getter::Family(write, rest)) => write(request, &rest, out),
        _ => false,
    }
}

fn remember(
    request: &Request,
    id: VariableId,
    out: &mut Vec<u8>,
    write: impl FnOnce(&Request, &mut Vec<u8>) -> bool,
) -> bool {
    let before = out.len();
    let found = write(request, out);
    let slot = if found { Slot::Set(out[before..].to_vec()) } else { Slot::NotFound };
    store(request, id, slot);
    found
}

fn store(request: &Request, id: VariableId, slot: Slot) {
    let mut slots = request.variables.borrow_mut();
    let index = id.0 as usize;
    if slots.len() <= index {
        slots.resize(request.connection.engine.getters.len(), Slot::Unset);
    }
    slots[index] = slot;
}

fn warn_unset(request: &Request, id: VariableId) {
    if request.location.settings.rewrite.uninitialized_variable_warn {
        let name = &request.connection.engine.http.variables.get(id).name;
        request.log(crate::log::error_log::Level::Warn, format_args!("using uninitialized \"{name}\" variable"));
    }
    store(request, id, Slot::Set(Vec::new()));
}

/// Gives a variable a value: a named group of a pattern, `auth_request_set`.
pub fn assign(request: &Request, id: VariableId, value: &[u8]) {
    store(request, id, Slot::Set(value.to_vec()));
}

/// Gives a variable of a module its value, if the configuration uses it; without one it has none.
pub fn assign_named(request: &Request, name: &[u8], value: Option<&[u8]>) {
    let used = &request.connection.engine.http.variables.used;
    if let Some(index) = used.iter().position(|variable| *variable.name == *name) {
        store(request, VariableId(index as u32), value.map_or(Slot::NotFound, |value| Slot::Set(value.to_vec())));
    }
}

/// `set`: some built-in variables are more than a value.
pub fn set(request: &mut Request, id: VariableId, value: &[u8]) {
    let engine = std::rc::Rc::clone(&request.connection.engine);
    if let Source::Builtin(row) = &engine.http.variables.get(id).source {
        let assign: Option<Assign> = match row.name {
            "args" => Some(|request, value| {
                request.args = value.to_vec();
                request.has_args = true;
                request.valid_unparsed_uri = false;
            }),
            "limit_rate" => Some(|request, value| request.limit_rate = crate::primitives::size::parse_size(value)),
            _ => None,
        };
        if let Some(assign) = assign {
            assign(request, value);
            return;
        }
    }
    assign(request, id, value);
}

/// A value as text for a number; 0 if it is none.
fn put(out: &mut Vec<u8>, value: impl std::fmt::Display) -> bool {
    write!(out, "{value}").expect("a vector takes every byte");
    true
}

/// The same of a whole number, which is what most of them are.
fn put_number(out: &mut Vec<u8>, value: u64) -> bool {
    decimal::write(value, out);
    true
}

fn put_bytes(out: &mut Vec<u8>, value: &[u8]) -> bool {
    out.extend_from_slice(value);
    true
}

fn put_some(out: &mut Vec<u8>, value: Option<&[u8]>) -> bool {
    value.is_some_and(|value| put_bytes(out, value))
}

/// Seconds with three digits behind the point.
fn put_seconds(out: &mut Vec<u8>, milliseconds: u64) -> bool {
    put(out, format_args!("{}.{:03}", milliseconds / 1000, milliseconds % 1000))
}

/// The text of a template, for whoever has only the request.
fn text_of(request: &Request, template: &crate::ir::value::Template) -> Vec<u8> {
    evaluate::text(request, template).into_owned()
}
