//! Walks the tree in source order and turns each directive into a typed value: row, then setter.
//!
//! Faults come in nginx's order, because nginx too reads and acts directive by directive. What it asks of the system
//! on the way (addresses of hosts, the number of a user) is put among the [`Event`]s instead.

use grammar::{Context, Directive as Row};

use super::core::{Core, Events};
use super::event::Event;
use super::lookup::Host;
use super::reader::{Environment, Reader, Setter};
use super::setter::Table;
use super::value::Text;
use super::{core, http, upstream};
use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::conf::tree::Tree;

/// A whole nginx configuration.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Nginx {
    /// The directives outside all blocks.
    pub core: Core,
    /// `events { }`
    pub events: Events,
    /// `http { }`
    pub http: Option<http::Http>,
    /// The host names that have to be resolved before the first request; a [`HostId`] is an index into it.
    pub hosts: Vec<Host>,
    /// The files of logs that directives name, in their order.
    #[serde(skip)]
    pub log_files: Vec<Text>,
}

/// What became of a configuration.
#[derive(Clone, PartialEq, Debug)]
pub struct Lowered {
    /// What nginx says and asks on the way, in order, up to the fault if there is one.
    pub events: Vec<Event>,
    /// The host names that the events speak of, also where a fault ended the reading.
    pub hosts: Vec<Host>,
    /// All that nginx knows and evenkeel does not serve, where it first stands; its first one is the first fault.
    pub unserved: Vec<Diagnostic>,
    /// The values, or the first fault.
    pub result: Result<Nginx, Diagnostic>,
}

/// Turns a configuration into values.
pub fn lower(tree: &Tree<'_>, environment: &Environment) -> Lowered {
    let mut reader = Reader::new(environment, setter);
    let mut result = read(&mut reader, tree);
    if let Some((events, first)) = reader.unserved.first() {
        reader.events.truncate(*events);
        result = Err(first.clone());
    }
    let unserved = reader.unserved.into_iter().map(|(_, fault)| fault).collect();
    Lowered { events: reader.events, hosts: reader.hosts, unserved, result }
}

fn read(reader: &mut Reader<'_>, tree: &Tree<'_>) -> Result<Nginx, Diagnostic> {
    reader.walk(Context::MAIN, tree.iter())?;
    reader.events.push(Event::SyntaxIsOk);
    reader.core.check_thread_pools()?;
    let core = std::mem::take(&mut reader.core).finish(reader);
    let Some(events) = reader.events_block.take() else {
        let text = "no \"events\" section in configuration".to_owned();
        return Err(Diagnostic { level: Level::Emerg, text, place: Place::Nowhere });
    };
    let http = reader.http_done.take();
    let log_files = std::mem::take(&mut reader.log_files);
    Ok(Nginx { core, events: events.finish(), http, hosts: reader.hosts.clone(), log_files })
}

/// The setter of a row.
pub fn setter(row: &Row) -> Option<Setter> {
    table(row.module)?.iter().find(|(name, _)| *name == row.name).map(|(_, setter)| *setter)
}

/// The setters of a module.
pub fn table(module: &str) -> Option<Table> {
    Some(match module {
        "core" | "errlog" | "openssl_cache" | "thread_pool" => core::setters::SETTERS,
        "event_core" => core::setters::EVENTS_SETTERS,
        "http" => http::blocks::SETTERS,
        "http_upstream" => upstream::draft::setters::SETTERS,
        other => return http::tables::table(other),
    })
}

#[cfg(test)]
mod tests;
