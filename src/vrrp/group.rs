//! One sync group: who is in it, and what it last told the outside.

use crate::ir::keepalived::SyncGroup;

use super::action::{Action, Notification, Occasion, Subject};
use super::instance::StateName;
use super::report::Report;

/// A group and what it last told the outside.
#[derive(Clone, PartialEq, Debug)]
pub struct Group {
    /// As configured.
    pub config: SyncGroup,
    /// The places of its members among the instances.
    pub members: Vec<usize>,
    /// The state that it told last; its members may be on their way to another.
    pub told: StateName,
}

impl Group {
    pub(super) fn tell(&mut self, state: StateName, actions: &mut Vec<Action>) {
        self.told = state;
        self.notify(actions);
    }

    pub(super) fn notify(&self, actions: &mut Vec<Action>) {
        if let Some(occasion) = self.told.occasion() {
            self.notify_occasion(occasion, actions);
        }
    }

    pub(super) fn notify_occasion(&self, occasion: Occasion, actions: &mut Vec<Action>) {
        let notify = &self.config.notify;
        actions.push(Action::Notify(Box::new(Notification {
            subject: Subject::Group,
            name: self.config.name.clone(),
            occasion,
            priority: 0,
            command: occasion.command(notify),
            any: notify.any.clone(),
            smtp_alert: notify.smtp_alert,
        })));
    }

    pub(super) fn report(&self, state: StateName, actions: &mut Vec<Action>) {
        let report = Report::Syncing { group: self.config.name.clone(), state: state.word().into() };
        actions.push(Action::Report(report));
    }
}
