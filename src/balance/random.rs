//! `random`: by weight; with `two`, the less loaded of two such draws.

use super::{Balancer, Peer, Session, least_conn};
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
    balancer: &Balancer,
    session: &mut Session,
    now_s: i64,
    two: bool,
    random: &mut dyn FnMut() -> u32,
) -> Option<usize> {
    let group = balancer.current_group(session);
    if session.backup || session.hash_tries > TRIES || group.peers.len() < 2 {
        return None;
    }
    let mut first = None;
    loop {
        let point = i64::from(random()) % group.total_weight;
        let index = balancer.ranges.partition_point(|start| *start <= point) - 1;
        if first != Some(index) && group.eligible(session, index, now_s) {
            match first {
                None if two => {
                    first = Some(index);
                    another_draw(session)?;
                    continue;
                }
                Some(earlier) if least_conn::load_order(group, index, earlier) == Ordering::Greater => {
                    return Some(group.take(session, earlier, now_s));
                }
                _ => return Some(group.take(session, index, now_s)),
            }
        }
        another_draw(session)?;
    }
}

/// nginx counts the first draw of two as a try as well.
fn another_draw(session: &mut Session) -> Option<()> {
    session.hash_tries += 1;
    (session.hash_tries <= TRIES).then_some(())
}
