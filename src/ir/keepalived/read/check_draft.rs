//! A check of a real server as far as it has been read.

use std::net::{IpAddr, SocketAddr};

use crate::conf::keepalived::parser::{Line, Parser, Stop};
use crate::conf::keepalived::report::Fault;
use crate::ir::keepalived::checker::{Connection, FileCheck, HttpCheck, MiscCheck, UdpCheck, Url};
use crate::ir::keepalived::notify::{Command, User, quoted};

use super::check_timing::Timing;
use super::value::{Trailing, seconds, socket_address, unsigned_word};

const MOST: u64 = u32::MAX as u64;
const SECOND_US: u64 = 1_000_000;
/// What the kernel takes as the name of an interface.
const INTERFACE_NAME_LENGTH: usize = 15;

/// A check that is being read.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) kind: Kind,
    pub(super) connection: Option<ConnectionDraft>,
    pub(super) timing: Timing,
    pub(super) log_all_failures: bool,
    /// It has been refused; the rest of its block is read all the same.
    pub(super) removed: bool,
}

/// What a check does, as far as it has been read.
#[derive(Debug)]
pub(super) enum Kind {
    Tcp,
    Ping,
    Udp(UdpCheck),
    Dns { record_type: &'static str, name: Option<String> },
    Http { check: HttpCheck, url: Option<Url> },
    Smtp { helo_name: Option<String>, host: Option<ConnectionDraft>, hosts: Vec<ConnectionDraft> },
    Misc(MiscDraft),
    File(FileDraft),
    Bfd { name: Option<String> },
}

/// Where a check connects, as far as it has been read.
#[derive(Clone, Debug)]
pub(super) struct ConnectionDraft {
    pub(super) destination: Option<IpAddr>,
    pub(super) port: u16,
    pub(super) source: Option<IpAddr>,
    pub(super) source_port: u16,
    pub(super) interface: Option<String>,
    pub(super) timeout_us: Option<u64>,
    pub(super) mark: u32,
}

impl ConnectionDraft {
    pub(super) fn to(address: Option<SocketAddr>) -> Self {
        Self {
            destination: address.map(|address| address.ip()),
            port: address.map_or(0, |address| address.port()),
            source: None,
            source_port: 0,
            interface: None,
            timeout_us: None,
            mark: 0,
        }
    }

    /// Whether a line of the block has said anything about it.
    pub(super) fn is_set(&self) -> bool {
        self.destination.is_some()
            || self.port != 0
            || self.source.is_some()
            || self.source_port != 0
            || self.interface.is_some()
            || self.timeout_us.is_some()
            || self.mark != 0
    }

    /// An address that means another neighbour on each interface needs one.
    pub(super) fn is_usable(&self, parser: &mut Parser<'_, '_>) -> bool {
        if let Some(IpAddr::V6(address)) = self.destination
            && address.is_unicast_link_local()
            && self.interface.is_none()
        {
            let text = format!("Checker link local address {address} requires a bind_if");
            parser.report(Fault::General, text);
            return false;
        }
        true
    }

    /// Takes one of its keywords over; `false` if the keyword is another one's.
    pub(super) fn set(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<bool, Stop> {
        match name {
            "connect_ip" | "bindto" => self.set_address(parser, name, line)?,
            "connect_port" | "bind_port" => match unsigned_word(parser, line, 1, 65535, Trailing::Warned)? {
                None => {
                    let text = format!("Invalid checker {name} '{}'", line.words[1]);
                    parser.report(Fault::General, text);
                }
                Some(port) if name == "connect_port" => self.port = port as u16,
                Some(port) => self.source_port = port as u16,
            },
            "bind_if" => {
                let word = line.word(1, parser.reader)?;
                if word.len() > INTERFACE_NAME_LENGTH {
                    parser.report(Fault::General, format!("Interface name {word} is too long - ignoring"));
                } else {
                    self.interface = Some(word.to_owned());
                }
            }
            "connect_timeout" => {
                let word = line.word(1, parser.reader)?;
                match seconds(parser, word, 1, MOST) {
                    None => parser.report(Fault::General, format!("connect_timeout {word} invalid - ignoring")),
                    timeout => self.timeout_us = timeout,
                }
            }
            "fwmark" => match unsigned_word(parser, line, 0, MOST, Trailing::Warned)? {
                None => {
                    let text = format!("Invalid fwmark connection value '{}'", line.words[1]);
                    parser.report(Fault::General, text);
                }
                Some(mark) => self.mark = mark as u32,
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    pub(super) fn set_address(&mut self, parser: &mut Parser<'_, '_>, name: &str, line: &Line) -> Result<(), Stop> {
        let word = line.word(1, parser.reader)?;
        let address = socket_address(word);
        let (slot, other, other_name) = match name {
            "connect_ip" => (&mut self.destination, self.source, "bindto"),
            _ => (&mut self.source, self.destination, "connect_ip"),
        };
        *slot = None;
        match address {
            None => parser.report(Fault::General, format!("Invalid {name} address {word} - ignoring")),
            Some(address) if other.is_some_and(|other| other.is_ipv4() != address.is_ipv4()) => {
                let text = format!("{name} address {word} does not match address family of {other_name} - skipping");
                parser.report(Fault::General, text);
            }
            address => *slot = address,
        }
        Ok(())
    }

    pub(super) fn finish(self, server: SocketAddr, timeout_us: Option<u64>) -> Connection {
        let port = if self.port == 0 { server.port() } else { self.port };
        Connection {
            destination: SocketAddr::new(self.destination.unwrap_or(server.ip()), port),
            source: self.source,
            source_port: self.source_port,
            interface: self.interface,
            timeout_us: self.timeout_us.or(timeout_us).unwrap_or(5 * SECOND_US),
            mark: self.mark,
        }
    }
}

/// A `MISC_CHECK` that is being read.
#[derive(Debug, Default)]
pub(super) struct MiscDraft {
    pub(super) words: Vec<String>,
    pub(super) user: Option<User>,
    pub(super) timeout_s: Option<u32>,
    pub(super) dynamic: bool,
}

impl MiscDraft {
    /// The command as logs show it.
    pub(super) fn line(&self) -> String {
        quoted(&self.words)
    }

    /// The command, to be checked.
    pub(super) fn command(&self) -> Command {
        Command { words: self.words.clone(), user: self.user.clone() }
    }

    pub(super) fn finish(self) -> Option<MiscCheck> {
        let command = self.command();
        let check = MiscCheck { command, timeout_s: self.timeout_s, dynamic: self.dynamic };
        (!self.words.is_empty()).then_some(check)
    }
}

/// A `FILE_CHECK` that is being read.
#[derive(Debug, Default)]
pub(super) struct FileDraft {
    pub(super) file: Option<(String, i32, bool)>,
    pub(super) weight: Option<(i32, bool)>,
}

impl FileDraft {
    pub(super) fn finish(self) -> FileCheck {
        let (track_file, weight, reverse) = self.file.unwrap_or_default();
        let (weight, reverse) = self.weight.unwrap_or((weight, reverse));
        FileCheck { track_file, weight, reverse }
    }
}
