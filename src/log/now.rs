//! The time of a log line: the clock, read cheaply, and its written forms, made once a second.

use std::cell::RefCell;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::primitives::clock::Timestamps;
use crate::sys::coarse_clock;

struct Cache {
    zone: TimeZone,
    forms: Timestamps,
}

thread_local! {
    static CACHE: RefCell<Option<Cache>> = const { RefCell::new(None) };
}

/// Time since 1970.
pub fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

/// Time since 1970 as it was at the kernel's last tick: some milliseconds old at most, and cheap.
pub fn at_last_tick() -> Duration {
    coarse_clock::since_epoch()
}

/// The present second since 1970.
pub fn second() -> i64 {
    coarse_clock::since_epoch().as_secs() as i64
}

/// The forms of the present second.
pub fn with<R>(read: impl FnOnce(&Timestamps) -> R) -> R {
    let second = second();
    CACHE.with_borrow_mut(|cache| {
        let cache = cache.get_or_insert_with(|| fresh(TimeZone::system(), second));
        if cache.forms.unix_seconds != second {
            cache.forms = Timestamps::at(second, offset(&cache.zone, second));
        }
        read(&cache.forms)
    })
}

/// How far east of Greenwich the local zone is now.
pub fn offset_seconds() -> i64 {
    let second = second();
    CACHE.with_borrow_mut(|cache| {
        let cache = cache.get_or_insert_with(|| fresh(TimeZone::system(), second));
        i64::from(offset(&cache.zone, second))
    })
}

/// The present time in a form of `strftime`; nothing if the form is none.
pub fn format(format: &str, is_gmt: bool) -> Option<String> {
    format_at(since_epoch(), format, is_gmt)
}

/// The same of any time since 1970.
pub fn format_at(time: Duration, format: &str, is_gmt: bool) -> Option<String> {
    let time = Timestamp::from_second(time.as_secs() as i64).ok()?;
    let zone = if is_gmt { TimeZone::UTC } else { TimeZone::system() };
    // The C library calls the zone by its older name.
    let format = if is_gmt { format.replace("%Z", "GMT") } else { format.to_owned() };
    jiff::fmt::strtime::format(format, &time.to_zoned(zone)).ok()
}

/// Reads the time zone anew: its file may have changed since the last generation began.
pub fn update_zone() {
    jiff::tz::db().reset();
    CACHE.set(Some(fresh(TimeZone::system(), second())));
}

fn fresh(zone: TimeZone, second: i64) -> Cache {
    let forms = Timestamps::at(second, offset(&zone, second));
    Cache { zone, forms }
}

fn offset(zone: &TimeZone, second: i64) -> i32 {
    Timestamp::from_second(second).map_or(0, |time| zone.to_offset(time).seconds())
}
