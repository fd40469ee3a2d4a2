//! `virtual_server` and its sorry server, line by line.

use std::net::Ipv4Addr;

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::virtual_server::{
    CheckerTls, Forwarding, Granularity, Protocol, Service, SorryServer, VirtualServer, VirtualServerGroup,
};

use super::server_draft::{RealServerDraft, ServerDraft, port_word, set_command, snmp_name, virtual_host};
use super::value::{Trailing, server_address, switch_or_on, unsigned, unsigned_word};
use super::{Reading, forwarding};

const MOST: u64 = u32::MAX as u64;
/// What `persistence_timeout` alone means.
pub(super) const PERSISTENCE_TIMEOUT_S: u32 = 360;
/// 31 days.
const LONGEST_PERSISTENCE_S: u64 = 86_400 * 31;
/// The kernel's limit.
const PERSISTENCE_ENGINE_LENGTH: usize = 16;
const SCHEDULERS: [&str; 14] =
    ["rr", "wrr", "lc", "wlc", "lblc", "sh", "mh", "dh", "fo", "ovf", "lblcr", "sed", "nq", "twos"];

/// The values of the checker process.
#[derive(Default)]
pub(super) struct CheckerDraft {
    pub(super) servers: Vec<ServerDraft>,
    /// The servers when all is decided.
    pub(super) completed: Vec<VirtualServer>,
    pub(super) groups: Vec<VirtualServerGroup>,
    pub(super) track_files: Vec<crate::ir::keepalived::TrackFile>,
    pub(super) tls: Option<CheckerTls>,
    pub(super) server: Option<ServerDraft>,
    pub(super) real_server: Option<RealServerDraft>,
    pub(super) checker: Option<super::check_draft::Draft>,
}

/// `SSL`, which may stand only once.
pub(super) fn begin_tls(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    if reading.checker.tls.replace(CheckerTls::default()).is_some() {
        parser.report(Fault::General, "SSL context already specified - replacing");
    }
}

/// A line of `SSL`.
pub(super) fn tls_keyword(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, name: &str, line: &Line) {
    let Some(tls) = &mut reading.checker.tls else { return };
    let (slot, title) = match name {
        "password" => (&mut tls.password, "password"),
        "ca" => (&mut tls.ca, "cafile"),
        "certificate" => (&mut tls.certificate, "certfile"),
        _ => (&mut tls.key, "keyfile"),
    };
    let Some(word) = line.words.get(1) else {
        parser.report(Fault::General, format!("SSL {title} missing"));
        return;
    };
    if slot.replace(word.clone()).is_some() {
        parser.report(Fault::General, format!("SSL {title} already specified - replacing"));
    }
}

pub(super) fn begin(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let first = line.word(1, parser.reader)?;
    let service = match first {
        "group" => Service::Group { name: line.word(2, parser.reader)?.to_owned(), number: 0 },
        "fwmark" => {
            let word = line.word(2, parser.reader)?;
            let Some(mark) = unsigned(parser, word, 0, MOST, Trailing::Warned) else {
                let text = format!("virtual server fwmark '{word}' must be in [0, {MOST}] - ignoring");
                parser.report(Fault::General, text);
                parser.skip_block();
                return Ok(());
            };
            Service::Mark(mark as u32)
        }
        _ => {
            let port = port_word(line, 2);
            let Some(address) = server_address(parser, first, port) else {
                let (title, shown) = match port {
                    None => ("", first.to_owned()),
                    Some(port) => ("/port", format!("{first}/{port}")),
                };
                let text = format!("Invalid virtual server IP address{title} {shown} - skipping");
                parser.report(Fault::General, text);
                parser.skip_block();
                return Ok(());
            };
            Service::Address(address)
        }
    };
    reading.checker.server = Some(ServerDraft::new(service));
    Ok(())
}

pub(super) fn keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(mut draft) = reading.checker.server.take() else { return Ok(()) };
    let result = draft.set(reading, parser, name, line);
    reading.checker.server = Some(draft);
    result
}

