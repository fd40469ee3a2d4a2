//! The zones of `limit_req` and `limit_conn`: words that all workers share, kept over a reload by name and size.

use std::num::NonZeroUsize;

use crate::http::limit_zones;
use crate::ir::http::Http;
use crate::ir::value::{Template, Text};
use crate::log::error_log::{ErrorLog, Level};
use crate::sys::fork::Pid;
use crate::sys::shared_words::SharedWords;
use crate::zone::slab::Slab;
use crate::zone::{limit_conn as conn_zone, limit_req as req_zone};

/// The zones of one generation, mapped before its workers are forked; each kind in the configuration's order.
#[derive(Default)]
pub struct LimitZones {
    limit_req: Vec<Zone>,
    limit_conn: Vec<Zone>,
}

/// One zone.
struct Zone {
    name: Text,
    size: usize,
    /// What is counted by, as written.
    key: String,
    words: SharedWords,
}

/// Why there are no zones; the log has the reason.
pub struct NotMapped;

impl LimitZones {
    /// The zones of a configuration, taken over from an old generation where name and size are the same.
    pub fn map(http: &Http, old: Option<&Self>, log: &ErrorLog) -> Result<Self, NotMapped> {
        let mut zones = Self::default();
        for zone in &http.limit_req_zones {
            let wanted = Wanted { name: &zone.name, size: zone.size, key: &zone.key, directive: "limit_req" };
            let old = old.map_or(&[][..], |old| &old.limit_req);
            let reset = |words| limit_zones::req_zone(zone, words).reset(zone.name.as_bytes());
            zones.limit_req.push(wanted.find_or_map(http, old, req_zone::words_needed(zone.size), reset, log)?);
        }
        for zone in &http.limit_conn_zones {
            let wanted = Wanted { name: &zone.name, size: zone.size, key: &zone.key, directive: "limit_conn_zone" };
            let old = old.map_or(&[][..], |old| &old.limit_conn);
            let reset = |words| limit_zones::conn_zone(zone, words).reset(zone.name.as_bytes());
            zones.limit_conn.push(wanted.find_or_map(http, old, conn_zone::words_needed(zone.size), reset, log)?);
        }
        Ok(zones)
    }

    /// The words of each zone of `limit_req`.
    pub fn limit_req(&self) -> impl Iterator<Item = SharedWords> {
        self.limit_req.iter().map(|zone| zone.words.clone())
    }

    /// The words of each zone of `limit_conn`.
    pub fn limit_conn(&self) -> impl Iterator<Item = SharedWords> {
        self.limit_conn.iter().map(|zone| zone.words.clone())
    }

    /// Frees what a worker had locked when it died.
    pub fn free_locks_of(&self, worker: Pid) {
        for zone in self.limit_req.iter().chain(&self.limit_conn) {
            Slab::over(zone.words.clone(), zone.size).free_lock_of(u64::from(worker.unsigned_abs()));
        }
    }
}

struct Wanted<'a> {
    name: &'a Text,
    size: usize,
    key: &'a Template,
    directive: &'a str,
}

impl Wanted<'_> {
    fn find_or_map(
        self,
        http: &Http,
        old: &[Zone],
        words: usize,
        reset: impl FnOnce(SharedWords),
        log: &ErrorLog,
    ) -> Result<Zone, NotMapped> {
        let Self { name, size, key, directive } = self;
        let key = http.written(key);
        let words = match old.iter().find(|old| old.name == *name && old.size == size) {
            Some(old) if old.key == key => old.words.clone(),
            Some(Zone { key: before, .. }) => {
                let text = format_args!(
                    "{directive} \"{name}\" uses the \"{key}\" key while previously it used the \"{before}\" key"
                );
                log.say(Level::Emerg, text);
                return Err(NotMapped);
            }
            None => {
                let count = NonZeroUsize::new(words).unwrap_or(NonZeroUsize::MIN);
                let words = SharedWords::map(count).map_err(|error| {
                    log.say_error(Level::Alert, &error, format_args!("mmap(MAP_ANON|MAP_SHARED, {size}) failed"));
                    NotMapped
                })?;
                reset(words.clone());
                words
            }
        };
        Ok(Zone { name: name.clone(), size, key, words })
    }
}
