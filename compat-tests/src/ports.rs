//! Free ports in the place of those a case writes: 8080 to 8099 stand for whatever is free.
//!
//! The real ones have four digits too, so that no length on the wire depends on them; a locked file keeps a port from being
//! taken by another test that runs at the same time.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::process;

use nix::sys::socket::sockopt::ReuseAddr;
use nix::sys::socket::{AddressFamily, SockFlag, SockType, SockaddrIn, bind, setsockopt, socket};

/// The ports of one run of a case.
#[derive(Debug, Default)]
pub struct Ports {
    real: BTreeMap<u16, (u16, File)>,
}

impl Ports {
    /// The text with every written port replaced by its real one, taking new ones as they are met.
    pub fn fill_in(&mut self, text: &str) -> Result<String, String> {
        let mut missing = Vec::new();
        map_numbers(text, |number| {
            if (8080..=8099).contains(&number) && !self.real.contains_key(&number) {
                missing.push(number);
            }
            None
        });
        for written in missing {
            if let Entry::Vacant(place) = self.real.entry(written) {
                place.insert(take()?);
            }
        }
        Ok(map_numbers(text, |number| self.real.get(&number).map(|(real, _)| *real)))
    }

    /// The text with every real port replaced by the written one.
    pub fn take_out(&self, text: &str) -> String {
        map_numbers(text, |number| self.real.iter().find(|(_, (real, _))| *real == number).map(|(written, _)| *written))
    }

    /// The real port that stands for a written one.
    pub fn real(&self, written: u16) -> u16 {
        self.real.get(&written).map_or(written, |(real, _)| *real)
    }
}

/// Replaces each number of exactly four digits for which `replace` has another.
fn map_numbers(text: &str, mut replace: impl FnMut(u16) -> Option<u16>) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_digit()) {
        let (before, from_digit) = rest.split_at(start);
        let end = from_digit.find(|c: char| !c.is_ascii_digit()).unwrap_or(from_digit.len());
        let (digits, after) = from_digit.split_at(end);
        out.push_str(before);
        match digits.parse().ok().filter(|_| digits.len() == 4).and_then(&mut replace) {
            Some(number) => out.push_str(&format!("{number:04}")),
            None => out.push_str(digits),
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

fn take() -> Result<(u16, File), String> {
    let folder = std::env::temp_dir().join("evenkeel-ports");
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    // Each process begins elsewhere, so that they seldom meet.
    let start = process::id() as u16 % 1500 * 4;
    for offset in 0..6000 {
        let port = 2100 + (start + offset) % 6000;
        if (8080..=8099).contains(&port) {
            continue;
        }
        let Ok(lock) = File::create(folder.join(port.to_string())) else { continue };
        if lock.try_lock().is_ok() && is_free(port, SockType::Stream) && is_free(port, SockType::Datagram) {
            return Ok((port, lock));
        }
    }
    Err("no free port between 2100 and 8099".to_owned())
}

/// Binds the port for a moment, without listening: a program that another thread starts just then inherits the socket until its
/// `exec`, and would be taken for the server that a case waits for.
fn is_free(port: u16, kind: SockType) -> bool {
    let Ok(socket) = socket(AddressFamily::Inet, kind, SockFlag::SOCK_CLOEXEC, None) else { return false };
    let any = SockaddrIn::new(0, 0, 0, 0, port);
    setsockopt(&socket, ReuseAddr, &true).is_ok() && bind(socket.as_raw_fd(), &any).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn written_ports_become_real_ones_and_back() {
        let mut ports = Ports::default();
        let text = "listen 127.0.0.1:8080; keepalive_timeout 80801; x 8099";
        let filled = ports.fill_in(text).expect("a port is free");
        assert_ne!(filled, text);
        assert_eq!(filled.len(), text.len());
        assert_eq!(ports.take_out(&filled), text);
    }
}
