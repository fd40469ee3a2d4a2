//! Messages of nftables: a table that drops packets from and to a set of addresses, and sends what the kernel reports of groups
//! on interfaces with a virtual MAC address out of the interface below (numbers of linux/netfilter/nf_tables.h).
//!
//! Unlike rtnetlink's, these numbers are in network byte order, and every change is a batch that holds whole or not at all.

use std::net::IpAddr;

use super::{FAMILY_IPV4, FAMILY_IPV6, Request, flag, octets, put_attribute, zero_ended};

const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const SUBSYSTEM: u16 = 10;
const NEW_TABLE: u16 = 0;
const DELETE_TABLE: u16 = 2;
const NEW_CHAIN: u16 = 3;
const NEW_RULE: u16 = 6;
const NEW_SET: u16 = 9;
const NEW_ELEMENT: u16 = 12;
const DELETE_ELEMENT: u16 = 14;

const NESTED: u16 = 0x8000;
const LIST_ELEMENT: u16 = 1;
const HOOK_INPUT: u32 = 1;
const HOOK_OUTPUT: u32 = 3;
const DROP: u32 = 0;
const ACCEPT: u32 = 1;
const GOTO: u32 = -4i32 as u32;
const SET_CONSTANT: u32 = 2;
const SET_MAP: u32 = 8;
/// nft(8)'s numbers of the types of keys, which it needs to show a set.
const TYPE_IPV4: u32 = 7;
const TYPE_IPV6: u32 = 8;
const TYPE_INTERFACE: u32 = 20;
const TYPE_ICMPV6: u32 = 29;
const TYPE_BITS: u32 = 6;
const NETWORK_HEADER: u32 = 1;
const TRANSPORT_HEADER: u32 = 2;
const META_INPUT_INTERFACE: u32 = 4;
const META_OUTPUT_INTERFACE: u32 = 5;
const META_PROTOCOL: u32 = 16;
const META_OUTPUT_KIND: u32 = 27;
/// The second register, which is larger.
const SECOND: u32 = 2;
const INTERFACE_NAME_LEN: usize = 16;
const IGMP: u8 = 2;
const ICMPV6: u8 = 58;
const MLD2_REPORT: u8 = 143;
const ROUTER_SOLICIT: u8 = 133;
const NEIGHBOUR_DISCOVERY: [u8; 2] = [135, 136];

const ADDRESSES: &str = "vips";
const LINK_LOCAL_ADDRESSES: &str = "vips_link_local";
const DISCOVERY: &str = "neighbor-discovery";
/// Tells nft(8), and nobody else, how to read a key or a value.
const HOST_ORDER_KEY: [u8; 6] = [0, 4, 1, 0, 0, 0];
const HOST_ORDER_DATA: [u8; 6] = [1, 4, 1, 0, 0, 0];
const DEVICE_MAP: &str = "vmac_map";
const DEVICE_SET: &str = "vmac_set";

/// A table of one family.
#[derive(Clone, Copy, Debug)]
pub struct Table<'a> {
    /// Its name.
    pub name: &'a str,
    /// IPv6, else IPv4.
    pub ipv6: bool,
    /// The priority of its chains.
    pub priority: i32,
    /// Rules count what they decide about.
    pub counters: bool,
}

/// An address whose packets are dropped; for one of the link, on which interface.
pub type Element = (IpAddr, u32);

/// Nested attributes.
#[derive(Default)]
struct Attributes(Vec<u8>);

impl Attributes {
    fn bytes(mut self, kind: u16, value: &[u8]) -> Self {
        put_attribute(&mut self.0, kind, value);
        self
    }

    fn number(self, kind: u16, value: u32) -> Self {
        self.bytes(kind, &value.to_be_bytes())
    }

    fn text(self, kind: u16, value: &str) -> Self {
        self.bytes(kind, &zero_ended(value))
    }

    fn nested(self, kind: u16, inner: Self) -> Self {
        self.bytes(kind | NESTED, &inner.0)
    }
}

fn attributes() -> Attributes {
    Attributes::default()
}

