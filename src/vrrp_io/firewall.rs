//! Packets to and from addresses that are not to be accepted, dropped by nftables as keepalived has it.

use std::collections::BTreeSet;
use std::io;

use crate::sys::netlink_socket::NetlinkSocket;
use crate::wire::netlink::messages;
use crate::wire::netlink::nftables::{Element, Table};

/// The table that keepalived makes where the file names none.
const DEFAULT_TABLE: &str = "keepalived";

/// What stands in the tables of this process.
#[derive(Debug)]
pub struct Firewall {
    table: String,
    priority: i32,
    /// Opened with the first address.
    socket: Option<NetlinkSocket>,
    sequence: u32,
    elements: BTreeSet<Element>,
    /// The tables that were made: IPv4 and IPv6.
    made: [bool; 2],
}

impl Firewall {
    /// Nothing is made before an address needs it.
    pub fn new(table: Option<&str>, priority: i32) -> Self {
        let table = table.unwrap_or(DEFAULT_TABLE).to_owned();
        Self { table, priority, socket: None, sequence: 0, elements: BTreeSet::new(), made: [false; 2] }
    }

    /// Adds addresses, or takes those out that are there.
    pub fn change(&mut self, set: bool, elements: &[Element]) -> io::Result<()> {
        for ipv6 in [false, true] {
            let changed = |element: &&Element| element.0.is_ipv6() == ipv6 && self.elements.contains(element) != set;
            let changed: Vec<Element> = elements.iter().filter(changed).copied().collect();
            if changed.is_empty() {
                continue;
            }
            if !self.made[usize::from(ipv6)] {
                self.request(ipv6, |table, sequence| table.create(sequence))?;
                self.made[usize::from(ipv6)] = true;
            }
            self.request(ipv6, |table, sequence| table.change(sequence, set, &changed))?;
            for element in changed {
                if set {
                    self.elements.insert(element);
                } else {
                    self.elements.remove(&element);
                }
            }
        }
        Ok(())
    }

    /// Deletes the tables.
    pub fn close(&mut self) -> io::Result<()> {
        self.elements.clear();
        for ipv6 in [false, true] {
            if std::mem::take(&mut self.made[usize::from(ipv6)]) {
                self.request(ipv6, |table, sequence| table.delete(sequence))?;
            }
        }
        Ok(())
    }

    fn request(&mut self, ipv6: bool, build: impl FnOnce(&Table<'_>, u32) -> Vec<u8>) -> io::Result<()> {
        let socket = match self.socket.take() {
            Some(socket) => socket,
            None => NetlinkSocket::open_netfilter()?,
        };
        let socket = self.socket.insert(socket);
        self.sequence += 1;
        let table = Table { name: &self.table, ipv6, priority: self.priority };
        socket.send(&build(&table, self.sequence))?;
        loop {
            let bytes = socket.receive_answer()?;
            for message in messages(&bytes).filter(|message| message.sequence == self.sequence) {
                match message.error_number() {
                    Some(0) => return Ok(()),
                    Some(number) => return Err(io::Error::from_raw_os_error(number)),
                    None => {}
                }
            }
        }
    }
}
