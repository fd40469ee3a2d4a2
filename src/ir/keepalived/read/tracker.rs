//! `vrrp_script`, `track_file`, `vrrp_track_process`, and the lines of instances and groups that name them.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::notify::Command;
use crate::ir::keepalived::tracker::{InitFile, ParameterMatch, Script, TrackFile, TrackProcess};

use super::value::{Trailing, decimal, seconds, signed, unsigned_word};
use super::{Reading, Role, command};

const MOST: u64 = u32::MAX as u64;

/// A `vrrp_script` that is being read.
#[derive(Debug)]
pub(super) struct ScriptDraft {
    script: Script,
    user_set: bool,
    remove: bool,
    timeout_us: Option<u64>,
}

pub(super) fn begin_script(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let script = Script {
        name: line.word(1, parser.reader)?.to_owned(),
        command: Command { words: Vec::new(), user: None },
        interval_us: 1_000_000,
        timeout_us: 0,
        weight: 0,
        reverse: false,
        rise: 1,
        fall: 1,
        init_fail: false,
    };
    reading.script = Some(ScriptDraft { script, user_set: false, remove: false, timeout_us: None });
    Ok(())
}

pub(super) fn script(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(mut draft) = reading.script.take() else { return Ok(()) };
    let result = draft.set(reading, parser, name, line);
    reading.script = Some(draft);
    result
}

impl ScriptDraft {
    fn set(
        &mut self,
        reading: &mut Reading<'_>,
        parser: &mut Parser<'_, '_>,
        name: &str,
        line: &Line,
    ) -> Result<(), Stop> {
        let own = self.script.name.clone();
        match name {
            "script" => {
                let words = command::line_words(parser, line);
                self.script.command.words = words.get(1).map(|word| command::split(parser, word)).unwrap_or_default();
            }
            "interval" => {
                let complaint = |word: &str| {
                    format!("({own}): vrrp script interval '{word}' must be between 0.001 and 4294 - ignoring")
                };
                if let Some(interval) = script_time(parser, line, &own, "interval", complaint)? {
                    self.script.interval_us = interval;
                }
            }
            "timeout" => {
                let complaint = |word: &str| format!("({own}): vrrp script timeout '{word}' invalid - ignoring");
                if let Some(timeout) = script_time(parser, line, &own, "timeout", complaint)? {
                    self.timeout_us = Some(timeout);
                }
            }
            "weight" => {
                let word = line.word(1, parser.reader)?;
                // Out of range is told, and the number is kept all the same.
                match signed(parser, word, -253, 253, Trailing::Warned) {
                    Some(weight) => self.script.weight = weight,
                    None => {
                        parser
                            .report(Fault::General, format!("vrrp_script {own} weight {word} must be in [-253, 253]"));
                        self.script.weight = word.parse::<i32>().unwrap_or(0).clamp(-253, 253);
                    }
                }
                match line.words.get(2).map(String::as_str) {
                    None => {}
                    Some("reverse") => self.script.reverse = true,
                    Some(other) => {
                        parser.report(Fault::General, format!("vrrp_script {own} unknown weight option {other}"));
                    }
                }
            }
            "rise" => self.script.rise = script_count(parser, line, &own, "rise")?,
            "fall" => self.script.fall = script_count(parser, line, &own, "fall")?,
            "user" => {
                let user = line.word(1, parser.reader)?;
                match reading.find_user(parser, user, line.words.get(2).map(String::as_str)) {
                    Some(found) => {
                        self.script.command.user = Some(found.user);
                        self.user_set = true;
                        self.remove = false;
                    }
                    None => {
                        let text = format!("Unable to set uid/gid for script {}", self.script.command.line());
                        parser.report(Fault::General, text);
                        self.remove = true;
                    }
                }
            }
            "init_fail" => self.script.init_fail = true,
            _ => {}
        }
        Ok(())
    }
}

fn script_time(
    parser: &mut Parser<'_, '_>,
    line: &Line,
    own: &str,
    what: &str,
    complaint: impl FnOnce(&str) -> String,
) -> Result<Option<u64>, Stop> {
    let word = line.word(1, parser.reader)?;
    let Some(milliseconds) = decimal(parser, word, 0, 4_294_000, 3, Trailing::Warned) else {
        parser.report(Fault::General, complaint(word));
        return Ok(None);
    };
    if milliseconds == 0 {
        let text = format!("({own}): vrrp script {what} must be greater than 0, setting to 1");
        parser.report(Fault::General, text);
    }
    Ok(Some(if milliseconds == 0 { 1_000_000 } else { milliseconds * 1000 }))
}

fn script_count(parser: &mut Parser<'_, '_>, line: &Line, own: &str, what: &str) -> Result<u32, Stop> {
    let count = unsigned_word(parser, line, 1, i32::MAX as u64, Trailing::Warned)?;
    if count.is_none() {
        let text = format!("({own}): vrrp script {what} value '{}' invalid, defaulting to 1", line.words[1]);
        parser.report(Fault::General, text);
    }
    Ok(count.unwrap_or(1) as u32)
}

