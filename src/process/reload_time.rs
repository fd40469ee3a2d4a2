//! `reload_time_file`: the moment of a reload, as it stands in a file that is watched.

use std::fs;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, ToSpan};

use crate::log::keepalived_log::KeepalivedLog;
use crate::log::now;
use crate::sys::inotify::{Watch, Watcher};

/// How much of the first line is read (keepalived).
const LONGEST_LINE: usize = 20;

/// A file, and the moment that was read from it last.
#[derive(Debug)]
pub struct ReloadTime {
    path: PathBuf,
    watcher: Watcher,
    directory: Watch,
    next: Option<Moment>,
}

/// When to reload.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Moment {
    /// Seconds since 1970.
    second: i64,
    /// It is a date, which comes once.
    is_dated: bool,
}

/// Why a line names no moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Refusal {
    Length,
    Form,
    NoSuchTime,
    Past,
}

impl ReloadTime {
    /// Watches the file, which may come later, and reads it.
    pub fn watch(path: &str, log: &KeepalivedLog) -> io::Result<Self> {
        let path = PathBuf::from(path);
        let watcher = Watcher::new()?;
        let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("/"));
        let Ok(directory) = watcher.watch_directory(directory) else {
            let text = format!("Unable to monitor reload timer file directory {}- ignoring", directory.display());
            return Err(io::Error::other(text));
        };
        let mut file = Self { path, watcher, directory, next: None };
        file.read(log);
        Ok(file)
    }

    /// How long until the reload.
    pub fn delay(&self) -> Option<Duration> {
        let moment = Duration::from_secs(self.next?.second.unsigned_abs());
        Some(moment.saturating_sub(since_epoch()))
    }

    /// Looks whether the file has changed.
    pub fn look(&mut self, log: &KeepalivedLog) {
        let directory = self.directory;
        let is_ours = |name: &Option<std::ffi::OsString>| name.as_deref() == self.path.file_name();
        if self.watcher.changes().iter().any(|(watch, name)| *watch == directory && is_ours(name)) {
            self.read(log);
        }
    }

    /// Whether the moment has come. The file goes then, unless the same hour counts again tomorrow (`reload_repeat`).
    pub fn is_due(&mut self, repeats: bool) -> bool {
        if self.delay() != Some(Duration::ZERO) {
            return false;
        }
        let moment = self.next.take();
        if !repeats || moment.is_some_and(|moment| moment.is_dated) {
            // Somebody may have taken it away this instant.
            let _ = fs::remove_file(&self.path);
        }
        true
    }

    fn read(&mut self, log: &KeepalivedLog) {
        let text = fs::read(&self.path).unwrap_or_default();
        let line = text.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(&line[..line.len().min(LONGEST_LINE)]).into_owned();
        if text.is_empty() {
            return self.cancel(log);
        }
        let now = i64::try_from(since_epoch().as_secs()).unwrap_or(i64::MAX);
        match parse(&line, now, &TimeZone::system()) {
            Ok(moment) => self.schedule(moment, log),
            Err(refusal) => {
                for text in refusal.lines(&line) {
                    log.info(&text);
                }
                self.cancel(log);
            }
        }
    }

    fn schedule(&mut self, moment: Moment, log: &KeepalivedLog) {
        let before = self.next.replace(moment);
        let text = shown(moment);
        match before {
            Some(before) if before.second == moment.second => {}
            Some(before) => log.info(&format!("Reload time updated from {} to {text}", shown(before))),
            None => log.info(&format!("Scheduling reload for {text}")),
        }
    }

    fn cancel(&mut self, log: &KeepalivedLog) {
        if let Some(moment) = self.next.take() {
            log.info(&format!("Cancelling reload scheduled for {}", shown(moment)));
        }
    }
}

impl AsFd for ReloadTime {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.watcher.as_fd()
    }
}

impl Refusal {
    /// What keepalived says: first what is wrong, then that nothing comes of it.
    fn lines(self, line: &str) -> [String; 2] {
        let invalid = format!("Invalid reload time '{line}' specified - ignoring");
        match self {
            Self::Length => [format!("Reload time {line} format is incorrect - ignoring"), invalid],
            Self::Form => [format!("Reload date/time {line} invalid - ignoring"), invalid],
            Self::NoSuchTime => [format!("Reload time {line} is not valid - ignoring"), invalid],
            Self::Past => [
                format!("Reload time {line} is in the past - ignoring"),
                "Reload date/time is in the past - ignoring".into(),
            ],
        }
    }
}

