//! Smooth weighted round robin: the peer with the largest running weight, which then pays the total.

use super::group::Group;
use super::walk::Walk;
use crate::zone::peers::Field;

/// Of several peers.
pub(super) fn pick(group: &Group, walk: &mut Walk, now_s: i64) -> Option<usize> {
    let hinted = group.hinted(walk, now_s);
    if let Some(index) = hinted {
        // A bound request takes a turn, until the others would have to wait too long for theirs.
        let lowest = (group.peers[index].weight - group.total_weight) * group.whole();
        if group.get(index, Field::CurrentWeight) <= lowest {
            return Some(group.take(walk, index, now_s));
        }
    }
    let (mut best, mut best_weight, mut total) = (None, 0, 0);
    for index in 0..group.peers.len() {
        if !group.eligible(walk, index, now_s) {
            continue;
        }
        total += group.weigh(walk, index);
        let weight = group.get(index, Field::CurrentWeight);
        if best.is_none() || weight > best_weight {
            (best, best_weight) = (Some(index), weight);
        }
    }
    let best = hinted.or(best)?;
    group.add(best, Field::CurrentWeight, -total);
    Some(group.take(walk, best, now_s))
}

/// The only peer: it is taken again and again, whatever became of it.
pub(super) fn pick_only(group: &Group, walk: &Walk, now_s: i64) -> Option<usize> {
    let peer = &group.peers[0];
    if group.hinted(walk, now_s).is_none() && (peer.down || peer.draining || group.is_full(0)) {
        return None;
    }
    group.add(0, Field::Conns, 1);
    Some(0)
}
