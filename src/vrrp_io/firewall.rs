//! Packets to and from addresses that are not to be accepted, and reports of groups from virtual MAC addresses: what nftables
//! does with them, as keepalived has it.

use std::collections::BTreeSet;
use std::io;

use crate::ir::keepalived::Global;
use crate::sys::netlink_socket::NetlinkSocket;
use crate::wire::netlink::messages;
use crate::wire::netlink::nftables::{Element, Table};

/// The table that keepalived makes where the file names none.
pub(super) const DEFAULT_TABLE: &str = "keepalived";

/// What stands in the tables of this process.
#[derive(Debug)]
pub struct Firewall {
    table: String,
    priority: i32,
    counters: bool,
    /// Opened with the first address.
    socket: Option<NetlinkSocket>,
    sequence: u32,
    elements: BTreeSet<Element>,
    /// Interfaces with a virtual MAC address that are known there, with their family.
    devices: BTreeSet<(bool, u32)>,
    /// What was made for IPv4 and IPv6.
    made: [Made; 2],
}

/// The parts of a table that are there.
#[derive(Clone, Copy, Debug, Default)]
struct Made {
    table: bool,
    addresses: bool,
    devices: bool,
}

impl Firewall {
    /// Nothing is made before an address needs it.
    pub fn new(global: &Global) -> Self {
        let table = global.nftables_table.as_deref().unwrap_or(DEFAULT_TABLE).to_owned();
        let (priority, counters) = (global.nftables_priority, global.nftables_counters);
        let (elements, devices, made) = Default::default();
        Self { table, priority, counters, socket: None, sequence: 0, elements, devices, made }
    }

    /// Adds addresses, or takes those out that are there.
    pub fn change(&mut self, set: bool, elements: &[Element]) -> io::Result<()> {
        for ipv6 in [false, true] {
            let changed = |element: &&Element| element.0.is_ipv6() == ipv6 && self.elements.contains(element) != set;
            let changed: Vec<Element> = elements.iter().filter(changed).copied().collect();
            if changed.is_empty() {
                continue;
            }
            self.make_table(ipv6)?;
            if !self.made[usize::from(ipv6)].addresses {
                self.request(ipv6, |table, sequence| table.create_addresses(sequence))?;
                self.made[usize::from(ipv6)].addresses = true;
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

    /// Adds an interface with a virtual MAC address and the one below it, or takes it out if it is there.
    pub fn change_device(&mut self, set: bool, ipv6: bool, device: (u32, u32)) -> io::Result<()> {
        if self.devices.contains(&(ipv6, device.0)) == set {
            return Ok(());
        }
        self.make_table(ipv6)?;
        if !self.made[usize::from(ipv6)].devices {
            self.request(ipv6, |table, sequence| table.create_devices(sequence))?;
            self.made[usize::from(ipv6)].devices = true;
        }
        self.request(ipv6, |table, sequence| table.change_device(sequence, set, device))?;
        if set {
            self.devices.insert((ipv6, device.0));
        } else {
            self.devices.remove(&(ipv6, device.0));
        }
        Ok(())
    }

    fn make_table(&mut self, ipv6: bool) -> io::Result<()> {
        if !self.made[usize::from(ipv6)].table {
            self.request(ipv6, |table, sequence| table.create(sequence))?;
            self.made[usize::from(ipv6)].table = true;
        }
        Ok(())
    }

    /// Deletes the tables.
    pub fn close(&mut self) -> io::Result<()> {
        self.elements.clear();
        self.devices.clear();
        for ipv6 in [false, true] {
            if std::mem::take(&mut self.made[usize::from(ipv6)]).table {
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
        let table = Table { name: &self.table, ipv6, priority: self.priority, counters: self.counters };
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
