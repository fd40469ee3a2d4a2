//! `ip_hash`: a multiplicative hash over the client's network; a peer out of use leads to the next hash.

use super::group::Group;
use super::walk::Walk;

/// nginx's first value.
pub(super) const START: u32 = 89;
const TRIES: u32 = 20;

/// None: leave it to round robin.
pub(super) fn pick(group: &Group, walk: &mut Walk, now_s: i64) -> Option<usize> {
    if walk.draws > TRIES || group.peers.len() < 2 {
        return None;
    }
    if let Some(index) = group.hinted(walk, now_s) {
        return Some(group.take(walk, index, now_s));
    }
    let mut hash = walk.hash;
    loop {
        for byte in walk.key.iter() {
            hash = (hash * 113 + u32::from(*byte)) % 6271;
        }
        let index = group.by_weight(i64::from(hash) % group.total_weight);
        if group.eligible(walk, index, now_s) {
            walk.hash = hash;
            return Some(group.take(walk, index, now_s));
        }
        walk.draws += 1;
        if walk.draws > TRIES {
            return None;
        }
    }
}
