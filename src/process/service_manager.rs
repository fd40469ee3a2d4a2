//! What systemd hears of us (sd_notify(3)) and what it hands to us (sd_listen_fds(3)). Where it did not start us, nothing.

use std::ffi::{OsStr, OsString};
use std::os::fd::AsFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::path::PathBuf;
use std::time::Duration;
use std::{env, fs, io};

use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::net::listener::Inherited;
use crate::sys::fork::{self, Pid};
use crate::sys::{credentials, descriptors, monotonic_clock, poll};

/// Where the service manager listens; an abstract name begins with `@`.
pub const VARIABLE: &str = "NOTIFY_SOCKET";
/// The first descriptor that it leaves open.
const FIRST: i32 = 3;
/// How long it may take to note what it was told.
const NOTE_LIMIT: Duration = Duration::from_secs(5);

/// The way to the service manager. What cannot be said is not said: it notices by itself when we end.
#[derive(Debug)]
pub struct ServiceManager(Option<UnixDatagram>);

impl ServiceManager {
    /// The one that has started us, if it wants to hear of us.
    pub fn from_environment() -> Self {
        Self(env::var_os(VARIABLE).and_then(|name| connect(&name).ok()))
    }

    /// The one that has started another process, if it wants to hear of that.
    pub fn of_process(pid: Pid) -> Self {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        let name = environment.split(|&byte| byte == 0).find_map(|line| {
            let value = line.strip_prefix(VARIABLE.as_bytes())?.strip_prefix(b"=")?;
            Some(OsStr::from_bytes(value).to_owned())
        });
        Self(name.and_then(|name| connect(&name).ok()))
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

    /// The service goes from one process to another, which joins its control group: the end of the first is no end of the
    /// service. Says so in the name of the first, as sd_pid_notify(3) does, and waits until it is noted.
    pub fn hand_over(&self, from: Pid, to: Pid) -> io::Result<()> {
        if to == fork::own_pid() {
            join_control_group(from);
        }
        let Some(socket) = &self.0 else { return Ok(()) };
        credentials::send_as(socket, from, format!("MAINPID={to}").as_bytes())?;
        let (ours, theirs) = descriptors::channel()?;
        descriptors::send_with(socket, b"BARRIER=1", &theirs)?;
        drop(theirs);
        // It closes the descriptor once it has read all that came before.
        match poll::wait_readable(&[ours.as_fd()], Some(NOTE_LIMIT))?.first() {
            Some(true) => Ok(()),
            _ => Err(io::ErrorKind::TimedOut.into()),
        }
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

/// This process goes to where another one is: in the tree of version 2, and in systemd's own of version 1. A service is stopped,
/// and counted, by its group; where this cannot be, it is told all the same.
fn join_control_group(of: Pid) {
    let groups = fs::read_to_string(format!("/proc/{of}/cgroup")).unwrap_or_default();
    for line in groups.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else { continue };
        let roots: &[&str] = match controllers {
            "" => &["/sys/fs/cgroup", "/sys/fs/cgroup/unified"],
            "name=systemd" => &["/sys/fs/cgroup/systemd"],
            _ => &[],
        };
        for root in roots {
            let processes = PathBuf::from(format!("{root}{path}/cgroup.procs"));
            drop(fs::write(processes, fork::own_pid().to_string()));
        }
    }
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
