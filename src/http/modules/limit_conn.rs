//! `limit_conn`: how many requests of one key run at once (`ngx_http_limit_conn_module`).

use std::rc::Rc;

use crate::http::evaluate;
use crate::http::limit_zones::Held;
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::ir::value::Text;
use crate::log::error_log::Level;
use crate::zone::limit_conn::Refusal;

/// A key may not be longer.
const LONGEST_KEY: usize = 255;

/// Counts the request, or refuses it.
pub fn handle(request: &mut Request) -> Verdict {
    let settings = Rc::clone(&request.location.settings.limit_conn);
    if settings.limits.is_empty() || request.contexts.limit_status().conn.get().is_some() {
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
            let (name, shown) = (engine.http.written(&zone.key), String::from_utf8_lossy(&key));
            let text = format_args!("the value of the \"{name}\" key is more than {LONGEST_KEY} bytes: \"{shown}\"");
            request.log(Level::Error, text);
            continue;
        }
        request.contexts.limit_status().conn.set(Some("PASSED"));
        let table = &engine.limit_conn_zones[limit.zone.0 as usize];
        match table.take(&key, limit.connections) {
            Ok(node) => request.contexts.limit_conn_held.push(Held { zone: Rc::clone(table), node }),
            Err(refusal) => return refuse(request, &zone.name, refusal),
        }
    }
    Verdict::Declined
}

fn refuse(request: &mut Request, zone: &Text, refusal: Refusal) -> Verdict {
    let settings = Rc::clone(&request.location.settings.limit_conn);
    match refusal {
        Refusal::Limited => {
            let dry = if settings.dry_run { ", dry run," } else { "" };
            request.log(settings.log_level, format_args!("limiting connections{dry} by zone \"{zone}\""));
        }
        Refusal::NoMemory => {
            let text = format_args!("ngx_slab_alloc() failed: no memory in limit_conn_zone \"{zone}\"");
            request.connection.engine.log.say(Level::Crit, text);
        }
    }
    request.contexts.limit_conn_held.clear();
    if settings.dry_run {
        request.contexts.limit_status().conn.set(Some("REJECTED_DRY_RUN"));
        return Verdict::Declined;
    }
    request.contexts.limit_status().conn.set(Some("REJECTED"));
    Verdict::Finish(settings.status)
}
