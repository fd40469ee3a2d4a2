//! What systemd hears of us (sd_notify(3)) and what it hands to us (sd_listen_fds(3)). Where it did not start us, nothing.

use std::ffi::OsString;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::{env, io};

use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::net::listener::Inherited;
use crate::sys::fork::{self, Pid};
use crate::sys::{descriptors, monotonic_clock};

/// Where the service manager listens; an abstract name begins with `@`.
pub const VARIABLE: &str = "NOTIFY_SOCKET";
/// The first descriptor that it leaves open.
const FIRST: i32 = 3;

/// The way to the service manager. What cannot be said is not said: it notices by itself when we end.
#[derive(Debug)]
pub struct ServiceManager(Option<UnixDatagram>);

impl ServiceManager {
    /// The one that has started us, if it wants to hear of us.
    pub fn from_environment() -> Self {
        Self(env::var_os(VARIABLE).and_then(|name| connect(&name).ok()))
    }

    /// Whether there is one.
    pub fn is_there(&self) -> bool {
        self.0.is_some()
    }

    /// This process serves: at first, after a reload, and in the place of another binary.
    pub fn ready(&self) {
        self.tell(&format!("READY=1\nMAINPID={}", fork::own_pid()));
    }

    /// A reload has begun. The time is for `Type=notify-reload`, which tells this answer from an earlier one by it.
    pub fn reloading(&self) {
        self.tell(&format!("RELOADING=1\nMONOTONIC_USEC={}", monotonic_clock::since_boot().as_micros()));
    }

    /// The end has begun.
    pub fn stopping(&self) {
        self.tell("STOPPING=1");
    }

    fn tell(&self, text: &str) {
        if let Some(socket) = &self.0 {
            drop(socket.send(text.as_bytes()));
        }
    }
}

fn connect(name: &OsString) -> io::Result<UnixDatagram> {
    let bytes = name.as_bytes();
    let address = match bytes.strip_prefix(b"@") {
        Some(abstract_name) => SocketAddr::from_abstract_name(abstract_name)?,
        None => SocketAddr::from_pathname(name)?,
    };
    let socket = UnixDatagram::unbound()?;
    socket.set_nonblocking(true)?;
    socket.connect_addr(&address)?;
    Ok(socket)
}

/// The sockets of a `.socket` unit, meant for this very process. Call it once, before anything else is opened.
pub fn handed_over(log: &ErrorLog) -> Vec<Inherited> {
    let number = |name| env::var(name).ok()?.parse::<Pid>().ok();
    let (Some(pid), Some(count)) = (number("LISTEN_PID"), number("LISTEN_FDS")) else { return Vec::new() };
    if pid != fork::own_pid() || count <= 0 {
        return Vec::new();
    }
    log.say(Level::Notice, format_args!("using {count} sockets from systemd"));
    (FIRST..FIRST.saturating_add(count)).map_while(descriptors::adopt).filter_map(identify).collect()
}

fn identify(descriptor: std::os::fd::OwnedFd) -> Option<Inherited> {
    descriptors::inherit_over_exec(&descriptor, false).ok()?;
    descriptors::set_nonblocking(&descriptor).ok()?;
    Inherited::identify(descriptor)
}
