//! `error_log`, and `syslog:` targets of every log.

use super::core::{ErrorLog, ErrorLogTarget, LogLevel};
use super::http::log::{SyslogServer, SyslogTarget};
use super::lookup::AskedBy;
use super::reader::Reader;
use super::url::{Form, Host, Url};
use super::value::Text;
use crate::conf::diagnostic::{Diagnostic, Level};
use crate::conf::tree::Directive;
use crate::primitives::size::parse_size;

const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "intern", "lpr", "news", "uucp", "clock", "authpriv", "ftp", "ntp",
    "audit", "alert", "cron", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
];

const SEVERITIES: [&str; 8] = ["emerg", "alert", "crit", "error", "warn", "notice", "info", "debug"];

const LEVELS: [(&str, LogLevel); 8] = [
    ("emerg", LogLevel::Level(Level::Emerg)),
    ("alert", LogLevel::Level(Level::Alert)),
    ("crit", LogLevel::Level(Level::Crit)),
    ("error", LogLevel::Level(Level::Error)),
    ("warn", LogLevel::Level(Level::Warn)),
    ("notice", LogLevel::Level(Level::Notice)),
    ("info", LogLevel::Level(Level::Info)),
    ("debug", LogLevel::Level(Level::Debug)),
];

const SILENT_PARTS: [&str; 6] =
    ["debug_core", "debug_alloc", "debug_mutex", "debug_event", "debug_mail", "debug_stream"];
const HTTP_PART: &str = "debug_http";

/// Why a log in memory is none.
const MEMORY: &str = "nginx's is for debuggers alone";

/// Reads an `error_log`.
pub fn error_log(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<ErrorLog, Diagnostic> {
    let name = directive.args()[0].value;
    let target = match name {
        b"stderr" => ErrorLogTarget::Stderr,
        _ if name.starts_with(b"syslog:") => ErrorLogTarget::Syslog(syslog(reader, directive)?),
        _ => match name.strip_prefix(b"memory:") {
            Some(size) => {
                reader.note_words_without_effect(directive, [&*directive.args()[0].text()], MEMORY);
                ErrorLogTarget::Memory(memory_size(directive, size)?)
            }
            None => {
                let path = reader.full_path(name);
                reader.log_files.push(path.clone());
                ErrorLogTarget::File(path)
            }
        },
    };
    let level = level(directive)?;
    let silent = SILENT_PARTS.iter().copied();
    let silent = silent.filter(|part| directive.args()[1..].iter().any(|word| word.value == part.as_bytes()));
    reader.note_words_without_effect(directive, silent, "of this part no step is told");
    Ok(ErrorLog { target, level })
}

fn memory_size(directive: &Directive<'_>, text: &[u8]) -> Result<usize, Diagnostic> {
    // nginx wants room for its own heading and one line of 2048 bytes.
    match parse_size(text) {
        Some(size @ 2048..) => Ok(size as usize),
        _ => Err(directive.emerg(format!("invalid buffer size \"{}\"", String::from_utf8_lossy(text)))),
    }
}

fn level(directive: &Directive<'_>) -> Result<LogLevel, Diagnostic> {
    let mut level = None;
    for word in &directive.args()[1..] {
        let invalid = || directive.emerg(format!("invalid log level \"{}\"", word.text()));
        let text = word.text();
        if let Some((_, found)) = LEVELS.iter().find(|(name, _)| *name == text) {
            if level.replace(*found).is_some() {
                return Err(directive.emerg(format!("duplicate log level \"{text}\"")));
            }
        } else if text == HTTP_PART || SILENT_PARTS.contains(&&*text) {
            let others = match level {
                None => false,
                Some(LogLevel::Parts { http }) => http,
                Some(LogLevel::Level(_)) => return Err(invalid()),
            };
            level = Some(LogLevel::Parts { http: others || text == HTTP_PART });
        } else {
            return Err(invalid());
        }
    }
    Ok(level.unwrap_or(LogLevel::Level(Level::Error)))
}

/// Reads the `syslog:…` that is the first argument of a log.
pub fn syslog(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<SyslogTarget, Diagnostic> {
    let (mut server, mut facility, mut severity, mut tag, mut nohostname) = (None, None, None, None, false);
    for parameter in directive.args()[0].value["syslog:".len()..].split(|byte| *byte == b',') {
        let text = String::from_utf8_lossy(parameter);
        let duplicate = |name: &str| Err(directive.emerg(format!("duplicate syslog \"{name}\"")));
        if let Some(address) = parameter.strip_prefix(b"server=") {
            if server.is_some() {
                return duplicate("server");
            }
            server = Some(syslog_server(reader, directive, address)?);
        } else if let Some(name) = text.strip_prefix("facility=") {
            if facility.replace(position(directive, &FACILITIES, "facility", name)).is_some() {
                return duplicate("facility");
            }
        } else if let Some(name) = text.strip_prefix("severity=") {
            if severity.replace(position(directive, &SEVERITIES, "severity", name)).is_some() {
                return duplicate("severity");
            }
        } else if let Some(name) = parameter.strip_prefix(b"tag=") {
            if tag.is_some() {
                return duplicate("tag");
            }
            tag = Some(syslog_tag(directive, name)?);
        } else if parameter == b"nohostname" {
            nohostname = true;
        } else {
            return Err(directive.emerg(format!("unknown syslog parameter \"{text}\"")));
        }
    }
    Ok(SyslogTarget {
        server: server.ok_or_else(|| directive.emerg("no syslog server specified"))?,
        facility: facility.transpose()?.unwrap_or(23),
        severity: severity.transpose()?.unwrap_or(6),
        tag: tag.unwrap_or_else(|| Text::from("nginx")),
        nohostname,
    })
}

fn syslog_server(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    address: &[u8],
) -> Result<SyslogServer, Diagnostic> {
    let written = String::from_utf8_lossy(address);
    let url = Url::parse(address, 514, Form::Peer)
        .map_err(|fault| directive.emerg(format!("{fault} in syslog server \"{written}\"")))?;
    Ok(match url.host {
        Host::Address(ip) => SyslogServer::Inet((ip, url.port).into()),
        Host::Unix(path) => SyslogServer::Unix(Text::from(path)),
        Host::Name(name) => {
            let asked_by = AskedBy::Syslog { written: Text::from(address) };
            SyslogServer::Host(reader.resolve(name, url.port, asked_by, directive.place()))
        }
    })
}

fn position(directive: &Directive<'_>, names: &[&str], what: &str, name: &str) -> Result<u8, Diagnostic> {
    names
        .iter()
        .position(|known| *known == name)
        .map(|at| at as u8)
        .ok_or_else(|| directive.emerg(format!("unknown syslog {what} \"{name}\"")))
}

fn syslog_tag(directive: &Directive<'_>, tag: &[u8]) -> Result<Text, Diagnostic> {
    // RFC 3164, 4.1.3: at most 32 alphanumeric characters; nginx lets `_` through.
    if tag.len() > 32 {
        return Err(directive.emerg("syslog tag length exceeds 32"));
    }
    if !tag.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_') {
        return Err(directive.emerg("syslog \"tag\" only allows alphanumeric characters and underscore"));
    }
    Ok(Text::from(tag))
}
