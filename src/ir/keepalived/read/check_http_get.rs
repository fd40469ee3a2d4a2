//! `HTTP_GET` and `SSL_GET`, and their `url` blocks.

use crate::conf::keepalived::lexer::command_words;
use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::checker::{HttpCheck, HttpProtocol, Url};

use super::check_timing::Timing;
use super::value::{Trailing, switch_or_on, unsigned_word};

/// A line of the check itself.
pub(super) fn set(
    check: &mut HttpCheck,
    timing: &mut Timing,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    match name {
        "nb_get_retry" => {
            parser.report(Fault::General, "nb_get_retry is deprecated - please use 'retry'");
            match unsigned_word(parser, line, 0, u32::MAX.into(), Trailing::Warned)? {
                Some(retry) => timing.retry = Some(retry as u32),
                None => {
                    let text = format!("Invalid nb_get_retry value '{}'", line.words[1]);
                    parser.report(Fault::General, text);
                }
            }
        }
        "virtualhost" => match line.words.get(1) {
            Some(host) => check.virtualhost = Some(host.clone()),
            None => parser.report(Fault::General, "HTTP_GET virtualhost name missing"),
        },
        "http_protocol" => match line.words.get(1).map(String::as_str) {
            None => parser.report(Fault::General, "Missing http_protocol version"),
            Some("1.0") => check.protocol = HttpProtocol::Http10,
            Some("1.1") => check.protocol = HttpProtocol::Http11,
            Some("1.0C" | "1.0c") => check.protocol = HttpProtocol::Http10Close,
            Some(other) => parser.report(Fault::General, format!("Invalid http_protocol version {other}")),
        },
        "sni_name" => match (line.words.get(1), &check.sni_name) {
            (None, Some(known)) => {
                let text = format!("sni_name already specified as {known} - ignoring setting to default");
                parser.report(Fault::General, text);
            }
            (name, _) => {
                check.sni_name = name.cloned();
                check.enable_sni = true;
            }
        },
        _ => {
            let kind = if name == "tls_compliant" { "option" } else { "parameter" };
            let complaint = |word: &str| format!("Invalid {name} {kind} {word}");
            if let Some(value) = switch_or_on(parser, line, complaint) {
                match name {
                    "enable_sni" => check.enable_sni = value,
                    "fast_recovery" => check.fast_recovery = value,
                    _ => check.tls_compliant = value,
                }
            }
        }
    }
    Ok(())
}

/// A line of a `url` block.
pub(super) fn set_url(url: &mut Url, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
    match name {
        "path" => url.path = line.word(1, parser.reader)?.to_owned(),
        "digest" => set_digest(url, parser, line)?,
        "status_code" => {
            for word in &line.words[1..] {
                match status_codes(word) {
                    Some(range) => url.status_codes.push(range),
                    None => parser.report(Fault::General, format!("Invalid HTTP_GET status code '{word}'")),
                }
            }
        }
        "virtualhost" => match line.words.get(1) {
            Some(host) => url.virtualhost = Some(host.clone()),
            None => parser.report(Fault::General, "Missing HTTP_GET virtualhost name"),
        },
        "regex" => match command_words(&line.text, true).as_deref() {
            Ok([_, pattern]) => url.regex = Some(pattern.clone()),
            _ => parser.report(Fault::LogOnly, "regex missing or too many fields"),
        },
        "regex_no_match" => url.regex_no_match = true,
        "regex_options" => url.regex_options.extend_from_slice(&line.words[1..]),
        "regex_min_offset" => url.regex_min_offset = offset(parser, line, "min").unwrap_or(0),
        "regex_max_offset" => url.regex_max_offset = offset(parser, line, "max"),
        "regex_stack" => match &line.words[1..] {
            [start, most] => match (start.parse(), most.parse()) {
                (Ok(start), Ok(most)) if start <= most => url.regex_stack = Some((start, most)),
                (Err(_), _) => parser.report(Fault::LogOnly, "regex_stack invalid start value"),
                (_, Err(_)) => parser.report(Fault::LogOnly, "regex_stack invalid max value"),
                _ => parser.report(Fault::LogOnly, "regex stack start cannot exceed max value"),
            },
            _ => parser.report(Fault::LogOnly, "regex_stack requires start and max values"),
        },
        _ => {
            let complaint = |word: &str| format!("Invalid tls_compliant option {word}");
            if let Some(value) = switch_or_on(parser, line, complaint) {
                url.tls_compliant = Some(value);
            }
        }
    }
    Ok(())
}

