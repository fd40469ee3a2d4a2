//! `auth_basic`: names and passwords from a file (`ngx_http_auth_basic_module`).

use std::io;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::{Digest, Md5};
use sha1::Sha1;

use crate::http::evaluate;
use crate::http::map_uri::{self, path};
use crate::http::message::headers::Known;
use crate::http::request::Request;
use crate::http::verdict::Verdict;
use crate::log::error_log::Level;
use crate::sys::password_hash;
use crate::wire::http1::request_line::Method;

/// As forgiving as nginx: padding may be missing, and bits behind the last byte do not count.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// Asks for a name and password, and looks them up.
pub fn handle(request: &mut Request) -> Verdict {
    let settings = std::rc::Rc::clone(&request.location.settings.auth_basic);
    let (Some(realm), Some(file)) = (&settings.realm, &settings.user_file) else { return Verdict::Declined };
    let realm = evaluate::text(request, realm).into_owned();
    if realm == b"off" {
        return Verdict::Declined;
    }
    let Some((name, password)) = credentials(request) else {
        request.log(Level::Info, "no user/password was provided for basic authentication");
        return ask(request, &realm);
    };
    let file = map_uri::path_of(request, file);
    let users = match std::fs::read(path(&file)) {
        Ok(users) => users,
        Err(error) => return refuse(request, &file, &error),
    };
    let shown = String::from_utf8_lossy(&name).into_owned();
    match stored_hash(&users, &name) {
        None => {
            let file = String::from_utf8_lossy(&file);
            request.log(Level::Error, format_args!("user \"{shown}\" was not found in \"{file}\""));
            ask(request, &realm)
        }
        Some(stored) if is_password(&password, stored) => Verdict::Passed,
        Some(_) => {
            request.log(Level::Error, format_args!("user \"{shown}\": password mismatch"));
            ask(request, &realm)
        }
    }
}

/// `$remote_user`
pub fn user(request: &Request) -> Option<Vec<u8>> {
    credentials(request).map(|(name, _)| name)
}

/// How a name and password are asked for: `CONNECT` makes a proxy of the server (RFC 9110 §11.7).
#[derive(Debug)]
pub struct Challenge {
    /// The header that asks.
    pub header: &'static [u8],
    /// The header that answers.
    pub answered_by: Known,
    /// The status of the answer that asks.
    pub status: u16,
}

impl Challenge {
    /// As it fits a request.
    pub fn of(request: &Request) -> Self {
        match request.method {
            Method::Connect => {
                Self { header: b"Proxy-Authenticate", answered_by: Known::ProxyAuthorization, status: 407 }
            }
            _ => Self { header: b"WWW-Authenticate", answered_by: Known::Authorization, status: 401 },
        }
    }
}

/// Name and password as they were sent.
fn credentials(request: &Request) -> Option<(Vec<u8>, Vec<u8>)> {
    let value = request.header(Challenge::of(request).answered_by)?;
    let encoded = value.get(..6).filter(|scheme| scheme.eq_ignore_ascii_case(b"basic ")).map(|_| &value[6..])?;
    let decoded = BASE64.decode(encoded.trim_ascii_start()).ok()?;
    let colon = memchr::memchr(b':', &decoded).filter(|&colon| colon > 0)?;
    Some((decoded[..colon].to_vec(), decoded[colon + 1..].to_vec()))
}

fn ask(request: &mut Request, realm: &[u8]) -> Verdict {
    let value = [b"Basic realm=\"", realm, b"\""].concat();
    let challenge = Challenge::of(request);
    request.response.headers.push(challenge.header, &value);
    Verdict::Finish(challenge.status)
}

fn refuse(request: &Request, file: &[u8], error: &io::Error) -> Verdict {
    let (level, status) = match error.kind() {
        io::ErrorKind::NotFound => (Level::Error, 403),
        _ => (Level::Crit, 500),
    };
    request.log_error(level, error, format_args!("open() \"{}\" failed", String::from_utf8_lossy(file)));
    Verdict::Finish(status)
}

