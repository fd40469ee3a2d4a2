//! UTF-8 as nginx reads it: a character at a time, also out of texts that break off.

/// What a text begins with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Decoded {
    /// A character, and how many bytes it takes.
    Character(u32, usize),
    /// No character; so many bytes are passed over.
    Invalid(usize),
    /// The beginning of a character.
    Incomplete,
}

/// Reads the first character of a text that is not empty (`ngx_utf8_decode`).
pub fn decode(text: &[u8]) -> Decoded {
    let Some((&first, rest)) = text.split_first() else { return Decoded::Incomplete };
    let (bits, least, following) = match first {
        0..0x80 => return Decoded::Character(u32::from(first), 1),
        0xf0..0xf8 => (first & 0x07, 0x1_0000, 3),
        0xe0..0xf0 => (first & 0x0f, 0x800, 2),
        0xc2..0xe0 => (first & 0x1f, 0x80, 1),
        _ => return Decoded::Invalid(1),
    };
    let Some(rest) = rest.get(..following) else { return Decoded::Incomplete };
    let mut code = u32::from(bits);
    for (index, &byte) in rest.iter().enumerate() {
        if byte < 0x80 {
            return Decoded::Invalid(index + 2);
        }
        code = code << 6 | u32::from(byte & 0x3f);
    }
    match code >= least && code <= 0x10_ffff {
        true => Decoded::Character(code, following + 1),
        false => Decoded::Invalid(following + 1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_and_what_is_none() {
        assert_eq!(decode("aé".as_bytes()), Decoded::Character(0x61, 1));
        assert_eq!(decode("é".as_bytes()), Decoded::Character(0xe9, 2));
        assert_eq!(decode("𝄞x".as_bytes()), Decoded::Character(0x1d11e, 4));
        assert_eq!(decode(b"\xe2\x82"), Decoded::Incomplete);
        assert_eq!(decode(b"\xc0\x80"), Decoded::Invalid(1));
        assert_eq!(decode(b"\xe2a\x82"), Decoded::Invalid(2));
        assert_eq!(decode(b"\xe0\x80\x80"), Decoded::Invalid(3));
    }
}
