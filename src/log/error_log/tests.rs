//! What error log lines look like, byte for byte, and where they go.

use std::fs;

use super::*;

struct Scratch(String);

impl Scratch {
    fn new(name: &str) -> Self {
        let directory = std::env::temp_dir().join(format!("evenkeel-error-log-{name}-{}", std::process::id()));
        fs::create_dir_all(&directory).expect("a scratch directory");
        Self(directory.to_str().expect("an ASCII path").to_owned())
    }

    fn log(&self, name: &str, level: Level) -> Output {
        Output::new(Target::File(LogFile::open(&self.path(name)).expect("it opens")), level)
    }

    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.0)
    }

    fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path(name)).expect("the log")
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).expect("scratch directory removed");
    }
}

#[test]
fn a_line_has_time_level_process_and_connection() {
    stop_showing_on_stderr();
    let scratch = Scratch::new("line");
    let log = ErrorLog::new(vec![scratch.log("a", Level::Error)]);
    log.write(Level::Error, Some(Whose { number: 9, is_debugged: false }), |line| {
        line.push(b"raw \xff");
        line.push_error(&io::Error::from_raw_os_error(111));
    });
    log.say(Level::Warn, "not due");
    let bytes = fs::read(scratch.path("a")).expect("the log");
    let pid = std::process::id().to_string();
    let text = String::from_utf8_lossy(&bytes);
    assert_eq!(&text[19..28], " [error] ");
    assert!(text[28..].starts_with(&format!("{pid}#")), "{text}");
    assert!(text.ends_with(": *9 raw \u{fffd} (111: Connection refused)\n"), "{text}");
    assert_eq!(text.lines().count(), 1);
}

#[test]
fn each_log_has_its_own_level() {
    stop_showing_on_stderr();
    let scratch = Scratch::new("levels");
    let log = ErrorLog::new(vec![scratch.log("few", Level::Crit), scratch.log("many", Level::Info)]);
    log.say(Level::Info, "x");
    log.say(Level::Alert, "y");
    assert_eq!(scratch.read("few").lines().count(), 1);
    assert_eq!(scratch.read("many").lines().count(), 2);
}

#[test]
fn a_long_line_is_cut_and_keeps_its_error() {
    stop_showing_on_stderr();
    let scratch = Scratch::new("long");
    let log = ErrorLog::new(vec![scratch.log("a", Level::Error)]);
    log.say(Level::Error, "x".repeat(5_000));
    log.say_error(Level::Error, &io::Error::from_raw_os_error(2), "y".repeat(5_000));
    let text = scratch.read("a");
    let lines: Vec<_> = text.lines().collect();
    assert_eq!(lines[0].len(), 2047);
    assert!(lines[1].ends_with("yyy... (2: No such file or directory)"), "{}", lines[1]);
    assert_eq!(lines[1].len(), 1998 + "... (2: No such file or directory)".len());
}

#[test]
fn a_log_without_outputs_takes_nothing() {
    assert!(!ErrorLog::new(Vec::new()).is_due(Level::Emerg));
}
