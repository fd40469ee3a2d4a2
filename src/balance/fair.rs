//! Third-party `fair`: the next idle peer in turn; when all are busy, the one with the fewest requests for its weight
//! that has waited longest.

use std::cell::Cell;

use super::group::Group;
use super::walk::Walk;
use crate::zone::peers::Field;

/// The module packs load and waiting time into one number: load above, the complement of the wait below.
const WAIT_BITS: u32 = 20;

/// None: nothing can be taken here.
pub(super) fn pick(group: &Group, last_turn: &Cell<(usize, i64)>, walk: &mut Walk, now_s: i64) -> Option<usize> {
    if let Some(index) = group.hinted(walk, now_s) {
        return Some(group.take(walk, index, now_s));
    }
    let count = group.peers.len();
    let (last, total) = last_turn.get();
    let turn = (0..count).map(|step| (last + 1 + step) % count);
    let peer_at = |place: usize| group.heaviest_first[place];
    let eligible = |place: &usize| group.eligible(walk, peer_at(*place), now_s);
    let is_idle = |place: &usize| {
        let state = |field| group.get(peer_at(*place), field);
        state(Field::Conns) == 0 && state(Field::Fails) == 0 && eligible(place)
    };
    let score = |place: &usize| {
        let waited = total - group.get(peer_at(*place), Field::LastRequest);
        let load = group.get(peer_at(*place), Field::Conns);
        let wait_mask = (1i64 << WAIT_BITS) - 1;
        ((load << WAIT_BITS) | (!waited.min(wait_mask) & wait_mask)) / group.peers[peer_at(*place)].weight
    };
    let place = turn.clone().find(is_idle).or_else(|| turn.clone().filter(eligible).min_by_key(score))?;
    let index = peer_at(place);
    last_turn.set((place, total + 1));
    group.set(index, Field::LastRequest, total + 1);
    Some(group.take(walk, index, now_s))
}
