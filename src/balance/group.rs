//! The servers of one rank, primary or backup, and the rules that all methods share.

use std::rc::Rc;

use super::peer::{Condition, Peer, Remembered};
use super::walk::Walk;
use crate::zone::peers::{Field, PeerTable};

/// With `slow_start` in a rank, weights count in parts so small.
const WEIGHT_PARTS: i64 = 1000;

/// The servers of one rank.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) peers: Box<[Peer]>,
    pub(super) table: Rc<PeerTable<'static>>,
    /// Where each peer's state stands in the table.
    slots: Box<[usize]>,
    pub(super) total_weight: i64,
    has_slow_start: bool,
    /// How many are not down.
    pub(super) tries: u32,
    /// The peers with the heaviest first: `fair` goes round in this order.
    pub(super) heaviest_first: Box<[usize]>,
}

impl Group {
    pub(super) fn new(peers: Vec<(Peer, usize)>, table: Rc<PeerTable<'static>>) -> Self {
        let (peers, slots): (Vec<_>, Vec<_>) = peers.into_iter().unzip();
        let mut heaviest_first: Box<[usize]> = (0..peers.len()).collect();
        heaviest_first.sort_by_key(|index| std::cmp::Reverse(peers[*index].weight));
        let total_weight = peers.iter().map(|peer| peer.weight).sum();
        let tries = peers.iter().filter(|peer| !peer.down && !peer.draining).count() as u32;
        let has_slow_start = peers.iter().any(|peer| peer.slow_start_ms > 0);
        let (peers, slots) = (peers.into(), slots.into());
        Group { peers, table, slots, total_weight, has_slow_start, tries, heaviest_first }
    }

    pub(super) fn get(&self, index: usize, field: Field) -> i64 {
        self.table.get(self.slots[index], field)
    }

    pub(super) fn set(&self, index: usize, field: Field, value: i64) {
        self.table.set(self.slots[index], field, value);
    }

    pub(super) fn add(&self, index: usize, field: Field, value: i64) {
        self.table.add(self.slots[index], field, value);
    }

    /// Up, not tried yet by this request, not resting after failures, and below its limit.
    pub(super) fn eligible(&self, walk: &Walk, index: usize, now_s: i64) -> bool {
        !self.peers[index].draining && !walk.tried.contains(index) && self.usable(index, now_s)
    }

    fn usable(&self, index: usize, now_s: i64) -> bool {
        let remembered = Remembered {
            fails: self.get(index, Field::Fails),
            checked_s: self.get(index, Field::Checked),
            conns: self.get(index, Field::Conns),
        };
        matches!(self.peers[index].condition(remembered, now_s), Condition::Up | Condition::Draining)
    }

    /// Does it have as many connections as it may?
    pub(super) fn is_full(&self, index: usize) -> bool {
        let limit = self.peers[index].max_conns;
        limit != 0 && self.get(index, Field::Conns) >= limit
    }

    /// The peer that the request is bound to, if it can be taken; one that drains can.
    pub(super) fn hinted(&self, walk: &Walk, now_s: i64) -> Option<usize> {
        let hint = walk.hint.as_deref()?;
        let index = self.peers.iter().position(|peer| *peer.sid == *hint)?;
        (!walk.tried.contains(index) && self.usable(index, now_s)).then_some(index)
    }

    /// One turn of smooth weighting for this peer; gives the weight it took part with.
    pub(super) fn weigh(&self, walk: &Walk, index: usize) -> i64 {
        let effective = self.get(index, Field::EffectiveWeight);
        let share = effective * self.parts(walk, index);
        self.add(index, Field::CurrentWeight, share);
        if effective < self.peers[index].weight {
            self.set(index, Field::EffectiveWeight, effective + 1);
        }
        share
    }

    /// In how many parts a weight counts here.
    pub(super) fn whole(&self) -> i64 {
        if self.has_slow_start { WEIGHT_PARTS } else { 1 }
    }

    /// How much of its weight a peer has, in these parts: after its return it grows from nothing to all (`slow_start`).
    pub(super) fn parts(&self, walk: &Walk, index: usize) -> i64 {
        let slow_start_ms = self.peers[index].slow_start_ms;
        if slow_start_ms == 0 {
            return self.whole();
        }
        let back_ms = walk.now_ms - self.get(index, Field::CameBack);
        self.whole() * back_ms.clamp(0, slow_start_ms) / slow_start_ms
    }

    /// A request that went well after failures: the peer is in use again.
    pub(super) fn come_back(&self, index: usize, now_ms: i64) {
        let peer = &self.peers[index];
        if peer.max_fails != 0 && self.get(index, Field::Fails) >= peer.max_fails {
            self.set(index, Field::CameBack, now_ms);
        }
        self.set(index, Field::Fails, 0);
    }

    /// The peer in whose share of the total weight `point` lies.
    pub(super) fn by_weight(&self, mut point: i64) -> usize {
        for (index, peer) in self.peers.iter().enumerate() {
            if point < peer.weight {
                return index;
            }
            point -= peer.weight;
        }
        self.peers.len() - 1
    }

    pub(super) fn take(&self, walk: &mut Walk, index: usize, now_s: i64) -> usize {
        if now_s - self.get(index, Field::Checked) > self.peers[index].fail_timeout_s {
            self.set(index, Field::Checked, now_s);
        }
        self.add(index, Field::Conns, 1);
        self.add(index, Field::Requests, 1);
        walk.tried.insert(index);
        index
    }

    /// Notes a failure; true when the peer is now out of use.
    pub(super) fn fail(&self, index: usize, now_s: i64) -> bool {
        let peer = &self.peers[index];
        self.add(index, Field::Fails, 1);
        self.set(index, Field::Accessed, now_s);
        self.set(index, Field::Checked, now_s);
        if peer.max_fails == 0 {
            return false;
        }
        let effective = self.get(index, Field::EffectiveWeight) - peer.weight / peer.max_fails;
        self.set(index, Field::EffectiveWeight, effective.max(0));
        self.get(index, Field::Fails) >= peer.max_fails
    }
}
