//! `notify…` of instances and groups.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::notify::{Command, Notify};

use super::Reading;

fn slot<'n>(notify: &'n mut Notify, name: &str) -> &'n mut Option<Command> {
    match name {
        "notify_master" => &mut notify.master,
        "notify_backup" => &mut notify.backup,
        "notify_fault" => &mut notify.fault,
        "notify_stop" => &mut notify.stop,
        "notify_deleted" => &mut notify.deleted,
        "notify_master_rx_lower_pri" => &mut notify.master_received_lower_priority,
        _ => &mut notify.any,
    }
}

/// Every command of an instance or group, to be checked.
pub(super) fn slots(notify: &mut Notify) -> [&mut Option<Command>; 7] {
    [
        &mut notify.backup,
        &mut notify.master,
        &mut notify.fault,
        &mut notify.stop,
        &mut notify.deleted,
        &mut notify.any,
        &mut notify.master_received_lower_priority,
    ]
}

/// A line with a command; the first one counts. `owner` opens the message about another.
pub(super) fn set(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    notify: &mut Notify,
    owner: &str,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    if slot(notify, name).is_some() {
        let word = line.word(1, parser.reader)?;
        parser.report(Fault::General, format!("{owner} {name} script already specified - ignoring {word}"));
        return Ok(());
    }
    *slot(notify, name) = reading.notify_command(parser, line, "notify")?;
    Ok(())
}

/// `notify_deleted`, which may stand without a command.
pub(super) fn set_deleted(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    notify: &mut Notify,
    owner: &str,
    line: &Line,
) -> Result<(), Stop> {
    if notify.deleted.is_some() || notify.deleted_without_command {
        let word = line.words.get(1).map_or("", String::as_str);
        parser.report(Fault::General, format!("{owner} notify_deleted already specified - ignoring {word}"));
        return Ok(());
    }
    if line.len() > 1 {
        notify.deleted = reading.notify_command(parser, line, "notify")?;
    }
    notify.deleted_without_command = notify.deleted.is_none();
    Ok(())
}
