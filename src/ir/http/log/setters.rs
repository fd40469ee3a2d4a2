//! Reading `access_log`, `log_format` and `open_log_file_cache`.

use std::rc::Rc;

use super::{AccessLog, AccessLogTarget, Escape, Format, Log, OpenLogFileCache};
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::{Directive, Word};
use crate::ir::error_log::syslog;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table};
use crate::ir::value::{List, Part, Template, Text};
use crate::ir::words::Words;
use crate::primitives::{duration, size};

/// The setters of `http_log`.
pub const SETTERS: Table = &[
    ("access_log", access_log),
    ("log_format", log_format),
    ("open_log_file_cache", own!(log.open_log_file_cache, open_log_file_cache)),
];

/// The format that is there before any `log_format`.
const COMBINED: &[u8] = b"$remote_addr - $remote_user [$time_local] \"$request\" $status $body_bytes_sent \
    \"$http_referer\" \"$http_user_agent\"";

/// Where requests are logged when nobody says otherwise, as Debian builds it.
const DEFAULT_PATH: &str = "/var/log/nginx/access.log";

/// Makes `combined` known. Its variables count as used only once a log uses it.
pub fn add_combined(reader: &mut Reader<'_>) {
    let format = Format { name: Text::from("combined"), escape: Escape::Default, template: Template::default() };
    reader.http.formats.insert(format.name.clone(), Rc::new(format));
}

/// The log that holds when nobody sets one.
pub fn default_log(reader: &mut Reader<'_>) -> Rc<Log> {
    let format = combined(reader);
    let target = AccessLogTarget::File(Text::from(DEFAULT_PATH));
    let log = AccessLog { target, format, buffer: None, flush_ms: None, gzip: None, condition: None };
    Rc::new(Log { access_logs: List::from(vec![log]), ..Log::default() })
}

fn combined(reader: &mut Reader<'_>) -> Rc<Format> {
    let variables = &mut reader.http.variables;
    let template = Template::compile(COMBINED, |name| variables.use_name(name)).unwrap_or_default();
    let format = Rc::new(Format { name: Text::from("combined"), escape: Escape::Default, template });
    reader.http.formats.insert(format.name.clone(), Rc::clone(&format));
    format
}

fn log_format(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [name, words @ ..] = directive.args() else { return Ok(()) };
    let key = Text::from(name.value);
    if reader.http.formats.contains_key(&key) {
        return Err(directive.emerg(format!("duplicate \"log_format\" name \"{key}\"")));
    }
    let (escape, words) = match words {
        [first, rest @ ..] if first.value.starts_with(b"escape=") => {
            let word = &first.value[b"escape=".len()..];
            let unknown = || {
                let word = String::from_utf8_lossy(word);
                directive.emerg(format!("unknown log format escaping \"{word}\""))
            };
            (Escape::WORDS.iter().find(|(name, _)| name.as_bytes() == word).ok_or_else(unknown)?.1, rest)
        }
        words => (Escape::Default, words),
    };
    let mut parts = Vec::new();
    for word in words {
        let template = Template::compile(word.value, |name| reader.variable(directive, name)).map_err(|fault| {
            // Of all faults, a missing bracket alone has the words it has elsewhere; here without "variable".
            match fault.strip_prefix("the closing") {
                Some(_) => directive.emerg(fault),
                None => {
                    let rest = String::from_utf8_lossy(from_bad_dollar(word.value));
                    directive.emerg(format!("invalid parameter \"{rest}\""))
                }
            }
        })?;
        for part in template.parts.iter() {
            parts.push(match part {
                // A pattern's groups are not seen from a log: `$1` is a variable that nobody defines.
                Part::Capture(group) => Part::Variable(reader.http.variables.use_name(group.to_string().as_bytes())),
                part => part.clone(),
            });
        }
    }
    let template = Template::of_parts(parts);
    reader.http.formats.insert(key.clone(), Rc::new(Format { name: key, escape, template }));
    Ok(())
}

/// What nginx shows of a word with a dollar sign that no name follows: all from that sign on.
fn from_bad_dollar(word: &[u8]) -> &[u8] {
    let is_bad = |at: &usize| {
        let after = &word[at + 1..];
        let name = after.strip_prefix(b"{").unwrap_or(after);
        !name.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || *byte == b'_')
    };
    memchr::memchr_iter(b'$', word).find(is_bad).map_or(word, |at| &word[at..])
}

