//! `limit_req`: a leaky bucket for each key (`ngx_http_limit_req_module`).

use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use crate::http::evaluate;
use crate::http::request::Request;
use crate::http::verdict::{CLIENT_CLOSED_REQUEST, ClientGone, Verdict};
use crate::ir::http::limit_req::{Limit, ReqZone};
use crate::log::error_log::Level;
use crate::log::now;

/// A key may not be longer.
const LONGEST_KEY: usize = 65_535;
/// What an entry takes of a zone beside its key, in nginx's slab.
const ENTRY_OVERHEAD: usize = 44;
/// nginx's slab gives memory in sizes of powers of two, from this on.
const SMALLEST_SLAB: usize = 64;
/// A clock that went back by more than this was set anew.
const CLOCK_JUMP_MS: i64 = 60_000;

/// What one zone knows: for each key how full its bucket is.
#[derive(Debug)]
pub struct Zone {
    rate: u64,
    size: usize,
    used: usize,
    entries: HashMap<Rc<[u8]>, Entry>,
    by_age: BTreeMap<u64, Rc<[u8]>>,
    tick: u64,
}

#[derive(Debug)]
struct Entry {
    /// In thousandths of a request.
    excess: u64,
    last_ms: i64,
    tick: u64,
}

/// What a zone says of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Outcome {
    /// The bucket runs over.
    Busy(u64),
    /// It was counted; the bucket is that full.
    Counted(u64),
    /// It fits, and is to be counted once all zones have agreed.
    Fits,
}

impl Zone {
    /// An empty zone.
    pub fn new(zone: &ReqZone) -> Self {
        let (entries, by_age) = (HashMap::new(), BTreeMap::new());
        Self { rate: zone.rate, size: zone.size, used: 0, entries, by_age, tick: 0 }
    }

    fn cost(key: &[u8]) -> usize {
        (key.len() + ENTRY_OVERHEAD).next_power_of_two().max(SMALLEST_SLAB)
    }

    fn touch(&mut self, key: &[u8]) {
        self.tick += 1;
        if let Some((key, entry)) = self.entries.get_key_value(key).map(|(key, entry)| (Rc::clone(key), entry.tick)) {
            self.by_age.remove(&entry);
            self.by_age.insert(self.tick, Rc::clone(&key));
            if let Some(entry) = self.entries.get_mut(&key) {
                entry.tick = self.tick;
            }
        }
    }

    fn excess_now(rate: u64, entry: &Entry, now_ms: i64) -> (u64, bool) {
        let passed = match now_ms - entry.last_ms {
            passed if passed < -CLOCK_JUMP_MS => 1,
            passed => passed.max(0),
        };
        let drained = rate as i64 * passed / 1000;
        ((entry.excess as i64 - drained + 1000).max(0) as u64, passed > 0)
    }

    fn look_up(&mut self, key: &[u8], burst: u64, now_ms: i64, count: bool) -> Outcome {
        self.touch(key);
        if let Some(entry) = self.entries.get_mut(key) {
            let (excess, moved) = Self::excess_now(self.rate, entry, now_ms);
            if excess > burst {
                return Outcome::Busy(excess);
            }
            if !count {
                return Outcome::Fits;
            }
            entry.excess = excess;
            if moved {
                entry.last_ms = now_ms;
            }
            return Outcome::Counted(excess);
        }
        self.insert(key, if count { now_ms } else { 0 });
        if count { Outcome::Counted(0) } else { Outcome::Fits }
    }

    fn insert(&mut self, key: &[u8], last_ms: i64) {
        let cost = Self::cost(key);
        while self.used + cost > self.size
            && let Some((_, oldest)) = self.by_age.pop_first()
        {
            self.used -= Self::cost(&oldest);
            self.entries.remove(&oldest);
        }
        let key: Rc<[u8]> = Rc::from(key);
        self.used += cost;
        self.by_age.insert(self.tick, Rc::clone(&key));
        self.entries.insert(key, Entry { excess: 0, last_ms, tick: self.tick });
    }

    /// Counts a request that another zone let through.
    fn count(&mut self, key: &[u8], now_ms: i64) -> u64 {
        let Some(entry) = self.entries.get_mut(key) else { return 0 };
        let (excess, moved) = Self::excess_now(self.rate, entry, now_ms);
        if moved {
            entry.last_ms = now_ms;
        }
        entry.excess = excess;
        excess
    }
}

