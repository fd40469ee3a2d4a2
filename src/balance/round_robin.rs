//! Smooth weighted round robin: the peer with the largest running weight, which then pays the total.

use super::{Balancer, Session};
use crate::zone::peers::Field;

pub(super) fn pick(balancer: &Balancer, session: &mut Session, now_s: i64) -> Option<usize> {
    let group = balancer.current_group(session);
    if balancer.is_single() {
        let peer = &group.peers[0];
        let full = peer.max_conns != 0 && group.state.get(0, Field::Conns) >= peer.max_conns;
        if peer.down || full {
            return None;
        }
        group.state.add(0, Field::Conns, 1);
        return Some(0);
    }
    let (mut best, mut best_weight, mut total) = (None, 0, 0);
    for index in 0..group.peers.len() {
        if !group.eligible(session, index, now_s) {
            continue;
        }
        total += group.weigh(index);
        let weight = group.state.get(index, Field::CurrentWeight);
        if best.is_none() || weight > best_weight {
            (best, best_weight) = (Some(index), weight);
        }
    }
    let best = best?;
    group.state.add(best, Field::CurrentWeight, -total);
    Some(group.take(session, best, now_s))
}
