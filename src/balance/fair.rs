//! Third-party `fair`: the next idle peer in turn; when all are busy, the one with the fewest requests for its weight
//! that has waited longest. What is odd here is so in the module, as picks of it show.

use std::cell::Cell;

use super::group::Group;
use super::walk::Walk;
use crate::ir::upstream::{Fair, WeightMode};
use crate::zone::peers::Field;

/// The module packs load and waiting time into one number: load above, the complement of the wait below.
const WAIT_BITS: u32 = 20;

/// None: nothing can be taken here.
pub(super) fn pick(
    group: &Group,
    last_turn: &Cell<(usize, i64)>,
    rule: Fair,
    walk: &mut Walk,
    now_s: i64,
) -> Option<usize> {
    if let Some(index) = group.hinted(walk, now_s) {
        return Some(group.take(walk, index, now_s));
    }
    let (last, turns) = last_turn.get();
    let choice = Choice { group, rule, turns: turns + 1 };
    let count = group.peers.len();
    let turn = (0..count).map(|step| (last + 1 + step) % count);
    let places = turn.filter(|place| group.eligible(walk, choice.peer(*place), now_s));
    let place = choice.idle(places.clone()).or_else(|| choice.least_busy(places))?;
    last_turn.set((if rule.no_rr { last } else { place }, choice.turns));
    choice.note(place);
    Some(group.take(walk, choice.peer(place), now_s))
}

/// One choice among the places in the order of the heaviest first.
struct Choice<'g> {
    group: &'g Group,
    rule: Fair,
    turns: i64,
}

impl Choice<'_> {
    fn peer(&self, place: usize) -> usize {
        self.group.heaviest_first[place]
    }

    fn weight(&self, place: usize) -> i64 {
        self.group.peers[self.peer(place)].weight
    }

    fn get(&self, place: usize, field: Field) -> i64 {
        self.group.get(self.peer(place), field)
    }

    fn idle(&self, places: impl Iterator<Item = usize>) -> Option<usize> {
        let mut idle = places.filter(|place| self.is_idle(*place));
        if self.rule.weight_mode != WeightMode::Idle || !self.rule.no_rr {
            return idle.next();
        }
        // Behind one that has requests, one that has none is passed over.
        idle.reduce(|best, place| match self.get(place, Field::Conns) {
            requests if requests > 0 && requests < self.get(best, Field::Conns) => place,
            _ => best,
        })
    }

    fn is_idle(&self, place: usize) -> bool {
        let most = if self.rule.weight_mode == WeightMode::Idle { self.weight(place) } else { 1 };
        self.get(place, Field::Fails) == 0 && self.get(place, Field::Conns) < most
    }

    /// Of equals the last one.
    fn least_busy(&self, places: impl DoubleEndedIterator<Item = usize>) -> Option<usize> {
        let is_full = |place: usize| {
            self.rule.weight_mode == WeightMode::Peak && self.get(place, Field::Conns) >= self.weight(place)
        };
        places.rev().filter(|place| !is_full(*place)).min_by_key(|place| self.score(*place))
    }

    fn score(&self, place: usize) -> i64 {
        let wait_mask = (1i64 << WAIT_BITS) - 1;
        let waited = (self.turns - self.get(place, Field::LastRequest)).min(wait_mask);
        let score = (self.get(place, Field::Conns) << WAIT_BITS) | (!waited & wait_mask);
        match self.rule.weight_mode {
            WeightMode::Load => score / self.weight_left(place).max(1),
            WeightMode::Idle | WeightMode::Peak => score,
        }
    }

    /// What picks have left of the weight, and failures of that.
    fn weight_left(&self, place: usize) -> i64 {
        let left = self.get(place, Field::CurrentWeight);
        match self.group.peers[self.peer(place)].max_fails {
            0 => left,
            max_fails => left * (max_fails - self.get(place, Field::Fails)) / max_fails,
        }
    }

    fn note(&self, place: usize) {
        let peer = self.peer(place);
        self.group.set(peer, Field::LastRequest, self.turns);
        if self.rule.weight_mode == WeightMode::Load {
            let left = match self.get(place, Field::CurrentWeight) {
                0 => self.weight(place),
                left => left - 1,
            };
            self.group.set(peer, Field::CurrentWeight, left);
        }
    }
}
