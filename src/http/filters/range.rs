//! Parts of a body (`ngx_http_range_filter_module`): one as it is, several as `multipart/byteranges`.

use super::ranges::{Multipart, Ranges};
use crate::http::message::headers::Known;
use crate::http::message::response::ContentType;
use crate::http::request::{HTTP_10, Request};
use crate::http::verdict::HeadFault;
use crate::primitives::http_date;

/// With `max_ranges` at its default, nginx serves several ranges only where they are not longer than the whole by more than this.
const MULTIPART_SLACK: u64 = 4096;
/// What each range is reckoned to cost in a multipart body.
const MULTIPART_COST: u64 = 256;
const UNLIMITED: u32 = i32::MAX as u32;

/// Looks at the `Range` of the request, and makes the head say what part of the body it will be.
pub fn head(request: &mut Request) -> Result<(), HeadFault> {
    let response = &request.response;
    let max_ranges = request.location.settings.core.max_ranges;
    let Some(length) = response.content_length else { return Ok(()) };
    if request.version < HTTP_10
        || response.status != 200
        || request.is_subrequest && request.contexts.slices.get().is_none()
        || !response.allow_ranges
        || max_ranges == 0
    {
        return Ok(());
    }
    if request.is_subrequest {
        // A further slice is cut as the first one was.
        if let Some((start, end)) = request.contexts.slices.get().and_then(|slices| slices.range()) {
            single(request, start, end, length);
        }
        return Ok(());
    }
    let limit = if response.single_range { 1 } else { max_ranges };
    let wanted = match request.header(Known::Range) {
        Some(range) if range.len() >= 7 && range[..6].eq_ignore_ascii_case(b"bytes=") && if_range_holds(request) => {
            parse(&range[6..], length, limit)
        }
        _ => Wanted::Everything,
    };
    match wanted {
        Wanted::Everything => {
            request.response.accept_ranges_listed = true;
            request.response.headers.push(b"Accept-Ranges", b"bytes");
        }
        Wanted::Nothing => {
            request.response.status = 416;
            // A backend's charset outlives its type.
            request.response.charset = request.response.said_charset().map(<[u8]>::to_vec);
            let text = format!("bytes */{length}");
            say_range(request, &text);
            request.response.content_length = None;
            return Err(HeadFault::Status(416));
        }
        Wanted::Ranges(ranges) => {
            request.response.status = 206;
            request.response.status_line = None;
            match ranges[..] {
                [(start, end)] => single(request, start, end, length),
                _ => multiple(request, ranges, length),
            }
        }
    }
    Ok(())
}

fn if_range_holds(request: &Request) -> bool {
    let Some(condition) = request.header(Known::IfRange) else { return true };
    if condition.len() >= 2 && condition.ends_with(b"\"") {
        return request.response.etag() == Some(condition);
    }
    let Some(modified) = request.response.last_modified else { return false };
    http_date::parse(condition) == Some(modified)
}

#[derive(PartialEq, Eq, Debug)]
enum Wanted {
    Everything,
    Nothing,
    Ranges(Vec<(u64, u64)>),
}

/// Reads the ranges behind `bytes=` (`ngx_http_range_parse`).
fn parse(text: &[u8], length: u64, limit: u32) -> Wanted {
    let mut ranges = Vec::new();
    let mut size = 0u64;
    for part in text.split(|&byte| byte == b',') {
        let Some((start, end)) = parse_one(part, length) else { return Wanted::Nothing };
        if start < end {
            ranges.push((start, end));
            size += end - start;
            if ranges.len() > limit as usize {
                return Wanted::Everything;
            }
        } else if start == 0 {
            return Wanted::Everything;
        }
    }
    match ranges.len() {
        0 => Wanted::Nothing,
        1 => Wanted::Ranges(ranges),
        _ if size > length => Wanted::Everything,
        count if limit == UNLIMITED && size + count as u64 * MULTIPART_COST > length + MULTIPART_SLACK => {
            Wanted::Everything
        }
        _ => Wanted::Ranges(ranges),
    }
}