/// What the file has behind a name, up to a further colon.
fn stored_hash<'u>(users: &'u [u8], name: &[u8]) -> Option<&'u [u8]> {
    users.split(|&byte| byte == b'\n').filter(|line| line.first() != Some(&b'#')).find_map(|line| {
        let rest = line.strip_prefix(name)?.strip_prefix(b":")?;
        let end = rest.iter().position(|&byte| byte == b'\r' || byte == b':').unwrap_or(rest.len());
        Some(&rest[..end])
    })
}

fn is_password(password: &[u8], stored: &[u8]) -> bool {
    if let Some(plain) = stored.strip_prefix(b"{PLAIN}") {
        return plain == password;
    }
    if let Some(hash) = stored.strip_prefix(b"{SHA}") {
        return BASE64.decode(hash).is_ok_and(|hash| hash == Sha1::digest(password).as_slice());
    }
    if let Some(hash) = stored.strip_prefix(b"{SSHA}") {
        let Ok(hash) = BASE64.decode(hash) else { return false };
        let Some((hash, salt)) = hash.split_at_checked(20) else { return false };
        return Sha1::new().chain_update(password).chain_update(salt).finalize().as_slice() == hash;
    }
    if let Some(rest) = stored.strip_prefix(b"$apr1$") {
        return apr1(password, rest) == stored;
    }
    password_hash::crypt(password, stored).is_some_and(|hash| hash == stored)
}

/// Apache's variant of the MD5 crypt: only its mark differs.
fn apr1(password: &[u8], rest: &[u8]) -> Vec<u8> {
    const MARK: &[u8] = b"$apr1$";
    let end = memchr::memchr(b'$', rest).unwrap_or(rest.len()).min(8);
    let salt = &rest[..end];
    let inner = Md5::new().chain_update(password).chain_update(salt).chain_update(password).finalize();
    let mut outer = Md5::new().chain_update(password).chain_update(MARK).chain_update(salt);
    for piece in 0..password.len().div_ceil(16) {
        outer.update(&inner[..(password.len() - piece * 16).min(16)]);
    }
    let mut length = password.len();
    while length > 0 {
        outer.update(if length & 1 == 1 { &[0] } else { &password[..1] });
        length >>= 1;
    }
    let mut hash = outer.finalize();
    for round in 0..1000 {
        let mut next = Md5::new();
        if round & 1 == 1 {
            next.update(password)
        } else {
            next.update(hash)
        }
        if round % 3 != 0 {
            next.update(salt);
        }
        if round % 7 != 0 {
            next.update(password);
        }
        if round & 1 == 1 {
            next.update(hash)
        } else {
            next.update(password)
        }
        hash = next.finalize();
    }
    let mut out = [MARK, salt, b"$"].concat();
    for (a, b, c) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
        put_64(u32::from(hash[a]) << 16 | u32::from(hash[b]) << 8 | u32::from(hash[c]), 4, &mut out);
    }
    put_64(u32::from(hash[11]), 2, &mut out);
    out
}

fn put_64(mut bits: u32, count: usize, out: &mut Vec<u8>) {
    const DIGITS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    for _ in 0..count {
        out.push(DIGITS[(bits & 63) as usize]);
        bits >>= 6;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_of_hash() {
        assert!(is_password(b"secret", b"{PLAIN}secret"));
        assert!(is_password(b"password", b"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="));
        assert!(is_password(b"1", b"{SSHA}Ya1D11ujP1+KiVatIRjQti+ED6JhYmM="));
        // Made by `openssl passwd -apr1 -salt 7GmzxYlS password`.
        assert!(is_password(b"password", b"$apr1$7GmzxYlS$lFlZZ./0Tz6XjiAi.Tmd30"));
        assert!(!is_password(b"x", b"{SHA}W6ph5Mm5Pz8GgiULbPgzG37mj9g="));
    }

    #[test]
    fn lines_of_the_file() {
        let users = b"# comment\na:1:x\r\nab:2\nlast:3";
        assert_eq!(stored_hash(users, b"a"), Some(&b"1"[..]));
        assert_eq!(stored_hash(users, b"ab"), Some(&b"2"[..]));
        assert_eq!(stored_hash(users, b"last"), Some(&b"3"[..]));
        assert_eq!(stored_hash(users, b"b"), None);
    }
}
