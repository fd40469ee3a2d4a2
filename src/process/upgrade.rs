//! The change of the binary under way: sockets handed to a new program in the variable `NGINX`, as nginx does it.

use std::ffi::OsString;
use std::fs;

use super::cycle::Cycle;
use super::{privileges, service_manager};
use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::net::listener::Inherited;
use crate::sys::fork::{self, Pid, Side};
use crate::sys::{descriptors, signal};

/// The variable that names the descriptors of listening sockets, each followed by `;`.
pub const VARIABLE: &str = "NGINX";

/// A title lies where words and environment were. As these are few, nginx gives another nginx so much more, and so do we.
const ROOM_FOR_TITLE: usize = 300;

/// The sockets that the master before us left open; `None` if there was none.
pub fn inherited_sockets(log: &ErrorLog) -> Option<Vec<Inherited>> {
    let value = std::env::var_os(VARIABLE)?.to_string_lossy().into_owned();
    log.say(Level::Notice, format_args!("using inherited sockets from \"{value}\""));
    let mut sockets = Vec::new();
    let mut rest = value.as_str();
    while let Some(end) = rest.find([':', ';']) {
        let Ok(number) = rest[..end].parse::<i32>() else {
            let text = format!(
                "invalid socket number \"{rest}\" in {VARIABLE} environment variable, ignoring the rest of the variable"
            );
            log.say(Level::Emerg, text);
            return Some(sockets);
        };
        sockets.extend(adopt(number, log));
        rest = &rest[end + 1..];
    }
    if !rest.is_empty() {
        let text = format!("invalid socket number \"{rest}\" in {VARIABLE} environment variable, ignoring");
        log.say(Level::Emerg, text);
    }
    Some(sockets)
}

fn adopt(number: i32, log: &ErrorLog) -> Option<Inherited> {
    let inherited = descriptors::adopt(number).and_then(|descriptor| {
        // Other programs that we start have no use for it.
        descriptors::inherit_over_exec(&descriptor, false)
            .and_then(|()| descriptors::set_nonblocking(&descriptor))
            .ok()?;
        Inherited::identify(descriptor)
    });
    if inherited.is_none() {
        log.say(Level::Crit, format_args!("getsockname() of the inherited socket #{number} failed"));
    }
    inherited
}

/// Starts the program at our own path with our own words; gives its number.
pub fn start_new_binary(cycle: &Cycle, arguments: &[OsString]) -> Option<Pid> {
    let log = &*cycle.log;
    let program = arguments.first()?;
    let name = program.to_string_lossy();
    let (pid_path, old_path) = (cycle.pid_path(), cycle.old_pid_path());
    if let Err(error) = fs::rename(&pid_path, &old_path) {
        let text = format!("rename() {pid_path} to {old_path} failed before executing new binary process \"{name}\"");
        log.say_error(Level::Alert, &error, text);
        return None;
    }
    match fork::fork() {
        Ok(Side::Child) => execute(cycle, program, arguments),
        Ok(Side::Parent(child)) => {
            log.say(Level::Notice, format_args!("start new binary process {child}"));
            Some(child)
        }
        Err(error) => {
            log.say_error(Level::Alert, &error, "fork() failed while spawning \"new binary process\"");
            if let Err(error) = fs::rename(&old_path, &pid_path) {
                let text = format!(
                    "rename() {old_path} back to {pid_path} failed after an attempt to execute new binary process \"{name}\""
                );
                log.say_error(Level::Alert, &error, text);
            }
            None
        }
    }
}

fn execute(cycle: &Cycle, program: &OsString, arguments: &[OsString]) -> ! {
    let mut value = String::new();
    for socket in &cycle.listening {
        if let Err(error) = descriptors::inherit_over_exec(&*socket.descriptor, true) {
            cycle.log.say_error(Level::Alert, &error, "fcntl(FD_CLOEXEC) failed");
        }
        value.push_str(&format!("{};", descriptors::number(&*socket.descriptor)));
    }
    let mut environment: Vec<OsString> = privileges::kept_environment(&cycle.nginx.core)
        .into_iter()
        .map(|(mut line, value)| {
            line.push("=");
            line.push(value);
            line
        })
        .collect();
    environment.push(format!("{VARIABLE}={value}").into());
    environment.push(format!("SPARE={}", "X".repeat(ROOM_FOR_TITLE)).into());
    if let Some(name) = std::env::var_os(service_manager::VARIABLE) {
        let mut line = OsString::from(service_manager::VARIABLE);
        line.push("=");
        line.push(name);
        environment.push(line);
    }
    // The new program may be a script: what we read from a descriptor would not reach it.
    if let Err(error) = signal::reset_all() {
        cycle.log.say_error(Level::Alert, &error, "sigprocmask() failed");
    }
    let error = fork::execute(program, arguments, &environment);
    let text = format!("execve() failed while executing new binary process \"{}\"", program.to_string_lossy());
    cycle.log.say_error(Level::Alert, &error, text);
    std::process::exit(1)
}

/// Gives the pid file its name back after the new binary has ended.
pub fn take_pid_file_back(cycle: &Cycle, arguments: &[OsString]) {
    let (pid_path, old_path) = (cycle.pid_path(), cycle.old_pid_path());
    if let Err(error) = fs::rename(&old_path, &pid_path) {
        let name = arguments.first().map(|name| name.to_string_lossy()).unwrap_or_default();
        let text =
            format!("rename() {old_path} back to {pid_path} failed after the new binary process \"{name}\" exited");
        cycle.log.say_error(Level::Alert, &error, text);
    }
}