impl Table<'_> {
    /// Makes the table anew.
    pub fn create(&self, sequence: u32) -> Vec<u8> {
        let table = || attributes().text(1, self.name).number(2, 0);
        let mut batch = Batch::new(sequence, self.family());
        // What an earlier process left goes: a table can only be deleted if it is there.
        batch.add(NEW_TABLE, flag::CREATE, table());
        batch.add(DELETE_TABLE, 0, attributes().text(1, self.name));
        batch.add(NEW_TABLE, flag::CREATE, table());
        batch.finish()
    }

    /// Adds the sets of addresses, with chains and rules.
    pub fn create_addresses(&self, sequence: u32) -> Vec<u8> {
        let mut batch = Batch::new(sequence, self.family());
        let address_type = if self.ipv6 { TYPE_IPV6 } else { TYPE_IPV4 };
        self.add_set(&mut batch, ADDRESSES, address_type, self.address_len(), 0);
        self.add_chain(&mut batch, "out", HOOK_OUTPUT);
        self.add_chain(&mut batch, "in", HOOK_INPUT);
        if self.ipv6 {
            self.add_link_local_rules(&mut batch);
        }
        for (chain, offset) in self.chains() {
            let rule = [self.load_address(offset), lookup(ADDRESSES), verdict(DROP, None)];
            self.add_rule(&mut batch, chain, rule);
        }
        batch.finish()
    }

    /// Adds the map from interfaces to those below them, with chain and rules (RFC 9568 §8.1.2: a switch that hears of a group from
    /// the virtual MAC address would learn where that is).
    pub fn create_devices(&self, sequence: u32) -> Vec<u8> {
        let mut batch = Batch::new(sequence, self.family());
        batch.set_id += 1;
        let map = attributes().text(1, self.name).text(2, DEVICE_MAP).number(3, SET_MAP);
        let map = map.number(4, TYPE_INTERFACE).number(5, 4).number(6, TYPE_INTERFACE).number(7, 4);
        let host_order = [HOST_ORDER_KEY, HOST_ORDER_DATA].concat();
        batch.add(NEW_SET, flag::CREATE, map.number(10, batch.set_id).bytes(13, &host_order));
        if self.ipv6 {
            batch.set_id += 1;
            let set = attributes().text(1, self.name).text(2, DEVICE_SET).number(3, 0).number(4, TYPE_INTERFACE);
            let set = set.number(5, 4).number(10, batch.set_id).bytes(13, &HOST_ORDER_KEY);
            batch.add(NEW_SET, flag::CREATE, set);
        }
        self.add_chain(&mut batch, "out", HOOK_OUTPUT);
        let destination = self.load_address(if self.ipv6 { 24 } else { 16 });
        let is_macvlan = || {
            let mut kind = b"macvlan".to_vec();
            kind.resize(INTERFACE_NAME_LEN, 0);
            [meta(META_OUTPUT_KIND, SECOND), compare_in(SECOND, &kind), meta(META_OUTPUT_INTERFACE, SECOND)]
        };
        let is_report =
            if self.ipv6 { icmpv6(MLD2_REPORT) } else { vec![payload(NETWORK_HEADER, 9, 1), compare(&[IGMP])] };
        let below = attributes().text(1, DEVICE_MAP).number(2, SECOND).number(3, SECOND);
        let copy = expression("dup", attributes().number(1, 1).number(2, SECOND));
        let send = [expression("lookup", below), copy, verdict(DROP, None)];
        self.add_rule(&mut batch, "out", is_report.into_iter().chain([destination]).chain(is_macvlan()).chain(send));
        if self.ipv6 {
            let is_ours = expression("lookup", attributes().text(1, DEVICE_SET).number(2, SECOND));
            let solicit = icmpv6(ROUTER_SOLICIT).into_iter().chain(is_macvlan());
            self.add_rule(&mut batch, "out", solicit.chain([is_ours, verdict(DROP, None)]));
        }
        batch.finish()
    }

    /// Deletes the table.
    pub fn delete(&self, sequence: u32) -> Vec<u8> {
        let mut batch = Batch::new(sequence, self.family());
        batch.add(DELETE_TABLE, 0, attributes().text(1, self.name));
        batch.finish()
    }

    /// Adds addresses to the sets, or takes them out.
    pub fn change(&self, sequence: u32, add: bool, elements: &[Element]) -> Vec<u8> {
        let mut batch = Batch::new(sequence, self.family());
        for (address, interface) in elements {
            let mut key = octets(*address);
            let is_link_local = matches!(address, IpAddr::V6(address) if address.is_unicast_link_local());
            if is_link_local {
                key.extend(interface.to_ne_bytes());
            }
            let set = if is_link_local { LINK_LOCAL_ADDRESSES } else { ADDRESSES };
            let kind = if add { NEW_ELEMENT } else { DELETE_ELEMENT };
            batch.add(kind, if add { flag::CREATE } else { 0 }, self.elements(set, &[&key]));
        }
        batch.finish()
    }

    /// Adds an interface and the one below it, or takes it out.
    pub fn change_device(&self, sequence: u32, add: bool, (device, below): (u32, u32)) -> Vec<u8> {
        let mut batch = Batch::new(sequence, self.family());
        let (kind, flags) = if add { (NEW_ELEMENT, flag::CREATE) } else { (DELETE_ELEMENT, 0) };
        let key = attributes().nested(1, attributes().bytes(1, &device.to_ne_bytes()));
        let pair = key.nested(2, attributes().bytes(1, &below.to_ne_bytes()));
        let elements = attributes().nested(LIST_ELEMENT, pair);
        batch.add(kind, flags, attributes().text(1, self.name).text(2, DEVICE_MAP).nested(3, elements));
        if self.ipv6 {
            batch.add(kind, flags, self.elements(DEVICE_SET, &[&device.to_ne_bytes()]));
        }
        batch.finish()
    }

    fn family(&self) -> u8 {
        if self.ipv6 { FAMILY_IPV6 } else { FAMILY_IPV4 }
    }

    fn address_len(&self) -> u32 {
        if self.ipv6 { 16 } else { 4 }
    }

    /// The chains, each with the place of the address in the header.
    fn chains(&self) -> [(&'static str, u32); 2] {
        if self.ipv6 { [("in", 24), ("out", 8)] } else { [("in", 16), ("out", 12)] }
    }

    fn load_address(&self, offset: u32) -> Attributes {
        payload(NETWORK_HEADER, offset, self.address_len())
    }

    /// An address of the link means another host on each interface, and without neighbour discovery nobody finds us.
    fn add_link_local_rules(&self, batch: &mut Batch) {
        self.add_set(batch, DISCOVERY, TYPE_ICMPV6, 1, SET_CONSTANT);
        let [solicit, advert] = NEIGHBOUR_DISCOVERY;
        batch.add(NEW_ELEMENT, flag::CREATE, self.elements(DISCOVERY, &[&[solicit], &[advert]]));
        self.add_set(batch, LINK_LOCAL_ADDRESSES, TYPE_IPV6 << TYPE_BITS | TYPE_INTERFACE, 20, 0);
        let inner = [("in_link_local", META_INPUT_INTERFACE), ("out_link_local", META_OUTPUT_INTERFACE)];
        for (name, _) in inner {
            batch.add(NEW_CHAIN, flag::CREATE, attributes().text(1, self.name).text(3, name));
        }
        for ((chain, offset), (goto, interface)) in self.chains().into_iter().zip(inner) {
            let protocol = [payload(NETWORK_HEADER, 6, 1), compare(&[ICMPV6])];
            let discovery = [payload(TRANSPORT_HEADER, 0, 1), lookup(DISCOVERY), verdict(ACCEPT, None)];
            self.add_rule(batch, chain, protocol.into_iter().chain(discovery));
            let prefix = IpAddr::from([0xfe80, 0, 0, 0, 0, 0, 0, 0]);
            let mask = IpAddr::from([0xffc0, 0, 0, 0, 0, 0, 0, 0]);
            let is_local = [self.load_address(offset), masked(&octets(mask)), compare(&octets(prefix))];
            self.add_rule(batch, chain, is_local.into_iter().chain([verdict(GOTO, Some(goto))]));
            let drop =
                [self.load_address(offset), meta(interface, SECOND), lookup(LINK_LOCAL_ADDRESSES), verdict(DROP, None)];
            self.add_rule(batch, goto, drop);
        }
    }

    fn add_chain(&self, batch: &mut Batch, name: &str, hook: u32) {
        let hook = attributes().number(1, hook).number(2, self.priority as u32);
        let chain = attributes().text(1, self.name).text(3, name).nested(4, hook);
        batch.add(NEW_CHAIN, flag::CREATE, chain.number(5, ACCEPT).text(7, "filter"));
    }

    fn add_set(&self, batch: &mut Batch, name: &str, key_type: u32, key_len: u32, flags: u32) {
        batch.set_id += 1;
        let set = attributes().text(1, self.name).text(2, name).number(3, flags);
        batch.add(NEW_SET, flag::CREATE, set.number(4, key_type).number(5, key_len).number(10, batch.set_id));
    }

    fn elements(&self, set: &str, keys: &[&[u8]]) -> Attributes {
        let elements = keys.iter().fold(attributes(), |list, key| {
            list.nested(LIST_ELEMENT, attributes().nested(1, attributes().bytes(1, key)))
        });
        attributes().text(1, self.name).text(2, set).nested(3, elements)
    }

    /// A rule ends with its verdict.
    fn add_rule(&self, batch: &mut Batch, chain: &str, expressions: impl IntoIterator<Item = Attributes>) {
        let mut expressions: Vec<Attributes> = expressions.into_iter().collect();
        if self.counters {
            let verdict = expressions.len().saturating_sub(1);
            expressions.insert(verdict, expression("counter", attributes()));
        }
        let list = expressions.into_iter().fold(attributes(), |list, one| list.nested(LIST_ELEMENT, one));
        let rule = attributes().text(1, self.name).text(2, chain).nested(4, list);
        batch.add(NEW_RULE, flag::CREATE | flag::APPEND, rule);
    }
}

