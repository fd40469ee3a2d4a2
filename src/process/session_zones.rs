//! The zones of `ssl_session_cache` and `ssl_ocsp_cache`: words that all workers share, kept over a reload by name and size.

use std::num::NonZeroUsize;

use crate::ir::value::Zone;
use crate::log::error_log::{ErrorLog, Level};
use crate::net::tls_sessions::SessionZone;
use crate::sys::fork::Pid;
use crate::sys::shared_words::SharedWords;
use crate::zone::ssl_sessions::{self, Sessions};

/// The zones of one generation, mapped before its workers are forked.
#[derive(Clone, Default, Debug)]
pub struct SessionZones(Vec<(Zone, SessionZone)>);

/// There is no memory for a zone; the log has the reason.
pub struct NotMapped;

impl SessionZones {
    /// The words of a zone, if there is one; taken over from an old generation where name and size are the same.
    pub fn of(
        &mut self,
        wanted: Option<&Zone>,
        old: Option<&Self>,
        log: &ErrorLog,
    ) -> Result<Option<SessionZone>, NotMapped> {
        let Some(wanted) = wanted else { return Ok(None) };
        let known = self.0.iter().chain(old.iter().flat_map(|old| &old.0)).find(|(zone, _)| zone == wanted);
        let zone = match known {
            Some((_, zone)) => zone.clone(),
            None => SessionZone::new(map(wanted, log)?),
        };
        if !self.0.iter().any(|(own, _)| own == wanted) {
            self.0.push((wanted.clone(), zone.clone()));
        }
        Ok(Some(zone))
    }

    /// Frees what a worker had locked when it died.
    pub fn free_locks_of(&self, worker: Pid) {
        for (_, zone) in &self.0 {
            zone.free_lock_of(u64::from(worker.unsigned_abs()));
        }
    }
}

fn map(zone: &Zone, log: &ErrorLog) -> Result<Sessions<SharedWords>, NotMapped> {
    let count = NonZeroUsize::new(ssl_sessions::words_needed(zone.size)).unwrap_or(NonZeroUsize::MIN);
    let words = SharedWords::map(count).map_err(|error| {
        log.say_error(Level::Alert, &error, format_args!("mmap(MAP_ANON|MAP_SHARED, {}) failed", zone.size));
        NotMapped
    })?;
    let sessions = Sessions::over(words, zone.size);
    sessions.reset(zone.name.as_bytes());
    Ok(sessions)
}
