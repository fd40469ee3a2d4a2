//! `gzip` (`ngx_http_gzip_filter_module`): whether an answer is compressed, and the compressor.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress, Status};

use crate::http::message::headers::Known;
use crate::http::request::{HTTP_10, HTTP_11, Request};
use crate::ir::http::core::{GzipHttpVersion, GzipProxied};
use crate::primitives::http_date;

/// The window of the compressor, in bits.
const WINDOW_BITS: u8 = 15;
/// Less than this of a body is held back, as it would be in one of nginx's `gzip_buffers`.
const LEAST_PIECE: usize = 4096;
/// Compressors that a worker keeps for later answers.
const SPARE: usize = 8;

thread_local! {
    static COMPRESSORS: RefCell<Vec<(u8, Compress)>> = const { RefCell::new(Vec::new()) };
}

/// One answer's compressor.
pub struct Encoder {
    compress: Option<Compress>,
    level: u8,
    /// What waits until there is enough of it for a piece.
    held: Vec<u8>,
    /// Something was taken that a flush would bring out.
    pub is_behind: bool,
}

impl Encoder {
    fn new(level: u8) -> Self {
        let spare = COMPRESSORS.with_borrow_mut(|spare| {
            let index = spare.iter().position(|(other, _)| *other == level)?;
            Some(spare.swap_remove(index).1)
        });
        let fresh = || Compress::new_gzip(Compression::new(u32::from(level)), WINDOW_BITS);
        Self { compress: Some(spare.unwrap_or_else(fresh)), level, held: Vec::new(), is_behind: false }
    }

    /// Compresses bytes to the end of `out`, or holds them back for the next piece.
    pub fn write(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.run(bytes, FlushCompress::None, out);
        self.is_behind = true;
        if out.len() < LEAST_PIECE {
            self.held.append(out);
        }
    }

    /// Writes everything that has been taken so far.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.run(&[], FlushCompress::Sync, out);
        self.is_behind = false;
    }

    /// Writes the end.
    pub fn finish(&mut self, out: &mut Vec<u8>) {
        out.append(&mut self.held);
        self.run(&[], FlushCompress::Finish, out);
    }

    /// How many bytes went in and came out.
    pub fn totals(&self) -> (u64, u64) {
        self.compress.as_ref().map_or((0, 0), |compress| (compress.total_in(), compress.total_out()))
    }

    fn run(&mut self, bytes: &[u8], flush: FlushCompress, out: &mut Vec<u8>) {
        let Some(compress) = &mut self.compress else { return };
        let mut rest = bytes;
        loop {
            out.reserve(rest.len() / 2 + 256);
            let before = compress.total_in();
            let status = compress.compress_vec(rest, out, flush);
            rest = &rest[(compress.total_in() - before) as usize..];
            let full = out.len() == out.capacity();
            match status {
                Ok(Status::Ok) if !rest.is_empty() || full || matches!(flush, FlushCompress::Finish) => {}
                _ => return,
            }
        }
    }
}

impl Drop for Encoder {
    fn drop(&mut self) {
        let Some(mut compress) = self.compress.take() else { return };
        COMPRESSORS.with_borrow_mut(|spare| {
            if spare.len() < SPARE {
                compress.reset();
                spare.push((self.level, compress));
            }
        });
    }
}

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
        Some(agent) => !core.gzip_disable.agents.iter().any(|regex| regex.compiled.is_match(agent).unwrap_or(false)),
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
    !(rules.contains(GzipProxied::NO_LAST_MODIFIED) && request.response.last_modified.is_some()
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

    #[test]
    fn what_goes_in_comes_out() {
        use std::io::Read;
        for level in [1, 6, 9] {
            let text: Vec<u8> = (0..100_000u32).flat_map(|number| (number % 1000).to_le_bytes()).collect();
            let mut encoder = Encoder::new(level);
            let mut packed = Vec::new();
            for piece in text.chunks(7000) {
                encoder.write(piece, &mut packed);
            }
            encoder.flush(&mut packed);
            encoder.finish(&mut packed);
            assert_eq!(encoder.totals(), (text.len() as u64, packed.len() as u64));
            let mut unpacked = Vec::new();
            flate2::read::GzDecoder::new(packed.as_slice()).read_to_end(&mut unpacked).expect("it is gzip");
            assert!(unpacked == text);
        }
    }
}