fn access_log(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    let [target, options @ ..] = directive.args() else { return Ok(()) };
    if target.value == b"off" {
        if let [option, ..] = options {
            return Err(directive.emerg(format!("invalid parameter \"{}\"", option.text())));
        }
        // `off` wins over logs of the same block, wherever it stands.
        reader.own().log.get_or_insert_default().access_logs = Some(List::default());
        reader.location().logs_off = true;
        return Ok(());
    }
    let destination = if target.value.starts_with(b"syslog:") {
        AccessLogTarget::Syslog(syslog(reader, directive)?)
    } else {
        let path = reader.full_path(target.value);
        match reader.template(directive, &path)? {
            template if template.is_constant() => {
                reader.log_files.push(path.clone());
                AccessLogTarget::File(path)
            }
            template => AccessLogTarget::Template(template),
        }
    };
    let name = options.first().map_or(&b"combined"[..], |word| word.value);
    let known = reader.http.formats.iter().find(|(known, _)| known.eq_ignore_ascii_case(name));
    let format = match known.map(|(_, format)| Rc::clone(format)) {
        Some(format) if format.name.as_bytes() == b"combined" => combined(reader),
        Some(format) => format,
        None => {
            let name = String::from_utf8_lossy(name);
            return Err(directive.emerg(format!("unknown log format \"{name}\"")));
        }
    };
    let mut log = AccessLog { target: destination, format, buffer: None, flush_ms: None, gzip: None, condition: None };
    for word in options.iter().skip(1) {
        access_log_option(reader, directive, word, &mut log)?;
    }
    check_buffer(directive, &log)?;
    check_same(reader, directive, &log)?;
    if !reader.location().logs_off {
        reader.own().log.get_or_insert_default().access_logs.get_or_insert_default().push(log);
    }
    Ok(())
}

fn access_log_option(reader: &mut Reader<'_>, directive: &Directive<'_>, word: &Word<'_>, log: &mut AccessLog) -> Set {
    let invalid =
        |what: &str, text: &[u8]| directive.emerg(format!("invalid {what} \"{}\"", String::from_utf8_lossy(text)));
    match word.value {
        [b'b', b'u', b'f', b'f', b'e', b'r', b'=', text @ ..] => {
            let size = size::parse_size(text).filter(|size| *size > 0);
            log.buffer = Some(size.ok_or_else(|| invalid("buffer size", text))? as usize);
        }
        [b'f', b'l', b'u', b's', b'h', b'=', text @ ..] => {
            let time = duration::parse_milliseconds(text).filter(|time| *time > 0);
            log.flush_ms = Some(time.ok_or_else(|| invalid("flush time", text))?);
        }
        b"gzip" => {
            log.buffer.get_or_insert(64 * 1024);
            log.gzip = Some(1);
        }
        [b'g', b'z', b'i', b'p', b'=', text @ ..] => {
            log.buffer.get_or_insert(64 * 1024);
            let level = size::parse_number(text).filter(|level| (1..=9).contains(level));
            log.gzip = Some(level.ok_or_else(|| invalid("compression level", text))? as u8);
        }
        [b'i', b'f', b'=', text @ ..] => log.condition = Some(reader.template(directive, text)?),
        text => return Err(invalid("parameter", text)),
    }
    Ok(())
}

fn check_buffer(directive: &Directive<'_>, log: &AccessLog) -> Set {
    let name = directive.args()[0].text();
    match (&log.target, log.buffer, log.flush_ms) {
        (_, None, Some(_)) => Err(directive.emerg(format!("no buffer is defined for access_log \"{name}\""))),
        (AccessLogTarget::Template(_), Some(_), _) => {
            Err(directive.emerg("buffered logs cannot have variables in name"))
        }
        (AccessLogTarget::Syslog(_), Some(_), _) => Err(directive.emerg("logs to syslog cannot be buffered")),
        _ => Ok(()),
    }
}

/// All lines that name a buffered file have to agree on its buffer.
fn check_same(reader: &mut Reader<'_>, directive: &Directive<'_>, log: &AccessLog) -> Set {
    let (AccessLogTarget::File(path), Some(size)) = (&log.target, log.buffer) else { return Ok(()) };
    let parameters = (size, log.flush_ms, log.gzip);
    let known = reader.http.log_buffers.entry(path.clone()).or_insert(parameters);
    if *known == parameters {
        return Ok(());
    }
    let name = directive.args()[0].text();
    Err(directive.emerg(format!("access_log \"{name}\" already defined with conflicting parameters")))
}

fn open_log_file_cache(directive: &Directive<'_>) -> Result<Option<OpenLogFileCache>, Diagnostic> {
    let mut cache = OpenLogFileCache { max: 0, inactive_seconds: 10, valid_seconds: 60, min_uses: 1 };
    let mut off = false;
    for word in directive.args() {
        let failed = || directive.emerg(format!("invalid \"open_log_file_cache\" parameter \"{}\"", word.text()));
        let number = |text| size::parse_number(text).ok_or_else(failed);
        if let Some(text) = word.value.strip_prefix(b"max=") {
            cache.max = number(text)? as usize;
        } else if let Some(text) = word.value.strip_prefix(b"inactive=") {
            cache.inactive_seconds = duration::parse_seconds(text).ok_or_else(failed)?;
        } else if let Some(text) = word.value.strip_prefix(b"min_uses=") {
            cache.min_uses = number(text)? as u64;
        } else if let Some(text) = word.value.strip_prefix(b"valid=") {
            cache.valid_seconds = duration::parse_seconds(text).ok_or_else(failed)?;
        } else if word.value == b"off" {
            off = true;
        } else {
            return Err(failed());
        }
    }
    match cache.max {
        _ if off => Ok(None),
        0 => Err(directive.emerg("\"open_log_file_cache\" must have \"max\" parameter")),
        _ => Ok(Some(cache)),
    }
}
