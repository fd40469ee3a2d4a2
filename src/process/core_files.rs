//! `--core-dump` and `--core-dump-pattern`: what the kernel keeps of a daemon that crashes.

use std::fs;

use crate::log::keepalived_log::KeepalivedLog;
use crate::sys::scheduling;

const PATTERN_FILE: &str = "/proc/sys/kernel/core_pattern";

/// The kernel's pattern from before, which comes back at the end.
#[derive(Debug)]
pub struct CorePattern(Option<Vec<u8>>);

impl CorePattern {
    /// Sets the machine's pattern, if one is wanted.
    pub fn set(pattern: Option<&str>, log: &KeepalivedLog) -> Self {
        let Some(pattern) = pattern else { return Self(None) };
        let before = fs::read(PATTERN_FILE).and_then(|before| fs::write(PATTERN_FILE, pattern).map(|()| before));
        if before.is_err() {
            log.info("Unable to read/write core_pattern");
        }
        Self(before.ok())
    }

    /// Puts the former one back.
    pub fn restore(self, log: &KeepalivedLog) {
        if let Some(before) = self.0
            && fs::write(PATTERN_FILE, before).is_err()
        {
            log.info("Unable to read/write core_pattern");
        }
    }
}

/// Lets a core file be as large as it is.
pub fn allow(log: &KeepalivedLog) {
    if scheduling::set_core_file_limits(u64::MAX, u64::MAX).is_err() {
        log.info("Failed to set core file size");
    }
}
