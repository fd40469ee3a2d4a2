//! Setters of `global_defs` and of the keywords outside all blocks.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::global::Global;
use crate::ir::keepalived::global::TimedCommand;

use super::global_macros::{flag, global_switch};
use super::value::{Trailing, socket_address, switch_or_on, unsigned, unsigned_word};
use super::{Reading, Setter, global_lvs, global_process, global_vrrp};

/// The values of `global_defs`, and what matters only while they are read.
#[derive(Debug)]
pub(super) struct GlobalDraft {
    pub(super) ir: Global,
    startup_timeout_us: u64,
    shutdown_timeout_us: u64,
    pub(super) vmac_prefix_set: bool,
}

impl Default for GlobalDraft {
    fn default() -> Self {
        Self {
            ir: Global::default(),
            startup_timeout_us: 10_000_000,
            shutdown_timeout_us: 10_000_000,
            vmac_prefix_set: false,
        }
    }
}

/// Seconds to the microseconds of a value in whole seconds that must fit in 32 bits of microseconds.
const MOST_SECONDS: u64 = 4294;
const MOST: u64 = u32::MAX as u64;
const SECOND_US: u64 = 1_000_000;

/// The setter of a keyword of `global_defs`.
pub(super) fn setter(name: &str) -> Option<Setter> {
    let tables = [SETTERS, global_vrrp::SETTERS, global_process::SETTERS, global_lvs::SETTERS];
    let mut setters = tables.into_iter().flatten();
    setters.find(|(known, _)| *known == name).map(|(_, setter)| *setter)
}

/// The setters of the keywords outside all blocks.
pub(super) const ROOT_SETTERS: &[(&str, Setter)] = &[
    ("linkbeat_use_polling", |reading, _, _| {
        reading.vrrp.polls_all = true;
        Ok(())
    }),
    ("net_namespace", |reading, parser, line| {
        let Some(name) = line.words.get(1) else {
            parser.report(Fault::General, "net_namespace name missing - ignoring");
            return Ok(());
        };
        if reading.process.net_namespace.is_some() {
            let text = format!("Duplicate net_namespace definition {name} - ignoring");
            parser.report(Fault::General, text);
        } else {
            reading.process.net_namespace = Some(name.clone());
            reading.process.use_pid_dir = true;
        }
        Ok(())
    }),
    ("net_namespace_ipvs", |reading, parser, line| {
        if reading.process.net_namespace_ipvs.is_some() {
            let name = line.word(1, parser.reader)?.to_owned();
            parser.report(Fault::General, format!("Duplicate net_namespace_ipvs definition {name} - ignoring"));
        } else {
            reading.process.net_namespace_ipvs = Some(line.words.get(1).cloned().unwrap_or_default());
        }
        Ok(())
    }),
    ("namespace_with_ipsets", |reading, _, _| {
        reading.process.namespace_with_ipsets = true;
        Ok(())
    }),
    ("use_pid_dir", |reading, _, _| {
        reading.process.use_pid_dir = true;
        Ok(())
    }),
    ("instance", |reading, parser, line| {
        match line.words.get(1) {
            None => parser.report(Fault::General, "instance name missing - ignoring"),
            Some(name) if reading.process.instance.is_some() => {
                parser.report(Fault::General, format!("Duplicate instance definition {name} - ignoring"));
            }
            Some(name) => {
                reading.process.instance = Some(name.clone());
                reading.process.use_pid_dir = true;
            }
        }
        Ok(())
    }),
    ("child_wait_time", |reading, parser, line| {
        match unsigned_word(parser, line, 0, MOST, Trailing::Refused)? {
            Some(time) => reading.process.child_wait_time_us = time * SECOND_US,
            None => parser.report(Fault::General, format!("Invalid child_wait_time {}", line.words[1])),
        }
        Ok(())
    }),
];

