//! `gzip`: whether an answer is compressed (`ngx_http_gzip_filter_module`).

use super::encoder::Encoder;
use crate::http::message::headers::Known;
use crate::http::request::{HTTP_10, HTTP_11, Request};
use crate::ir::http::core::{GzipHttpVersion, GzipProxied};
use crate::primitives::http_date;

/// Decides whether the answer is compressed.
pub fn head(request: &mut Request) {
    let settings = std::rc::Rc::clone(&request.location.settings.gzip);
    let response = &request.response;
    if !settings.enabled
        || !matches!(response.status, 200 | 403 | 404)
        || response.headers.find(b"Content-Encoding").is_some_and(|coding| !coding.is_empty())
        || response.content_length.is_some_and(|length| length < settings.min_length)
        || request.header_only
        || request.is_subrequest
    {
        return;
    }
    if !response.is_of(&settings.types) {
        return;
    }
    request.response.gzip_vary = true;
    if !is_wanted(request) {
        return;
    }
    let response = &mut request.response;
    response.headers.push(b"Content-Encoding", b"gzip");
    response.content_length = None;
    response.clear_accept_ranges();
    weaken_etag(request);
    request.filters.gzip = Some(Box::new(Encoder::new(settings.level)));
}

/// A tag of a changed body can only be weak.
pub fn weaken_etag(request: &mut Request) {
    let Some(tag) = request.response.etag() else { return };
    if tag.starts_with(b"W/") {
        return;
    }
    if !tag.starts_with(b"\"") {
        request.response.headers.remove(b"ETag");
        return;
    }
    let weak = [b"W/", tag].concat();
    request.response.headers.set(b"ETag", &weak);
}

/// Whether the client takes gzip, and `gzip_http_version`, `gzip_proxied` and `gzip_disable` do not speak against it
/// (`ngx_http_gzip_ok`).
pub fn is_wanted(request: &Request) -> bool {
    let core = &request.location.settings.core;
    let least = if core.gzip_http_version == GzipHttpVersion::Http10 { HTTP_10 } else { HTTP_11 };
    let Some(accepted) = request.header(Known::AcceptEncoding) else { return false };
    if !accepted.starts_with(b"gzip,") && !accepts_gzip(accepted)
        || core.gzip_disable.msie6 && request.browser().msie6
        || request.version < least
        || request.header(Known::Via).is_some() && !is_wanted_by_proxy(request, core.gzip_proxied)
    {
        return false;
    }
    match request.header(Known::UserAgent) {
        Some(agent) => !core.gzip_disable.agents.iter().any(|regex| regex.is_match(agent)),
        None => true,
    }
}

fn is_wanted_by_proxy(request: &Request, rules: GzipProxied) -> bool {
    let headers = &request.response.headers;
    if rules.contains(GzipProxied::OFF) {
        return false;
    }
    if rules.contains(GzipProxied::ANY)
        || rules.contains(GzipProxied::AUTH) && request.header(Known::Authorization).is_some()
    {
        return true;
    }
    if let Some(expires) = headers.find(b"Expires") {
        let date = match headers.find(b"Date") {
            Some(date) => http_date::parse(date),
            None => Some(crate::log::now::since_epoch().as_secs() as i64),
        };
        let times = http_date::parse(expires).zip(date);
        return rules.contains(GzipProxied::EXPIRED) && times.is_some_and(|(expires, date)| expires < date);
    }
    if headers.find(b"Cache-Control").is_some() {
        let says = |rule, word: &[u8]| {
            rules.contains(rule) && headers.find_all(b"Cache-Control").any(|line| has_word(line, word))
        };
        return says(GzipProxied::NO_CACHE, b"no-cache")
            || says(GzipProxied::NO_STORE, b"no-store")
            || says(GzipProxied::PRIVATE, b"private");
    }
    !(rules.contains(GzipProxied::NO_LAST_MODIFIED) && request.response.last_modified_listed
        || rules.contains(GzipProxied::NO_ETAG) && request.response.etag().is_some())
}

fn has_word(line: &[u8], word: &[u8]) -> bool {
    line.split(|&byte| byte == b',').any(|part| {
        let end = part.iter().position(|&byte| byte == b'=').unwrap_or(part.len());
        part[..end].trim_ascii().eq_ignore_ascii_case(word)
    })
}

/// Looks for `gzip` in the list, without `q=0` (`ngx_http_gzip_accept_encoding`).
fn accepts_gzip(list: &[u8]) -> bool {
    const NAME: &[u8] = b"gzip";
    let mut from = 0;
    let rest = loop {
        let offset = list[from..].windows(NAME.len()).position(|window| window.eq_ignore_ascii_case(NAME));
        let Some(offset) = offset else { return false };
        let at = from + offset;
        from = at + NAME.len();
        if at == 0 || matches!(list[at - 1], b',' | b' ') {
            break &list[from..];
        }
    };
    let rest = skip_spaces(rest);
    match rest.first() {
        None | Some(b',') => return true,
        Some(b';') => {}
        Some(_) => return false,
    }
    let rest = skip_spaces(&rest[1..]);
    match rest {
        [] => true,
        [b'q' | b'Q', b'=', value @ ..] if !value.is_empty() => !is_zero_quality(value),
        _ => false,
    }
}

fn skip_spaces(text: &[u8]) -> &[u8] {
    let spaces = text.iter().take_while(|&&byte| byte == b' ').count();
    &text[spaces..]
}

/// `0`, `0.0`, `0.00`, `0.000`, or no quality at all (`ngx_http_gzip_quantity`).
fn is_zero_quality(value: &[u8]) -> bool {
    let end = value.iter().position(|&byte| matches!(byte, b',' | b' ')).unwrap_or(value.len());
    match &value[..end] {
        [b'0'] | [b'0', b'.'] => true,
        [b'0', b'.', digits @ ..] => {
            digits.len() > 3
                || digits.iter().any(|digit| !digit.is_ascii_digit())
                || digits.iter().all(|&digit| digit == b'0')
        }
        [b'1'] | [b'1', b'.'] => false,
        [b'1', b'.', digits @ ..] => digits.len() > 3 || digits.iter().any(|&digit| digit != b'0'),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_takes_gzip() {
        for list in ["gzip", "deflate, gzip", "gzip;q=0.5", "x, GZIP;q=1.000", "gzip ;q=1", "agzip, gzip"] {
            assert!(accepts_gzip(list.as_bytes()), "{list}");
        }
        for list in ["deflate", "gzip;q=0", "gzip;q=0.000", "gzipx", "xgzip", "gzip;q=2", "gzip;q=0.5x"] {
            assert!(!accepts_gzip(list.as_bytes()), "{list}");
        }
    }
}
