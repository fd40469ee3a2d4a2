//! Which headers of a backend's answer reach the client, and what is made of them on the way.

use std::rc::Rc;

use super::cookie;
use super::plan::AnswerPlan;
use super::response::{Head, Kind, Line, decimal};
use crate::http::message::headers::HeaderList;
use crate::http::message::response::{ContentType, ResponseHead};
use crate::http::request::Request;
use crate::http::{evaluate, status};
use crate::ir::http::proxy::{IgnoreHeaders, Proxy, RedirectRule};
use crate::primitives::http_date;

/// Fills in the answer to the client.
pub fn apply(request: &mut Request, proxy: &Proxy, plan: &AnswerPlan, head: &Head, buffer: &[u8]) {
    request.response.headers.reserve(head.lines.len(), head.end);
    for line in head.lines.iter().filter(|line| !line.dropped) {
        let name = &buffer[line.name.clone()];
        if !plan.hides(line.kind, name) {
            copy(request, proxy, plan, line, name, &buffer[line.value.clone()]);
        }
    }
    let response = &mut request.response;
    response.server_listed = plan.shows(Kind::Server);
    response.date_listed = plan.shows(Kind::Date);
    response.status = head.status;
    let text = &buffer[head.status_text.clone()];
    let usual = status::line(head.status).is_some_and(|line| line.as_bytes() == text);
    // The phrase of these two is kept even if it is the usual one: a backend's answer loses none of its headers, and its body is
    // looked for (`ngx_http_header_filter`).
    let has_phrase = head.version > 9 && !text.is_empty();
    response.status_line = (has_phrase && (!usual || matches!(head.status, 204 | 304))).then(|| text.to_vec());
    response.content_length = head.content_length;
    response.disable_not_modified = true;
    if proxy.force_ranges {
        response.allow_ranges = true;
        response.single_range = true;
    }
}

/// What of early hints reaches the client.
pub fn early_hints(plan: &AnswerPlan, head: &Head, buffer: &[u8]) -> HeaderList {
    let mut hints = HeaderList::default();
    for line in &head.lines {
        let name = &buffer[line.name.clone()];
        if !plan.hides_name(name) {
            hints.push(name, &buffer[line.value.clone()]);
        }
    }
    hints
}

/// The few headers that stay with an answer which `X-Accel-Redirect` sends elsewhere.
pub fn apply_to_redirect(request: &mut Request, proxy: &Proxy, plan: &AnswerPlan, head: &Head, buffer: &[u8]) {
    use Kind::{AcceptRanges, CacheControl, ContentDisposition, ContentType, Expires, SetCookie};
    for line in head.lines.iter().filter(|line| !line.dropped) {
        if matches!(line.kind, ContentType | SetCookie | ContentDisposition | CacheControl | Expires | AcceptRanges) {
            copy(request, proxy, plan, line, &buffer[line.name.clone()], &buffer[line.value.clone()]);
        }
    }
    // nginx keeps the charset apart: it outlives the type, and belongs to whatever type the other place gives.
    let response = &mut request.response;
    response.charset = response.said_charset().map(<[u8]>::to_vec);
}

fn copy(request: &mut Request, proxy: &Proxy, plan: &AnswerPlan, line: &Line, name: &[u8], value: &[u8]) {
    let response = &mut request.response;
    match line.kind {
        Kind::ContentLength | Kind::Connection | Kind::KeepAlive | Kind::TransferEncoding => {}
        Kind::ContentType => set_content_type(response, value),
        Kind::AcceptRanges if proxy.force_ranges => {}
        Kind::AcceptRanges => {
            response.accept_ranges_listed = true;
            response.headers.push(name, value);
        }
        Kind::LastModified => {
            response.last_modified = http_date::parse(value);
            response.last_modified_listed = true;
            response.headers.push(name, value);
        }
        Kind::Location => match rewrite_redirect(request, plan, value, 0) {
            Some(rewritten) => {
                request.response.headers.push(name, &rewritten);
                request.response.redirect = true;
            }
            None => {
                request.response.headers.push(name, value);
                // Without rules, only a whole URL is taken for a redirect that the server itself may change.
                request.response.redirect = plan.redirects.is_none() && value.first() != Some(&b'/');
            }
        },
        Kind::Refresh => {
            let url = value.windows(4).position(|window| window.eq_ignore_ascii_case(b"url="));
            let rewritten = url.and_then(|at| rewrite_redirect(request, plan, value, at + 4));
            request.response.headers.push(name, rewritten.as_deref().unwrap_or(value));
        }
        Kind::SetCookie => {
            let rewritten = cookie::rewrite(request, proxy, value);
            request.response.headers.push(name, rewritten.as_deref().unwrap_or(value));
        }
        _ => response.headers.push(name, value),
    }
}

/// Without a value it is as if there were no such header (`ngx_http_header_filter`).
fn set_content_type(response: &mut ResponseHead, value: &[u8]) {
    response.content_type = (!value.is_empty()).then(|| ContentType::Owned(Rc::from(value)));
    if response.charset.is_some() && response.said_by_type().is_some() {
        response.charset = None;
    }
}

/// The first rule that fits is applied to what stands behind `prefix`.
fn rewrite_redirect(request: &Request, plan: &AnswerPlan, value: &[u8], prefix: usize) -> Option<Vec<u8>> {
    let (kept, url) = value.split_at(prefix);
    plan.redirects.iter().flat_map(|rules| rules.iter()).find_map(|rule| match rule {
        RedirectRule::Prefix { from, to } => {
            let from = evaluate::text(request, from);
            let rest = url.strip_prefix(&*from)?;
            Some([kept, &evaluate::text(request, to), rest].concat())
        }
        RedirectRule::Regex { from, to } => {
            evaluate::matches(request, from, url).then(|| [kept, &evaluate::text(request, to)].concat())
        }
    })
}

/// What `X-Accel-…` headers change in the way the answer is sent. Gives whether it is buffered.
pub fn take_controls(request: &mut Request, proxy: &Proxy, head: &Head, buffer: &[u8]) -> bool {
    let is_read = |word| !proxy.ignore_headers.contains(word);
    if is_read(IgnoreHeaders::X_ACCEL_LIMIT_RATE)
        && let Some(rate) = head.find(buffer, Kind::AccelLimitRate).and_then(decimal)
    {
        request.limit_rate = Some(rate);
    }
    if is_read(IgnoreHeaders::X_ACCEL_CHARSET)
        && let Some(charset) = head.find(buffer, Kind::AccelCharset)
    {
        request.response.override_charset = Some(charset.to_vec());
    }
    match head.find(buffer, Kind::AccelBuffering) {
        Some(value) if is_read(IgnoreHeaders::X_ACCEL_BUFFERING) && value.eq_ignore_ascii_case(b"no") => false,
        Some(value) if is_read(IgnoreHeaders::X_ACCEL_BUFFERING) && value.eq_ignore_ascii_case(b"yes") => true,
        _ => proxy.buffering,
    }
}
