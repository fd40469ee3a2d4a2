//! The values of nginx's `http_limit_conn` module.

pub mod setters;

use crate::conf::diagnostic::Level;
use crate::ir::value::{List, Template, Text};

layer! {
    /// How many requests of one kind may run at once.
    pub struct LimitConn, own LimitConnOwn {
        /// `limit_conn`
        limits: List<Limit> = List::default(),
        /// `limit_conn_status`
        status: u16 = 503,
        /// `limit_conn_log_level`
        log_level: Level = Level::Error,
        /// `limit_conn_dry_run`
        dry_run: bool = false,
    }
}

/// The number of a [`ConnZone`] in [`super::Http::limit_conn_zones`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
pub struct ConnZoneId(pub u32);

/// `limit_conn_zone`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct ConnZone {
    /// Its name.
    pub name: Text,
    /// What is counted by.
    pub key: Template,
    /// Its size in bytes.
    pub size: usize,
}

/// `limit_conn`
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Limit {
    /// Where it is counted.
    pub zone: ConnZoneId,
    /// How many are allowed.
    pub connections: u32,
}