impl ServerDraft {
    fn set(
        &mut self,
        reading: &mut Reading<'_>,
        parser: &mut Parser<'_, '_>,
        name: &str,
        line: &Line,
    ) -> Result<(), Stop> {
        match name {
            "retry" | "delay_before_retry" | "warmup" | "connect_timeout" | "delay_loop" => {
                self.timing.set(parser, name, line, "virtual")?;
            }
            "inhibit_on_failure" => self.inhibit_on_failure = true,
            "alpha" => self.timing.alpha = Some(true),
            "omega" => self.server.omega = true,
            "ha_suspend" => self.server.ha_suspend = true,
            "ip_family" => self.set_family(parser, line)?,
            "lb_algo" | "lvs_sched" => self.set_scheduler(parser, line)?,
            "lb_kind" | "lvs_method" => forwarding::set(&mut self.forwarding, parser, line, "virtual")?,
            "hashed" | "ops" => self.set_flag(parser, name),
            _ if name.starts_with("flag-") || name.starts_with("sh-") || name.starts_with("mh-") => {
                self.set_flag(parser, name);
            }
            "protocol" => self.set_protocol(parser, line)?,
            "smtp_alert" => {
                let complaint = |word: &str| format!("Invalid virtual_server smtp_alert parameter {word}");
                if let Some(alert) = switch_or_on(parser, line, complaint) {
                    self.smtp_alert = Some(alert);
                }
            }
            "virtualhost" => virtual_host(&mut self.server.virtualhost, parser, line, "virtual server"),
            "snmp_name" => snmp_name(&mut self.server.snmp_name, parser, line, "virtual"),
            "quorum_up" | "quorum_down" => {
                let group = self.group_name().to_owned();
                let slot = match name {
                    "quorum_up" => &mut self.server.quorum_up,
                    _ => &mut self.server.quorum_down,
                };
                set_command(slot, reading, parser, line, &group, "quorum")?;
            }
            "quorum" | "hysteresis" | "weight" => self.set_count(parser, name, line)?,
            "sorry_server" | "sorry_server_inhibit" | "sorry_server_lvs_method" => {
                self.set_sorry_server(parser, name, line)?;
            }
            _ => self.set_persistence(parser, name, line)?,
        }
        Ok(())
    }

    fn set_family(&mut self, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
        let word = line.word(1, parser.reader)?;
        let family = match word {
            "inet" => Family::V4,
            "inet6" => Family::V6,
            _ => {
                parser.report(Fault::General, format!("unknown address family {word}"));
                return Ok(());
            }
        };
        if self.server.family.is_some_and(|known| known != family) {
            let text = format!("Virtual server specified family {word} conflicts with server family");
            parser.report(Fault::General, text);
            return Ok(());
        }
        self.server.family = Some(family);
        Ok(())
    }

    fn set_scheduler(&mut self, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
        let word = line.word(1, parser.reader)?;
        if SCHEDULERS.contains(&word) {
            self.server.scheduler = word.to_owned();
        } else {
            parser.report(Fault::General, format!("Invalid lvs_scheduler '{word}' - ignoring"));
        }
        Ok(())
    }

    /// The flags of one scheduler count only behind the line that chooses it.
    fn set_flag(&mut self, parser: &mut Parser<'_, '_>, name: &str) {
        let scheduler = self.server.scheduler.as_str();
        let hashes = matches!(scheduler, "sh" | "mh");
        if name == "ops" || name.starts_with("flag-") || hashes && name.starts_with(scheduler) {
            if !self.server.scheduler_flags.iter().any(|flag| flag == name) {
                self.server.scheduler_flags.push(name.to_owned());
            }
        } else if !hashes {
            parser.report(Fault::General, format!("{name} only applies to sh scheduler - ignoring"));
        }
    }

    fn set_protocol(&mut self, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
        let word = line.word(1, parser.reader)?;
        match word.to_ascii_uppercase().as_str() {
            "TCP" => self.server.protocol = Some(Protocol::Tcp),
            "UDP" => self.server.protocol = Some(Protocol::Udp),
            "SCTP" => self.server.protocol = Some(Protocol::Sctp),
            _ => parser.report(Fault::General, format!("Unknown protocol {word} - ignoring")),
        }
        Ok(())
    }

    fn set_count(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
        let (least, most) = match name {
            "quorum" => (1, MOST),
            "hysteresis" => (0, MOST),
            _ => (1, i32::MAX as u64),
        };
        let value = unsigned_word(parser, line, least, most, Trailing::Warned)?.map(|value| value as u32);
        let word = &line.words[1];
        match (name, value) {
            ("quorum", None) => {
                parser.report(Fault::General, format!("Quorum {word} must be in [1, {MOST}]. Setting to 1."));
                self.server.quorum = 1;
            }
            ("quorum", Some(value)) => self.server.quorum = value,
            ("hysteresis", None) => {
                parser.report(Fault::General, format!("Hysteresis {word} must be in [0, {MOST}] - ignoring"));
            }
            ("hysteresis", Some(value)) => self.server.hysteresis = value,
            (_, None) => {
                parser.report(Fault::General, format!("Virtual server weight {word} is outside range 1-{most}"));
            }
            (_, Some(value)) => self.weight = value,
        }
        Ok(())
    }

    fn set_sorry_server(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
        if name == "sorry_server" {
            let word = line.word(1, parser.reader)?;
            match server_address(parser, word, port_word(line, 2)) {
                Some(address) => {
                    let forwarding = Forwarding::default();
                    self.sorry_forwarding = self.forwarding;
                    self.server.sorry_server = Some(SorryServer { address, forwarding, inhibit: false });
                }
                None => {
                    parser.report(Fault::General, format!("Invalid sorry server IP address {word} - skipping"));
                }
            }
            return Ok(());
        }
        match (&mut self.server.sorry_server, name) {
            (Some(sorry), "sorry_server_inhibit") => sorry.inhibit = true,
            (Some(_), _) => forwarding::set(&mut self.sorry_forwarding, parser, line, "sorry")?,
            (None, "sorry_server_inhibit") => {
                let text = "Ignoring sorry_server inhibit used before or without sorry_server";
                parser.report(Fault::General, text);
            }
            (None, _) => parser.report(Fault::General, "sorry_server forwarding used without sorry_server"),
        }
        Ok(())
    }

