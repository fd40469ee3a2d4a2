//! Listening sockets: opened with the options of their `listen`, taken over from an older generation or another program.

use std::fmt;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::rc::Rc;

use crate::conf::diagnostic::Level;
use crate::ir::listen::{Keepalive, SocketOptions};
use crate::log::error_log::ErrorLog;
use crate::sys::listening::{self, Kind};
use crate::sys::socket_options::{self, NumberOption};

/// Where a socket listens, everything resolved.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Address {
    /// An address and port.
    Inet(SocketAddr),
    /// The path of a unix socket.
    Unix(String),
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Inet(address) => address.fmt(f),
            Self::Unix(path) => write!(f, "unix:{path}"),
        }
    }
}

/// A socket that a configuration asks for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wanted {
    /// Where.
    pub address: Address,
    /// How.
    pub options: SocketOptions,
    /// Which of the configuration's listeners asks for it.
    pub listener: usize,
    /// The one worker that listens on it (`reuseport`); `None` if all do.
    pub worker: Option<usize>,
}

/// An open listening socket.
#[derive(Clone, Debug)]
pub struct Listening {
    /// What was asked for.
    pub wanted: Wanted,
    /// The socket; generations that have it in common share it.
    pub descriptor: Rc<OwnedFd>,
    /// Whether another program left it to us.
    pub inherited: bool,
}

/// A socket that another program left to us, with the address it says it has.
#[derive(Debug)]
pub struct Inherited {
    /// Where it listens.
    pub address: Address,
    /// Stream or datagram.
    pub kind: Kind,
    /// Whether several sockets may share its address.
    pub reuseport: bool,
    /// Whether it hands out a connection only when data has come.
    pub deferred: bool,
    /// The socket.
    pub descriptor: Rc<OwnedFd>,
}

impl Inherited {
    /// Asks a socket who it is; `None` if it is no listening socket that we could use.
    pub fn identify(descriptor: OwnedFd) -> Option<Self> {
        let address = match listening::local_address(&descriptor).ok()? {
            listening::LocalAddress::Inet(address) => Address::Inet(address),
            listening::LocalAddress::Unix(path) => Address::Unix(path),
        };
        let number = |option| socket_options::get(&descriptor, option).unwrap_or(0);
        let kind = if number(NumberOption::SO_TYPE) == Kind::Datagram as i32 { Kind::Datagram } else { Kind::Stream };
        let is_tcp = kind == Kind::Stream && matches!(address, Address::Inet(_));
        Some(Self {
            reuseport: is_inet(&address) && number(NumberOption::SO_REUSEPORT) != 0,
            deferred: is_tcp && number(NumberOption::TCP_DEFER_ACCEPT) != 0,
            address,
            kind,
            descriptor: Rc::new(descriptor),
        })
    }
}

fn is_inet(address: &Address) -> bool {
    matches!(address, Address::Inet(_))
}

/// A socket from which a new generation may take over.
#[derive(Clone, Debug)]
pub struct Available {
    address: Address,
    kind: Kind,
    reuseport: bool,
    deferred: bool,
    multipath: bool,
    backlog: Option<i32>,
    inherited: bool,
    descriptor: Rc<OwnedFd>,
}

impl From<&Listening> for Available {
    fn from(socket: &Listening) -> Self {
        let options = &socket.wanted.options;
        Self {
            address: socket.wanted.address.clone(),
            kind: kind(options),
            reuseport: options.reuseport,
            deferred: options.deferred,
            multipath: options.multipath,
            backlog: Some(options.backlog),
            inherited: socket.inherited,
            descriptor: Rc::clone(&socket.descriptor),
        }
    }
}

impl From<Inherited> for Available {
    fn from(socket: Inherited) -> Self {
        Self {
            address: socket.address,
            kind: socket.kind,
            reuseport: socket.reuseport,
            deferred: socket.deferred,
            multipath: false,
            backlog: None,
            inherited: true,
            descriptor: socket.descriptor,
        }
    }
}

fn kind(options: &SocketOptions) -> Kind {
    if options.datagram { Kind::Datagram } else { Kind::Stream }
}

/// Says that the sockets could not be opened; the reasons are in the log.
#[derive(Debug)]
pub struct NotOpened;

/// Opens the sockets that are wanted, taking over what fits from those available.
pub struct Opener<'a> {
    /// Where faults go.
    pub log: &'a ErrorLog,
    /// `-t`: another process may hold the addresses, and nothing is kept.
    pub testing: bool,
}

/// What becomes of one wanted socket.
enum Slot {
    Open { socket: Listening, fresh: bool, previous: Option<Available> },
    Missing(Wanted, Option<Available>),
}

