//! Variables: from a number to bytes. A file for each source; names become getters once, when a generation starts.

mod client_certificate;
mod connection;
pub mod family;
mod module;
mod put;
mod request;
mod response;
mod tls;
mod upstream;

use std::sync::LazyLock;

use grammar::variables::http::{VARIABLES, number};
use grammar::variables::{Kind, Variable as Row};

use self::put::{Write1, WriteFamily};
use super::request::values::Slot;
use super::request::{LOGGING, Request};
use crate::ir::ids::VariableId;
use crate::ir::variables::Source;

/// What `set` does to a built-in variable.
type Assign = fn(&mut Request, &[u8]);

/// How a built-in variable, or one of a family, gets its value.
#[derive(Clone, Copy)]
enum Getter {
    /// It is written anew at each use.
    Function(Write1),
    /// It is written once for a request.
    Cached(Write1),
    /// So too, but the log counts anew.
    Counted(Write1),
    /// One of a family.
    Family(WriteFamily),
    /// It has the value that something else assigns to it, or none.
    Nothing,
}

/// The getters of all variables that nginx has built in, by their row's number.
static GETTERS: LazyLock<Vec<Getter>> = LazyLock::new(|| VARIABLES.iter().map(getter).collect());

fn getter(row: &Row) -> Getter {
    let found = match row.kind {
        Kind::Prefix => family::find(row.name).map(Getter::Family),
        Kind::Exact if matches!(row.name, "bytes_sent" | "body_bytes_sent") => builtin(row.name).map(Getter::Counted),
        Kind::Exact if is_fixed(row.name) => builtin(row.name).map(Getter::Cached),
        Kind::Exact => builtin(row.name).map(Getter::Function),
    };
    found.unwrap_or(Getter::Nothing)
}

/// Those whose source may change while a request runs, but which keep the value of their first use (they lack
/// `NGX_HTTP_VAR_NOCACHEABLE`).
fn is_fixed(name: &str) -> bool {
    name.starts_with("sent_http_")
        || name == "sent_trailer_"
        || matches!(
            name,
            "request_id"
                | "echo_incr"
                | "invalid_referer"
                | "secure_link"
                | "uid_got"
                | "uid_set"
                | "request_completion"
                | "request_body"
                | "request_body_file"
                | "content_length"
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
    match &engine.http.variables.get(id).source {
        Source::Builtin(row) => match GETTERS[number(row)] {
            Getter::Function(write) => write(request, out),
            // Nobody asks again behind the last log, unless the line itself does.
            Getter::Cached(write) if is_last_use(request) => write(request, out),
            Getter::Cached(write) | Getter::Counted(write) => remember(request, id, out, write),
            Getter::Family(_) | Getter::Nothing => false,
        },
        Source::Family { row, rest } if is_fixed(row.name) && !is_last_use(request) => {
            remember(request, id, out, |request, out| write_of_family(request, row, rest, out))
        }
        Source::Family { row, rest } => write_of_family(request, row, rest, out),
        Source::Set => {
            warn_unset(request, id);
            true
        }
        Source::Assigned => false,
        Source::Map(map) => {
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
        Source::Geo(geo) => {
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
        Source::SplitClients(split) => {
            let split = &engine.http.split_clients[split.0 as usize];
            remember(request, id, out, |request, out| {
                module::split_clients(request, split, out);
                true
            })
        }
    }
}

fn is_last_use(request: &Request) -> bool {
    request.action == LOGGING && !request.is_subrequest && request.contexts.echo_counter.is_none()
}

/// Writes the value of a variable into a line of the log, which counts what was sent by itself (`ngx_http_log_vars`).
pub fn write_logged(request: &Request, id: VariableId, out: &mut Vec<u8>) -> bool {
    if let Source::Builtin(row) = &request.connection.engine.http.variables.get(id).source
        && let Getter::Counted(count) = GETTERS[number(row)]
    {
        return count(request, out);
    }
    write(request, id, out)
}

/// Writes the value of a variable of this name, whether or not the configuration uses it; false if it has none.
pub fn write_named(request: &Request, name: &[u8], out: &mut Vec<u8>) -> bool {
    request.begin_template();
    if let Some(id) = request.connection.engine.http.variables.id_of(name) {
        return write(request, id, out);
    }
    match crate::ir::variables::builtin(name) {
        Some(Source::Builtin(row)) => match GETTERS[number(row)] {
            Getter::Function(write) | Getter::Cached(write) | Getter::Counted(write) => write(request, out),
            Getter::Family(_) | Getter::Nothing => false,
        },
        Some(Source::Family { row, rest }) => write_of_family(request, row, &rest, out),
        _ => false,
    }
}

fn write_of_family(request: &Request, row: &'static Row, rest: &[u8], out: &mut Vec<u8>) -> bool {
    match GETTERS[number(row)] {
        Getter::Family(write) => write(request, rest, out),
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
    request.remember(id, slot);
    found
}

fn warn_unset(request: &Request, id: VariableId) {
    if request.location.settings.rewrite.uninitialized_variable_warn {
        let name = &request.connection.engine.http.variables.get(id).name;
        request.log(crate::log::error_log::Level::Warn, format_args!("using uninitialized \"{name}\" variable"));
    }
    request.remember(id, Slot::Set(Vec::new()));
}

/// Gives a variable a value: a named group of a pattern, `auth_request_set`.
pub fn assign(request: &Request, id: VariableId, value: &[u8]) {
    request.remember(id, Slot::Set(value.to_vec()));
}

/// Gives a variable of a module its value, if the configuration uses it; without one it has none.
pub fn assign_named(request: &Request, name: &[u8], value: Option<&[u8]>) {
    if let Some(id) = request.connection.engine.http.variables.id_of(name) {
        request.remember(id, value.map_or(Slot::NotFound, |value| Slot::Set(value.to_vec())));
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