    fn set_persistence(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
        match name {
            "persistence_timeout" => {
                let timeout = match line.words.get(1) {
                    None => Some(PERSISTENCE_TIMEOUT_S.into()),
                    Some(word) => unsigned(parser, word, 1, LONGEST_PERSISTENCE_S, Trailing::Refused),
                };
                match timeout {
                    Some(timeout) => self.server.persistence_timeout_s = Some(timeout as u32),
                    None => parser.report(Fault::General, "persistence_timeout invalid"),
                }
            }
            "persistence_engine" => {
                let mut word = line.word(1, parser.reader)?.to_owned();
                if word.len() > PERSISTENCE_ENGINE_LENGTH {
                    let text = format!("persistence_name too long, truncating - {word}");
                    parser.report(Fault::General, text);
                    word = word.chars().take(PERSISTENCE_ENGINE_LENGTH).collect();
                }
                self.server.persistence_engine = Some(word);
            }
            "persistence_granularity" => self.set_granularity(parser, line)?,
            _ => {}
        }
        Ok(())
    }

    fn set_granularity(&mut self, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
        let word = line.word(1, parser.reader)?;
        let guessed = if word.contains('.') { Family::V4 } else { Family::V6 };
        let family = self.server.family.unwrap_or(guessed);
        let granularity = match family {
            Family::V6 => unsigned(parser, word, 1, 128, Trailing::Refused)
                .map(|length| Granularity::PrefixLength(length as u8))
                .ok_or("IPv6"),
            Family::V4 => numeric_host(word).map(Granularity::Mask).ok_or("IPv4"),
        };
        match granularity {
            Ok(granularity) => self.server.persistence_granularity = Some(granularity),
            Err(title) => {
                let text = format!("Invalid {title} persistence_granularity specified - {word}");
                parser.report(Fault::General, text);
                return Ok(());
            }
        }
        self.server.family = Some(family);
        self.server.persistence_timeout_s = self.server.persistence_timeout_s.or(Some(PERSISTENCE_TIMEOUT_S));
        Ok(())
    }

    /// What is decided at the end of the block: the family, and whether the sorry server is of it.
    fn settle_family(&mut self, parser: &mut Parser<'_, '_>) {
        let sorry_family = self.server.sorry_server.as_ref().map(|sorry| Family::of(sorry.address.ip()));
        if let Some(family) = sorry_family
            && !Self::is_tunnel(self.sorry_forwarding)
            && *self.server.family.get_or_insert(family) != family
            && let Some(sorry) = self.server.sorry_server.take()
        {
            let text = format!(
                "Address family of virtual server and sorry server {} don't match - skipping sorry server.",
                sorry.address.ip()
            );
            parser.report(Fault::General, text);
        }
        if self.server.family.is_some() || matches!(self.server.service, Service::Group { .. }) {
            return;
        }
        let sorry_family = self.server.sorry_server.as_ref().map(|sorry| Family::of(sorry.address.ip()));
        let mut families = sorry_family.into_iter().chain(self.real_servers.iter().map(RealServerDraft::family));
        let first = families.next().unwrap_or_default();
        self.server.family = Some(if families.all(|family| family == first) { first } else { Family::V4 });
    }
}

pub(super) fn end(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(mut draft) = reading.checker.server.take() else { return };
    draft.settle_family(parser);
    reading.checker.servers.push(draft);
}

/// An IPv4 address as getaddrinfo(3) reads numbers: one to four parts, decimal, octal or hexadecimal.
fn numeric_host(word: &str) -> Option<Ipv4Addr> {
    let part = |part: &str| match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => u32::from_str_radix(digits, 16).ok(),
        None if part.len() > 1 && part.starts_with('0') => u32::from_str_radix(part, 8).ok(),
        None if part.starts_with('+') => None,
        None => part.parse().ok(),
    };
    let parts = word.split('.').map(part).collect::<Option<Vec<u32>>>()?;
    let (last, before) = parts.split_last()?;
    let bits_left = 32u32.checked_sub(8 * before.len() as u32).filter(|bits| *bits > 0)?;
    if before.iter().any(|part| *part > 255) || u64::from(*last) >> bits_left != 0 {
        return None;
    }
    let high = before.iter().fold(0u64, |bits, part| bits << 8 | u64::from(*part));
    Some(Ipv4Addr::from_bits((high << bits_left) as u32 | last))
}
