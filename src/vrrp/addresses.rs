//! What a master holds: addresses, routes, rules; in what order they come and go, and how they are announced.

use crate::ir::keepalived::VirtualAddress;

use super::action::Action;
use super::announce::Announcements;
use super::instance::{OwnerConflict, VirtualRouter};
use super::report::InstanceReport;

impl VirtualRouter {
    /// Whether it holds an IPv6 address when it is master.
    pub fn has_ipv6_address(&self) -> bool {
        self.all_addresses().iter().any(|address| address.prefix.address.is_ipv6())
    }

    fn all_addresses(&self) -> Vec<VirtualAddress> {
        self.config.addresses.iter().chain(&self.config.excluded_addresses).cloned().collect()
    }

    pub(super) fn announce(&self, repeat: u32, actions: &mut Vec<Action>) {
        let addresses = self.all_addresses();
        if repeat > 0 && !addresses.is_empty() {
            actions.push(Action::Announce { instance: self.id, addresses, repeat });
        }
    }

    /// `garp_extra_if`: one address for each interface that is no source of adverts.
    pub(super) fn announce_on_further_interfaces(&self, actions: &mut Vec<Action>) {
        let addresses = self.config.further_announced().into_iter().cloned().collect();
        actions.push(Action::Announce { instance: self.id, addresses, repeat: 1 });
    }

    /// Addresses, routes, rules: in this order in, in the opposite order out (keepalived).
    pub(super) fn hold(&self, actions: &mut Vec<Action>) {
        self.change_firewall(true, actions);
        self.change_addresses(true, actions);
        self.change_routes(true, actions);
        self.change_rules(true, actions);
    }

    pub(super) fn let_go(&mut self, actions: &mut Vec<Action>) {
        self.statistics.released_master += 1;
        self.announcements = Announcements::default();
        self.owner_conflict = self.owner_conflict.filter(|conflict| *conflict == OwnerConflict::SteppedDown);
        self.release(actions);
    }

    /// Takes everything away.
    pub(super) fn release(&self, actions: &mut Vec<Action>) {
        self.release_routing(actions);
        self.change_addresses(false, actions);
        self.change_firewall(false, actions);
    }

    /// Takes rules and routes out.
    pub(super) fn release_routing(&self, actions: &mut Vec<Action>) {
        self.change_rules(false, actions);
        self.change_routes(false, actions);
    }

    /// A router that does not own its addresses does not accept what is sent to them (RFC 9568 §6.1, Accept_Mode), which
    /// keepalived heeds in strict mode.
    fn change_firewall(&self, set: bool, actions: &mut Vec<Action>) {
        let addresses = self.all_addresses();
        if !self.config.accepts() && !addresses.is_empty() {
            self.report(InstanceReport::Firewall(set), actions);
            actions.push(Action::Firewall { instance: self.id, set, addresses });
        }
    }

    fn change_addresses(&self, set: bool, actions: &mut Vec<Action>) {
        let lists = [
            (&self.config.addresses, InstanceReport::Addresses(set)),
            (&self.config.excluded_addresses, InstanceReport::ExcludedAddresses(set)),
        ];
        for (addresses, text) in lists {
            if !addresses.is_empty() {
                self.report(text, actions);
                actions.push(Action::Addresses { instance: self.id, set, addresses: addresses.clone() });
            }
        }
    }

    fn change_routes(&self, set: bool, actions: &mut Vec<Action>) {
        if !self.config.routes.is_empty() {
            self.report(InstanceReport::Routes(set), actions);
            actions.push(Action::Routes { instance: self.id, set, routes: self.config.routes.clone() });
        }
    }

    fn change_rules(&self, set: bool, actions: &mut Vec<Action>) {
        if !self.config.rules.is_empty() {
            self.report(InstanceReport::Rules(set), actions);
            actions.push(Action::Rules { instance: self.id, set, rules: self.config.rules.clone() });
        }
    }
}
