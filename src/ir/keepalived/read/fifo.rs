//! `notify_fifo` and its two kin: the pipes that get a line for each change of state.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::global::Fifo;
use crate::ir::keepalived::notify::{Command, User};

use super::Reading;

/// A fifo as far as it has been read: its parts come on lines of their own, in any order.
#[derive(Debug, Default)]
pub(super) struct FifoDraft {
    fifo: Option<Fifo>,
    pub(super) script: Option<Command>,
}

impl FifoDraft {
    /// The fifo, if a name was given.
    pub(super) fn finish(&mut self) -> Option<Fifo> {
        let mut fifo = self.fifo.take()?;
        fifo.script = self.script.take();
        Some(fifo)
    }
}

fn draft<'r>(reading: &'r mut Reading<'_>, kind: &str) -> &'r mut FifoDraft {
    match kind {
        "vrrp_" => &mut reading.fifos[1],
        "lvs_" => &mut reading.fifos[2],
        _ => &mut reading.fifos[0],
    }
}

/// `…notify_fifo PATH [USER [GROUP]]`
pub(super) fn name(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    kind: &str,
) -> Result<(), Stop> {
    let Some(path) = line.words.get(1).cloned() else {
        parser.report(Fault::General, format!("No {kind}notify_fifo name specified"));
        return Ok(());
    };
    if draft(reading, kind).fifo.is_some() {
        parser.report(Fault::General, format!("{kind}notify_fifo already specified - ignoring {path}"));
        return Ok(());
    }
    let user = match line.len() {
        3.. => match fifo_user(reading, parser, line) {
            None => {
                parser.report(Fault::LogOnly, format!("Invalid user/group for {kind} fifo {path} - ignoring"));
                return Ok(());
            }
            user => user,
        },
        _ if reading.default_user(parser).is_none() => {
            parser.report(Fault::LogOnly, format!("Failed to set default user for {kind} fifo {path} - ignoring"));
            return Ok(());
        }
        _ => None,
    };
    draft(reading, kind).fifo = Some(Fifo { path, user, script: None });
    Ok(())
}

/// `…notify_fifo_script COMMAND`
pub(super) fn script(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    line: &Line,
    kind: &str,
) -> Result<(), Stop> {
    let Some(command) = line.words.get(1) else {
        parser.report(Fault::General, format!("No {kind}notify_fifo_script specified"));
        return Ok(());
    };
    if draft(reading, kind).script.is_some() {
        let text = format!("{kind}notify_fifo_script already specified - ignoring {command}");
        parser.report(Fault::General, text);
        return Ok(());
    }
    let command = reading.notify_command(parser, line, &format!("{kind}notify_fifo"))?;
    draft(reading, kind).script = command;
    Ok(())
}

/// Whose user a fifo belongs to, when a line names one.
fn fifo_user(reading: &Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Option<User> {
    let name = line.words.get(2)?;
    reading.find_user(parser, name, line.words.get(3).map(String::as_str)).map(|found| found.user)
}
