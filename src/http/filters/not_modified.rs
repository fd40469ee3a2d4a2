//! `If-Modified-Since`, `If-Unmodified-Since`, `If-Match`, `If-None-Match` (`ngx_http_not_modified_filter_module`).

use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::http::verdict::HeadFault;
use crate::ir::http::core::IfModifiedSince;
use crate::primitives::http_date;

/// Turns the answer into a 304, or refuses it with 412.
pub fn head(request: &mut Request) -> Result<(), HeadFault> {
    if request.response.status != 200 || request.is_subrequest || request.response.disable_not_modified {
        return Ok(());
    }
    let modified_since = request.header(Known::IfModifiedSince);
    let none_match = request.header(Known::IfNoneMatch);
    let refused = request.header(Known::IfUnmodifiedSince).is_some_and(|since| is_modified_after(request, since))
        || request.header(Known::IfMatch).is_some_and(|list| !is_match(request, list, false));
    if refused {
        request.response.clear();
        request.filter_finalize = true;
        return Err(HeadFault::Status(412));
    }
    if modified_since.is_none() && none_match.is_none()
        || modified_since.is_some_and(|since| is_modified(request, since))
        || none_match.is_some_and(|list| !is_match(request, list, true))
    {
        return Ok(());
    }
    let response = &mut request.response;
    response.status = 304;
    response.status_line = None;
    response.content_type = None;
    response.content_length = None;
    response.clear_accept_ranges();
    response.headers.remove(b"Content-Encoding");
    Ok(())
}

fn is_modified_after(request: &Request, since: &[u8]) -> bool {
    match (request.response.last_modified, http_date::parse(since)) {
        (Some(modified), Some(since)) => since < modified,
        _ => true,
    }
}

fn is_modified(request: &Request, since: &[u8]) -> bool {
    let rule = request.location.settings.core.if_modified_since;
    let (Some(modified), false) = (request.response.last_modified, rule == IfModifiedSince::Off) else { return true };
    let since = http_date::parse(since).unwrap_or(-1);
    since != modified && (rule == IfModifiedSince::Exact || since < modified)
}

/// Whether the answer's tag is in a list; `weak` leaves the weakness marks out of account.
fn is_match(request: &Request, list: &[u8], weak: bool) -> bool {
    if list == b"*" {
        return true;
    }
    let Some(tag) = request.response.etag() else { return false };
    let strip = |tag: &'_ [u8]| -> usize { if weak && tag.len() > 2 && tag.starts_with(b"W/") { 2 } else { 0 } };
    let tag = &tag[strip(tag)..];
    let mut rest = list;
    while !rest.is_empty() {
        rest = &rest[strip(rest)..];
        if tag.len() > rest.len() {
            return false;
        }
        if let Some(after) = rest.strip_prefix(tag) {
            let after = skip(after, b" \t");
            if after.first().is_none_or(|&byte| byte == b',') {
                return true;
            }
            rest = after;
        }
        let comma = memchr::memchr(b',', rest).unwrap_or(rest.len());
        rest = skip(&rest[comma..], b" \t,");
    }
    false
}

fn skip<'t>(text: &'t [u8], bytes: &[u8]) -> &'t [u8] {
    let count = text.iter().take_while(|byte| bytes.contains(byte)).count();
    &text[count..]
}
