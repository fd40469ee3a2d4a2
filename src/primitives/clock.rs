//! The calendar: Unix seconds to dates and back, and the forms in which logs write them. Nobody reads a clock here.

/// Names of days, Sunday first.
pub const DAY_NAMES: [&str; 7] = ["Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"];
/// Names of months.
pub const MONTH_NAMES: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// A date and time of the Gregorian calendar, in whatever zone the caller means.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Civil {
    /// With all digits.
    pub year: i32,
    /// 1 to 12.
    pub month: u8,
    /// 1 to 31.
    pub day: u8,
    /// 0 to 23.
    pub hour: u8,
    /// 0 to 59.
    pub minute: u8,
    /// 0 to 59.
    pub second: u8,
    /// 0 is Sunday.
    pub weekday: u8,
}

impl Civil {
    /// The date of a number of seconds since 1970. Days are counted in years that begin in March, so that the leap day is the last.
    pub fn from_unix(seconds: i64) -> Self {
        let days = seconds.div_euclid(86_400);
        let of_day = seconds.rem_euclid(86_400);
        let since_march = days + 719_468;
        let era = since_march.div_euclid(146_097);
        let day_of_era = since_march.rem_euclid(146_097);
        let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let march_month = (5 * day_of_year + 2) / 153;
        let month = if march_month < 10 { march_month + 3 } else { march_month - 9 };
        Self {
            year: (year_of_era + era * 400 + i64::from(month <= 2)) as i32,
            month: month as u8,
            day: (day_of_year - (153 * march_month + 2) / 5 + 1) as u8,
            hour: (of_day / 3_600) as u8,
            minute: (of_day % 3_600 / 60) as u8,
            second: (of_day % 60) as u8,
            weekday: (days + 4).rem_euclid(7) as u8,
        }
    }

    /// The number of seconds since 1970; the weekday is not looked at.
    pub fn to_unix(self) -> i64 {
        let year = i64::from(self.year) - i64::from(self.month <= 2);
        let era = year.div_euclid(400);
        let year_of_era = year.rem_euclid(400);
        let march_month = (i64::from(self.month) + 9) % 12;
        let day_of_year = (153 * march_month + 2) / 5 + i64::from(self.day) - 1;
        let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
        let days = era * 146_097 + day_of_era - 719_468;
        days * 86_400 + i64::from(self.hour) * 3_600 + i64::from(self.minute) * 60 + i64::from(self.second)
    }

    /// Whether the date exists. A day 0 passes, as it does in nginx.
    pub fn is_valid(self) -> bool {
        let leap = self.year % 4 == 0 && (self.year % 100 != 0 || self.year % 400 == 0);
        let days = match self.month {
            2 => 28 + u8::from(leap),
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        };
        self.day <= days && self.hour < 24 && self.minute < 60 && self.second < 60
    }
}

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
            http: super::http_date::format(unix_seconds),
            ctime: format!("{} {month_name} {day:2} {time} {year}", DAY_NAMES[usize::from(weekday)]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_go_both_ways() {
        for day in (-800_000..800_000).step_by(977) {
            let seconds = day * 86_400 + 3_661;
            let civil = Civil::from_unix(seconds);
            assert!(civil.is_valid());
            assert_eq!(civil.to_unix(), seconds);
        }
    }

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
