//! The blocks `authentication` and `auth_hmac` of an instance.

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::instance::{HmacKey, HmacKeySource, HmacMode};

use super::Reading;
use super::value::{Trailing, unsigned, unsigned_word};

/// The kinds of `auth_type`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Password,
    Header,
}

/// `authentication` as written.
#[derive(Debug, Default)]
pub(super) struct Draft {
    pub(super) kind: Option<Kind>,
    pub(super) password: [u8; 8],
}

/// `auth_hmac` as written.
#[derive(Debug)]
pub(super) struct HmacDraft {
    pub(super) keys: Vec<HmacKey>,
    pub(super) active_key: u8,
    pub(super) time_window_s: Option<u64>,
    pub(super) monotonic: bool,
    pub(super) mode: HmacMode,
}

impl Default for HmacDraft {
    fn default() -> Self {
        Self { keys: Vec::new(), active_key: 0, time_window_s: None, monotonic: false, mode: HmacMode::Enforce }
    }
}

pub(super) fn keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(draft) = &mut reading.instance else { return Ok(()) };
    let word = line.word(1, parser.reader)?;
    let authentication = &mut draft.authentication;
    match (name, word) {
        ("auth_type", "AH") => authentication.kind = Some(Kind::Header),
        ("auth_type", "PASS") => authentication.kind = Some(Kind::Password),
        ("auth_type", other) => {
            parser.report(Fault::General, format!("({}) unknown authentication type '{other}'", draft.name));
        }
        ("auth_pass", password) => {
            let password = password.as_bytes();
            if password.len() > 8 {
                parser.report(Fault::General, "Truncating auth_pass to 8 characters");
            }
            let length = password.len().min(8);
            authentication.password = [0; 8];
            authentication.password[..length].copy_from_slice(&password[..length]);
        }
        _ => {}
    }
    Ok(())
}

pub(super) fn hmac_keyword(
    reading: &mut Reading<'_>,
    parser: &mut Parser<'_, '_>,
    name: &str,
    line: &Line,
) -> Result<(), Stop> {
    let Some(draft) = &mut reading.instance else { return Ok(()) };
    let owner = &draft.name;
    let Some(hmac) = &mut draft.auth_hmac else { return Ok(()) };
    match name {
        "key" => key(hmac, parser, owner, line),
        "active_key" => match unsigned_word(parser, line, 1, 255, Trailing::Refused)? {
            Some(id) => hmac.active_key = id as u8,
            None => {
                let word = &line.words[1];
                let text = format!("({owner}) auth_hmac active_key '{word}' must be between 1 and 255");
                parser.report(Fault::General, text);
            }
        },
        "time_window" => match unsigned_word(parser, line, 1, 300, Trailing::Refused)? {
            Some(window) => hmac.time_window_s = Some(window),
            None => {
                let word = &line.words[1];
                let text = format!("({owner}) auth_hmac time_window '{word}' must be between 1 and 300 seconds");
                parser.report(Fault::General, text);
            }
        },
        "anti_replay" => match line.word(1, parser.reader)? {
            "time" => hmac.monotonic = false,
            "monotonic" => hmac.monotonic = true,
            other => {
                let text = format!("({owner}) auth_hmac anti_replay '{other}' must be time or monotonic");
                parser.report(Fault::General, text);
            }
        },
        "mode" => match line.word(1, parser.reader)? {
            "enforce" => hmac.mode = HmacMode::Enforce,
            "permissive" => hmac.mode = HmacMode::Permissive,
            "receive-only" => hmac.mode = HmacMode::ReceiveOnly,
            other => {
                let text = format!("({owner}) auth_hmac mode '{other}' must be enforce, permissive or receive-only");
                parser.report(Fault::General, text);
            }
        },
        _ => {}
    }
    Ok(())
}

/// `key ID TEXT`, `key ID hex:DIGITS` or `key ID file:PATH`
fn key(hmac: &mut HmacDraft, parser: &mut Parser<'_, '_>, owner: &str, line: &Line) {
    let [_, number, value, ..] = &line.words[..] else {
        parser.report(Fault::General, format!("({owner}) auth_hmac key needs an id and a value"));
        return;
    };
    let Some(id) = unsigned(parser, number, 1, 255, Trailing::Refused) else {
        let text = format!("({owner}) auth_hmac key id '{number}' must be between 1 and 255");
        parser.report(Fault::General, text);
        return;
    };
    let id = id as u8;
    let source = match value.strip_prefix("file:") {
        Some(path) => HmacKeySource::File(path.to_owned()),
        None => {
            let bytes = key_bytes(value);
            if !(32..=64).contains(&bytes.len()) {
                let text = format!("({owner}) auth_hmac key {id} length {} not in range [32, 64]", bytes.len());
                parser.report(Fault::General, text);
                return;
            }
            HmacKeySource::Bytes(bytes)
        }
    };
    if hmac.keys.iter().any(|known| known.id == id) {
        parser.report(Fault::General, format!("({owner}) duplicate auth_hmac key id {id}"));
        return;
    }
    hmac.keys.push(HmacKey { id, source });
}

/// The bytes of a key: pairs of hexadecimal digits behind `hex:`, else the text itself. None at all if a digit is wrong.
pub fn key_bytes(text: &str) -> Vec<u8> {
    let Some(digits) = text.strip_prefix("hex:") else { return text.as_bytes().to_vec() };
    let mut bytes = Vec::new();
    let mut rest = digits.chars().peekable();
    loop {
        while rest.next_if(|c| matches!(c, ' ' | '\t')).is_some() {}
        let Some(first) = rest.next() else { return bytes };
        let second = rest.next_if(|&c| c != ' ');
        let value = match second {
            None => first.to_digit(16),
            Some(second) => first.to_digit(16).zip(second.to_digit(16)).map(|(high, low)| high * 16 + low),
        };
        match value {
            Some(value) => bytes.push(value as u8),
            None => return Vec::new(),
        }
    }
}