impl Opener<'_> {
    /// Opens all of them, or none. What is available and not wanted any more is left to the caller.
    pub fn open(&self, wanted: Vec<Wanted>, mut available: Vec<Available>) -> Result<Vec<Listening>, NotOpened> {
        let mut slots: Vec<Slot> = wanted.into_iter().map(|wanted| take_over(wanted, &mut available)).collect();
        self.share_ports(&slots);
        // nginx waits a little for a predecessor that is about to end.
        for _ in 0..5 {
            if self.bind_missing(&mut slots)? {
                return Ok(self.finish(slots));
            }
            self.log.say(Level::Notice, "try again to bind() after 500ms");
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        self.log.say(Level::Emerg, "still could not bind()");
        Err(NotOpened)
    }

    /// One more socket on an address, or one of another protocol, needs the old one's consent.
    fn share_ports(&self, slots: &[Slot]) {
        for slot in slots {
            let previous = match slot {
                Slot::Open { socket, previous: Some(previous), .. }
                    if socket.wanted.options.reuseport && !previous.reuseport =>
                {
                    previous
                }
                Slot::Missing(_, Some(previous)) => previous,
                _ => continue,
            };
            self.ask(&previous.descriptor, NumberOption::SO_REUSEPORT, 1, &previous.address);
        }
    }

    /// Tries each socket that is not open; `false` if an address was in use and another attempt is worth it.
    fn bind_missing(&self, slots: &mut [Slot]) -> Result<bool, NotOpened> {
        let mut all_open = true;
        for slot in slots {
            let Slot::Missing(wanted, previous) = slot else { continue };
            match self.bind(wanted, previous.is_some())? {
                Some(descriptor) => {
                    let socket =
                        Listening { wanted: wanted.clone(), descriptor: Rc::new(descriptor), inherited: false };
                    *slot = Slot::Open { socket, fresh: true, previous: None };
                }
                None => all_open &= self.testing,
            }
        }
        Ok(all_open)
    }

    /// A new socket; `None` if the address is in use.
    fn bind(&self, wanted: &Wanted, protocol_changes: bool) -> Result<Option<OwnedFd>, NotOpened> {
        let Wanted { address, options, .. } = wanted;
        let fail = |error: io::Error, text: String| {
            self.log.say_error(Level::Emerg, &error, text);
            NotOpened
        };
        let family = match address {
            Address::Inet(SocketAddr::V4(_)) => listening::Family::V4,
            Address::Inet(SocketAddr::V6(_)) => listening::Family::V6,
            Address::Unix(_) => listening::Family::Unix,
        };
        let socket = listening::socket(family, kind(options), options.multipath)
            .map_err(|error| fail(error, format!("socket() {address} failed")))?;
        let set = |option: NumberOption, value| {
            socket_options::set(&socket, option, value)
                .map_err(|error| fail(error, format!("setsockopt({}) {address} failed", option.name)))
        };
        if !(options.datagram && self.testing) {
            set(NumberOption::SO_REUSEADDR, 1)?;
        }
        if (options.reuseport || protocol_changes) && !self.testing {
            set(NumberOption::SO_REUSEPORT, 1)?;
        }
        if family == listening::Family::V6 {
            let only = i32::from(options.ipv6only);
            if let Err(error) = socket_options::set(&socket, NumberOption::IPV6_V6ONLY, only) {
                fail(error, format!("setsockopt(IPV6_V6ONLY) {address} failed, ignored"));
            }
        }
        if let Err(error) = bind_to(&socket, address) {
            return self.in_use(error, || format!("bind() to {address} failed"));
        }
        if let Address::Unix(path) = address {
            self.open_to_all(path);
        }
        if !options.datagram
            && let Err(error) = listening::listen(&socket, options.backlog)
        {
            return self.in_use(error, || format!("listen() to {address}, backlog {} failed", options.backlog));
        }
        Ok(Some(socket))
    }

    /// An address in use is no end: under `-t` it is as it should be, else there is another attempt.
    fn in_use(&self, error: io::Error, text: impl FnOnce() -> String) -> Result<Option<OwnedFd>, NotOpened> {
        let in_use = error.kind() == io::ErrorKind::AddrInUse;
        if !(in_use && self.testing) {
            self.log.say_error(Level::Emerg, &error, text());
        }
        if in_use { Ok(None) } else { Err(NotOpened) }
    }

    fn open_to_all(&self, path: &str) {
        if let Err(error) = fs::set_permissions(path, fs::Permissions::from_mode(0o666)) {
            self.log.say_error(Level::Emerg, &error, format_args!("chmod() \"{path}\" failed"));
        }
        if self.testing
            && let Err(error) = fs::remove_file(path)
        {
            self.log.say_error(Level::Emerg, &error, format_args!("unlink() {path} failed"));
        }
    }

    /// Sets what can be set on an open socket too, and so also reaches those that were taken over.
    fn finish(&self, slots: Vec<Slot>) -> Vec<Listening> {
        let mut open = Vec::with_capacity(slots.len());
        for slot in slots {
            let Slot::Open { socket, fresh, previous } = slot else { continue };
            if !self.testing {
                self.configure(&socket, fresh, previous.as_ref());
            }
            open.push(socket);
        }
        open
    }

    fn configure(&self, socket: &Listening, fresh: bool, previous: Option<&Available>) {
        let Listening { wanted: Wanted { address, options, .. }, descriptor, .. } = socket;
        let ask = |option, value: i32| self.ask_with_value(descriptor, option, value, address);
        if let Some(bytes) = options.receive_buffer {
            ask(NumberOption::SO_RCVBUF, as_number(bytes));
        }
        if let Some(bytes) = options.send_buffer {
            ask(NumberOption::SO_SNDBUF, as_number(bytes));
        }
        match options.keepalive {
            None => {}
            Some(Keepalive::Off) => ask(NumberOption::SO_KEEPALIVE, 0),
            Some(Keepalive::On { idle_seconds, interval_seconds, count }) => {
                ask(NumberOption::SO_KEEPALIVE, 1);
                let times = [
                    (NumberOption::TCP_KEEPIDLE, idle_seconds),
                    (NumberOption::TCP_KEEPINTVL, interval_seconds),
                    (NumberOption::TCP_KEEPCNT, count),
                ];
                for (option, value) in times {
                    if let Some(value) = value {
                        ask(option, as_number(value as usize));
                    }
                }
            }
        }
        if let Some(length) = options.fastopen {
            ask(NumberOption::TCP_FASTOPEN, as_number(length as usize));
        }
        let backlog_changes = previous.is_some_and(|previous| previous.backlog != Some(options.backlog));
        if (fresh || backlog_changes)
            && !options.datagram
            && let Err(error) = listening::listen(descriptor, options.backlog)
        {
            let text = format!("listen() to {address}, backlog {} failed, ignored", options.backlog);
            self.log.say_error(Level::Alert, &error, text);
        }
        // Last, as nothing may depend on it.
        let deferred_before = previous.is_some_and(|previous| previous.deferred);
        if options.deferred != deferred_before {
            let value = i32::from(options.deferred);
            if let Err(error) = socket_options::set(descriptor, NumberOption::TCP_DEFER_ACCEPT, value) {
                let text = format!("setsockopt(TCP_DEFER_ACCEPT, {value}) for {address} failed, ignored");
                self.log.say_error(Level::Alert, &error, text);
            }
        }
    }

    fn ask(&self, socket: impl AsFd, option: NumberOption, value: i32, address: &Address) {
        if let Err(error) = socket_options::set(socket, option, value) {
            self.log.say_error(Level::Alert, &error, format!("setsockopt({}) {address} failed, ignored", option.name));
        }
    }

    fn ask_with_value(&self, socket: impl AsFd, option: NumberOption, value: i32, address: &Address) {
        if let Err(error) = socket_options::set(socket, option, value) {
            let text = format!("setsockopt({}, {value}) {address} failed, ignored", option.name);
            self.log.say_error(Level::Alert, &error, text);
        }
    }
}

