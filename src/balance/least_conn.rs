//! `least_conn`: the fewest connections for its weight; among equals, weighted round robin from the first of them on.

use super::{Balancer, Group, Session};
use crate::zone::peers::Field;
use std::cmp::Ordering;

/// None: nothing can be taken here (round robin then finds nothing either), or there is only one server.
pub(super) fn pick(balancer: &Balancer, session: &mut Session, now_s: i64) -> Option<usize> {
    if balancer.is_single() {
        return None;
    }
    let group = balancer.current_group(session);
    let (mut least, many) = least_loaded(group, session, now_s)?;
    if many {
        let first = least;
        let mut total = 0;
        for index in first..group.peers.len() {
            if !group.eligible(session, index, now_s) || load_order(group, index, least) != Ordering::Equal {
                continue;
            }
            total += group.weigh(index);
            if group.state.get(index, Field::CurrentWeight) > group.state.get(least, Field::CurrentWeight) {
                least = index;
            }
        }
        group.state.add(least, Field::CurrentWeight, -total);
    }
    Some(group.take(session, least, now_s))
}

fn least_loaded(group: &Group, session: &Session, now_s: i64) -> Option<(usize, bool)> {
    let mut best: Option<(usize, bool)> = None;
    for index in 0..group.peers.len() {
        if !group.eligible(session, index, now_s) {
            continue;
        }
        best = match best {
            None => Some((index, false)),
            Some((least, many)) => match load_order(group, index, least) {
                Ordering::Less => Some((index, false)),
                Ordering::Equal => Some((least, true)),
                Ordering::Greater => Some((least, many)),
            },
        };
    }
    best
}

/// Compares connections per weight, without a division.
pub(super) fn load_order(group: &Group, one: usize, other: usize) -> Ordering {
    let load =
        |conns_of: usize, weight_of: usize| group.state.get(conns_of, Field::Conns) * group.peers[weight_of].weight;
    load(one, other).cmp(&load(other, one))
}
