//! keepalived's log: syslog, or with -l the console, where a line is `Sun Nov 22 15:46:34 2026: text`.

use std::io::Write;

use super::syslog::{Address, Syslog};

/// syslog's number of "informational": what nearly every line of keepalived is.
pub const INFO: u8 = 6;
/// syslog's number of "alert".
pub const ALERT: u8 = 1;
/// Where syslog daemons listen.
const SYSLOG_SOCKET: &str = "/dev/log";

/// Where lines go.
#[derive(Debug)]
pub struct KeepalivedLog {
    console: bool,
    syslog: Option<Syslog>,
    /// -D: more is said.
    pub detail: bool,
}

impl KeepalivedLog {
    /// `console`: -l; `syslog`: the facility, none with -G; `ident`: the name of the process.
    pub fn new(console: bool, syslog: Option<u8>, detail: bool, ident: &str) -> Self {
        let tag = format!("{ident}[{}]", crate::sys::fork::own_pid());
        let syslog = syslog.filter(|_| !console);
        let syslog = syslog.map(|facility| Syslog::new(Address::Unix(SYSLOG_SOCKET.into()), facility, None, tag));
        Self { console, syslog, detail }
    }

    /// Whether lines go to the console.
    pub fn is_console(&self) -> bool {
        self.console
    }

    /// Writes a line.
    pub fn info(&self, text: &str) {
        self.write(INFO, text);
    }

    /// Writes a line that only -D shows.
    pub fn detail(&self, text: &str) {
        if self.detail {
            self.write(INFO, text);
        }
    }

    /// Writes a line. One that nobody takes is lost: there is nowhere to say so.
    pub fn write(&self, severity: u8, text: &str) {
        if self.console {
            let line = console_line(text);
            let _ = std::io::stderr().write_all(line.as_bytes());
        }
        if let Some(syslog) = &self.syslog {
            let _ = syslog.send(severity, text.as_bytes());
        }
    }
}

fn console_line(text: &str) -> String {
    super::now::with(|now| format!("{}: {text}\n", now.ctime))
}
