//! Dates of HTTP: written in the one preferred form, read in all three (RFC 9110 section 5.6.7).

use super::calendar::{Civil, DAY_NAMES, MONTH_NAMES};

/// `Sun, 22 Nov 2026 15:57:23 GMT`
pub fn format(unix_seconds: i64) -> String {
    let Civil { year, month, day, hour, minute, second, weekday } = Civil::from_unix(unix_seconds);
    let (weekday, month) = (DAY_NAMES[weekday as usize], MONTH_NAMES[month as usize - 1]);
    // Every answer with a file has one: the machinery of `format!` would be a tenth of its work.
    let mut text = String::with_capacity("Sun, 22 Nov 2026 15:57:23 GMT".len());
    text.push_str(weekday);
    push_two(&mut text, ", ", day.into());
    text.push(' ');
    text.push_str(month);
    let year = year.unsigned_abs();
    if year > 9999 {
        text.push(' ');
        text.push(char::from(b'0' + (year / 10_000 % 10) as u8));
    }
    push_two(&mut text, if year > 9999 { "" } else { " " }, year / 100 % 100);
    push_two(&mut text, "", year % 100);
    push_two(&mut text, " ", hour.into());
    push_two(&mut text, ":", minute.into());
    push_two(&mut text, ":", second.into());
    text.push_str(" GMT");
    text
}

fn push_two(text: &mut String, before: &str, value: u32) {
    text.push_str(before);
    text.push(char::from(b'0' + (value / 10) as u8));
    text.push(char::from(b'0' + (value % 10) as u8));
}

/// The form that nginx gives cookies: `Sun, 22-Nov-26 15:57:23 GMT`, and the whole year from 2038 on.
pub fn cookie(unix_seconds: i64) -> String {
    let date = format(unix_seconds);
    let parts: Vec<&str> = date.split(' ').collect();
    let [weekday, day, month, year, time, zone] = parts[..] else { return date };
    let year = if year.parse().is_ok_and(|year: u32| year > 2037) { year } else { &year[2..] };
    format!("{weekday} {day}-{month}-{year} {time} {zone}")
}

/// Reads `Sun, 22 Nov 2026 15:57:23 GMT`, `Sunday, 22-Nov-26 15:57:23 GMT` or `Sun Nov 22 15:57:23 2026`; gives Unix seconds.
/// As forgiving as nginx: the name of the day and what follows the time are not looked at.
pub fn parse(text: &[u8]) -> Option<i64> {
    let stop = text.iter().position(|byte| matches!(byte, b',' | b' '))?;
    let is_asctime = text[stop] == b' ';
    let rest = text[stop + 1..].trim_ascii_start();
    let mut reader = Reader(rest);
    let civil = if is_asctime { reader.asctime()? } else { reader.day_first()? };
    civil.is_valid().then(|| civil.to_unix())
}

struct Reader<'t>(&'t [u8]);

impl Reader<'_> {
    fn day_first(&mut self) -> Option<Civil> {
        let day = self.digits(2)? as u8;
        let separator = self.byte()?;
        let month = self.month()?;
        (self.byte()? == separator).then_some(())?;
        let year = match separator {
            b' ' => self.digits(4)?,
            b'-' => {
                let year = self.digits(2)?;
                year + if year < 70 { 2000 } else { 1900 }
            }
            _ => return None,
        };
        self.exact(b' ')?;
        let (hour, minute, second) = self.time()?;
        Some(Civil { year, month, day, hour, minute, second, weekday: 0 })
    }

    fn asctime(&mut self) -> Option<Civil> {
        let month = self.month()?;
        self.byte()?;
        let day = if self.0.first() == Some(&b' ') {
            self.byte()?;
            self.digits(1)?
        } else if self.0.get(1) == Some(&b' ') {
            self.digits(1)?
        } else {
            self.digits(2)?
        } as u8;
        self.exact(b' ')?;
        let (hour, minute, second) = self.time()?;
        self.exact(b' ')?;
        Some(Civil { year: self.digits(4)?, month, day, hour, minute, second, weekday: 0 })
    }

    fn time(&mut self) -> Option<(u8, u8, u8)> {
        let hour = self.digits(2)?;
        self.exact(b':')?;
        let minute = self.digits(2)?;
        self.exact(b':')?;
        Some((hour as u8, minute as u8, self.digits(2)? as u8))
    }

    fn month(&mut self) -> Option<u8> {
        let name = self.0.get(..3)?;
        self.0 = &self.0[3..];
        let index = MONTH_NAMES.iter().position(|month| month.as_bytes() == name)?;
        Some(index as u8 + 1)
    }

    fn digits(&mut self, count: usize) -> Option<i32> {
        let digits = self.0.get(..count)?;
        self.0 = &self.0[count..];
        digits.iter().try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + i32::from(byte - b'0')))
    }

    fn exact(&mut self, expected: u8) -> Option<()> {
        (self.byte()? == expected).then_some(())
    }

    fn byte(&mut self) -> Option<u8> {
        let (&first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(first)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_three_forms_are_read() {
        for text in ["Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT", "Sun Nov  6 08:49:37 1994"] {
            assert_eq!(parse(text.as_bytes()), Some(784_111_777), "{text}");
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for seconds in [0, 951_782_400, 1_795_363_043, 4_107_542_399] {
            assert_eq!(parse(format(seconds).as_bytes()), Some(seconds));
        }
        assert_eq!(format(784_111_777), "Sun, 06 Nov 1994 08:49:37 GMT");
    }

    #[test]
    fn what_is_no_date_is_refused() {
        for text in
            ["", "x", "Sun, 32 Nov 1994 08:49:37 GMT", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 29 Feb 1995 08:49:37 GMT"]
        {
            assert_eq!(parse(text.as_bytes()), None, "{text}");
        }
        assert_eq!(parse(b"Sun, 06 Nov 1994 24:00:00 GMT"), None);
    }
}
