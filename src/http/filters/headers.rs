//! `add_header`, `add_trailer` and `expires` (`ngx_http_headers_filter_module`).

use std::rc::Rc;

use crate::http::evaluate;
use crate::http::message::headers::HeaderList;
use crate::http::request::Request;
use crate::ir::http::headers::{AddHeader, Expires};
use crate::primitives::{duration, http_date};

/// Statuses to which headers are added without `always`.
fn is_safe(status: u16) -> bool {
    matches!(status, 200 | 201 | 204 | 206 | 301 | 302 | 303 | 304 | 307 | 308)
}

/// Adds the location's headers to the head.
pub fn head(request: &mut Request) {
    if request.is_subrequest {
        return;
    }
    let settings = Rc::clone(&request.location.settings.headers);
    let safe = is_safe(request.response.status);
    if safe {
        expires(request, &settings.expires);
    }
    // Also of the page that takes the answer's place where a later filter finds a fault.
    request.filters.expects_trailers |= settings.add_trailers.iter().any(|trailer| safe || trailer.always);
    for header in settings.add_headers.iter().filter(|header| safe || header.always) {
        let value = evaluate::text(request, &header.value);
        add(request, header, &value);
    }
}

fn add(request: &mut Request, header: &AddHeader, value: &[u8]) {
    let response = &mut request.response;
    if header.name.eq_ignore_ascii_case(b"Last-Modified") {
        response.headers.put(&header.name, value);
        response.last_modified = (!value.is_empty()).then(|| http_date::parse(value).unwrap_or(-1));
        response.last_modified_listed = !value.is_empty();
    } else if header.name.eq_ignore_ascii_case(b"ETag") {
        response.headers.put(&header.name, value);
    } else if !value.is_empty() {
        response.headers.push(&header.name, value);
    }
}

/// What follows a chunked body: a backend's trailers, then the location's.
pub fn trailers(request: &mut Request) -> HeaderList {
    add_trailers(request);
    request.response.trailers.clone()
}

/// Adds the location's trailers before a body that is there as a whole: nginx does so before it passes the last buffer on
/// (`ngx_http_trailers_filter`).
pub fn add_trailers_ahead(request: &mut Request) {
    if !request.is_subrequest && !request.header_only {
        add_trailers(request);
        request.filters.has_trailers = true;
    }
}

/// `add_trailer`
pub fn add_trailers(request: &mut Request) {
    if std::mem::take(&mut request.filters.has_trailers) {
        return;
    }
    let settings = Rc::clone(&request.location.settings.headers);
    let safe = is_safe(request.response.status);
    for trailer in settings.add_trailers.iter().filter(|trailer| safe || trailer.always) {
        let value = evaluate::text(request, &trailer.value);
        if !value.is_empty() {
            request.response.trailers.push(&trailer.name, &value);
        }
    }
}

fn expires(request: &mut Request, setting: &Expires) {
    if matches!(setting, Expires::Off) {
        return;
    }
    let read;
    let setting = match setting {
        Expires::Template { value, modified } => {
            let text = evaluate::text(request, value);
            let Some(setting) = parse(&text, *modified) else { return };
            read = setting;
            &read
        }
        setting => setting,
    };
    let now = crate::log::now::since_epoch().as_secs() as i64;
    let modified = request.response.last_modified.unwrap_or(-1);
    let (at, age) = match *setting {
        Expires::Off | Expires::Template { .. } => return,
        Expires::Epoch => return set(request, "Thu, 01 Jan 1970 00:00:01 GMT", "no-cache"),
        Expires::Max => return set(request, "Thu, 31 Dec 2037 23:55:55 GMT", "max-age=315360000"),
        Expires::Access(0) | Expires::Modified(0) => (now, 0),
        Expires::Access(seconds) => (now + seconds, seconds),
        Expires::Modified(seconds) if modified == -1 => (now + seconds, seconds),
        Expires::Modified(seconds) => (modified + seconds, modified + seconds - now),
        Expires::Daily(second) => {
            let at = next_second_of_day(now, second);
            (at, at - now)
        }
    };
    let past = age < 0 || matches!(*setting, Expires::Access(seconds) | Expires::Modified(seconds) if seconds < 0);
    let control = if past { "no-cache".to_owned() } else { format!("max-age={age}") };
    set(request, &http_date::format(at), &control);
}

fn set(request: &mut Request, expires: &str, control: &str) {
    let headers = &mut request.response.headers;
    headers.set(b"Expires", expires.as_bytes());
    if !headers.replace_all(|name| name.eq_ignore_ascii_case(b"Cache-Control"), control.as_bytes()) {
        headers.push(b"Cache-Control", control.as_bytes());
    }
}

/// The next time that it is this second of the local day.
fn next_second_of_day(now: i64, second: i64) -> i64 {
    let offset = crate::log::now::offset_seconds();
    let midnight = (now + offset).div_euclid(86_400) * 86_400 - offset;
    let today = midnight + second;
    if today > now { today } else { today + 86_400 }
}

/// Reads a value that came out of variables (`ngx_http_parse_expires`).
fn parse(text: &[u8], modified: bool) -> Option<Expires> {
    if !modified {
        match text {
            b"epoch" => return Some(Expires::Epoch),
            b"max" => return Some(Expires::Max),
            b"off" => return Some(Expires::Off),
            _ => {}
        }
    }
    let (sign, digits) = match text.first() {
        Some(b'@') if modified => return None,
        Some(b'@') => {
            let second = duration::parse_seconds(&text[1..])? as i64;
            return (second <= 86_400).then_some(Expires::Daily(second));
        }
        Some(b'+') => (1, &text[1..]),
        Some(b'-') => (-1, &text[1..]),
        _ => (1, text),
    };
    let seconds = sign * duration::parse_seconds(digits)? as i64;
    Some(if modified { Expires::Modified(seconds) } else { Expires::Access(seconds) })
}