fn since_epoch() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}

fn shown(moment: Moment) -> String {
    let time = Duration::from_secs(moment.second.unsigned_abs());
    now::format_at(time, "%Y-%m-%d %H:%M:%S", false).unwrap_or_default()
}

/// `HH:MM:SS`, `YY-MM-DD HH:MM:SS` or `YYYY-MM-DD HH:MM:SS`, local, or with a `Z` behind it in UTC.
fn parse(line: &str, now: i64, zone: &TimeZone) -> Result<Moment, Refusal> {
    let (text, zone) = match line.strip_suffix('Z') {
        Some(text) => (text, &TimeZone::UTC),
        None => (line, zone),
    };
    let today = Timestamp::from_second(now).map_err(|_| Refusal::Form)?.to_zoned(zone.clone()).datetime();
    let (date, time) = match text.len() {
        8 => (None, text),
        17 | 19 => text.split_once(' ').map(|(date, time)| (Some(date), time)).ok_or(Refusal::Form)?,
        _ => return Err(Refusal::Length),
    };
    let [year, month, day] = match date {
        None => [today.year(), today.month().into(), today.day().into()],
        Some(date) => match numbers(date, '-')? {
            // strptime(3): two digits from 69 on are of the last century.
            [year @ 0..=68, month, day] if text.len() == 17 => [year + 2000, month, day],
            [year, month, day] if text.len() == 17 => [year + 1900, month, day],
            date => date,
        },
    };
    let [hour, minute, second] = numbers(time, ':')?;
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return Err(Refusal::Form);
    }
    let small = |number: i16| number as i8;
    let moment = DateTime::new(year, small(month), small(day), small(hour), small(minute), small(second), 0)
        .map_err(|_| Refusal::NoSuchTime)?;
    let second_of = |moment: DateTime| moment.to_zoned(zone.clone()).map(|zoned| zoned.timestamp().as_second());
    if matches!(zone.to_ambiguous_timestamp(moment).offset(), AmbiguousOffset::Gap { .. }) {
        return Err(Refusal::NoSuchTime);
    }
    let second = second_of(moment).map_err(|_| Refusal::NoSuchTime)?;
    match (second > now, date) {
        (true, _) => Ok(Moment { second, is_dated: date.is_some() }),
        (false, Some(_)) => Err(Refusal::Past),
        (false, None) => {
            let tomorrow = moment.checked_add(1.day()).map_err(|_| Refusal::NoSuchTime)?;
            Ok(Moment { second: second_of(tomorrow).map_err(|_| Refusal::NoSuchTime)?, is_dated: false })
        }
    }
}

/// Three numbers of digits alone, with a sign between them.
fn numbers(text: &str, between: char) -> Result<[i16; 3], Refusal> {
    let read = |word: &str| {
        let is_number = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| word.parse().ok()).flatten()
    };
    let all: Option<Vec<i16>> = text.split(between).map(read).collect();
    all.and_then(|all| all.try_into().ok()).ok_or(Refusal::Form)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 2026-11-23 08:00:00 UTC.
    const NOW: i64 = 1_795_420_800;

    fn read(line: &str) -> Result<(i64, bool), Refusal> {
        parse(line, NOW, &TimeZone::UTC).map(|moment| (moment.second - NOW, moment.is_dated))
    }

    #[test]
    fn an_hour_is_of_today_or_tomorrow_and_a_date_comes_once() {
        assert_eq!(read("08:00:01"), Ok((1, false)));
        assert_eq!(read("08:00:00Z"), Ok((86_400, false)));
        assert_eq!(read("26-11-23 09:00:00"), Ok((3_600, true)));
        assert_eq!(read("2026-11-24 08:00:00"), Ok((86_400, true)));
        assert_eq!(read("2026-11-23 07:59:59"), Err(Refusal::Past));
    }

    #[test]
    fn what_is_no_time_is_refused_for_its_reason() {
        assert_eq!(read("08:00"), Err(Refusal::Length));
        assert_eq!(read(""), Err(Refusal::Length));
        assert_eq!(read("24:00:00"), Err(Refusal::Form));
        assert_eq!(read("0a:00:00"), Err(Refusal::Form));
        assert_eq!(read("2027-02-30 08:00:00"), Err(Refusal::NoSuchTime));
    }
}
