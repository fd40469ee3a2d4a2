//! `vrrp_sync_group`, `track_group` and `garp_group`.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::notify::Notify;
use crate::ir::keepalived::sync_group::SyncGroup;
use crate::ir::keepalived::tracker::Trackers;
use crate::ir::keepalived::{GarpGroup, TrackGroup};

use super::value::{Trailing, decimal, switch};
use super::{Reading, notify, tracked, tracker};

/// A `vrrp_sync_group` that is being read.
#[derive(Debug)]
pub(super) struct GroupDraft {
    pub(super) group: SyncGroup,
    pub(super) smtp_alert: Option<bool>,
    pub(super) notify_priority_changes: Option<bool>,
}

pub(super) fn begin(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) {
    let [_, name] = &line.words[..] else {
        parser.report(Fault::General, "vrrp_sync_group must have a name - skipping");
        parser.skip_block();
        return;
    };
    if reading.vrrp.groups.iter().any(|draft| draft.group.name == *name) {
        parser.report(Fault::General, format!("vrrp sync group {name} already defined"));
        parser.skip_block();
        return;
    }
    let group = SyncGroup {
        name: name.clone(),
        members: Vec::new(),
        trackers: Trackers::default(),
        notify: Notify::default(),
        tracking_weight: false,
    };
    reading.group = Some(GroupDraft { group, smtp_alert: None, notify_priority_changes: None });
}

pub(super) fn keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(mut draft) = reading.group.take() else { return Ok(()) };
    let result = set(&mut draft, reading, parser, name, line);
    reading.group = Some(draft);
    result
}

fn set(
    draft: &mut GroupDraft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let own = draft.group.name.clone();
    match name {
        "group" if !draft.group.members.is_empty() => {
            parser.report(Fault::General, format!("Group list already specified for sync group {own}"));
            parser.skip_block();
        }
        "group" => {
            draft.group.members = parser.all_values(line);
            if draft.group.members.is_empty() {
                parser.report(Fault::General, format!("Warning - sync group {own} has empty group block"));
            }
        }
        "track_interface" | "track_script" | "track_file" | "track_process" | "track_bfd" => {
            tracked::tracked(reading, parser, &own, &mut draft.group.trackers, line);
        }
        "smtp_alert" => match line.words.get(1).map(|word| (switch(word), word)) {
            Some((None, word)) => {
                parser.report(Fault::General, format!("Invalid vrrp_group smtp_alert parameter {word}"));
            }
            value => draft.smtp_alert = Some(value.and_then(|(value, _)| value).unwrap_or(true)),
        },
        "global_tracking" => {
            let text =
                format!("({own}) global_tracking is deprecated. Use track_interface/script/file on the sync group");
            parser.report(Fault::General, text);
            draft.group.tracking_weight = true;
        }
        "sync_group_tracking_weight" => draft.group.tracking_weight = true,
        "notify_priority_changes" => match line.words.get(1).map(|word| (switch(word), word)) {
            Some((None, word)) => {
                let text = format!("({own}) Invalid value '{word}' for sync group notify_priority_changes specified");
                parser.report(Fault::General, text);
            }
            value => draft.notify_priority_changes = Some(value.and_then(|(value, _)| value).unwrap_or(true)),
        },
        _ => {
            let owner = format!("vrrp group {own}:");
            notify::set(reading, parser, &mut draft.group.notify, &owner, name, line)?;
        }
    }
    Ok(())
}

pub(super) fn end(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(draft) = reading.group.take() else { return };
    if draft.group.members.is_empty() {
        parser.report(Fault::General, format!("Sync group {} has no members - removing", draft.group.name));
    } else {
        reading.vrrp.groups.push(draft);
    }
}

pub(super) fn begin_track_group(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) {
    let [_, name] = &line.words[..] else {
        parser.report(Fault::General, "track_group must have a name - skipping");
        parser.skip_block();
        return;
    };
    if reading.has_track_group(name) {
        parser.report(Fault::General, format!("track_group {name} already defined"));
        parser.skip_block();
        return;
    }
    reading.track_group = Some(TrackGroup { name: name.clone(), instances: Vec::new() });
}