fn expression(name: &str, data: Attributes) -> Attributes {
    attributes().text(1, name).nested(2, data)
}

/// Loads part of a header into the first register.
fn payload(base: u32, offset: u32, len: u32) -> Attributes {
    expression("payload", attributes().number(1, 1).number(2, base).number(3, offset).number(4, len))
}

/// Loads what is known of a packet.
fn meta(key: u32, register: u32) -> Attributes {
    expression("meta", attributes().number(1, register).number(2, key))
}

/// Holds for an ICMPv6 message of this type.
fn icmpv6(message: u8) -> Vec<Attributes> {
    vec![meta(META_PROTOCOL, 1), compare(&[ICMPV6]), payload(TRANSPORT_HEADER, 0, 1), compare(&[message])]
}

fn lookup(set: &str) -> Attributes {
    expression("lookup", attributes().text(1, set).number(2, 1))
}

fn compare(value: &[u8]) -> Attributes {
    compare_in(1, value)
}

fn compare_in(register: u32, value: &[u8]) -> Attributes {
    expression("cmp", attributes().number(1, register).number(2, 0).nested(3, attributes().bytes(1, value)))
}

fn masked(mask: &[u8]) -> Attributes {
    let zero = vec![0; mask.len()];
    let registers = attributes().number(1, 1).number(2, 1).number(3, mask.len() as u32);
    expression("bitwise", registers.nested(4, attributes().bytes(1, mask)).nested(5, attributes().bytes(1, &zero)))
}

