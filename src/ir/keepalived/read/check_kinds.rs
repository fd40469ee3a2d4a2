//! The keywords that only one kind of check has, apart from `HTTP_GET`.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::checker::UdpCheck;
use crate::ir::keepalived::virtual_server::shown;

use super::check_draft::{Draft, FileDraft, Kind, MiscDraft};
use super::value::{Trailing, signed, switch_or_on, unsigned_word};
use super::{Reading, command};

const RECORD_TYPES: [&str; 9] = ["A", "NS", "CNAME", "SOA", "MX", "TXT", "AAAA", "RRSIG", "DNSKEY"];
/// The longest `misc_timeout`: so many microseconds must fit into 32 bits.
const LONGEST_TIMEOUT_S: u64 = u32::MAX as u64 / 1_000_000;
const BFD_NAME_LENGTH: usize = 31;

/// One line.
pub(super) fn set(
    draft: &mut Draft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    match &mut draft.kind {
        Kind::Dns { record_type, name: domain } => set_dns(record_type, domain, parser, name, line),
        Kind::Udp(check) => set_udp(check, parser, name, line),
        Kind::Smtp { helo_name, .. } if name == "helo_name" => {
            if helo_name.is_some() && line.len() > 1 {
                parser.report(Fault::General, "SMTP_CHECK helo name already specified");
            }
            match line.words.get(1) {
                Some(name) => *helo_name = Some(name.clone()),
                None => parser.report(Fault::General, "SMTP_CHECK helo name missing"),
            }
            Ok(())
        }
        Kind::Misc(check) => {
            draft.removed |= set_misc(check, reading, parser, name, line)?;
            Ok(())
        }
        Kind::File(check) => set_file(check, reading, parser, name, line),
        Kind::Bfd { name: bfd } if name == "name" && !draft.removed => {
            match bfd_name(bfd.as_deref(), reading, line) {
                Ok(found) => *bfd = Some(found),
                Err(text) => {
                    parser.report(Fault::General, text);
                    draft.removed = true;
                }
            }
            Ok(())
        }
        Kind::Bfd { .. } if name == "alpha" => {
            let complaint = |word: &str| format!("Invalid alpha parameter {word}");
            draft.timing.alpha = switch_or_on(parser, line, complaint).or(draft.timing.alpha);
            Ok(())
        }
        _ => Ok(()),
    }
}

fn set_dns(
    record_type: &mut &'static str,
    domain: &mut Option<String>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    if name == "type" {
        match RECORD_TYPES.iter().find(|known| known.eq_ignore_ascii_case(word)) {
            Some(known) => *record_type = known,
            None => parser.report(Fault::General, format!("Unknown DNS check type {word} - ignoring")),
        }
    } else if domain.is_some() {
        parser.report(Fault::General, "DNS_CHECK name already specified - ignoring");
    } else if word.len() > 1 && word.starts_with('.') || word.get(1..).is_some_and(|rest| rest.contains("..")) {
        parser.report(Fault::General, format!("DNS_CHECK name '{word}' has empty label - ignoring"));
    } else {
        *domain = Some(word.to_owned());
    }
    Ok(())
}

fn set_udp(check: &mut UdpCheck, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
    let text = line.words[1..].join(" ");
    match name {
        "payload" if line.len() == 1 => parser.report(Fault::General, "UDP_CHECK payload requires a payload"),
        "payload" => match hexadecimal(&text, false) {
            Some(bytes) => check.payload = bytes.into_iter().map(|(byte, _)| byte).collect(),
            None => parser.report(Fault::General, "Invalid hex string for UDP_CHECK payload"),
        },
        "require_reply" => {
            check.require_reply = true;
            if line.len() > 1 {
                match hexadecimal(&text, true) {
                    Some(reply) => check.reply = reply,
                    None => parser.report(Fault::General, "Invalid hex string for UDP_CHECK reply"),
                }
            }
        }
        _ => {
            let value = unsigned_word(parser, line, 0, u16::MAX.into(), Trailing::Refused)?;
            let is_least = name == "min_reply_length";
            match value {
                None => {
                    let title = if is_least { "min" } else { "max" };
                    let word = &line.words[1];
                    let text = format!("UDP_CHECK {title} length {word} not valid - must be between 0 & 65535");
                    parser.report(Fault::General, text);
                }
                Some(length) if is_least => check.min_reply_length = length as u16,
                Some(length) => check.max_reply_length = length as u16,
            }
        }
    }
    Ok(())
}

/// Bytes in hexadecimal, blanks between them, each with the mask of its wildcards.
fn hexadecimal(text: &str, wildcards: bool) -> Option<Vec<(u8, u8)>> {
    let digit = |c: char| match c {
        'x' | 'X' if wildcards => Some((0, 0xf)),
        c => c.to_digit(16).map(|value| (value as u8, 0)),
    };
    let mut bytes = Vec::new();
    for word in text.split([' ', '\t']).filter(|word| !word.is_empty()) {
        let digits = word.chars().map(digit).collect::<Option<Vec<(u8, u8)>>>()?;
        bytes.extend(digits.chunks(2).map(|pair| match *pair {
            [(high, high_mask), (low, low_mask)] => (high << 4 | low, high_mask << 4 | low_mask),
            [single, ..] => single,
            [] => (0, 0),
        }));
    }
    (!bytes.is_empty()).then_some(bytes)
}

