//! `more_set_headers` and its kin (the third-party module `headers_more`): lines set in and taken out of both heads.

use std::rc::Rc;

use crate::http::connection::request_head::{contains_ignoring_case, decimal};
use crate::http::evaluate;
use crate::http::host::{self, Host};
use crate::http::message::head::Head;
use crate::http::message::headers::Known;
use crate::http::message::response::{ContentType, ResponseHead};
use crate::http::request::{ConnectionType, HTTP_10, Request};
use crate::http::verdict::Verdict;
use crate::ir::http::headers_more::HeaderLine;

/// Changes the head of the answer; `add_header` comes later, so its lines stay.
pub fn head(request: &mut Request) {
    let settings = Rc::clone(&request.location.settings.headers_more);
    for command in settings.output.iter() {
        let response = &request.response;
        let fits_type = command.types.is_empty() || has_type(response, &command.types);
        let fits_status = command.statuses.is_empty() || command.statuses.contains(&u64::from(response.status));
        if !fits_type || !fits_status {
            continue;
        }
        for line in &command.lines {
            let value = evaluate::text(request, &line.value);
            set_output(&mut request.response, line, &value, command.append);
        }
    }
}

/// The type as it was said, without a charset; letter case matters.
fn has_type(response: &ResponseHead, types: &[crate::ir::value::Text]) -> bool {
    let said = response.content_type.as_ref().map(ContentType::without_charset);
    said.is_some_and(|said| types.iter().any(|wanted| **wanted == *said.as_bytes()))
}

fn set_output(response: &mut ResponseHead, line: &HeaderLine, value: &[u8], append: bool) {
    let name = &*line.name;
    match name.to_ascii_lowercase().as_slice() {
        b"content-type" => return set_content_type(response, value),
        b"content-length" => {
            response.content_length = decimal(value);
            return;
        }
        b"cache-control" if response.headers.find(name).is_none() => {
            // The module does not look whether there is anything to add.
            response.headers.push(b"Cache-Control", value);
            return;
        }
        b"server" => response.server_listed = true,
        b"date" => response.date_listed = true,
        b"last-modified" => response.last_modified_listed = true,
        b"location" => response.redirect = true,
        b"accept-ranges" => response.allow_ranges &= !value.is_empty(),
        _ => {}
    }
    if append {
        if !value.is_empty() {
            response.headers.push(name, value);
        }
        return;
    }
    let is_found = match name.strip_suffix(b"*") {
        Some(start) => response.headers.replace_all(|name| starts_with(name, start), value),
        None => response.headers.replace_all(|other| other.eq_ignore_ascii_case(name), value),
    };
    if !is_found && !value.is_empty() {
        response.headers.push(name, value);
    }
}

/// A charset that was known before stays unless the new type says one.
fn set_content_type(response: &mut ResponseHead, value: &[u8]) {
    let before = response.said_charset().map(<[u8]>::to_vec);
    response.headers.remove(b"Content-Type");
    response.charset = None;
    response.content_type = (!value.is_empty()).then(|| ContentType::from(value.to_vec()));
    if response.said_charset().is_none() && !value.is_empty() {
        response.charset = before;
    }
}

fn starts_with(name: &[u8], start: &[u8]) -> bool {
    name.get(..start.len()).is_some_and(|name| name.eq_ignore_ascii_case(start))
}

/// Changes the head of the request, at the end of the rewrite phase.
pub fn handle(request: &mut Request) -> Verdict {
    let settings = Rc::clone(&request.location.settings.headers_more);
    if settings.input.is_empty() || request.version < HTTP_10 {
        return Verdict::Declined;
    }
    for command in settings.input.iter() {
        let said = request.header(Known::ContentType);
        if !command.types.is_empty() && !said.is_some_and(|said| command.types.iter().any(|wanted| **wanted == *said)) {
            continue;
        }
        for line in &command.lines {
            let value = evaluate::text(request, &line.value).into_owned();
            if note(request, Known::of(&line.name), &value).is_none() {
                return Verdict::Close;
            }
            set_input(Rc::make_mut(&mut request.head), line, &value, command.replace);
        }
    }
    Verdict::Declined
}

/// What else of the request follows from some headers; nothing for a value that cannot be.
fn note(request: &mut Request, header: Known, value: &[u8]) -> Option<()> {
    match header {
        Known::Host if value.is_empty() => request.host.clear(),
        Known::Host => {
            let Host { name, .. } = host::validate_host(value, Vec::new())?;
            request.host = name;
        }
        Known::ContentLength if value.is_empty() => request.content_length = None,
        Known::ContentLength => request.content_length = Some(decimal(value)?),
        Known::Connection => {
            request.connection_type = ConnectionType::Unsaid;
            if contains_ignoring_case(value, b"close") {
                request.connection_type = ConnectionType::Close;
                request.keepalive = false;
            } else if contains_ignoring_case(value, b"keep-alive") {
                request.connection_type = ConnectionType::KeepAlive;
            }
        }
        _ => {}
    }
    Some(())
}

fn set_input(head: &mut Head, line: &HeaderLine, value: &[u8], only_replace: bool) {
    let name = &*line.name;
    if value.is_empty() {
        return match name.strip_suffix(b"*") {
            Some(start) => head.remove_headers(|name| starts_with(name, start)),
            None => head.remove_headers(|other| other.eq_ignore_ascii_case(name)),
        };
    }
    let has_one = head.lines().any(|(other, _)| other.eq_ignore_ascii_case(name));
    if only_replace && !has_one {
        return;
    }
    head.set_header(name, value, matches!(Known::of(name), Known::Other | Known::Cookie | Known::XForwardedFor));
}
