//! What version 2 of the PROXY protocol says beside the addresses: type, length and value, one after the other.

use std::borrow::Cow;

/// Type of the block about TLS: flags, the result of the check of the client's certificate, then entries of its own.
const SSL: u8 = 0x20;
/// Flags and result.
const SSL_START: usize = 5;

const NAMES: &[(&[u8], u8)] =
    &[(b"alpn", 0x01), (b"authority", 0x02), (b"unique_id", 0x05), (b"ssl", SSL), (b"netns", 0x30)];
const SSL_NAMES: &[(&[u8], u8)] =
    &[(b"version", 0x21), (b"cn", 0x22), (b"cipher", 0x23), (b"sig_alg", 0x24), (b"key_alg", 0x25)];

/// Why there is no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fault {
    /// An entry is longer than what is there.
    Broken,
    /// The block about TLS is too short for its first part.
    ShortSsl,
    /// What follows `0x` is no number.
    InvalidNumber,
    /// Nobody calls an entry so.
    UnknownName,
}

/// The value that nginx calls by this name: a word, or `0x` and the number of the type, both also behind `ssl_`.
pub fn find<'t>(entries: &'t [u8], name: &[u8]) -> Result<Option<Cow<'t, [u8]>>, Fault> {
    let Some(inner) = name.strip_prefix(b"ssl_") else {
        return Ok(lookup(entries, number(name, NAMES)?)?.map(Cow::Borrowed));
    };
    let Some(block) = lookup(entries, u64::from(SSL))? else { return Ok(None) };
    let Some((start, entries)) = block.split_first_chunk::<SSL_START>() else { return Err(Fault::ShortSsl) };
    if inner == b"verify" {
        let [_flags, verify @ ..] = *start;
        return Ok(Some(Cow::Owned(u32::from_be_bytes(verify).to_string().into_bytes())));
    }
    Ok(lookup(entries, number(inner, SSL_NAMES)?)?.map(Cow::Borrowed))
}

fn number(name: &[u8], names: &[(&[u8], u8)]) -> Result<u64, Fault> {
    match name.strip_prefix(b"0x") {
        Some(digits) if digits.iter().all(u8::is_ascii_hexdigit) => {
            let digits = std::str::from_utf8(digits).map_err(|_| Fault::InvalidNumber)?;
            u64::from_str_radix(digits, 16).map_err(|_| Fault::InvalidNumber)
        }
        Some(_) => Err(Fault::InvalidNumber),
        None => {
            names.iter().find(|(known, _)| *known == name).map(|(_, kind)| u64::from(*kind)).ok_or(Fault::UnknownName)
        }
    }
}

fn lookup(mut entries: &[u8], wanted: u64) -> Result<Option<&[u8]>, Fault> {
    while !entries.is_empty() {
        let ([kind, length @ ..], rest) = entries.split_first_chunk::<3>().ok_or(Fault::Broken)?;
        let length = usize::from(u16::from_be_bytes(*length));
        let (value, rest) = rest.split_at_checked(length).ok_or(Fault::Broken)?;
        if u64::from(*kind) == wanted {
            return Ok(Some(value));
        }
        entries = rest;
    }
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRIES: &[u8] = b"\x01\x00\x02h2\x20\x00\x0d\x01\x00\x00\x00\xff\x21\x00\x05TLSv1\xae\x00\x00";

    fn text(name: &str) -> Result<Option<String>, Fault> {
        find(ENTRIES, name.as_bytes()).map(|value| value.map(|value| String::from_utf8_lossy(&value).into_owned()))
    }

    #[test]
    fn entries_have_names_and_numbers() {
        let found = |text: &str| Ok(Some(text.to_owned()));
        assert_eq!(text("alpn"), found("h2"));
        assert_eq!(text("0x0001"), found("h2"));
        assert_eq!(text("0xAE"), found(""));
        assert_eq!(text("ssl_verify"), found("255"));
        assert_eq!(text("ssl_version"), found("TLSv1"));
        assert_eq!(text("ssl_0x21"), found("TLSv1"));
        assert_eq!(text("netns"), Ok(None));
        assert_eq!(text("ssl_cn"), Ok(None));
    }

    #[test]
    fn what_is_wrong_is_said() {
        assert_eq!(text("0x"), Err(Fault::InvalidNumber));
        assert_eq!(text("0x+1"), Err(Fault::InvalidNumber));
        assert_eq!(text("crc"), Err(Fault::UnknownName));
        assert_eq!(find(b"\x01\x00", b"alpn"), Err(Fault::Broken));
        assert_eq!(find(b"\x01\x00\x05abc", b"alpn"), Err(Fault::Broken));
        assert_eq!(find(b"\x20\x00\x02ab", b"ssl_cn"), Err(Fault::ShortSsl));
    }
}