fn verdict(code: u32, chain: Option<&str>) -> Attributes {
    let mut verdict = attributes().number(1, code);
    if let Some(chain) = chain {
        verdict = verdict.text(2, chain);
    }
    expression("immediate", attributes().number(1, 0).nested(2, attributes().nested(2, verdict)))
}

/// Messages that hold together.
struct Batch {
    sequence: u32,
    family: u8,
    set_id: u32,
    messages: Vec<(u16, u16, Attributes)>,
}

impl Batch {
    fn new(sequence: u32, family: u8) -> Self {
        Self { sequence, family, set_id: 0, messages: Vec::new() }
    }

    fn add(&mut self, kind: u16, flags: u16, attributes: Attributes) {
        self.messages.push((SUBSYSTEM << 8 | kind, flags, attributes));
    }

    /// The kernel answers the last message if all is well, else the one that is at fault.
    fn finish(self) -> Vec<u8> {
        let [high, low] = SUBSYSTEM.to_be_bytes();
        let frame = |kind| Request::new(kind, flag::REQUEST, self.sequence, &[0, 0, high, low]).finish();
        let mut bytes = frame(BATCH_BEGIN);
        let last = self.messages.len().saturating_sub(1);
        for (index, (kind, flags, attributes)) in self.messages.iter().enumerate() {
            let flags = flags | flag::REQUEST | if index == last { flag::ACK } else { 0 };
            let body = [&[self.family, 0, 0, 0][..], &attributes.0].concat();
            bytes.extend(Request::new(*kind, flags, self.sequence, &body).finish());
        }
        bytes.extend(frame(BATCH_END));
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::netlink::messages;

    const TABLE: Table<'_> = Table { name: "keepalived", ipv6: true, priority: -1, counters: false };

    #[test]
    fn a_batch_is_framed_and_its_last_message_answered() {
        let bytes = TABLE.change(7, true, &[("fe80::77".parse().expect("an address"), 3)]);
        let kinds: Vec<(u16, u32)> = messages(&bytes).map(|message| (message.kind, message.sequence)).collect();
        assert_eq!(kinds, [(BATCH_BEGIN, 7), (SUBSYSTEM << 8 | NEW_ELEMENT, 7), (BATCH_END, 7)]);
    }

    #[test]
    fn a_table_has_sets_chains_and_rules() {
        let counts = |bytes: Vec<u8>| {
            let count = |kind| messages(&bytes).filter(|message| message.kind == SUBSYSTEM << 8 | kind).count();
            (count(NEW_SET), count(NEW_CHAIN), count(NEW_RULE))
        };
        assert_eq!(counts(TABLE.create_addresses(1)), (3, 4, 8));
        assert_eq!(counts(TABLE.create_devices(1)), (2, 1, 2));
        assert_eq!(counts(Table { ipv6: false, ..TABLE }.create_devices(1)), (1, 1, 1));
    }
}