/// Counts the request, delays or refuses it.
pub async fn handle(request: &mut Request) -> Verdict {
    let settings = Rc::clone(&request.location.settings.limit_req);
    if request.limit_req_status.is_some() || settings.limits.is_empty() {
        return Verdict::Declined;
    }
    let engine = Rc::clone(&request.connection.engine);
    let keys: Vec<(&Limit, Vec<u8>)> =
        settings.limits.iter().filter_map(|limit| Some((limit, key(request, limit)?))).collect();
    let now_ms = now::since_epoch().as_millis() as i64;
    let mut worst = (0, 0, 0);
    for (index, (limit, key)) in keys.iter().enumerate() {
        let last = std::ptr::eq(*limit, &settings.limits[settings.limits.len() - 1]);
        let outcome =
            engine.limit_req_zones[limit.zone.0 as usize].borrow_mut().look_up(key, limit.burst, now_ms, last);
        match outcome {
            Outcome::Fits => {}
            Outcome::Counted(excess) => worst = (delay_ms(&engine, limit, excess), excess, index),
            Outcome::Busy(excess) => return refuse(request, limit, excess),
        }
    }
    if keys.is_empty() {
        return Verdict::Declined;
    }
    for (index, (limit, key)) in keys.iter().enumerate() {
        if std::ptr::eq(*limit, &settings.limits[settings.limits.len() - 1]) {
            continue;
        }
        let excess = engine.limit_req_zones[limit.zone.0 as usize].borrow_mut().count(key, now_ms);
        let delay = delay_ms(&engine, limit, excess);
        if delay > worst.0 {
            worst = (delay, excess, index);
        }
    }
    let (delay, excess, index) = worst;
    if delay == 0 {
        request.limit_req_status = Some("PASSED");
        return Verdict::Declined;
    }
    let name = &engine.http.limit_req_zones[keys[index].0.zone.0 as usize].name;
    let dry = if settings.dry_run { ", dry run" } else { "" };
    let text =
        format_args!("delaying request{dry}, excess: {}.{:03}, by zone \"{name}\"", excess / 1000, excess % 1000);
    request.log(lower(settings.log_level), text);
    if settings.dry_run {
        request.limit_req_status = Some("DELAYED_DRY_RUN");
        return Verdict::Declined;
    }
    request.limit_req_status = Some("DELAYED");
    wait(request, delay).await
}

/// Waits, unless the client goes away.
async fn wait(request: &Request, delay_ms: u64) -> Verdict {
    match request.connection.pause(delay_ms).await {
        Ok(()) => Verdict::Declined,
        Err(ClientGone) => Verdict::Finish(CLIENT_CLOSED_REQUEST),
    }
}

fn key(request: &Request, limit: &Limit) -> Option<Vec<u8>> {
    let zone = &request.connection.engine.http.limit_req_zones[limit.zone.0 as usize];
    let key = evaluate::text(request, &zone.key).into_owned();
    if key.len() > LONGEST_KEY {
        let shown = String::from_utf8_lossy(&key);
        let text = format_args!("the value of the key is more than {LONGEST_KEY} bytes: \"{shown}\"");
        request.log(Level::Error, text);
        return None;
    }
    (!key.is_empty()).then_some(key)
}

fn delay_ms(engine: &crate::http::engine::Engine, limit: &Limit, excess: u64) -> u64 {
    let rate = engine.http.limit_req_zones[limit.zone.0 as usize].rate;
    match limit.delay {
        Some(delay) if excess > delay => (excess - delay) * 1000 / rate,
        _ => 0,
    }
}

fn refuse(request: &mut Request, limit: &Limit, excess: u64) -> Verdict {
    let settings = Rc::clone(&request.location.settings.limit_req);
    let engine = Rc::clone(&request.connection.engine);
    let name = &engine.http.limit_req_zones[limit.zone.0 as usize].name;
    let dry = if settings.dry_run { ", dry run" } else { "" };
    let text =
        format_args!("limiting requests{dry}, excess: {}.{:03} by zone \"{name}\"", excess / 1000, excess % 1000);
    request.log(settings.log_level, text);
    if settings.dry_run {
        request.limit_req_status = Some("REJECTED_DRY_RUN");
        return Verdict::Declined;
    }
    request.limit_req_status = Some("REJECTED");
    Verdict::Finish(settings.status)
}

/// Delays are logged one level below refusals.
fn lower(level: Level) -> Level {
    match level {
        Level::Error => Level::Warn,
        Level::Warn => Level::Notice,
        _ => Level::Info,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ir::value::Template;

    #[test]
    fn a_bucket_drains_at_its_rate() {
        let zone = ReqZone { name: "z".into(), key: Template::default(), size: 65_536, rate: 2000 };
        let mut zone = Zone::new(&zone);
        assert_eq!(zone.look_up(b"a", 0, 1000, true), Outcome::Counted(0));
        assert_eq!(zone.look_up(b"a", 0, 1000, true), Outcome::Busy(1000));
        assert_eq!(zone.look_up(b"a", 1000, 1000, true), Outcome::Counted(1000));
        assert_eq!(zone.look_up(b"a", 0, 2000, true), Outcome::Counted(0));
        assert_eq!(zone.look_up(b"b", 0, 2000, true), Outcome::Counted(0));
    }

    #[test]
    fn the_oldest_key_makes_room() {
        let zone = ReqZone { name: "z".into(), key: Template::default(), size: 128, rate: 1000 };
        let mut zone = Zone::new(&zone);
        for key in [b"a", b"b", b"a", b"c"] {
            zone.look_up(key, 5000, 1000, true);
        }
        assert_eq!(zone.entries.len(), 2);
        assert!(!zone.entries.contains_key(&b"b"[..]));
    }
}