pub(super) fn end_script(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(mut draft) = reading.script.take() else { return };
    let name = &draft.script.name;
    if draft.script.command.words.is_empty() {
        parser.report(Fault::General, format!("No script set for vrrp_script {name} - removing"));
        draft.remove = true;
    } else if !draft.remove && !draft.user_set && reading.default_user(parser).is_none() {
        parser.report(Fault::General, format!("Unable to set default user for vrrp script {name} - removing"));
        draft.remove = true;
    }
    if !draft.remove {
        draft.script.timeout_us = draft.timeout_us.unwrap_or(draft.script.interval_us);
        reading.vrrp.scripts.push(draft.script);
    }
}

/// A `track_file` that is being read.
#[derive(Debug)]
pub(super) struct FileDraft {
    file: TrackFile,
    has_path: bool,
}

pub(super) fn begin_file(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    // Each role reads it.
    if line.words[0] == "vrrp_track_file" && reading.role == Role::Vrrp {
        parser.report(Fault::LogOnly, "\"vrrp_track_file\" is deprecated, please use \"track_file\"");
    }
    let name = line.word(1, parser.reader)?.to_owned();
    let file = TrackFile { name, path: String::new(), weight: 1, reverse: false, init: None };
    reading.track_file = Some(FileDraft { file, has_path: false });
    Ok(())
}

pub(super) fn file(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(draft) = &mut reading.track_file else { return Ok(()) };
    let own = draft.file.name.clone();
    let word = line.words.get(1);
    match (name, word) {
        ("file", None) => parser.report(Fault::General, "track file file name missing"),
        ("file", Some(path)) if draft.has_path => {
            parser.report(Fault::General, format!("File already set for track file {own} - ignoring {path}"));
        }
        ("file", Some(path)) => {
            draft.file.path = path.clone();
            draft.has_path = true;
        }
        ("weight", None) => {
            parser.report(Fault::General, format!("No weight specified for track file {own} - ignoring"));
        }
        ("weight", Some(word)) if draft.file.weight != 1 => {
            parser.report(Fault::General, format!("Weight already set for track file {own} - ignoring {word}"));
        }
        ("weight", Some(word)) => {
            let weight = signed(parser, word, -254, 254, Trailing::Warned);
            if weight.is_none() {
                let text =
                    format!("Weight ({word}) for track_file {own} must be between [-254..254] inclusive. Ignoring...");
                parser.report(Fault::General, text);
            }
            draft.file.weight = weight.unwrap_or(1);
            match line.words.get(2).map(String::as_str) {
                None => {}
                Some("reverse") => draft.file.reverse = true,
                Some(other) => {
                    parser.report(Fault::General, format!("track_file {own} unknown weight option {other}"));
                }
            }
        }
        ("init_file", _) => draft.file.init = Some(init_file(parser, line, &own)),
        _ => {}
    }
    Ok(())
}

fn init_file(parser: &mut Parser<'_, '_>, line: &Line, own: &str) -> InitFile {
    let mut init = InitFile { value: 0, overwrite: false };
    for word in &line.words[1..] {
        let word = word.trim_start();
        if word == "overwrite" {
            init.overwrite = true;
        } else if word.starts_with(|c: char| c.is_ascii_digit() || c == '-') {
            let value = signed(parser, word, i32::MIN, i32::MAX, Trailing::Refused);
            match value {
                None => parser.report(Fault::General, format!("Track file {own} init value {word} is invalid")),
                Some(-254..=254) => {}
                Some(value) => {
                    let text = format!("Track file {own} init value {value} is outside sensible range [-254, 254]");
                    parser.report(Fault::General, text);
                }
            }
            init.value = value.unwrap_or(0);
        } else {
            parser.report(Fault::General, format!("Unknown track file init option {word}"));
        }
    }
    init
}

pub(super) fn end_file(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(draft) = reading.track_file.take() else { return };
    if draft.has_path && reading.role == Role::Checker {
        reading.checker.track_files.push(draft.file);
    } else if draft.has_path {
        reading.vrrp.track_files.push(draft.file);
    } else {
        parser.report(Fault::General, format!("No file set for track_file {} - ignoring", draft.file.name));
    }
}

/// A `vrrp_track_process` that is being read.
#[derive(Debug)]
pub(super) struct ProcessDraft {
    process: TrackProcess,
    has_process: bool,
}

pub(super) fn begin_process(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let process = TrackProcess {
        name: line.word(1, parser.reader)?.to_owned(),
        process: String::new(),
        parameters: Vec::new(),
        parameter_match: ParameterMatch::Any,
        weight: 0,
        reverse: false,
        quorum: 1,
        quorum_max: None,
        terminate_delay_us: 0,
        fork_delay_us: 0,
        full_command: false,
    };
    reading.track_process = Some(ProcessDraft { process, has_process: false });
    Ok(())
}