pub(super) fn track_group(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) {
    let Some(mut group) = reading.track_group.take() else { return };
    if group.instances.is_empty() {
        group.instances = parser.all_values(line);
        if group.instances.is_empty() {
            parser.report(Fault::General, format!("Warning - track group {} has empty group block", group.name));
        }
    } else {
        let text = format!("Group list already specified for sync group {}", group.name);
        parser.report(Fault::General, text);
        parser.skip_block();
    }
    reading.track_group = Some(group);
}

pub(super) fn end_track_group(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(group) = reading.track_group.take() else { return };
    if group.instances.is_empty() {
        let text = format!("Static track group {} has no members - removing", group.name);
        parser.report(Fault::General, text);
    } else {
        reading.vrrp.track_groups.push(group);
    }
}

/// A `garp_group` that is being read.
#[derive(Debug, Default)]
pub(super) struct GarpDraft {
    garp_interval_us: Option<u64>,
    gna_interval_us: Option<u64>,
    interfaces: Vec<String>,
}

pub(super) fn garp_group(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(mut draft) = reading.garp_group.take() else { return Ok(()) };
    match name {
        "garp_interval" | "gna_interval" => {
            let word = line.word(1, parser.reader)?;
            match decimal(parser, word, 0, tracker::MOST_MICROSECONDS, 6, Trailing::Warned) {
                None => parser.report(Fault::General, format!("garp_group {name} '{word}' invalid")),
                Some(interval) => {
                    if interval >= 1_000_000 {
                        let text = format!("The {name} is very large - {word} seconds");
                        parser.report(Fault::LogOnly, text);
                    }
                    match name {
                        "garp_interval" => draft.garp_interval_us = Some(interval),
                        _ => draft.gna_interval_us = Some(interval),
                    }
                }
            }
        }
        "interface" => {
            let word = line.word(1, parser.reader)?.to_owned();
            if garp_interface(reading, parser, &mut draft, &word).is_err() {
                tell_taken(parser, &word);
            }
        }
        "interfaces" => {
            let names = parser.all_values(line);
            if names.is_empty() {
                parser.report(Fault::General, "Warning - empty garp_group interfaces block");
            } else {
                reading.garp_number += 1;
            }
            let list = Line { words: names, text: String::new() };
            for name in &list.words {
                if garp_interface(reading, parser, &mut draft, name).is_err() {
                    // keepalived names the second of the list, whichever is taken, and ends where there is none.
                    let named = list.word(1, parser.reader)?;
                    tell_taken(parser, named);
                }
            }
        }
        _ => {}
    }
    reading.garp_group = Some(draft);
    Ok(())
}

/// The interface belongs to another group already.
struct Taken;

fn garp_interface(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    draft: &mut GarpDraft,
    name: &str,
) -> Result<(), Taken> {
    if !reading.may_use_interface(parser, name) {
        parser.report(Fault::General, format!("WARNING - interface {name} specified for garp_group doesn't exist"));
        return Ok(());
    }
    let mut taken = reading.vrrp.garp_groups.iter().flat_map(|group| &group.interfaces).chain(&draft.interfaces);
    if taken.any(|interface| interface == name) {
        return Err(Taken);
    }
    draft.interfaces.push(name.to_owned());
    Ok(())
}

fn tell_taken(parser: &mut Parser<'_, '_>, name: &str) {
    parser.report(Fault::General, format!("garp_group already specified for {name} - ignoring"));
}

pub(super) fn end_garp_group(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(draft) = reading.garp_group.take() else { return };
    if draft.garp_interval_us.is_none() && draft.gna_interval_us.is_none() {
        let text = format!("garp group {} does not have any delay set - removing", reading.garp_number);
        parser.report(Fault::General, text);
        return;
    }
    reading.vrrp.garp_groups.push(GarpGroup {
        garp_interval_us: draft.garp_interval_us.unwrap_or(0),
        gna_interval_us: draft.gna_interval_us.unwrap_or(0),
        interfaces: draft.interfaces,
    });
}
