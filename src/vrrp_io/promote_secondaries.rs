//! `promote_secondaries`: when the first address of a network goes, the kernel puts the next in its place and drops none.

use std::fs;

use crate::ir::keepalived::Instance;

/// The interfaces on which we have switched it on; elsewhere it was on already, or nobody asked.
#[derive(Debug, Default)]
pub struct PromoteSecondaries(Vec<String>);

impl PromoteSecondaries {
    /// On where an instance asks for it, off again where none does any more.
    pub fn keep(&mut self, instances: &[Instance]) {
        let asking = instances.iter().filter(|instance| instance.promote_secondaries);
        let wanted: Vec<&String> = asking.filter_map(|instance| instance.interface.as_ref()).collect();
        self.0.retain(|interface| wanted.contains(&interface) || fs::write(path(interface), "0").is_err());
        for interface in wanted {
            let is_off = fs::read_to_string(path(interface)).is_ok_and(|value| value.trim() == "0");
            if is_off && fs::write(path(interface), "1").is_ok() {
                self.0.push(interface.clone());
            }
        }
    }

    /// Whether we have switched it on there.
    pub fn is_changed(&self, interface: &str) -> bool {
        self.0.iter().any(|known| known == interface)
    }
}

fn path(interface: &str) -> String {
    format!("/proc/sys/net/ipv4/conf/{interface}/promote_secondaries")
}
