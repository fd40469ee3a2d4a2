//! What a router does with a packet: checks, counts, and follows the rules of its state.

use std::net::IpAddr;
use std::time::Duration;

use crate::primitives::monotonic::Monotonic;
use crate::wire::vrrp::OWNER;

use super::action::{Action, Occasion};
use super::advert::{self, Expectation, Heard, Memory};
use super::event::Received;
use super::instance::{OwnerConflict, Situation, State, StateName, VirtualRouter};
use super::refusal::Refusal;
use super::report::InstanceReport;
use super::timers;
use super::transition::{self, BackupReaction, BackupRules, Comparison, MasterReaction};

/// An owner that hears another owner waits for so many of its own adverts, then a bit more than an interval.
const OWNER_CONFLICT_ADVERTS: u8 = 2;

/// What an advert led to, as far as a group must know.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Reception {
    /// Nothing that others must know.
    Quiet,
    /// From Master to Backup.
    Yielded,
    /// Another master gives way, or has to.
    Asserted,
}

impl VirtualRouter {
    /// Takes an advert in.
    pub(super) fn receive(&mut self, received: &Received, at: Situation, actions: &mut Vec<Action>) -> Reception {
        let backup = matches!(self.state, State::Backup { .. });
        if !backup && self.state() != StateName::Master {
            return Reception::Quiet;
        }
        let new_master = self.master.is_none_or(|(master, _)| master != received.source);
        if backup && new_master {
            self.report_master(received.source, actions);
        }
        let check_addresses = new_master || !backup || !self.config.skip_check_adv_addr;
        let expect = Expectation {
            config: &self.config,
            priority: at.priority,
            old_checksum: self.old_checksum,
            check_addresses,
        };
        let memory = Memory { senders: &mut self.senders, header_sequence: &mut self.header_sequence };
        let heard = match advert::check(received, expect, memory) {
            Ok(heard) => heard,
            Err(refusal) => {
                self.refuse(received.source, refusal, actions);
                return Reception::Quiet;
            }
        };
        if backup && new_master {
            self.refusals_logged.clear();
        }
        self.statistics.adverts_received += 1;
        self.old_checksum = heard.old_checksum;
        for remark in &heard.remarks {
            self.refuse(heard.source, remark.clone(), actions);
        }
        self.statistics.priority_zero_received += u64::from(heard.priority == 0);
        if backup {
            self.backup_hears(&heard, new_master, at, actions);
            Reception::Quiet
        } else {
            self.master_hears(&heard, at, actions)
        }
    }

    fn report_master(&self, source: IpAddr, actions: &mut Vec<Action>) {
        let text = match self.master {
            None => InstanceReport::MasterIs(source),
            Some((from, _)) => InstanceReport::MasterChanged { from, to: source },
        };
        self.report(text, actions);
    }

    /// Counts every fault, logs each kind once.
    fn refuse(&mut self, source: IpAddr, refusal: Refusal, actions: &mut Vec<Action>) {
        self.statistics.count(&refusal);
        let kind = refusal.kind();
        let is_known = self.refusals_logged.contains(&kind);
        if !is_known {
            self.refusals_logged.push(kind);
        }
        if !is_known || refusal.is_always_logged() {
            self.report(InstanceReport::Refused { source, refusal }, actions);
        }
    }

    fn backup_hears(&mut self, heard: &Heard, new_master: bool, at: Situation, actions: &mut Vec<Action>) {
        let mut at = at;
        if self.stepped_down() && (new_master || heard.priority != OWNER) {
            self.owner_conflict = None;
            at.priority = OWNER;
            self.report(InstanceReport::OwnerRestored { lower_advert: true }, actions);
        }
        let delay = Duration::from_micros(self.config.preempt_delay_us);
        let preempt_delayed = !delay.is_zero() && self.preempt_at.is_none_or(|preempt_at| preempt_at > at.now);
        let seen = self.compare(heard, at);
        self.handed_over = heard.priority == 0;
        match transition::backup_hears(seen, BackupRules { preempt: self.config.preempt, preempt_delayed }) {
            BackupReaction::Hurry => {
                self.report(InstanceReport::BackupHeardZero, actions);
                let skew = timers::skew(self.config.version, at.priority, self.master_interval);
                self.state = State::Backup { master_down: at.now + skew };
            }
            BackupReaction::Follow => {
                self.learn_interval(heard, actions);
                self.master = Some((heard.source, heard.priority));
                self.wishes_master = false;
                self.delay_preemption(seen, delay, at.now, actions);
                self.wait_for_master(at);
            }
            BackupReaction::Discard => {
                let text = InstanceReport::Discarding { priority: heard.priority, source: heard.source };
                self.report(text, actions);
                self.master = Some((heard.source, heard.priority));
            }
        }
    }

    fn delay_preemption(&mut self, seen: Comparison, delay: Duration, now: Monotonic, actions: &mut Vec<Action>) {
        if delay.is_zero() {
            return;
        }
        if seen.theirs >= seen.ours {
            if self.preempt_at.take().is_some() {
                self.report(InstanceReport::PreemptDelayStops, actions);
            }
        } else if self.preempt_at.is_none() {
            self.report(InstanceReport::PreemptDelayStarts(delay), actions);
            self.preempt_at = Some(now + delay);
        }
    }

