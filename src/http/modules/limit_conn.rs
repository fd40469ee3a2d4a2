//! `limit_conn`: how many requests of one key run at once (`ngx_http_limit_conn_module`).

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use crate::http::evaluate;
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::log::error_log::Level;

/// A key may not be longer.
const LONGEST_KEY: usize = 255;

/// What one zone knows: how many requests run for each key.
#[derive(Clone, Default, Debug)]
pub struct Zone(Rc<RefCell<HashMap<Rc<[u8]>, u32>>>);

/// One request counted in a zone, until this is dropped.
#[derive(Debug)]
pub struct Held {
    zone: Zone,
    key: Rc<[u8]>,
}

impl Zone {
    /// Counts one more for a key, unless there are as many as allowed.
    fn take(&self, key: &[u8], allowed: u32) -> Option<Held> {
        let mut counts = self.0.borrow_mut();
        let key: Rc<[u8]> = Rc::from(key);
        match counts.get_mut(&key) {
            Some(count) if *count >= allowed => return None,
            Some(count) => *count += 1,
            None => drop(counts.insert(Rc::clone(&key), 1)),
        }
        Some(Held { zone: self.clone(), key })
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let mut counts = self.zone.0.borrow_mut();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

/// Counts the request, or refuses it.
pub fn handle(request: &mut Request) -> Verdict {
    let settings = Rc::clone(&request.location.settings.limit_conn);
    if request.limit_conn_status.is_some() || settings.limits.is_empty() {
        return Verdict::Declined;
    }
    let engine = Rc::clone(&request.connection.engine);
    for limit in settings.limits.iter() {
        let zone = &engine.http.limit_conn_zones[limit.zone.0 as usize];
        let key = evaluate::text(request, &zone.key).into_owned();
        if key.is_empty() {
            continue;
        }
        if key.len() > LONGEST_KEY {
            let shown = String::from_utf8_lossy(&key);
            let text = format_args!("the value of the key is more than {LONGEST_KEY} bytes: \"{shown}\"");
            request.log(Level::Error, text);
            continue;
        }
        request.limit_conn_status = Some("PASSED");
        match engine.limit_conn_zones[limit.zone.0 as usize].take(&key, limit.connections) {
            Some(held) => request.limit_conn_held.push(held),
            None => {
                let dry = if settings.dry_run { ", dry run," } else { "" };
                request.log(settings.log_level, format_args!("limiting connections{dry} by zone \"{}\"", zone.name));
                request.limit_conn_held.clear();
                if settings.dry_run {
                    request.limit_conn_status = Some("REJECTED_DRY_RUN");
                    return Verdict::Declined;
                }
                request.limit_conn_status = Some("REJECTED");
                return Verdict::Finish(settings.status);
            }
        }
    }
    Verdict::Declined
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_are_given_back() {
        let zone = Zone::default();
        let first = zone.take(b"a", 1);
        assert!(first.is_some());
        assert!(zone.take(b"a", 1).is_none());
        assert!(zone.take(b"b", 1).is_some());
        drop(first);
        assert!(zone.take(b"a", 1).is_some());
        assert!(zone.0.borrow().is_empty());
    }
}
