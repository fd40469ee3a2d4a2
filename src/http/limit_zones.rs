//! The zones of `limit_req` and `limit_conn`, over words that all workers share.

use std::rc::Rc;

use crate::ir::http::limit_conn::ConnZone as ConnSettings;
use crate::ir::http::limit_req::ReqZone as ReqSettings;
use crate::net::zone_holder;
use crate::sys::shared_words::SharedWords;
use crate::zone::limit_conn::ConnTable;
use crate::zone::limit_req::ReqTable;
use crate::zone::slab::Place;

/// A zone of `limit_req`.
pub type ReqZone = ReqTable<SharedWords>;
/// A zone of `limit_conn`.
pub type ConnZone = ConnTable<SharedWords>;

/// The zone over its words.
pub fn req_zone(settings: &ReqSettings, words: SharedWords) -> ReqZone {
    ReqTable::over(words, settings.size, settings.rate, zone_holder::own())
}

/// The zone over its words.
pub fn conn_zone(settings: &ConnSettings, words: SharedWords) -> ConnZone {
    ConnTable::over(words, settings.size, zone_holder::own())
}

/// One request counted in a zone, until this is dropped.
#[derive(Debug)]
pub struct Held {
    /// The zone.
    pub zone: Rc<ConnZone>,
    /// Where in it.
    pub node: Place,
}

impl Drop for Held {
    fn drop(&mut self) {
        self.zone.give(self.node);
    }
}