fn set_digest(url: &mut Url, parser: &mut Parser<'_, '_>, line: &Line) -> Result<(), Stop> {
    let word = line.word(1, parser.reader)?;
    if url.digest.is_some() {
        parser.report(Fault::General, format!("Digest '{word}' is a duplicate"));
        return Ok(());
    }
    if word.len() != 32 {
        let text = format!("digest '{word}' character length should be 32 rather than {}", word.len());
        parser.report(Fault::General, text);
        return Ok(());
    }
    let mut digest = [0; 16];
    // From the end, as the original does: the last fault is the one that is told.
    for (index, byte) in digest.iter_mut().enumerate().rev() {
        let at = 2 * index;
        let Some(value) = word.get(at..at + 2).and_then(octet) else {
            let shown = word.get(..at + 2).unwrap_or(word);
            let text = format!("Unable to interpret hex digit in '{shown}' at offset {at}/{}", at + 1);
            parser.report(Fault::General, text);
            return Ok(());
        };
        *byte = value;
    }
    url.digest = Some(digest);
    Ok(())
}

/// Two hexadecimal digits, or a sign and one, as strtoul(3) reads them.
fn octet(pair: &str) -> Option<u8> {
    match pair.strip_prefix('-') {
        Some(digit) => u8::from_str_radix(digit, 16).ok().map(u8::wrapping_neg),
        None => u8::from_str_radix(pair, 16).ok(),
    }
}

fn status_codes(word: &str) -> Option<(u16, u16)> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (first, last): (u16, u16) = (first.parse().ok()?, last.parse().ok()?);
    let valid = 100..=599;
    (valid.contains(&first) && valid.contains(&last) && first <= last).then_some((first, last))
}

fn offset(parser: &mut Parser<'_, '_>, line: &Line, title: &str) -> Option<u64> {
    let [_, word] = &line.words[..] else {
        parser.report(Fault::LogOnly, format!("Missing or too may options for regex_{title}_offset"));
        return None;
    };
    let offset = word.parse().ok();
    if offset.is_none() {
        parser.report(Fault::LogOnly, format!("Invalid regex_{title}_offset {word} specified"));
    }
    offset
}

/// The end of a `url` block; `None` without a path.
pub(super) fn finish_url(mut url: Url, parser: &mut Parser<'_, '_>) -> Option<Url> {
    if url.path.is_empty() {
        parser.report(Fault::General, "HTTP/SSL_GET checker url has no path - ignoring");
        return None;
    }
    if url.status_codes.is_empty() {
        url.status_codes.push((200, 299));
    }
    let has_parameters = !url.regex_options.is_empty()
        || url.regex_no_match
        || url.regex_min_offset != 0
        || url.regex_max_offset.is_some()
        || url.regex_stack.is_some();
    if url.regex.is_none() && has_parameters {
        parser.report(Fault::LogOnly, "regex parameters specified without regex");
    }
    if let Some(most) = url.regex_max_offset.filter(|most| url.regex_min_offset > *most) {
        let text = format!("regex min offset {} > regex_max_offset {most} - ignoring", url.regex_min_offset);
        parser.report(Fault::LogOnly, text);
        url.regex_min_offset = 0;
        url.regex_max_offset = None;
    }
    Some(url)
}
