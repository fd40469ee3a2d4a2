//! `slice`: an answer made up of ranges that are asked of the backend one after another (`ngx_http_slice_filter_module`).

use std::rc::Rc;

use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::http::request::slices::Slices;
use crate::http::subrequest;
use crate::http::verdict::{ClientGone, HeadFault};
use crate::log::error_log::Level;

/// `$slice_range`: its use before there is an answer makes it an answer in slices.
pub fn write_range(request: &Request, out: &mut Vec<u8>) -> bool {
    let size = request.location.settings.slice.size as u64;
    if request.contexts.slices.get().is_none() && (request.is_subrequest || request.response.status != 0 || size == 0) {
        return false;
    }
    let slices = request.contexts.slices.get_or_init(|| Rc::new(Slices::new(size, wanted_start(request))));
    let first = slices.asked.get();
    out.extend_from_slice(format!("bytes={first}-{}", first + slices.size - 1).as_bytes());
    true
}

/// The first byte that the client asks for, as far as that is plain (`ngx_http_slice_get_start`).
fn wanted_start(request: &Request) -> u64 {
    if request.header(Known::IfRange).is_some() {
        return 0;
    }
    let range = request.header(Known::Range).filter(|range| range.len() >= 7);
    let range = range.and_then(|range| range[..6].eq_ignore_ascii_case(b"bytes=").then(|| &range[6..]));
    let Some(range) = range.filter(|range| !range.contains(&b',')) else { return 0 };
    let digits = range.trim_ascii_start();
    let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let number = std::str::from_utf8(&digits[..length]).ok().and_then(|digits| digits.parse::<i64>().ok());
    number.unwrap_or(0).unsigned_abs()
}

/// Makes the head of the first slice that of the whole, and checks those of the others.
pub fn head(request: &mut Request) -> Result<(), HeadFault> {
    let Some(slices) = request.contexts.slices.get().cloned() else { return Ok(()) };
    let status = request.response.status;
    if status != 206 && !request.is_subrequest {
        request.contexts.slices.take();
        return Ok(());
    }
    let part = if status == 206 {
        check(request, &slices)
    } else {
        Err(format!("unexpected status code {status} in slice response"))
    };
    let part = match part {
        Ok(part) => part,
        Err(fault) => {
            request.log(Level::Error, fault);
            return Err(HeadFault::Gone);
        }
    };
    slices.next.set(part.end);
    if !request.is_subrequest {
        slices.end.set(part.length);
    }
    slices.is_answered.set(true);
    slices.offset.set(part.start);
    let response = &mut request.response;
    response.status = 200;
    response.status_line = None;
    response.content_length = Some(part.length);
    response.headers.remove(b"Content-Range");
    response.clear_accept_ranges();
    response.allow_ranges = true;
    response.single_range = true;
    Ok(())
}

/// What `Content-Range` says.
#[derive(PartialEq, Eq, Debug)]
struct Part {
    start: u64,
    end: u64,
    length: u64,
}

fn check(request: &Request, slices: &Slices) -> Result<Part, String> {
    let etag = request.response.etag();
    let mut earlier = slices.etag.borrow_mut();
    if earlier.is_some() && etag != earlier.as_deref() {
        return Err("etag mismatch in slice response".to_owned());
    }
    if let Some(etag) = etag.filter(|etag| !etag.is_empty()) {
        *earlier = Some(etag.to_vec());
    }
    let range = request.response.headers.find(b"Content-Range").and_then(parse);
    let (start, end, length) = range.ok_or("invalid range in slice response")?;
    let length = length.ok_or("no complete length in slice response")?;
    let expected = (slices.asked.get(), (start + slices.size).min(length));
    if (start, end) != expected {
        let (first, last) = expected;
        return Err(format!("unexpected range in slice response: {start}-{end}, expected: {first}-{last}"));
    }
    Ok(Part { start, end, length })
}

/// Reads `bytes first-last/length`: the first byte, the one behind the last, and the length, unless it is a `*`.
fn parse(text: &[u8]) -> Option<(u64, u64, Option<u64>)> {
    let text = std::str::from_utf8(text.strip_prefix(b"bytes ")?).ok()?;
    let number = |text: &str| {
        let text = text.trim_matches(' ');
        text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<i64>().ok())?.map(i64::unsigned_abs)
    };
    let (first, rest) = text.split_once('-')?;
    let (last, length) = rest.split_once('/')?;
    let length = if length.trim_matches(' ') == "*" { None } else { Some(number(length)?) };
    Some((number(first)?, number(last)? + 1, length))
}

/// Behind the filter of ranges it is known which slices are needed.
pub fn note_range(request: &Request) {
    let (Some(slices), false) = (request.contexts.slices.get(), request.is_subrequest) else { return };
    let range = request.filters.range.as_ref().and_then(|ranges| ranges.only());
    slices.range.set(range);
    if let Some((first, last)) = range {
        if slices.next.get() + slices.size <= first {
            slices.next.set(first / slices.size * slices.size);
        }
        slices.end.set(last);
    }
}

/// Asks for one slice after another, behind the first, and sends them on.
pub async fn send_others(request: &mut Request) -> Result<(), ClientGone> {
    let Some(slices) = request.contexts.slices.get().cloned() else { return Ok(()) };
    if request.is_subrequest || request.header_only {
        return Ok(());
    }
    while slices.next.get() < slices.end.get() {
        slices.asked.set(slices.next.get());
        slices.is_answered.set(false);
        let sent = match subrequest::start_again(request) {
            Ok(running) => subrequest::forward(request, running).await,
            Err(subrequest::TooDeep) => Err(ClientGone),
        };
        if sent.is_ok() && !slices.is_answered.get() {
            request.log(Level::Error, "missing slice response");
        }
        if sent.is_err() || !slices.is_answered.get() {
            // nginx closes at once, and with that drops what it has held back until then.
            request.connection.discard_gathered();
            return Err(ClientGone);
        }
    }
    // Behind the last one there is no range any more.
    request.contexts.slices.take();
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_ranges_as_nginx_reads_them() {
        assert_eq!(parse(b"bytes 0-1/100"), Some((0, 2, Some(100))));
        assert_eq!(parse(b"bytes  0 - 1 / * "), Some((0, 2, None)));
        for text in ["bytes", "bytes 0-1", "bytes 0/1", "bytes -1/2", "bytes a-1/2", "bytes 0-1/2x", "octets 0-1/2"] {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
    }
}
