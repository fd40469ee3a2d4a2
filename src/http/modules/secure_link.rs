//! `$secure_link`: whether the checksum of a link is right (`ngx_http_secure_link_module`).

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use md5::{Digest, Md5};

use crate::http::evaluate;
use crate::http::request::Request;
use crate::ir::value::{Template, Text};
use crate::log::now;
use crate::primitives::size;

/// The checksum in base64, with the alphabet for URLs; not every client leaves the bits behind it alone.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);
/// A longer text is no checksum.
const LONGEST_CHECKSUM: usize = 24;

/// `$secure_link`
pub fn write(request: &Request, out: &mut Vec<u8>) -> bool {
    let settings = &request.location.settings.secure_link;
    let value = match (&settings.secret, &settings.link, &settings.md5) {
        (Some(secret), _, _) => path_behind_checksum(request, secret),
        (None, Some(link), Some(md5)) => holds(request, link, md5),
        _ => None,
    };
    value.is_some_and(|value| {
        out.extend_from_slice(&value);
        true
    })
}

/// `$secure_link_expires`: known once `$secure_link` has been asked for.
pub fn write_expires(request: &Request, out: &mut Vec<u8>) -> bool {
    let expires = request.contexts.secure_link_expires.borrow();
    expires.as_ref().is_some_and(|text| {
        out.extend_from_slice(text);
        true
    })
}

/// `1` for a right checksum, `0` for one whose time is over.
fn holds(request: &Request, link: &Template, md5: &Template) -> Option<Vec<u8>> {
    let value = evaluate::text(request, link);
    let (checksum, until) = match memchr::memchr(b',', &value) {
        None => (&value[..], None),
        Some(comma) => {
            let text = &value[comma + 1..];
            let until = size::parse_number(text).filter(|until| *until > 0)?;
            request.contexts.secure_link_expires.replace(Some(text.to_vec()));
            (&value[..comma], Some(until))
        }
    };
    if checksum.len() > LONGEST_CHECKSUM {
        return None;
    }
    let checksum = BASE64.decode(checksum).ok()?;
    if !is_same(&checksum, &Md5::digest(evaluate::text(request, md5))) {
        return None;
    }
    let is_over = until.is_some_and(|until| i128::from(until) < i128::from(now::since_epoch().as_secs()));
    Some(if is_over { b"0".to_vec() } else { b"1".to_vec() })
}

/// `secure_link_secret`: `/prefix/checksum/path`, where the checksum is of the path and the secret.
fn path_behind_checksum(request: &Request, secret: &Text) -> Option<Vec<u8>> {
    let mut parts = request.head.target().get(1..)?.splitn(3, |byte| *byte == b'/');
    let (_, checksum, path) = (parts.next()?, parts.next()?, parts.next()?);
    if checksum.len() != 32 || path.is_empty() {
        return None;
    }
    let digit = |byte: u8| char::from(byte).to_digit(16).map(|digit| digit as u8);
    let bytes: Option<Vec<u8>> =
        checksum.as_chunks::<2>().0.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect();
    let wanted = Md5::new().chain_update(path).chain_update(secret.as_bytes()).finalize();
    is_same(&bytes?, &wanted).then(|| path.to_vec())
}

/// Takes the same time wherever the first difference is.
fn is_same(checksum: &[u8], wanted: &[u8]) -> bool {
    checksum.len() == wanted.len() && checksum.iter().zip(wanted).fold(0, |all, (one, other)| all | one ^ other) == 0
}
