//! The access log: a line for each request, from a format that was compiled once (`ngx_http_log_module`).

use std::rc::Rc;

use nix::errno::Errno;

use super::log_files::{self, Buffered, Unwritten};
use super::request::Request;
use super::{evaluate, map_uri, open_file, variables};
use crate::ir::http::log::{AccessLog, AccessLogTarget, Escape, Format};
use crate::ir::value::{Part, Text};
use crate::log::error_log::Level;
use crate::log::open_files::LogFile;
use crate::log::path_cache::Limits;
use crate::primitives::escape;

/// Writes the request's line to each log that wants it.
pub fn write(request: &Request) {
    let logs = Rc::clone(&request.location.settings.log);
    for log in logs.access_logs.iter() {
        if let Some(condition) = &log.condition
            && !evaluate::is_true(&evaluate::text(request, condition))
        {
            continue;
        }
        if request.connection.engine.access_logs.troubles.is_full(log) {
            continue;
        }
        let mut line = request.connection.engine.take_buffer();
        render(request, &log.format, &mut line);
        deliver(request, log, &mut line);
        request.connection.engine.give_buffer(line);
    }
}

fn deliver(request: &Request, log: &AccessLog, line: &mut Vec<u8>) {
    let logs = &request.connection.engine.access_logs;
    match &log.target {
        AccessLogTarget::File(path) => {
            line.push(b'\n');
            match log.buffer {
                Some(size) => buffer(request, log, path, size, line),
                None => {
                    if let Some(file) = open(request, path) {
                        write_now(request, log, &file, path, line);
                    }
                }
            }
        }
        AccessLogTarget::Template(path) => {
            line.push(b'\n');
            let path = Text::from(evaluate::text(request, path).into_owned());
            if has_root(request)
                && let Some(file) = open_named(request, &path)
            {
                write_now(request, log, &file, &path, line);
            }
        }
        AccessLogTarget::Syslog(target) => {
            if let Some(syslog) = logs.syslogs.get(&(std::ptr::from_ref(target) as usize)) {
                // A line that the daemon does not get is lost, as UDP is.
                drop(syslog.send(target.severity, line));
            }
        }
    }
}

/// A log with a name of variables is only written while the root is there: a client may be able to choose the name.
fn has_root(request: &Request) -> bool {
    let root = map_uri::document_root(request);
    let error = match open_file::metadata(request, &root) {
        Ok(metadata) if metadata.is_dir() => return true,
        Ok(_) => Errno::ENOTDIR.into(),
        Err(fault) => fault.error,
    };
    let root = String::from_utf8_lossy(&root);
    request.log_error(Level::Error, &error, format_args!("testing \"{root}\" existence failed"));
    false
}

fn open_named(request: &Request, path: &Text) -> Option<Rc<LogFile>> {
    let open = || open_file::append(request, path).map(|file| LogFile::opened(&path.to_string(), file));
    let settings = &request.location.settings.log;
    let opened = match &settings.open_log_file_cache {
        None => open(),
        Some(cache) => {
            let limits = Limits {
                names: cache.max,
                inactive_seconds: cache.inactive_seconds,
                valid_seconds: cache.valid_seconds,
                min_uses: cache.min_uses,
            };
            let now = crate::log::now::since_epoch().as_secs();
            let mut caches = request.connection.engine.access_logs.caches.borrow_mut();
            caches.entry(Rc::as_ptr(settings) as usize).or_default().get(path, limits, now, open)
        }
    };
    let fault = match opened {
        Ok(file) => return Some(file),
        Err(fault) => fault,
    };
    request.log_error(Level::Crit, &fault.error, format_args!("{} \"{path}\" failed", fault.call));
    None
}

fn open(request: &Request, path: &Text) -> Option<Rc<LogFile>> {
    let path = std::str::from_utf8(path).ok()?;
    let files = &request.connection.engine.access_logs.files;
    match files.get(path) {
        Some(file) => Some(file),
        None => match files.open(path) {
            Ok(file) => Some(file),
            Err(fault) => {
                request.log_error(Level::Crit, &fault.error, fault.text);
                None
            }
        },
    }
}

fn write_now(request: &Request, log: &AccessLog, file: &LogFile, path: &Text, line: &[u8]) {
    tell(request, log, path, log_files::write(file, line));
}

fn tell(request: &Request, log: &AccessLog, path: &Text, written: Result<(), Unwritten>) {
    if let Err(unwritten) = written
        && request.connection.engine.access_logs.troubles.is_told(log, &unwritten)
    {
        request.log_maybe_error(Level::Alert, unwritten.error(), unwritten.to(path));
    }
}

fn buffer(request: &Request, log: &AccessLog, path: &Text, size: usize, line: &[u8]) {
    let Some(file) = open(request, path) else { return };
    let now_ms = crate::log::now::since_epoch().as_millis() as u64;
    let mut buffers = request.connection.engine.access_logs.buffers.borrow_mut();
    let buffered = buffers.entry(path.clone()).or_insert_with(|| Buffered {
        file,
        lines: Vec::with_capacity(size),
        since_ms: now_ms,
        flush_ms: log.flush_ms,
        gzip: log.gzip,
    });
    if buffered.lines.len() + line.len() > size {
        tell(request, log, path, buffered.write());
    }
    if line.len() > size && buffered.gzip.is_none() {
        write_now(request, log, &buffered.file, path, line);
        return;
    }
    if buffered.lines.is_empty() {
        buffered.since_ms = now_ms;
    }
    buffered.lines.extend_from_slice(line);
}

/// Writes the line of a format.
fn render(request: &Request, format: &Format, out: &mut Vec<u8>) {
    let mut value = request.connection.engine.take_buffer();
    request.begin_template();
    for part in &*format.template.parts {
        match part {
            Part::Literal(text) => out.extend_from_slice(text),
            Part::Capture(_) => {}
            Part::Variable(id) => {
                value.clear();
                let found = variables::write_logged(request, *id, &mut value);
                if format.escape == Escape::Default && (!found || value.is_empty()) {
                    // Only a value that is missing is a dash; nginx's own operations write one for the empty too.
                    out.extend_from_slice(if found { b"" } else { b"-" });
                } else {
                    write_escaped(&value, format.escape, out);
                }
            }
        }
    }
    request.connection.engine.give_buffer(value);
}

fn write_escaped(value: &[u8], mode: Escape, out: &mut Vec<u8>) {
    match mode {
        Escape::None => out.extend_from_slice(value),
        Escape::Json => escape::write_json(value, out),
        Escape::Default => escape_default(value, out),
    }
}

/// Bytes that would break a line or its quotes become `\xHH`.
fn escape_default(value: &[u8], out: &mut Vec<u8>) {
    const DIGITS: &[u8; 16] = b"0123456789ABCDEF";
    let is_odd = |&byte: &u8| !(b' '..0x7f).contains(&byte) || byte == b'"' || byte == b'\\';
    let mut rest = value;
    while let Some(odd) = rest.iter().position(is_odd) {
        let byte = rest[odd];
        out.extend_from_slice(&rest[..odd]);
        out.extend_from_slice(&[b'\\', b'x', DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        rest = &rest[odd + 1..];
    }
    out.extend_from_slice(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_as_nginx_does() {
        let mut out = Vec::new();
        escape_default(b"a\"\\\n\x7f\xe9z", &mut out);
        assert_eq!(out, br"a\x22\x5C\x0A\x7F\xE9z");
    }
}
