//! `sticky`: how the requests of one client stay with one server.

pub mod setters;

use super::Zone;
use crate::ir::ids::VariableId;
use crate::ir::value::{Template, Text};

/// What binds requests to servers.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Sticky {
    /// The first of these variables that has a value names the server, or the session.
    pub lookup: Vec<VariableId>,
    /// Where the name comes from.
    pub source: Source,
}

/// Where the name of a server comes from.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Source {
    /// `cookie`: we set one.
    Cookie(Cookie),
    /// `route`: the variables hold it.
    Route,
    /// `learn`: a session that a server began is remembered.
    Learn(Learn),
}

/// `sticky cookie`
#[derive(Clone, PartialEq, Default, Debug, serde::Serialize)]
pub struct Cookie {
    /// Its name.
    pub name: Text,
    /// `domain`
    pub domain: Option<Template>,
    /// `path`
    pub path: Option<Text>,
    /// `expires`
    pub expires: Option<Expires>,
    /// `httponly`
    pub httponly: bool,
    /// `secure`
    pub secure: bool,
    /// `samesite`
    pub samesite: Option<Template>,
}

/// `expires` of a cookie.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub enum Expires {
    /// `max`: at the end of 2037.
    Max,
    /// After so many seconds.
    Seconds(u64),
}

/// `sticky learn`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Learn {
    /// The first of these variables that has a value begins a session.
    pub create: Vec<VariableId>,
    /// Where sessions are kept.
    pub zone: Zone,
    /// `timeout`: a session that nobody uses ends.
    pub timeout_ms: u64,
    /// `header`: a session begins with the header of the answer, not at its end.
    pub after_header: bool,
}

/// Is this a word that browsers know for `samesite`?
pub fn is_samesite(text: &[u8]) -> bool {
    [&b"strict"[..], b"lax", b"none"].iter().any(|word| word.eq_ignore_ascii_case(text))
}
