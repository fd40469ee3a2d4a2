//! From the `error_log` lines of a configuration to an open log.

use std::net::SocketAddr;
use std::rc::Rc;

use super::error_log::{ErrorLog, Output, Target};
use super::open_files::{LogFile, OpenError, OpenFiles};
use super::syslog::{Address, Syslog};
use crate::conf::diagnostic::Level;
use crate::ir::core::{ErrorLog as Line, ErrorLogTarget, LogLevel};
use crate::ir::http::log::{SyslogServer, SyslogTarget};
use crate::ir::lookup::HostId;

/// What opening logs needs to know.
pub struct LogOpener<'a> {
    /// The files of the generation.
    pub files: &'a OpenFiles,
    /// The machine's name, in small letters.
    pub hostname: &'a str,
    /// The address of a syslog server's name.
    pub resolve: &'a dyn Fn(HostId) -> Option<SocketAddr>,
}

impl LogOpener<'_> {
    /// The main log. A file is always among its targets: without one in the configuration, the built-in place at `error`.
    pub fn main(&self, lines: &[Line], built_in: &str) -> Result<Rc<ErrorLog>, OpenError> {
        let mut outputs = self.outputs(lines)?;
        let has_file = lines.iter().any(|line| matches!(line.target, ErrorLogTarget::File(_) | ErrorLogTarget::Stderr));
        if !has_file {
            outputs.push(Output::new(Target::File(self.file(built_in)?), Level::Error));
        }
        Ok(ErrorLog::new(outputs))
    }

    /// The log of a block that has `error_log` lines of its own.
    pub fn inner(&self, lines: &[Line]) -> Result<Rc<ErrorLog>, OpenError> {
        Ok(ErrorLog::new(self.outputs(lines)?))
    }

    /// A syslog daemon.
    pub fn syslog(&self, target: &SyslogTarget) -> Option<Rc<Syslog>> {
        let address = match &target.server {
            SyslogServer::Inet(address) => Address::Inet(*address),
            SyslogServer::Unix(path) => Address::Unix(path.to_string()),
            SyslogServer::Host(id) => Address::Inet((self.resolve)(*id)?),
        };
        let hostname = (!target.nohostname).then(|| self.hostname.to_owned());
        Some(Rc::new(Syslog::new(address, target.facility, hostname, target.tag.to_string())))
    }

    /// A file; an empty name stands for standard error.
    fn file(&self, path: &str) -> Result<Rc<LogFile>, OpenError> {
        if path.is_empty() { Ok(LogFile::stderr()) } else { self.files.open(path) }
    }

    fn outputs(&self, lines: &[Line]) -> Result<Vec<Output>, OpenError> {
        let mut outputs = Vec::with_capacity(lines.len());
        for line in lines {
            let target = match &line.target {
                ErrorLogTarget::File(path) => Target::File(self.files.open(&path.to_string())?),
                ErrorLogTarget::Stderr => Target::File(LogFile::stderr()),
                ErrorLogTarget::Syslog(target) => match self.syslog(target) {
                    Some(syslog) => Target::Syslog(syslog),
                    None => continue,
                },
                // Only debuggers read it in the original.
                ErrorLogTarget::Memory(_) => continue,
            };
            let level = match line.level {
                LogLevel::Level(level) => level,
                LogLevel::Parts { http: true } => Level::Debug,
                LogLevel::Parts { http: false } => Level::Info,
            };
            outputs.push(Output::new(target, level));
        }
        Ok(outputs)
    }
}
