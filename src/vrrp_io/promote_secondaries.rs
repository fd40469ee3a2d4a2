//! `promote_secondaries`: when the first address of a network goes, the kernel puts the next in its place and drops none.

use crate::ir::keepalived::Instance;
use crate::wire::netlink::link::Ipv4Setting::PromoteSecondaries as SETTING;

use super::kernel::Kernel;

/// The interfaces on which we have switched it on; elsewhere it was on already, or nobody asked.
#[derive(Debug, Default)]
pub struct PromoteSecondaries(Vec<String>);

impl PromoteSecondaries {
    /// On where an instance asks for it, off again where none does any more.
    pub fn keep(&mut self, instances: &[Instance], kernel: &mut Kernel) {
        let asking = instances.iter().filter(|instance| instance.promote_secondaries);
        let wanted: Vec<&String> = asking.filter_map(|instance| instance.interface.as_ref()).collect();
        for interface in self.0.extract_if(.., |interface| !wanted.contains(&&*interface)) {
            if let Some(index) = kernel.link_named(&interface).map(|link| link.index) {
                let _ = kernel.set_ipv4(index, &[(SETTING, 0)]);
            }
        }
        for interface in wanted {
            let link = kernel.link_named(interface).filter(|link| link.ipv4(SETTING) == 0);
            if let Some(index) = link.map(|link| link.index)
                && !self.0.contains(interface)
                && kernel.set_ipv4(index, &[(SETTING, 1)]).is_ok()
            {
                self.0.push(interface.clone());
            }
        }
    }

    /// Whether we have switched it on there.
    pub fn is_changed(&self, interface: &str) -> bool {
        self.0.iter().any(|known| known == interface)
    }
}
