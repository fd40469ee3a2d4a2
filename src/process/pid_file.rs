//! The file with the master's process number.

use std::fs::{self, OpenOptions};
use std::io::{self, Read, Write};
use std::os::unix::fs::OpenOptionsExt;

use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::sys::fork::{self, Pid};

/// What is added to the name while another binary takes over.
pub const OLD_SUFFIX: &str = ".oldbin";

/// Says that the pid file could not be used; the reason is in the log.
#[derive(Debug)]
pub struct PidFileFault;

/// Writes our own number.
pub fn write(path: &str, log: &ErrorLog) -> Result<(), PidFileFault> {
    let mut options = OpenOptions::new();
    let mut file = open(options.write(true).create(true).truncate(true), path, log)?;
    file.write_all(format!("{}\n", fork::own_pid()).as_bytes()).map_err(|error| {
        log.say_error(Level::Emerg, &error, format_args!("write() \"{path}\" failed"));
        PidFileFault
    })
}

/// Makes sure that it could be written; leaves an empty one where there was none, as `-t` of nginx does.
pub fn try_out(path: &str, log: &ErrorLog) -> Result<(), PidFileFault> {
    let mut options = OpenOptions::new();
    open(options.read(true).write(true).create(true).truncate(false), path, log)?;
    Ok(())
}

fn open(options: &mut OpenOptions, path: &str, log: &ErrorLog) -> Result<fs::File, PidFileFault> {
    options.mode(0o644).open(path).map_err(|error| {
        log.say_error(Level::Emerg, &error, format_args!("open() \"{path}\" failed"));
        PidFileFault
    })
}

/// Removes it.
pub fn remove(path: &str, log: &ErrorLog) {
    if let Err(error) = fs::remove_file(path) {
        log.say_error(Level::Alert, &error, format_args!("unlink() \"{path}\" failed"));
    }
}

/// Reads the number of a running master, for `-s`.
pub fn read(path: &str, log: &ErrorLog) -> Result<Pid, PidFileFault> {
    let text = read_start(path).map_err(|error| {
        log.say_error(Level::Error, &error, format_args!("open() \"{path}\" failed"));
        PidFileFault
    })?;
    let digits = text.trim_end_matches(['\r', '\n']);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    digits.parse().ok().filter(|_| is_number).ok_or_else(|| {
        log.say(Level::Error, format_args!("invalid PID number \"{digits}\" in \"{path}\""));
        PidFileFault
    })
}

/// As much as a number can take; a file that holds more holds none.
fn read_start(path: &str) -> io::Result<String> {
    let mut bytes = Vec::new();
    fs::File::open(path)?.take(22).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
