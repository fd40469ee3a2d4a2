//! The checks of a real server: how each begins and ends, and the keywords that all of them share.

use std::net::SocketAddr;

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::checker::{Checker, CheckerKind, DnsCheck, HttpCheck, UdpCheck, Url};

use super::check_draft::{ConnectionDraft, Draft, FileDraft, Kind, MiscDraft};
use super::check_timing::{ANY_TIME, Timing};
use super::value::{Trailing, seconds, switch_or_on, unsigned_word};
use super::{Reading, check_http_get, check_kinds};

const MOST: u64 = u32::MAX as u64;
const SECOND_US: u64 = 1_000_000;
/// Whether a keyword of a real server begins a check.
pub(super) fn is_checker(name: &str) -> bool {
    name.ends_with("_CHECK") || name.ends_with("_GET")
}

pub(super) fn begin(reading: &mut Reading<'_>, name: &str) {
    let kind = match name {
        "TCP_CHECK" => Kind::Tcp,
        "PING_CHECK" => Kind::Ping,
        "UDP_CHECK" => Kind::Udp(UdpCheck { max_reply_length: 255, ..UdpCheck::default() }),
        "DNS_CHECK" => Kind::Dns { record_type: "SOA", name: None },
        "SMTP_CHECK" => Kind::Smtp { helo_name: None, host: None, hosts: Vec::new() },
        "MISC_CHECK" => Kind::Misc(MiscDraft::default()),
        "FILE_CHECK" => Kind::File(FileDraft::default()),
        "BFD_CHECK" => Kind::Bfd { name: None },
        _ => Kind::Http { check: HttpCheck { tls: name == "SSL_GET", ..HttpCheck::default() }, url: None },
    };
    let address = reading.checker.real_server.as_ref().map(|server| server.server.address);
    let connection = match kind {
        Kind::Misc(_) | Kind::File(_) | Kind::Bfd { .. } => None,
        // So that it can be seen whether anything was set.
        Kind::Smtp { .. } => Some(ConnectionDraft::to(None)),
        _ => Some(ConnectionDraft::to(address)),
    };
    let timing = Timing::default();
    reading.checker.checker = Some(Draft { kind, connection, timing, log_all_failures: false, removed: false });
}

/// A line in the block of a check, or in a block within.
pub(super) fn keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    block: &str,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(mut draft) = reading.checker.checker.take() else { return Ok(()) };
    let result = draft.set(reading, parser, block, name, line);
    reading.checker.checker = Some(draft);
    result
}

impl Draft {
    fn set(
        &mut self,
        reading: &mut Reading<'_>,
        parser: &mut Parser<'_, '_>,
        block: &str,
        name: &str,
        line: &Line,
    ) -> Result<(), Stop> {
        let has_own = !matches!(self.kind, Kind::File(_) | Kind::Bfd { .. });
        if has_own && self.set_common(parser, name, line)? {
            return Ok(());
        }
        match &mut self.kind {
            Kind::Http { check, url: Some(url) } if block == "url" => {
                let _ = check;
                check_http_get::set_url(url, parser, name, line)
            }
            Kind::Http { url, .. } if name == "url" => {
                *url = Some(Url::default());
                Ok(())
            }
            Kind::Http { check, .. } => check_http_get::set(check, &mut self.timing, parser, name, line),
            Kind::Smtp { host, .. } if name == "host" => {
                let address = reading.checker.real_server.as_ref().map(|server| server.server.address);
                *host = Some(ConnectionDraft::to(address));
                Ok(())
            }
            _ => check_kinds::set(self, reading, parser, name, line),
        }
    }

