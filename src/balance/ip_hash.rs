//! `ip_hash`: a multiplicative hash over the client's network; a peer out of use leads to the next hash.

use super::{Balancer, Session};

/// nginx's first value.
pub(super) const START: u32 = 89;
const TRIES: u32 = 20;

/// None: leave it to round robin.
pub(super) fn pick(balancer: &Balancer, session: &mut Session, now_s: i64) -> Option<usize> {
    let group = balancer.current_group(session);
    if session.hash_tries > TRIES || group.peers.len() < 2 {
        return None;
    }
    let mut hash = session.hash;
    loop {
        for byte in session.key.iter() {
            hash = (hash * 113 + u32::from(*byte)) % 6271;
        }
        let index = group.by_weight(i64::from(hash) % group.total_weight);
        if group.eligible(session, index, now_s) {
            session.hash = hash;
            return Some(group.take(session, index, now_s));
        }
        session.hash_tries += 1;
        if session.hash_tries > TRIES {
            return None;
        }
    }
}
