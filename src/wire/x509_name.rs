//! The names in certificates as OpenSSL writes them.

use std::fmt::Write;

use super::x509::attributes;

/// The attribute types that OpenSSL has short names for, as far as names of people and machines use them.
const SHORT_NAMES: &[(&[u8], &str)] = &[
    (&[0x55, 4, 3], "CN"),
    (&[0x55, 4, 4], "SN"),
    (&[0x55, 4, 5], "serialNumber"),
    (&[0x55, 4, 6], "C"),
    (&[0x55, 4, 7], "L"),
    (&[0x55, 4, 8], "ST"),
    (&[0x55, 4, 9], "street"),
    (&[0x55, 4, 10], "O"),
    (&[0x55, 4, 11], "OU"),
    (&[0x55, 4, 12], "title"),
    (&[0x55, 4, 17], "postalCode"),
    (&[0x55, 4, 42], "GN"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1], "UID"),
    (&[0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25], "DC"),
    (&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1], "emailAddress"),
];

/// The last attribute first, `CN=x,O=y` (RFC 2253).
pub fn rfc2253(name: &[u8]) -> String {
    let show = |(kind, value): &(&[u8], &[u8])| format!("{}={}", short_name(kind), escaped(value));
    attributes(name).iter().rev().map(show).collect::<Vec<_>>().join(",")
}

/// The first attribute first, `/O=y/CN=x`.
pub fn one_line(name: &[u8]) -> String {
    let mut text = String::new();
    for (kind, value) in attributes(name) {
        write!(text, "/{}=", short_name(kind)).expect("a text takes everything");
        for &byte in value {
            match byte {
                b' '..=b'~' => text.push(char::from(byte)),
                _ => write!(text, "\\x{byte:02X}").expect("a text takes everything"),
            }
        }
    }
    text
}

fn short_name(kind: &[u8]) -> String {
    let known = SHORT_NAMES.iter().find(|(known, _)| *known == kind);
    known.map_or_else(|| dotted(kind), |(_, name)| (*name).to_owned())
}

/// RFC 2253 section 2.4, with everything outside of ASCII in hexadecimal, as OpenSSL has it.
fn escaped(value: &[u8]) -> String {
    let mut text = String::new();
    for (at, &byte) in value.iter().enumerate() {
        let at_end = at == 0 || at + 1 == value.len();
        match byte {
            b',' | b'+' | b'"' | b'\\' | b'<' | b'>' | b';' => text.extend(['\\', char::from(byte)]),
            b'#' if at == 0 => text.push_str("\\#"),
            b' ' if at_end => text.push_str("\\ "),
            b' '..=b'~' => text.push(char::from(byte)),
            _ => write!(text, "\\{byte:02X}").expect("a text takes everything"),
        }
    }
    text
}

/// An object identifier in numbers.
fn dotted(kind: &[u8]) -> String {
    let (mut numbers, mut number) = (Vec::new(), 0u64);
    for &byte in kind {
        number = number << 7 | u64::from(byte & 0x7f);
        if byte & 0x80 == 0 {
            numbers.push(std::mem::take(&mut number));
        }
    }
    let Some((first, rest)) = numbers.split_first() else { return String::new() };
    let root = (first / 40).min(2);
    rest.iter().fold(format!("{root}.{}", first - root * 40), |text, number| format!("{text}.{number}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(parts: &[(u8, &str)]) -> Vec<u8> {
        let element = |tag: u8, content: &[u8]| [&[tag, content.len() as u8], content].concat();
        let part = |(kind, value): &(u8, &str)| {
            let attribute = [element(6, &[0x55, 4, *kind]), element(12, value.as_bytes())].concat();
            element(0x31, &element(0x30, &attribute))
        };
        element(0x30, &parts.iter().flat_map(part).collect::<Vec<u8>>())
    }

    #[test]
    fn names_are_written_both_ways() {
        let bytes = name(&[(6, "DE"), (10, "A, B"), (3, " Zoë")]);
        assert_eq!(rfc2253(&bytes), "CN=\\ Zo\\C3\\AB,O=A\\, B,C=DE");
        assert_eq!(one_line(&bytes), "/C=DE/O=A, B/CN= Zo\\xC3\\xAB");
        assert_eq!(dotted(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]), "1.2.840.113549");
    }
}
