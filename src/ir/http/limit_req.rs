//! The values of nginx's `http_limit_req` module.

pub mod setters;

use crate::conf::diagnostic::Level;
use crate::ir::value::{List, Template, Text};

layer! {
    /// How many requests of one kind may come in a time.
    pub struct LimitReq, own LimitReqOwn {
        /// `limit_req`
        limits: List<Limit> = List::default(),
        /// `limit_req_status`
        status: u16 = 503,
        /// `limit_req_log_level`: of refusals; delays are logged one level lower.
        log_level: Level = Level::Error,
        /// `limit_req_dry_run`
        dry_run: bool = false,
    }
}

/// The number of a [`ReqZone`] in [`super::Http::limit_req_zones`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
pub struct ReqZoneId(pub u32);

/// `limit_req_zone`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct ReqZone {
    /// Its name.
    pub name: Text,
    /// What is counted by.
    pub key: Template,
    /// Its size in bytes.
    pub size: usize,
    /// Thousandths of a request a second.
    pub rate: u64,
}

/// `limit_req`
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct Limit {
    /// Where it is counted.
    pub zone: ReqZoneId,
    /// `burst`, in thousandths of a request
    pub burst: u64,
    /// `delay`, in thousandths of a request; `None` is `nodelay`.
    pub delay: Option<u64>,
}