    /// The keywords of nearly all checks; `false` if the keyword is none of them.
    fn set_common(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<bool, Stop> {
        let host = match &mut self.kind {
            Kind::Smtp { host: Some(host), .. } => Some(host),
            _ => self.connection.as_mut(),
        };
        if let Some(connection) = host
            && connection.set(parser, name, line)?
        {
            return Ok(true);
        }
        match name {
            "retry" => match unsigned_word(parser, line, 0, MOST, Trailing::Warned)? {
                Some(retry) => self.timing.retry = Some(retry as u32),
                None => {
                    let text = format!("Invalid retry connection value '{}'", line.words[1]);
                    parser.report(Fault::General, text);
                }
            },
            "delay_before_retry" | "warmup" | "delay_loop" => {
                let word = line.word(1, parser.reader)?;
                let Some(time) = seconds(parser, word, u64::from(name == "delay_loop"), ANY_TIME) else {
                    let text = match name {
                        "delay_loop" => format!("delay_loop '{word}' is invalid - ignoring"),
                        _ => format!("Invalid {name} connection value '{word}'"),
                    };
                    parser.report(Fault::General, text);
                    return Ok(true);
                };
                match name {
                    "delay_before_retry" => self.timing.delay_before_retry_us = Some(time),
                    "warmup" => self.timing.warmup_us = Some(time),
                    _ => self.timing.delay_loop_us = Some(time),
                }
            }
            "alpha" | "log_all_failures" => {
                let complaint = |word: &str| format!("Invalid {name} parameter {word}");
                if let Some(value) = switch_or_on(parser, line, complaint) {
                    match name {
                        "alpha" => self.timing.alpha = Some(value),
                        _ => self.log_all_failures = value,
                    }
                }
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The checks that the block describes; more than one for several hosts of `SMTP_CHECK`.
    pub(super) fn finish(self, server: SocketAddr, outer: Timing) -> Vec<Checker> {
        let timing = self.timing.within(outer);
        let delay_loop_us = timing.delay_loop_us.unwrap_or(60 * SECOND_US);
        let (retry, delay_before_retry_us) = match &self.kind {
            Kind::Http { .. } => (1, 3 * SECOND_US),
            Kind::Dns { .. } => (3, delay_loop_us),
            Kind::Misc(_) => (0, SECOND_US),
            _ => (1, SECOND_US),
        };
        let mut connections = vec![self.connection];
        let kind = match self.kind {
            Kind::Tcp => CheckerKind::Tcp,
            Kind::Ping => CheckerKind::Ping,
            Kind::Udp(check) => CheckerKind::Udp(check),
            Kind::Dns { record_type, name } => {
                CheckerKind::Dns(DnsCheck { record_type, name: name.unwrap_or_else(|| ".".into()) })
            }
            Kind::Http { check, .. } => CheckerKind::Http(check),
            Kind::Smtp { helo_name, hosts, .. } => {
                if !hosts.is_empty() && !connections.iter().flatten().any(ConnectionDraft::is_set) {
                    connections.clear();
                }
                connections.extend(hosts.into_iter().map(Some));
                CheckerKind::Smtp { helo_name: helo_name.unwrap_or_else(|| "smtpchecker.keepalived.org".into()) }
            }
            Kind::Misc(draft) => match draft.finish() {
                Some(check) => CheckerKind::Misc(check),
                None => return Vec::new(),
            },
            Kind::File(draft) => CheckerKind::File(draft.finish()),
            Kind::Bfd { name } => CheckerKind::Bfd { name: name.unwrap_or_default() },
        };
        let checker = |connection: Option<ConnectionDraft>| Checker {
            kind: kind.clone(),
            connection: connection.map(|connection| connection.finish(server, timing.connect_timeout_us)),
            alpha: timing.alpha.unwrap_or(false),
            delay_loop_us,
            warmup_us: timing.warmup_us.unwrap_or(delay_loop_us),
            retry: timing.retry.unwrap_or(retry),
            delay_before_retry_us: timing.delay_before_retry_us.unwrap_or(delay_before_retry_us),
            log_all_failures: self.log_all_failures,
        };
        connections.into_iter().map(checker).collect()
    }
}

/// The end of a block within a check.
pub(super) fn end_inner(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(draft) = &mut reading.checker.checker else { return };
    match &mut draft.kind {
        Kind::Http { check, url } => {
            check.urls.extend(url.take().and_then(|url| check_http_get::finish_url(url, parser)))
        }
        Kind::Smtp { host, hosts, .. } => hosts.extend(host.take().filter(|host| host.is_usable(parser))),
        _ => {}
    }
}

/// The end of a check: one that cannot work is left out.
pub(super) fn end(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(mut draft) = reading.checker.checker.take() else { return };
    if draft.removed {
        return;
    }
    if matches!(&draft.kind, Kind::Http { check, .. } if check.urls.is_empty()) {
        parser.report(Fault::General, "HTTP/SSL_GET checker has no urls specified - ignoring");
        return;
    }
    if !check_kinds::end(&mut draft, reading, parser) {
        return;
    }
    if draft.connection.as_ref().is_some_and(|connection| !connection.is_usable(parser)) {
        return;
    }
    if let Kind::Udp(check) = &draft.kind
        && check.min_reply_length > check.max_reply_length
    {
        let text = format!(
            "UDP_CHECK min_reply length {} > max_reply_length {} - will always fail",
            check.min_reply_length, check.max_reply_length
        );
        parser.report(Fault::General, text);
    }
    if let Some(server) = &mut reading.checker.real_server {
        server.checkers.push(draft);
    }
}