/// `true` if the check is to be left out.
fn set_misc(
    check: &mut MiscDraft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<bool, Stop> {
    match name {
        "misc_path" => {
            let words = command::line_words(parser, line);
            check.words = words.get(1).map(|word| command::split(parser, word)).unwrap_or_default();
        }
        "misc_timeout" => match unsigned_word(parser, line, 0, LONGEST_TIMEOUT_S, Trailing::Warned)? {
            Some(timeout) => check.timeout_s = Some(timeout as u32).filter(|timeout| *timeout > 0),
            None => {
                parser.report(Fault::General, format!("Invalid misc_timeout value '{}'", line.words[1]));
            }
        },
        "misc_dynamic" => check.dynamic = true,
        "user" => {
            let script = check.line();
            let Some(user) = line.words.get(1) else {
                let text = format!("No user specified for misc checker script {script}");
                parser.report(Fault::General, text);
                return Ok(false);
            };
            match reading.find_user(parser, user, line.words.get(2).map(String::as_str)) {
                Some(found) => check.user = Some(found.user),
                None => {
                    let text = format!("Failed to set uid/gid for misc checker script {script} - removing");
                    parser.report(Fault::General, text);
                    return Ok(true);
                }
            }
        }
        _ => {}
    }
    Ok(false)
}

fn set_file(
    check: &mut FileDraft,
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    if name == "track_file" {
        let word = line.word(1, parser.reader)?;
        match reading.checker.track_files.iter().find(|file| file.name == *word) {
            Some(file) => check.file = Some((file.name.clone(), file.weight, file.reverse)),
            None => parser.report(Fault::General, format!("track_file {word} not found")),
        }
        return Ok(());
    }
    let Some(word) = line.words.get(1) else {
        parser.report(Fault::General, "track file weight missing");
        return Ok(());
    };
    let most = i32::MAX;
    let Some(weight) = signed(parser, word, -most, most, Trailing::Warned) else {
        let text = format!("weight for track file must be in [-{most}..{most}] inclusive. Ignoring...");
        parser.report(Fault::General, text);
        return Ok(());
    };
    match line.words.get(2).map(String::as_str) {
        None | Some("noreverse") => check.weight = Some((weight, false)),
        Some("reverse") => check.weight = Some((weight, true)),
        Some(other) => {
            parser.report(Fault::General, format!("unknown track file weight option {other} - ignoring"));
        }
    }
    Ok(())
}

/// The real server as messages show it.
fn owner(reading: &Reading<'_>) -> String {
    let protocol = reading.checker.server.as_ref().and_then(|server| server.server.protocol);
    let address = reading.checker.real_server.as_ref().map(|server| server.server.address);
    address.map(|address| shown(address, protocol)).unwrap_or_default()
}

fn bfd_name(known: Option<&str>, reading: &Reading<'_>, line: &Line) -> Result<String, String> {
    let owner = owner(reading);
    let [_, name] = &line.words[..] else {
        return Err(format!("({owner}) BFD_CHECK - No or too many names specified - skipping checker"));
    };
    if !reading.bfds.iter().any(|bfd| bfd.name == *name) {
        return Err(format!("({owner}) BFD_CHECK - BFD {name} not configured"));
    }
    if let Some(known) = known {
        return Err(format!("({owner}) BFD_CHECK - BFD {name} already specified as {known}"));
    }
    if name.len() > BFD_NAME_LENGTH {
        return Err(format!("({owner}) BFD_CHECK - BFD name {name} too long"));
    }
    let is_same = |draft: &Draft| matches!(&draft.kind, Kind::Bfd { name: Some(other) } if other == name);
    if reading.checker.real_server.as_ref().is_some_and(|server| server.checkers.iter().any(is_same)) {
        return Err(format!("({owner}) BFD_CHECK - RS already monitoring {name}"));
    }
    Ok(name.clone())
}

/// The end of a block; `false` if the check is to be left out.
pub(super) fn end(draft: &mut Draft, reading: &mut Reading<'_>, parser: &mut Parser<'_, '_>) -> bool {
    let text = match &draft.kind {
        Kind::Smtp { hosts, .. } => {
            if !hosts.is_empty() {
                let text = "The SMTP_CHECK host block is deprecated. Please define additional checkers.";
                parser.report(Fault::LogOnly, text);
            }
            return true;
        }
        Kind::Misc(check) if check.words.is_empty() => {
            "No script path has been specified for MISC_CHECKER - skipping".into()
        }
        Kind::Misc(check) if check.user.is_none() && reading.default_user(parser).is_none() => {
            format!("Unable to set default user for misc script {} - removing", check.line())
        }
        Kind::File(check) if check.file.is_none() => "FILE_CHECK has no track_file specified - ignoring".into(),
        Kind::Bfd { name: None } => {
            format!("({}) No name has been specified for BFD_CHECKER - skipping", owner(reading))
        }
        _ => return true,
    };
    parser.report(Fault::General, text);
    false
}
