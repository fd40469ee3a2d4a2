//! Times as nginx.conf writes them: `1h 30m`, `500ms`, `10`.

use super::size::parse_number;

/// A time in milliseconds; a bare number is seconds.
pub fn parse_milliseconds(text: &[u8]) -> Option<u64> {
    // Neither years nor months: nginx has no such numbers of milliseconds.
    const UNITS: &[(&[u8], i64)] =
        &[(b"w", 604_800_000), (b"d", 86_400_000), (b"h", 3_600_000), (b"m", 60_000), (b"s", 1000), (b"ms", 1)];
    parse(text, UNITS, 1000)
}

/// A time in seconds; `ms` is refused.
pub fn parse_seconds(text: &[u8]) -> Option<u64> {
    const UNITS: &[(&[u8], i64)] =
        &[(b"y", 31_536_000), (b"M", 2_592_000), (b"w", 604_800), (b"d", 86_400), (b"h", 3600), (b"m", 60), (b"s", 1)];
    parse(text, UNITS, 1)
}

/// Adds up `NUMBER UNIT` pairs; each unit has to be smaller than the one before. A unit without a number counts zero.
fn parse(text: &[u8], mut units: &[(&[u8], i64)], bare_scale: i64) -> Option<u64> {
    let mut rest = text;
    let mut total = 0i64;
    if !text.iter().any(u8::is_ascii_digit) {
        return None;
    }
    while !rest.is_empty() {
        let (digits, after) = rest.split_at(rest.iter().take_while(|byte| byte.is_ascii_digit()).count());
        let value = if digits.is_empty() { 0 } else { parse_number(digits)? };
        let length = if after.starts_with(b"ms") { 2 } else { after.len().min(1) };
        let (unit, after) = after.split_at(length);
        let scale = match unit {
            b"" => bare_scale,
            // A space ends a bare number; after it, and after a unit of seconds, no unit may follow.
            b" " if units.iter().any(|(name, _)| *name == b"s") => {
                units = &[];
                bare_scale
            }
            _ => {
                let at = units.iter().position(|(name, _)| *name == unit)?;
                let (_, scale) = units[at];
                units = &units[at + 1..];
                scale
            }
        };
        total = total.checked_add(value.checked_mul(scale)?)?;
        let spaces = after.iter().take_while(|byte| **byte == b' ').count();
        rest = &after[spaces..];
    }
    total.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bare_numbers_are_seconds() {
        assert_eq!(parse_seconds(b"75"), Some(75));
        assert_eq!(parse_milliseconds(b"75"), Some(75_000));
        assert_eq!(parse_milliseconds(b"0"), Some(0));
    }

    #[test]
    fn units_go_from_large_to_small() {
        assert_eq!(parse_seconds(b"1h 30m"), Some(5400));
        assert_eq!(
            parse_seconds(b"1y2M3w4d5h6m7s"),
            Some(31_536_000 + 2 * 2_592_000 + 3 * 604_800 + 4 * 86_400 + 5 * 3600 + 6 * 60 + 7)
        );
        assert_eq!(parse_milliseconds(b"1s500ms"), Some(1500));
        assert_eq!(parse_seconds(b"1m 30"), Some(90));
        assert_eq!(parse_seconds(b"10 5"), Some(15));
        assert_eq!(parse_seconds(b"1hm"), Some(3600));
    }

    #[test]
    fn what_nginx_refuses() {
        for wrong in ["", "s", "1.5s", "10ms", "1m1h", "1x", "-1", "1s 5s", "5s 1 2s", "10 5s", "9223372036854775807m"]
        {
            assert_eq!(parse_seconds(wrong.as_bytes()), None, "{wrong}");
        }
        for wrong in ["1y", "1M", "1ms1s", "1ms 1ms"] {
            assert_eq!(parse_milliseconds(wrong.as_bytes()), None, "{wrong}");
        }
    }
}