    fn master_hears(&mut self, heard: &Heard, at: Situation, actions: &mut Vec<Action>) -> Reception {
        let seen = self.compare(heard, at);
        let reaction = transition::master_hears(seen);
        if reaction == MasterReaction::Yield && (self.config.higher_prio_send_advert || !self.handed_over) {
            self.say_last_word(at, actions);
        }
        if transition::is_owner_conflict(seen) {
            self.dispute_ownership(heard, reaction, at, actions);
        }
        match reaction {
            MasterReaction::Answer => {
                self.advertise(at, actions);
                self.report(InstanceReport::MasterHeardZero, actions);
                // Whoever stops has been master beside us: its neighbours still send to it (keepalived leaves them there).
                self.announce_after_lower(at.now, actions);
                return Reception::Asserted;
            }
            MasterReaction::SameAddress => self.report(InstanceReport::OurAddress, actions),
            MasterReaction::Assert => {
                self.assert_mastership(heard, at, actions);
                return Reception::Asserted;
            }
            MasterReaction::Yield => {
                self.report_yield(heard, at, actions);
                self.learn_interval(heard, actions);
                self.master = Some((heard.source, heard.priority));
                self.yield_mastership(at, false, actions);
                return Reception::Yielded;
            }
        }
        Reception::Quiet
    }

    /// The master before us fell silent without a word: if it was only cut off, it has been master all the time and does not
    /// know that we have told the neighbours that the addresses are here. Our advert tells it, so that it announces them
    /// again; keepalived leaves in silence, and clients go on sending to us.
    fn say_last_word(&mut self, at: Situation, actions: &mut Vec<Action>) {
        self.send(at.priority, at, actions);
    }

    fn report_yield(&self, heard: &Heard, at: Situation, actions: &mut Vec<Action>) {
        let (source, theirs) = (heard.source, heard.priority);
        let text = if theirs > at.priority && self.config.priority != OWNER {
            InstanceReport::HigherPriority { source, theirs, ours: at.priority }
        } else {
            InstanceReport::HigherAddress { source, priority: theirs }
        };
        self.report(text, actions);
    }

    /// The other one may have told the neighbours that it has the addresses: tell them again.
    fn assert_mastership(&mut self, heard: &Heard, at: Situation, actions: &mut Vec<Action>) {
        let answered = !self.config.lower_prio_no_advert;
        let text =
            InstanceReport::LowerPriority { source: heard.source, theirs: heard.priority, ours: at.priority, answered };
        self.report(text, actions);
        if let Some(theirs) = heard.header_sequence {
            // Nobody else hears adverts with a lower number than that (keepalived).
            self.report(InstanceReport::SequenceFollows, actions);
            self.header_sequence = theirs.saturating_add(1);
        }
        if answered {
            self.advertise(at, actions);
        }
        self.announce_after_lower(at.now, actions);
        self.notify(Occasion::MasterReceivedLowerPriority, at.priority, actions);
    }

    /// The burst after a lower advert, for this router or another of its group.
    pub(super) fn announce_after_lower(&mut self, now: Monotonic, actions: &mut Vec<Action>) {
        if self.state() == StateName::Master && self.config.announce.lower_prio_repeat > 0 {
            self.announce(self.config.announce.lower_prio_repeat, actions);
            self.announcements.hear_lower(now, &self.config.announce);
        }
    }

    fn dispute_ownership(&mut self, heard: &Heard, reaction: MasterReaction, at: Situation, actions: &mut Vec<Action>) {
        match self.owner_conflict {
            _ if reaction == MasterReaction::Yield => {
                self.report(InstanceReport::OwnerConflict(heard.source), actions);
            }
            Some(OwnerConflict::Waiting { until }) if at.now < until => {
                self.owner_conflict = Some(OwnerConflict::SteppedDown);
                self.report(InstanceReport::OwnerStepsDown(heard.source), actions);
            }
            None => {
                self.report(InstanceReport::OwnerConflict(heard.source), actions);
                let (adverts, their_interval) = (OWNER_CONFLICT_ADVERTS, heard.interval);
                self.owner_conflict = Some(OwnerConflict::Counting { adverts, their_interval });
            }
            _ => {}
        }
    }

    fn compare(&self, heard: &Heard, at: Situation) -> Comparison {
        let address = at.source.map_or(std::cmp::Ordering::Equal, |ours| heard.source.cmp(&ours));
        Comparison { theirs: heard.priority, ours: at.priority, address }
    }

    /// RFC 9568 §6.4.2: version 3 takes over the interval of the master.
    fn learn_interval(&mut self, heard: &Heard, actions: &mut Vec<Action>) {
        if self.config.version == 3 && self.master_interval != heard.interval {
            let (from, to) = (self.master_interval, heard.interval);
            self.report(InstanceReport::IntervalLearnt { from, to }, actions);
            self.master_interval = to;
        }
    }
}
