//! `disable_local_igmp`: the kernel reports no group of the link (224.0.0.x), because no switch may prune those.

use std::fs;

use crate::log::keepalived_log::KeepalivedLog;

const SETTING: &str = "/proc/sys/net/ipv4/igmp_link_local_mcast_reports";

/// Whether we have switched the reports off.
#[derive(Debug, Default)]
pub struct LocalIgmp(bool);

impl LocalIgmp {
    /// Off as long as it is wanted, if they were on.
    pub fn keep(&mut self, disabled: bool, log: &KeepalivedLog) {
        let was_on = || fs::read(SETTING).is_ok_and(|text| text.starts_with(b"1"));
        if disabled == self.0 || disabled && !was_on() {
            return;
        }
        match fs::write(SETTING, if disabled { "0" } else { "1" }) {
            Ok(()) => self.0 = disabled,
            Err(error) => {
                log.info(&format!("Unable to write {SETTING} - errno {}", error.raw_os_error().unwrap_or(0)));
            }
        }
    }
}
