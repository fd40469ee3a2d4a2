//! Listings of directories (`ngx_http_autoindex_module`).

use std::io::Write;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::MetadataExt;
use std::rc::Rc;

use crate::http::map_uri::{map_uri_to_path, path};
use crate::http::message::response::ContentType;
use crate::http::request::Request;
use crate::http::variables::family;
use crate::http::verdict::Verdict;
use crate::http::{body_reader, filters};
use crate::ir::http::autoindex::{Autoindex, Format};
use crate::log::error_log::Level;
use crate::log::now;
use crate::primitives::calendar::{Civil, MONTH_NAMES};
use crate::primitives::escape::{self, Escape};
use crate::primitives::http_date;
use crate::wire::http1::request_line::Method;

/// A longer name is cut in the page.
const NAME_WIDTH: usize = 50;
/// A longer callback is refused.
const LONGEST_CALLBACK: usize = 128;

struct Entry {
    name: Vec<u8>,
    directory: bool,
    file: bool,
    modified: i64,
    size: u64,
}

impl Entry {
    fn kind(&self) -> &'static str {
        match (self.directory, self.file) {
            (true, _) => "directory",
            (_, true) => "file",
            _ => "other",
        }
    }
}

/// Lists the directory of the request's path.
pub async fn handle(request: &mut Request) -> Verdict {
    let settings = Rc::clone(&request.location.settings.autoindex);
    let is_read = matches!(request.method, Method::Get | Method::Head);
    if request.uri.last() != Some(&b'/') || !is_read || !settings.enabled {
        return Verdict::Declined;
    }
    if let Err(status) = body_reader::discard(request) {
        return Verdict::Finish(status);
    }
    let mut directory = map_uri_to_path(request).path;
    if directory.len() > 1 {
        directory.pop();
    }
    let Some(callback) = callback(request, settings.format) else { return Verdict::Finish(400) };
    let entries = match read(&directory) {
        Ok(entries) => entries,
        Err(error) => return refuse(request, &directory, &error),
    };
    let content_type = match settings.format {
        Format::Html => "text/html",
        Format::Json => "application/json",
        Format::Jsonp if callback.is_empty() => "application/json",
        Format::Jsonp => "application/javascript",
        Format::Xml => "text/xml",
    };
    request.response.status = 200;
    request.response.content_type = Some(ContentType::Static(content_type.as_bytes()));
    if settings.format == Format::Xml {
        request.response.charset = Some(b"utf-8".to_vec());
    }
    // The head comes first: only then is the charset known, by which the widths of names are reckoned.
    if let Err(fault) = filters::order::send_head(request).await {
        return fault.into();
    }
    let page = match settings.format {
        Format::Html => html(request, &settings, &entries),
        Format::Json => json(&entries, None),
        Format::Jsonp => json(&entries, Some(&*callback).filter(|callback| !callback.is_empty())),
        Format::Xml => xml(&entries),
    };
    filters::order::answer_of_unknown_length(request, &page).await
}

/// The function of `jsonp`; `None` if its name is none.
fn callback(request: &Request, format: Format) -> Option<Vec<u8>> {
    if format != Format::Jsonp {
        return Some(Vec::new());
    }
    let name = family::argument(&request.args, b"callback").unwrap_or_default();
    let right = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_' || *byte == b'.';
    let shown = String::from_utf8_lossy(name);
    if name.len() > LONGEST_CALLBACK {
        request.log(Level::Info, format_args!("client sent too long callback name: \"{shown}\""));
        return None;
    }
    if !name.iter().all(right) {
        request.log(Level::Info, format_args!("client sent invalid callback name: \"{shown}\""));
        return None;
    }
    Some(name.to_vec())
}

fn refuse(request: &Request, directory: &[u8], error: &std::io::Error) -> Verdict {
    let (level, status) = match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => (Level::Error, 404),
        std::io::ErrorKind::PermissionDenied => (Level::Error, 403),
        _ => (Level::Crit, 500),
    };
    request.log_error(level, error, format_args!("opendir() \"{}\" failed", String::from_utf8_lossy(directory)));
    Verdict::Finish(status)
}

fn read(directory: &[u8]) -> std::io::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for entry in std::fs::read_dir(path(directory))? {
        let entry = entry?;
        let name = entry.file_name().into_vec();
        if name.first() == Some(&b'.') {
            continue;
        }
        // A link that leads nowhere is listed as what it is itself.
        let Ok(metadata) = std::fs::metadata(entry.path()).or_else(|_| entry.metadata()) else { continue };
        entries.push(Entry {
            name,
            directory: metadata.is_dir(),
            file: metadata.is_file(),
            modified: metadata.mtime(),
            size: metadata.len(),
        });
    }
    entries.sort_by(|a, b| b.directory.cmp(&a.directory).then_with(|| a.name.cmp(&b.name)));
    Ok(entries)
}

fn html(request: &Request, settings: &Autoindex, entries: &[Entry]) -> Vec<u8> {
    let mut uri = Vec::new();
    escape::write_html(&request.uri, &mut uri);
    let utf8 = request.response.charset.as_ref().is_some_and(|charset| charset.eq_ignore_ascii_case(b"utf-8"));
    let offset = if settings.localtime { now::offset_seconds() } else { 0 };
    let mut page = b"<html>\r\n<head><title>Index of ".to_vec();
    for part in
        [&uri, &b"</title></head>\r\n<body>\r\n<h1>Index of "[..], &uri, b"</h1><hr><pre><a href=\"../\">../</a>\r\n"]
    {
        page.extend_from_slice(part);
    }
    for entry in entries {
        html_entry(entry, utf8, offset, settings.exact_size, &mut page);
    }
    page.extend_from_slice(b"</pre><hr></body>\r\n</html>\r\n");
    page
}

