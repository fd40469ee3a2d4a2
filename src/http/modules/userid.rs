//! `userid`: a cookie that tells clients apart (`ngx_http_userid_filter_module`).

use std::cell::Cell;
use std::io::Write;
use std::net::IpAddr;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::general_purpose::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use crate::http::message::cookie::find_cookie;
use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::http::request::identity::Identity;
use crate::ir::http::userid::{Expires, Mode, Userid, UseridFlags};
use crate::log::error_log::Level;
use crate::log::now;
use crate::primitives::http_date;

/// The identity in base64; what follows it in a cookie is the mark.
const ENCODED: usize = 22;
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// Where nginx begins to count in version 2.
const FIRST_V2: u32 = 0x0303_0302;

/// Adds the cookie to an answer.
pub fn head(request: &mut Request) {
    let settings = std::rc::Rc::clone(&request.location.settings.userid);
    if request.is_subrequest || !matches!(settings.mode, Mode::V1 | Mode::On) {
        return;
    }
    let identity = made(request, &settings);
    if identity.set[3] == 0 {
        return;
    }
    let cookie = written(&identity, &settings);
    request.response.headers.push(b"Set-Cookie", &cookie);
    if !settings.p3p.is_empty() {
        request.response.headers.push(b"P3P", &settings.p3p);
    }
}

/// `$uid_got`
pub fn write_got(request: &Request, out: &mut Vec<u8>) -> bool {
    let settings = &request.location.settings.userid;
    settings.mode != Mode::Off && write_identity(settings, got(request, settings).got, out)
}

/// `$uid_set`
pub fn write_set(request: &Request, out: &mut Vec<u8>) -> bool {
    let settings = &request.location.settings.userid;
    matches!(settings.mode, Mode::V1 | Mode::On) && write_identity(settings, made(request, settings).set, out)
}

fn write_identity(settings: &Userid, identity: [u32; 4], out: &mut Vec<u8>) -> bool {
    if identity[3] == 0 {
        return false;
    }
    out.extend_from_slice(&settings.name);
    out.push(b'=');
    identity.iter().for_each(|part| write!(out, "{part:08X}").expect("a vector takes every byte"));
    true
}

/// What the client sent; read once.
fn got(request: &Request, settings: &Userid) -> Identity {
    if let Some(identity) = &*request.contexts.userid.borrow() {
        return (**identity).clone();
    }
    let mut identity = Identity::default();
    let lines = request.head.header_all(Known::Cookie);
    let found = lines.filter_map(|line| Some((line, find_cookie(line, &settings.name)?))).next();
    if let Some((line, cookie)) = found {
        identity.cookie = cookie.to_vec();
        let fault = match cookie.get(..ENCODED) {
            None => Some("too short"),
            Some(encoded) => match BASE64.decode(encoded) {
                Ok(bytes) => {
                    let (words, _) = bytes.as_chunks::<4>();
                    identity.got.iter_mut().zip(words).for_each(|(part, word)| *part = u32::from_ne_bytes(*word));
                    None
                }
                Err(_) => Some("invalid"),
            },
        };
        if let Some(fault) = fault {
            let line = String::from_utf8_lossy(line);
            request.log(Level::Error, format_args!("client sent {fault} userid cookie \"{line}\""));
        }
    }
    request.contexts.userid.replace(Some(Box::new(identity.clone())));
    identity
}

/// What the client is sent; made once.
fn made(request: &Request, settings: &Userid) -> Identity {
    let mut identity = got(request, settings);
    if identity.set[3] != 0 {
        return identity;
    }
    let mut reset = Vec::new();
    if let Some(id) = settings.reset {
        request.write_variable(id, &mut reset);
    }
    if identity.got[3] != 0 && matches!(reset.as_slice(), b"" | b"0") {
        let is_marked = |mark: &u8| identity.cookie.get(ENCODED..ENCODED + 2) == Some(&[*mark, b'='][..]);
        if settings.mark.as_ref().is_none_or(is_marked) {
            return identity;
        }
        identity.set = identity.got;
    } else {
        identity.reset = identity.got[3] != 0;
        if identity.reset && reset == b"log" {
            let mut text = Vec::new();
            write_identity(settings, identity.got, &mut text);
            let text = String::from_utf8_lossy(&text);
            request.log(Level::Notice, format_args!("userid cookie \"{text}\" was reset"));
        }
        identity.set = fresh(request, settings);
    }
    request.contexts.userid.replace(Some(Box::new(identity.clone())));
    identity
}