pub(super) fn process(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(draft) = &mut reading.track_process else { return Ok(()) };
    match name {
        "process" => process_name(draft, parser, line),
        "param_match" => {
            let process = &mut draft.process;
            process.parameter_match = match line.words.get(1).map(String::as_str) {
                None => ParameterMatch::Exact,
                Some("initial") => ParameterMatch::Initial,
                Some("partial") => ParameterMatch::Partial,
                Some(other) => {
                    parser.report(Fault::General, format!("Invalid param_match type {other} - ignoring"));
                    return Ok(());
                }
            };
            process.full_command = true;
            Ok(())
        }
        "weight" => {
            process_weight(&mut draft.process, parser, line);
            Ok(())
        }
        "quorum" | "quorum_max" => process_quorum(&mut draft.process, parser, name, line),
        "full_command" => {
            draft.process.full_command = true;
            Ok(())
        }
        _ => {
            let word = line.word(1, parser.reader)?;
            let Some(delay) = seconds(parser, word, 1, 3_600_000_000) else {
                let text = format!(
                    "{name} ({word}) for vrrp_track_process {} must be between [0.000001..3600] inclusive. Ignoring...",
                    draft.process.name
                );
                parser.report(Fault::General, text);
                return Ok(());
            };
            if name != "fork_delay" {
                draft.process.terminate_delay_us = delay;
            }
            if name != "terminate_delay" {
                draft.process.fork_delay_us = delay;
            }
            Ok(())
        }
    }
}

fn process_name(draft: &mut ProcessDraft, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    let process = &mut draft.process;
    if draft.has_process {
        let text = format!("Process already set for track process {} - ignoring {word}", process.name);
        parser.report(Fault::General, text);
        return Ok(());
    }
    draft.has_process = true;
    process.process = word.to_owned();
    if line.len() > 2 {
        process.parameters = line.words[2..].to_vec();
        process.full_command = true;
        if process.parameter_match == ParameterMatch::Any {
            process.parameter_match = ParameterMatch::Exact;
        }
    }
    Ok(())
}

fn process_weight(process: &mut TrackProcess, parser: &mut Parser<'_, '_>, line: &Line) {
    let own = &process.name;
    let Some(word) = line.words.get(1) else {
        parser.report(Fault::General, format!("No weight specified for track process {own} - ignoring"));
        return;
    };
    if process.weight != 0 {
        parser.report(Fault::General, format!("Weight already set for track process {own} - ignoring {word}"));
        return;
    }
    let Some(weight) = signed(parser, word, -254, 254, Trailing::Warned) else {
        let text =
            format!("Weight ({word}) for vrrp_track_process {own} must be between [-254..254] inclusive. Ignoring...");
        parser.report(Fault::General, text);
        return;
    };
    match line.words.get(2).map(String::as_str) {
        None => {}
        Some("reverse") => process.reverse = true,
        Some(other) => {
            parser.report(Fault::General, format!("vrrp_track_process {own} unknown weight option {other}"));
        }
    }
    process.weight = weight;
}

fn process_quorum(
    process: &mut TrackProcess,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let is_most = name == "quorum_max";
    let least = u64::from(!is_most);
    let Some(value) = unsigned_word(parser, line, least, 65535, Trailing::Warned)? else {
        let title = if is_most { "quorum_max" } else { "Quorum" };
        let text = format!(
            "{title} ({}) for vrrp_track_process {} must be between [{least}..65535] inclusive. Ignoring...",
            line.words[1], process.name
        );
        parser.report(Fault::General, text);
        return Ok(());
    };
    let value = value as u32;
    if !is_most {
        if process.quorum_max.is_some_and(|most| value > most) {
            parser.report(Fault::General, "Quorum is greater than quorum_max - ignoring");
        } else {
            process.quorum = value;
        }
        return Ok(());
    }
    if (value > 0 || process.quorum > 1) && value < process.quorum {
        parser.report(Fault::General, "quorum_max is less than quorum - ignoring");
        return Ok(());
    }
    process.quorum_max = Some(value);
    // No process at all is wanted, or some again.
    process.quorum = if value == 0 { 0 } else { process.quorum.max(1) };
    Ok(())
}

pub(super) fn end_process(reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) {
    let Some(draft) = reading.track_process.take() else { return };
    if draft.has_process {
        reading.vrrp.track_processes.push(draft.process);
    } else {
        let text = format!("track process '{}' process name not specified", draft.process.name);
        parser.report(Fault::General, text);
    }
}

/// The largest number of microseconds that a configuration can name.
pub(super) const MOST_MICROSECONDS: u64 = MOST;
