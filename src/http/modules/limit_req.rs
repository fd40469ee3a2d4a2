//! `limit_req`: a leaky bucket for each key (`ngx_http_limit_req_module`).

use std::rc::Rc;

use crate::http::engine::Engine;
use crate::http::evaluate;
use crate::http::request::Request;
use crate::http::verdict::{CLIENT_CLOSED_REQUEST, ClientGone, Verdict};
use crate::ir::http::limit_req::Limit;
use crate::log::error_log::Level;
use crate::log::now;
use crate::zone::limit_req::Outcome;
use crate::zone::slab::Place;

/// A key may not be longer.
const LONGEST_KEY: usize = 65_535;

/// A request in a zone that it fits in.
struct Waiting<'a> {
    limit: &'a Limit,
    node: Place,
}

/// Counts the request, delays or refuses it.
pub async fn handle(request: &mut Request) -> Verdict {
    let settings = Rc::clone(&request.location.settings.limit_req);
    if settings.limits.is_empty() || request.contexts.limit_status().req.get().is_some() {
        return Verdict::Declined;
    }
    let engine = Rc::clone(&request.connection.engine);
    let now_ms = now::since_epoch().as_millis() as u64;
    let (mut waiting, mut worst, mut is_counted) = (Vec::new(), None, false);
    for (index, limit) in settings.limits.iter().enumerate() {
        let Some(key) = key(request, limit) else { continue };
        let is_last = index + 1 == settings.limits.len();
        match engine.limit_req_zones[limit.zone.0 as usize].look_up(&key, limit.burst, now_ms, is_last) {
            Outcome::Fits(node) => waiting.push(Waiting { limit, node }),
            Outcome::Counted(excess) => {
                is_counted = true;
                worst = Delay::of(&engine, limit, excess);
            }
            outcome => {
                for Waiting { limit, node } in waiting {
                    engine.limit_req_zones[limit.zone.0 as usize].give_up(node);
                }
                return refuse(request, limit, outcome);
            }
        }
    }
    if waiting.is_empty() && !is_counted {
        return Verdict::Declined;
    }
    for Waiting { limit, node } in waiting.into_iter().rev() {
        let excess = engine.limit_req_zones[limit.zone.0 as usize].count(node, now_ms);
        let delay = Delay::of(&engine, limit, excess);
        if delay.as_ref().map(|delay| delay.ms) > worst.as_ref().map(|worst| worst.ms) {
            worst = delay;
        }
    }
    let Some(Delay { ms: delay, excess, zone }) = worst else {
        request.contexts.limit_status().req.set(Some("PASSED"));
        return Verdict::Declined;
    };
    let name = &engine.http.limit_req_zones[zone].name;
    let dry = if settings.dry_run { ", dry run" } else { "" };
    let text =
        format_args!("delaying request{dry}, excess: {}.{:03}, by zone \"{name}\"", excess / 1000, excess % 1000);
    request.log(lower(settings.log_level), text);
    if settings.dry_run {
        request.contexts.limit_status().req.set(Some("DELAYED_DRY_RUN"));
        return Verdict::Declined;
    }
    request.contexts.limit_status().req.set(Some("DELAYED"));
    wait(request, delay).await
}

/// Waits, unless the client goes away.
async fn wait(request: &Request, delay_ms: u64) -> Verdict {
    match request.pause(delay_ms).await {
        Ok(()) => Verdict::Declined,
        Err(ClientGone) => Verdict::Finish(CLIENT_CLOSED_REQUEST),
    }
}

fn key(request: &Request, limit: &Limit) -> Option<Vec<u8>> {
    let zone = &request.connection.engine.http.limit_req_zones[limit.zone.0 as usize];
    let key = evaluate::text(request, &zone.key).into_owned();
    if key.len() > LONGEST_KEY {
        let (name, shown) = (request.connection.engine.http.written(&zone.key), String::from_utf8_lossy(&key));
        let text = format_args!("the value of the \"{name}\" key is more than {LONGEST_KEY} bytes: \"{shown}\"");
        request.log(Level::Error, text);
        return None;
    }
    (!key.is_empty()).then_some(key)
}

/// How long a request has to wait, and why.
struct Delay {
    ms: u64,
    excess: u64,
    zone: usize,
}

impl Delay {
    fn of(engine: &Engine, limit: &Limit, excess: u64) -> Option<Self> {
        let zone = limit.zone.0 as usize;
        let ms = excess.saturating_sub(limit.delay?) * 1000 / engine.http.limit_req_zones[zone].rate;
        (ms > 0).then_some(Self { ms, excess, zone })
    }
}

fn refuse(request: &mut Request, limit: &Limit, outcome: Outcome) -> Verdict {
    let settings = Rc::clone(&request.location.settings.limit_req);
    let engine = Rc::clone(&request.connection.engine);
    let name = &engine.http.limit_req_zones[limit.zone.0 as usize].name;
    let dry = if settings.dry_run { ", dry run" } else { "" };
    match outcome {
        Outcome::Busy(excess) => {
            let (whole, part) = (excess / 1000, excess % 1000);
            let text = format_args!("limiting requests{dry}, excess: {whole}.{part:03} by zone \"{name}\"");
            request.log(settings.log_level, text);
        }
        _ => engine.log.say(Level::Alert, format_args!("could not allocate node in limit_req zone \"{name}\"")),
    }
    if settings.dry_run {
        request.contexts.limit_status().req.set(Some("REJECTED_DRY_RUN"));
        return Verdict::Declined;
    }
    request.contexts.limit_status().req.set(Some("REJECTED"));
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
