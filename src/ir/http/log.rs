//! The values of nginx's `http_log` module.

pub mod setters;

use std::rc::Rc;

use crate::ir::lookup::HostId;
use crate::ir::value::{List, Template, Text};

layer! {
    /// Where requests are logged.
    pub struct Log, own LogOwn {
        /// `access_log`; empty for `off`.
        access_logs: List<AccessLog> = List::default(),
        /// `open_log_file_cache`
        open_log_file_cache: Option<OpenLogFileCache> = None,
    }
}

/// One `access_log`.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct AccessLog {
    /// Where lines go.
    pub target: AccessLogTarget,
    /// The line.
    pub format: Rc<Format>,
    /// `buffer`, in bytes
    pub buffer: Option<usize>,
    /// `flush`
    pub flush_ms: Option<u64>,
    /// `gzip`: the level.
    pub gzip: Option<u8>,
    /// `if`: no line where this is empty or `0`.
    pub condition: Option<Template>,
}

/// Where access log lines go.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum AccessLogTarget {
    /// A file, by its full path.
    File(Text),
    /// A path with variables.
    Template(Template),
    /// `syslog:…`
    Syslog(SyslogTarget),
}

/// `log_format`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Format {
    /// Its name.
    pub name: Text,
    /// How values are written.
    pub escape: Escape,
    /// The line. Literal text is not escaped.
    pub template: Template,
}

words! {
    /// `escape=`
    pub enum Escape {
        /// `\xHH`, and `-` for nothing.
        Default = "default",
        /// As in a JSON string.
        Json = "json",
        /// As it is.
        None = "none",
    }
}

/// `syslog:…`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct SyslogTarget {
    /// The server.
    pub server: SyslogServer,
    /// The number of the facility.
    pub facility: u8,
    /// The number of the severity.
    pub severity: u8,
    /// `tag`
    pub tag: Text,
    /// `nohostname`
    pub nohostname: bool,
}

/// Where a syslog server is.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize)]
pub enum SyslogServer {
    /// An address and port.
    Inet(std::net::SocketAddr),
    /// The path of a unix socket.
    Unix(Text),
    /// A host name, resolved at start.
    Host(HostId),
}

/// `open_log_file_cache`
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
pub struct OpenLogFileCache {
    /// `max`
    pub max: usize,
    /// `inactive`
    pub inactive_seconds: u64,
    /// `valid`
    pub valid_seconds: u64,
    /// `min_uses`
    pub min_uses: u64,
}
