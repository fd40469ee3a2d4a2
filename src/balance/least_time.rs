//! `least_time`: the shortest time for its weight, as averaged so far and for the connections that are open.

use super::group::Group;
use super::walk::Walk;
use crate::zone::peers::Field;

/// Peers slower than this are all the same: then connections decide.
const SLOWEST_MS: i64 = 5000;
/// Times this close are the same.
const CLUSTER_MS: i64 = 20;

/// How long a try took.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Times {
    /// Until the header of the answer had come.
    pub header_ms: Option<u64>,
    /// Until the end.
    pub response_ms: Option<u64>,
}

/// None: nothing can be taken here; round robin then finds nothing either.
pub(super) fn pick(group: &Group, walk: &mut Walk, now_ms: i64, last_byte: bool, inflight: bool) -> Option<usize> {
    let now_s = now_ms.div_euclid(1000);
    let index = match group.hinted(walk, now_s) {
        Some(index) => index,
        None => {
            let metric = if last_byte { Field::ResponseTime } else { Field::HeaderTime };
            fastest(group, walk, metric, now_ms)?
        }
    };
    if inflight {
        let waiting = group.get(index, Field::InflightRequests);
        if waiting > 0 {
            group.add(index, Field::InflightLast, since_change(group, index, now_ms) * waiting);
        }
        group.set(index, Field::InflightChanged, now_ms);
        group.add(index, Field::InflightRequests, 1);
        walk.is_inflight = true;
    }
    Some(group.take(walk, index, now_s))
}

fn fastest(group: &Group, walk: &Walk, metric: Field, now_ms: i64) -> Option<usize> {
    let now_s = now_ms.div_euclid(1000);
    let weight = |index: usize| group.peers[index].weight * group.parts(walk, index);
    let mut found: Option<(usize, i64)> = None;
    let mut many = false;
    for index in 0..group.peers.len() {
        if !group.eligible(walk, index, now_s) {
            continue;
        }
        let waiting = group.get(index, Field::InflightRequests);
        if waiting > 0 {
            let waited = group.get(index, Field::InflightLast) / waiting + since_change(group, index, now_ms);
            average(group, index, Field::InflightTime, waited);
        }
        let own = estimate(group, index, metric, now_s);
        match found {
            Some((best, least)) if own * weight(best) == least * weight(index) => many = true,
            Some((best, least)) if own * weight(best) > least * weight(index) => {}
            _ => (found, many) = (Some((index, own)), false),
        }
    }
    let (first, least) = found?;
    if !many {
        return Some(first);
    }
    let mut best = first;
    let mut total = 0;
    for index in first..group.peers.len() {
        if !group.eligible(walk, index, now_s) {
            continue;
        }
        let own = estimate(group, index, metric, now_s);
        if own * weight(best) != least * weight(index) {
            continue;
        }
        total += group.weigh(walk, index);
        if group.get(index, Field::CurrentWeight) > group.get(best, Field::CurrentWeight) {
            best = index;
        }
    }
    group.add(best, Field::CurrentWeight, -total);
    Some(best)
}

/// How long the peer would take for all that it has to do.
fn estimate(group: &Group, index: usize, metric: Field, now_s: i64) -> i64 {
    let mut time_ms = group.get(index, metric);
    let fail_timeout_s = group.peers[index].fail_timeout_s;
    let unchecked_s = now_s - group.get(index, Field::Checked);
    if unchecked_s > fail_timeout_s {
        // Halved once in each fail_timeout, so that a slow peer gets another chance.
        time_ms >>= (unchecked_s / (fail_timeout_s + 1)).min(63);
    }
    if group.get(index, Field::InflightRequests) > 0 {
        time_ms = time_ms.max(group.get(index, Field::InflightTime));
    }
    let time_ms = match time_ms > SLOWEST_MS {
        true => SLOWEST_MS,
        false => time_ms + CLUSTER_MS - time_ms % CLUSTER_MS,
    };
    time_ms * (1 + group.get(index, Field::Conns))
}

fn since_change(group: &Group, index: usize, now_ms: i64) -> i64 {
    now_ms - group.get(index, Field::InflightChanged)
}

/// An average that forgets: a twentieth of the new value, the rest of the old.
fn average(group: &Group, index: usize, field: Field, value: i64) {
    let before = group.get(index, field);
    let after = match before {
        0 => value,
        _ => (0.5 + (value as f64 * 0.05 + before as f64 * 0.95)) as i64,
    };
    group.set(index, field, after);
}

/// The header has come: with `inflight` that ends the wait.
pub(super) fn note_header(group: &Group, walk: &mut Walk, index: usize, header_ms: u64, now_ms: i64) {
    average(group, index, Field::HeaderTime, header_ms.cast_signed());
    if walk.is_inflight {
        end_wait(group, walk, index, header_ms.cast_signed(), now_ms);
    }
}

/// Ends a try: only one that went well says something about the peer's speed.
pub(super) fn release(
    group: &Group,
    walk: &mut Walk,
    index: usize,
    times: Times,
    is_served: bool,
    (last_byte, inflight): (bool, bool),
    now_ms: i64,
) {
    if walk.is_inflight {
        // A try that failed has no time of its own yet; nginx then takes the unset value, -1.
        end_wait(group, walk, index, times.response_ms.map_or(-1, u64::cast_signed), now_ms);
    }
    let (Some(header_ms), Some(response_ms), true) = (times.header_ms, times.response_ms, is_served) else { return };
    average(group, index, Field::ResponseTime, response_ms.cast_signed());
    if last_byte || !inflight {
        average(group, index, Field::HeaderTime, header_ms.cast_signed());
    }
}

fn end_wait(group: &Group, walk: &mut Walk, index: usize, last_ms: i64, now_ms: i64) {
    let waiting = group.get(index, Field::InflightRequests);
    if waiting == 1 {
        group.set(index, Field::InflightLast, 0);
    } else {
        group.add(index, Field::InflightLast, since_change(group, index, now_ms) * waiting - last_ms);
        group.set(index, Field::InflightChanged, now_ms);
    }
    group.add(index, Field::InflightRequests, -1);
    walk.is_inflight = false;
}
