//! What a group with `sticky` keeps: how it is configured, and the sessions that `learn` has seen.

use md5::{Digest, Md5};

use crate::ir::upstream::sticky::{Learn, Source, Sticky as Configured};
use crate::ir::value::Text;
use crate::log::now;
use crate::net::zone_holder;
use crate::sys::shared_words::SharedWords;
use crate::zone::sticky::{Key, Sessions};

/// What binds the requests of one group.
#[derive(Debug)]
pub struct Sticky {
    pub(super) configured: Configured,
    pub(super) sessions: Option<Sessions<SharedWords>>,
}

/// What a server is called: its `route`, or a digest of its address.
pub fn sid(route: Option<&Text>, name: &str) -> Box<[u8]> {
    match route {
        Some(route) => route.as_bytes().into(),
        None => Md5::digest(name).iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
    }
}

/// The sessions of `learn`, over the words of its zone.
pub fn sessions(learn: &Learn, words: SharedWords) -> Sessions<SharedWords> {
    Sessions::over(words, learn.zone.size, learn.timeout_ms, zone_holder::own())
}

impl Sticky {
    /// Over the words of the zone that `learn` has.
    pub fn new(configured: Configured, words: Option<SharedWords>) -> Self {
        let sessions = match (&configured.source, words) {
            (Source::Learn(learn), Some(words)) => Some(sessions(learn, words)),
            _ => None,
        };
        Self { configured, sessions }
    }

    /// The server that this stands for.
    pub fn server(&self, id: &[u8]) -> Option<Box<[u8]>> {
        match &self.sessions {
            Some(sessions) => sessions.find(&key(id), now_ms()),
            None => Some(id.into()),
        }
    }
}

/// What a session is known by.
pub fn key(session: &[u8]) -> Key {
    Md5::digest(session).into()
}

/// The time as the zone counts it.
pub fn now_ms() -> u64 {
    now::since_epoch().as_millis() as u64
}
