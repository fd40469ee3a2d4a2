//! The rules of RFC 9568 §6.4: what a backup and a master make of an accepted advert. Nothing here has a memory, so the
//! tests go through every case.

use std::cmp::Ordering;

use crate::wire::vrrp::OWNER;

/// An advert that passed all checks, and who we are beside it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Comparison {
    /// The priority in the advert.
    pub theirs: u8,
    /// Our effective priority.
    pub ours: u8,
    /// Their source address against ours.
    pub address: Ordering,
}

/// Under which rules a backup listens.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct BackupRules {
    /// Take over from a lower master.
    pub preempt: bool,
    /// Take over, but not before `preempt_delay` is through.
    pub preempt_delayed: bool,
}

/// What a backup does (RFC 9568 §6.4.2).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BackupReaction {
    /// The master stops: take over after the skew time alone.
    Hurry,
    /// Follow the master: start the master-down timer again.
    Follow,
    /// Let the timer run out: we have the higher priority.
    Discard,
}

/// What a backup makes of an advert.
pub fn backup_hears(seen: Comparison, rules: BackupRules) -> BackupReaction {
    if seen.theirs == 0 {
        return BackupReaction::Hurry;
    }
    if !rules.preempt || seen.theirs >= seen.ours || rules.preempt_delayed {
        BackupReaction::Follow
    } else {
        BackupReaction::Discard
    }
}

/// What a master does (RFC 9568 §6.4.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MasterReaction {
    /// Another master stops: tell its backups that we are here.
    Answer,
    /// Ours is the higher right: assert it.
    Assert,
    /// Theirs is the higher right: become backup.
    Yield,
    /// Someone uses our address and priority: nobody can win, so nothing changes but a warning.
    SameAddress,
}

/// What a master makes of an advert.
pub fn master_hears(seen: Comparison) -> MasterReaction {
    if seen.theirs == 0 {
        return MasterReaction::Answer;
    }
    match seen.theirs.cmp(&seen.ours).then(seen.address) {
        Ordering::Less => MasterReaction::Assert,
        Ordering::Greater => MasterReaction::Yield,
        Ordering::Equal => MasterReaction::SameAddress,
    }
}

/// Two routers both claim to own the addresses. RFC 9568 does not know this case; keepalived logs it and, if the other one
/// does not give way, steps down to 254.
pub fn is_owner_conflict(seen: Comparison) -> bool {
    seen.theirs == OWNER && seen.ours == OWNER && seen.address != Ordering::Equal
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADDRESSES: [Ordering; 3] = [Ordering::Less, Ordering::Equal, Ordering::Greater];

    fn every_case() -> impl Iterator<Item = Comparison> {
        (0..=255u8).flat_map(|theirs| {
            (1..=255u8).flat_map(move |ours| ADDRESSES.map(move |address| Comparison { theirs, ours, address }))
        })
    }

    #[test]
    fn of_two_masters_exactly_one_yields() {
        for seen in every_case().filter(|seen| seen.theirs != 0) {
            let mirrored = Comparison { theirs: seen.ours, ours: seen.theirs, address: seen.address.reverse() };
            let pair = (master_hears(seen), master_hears(mirrored));
            match pair {
                (MasterReaction::Yield, MasterReaction::Assert) | (MasterReaction::Assert, MasterReaction::Yield) => {}
                (MasterReaction::SameAddress, MasterReaction::SameAddress) => {
                    assert_eq!((seen.theirs, seen.address), (seen.ours, Ordering::Equal));
                }
                other => panic!("{seen:?} gives {other:?}"),
            }
        }
    }

    #[test]
    fn priority_zero_never_makes_a_master_leave() {
        for seen in every_case().filter(|seen| seen.theirs == 0) {
            assert_eq!(master_hears(seen), MasterReaction::Answer);
        }
    }

    #[test]
    fn a_backup_follows_whoever_a_master_would_yield_to() {
        let rules = BackupRules { preempt: true, preempt_delayed: false };
        for seen in every_case() {
            if master_hears(seen) == MasterReaction::Yield {
                assert_eq!(backup_hears(seen, rules), BackupReaction::Follow, "{seen:?}");
            }
        }
    }

    #[test]
    fn without_preemption_a_backup_only_moves_for_priority_zero() {
        for rules in [
            BackupRules { preempt: false, preempt_delayed: false },
            BackupRules { preempt: false, preempt_delayed: true },
            BackupRules { preempt: true, preempt_delayed: true },
        ] {
            for seen in every_case() {
                let expected = if seen.theirs == 0 { BackupReaction::Hurry } else { BackupReaction::Follow };
                assert_eq!(backup_hears(seen, rules), expected);
            }
        }
    }
}