fn as_number(value: usize) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

/// Finds the first available socket at the address; a socket that is taken over is not available any more.
fn take_over(wanted: Wanted, available: &mut Vec<Available>) -> Slot {
    let fits = |socket: &Available| socket.address == wanted.address && socket.kind == kind(&wanted.options);
    let Some(index) = available.iter().position(fits) else { return Slot::Missing(wanted, None) };
    if available[index].multipath != wanted.options.multipath {
        return Slot::Missing(wanted, Some(available[index].clone()));
    }
    let previous = available.remove(index);
    let (descriptor, inherited) = (Rc::clone(&previous.descriptor), previous.inherited);
    Slot::Open { socket: Listening { wanted, descriptor, inherited }, fresh: false, previous: Some(previous) }
}

fn bind_to(socket: impl AsFd, address: &Address) -> io::Result<()> {
    match address {
        Address::Inet(address) => listening::bind_inet(socket, *address),
        Address::Unix(path) => listening::bind_unix(socket, path),
    }
}

/// Removes the file of a unix socket that nobody listens on any more.
pub fn remove_unix_socket(address: &Address, log: &ErrorLog) {
    if let Address::Unix(path) = address
        && let Err(error) = fs::remove_file(path)
    {
        log.say_error(Level::Emerg, &error, format_args!("unlink() \"{path}\" failed"));
    }
}

#[cfg(test)]
mod tests;