/// One range, as the first byte and the byte behind the last.
fn parse_one(part: &[u8], length: u64) -> Option<(u64, u64)> {
    let (first, last) = part.split_at(memchr::memchr(b'-', part)?);
    let (first, last) = (trim(first), trim(&last[1..]));
    if first.is_empty() {
        let suffix = number(last)?;
        let start = length.saturating_sub(suffix);
        return Some((start, if suffix == 0 { start } else { length }));
    }
    let start = number(first)?;
    let end = if last.is_empty() { length } else { number(last)?.saturating_add(1).min(length) };
    Some((start, end))
}

fn trim(text: &[u8]) -> &[u8] {
    let start = text.iter().take_while(|&&byte| byte == b' ').count();
    let end = text.len() - text[start..].iter().rev().take_while(|&&byte| byte == b' ').count();
    &text[start..end]
}

fn number(text: &[u8]) -> Option<u64> {
    if text.is_empty() || !text.iter().all(u8::is_ascii_digit) {
        return None;
    }
    std::str::from_utf8(text).ok()?.parse::<i64>().ok().map(|number| number as u64)
}

fn say_range(request: &mut Request, text: &str) {
    forget_range(request);
    request.response.headers.push(b"Content-Range", text.as_bytes());
}

/// A backend's line gives way to ours, one that `add_header` brings does not.
fn forget_range(request: &mut Request) {
    let added = &request.location.settings.headers.add_headers;
    if added.iter().all(|header| !header.name.eq_ignore_ascii_case(b"Content-Range")) {
        request.response.headers.remove(b"Content-Range");
    }
}

fn single(request: &mut Request, start: u64, end: u64, length: u64) {
    let text = format!("bytes {start}-{}/{length}", end - 1);
    say_range(request, &text);
    request.response.content_length = Some(end - start);
    let position = request.contexts.slices.get().map_or(0, |slices| slices.offset());
    request.filters.range = Some(Box::new(Ranges { ranges: vec![(start, end)], multipart: None, position, length }));
}

thread_local! {
    static BOUNDARY: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

fn multiple(request: &mut Request, ranges: Vec<(u64, u64)>, length: u64) {
    BOUNDARY.set(BOUNDARY.get() + 1);
    let boundary = format!("{:020}", BOUNDARY.get());
    let response = &mut request.response;
    let mut header = format!("\r\n--{boundary}\r\n").into_bytes();
    if response.content_type.is_some() {
        header.extend_from_slice(b"Content-Type: ");
        response.write_content_type(&mut header);
        header.extend_from_slice(b"\r\n");
    }
    header.extend_from_slice(b"Content-Range: bytes ");
    let multipart = Multipart { header, boundary };
    let last_boundary = (multipart.boundary.len() + "\r\n----\r\n".len()) as u64;
    let parts = ranges.iter().map(|&(start, end)| multipart.part(start, end, length).len() as u64 + end - start);
    response.content_length = Some(parts.sum::<u64>() + last_boundary);
    let content_type = format!("multipart/byteranges; boundary={}", multipart.boundary);
    response.content_type = Some(ContentType::from(content_type.into_bytes()));
    response.charset = None;
    forget_range(request);
    request.filters.range = Some(Box::new(Ranges { ranges, multipart: Some(multipart), position: 0, length }));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_as_nginx_reads_them() {
        let ranges = |text: &str| parse(text.as_bytes(), 1000, UNLIMITED);
        assert_eq!(ranges("0-99"), Wanted::Ranges(vec![(0, 100)]));
        assert_eq!(ranges("-100"), Wanted::Ranges(vec![(900, 1000)]));
        assert_eq!(ranges(" 900 - "), Wanted::Ranges(vec![(900, 1000)]));
        assert_eq!(ranges("0-0,999-5000"), Wanted::Ranges(vec![(0, 1), (999, 1000)]));
        assert_eq!(ranges("1000-"), Wanted::Nothing);
        assert_eq!(ranges("a-b"), Wanted::Nothing);
        assert_eq!(ranges("5-4"), Wanted::Nothing);
        assert_eq!(ranges("0-700,0-700"), Wanted::Everything);
    }
}
