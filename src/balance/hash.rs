//! `hash`: the form of Cache::Memcached with rehashing, and `consistent`, the ketama ring of Cache::Memcached::Fast.

use super::group::Group;
use super::peer::Peer;
use super::walk::{Busy, Walk};
use crate::primitives::hash::{Crc32, crc32};
use crate::zone::peers::Field;

/// After so many taken or resting peers, round robin chooses.
pub(super) const TRIES: u32 = 20;
const POINTS_PER_WEIGHT: i64 = 160;

/// None: leave it to round robin.
pub(super) fn pick(group: &Group, walk: &mut Walk, now_s: i64, tries: u32) -> Option<usize> {
    if walk.draws > tries || group.peers.len() < 2 || walk.key.is_empty() {
        return None;
    }
    if let Some(index) = group.hinted(walk, now_s) {
        return Some(group.take(walk, index, now_s));
    }
    loop {
        walk.hash = walk.hash.wrapping_add(step(walk.rehash, &walk.key));
        walk.rehash += 1;
        let index = group.by_weight(i64::from(walk.hash) % group.total_weight);
        if group.eligible(walk, index, now_s) {
            return Some(group.take(walk, index, now_s));
        }
        walk.draws += 1;
        if walk.draws > tries {
            return None;
        }
    }
}

/// `(crc32([rehash] key) >> 16) & 0x7fff`, the rehash number in decimal and left out at first.
fn step(rehash: u32, key: &[u8]) -> u32 {
    let mut crc = Crc32::default();
    if rehash > 0 {
        crc = crc.update(rehash.to_string().as_bytes());
    }
    crc.update(key).finish() >> 16 & 0x7FFF
}

/// The ring: sorted hashes, each with the first server that has it.
#[derive(Debug, Default)]
pub(super) struct Points(Box<[(u32, Box<[u8]>)]>);

impl Points {
    pub(super) fn new(peers: &[Peer]) -> Self {
        let mut points = Vec::new();
        for peer in peers {
            let (host, port) = host_and_port(&peer.server);
            let base = Crc32::default().update(host).update(&[0]).update(port);
            let mut previous = 0u32;
            for _ in 0..peer.weight * POINTS_PER_WEIGHT {
                previous = base.update(&previous.to_le_bytes()).finish();
                points.push((previous, peer.server.clone()));
            }
        }
        // Stable, so that of equal hashes the server named first stays.
        points.sort_by_key(|(hash, _)| *hash);
        points.dedup_by_key(|(hash, _)| *hash);
        Points(points.into())
    }

    /// The first point at or behind the key's hash; may be one past the end.
    pub(super) fn find(&self, key: &[u8]) -> u32 {
        let hash = crc32(key);
        self.0.partition_point(|(point, _)| *point < hash) as u32
    }

    fn server(&self, place: u32) -> Option<&[u8]> {
        let count = self.0.len();
        if count == 0 { None } else { Some(&self.0[place as usize % count].1) }
    }
}

/// `host:port` where the port is digits; the whole otherwise, and a `unix:` path without its scheme.
fn host_and_port(server: &[u8]) -> (&[u8], &[u8]) {
    if server.len() >= 5 && server[..5].eq_ignore_ascii_case(b"unix:") {
        return (&server[5..], b"");
    }
    match server.iter().rposition(|byte| !byte.is_ascii_digit()) {
        Some(at) if server[at] == b':' => (&server[..at], &server[at + 1..]),
        _ => (server, b""),
    }
}

/// None: leave it to round robin.
pub(super) fn pick_consistent(
    group: &Group,
    points: &Points,
    walk: &mut Walk,
    now_s: i64,
) -> Result<Option<usize>, Busy> {
    if walk.draws > TRIES || walk.key.is_empty() {
        return Ok(None);
    }
    if let Some(index) = group.hinted(walk, now_s) {
        return Ok(Some(group.take(walk, index, now_s)));
    }
    loop {
        let server = points.server(walk.hash).ok_or(Busy)?;
        let (mut best, mut best_weight, mut total) = (None, 0, 0);
        for (index, peer) in group.peers.iter().enumerate() {
            // A server that has several addresses shares its points among them by weight.
            if *peer.server != *server || !group.eligible(walk, index, now_s) {
                continue;
            }
            total += group.weigh(walk, index);
            let weight = group.get(index, Field::CurrentWeight);
            if best.is_none() || weight > best_weight {
                (best, best_weight) = (Some(index), weight);
            }
        }
        if let Some(best) = best {
            group.add(best, Field::CurrentWeight, -total);
            return Ok(Some(group.take(walk, best, now_s)));
        }
        walk.hash = walk.hash.wrapping_add(1);
        walk.draws += 1;
        if walk.draws > TRIES {
            return Ok(None);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_digits_after_the_last_colon() {
        assert_eq!(host_and_port(b"a.example:80"), (&b"a.example"[..], &b"80"[..]));
        assert_eq!(host_and_port(b"a.example"), (&b"a.example"[..], &b""[..]));
        assert_eq!(host_and_port(b"[::1]:8080"), (&b"[::1]"[..], &b"8080"[..]));
        assert_eq!(host_and_port(b"unix:/tmp/a:1"), (&b"/tmp/a:1"[..], &b""[..]));
        assert_eq!(host_and_port(b"127"), (&b"127"[..], &b""[..]));
    }

    #[test]
    fn the_ring_is_sorted_without_twins() {
        let points = Points::new(&[Peer::new(b"a:1"), Peer::new(b"b:2"), Peer::new(b"a:1")]);
        assert_eq!(points.0.len(), 320);
        assert!(points.0.windows(2).all(|pair| pair[0].0 < pair[1].0));
    }
}
