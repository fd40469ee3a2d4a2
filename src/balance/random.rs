//! `random`: by weight; with `two`, the less loaded of two such draws.

use super::group::Group;
use super::least_conn;
use super::peer::Peer;
use super::walk::Walk;
use std::cmp::Ordering;

const TRIES: u32 = 20;

/// Where each peer's share of the total weight begins.
pub(super) fn ranges(peers: &[Peer]) -> Box<[i64]> {
    let starts = peers.iter().scan(0, |next, peer| {
        let start = *next;
        *next += peer.weight;
        Some(start)
    });
    starts.collect()
}

/// None: leave it to round robin.
pub(super) fn pick(
    group: &Group,
    ranges: &[i64],
    walk: &mut Walk,
    now_s: i64,
    two: bool,
    random: &mut dyn FnMut() -> u32,
) -> Option<usize> {
    if walk.is_backup || walk.draws > TRIES || group.peers.len() < 2 {
        return None;
    }
    if let Some(index) = group.hinted(walk, now_s) {
        return Some(group.take(walk, index, now_s));
    }
    let mut first = None;
    loop {
        let point = i64::from(random()) % group.total_weight;
        let index = ranges.partition_point(|start| *start <= point) - 1;
        if first != Some(index) && group.eligible(walk, index, now_s) {
            match first {
                None if two => {
                    first = Some(index);
                    another_draw(walk)?;
                    continue;
                }
                Some(earlier) if least_conn::load_order(group, walk, index, earlier) == Ordering::Greater => {
                    return Some(group.take(walk, earlier, now_s));
                }
                _ => return Some(group.take(walk, index, now_s)),
            }
        }
        another_draw(walk)?;
    }
}

/// nginx counts the first draw of two as a try as well.
fn another_draw(walk: &mut Walk) -> Option<()> {
    walk.draws += 1;
    (walk.draws <= TRIES).then_some(())
}
