//! `least_conn`: the fewest connections for its weight; among equals, weighted round robin from the first of them on.

use super::group::Group;
use super::walk::Walk;
use crate::zone::peers::Field;
use std::cmp::Ordering;

/// None: nothing can be taken here; round robin then finds nothing either.
pub(super) fn pick(group: &Group, walk: &mut Walk, now_s: i64) -> Option<usize> {
    if let Some(index) = group.hinted(walk, now_s) {
        return Some(group.take(walk, index, now_s));
    }
    let (mut least, many) = least_loaded(group, walk, now_s)?;
    if many {
        let first = least;
        let mut total = 0;
        for index in first..group.peers.len() {
            if !group.eligible(walk, index, now_s) || load_order(group, walk, index, least) != Ordering::Equal {
                continue;
            }
            total += group.weigh(walk, index);
            if group.get(index, Field::CurrentWeight) > group.get(least, Field::CurrentWeight) {
                least = index;
            }
        }
        group.add(least, Field::CurrentWeight, -total);
    }
    Some(group.take(walk, least, now_s))
}

fn least_loaded(group: &Group, walk: &Walk, now_s: i64) -> Option<(usize, bool)> {
    let mut best: Option<(usize, bool)> = None;
    for index in 0..group.peers.len() {
        if !group.eligible(walk, index, now_s) {
            continue;
        }
        best = match best {
            None => Some((index, false)),
            Some((least, many)) => match load_order(group, walk, index, least) {
                Ordering::Less => Some((index, false)),
                Ordering::Equal => Some((least, true)),
                Ordering::Greater => Some((least, many)),
            },
        };
    }
    best
}

/// Compares connections per weight, without a division.
pub(super) fn load_order(group: &Group, walk: &Walk, one: usize, other: usize) -> Ordering {
    let weight = |index: usize| group.peers[index].weight * group.parts(walk, index);
    let load = |conns_of: usize, weight_of: usize| group.get(conns_of, Field::Conns) * weight(weight_of);
    load(one, other).cmp(&load(other, one))
}