/// A new identity: server, time, process, and a number that grows.
fn fresh(request: &Request, settings: &Userid) -> [u32; 4] {
    thread_local! {
        static START: u32 = ((now::since_epoch().subsec_micros() / 20) << 16) | std::process::id();
        static NEXT_V1: Cell<u32> = const { Cell::new(1) };
        static NEXT_V2: Cell<u32> = const { Cell::new(FIRST_V2) };
    }
    let time = now::since_epoch().as_secs() as u32;
    if settings.mode == Mode::V1 {
        let number = NEXT_V1.replace(NEXT_V1.get().wrapping_add(0x100));
        return [settings.service.unwrap_or(0), time, START.with(|start| *start), number];
    }
    let server = match settings.service {
        Some(service) => service.to_be(),
        None => match request.connection.local().map(|address| address.ip()) {
            Some(IpAddr::V4(address)) => u32::from_ne_bytes(address.octets()),
            Some(IpAddr::V6(address)) => {
                let octets = address.octets();
                u32::from_ne_bytes([octets[12], octets[13], octets[14], octets[15]])
            }
            None => 0,
        },
    };
    let number = NEXT_V2.get();
    NEXT_V2.set(number.wrapping_add(0x100).max(FIRST_V2));
    [server, time.to_be(), START.with(|start| start.to_be()), number.to_be()]
}

/// The value of `Set-Cookie`.
fn written(identity: &Identity, settings: &Userid) -> Vec<u8> {
    let mut out = settings.name.to_vec();
    out.push(b'=');
    if identity.got[3] == 0 || identity.reset {
        let bytes: Vec<u8> = identity.set.iter().flat_map(|part| part.to_ne_bytes()).collect();
        let mut encoded = STANDARD.encode(bytes).into_bytes();
        if let Some(mark) = settings.mark {
            encoded[ENCODED] = mark;
        }
        out.extend_from_slice(&encoded);
    } else {
        out.extend_from_slice(&identity.cookie[..ENCODED]);
        out.extend(settings.mark);
        out.push(b'=');
    }
    match settings.expires {
        Expires::Off => {}
        Expires::Max => out.extend_from_slice(b"; expires=Thu, 31-Dec-37 23:55:55 GMT"),
        Expires::After(seconds) => {
            let at = now::since_epoch().as_secs().saturating_add(seconds);
            out.extend_from_slice(b"; expires=");
            out.extend_from_slice(cookie_time(at as i64).as_bytes());
        }
    }
    if !settings.domain.is_empty() {
        out.extend_from_slice(b"; domain=");
        out.extend_from_slice(&settings.domain);
    }
    out.extend_from_slice(b"; path=");
    out.extend_from_slice(&settings.path);
    let flags: [(_, &[u8]); 5] = [
        (UseridFlags::SECURE, b"; secure"),
        (UseridFlags::HTTPONLY, b"; httponly"),
        (UseridFlags::SAMESITE_STRICT, b"; samesite=strict"),
        (UseridFlags::SAMESITE_LAX, b"; samesite=lax"),
        (UseridFlags::SAMESITE_NONE, b"; samesite=none"),
    ];
    flags.iter().filter(|(flag, _)| settings.flags.contains(*flag)).for_each(|(_, text)| out.extend_from_slice(text));
    out
}

/// A time as Netscape's cookies have it: `Thu, 31-Dec-37 23:55:55 GMT`; from 2038 on with all digits of the year.
fn cookie_time(unix_seconds: i64) -> String {
    let text = http_date::format(unix_seconds);
    let year = &text[12..16];
    let year = if year > "2037" { year } else { &year[2..] };
    format!("{}-{}-{year}{}", &text[..7], &text[8..11], &text[16..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cookies_have_a_date_of_their_own() {
        assert_eq!(cookie_time(2_145_916_555), "Thu, 31-Dec-37 23:55:55 GMT");
        assert_eq!(cookie_time(2_145_916_555 + 86_400), "Fri, 01-Jan-2038 23:55:55 GMT");
    }
}
