//! A `virtual_server` and a `real_server` as far as they have been read, and the keywords that both have.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::addresses::Family;
use crate::ir::keepalived::notify::Command;
use crate::ir::keepalived::virtual_server::{Forwarding, ForwardingMethod, RealServer, Service, VirtualServer};

use super::Reading;
use super::check_draft;
use super::check_timing::Timing;

/// A `virtual_server` that is being read.
#[derive(Debug)]
pub(super) struct ServerDraft {
    pub(super) server: VirtualServer,
    pub(super) forwarding: Option<Forwarding>,
    pub(super) sorry_forwarding: Option<Forwarding>,
    pub(super) smtp_alert: Option<bool>,
    pub(super) inhibit_on_failure: bool,
    pub(super) weight: u32,
    pub(super) timing: Timing,
    pub(super) real_servers: Vec<RealServerDraft>,
}

impl ServerDraft {
    pub(super) fn new(service: Service) -> Self {
        let family = match &service {
            Service::Address(address) => Some(Family::of(address.ip())),
            _ => None,
        };
        let server = VirtualServer {
            service,
            family,
            protocol: None,
            scheduler: String::new(),
            scheduler_flags: Vec::new(),
            persistence_timeout_s: None,
            persistence_granularity: None,
            persistence_engine: None,
            ha_suspend: false,
            omega: false,
            quorum: 1,
            hysteresis: 0,
            quorum_up: None,
            quorum_down: None,
            virtualhost: None,
            snmp_name: None,
            smtp_alert: false,
            sorry_server: None,
            real_servers: Vec::new(),
        };
        Self {
            server,
            forwarding: None,
            sorry_forwarding: None,
            smtp_alert: None,
            inhibit_on_failure: false,
            weight: 1,
            timing: Timing::default(),
            real_servers: Vec::new(),
        }
    }

    /// As keepalived's log shows it.
    pub(super) fn shown(&self) -> String {
        self.server.service.shown(self.server.protocol)
    }

    /// The name of its group, for the messages that show nothing else.
    pub(super) fn group_name(&self) -> &str {
        match &self.server.service {
            Service::Group { name, .. } => name,
            _ => "(null)",
        }
    }

    pub(super) fn is_tunnel(forwarding: Option<Forwarding>) -> bool {
        forwarding.is_some_and(|forwarding| forwarding.method == ForwardingMethod::Tunnel)
    }
}

/// A `real_server` that is being read.
#[derive(Debug)]
pub(super) struct RealServerDraft {
    pub(super) server: RealServer,
    pub(super) forwarding: Option<Forwarding>,
    pub(super) weight: Option<u32>,
    pub(super) inhibit_on_failure: Option<bool>,
    pub(super) smtp_alert: Option<bool>,
    pub(super) timing: Timing,
    pub(super) checkers: Vec<check_draft::Draft>,
}

impl RealServerDraft {
    pub(super) fn family(&self) -> Family {
        Family::of(self.server.address.ip())
    }
}

/// The word as a port; port 0 is as none.
pub(super) fn port_word(line: &Line, index: usize) -> Option<&str> {
    line.words.get(index).map(String::as_str).filter(|port| port.bytes().any(|digit| digit != b'0'))
}

/// `virtualhost`; the last one counts.
pub(super) fn virtual_host(slot: &mut Option<String>, parser: &mut Parser<'_, '_>, line: &Line, title: &str) {
    match line.words.get(1) {
        Some(name) => *slot = Some(name.clone()),
        None => parser.report(Fault::General, format!("{title} virtualhost missing")),
    }
}

/// `snmp_name`
pub(super) fn snmp_name(slot: &mut Option<String>, parser: &mut Parser<'_, '_>, line: &Line, title: &str) {
    match &line.words[..] {
        [_, name] => *slot = Some(name.clone()),
        _ => parser.report(Fault::General, format!("{title} server snmp_name missing or extra parameters")),
    }
}

/// A command that may stand only once; `group` opens the message about another.
pub(super) fn set_command(
    slot: &mut Option<Command>,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    group: &str,
    kind: &str,
) -> Result<(), Stop> {
    if slot.is_some() {
        let word = line.word(1, parser.reader)?;
        let text = format!("({group}) {} script already specified - ignoring {word}", line.words[0]);
        parser.report(Fault::General, text);
        return Ok(());
    }
    *slot = reading.notify_command(parser, line, kind)?;
    Ok(())
}
