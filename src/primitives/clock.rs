//! One second in every form that a log line or a header needs. Nobody reads a clock here.

use super::calendar::{Civil, DAY_NAMES, MONTH_NAMES};
use super::http_date;

/// One second, in every form that a log line needs.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Timestamps {
    /// The second, since 1970.
    pub unix_seconds: i64,
    /// `2026/11/22 15:57:23`, local
    pub error_log: String,
    /// `22/Nov/2026:15:57:23 +0000`, local: `$time_local`
    pub access_log: String,
    /// `2026-11-22T15:57:23+00:00`, local: `$time_iso8601`
    pub iso8601: String,
    /// `Nov 22 15:57:23`, local
    pub syslog: String,
    /// `Sun, 22 Nov 2026 15:57:23 GMT`
    pub http: String,
    /// `Sun Nov 22 15:57:23 2026`, local: the form of ctime(3)
    pub ctime: String,
}

impl Timestamps {
    /// The forms of a second, in a zone that lies so many seconds east of Greenwich.
    pub fn at(unix_seconds: i64, offset_seconds: i32) -> Self {
        let local = Civil::from_unix(unix_seconds + i64::from(offset_seconds));
        let Civil { year, month, day, hour, minute, second, weekday } = local;
        let month_name = MONTH_NAMES[month as usize - 1];
        let (sign, minutes) = (if offset_seconds < 0 { '-' } else { '+' }, offset_seconds.abs() / 60);
        let (zone_hours, zone_minutes) = (minutes / 60, minutes % 60);
        let time = format!("{hour:02}:{minute:02}:{second:02}");
        Self {
            unix_seconds,
            error_log: format!("{year:04}/{month:02}/{day:02} {time}"),
            access_log: format!("{day:02}/{month_name}/{year:04}:{time} {sign}{zone_hours:02}{zone_minutes:02}"),
            iso8601: format!("{year:04}-{month:02}-{day:02}T{time}{sign}{zone_hours:02}:{zone_minutes:02}"),
            syslog: format!("{month_name} {day:2} {time}"),
            http: http_date::format(unix_seconds),
            ctime: format!("{} {month_name} {day:2} {time} {year}", DAY_NAMES[usize::from(weekday)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forms_of_a_second_east_and_west() {
        let east = Timestamps::at(1_795_363_043, 5 * 3_600 + 1_800);
        assert_eq!(east.error_log, "2026/11/22 21:27:23");
        assert_eq!(east.access_log, "22/Nov/2026:21:27:23 +0530");
        assert_eq!(east.http, "Sun, 22 Nov 2026 15:57:23 GMT");
        let west = Timestamps::at(1_796_000_000, -5 * 3_600);
        assert_eq!(west.iso8601, "2026-11-29T19:53:20-05:00");
        assert_eq!(Timestamps::at(1_796_000_000 - 24 * 86_400, 0).syslog, "Nov  6 00:53:20");
    }
}
