//! Numbers and byte sizes as nginx.conf writes them.

/// A number of decimal digits alone, as large as `i64` holds.
pub fn parse_number(text: &[u8]) -> Option<i64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0i64, |value, byte| {
        let digit = byte.is_ascii_digit().then(|| i64::from(byte - b'0'))?;
        value.checked_mul(10)?.checked_add(digit)
    })
}

/// Bytes, with `k` or `m` in either case.
pub fn parse_size(text: &[u8]) -> Option<u64> {
    let (digits, scale) = match text.split_last()? {
        (b'k' | b'K', digits) => (digits, 1 << 10),
        (b'm' | b'M', digits) => (digits, 1 << 20),
        _ => (text, 1),
    };
    parse_number(digits)?.checked_mul(scale)?.try_into().ok()
}

/// Bytes of a file, with `k`, `m` or `g` in either case.
pub fn parse_offset(text: &[u8]) -> Option<u64> {
    match text.split_last()? {
        (b'g' | b'G', digits) => parse_number(digits)?.checked_mul(1 << 30)?.try_into().ok(),
        _ => parse_size(text),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_digits_alone() {
        assert_eq!(parse_number(b"0080"), Some(80));
        assert_eq!(parse_number(b"9223372036854775807"), Some(i64::MAX));
        for wrong in ["", "-1", "+1", "1 ", "0x1", "9223372036854775808"] {
            assert_eq!(parse_number(wrong.as_bytes()), None, "{wrong}");
        }
    }

    #[test]
    fn sizes_have_units() {
        assert_eq!(parse_size(b"4096"), Some(4096));
        assert_eq!(parse_size(b"4K"), Some(4096));
        assert_eq!(parse_size(b"1m"), Some(1 << 20));
        assert_eq!(parse_offset(b"2g"), Some(2 << 30));
        for wrong in ["", "k", "1g", "1.5m", "4kb", "8796093022208m"] {
            assert_eq!(parse_size(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
