//! `real_server`, line by line.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::virtual_server::{Forwarding, RealServer, Service};

use super::check_timing::Timing;
use super::server_draft::{RealServerDraft, ServerDraft, port_word, set_command, snmp_name, virtual_host};
use super::value::{Trailing, server_address, switch_or_on, unsigned_word};
use super::{Reading, forwarding};

pub(super) fn begin(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let Some(address) = server_address(parser, word, port_word(line, 2)) else {
        let port = line.words.get(2).map_or("(null)", String::as_str);
        let text = format!("Invalid real server ip address/port {word}/{port} - skipping");
        parser.report(Fault::General, text);
        parser.skip_block();
        return Ok(());
    };
    let server = RealServer {
        address,
        forwarding: Forwarding::default(),
        weight: 1,
        upper_threshold: 0,
        lower_threshold: 0,
        inhibit_on_failure: false,
        alpha: false,
        notify_up: None,
        notify_down: None,
        virtualhost: None,
        snmp_name: None,
        smtp_alert: false,
        checkers: Vec::new(),
    };
    let forwarding = reading.checker.server.as_ref().and_then(|server| server.forwarding);
    reading.checker.real_server = Some(RealServerDraft {
        server,
        forwarding,
        weight: None,
        inhibit_on_failure: None,
        smtp_alert: None,
        timing: Timing::default(),
        checkers: Vec::new(),
    });
    Ok(())
}

pub(super) fn keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(mut draft) = reading.checker.real_server.take() else { return Ok(()) };
    let result = draft.set(reading, parser, name, line);
    reading.checker.real_server = Some(draft);
    result
}

impl RealServerDraft {
    fn set(
        &mut self,
        reading: &mut Reading<'_>,
        parser: &mut Parser<'_, '_>,
        name: &str,
        line: &Line,
    ) -> Result<(), Stop> {
        match name {
            "retry" | "delay_before_retry" | "warmup" | "connect_timeout" | "delay_loop" => {
                self.timing.set(parser, name, line, "real")?;
            }
            "weight" | "uthreshold" | "lthreshold" => self.set_number(parser, name, line)?,
            "lvs_method" => forwarding::set(&mut self.forwarding, parser, line, "real")?,
            "inhibit_on_failure" | "alpha" | "smtp_alert" => {
                let complaint = |word: &str| match name {
                    "smtp_alert" => format!("Invalid real_server smtp_alert parameter {word}"),
                    _ => format!("Invalid {name} parameter {word}"),
                };
                if let Some(value) = switch_or_on(parser, line, complaint) {
                    match name {
                        "inhibit_on_failure" => self.inhibit_on_failure = Some(value),
                        "alpha" => self.timing.alpha = Some(value),
                        _ => self.smtp_alert = Some(value),
                    }
                }
            }
            "notify_up" | "notify_down" => {
                let group = match reading.checker.server.as_ref().map(|server| &server.server.service) {
                    Some(Service::Group { name, .. }) => name.clone(),
                    _ => "(null)".into(),
                };
                let slot = match name {
                    "notify_up" => &mut self.server.notify_up,
                    _ => &mut self.server.notify_down,
                };
                set_command(slot, reading, parser, line, &group, "notify")?;
            }
            "virtualhost" => virtual_host(&mut self.server.virtualhost, parser, line, "real server"),
            "snmp_name" => snmp_name(&mut self.server.snmp_name, parser, line, "real"),
            _ => {}
        }
        Ok(())
    }

    fn set_number(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
        let most = if name == "weight" { i32::MAX as u64 } else { u32::MAX.into() };
        let value = unsigned_word(parser, line, 0, most, Trailing::Warned)?.map(|value| value as u32);
        let Some(value) = value else {
            let word = &line.words[1];
            let text = match name {
                "weight" => format!("Real server weight {word} is outside range 0-{most}"),
                _ => format!("Invalid real_server {name} '{word}' - ignoring"),
            };
            parser.report(Fault::General, text);
            return Ok(());
        };
        match name {
            "weight" => self.weight = Some(value),
            "uthreshold" => self.server.upper_threshold = value,
            _ => self.server.lower_threshold = value,
        }
        Ok(())
    }
}

/// Behind a tunnel a server may be of another family; all others decide that of the virtual server.
pub(super) fn end(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(draft) = reading.checker.real_server.take() else { return };
    let Some(server) = &mut reading.checker.server else { return };
    let family = draft.family();
    if !ServerDraft::is_tunnel(draft.forwarding) && *server.server.family.get_or_insert(family) != family {
        let text = format!(
            "Address family of virtual server and real server {} don't match - skipping real server.",
            draft.server.address.ip()
        );
        parser.report(Fault::General, text);
        return;
    }
    server.real_servers.push(draft);
}