fn html_entry(entry: &Entry, utf8: bool, offset: i64, exact: bool, page: &mut Vec<u8>) {
    page.extend_from_slice(b"<a href=\"");
    escape::write(&entry.name, Escape::UriComponent, page);
    page.extend_from_slice(if entry.directory { b"/\">" } else { b"\">" });
    let (shown, mut width, cut) = cut_name(&entry.name, utf8);
    escape::write_html(shown, page);
    if cut {
        page.extend_from_slice(b"..&gt;</a>");
    } else {
        if entry.directory && width < NAME_WIDTH {
            page.push(b'/');
            width += 1;
        }
        page.extend_from_slice(b"</a>");
        page.resize(page.len() + NAME_WIDTH - width, b' ');
    }
    let Civil { year, month, day, hour, minute, .. } = Civil::from_unix(entry.modified + offset);
    let month = MONTH_NAMES[usize::from(month) - 1];
    let size = match (entry.directory, exact) {
        (true, true) => format!("{:>19}", "-"),
        (true, false) => format!("{:>7}", "-"),
        (false, true) => format!("{:>19}", entry.size),
        (false, false) => rounded(entry.size),
    };
    let line = format_args!(" {day:02}-{month}-{year} {hour:02}:{minute:02} {size}\r\n");
    page.write_fmt(line).expect("a vector takes every byte");
}

/// What is shown of a name, how wide it is, and whether it was cut.
fn cut_name(name: &[u8], utf8: bool) -> (&[u8], usize, bool) {
    let width = match std::str::from_utf8(name) {
        Ok(text) if utf8 => text.chars().count(),
        _ => name.len(),
    };
    if width <= NAME_WIDTH {
        return (name, width, false);
    }
    let kept = NAME_WIDTH - 3;
    let end = match std::str::from_utf8(name) {
        Ok(text) if utf8 => text.char_indices().nth(kept).map_or(name.len(), |(end, _)| end),
        _ => kept,
    };
    (&name[..end], NAME_WIDTH, true)
}

fn rounded(size: u64) -> String {
    const UNITS: [(u64, u64, char); 3] =
        [(1 << 30, (1 << 30) - 1, 'G'), (1 << 20, (1 << 20) - 1, 'M'), (1 << 10, 9999, 'K')];
    match UNITS.iter().find(|(_, above, _)| size > *above) {
        Some((unit, _, letter)) => format!("{:>6}{letter}", size / unit + u64::from(size % unit > unit / 2 - 1)),
        None => format!(" {size:>6}"),
    }
}

fn json(entries: &[Entry], callback: Option<&[u8]>) -> Vec<u8> {
    let mut page = Vec::new();
    if let Some(callback) = callback {
        page.extend_from_slice(b"/* callback */\r\n");
        page.extend_from_slice(callback);
        page.push(b'(');
    }
    page.push(b'[');
    for (index, entry) in entries.iter().enumerate() {
        page.extend_from_slice(if index == 0 { b"\r\n{ \"name\":\"" } else { b",\r\n{ \"name\":\"" });
        escape::write_json(&entry.name, &mut page);
        let (kind, modified) = (entry.kind(), http_date::format(entry.modified));
        let line = format_args!("\", \"type\":\"{kind}\", \"mtime\":\"{modified}\"");
        page.write_fmt(line).expect("a vector takes every byte");
        if entry.file {
            page.write_fmt(format_args!(", \"size\":{}", entry.size)).expect("a vector takes every byte");
        }
        page.extend_from_slice(b" }");
    }
    page.extend_from_slice(b"\r\n]");
    if callback.is_some() {
        page.extend_from_slice(b");");
    }
    page
}

fn xml(entries: &[Entry]) -> Vec<u8> {
    let mut page = b"<?xml version=\"1.0\"?>\r\n<list>\r\n".to_vec();
    for entry in entries {
        let Civil { year, month, day, hour, minute, second, .. } = Civil::from_unix(entry.modified);
        let kind = entry.kind();
        let size = if entry.file { format!(" size=\"{}\"", entry.size) } else { String::new() };
        let open =
            format_args!("<{kind} mtime=\"{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z\"{size}>");
        page.write_fmt(open).expect("a vector takes every byte");
        escape::write_html(&entry.name, &mut page);
        page.write_fmt(format_args!("</{kind}>\r\n")).expect("a vector takes every byte");
    }
    page.extend_from_slice(b"</list>\r\n");
    page
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_the_page() {
        let mut page = Vec::new();
        let entry = Entry { name: b"a&b".to_vec(), directory: false, file: true, modified: 0, size: 20_000 };
        html_entry(&entry, false, 0, false, &mut page);
        let line = String::from_utf8_lossy(&page);
        assert_eq!(line, format!("<a href=\"a%26b\">a&amp;b</a>{} 01-Jan-1970 00:00     20K\r\n", " ".repeat(47)));
    }

    #[test]
    fn sizes_are_rounded_as_nginx_does() {
        assert_eq!(rounded(9999), "   9999");
        assert_eq!(rounded(10_000), "    10K");
        assert_eq!(rounded(1_048_575), "  1024K");
        assert_eq!(rounded(1_572_864), "     2M");
    }
}
