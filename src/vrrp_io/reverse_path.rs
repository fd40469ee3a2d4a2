//! `rp_filter`: the kernel drops what comes in elsewhere than its answer would leave, as all packets on an interface of `use_vmac` do.

use std::fs;

use crate::log::keepalived_log::KeepalivedLog;

const FOLDER: &str = "/proc/sys/net/ipv4/conf";
const ALL: &str = "all";
const DEFAULT: &str = "default";

/// What we have changed, until the daemon ends.
#[derive(Debug, Default)]
pub struct ReversePath {
    /// The value of `all` as it was; zero while nothing is changed.
    all: u8,
    /// Those that had a smaller value, with that one.
    raised: Vec<(String, u8)>,
}

impl ReversePath {
    /// The kernel takes the greater of an interface's value and that of `all`. So every interface gets the value of `all`, and
    /// `all` becomes zero: then one may be without the filter, and nothing changes for the others (keepalived).
    pub fn leave_to_interfaces(&mut self, log: &KeepalivedLog) {
        let all = read(ALL).unwrap_or(0);
        if self.all != 0 || all == 0 {
            return;
        }
        self.all = all;
        let names = fs::read_dir(FOLDER).into_iter().flatten().flatten();
        let names = names.filter_map(|entry| entry.file_name().into_string().ok()).filter(|name| name != ALL);
        for name in names {
            if let Some(own) = read(&name).filter(|own| *own < all) {
                if name == DEFAULT {
                    log.info(&format!("NOTICE: setting sysctl net.ipv4.conf.default.rp_filter from {own} to {all}"));
                }
                write(&name, all);
                self.raised.push((name, own));
            }
        }
        log.info(&format!("NOTICE: setting sysctl net.ipv4.conf.all.rp_filter from {all} to 0"));
        write(ALL, 0);
    }

    /// All is as it was, but for what somebody else has changed since.
    pub fn restore(&mut self, log: &KeepalivedLog) {
        let all = std::mem::take(&mut self.all);
        if all != 0 && read(ALL) == Some(0) {
            log.info(&format!("NOTICE: resetting sysctl net.ipv4.conf.all.rp_filter to {all}"));
            write(ALL, all);
        }
        for (name, own) in self.raised.drain(..).filter(|(name, _)| read(name) == Some(all)) {
            if name == DEFAULT {
                log.info(&format!("NOTICE: resetting sysctl net.ipv4.conf.default.rp_filter to {own}"));
            }
            write(&name, own);
        }
    }
}

fn path(interface: &str) -> String {
    format!("{FOLDER}/{interface}/rp_filter")
}

fn read(interface: &str) -> Option<u8> {
    fs::read_to_string(path(interface)).ok()?.trim().parse().ok()
}

/// An interface that has gone meanwhile needs none.
fn write(interface: &str, value: u8) {
    let _ = fs::write(path(interface), value.to_string());
}
