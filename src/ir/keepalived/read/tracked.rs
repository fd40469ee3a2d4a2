//! The blocks `track_…` of instances and groups: what they watch, and how much it weighs there.

use crate::conf::keepalived::parser::{Line, Parser};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::tracker::{Tracked, TrackedInterface, Trackers};

use super::Reading;
use super::value::{Trailing, signed};

/// The words of messages about one kind of tracked thing.
struct Kind {
    missing: &'static str,
    keyword: &'static str,
    unknown_option: &'static str,
    without_value: &'static str,
    unknown_weight_option: &'static str,
}

const SCRIPT: Kind = Kind {
    missing: "track script",
    keyword: "track_script",
    unknown_option: "track script",
    without_value: "track script",
    unknown_weight_option: "track_script",
};
const FILE: Kind = Kind {
    missing: "track file",
    keyword: "track_file",
    unknown_option: "track file",
    without_value: "track file",
    unknown_weight_option: "track file",
};
const PROCESS: Kind = Kind {
    missing: "track process",
    keyword: "track_process",
    unknown_option: "track process",
    without_value: "track process",
    unknown_weight_option: "track_process",
};
const BFD: Kind = Kind {
    missing: "track bfd",
    keyword: "track_bfd",
    unknown_option: "track bfd",
    without_value: "track bfd",
    unknown_weight_option: "track bfd",
};

/// Reads a block of tracked things for an instance or group named `owner`.
pub(super) fn tracked(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    owner: &str,
    trackers: &mut Trackers,
    line: &Line,
) {
    let keyword = line.words[0].clone();
    let mut values = parser.values(line);
    while let Some(line) = values.next(parser) {
        let name = &line.words[0];
        match keyword.as_str() {
            "track_interface" => interface(reading, parser, owner, &mut trackers.interfaces, &line),
            "track_script" => {
                let found = reading.vrrp.scripts.iter().find(|script| script.name == *name);
                let found = found.map(|script| (script.weight, script.reverse));
                item(parser, owner, &SCRIPT, found, &mut trackers.scripts, &line);
            }
            "track_file" => {
                let found = reading.vrrp.track_files.iter().find(|file| file.name == *name);
                let found = found.map(|file| (file.weight, file.reverse));
                item(parser, owner, &FILE, found, &mut trackers.files, &line);
            }
            "track_process" => {
                let found = reading.vrrp.track_processes.iter().find(|process| process.name == *name);
                let found = found.map(|process| (process.weight, process.reverse));
                item(parser, owner, &PROCESS, found, &mut trackers.processes, &line);
            }
            _ => {
                let found = reading.bfds.iter().find(|bfd| bfd.name == *name).map(|bfd| (bfd.weight, bfd.reverse));
                item(parser, owner, &BFD, found, &mut trackers.bfds, &line);
            }
        }
    }
}

fn item(
    parser: &mut Parser<'_, '_>,
    owner: &str,
    kind: &Kind,
    found: Option<(i32, bool)>,
    list: &mut Vec<Tracked>,
    line: &Line,
) {
    let name = &line.words[0];
    let Some((default_weight, mut reverse)) = found else {
        let text = format!("({owner}) {} {name} not found, ignoring...", kind.missing);
        parser.report(Fault::General, text);
        return;
    };
    if list.iter().any(|tracked| tracked.name == *name) {
        parser.report(Fault::General, format!("({owner}) duplicate {} {name} - ignoring", kind.keyword));
        return;
    }
    let mut weight = default_weight;
    if let Some(option) = line.words.get(1) {
        if option != "weight" {
            let text = format!("({owner}) unknown {} option {option} - ignoring", kind.unknown_option);
            parser.report(Fault::General, text);
            return;
        }
        let Some(word) = line.words.get(2) else {
            let text = format!("({owner}) weight without value specified for {} {name} - ignoring", kind.without_value);
            parser.report(Fault::General, text);
            return;
        };
        weight = item_weight(parser, owner, kind, name, word).unwrap_or(default_weight);
        match line.words.get(3).map(String::as_str) {
            None => {}
            Some("reverse") => reverse = true,
            Some("noreverse") => reverse = false,
            Some(other) => {
                let kind = kind.unknown_weight_option;
                let text = format!("({owner}) unknown {kind} {name} weight option {other} - ignoring");
                parser.report(Fault::General, text);
            }
        }
    }
    list.push(Tracked { name: name.clone(), weight, reverse });
}

fn item_weight(parser: &mut Parser<'_, '_>, owner: &str, kind: &Kind, name: &str, word: &str) -> Option<i32> {
    let weight = signed(parser, word, -254, 254, Trailing::Warned);
    let limited = matches!(kind.keyword, "track_script" | "track_bfd");
    match weight {
        None if limited => {
            let text =
                format!("({owner}) {} {name}: weight must be between [-253..253] inclusive, ignoring...", kind.missing);
            parser.report(Fault::General, text);
        }
        None => {
            let text =
                format!("({owner}) weight for {} {name} must be in [-254..254] inclusive. Ignoring...", kind.missing);
            parser.report(Fault::General, text);
        }
        Some(-254 | 254) if limited => {
            parser.report(Fault::General, format!("({owner}) weight for {name} cannot be +/-254. Setting to +/-253"));
        }
        Some(_) => {}
    }
    weight.map(|weight| if limited { weight.clamp(-253, 253) } else { weight })
}

fn interface(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    owner: &str,
    list: &mut Vec<TrackedInterface>,
    line: &Line,
) {
    let name = &line.words[0];
    if !reading.may_use_interface(parser, name) {
        parser.report(Fault::General, format!("({owner}) tracked interface {name} doesn't exist"));
        return;
    }
    if list.iter().any(|tracked| tracked.interface == *name) {
        parser.report(Fault::General, format!("({owner}) duplicate track_interface {name} - ignoring"));
        return;
    }
    let (mut weight, mut reverse) = (0, false);
    if let Some(option) = line.words.get(1) {
        if option != "weight" {
            let text = format!("({owner}) unknown track_interface {name} option {option} - ignoring");
            parser.report(Fault::General, text);
            return;
        }
        let Some(word) = line.words.get(2) else {
            let text = format!("({owner}) weight without value specified for track_interface {name} - ignoring");
            parser.report(Fault::General, text);
            return;
        };
        match signed(parser, word, -254, 254, Trailing::Warned) {
            None => {
                let text =
                    format!("({owner}) weight {word} for {name} must be between [-253..253] inclusive. Ignoring...");
                parser.report(Fault::General, text);
            }
            Some(value) => {
                if value.abs() == 254 {
                    let text = format!("({owner}) weight for {name} cannot be +/-254. Setting to +/-253");
                    parser.report(Fault::General, text);
                }
                weight = value.clamp(-253, 253);
            }
        }
        match line.words.get(3).map(String::as_str) {
            None => {}
            Some("reverse") => reverse = true,
            Some(other) => {
                let text = format!("({owner}) unknown track_interace {name} weight option {other} - ignoring");
                parser.report(Fault::General, text);
            }
        }
    }
    list.push(TrackedInterface { interface: name.clone(), weight, reverse });
}