/// The setters of `global_defs` that concern mail, scripts and users.
const SETTERS: &[(&str, Setter)] = &[
    ("use_symlink_paths", |_, parser, line| {
        switch_or_on(parser, line, |word| format!("Invalid value '{word}' for global use_symlink_path specified"));
        Ok(())
    }),
    ("set_supplementary_groups", |reading, parser, line| {
        let value = switch_or_on(parser, line, |word| format!("Invalid set_supplementary_groups parameter {word}"));
        if let Some(value) = value {
            reading.global.ir.set_supplementary_groups = value;
        }
        Ok(())
    }),
    ("router_id", |reading, parser, line| {
        match line.words.get(1) {
            Some(id) => reading.global.ir.router_id = Some(id.clone()),
            None => parser.report(Fault::General, "routerid name missing - ignoring"),
        }
        Ok(())
    }),
    ("notification_email_from", |reading, parser, line| {
        if let Some(extra) = line.words.get(2) {
            let text = format!("emailfrom - ignoring extra entries '{extra}' ...");
            parser.report(Fault::General, text);
        }
        match line.words.get(1) {
            Some(from) => reading.global.ir.mail.sender = Some(from.clone()),
            None => parser.report(Fault::General, "emailfrom missing - ignoring"),
        }
        Ok(())
    }),
    ("smtp_server", smtp_server),
    ("smtp_helo_name", |reading, _, line| {
        if let Some(name) = line.words.get(1) {
            reading.global.ir.mail.helo_name = Some(name.clone());
        }
        Ok(())
    }),
    ("smtp_connect_timeout", |reading, parser, line| {
        let Some(mut timeout) = unsigned_word(parser, line, 0, MOST_SECONDS, Trailing::Warned)? else {
            let text = format!("smtp_connect_timeout '{}' must be in [0, 4294] - ignoring", line.words[1]);
            parser.report(Fault::General, text);
            return Ok(());
        };
        if timeout == 0 {
            parser.report(Fault::General, "smtp_conect_timeout must be greater than 0, setting to 1");
            timeout = 1;
        }
        reading.global.ir.mail.connect_timeout_us = timeout * SECOND_US;
        Ok(())
    }),
    ("notification_email", |reading, parser, line| {
        let recipients = parser.all_values(line);
        if recipients.is_empty() {
            parser.report(Fault::General, "Warning - empty notification_email block");
        }
        reading.global.ir.mail.recipients.extend(recipients);
        Ok(())
    }),
    global_switch!("smtp_alert", |draft, value| draft.ir.instances.smtp_alert = Some(value)),
    global_switch!("smtp_alert_vrrp", |draft, value| draft.ir.instances.smtp_alert_vrrp = Some(value)),
    global_switch!("smtp_alert_checker", |draft, value| draft.ir.instances.smtp_alert_checker = Some(value)),
    ("startup_script", |reading, parser, line| daemon_script(reading, parser, line, DaemonScript::Startup)),
    ("startup_script_timeout", |reading, parser, line| {
        daemon_script_timeout(reading, parser, line, DaemonScript::Startup);
        Ok(())
    }),
    ("shutdown_script", |reading, parser, line| daemon_script(reading, parser, line, DaemonScript::Shutdown)),
    ("shutdown_script_timeout", |reading, parser, line| {
        daemon_script_timeout(reading, parser, line, DaemonScript::Shutdown);
        Ok(())
    }),
    flag!("no_email_faults", |draft| draft.ir.mail.no_faults = true),
    ("notify_fifo", |reading, parser, line| super::fifo::name(reading, parser, line, "")),
    ("notify_fifo_script", |reading, parser, line| super::fifo::script(reading, parser, line, "")),
    ("vrrp_notify_fifo", |reading, parser, line| super::fifo::name(reading, parser, line, "vrrp_")),
    ("vrrp_notify_fifo_script", |reading, parser, line| super::fifo::script(reading, parser, line, "vrrp_")),
    flag!("fifo_write_vrrp_states_on_reload", |draft| draft.ir.fifo_states_on_reload = true),
    ("script_user", |reading, parser, line| {
        let Some(name) = line.words.get(1) else {
            parser.report(Fault::General, "No script username specified");
            return Ok(());
        };
        let group = line.words.get(2).map(String::as_str);
        let found = reading.find_user(parser, name, group);
        reading.default_script_user = Some(found.as_ref().map(|found| found.identity));
        match found {
            Some(found) => reading.global.ir.script_user = Some(found.user),
            None => parser.report(Fault::General, "Error setting global script uid/gid"),
        }
        Ok(())
    }),
    flag!("enable_script_security", |draft| draft.ir.script_security = true),
];

fn smtp_server(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let port_word = line.words.get(2).map_or("25", String::as_str);
    let server = line.word(1, parser.reader)?.to_owned();
    let may_be_address = !server.contains(['-', '/']);
    let read_port = |parser: &mut Parser<'_, '_>| unsigned(parser, port_word, 1, 65535, Trailing::Warned);
    let as_address = may_be_address.then(|| read_port(parser)).flatten().filter(|_| socket_address(&server).is_some());
    // What is no address is tried as a name, from the port on: a wrong port is told twice.
    let port = as_address.or_else(|| read_port(parser).filter(|_| reading.system.resolves(&server)));
    let Some(port) = port else {
        parser.report(Fault::General, format!("Invalid smtp server {server} {port_word}"));
        return Ok(());
    };
    let mail = &mut reading.global.ir.mail;
    mail.server = Some(server);
    mail.port = port as u16;
    Ok(())
}

/// The scripts that the daemon runs itself.
#[derive(Clone, Copy)]
enum DaemonScript {
    Startup,
    Shutdown,
}

impl DaemonScript {
    /// The word in keywords and messages.
    fn name(self) -> &'static str {
        match self {
            Self::Startup => "startup",
            Self::Shutdown => "shutdown",
        }
    }

    /// The script as far as it has been read, and the time it may take.
    fn draft(self, global: &mut GlobalDraft) -> (&mut Option<TimedCommand>, &mut u64) {
        match self {
            Self::Startup => (&mut global.ir.startup_script, &mut global.startup_timeout_us),
            Self::Shutdown => (&mut global.ir.shutdown_script, &mut global.shutdown_timeout_us),
        }
    }
}

fn daemon_script(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    which: DaemonScript,
) -> Result<(), Stop> {
    let name = which.name();
    if which.draft(&mut reading.global).0.is_some() {
        parser.report(Fault::General, format!("{name} script already specified"));
        return Ok(());
    }
    if line.len() < 2 {
        parser.report(Fault::General, format!("{name} script missing"));
        return Ok(());
    }
    let Some(command) = reading.notify_command(parser, line, name)? else {
        parser.report(Fault::General, format!("Invalid {name} script"));
        return Ok(());
    };
    let (script, timeout_us) = which.draft(&mut reading.global);
    *script = Some(TimedCommand { command, timeout_us: *timeout_us });
    Ok(())
}

fn daemon_script_timeout(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line, which: DaemonScript) {
    let name = which.name();
    let Some(word) = line.words.get(1) else {
        parser.report(Fault::General, format!("{name}_script_timeout requires value"));
        return;
    };
    let Some(timeout) = unsigned(parser, word, 1, 1000, Trailing::Warned) else {
        let text = format!("{name}_script_timeout '{word}' must be in [1, 1000] - ignoring");
        parser.report(Fault::General, text);
        return;
    };
    let (script, timeout_us) = which.draft(&mut reading.global);
    *timeout_us = timeout * SECOND_US;
    if let Some(script) = script {
        script.timeout_us = *timeout_us;
    }
}
