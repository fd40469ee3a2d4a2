//! Interfaces: RTM_NEWLINK, RTM_DELLINK.

use super::{NESTED, Request, attributes, flag, kind, put_attribute, text, zero_ended};

const BODY_LEN: usize = 16;

/// Flags of net/if.h.
pub mod link_flag {
    /// Switched on.
    pub const UP: u32 = 0x1;
    /// It has a broadcast address.
    pub const BROADCAST: u32 = 0x2;
    /// It is the loopback interface.
    pub const LOOPBACK: u32 = 0x8;
    /// It leads to one neighbour.
    pub const POINT_TO_POINT: u32 = 0x10;
    /// With carrier.
    pub const RUNNING: u32 = 0x40;
    /// It needs no ARP.
    pub const NO_ARP: u32 = 0x80;
    /// It can send to groups.
    pub const MULTICAST: u32 = 0x1000;
}

/// Attribute numbers of linux/if_link.h.
mod attribute {
    pub const ADDRESS: u16 = 1;
    pub const BROADCAST: u16 = 2;
    pub const NAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const LINK: u16 = 5;
    pub const MASTER: u16 = 10;
    pub const LINK_INFO: u16 = 18;
    pub const GROUP: u16 = 27;
    pub const INFO_KIND: u16 = 1;
    pub const INFO_DATA: u16 = 2;
    pub const MACVLAN_MODE: u16 = 1;
    pub const IPVLAN_MODE: u16 = 1;
    pub const IPVLAN_FLAGS: u16 = 2;
    pub const VRF_TABLE: u16 = 1;
    pub const AF_SPEC: u16 = 26;
    pub const INET6_ADDR_GEN_MODE: u16 = 8;
    pub const INET_CONF: u16 = 1;
}

/// IPv4 settings of an interface (linux/ip.h), as sysctl names them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u16)]
pub enum Ipv4Setting {
    /// `rp_filter`
    RpFilter = 8,
    /// `arp_filter`
    ArpFilter = 13,
    /// `arp_ignore`
    ArpIgnore = 19,
    /// `promote_secondaries`
    PromoteSecondaries = 20,
    /// `accept_local`
    AcceptLocal = 23,
}

const MACVLAN_MODE_PRIVATE: u32 = 1;
/// The packets of the interface below, with its hardware address.
const IPVLAN_MODE_L2: u16 = 0;
const ADDR_GEN_MODE_NONE: u8 = 1;

/// The interfaces above another one that a router makes for itself.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum OwnKind {
    /// `use_vmac`
    PrivateMacvlan,
    /// `use_ipvlan`
    LayerTwoIpvlan,
}

/// An interface as the kernel tells of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Link {
    /// Index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Hardware address, if it is an Ethernet one.
    pub mac: Option<[u8; 6]>,
    /// Its broadcast address, if it is an Ethernet one.
    pub broadcast: Option<[u8; 6]>,
    /// Number of linux/if_arp.h.
    pub hardware: u16,
    /// Bits of [`link_flag`].
    pub flags: u32,
    /// What kind of virtual interface it is.
    pub kind: Option<String>,
    /// Largest packet.
    pub mtu: u32,
    /// Administratively up and with carrier.
    pub running: bool,
    /// The group of interfaces that it is in.
    pub group: u32,
    /// The table of a VRF; of other interfaces nothing.
    pub vrf_table: Option<u32>,
    /// Whether it could be one that a router has made.
    pub own_kind: Option<OwnKind>,
    /// The interface below, of a VLAN or macvlan.
    pub parent: Option<u32>,
    /// The bridge, bond or VRF above.
    pub master: Option<u32>,
    /// Its IPv4 settings, by number of [`Ipv4Setting`] from 1 on.
    ipv4: Vec<u32>,
}

impl Link {
    /// From the body of a message.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let fixed: [u8; BODY_LEN] = body.get(..BODY_LEN)?.try_into().ok()?;
        let word = |at: usize| u32::from_ne_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let (flags, hardware) = (word(8), u16::from_ne_bytes([fixed[2], fixed[3]]));
        let mut link = Self { index: word(4), running: is_running(flags), flags, hardware, ..Self::default() };
        for (number, value) in attributes(&body[BODY_LEN..]) {
            let number_in = || value.try_into().ok().map(u32::from_ne_bytes);
            match number {
                attribute::ADDRESS => link.mac = value.try_into().ok(),
                attribute::BROADCAST => link.broadcast = value.try_into().ok(),
                attribute::LINK_INFO => {
                    let mut parts = attributes(value);
                    link.kind = parts.find(|(number, _)| *number == attribute::INFO_KIND).map(|(_, kind)| text(kind));
                    link.vrf_table = vrf_table(value);
                    link.own_kind = own_kind(value);
                }
                attribute::NAME => link.name = text(value),
                attribute::MTU => link.mtu = number_in()?,
                attribute::LINK => link.parent = number_in(),
                attribute::MASTER => link.master = number_in(),
                attribute::GROUP => link.group = number_in()?,
                attribute::AF_SPEC => link.ipv4 = ipv4_settings(value),
                _ => {}
            }
        }
        Some(link)
    }

    /// One of its IPv4 settings; a kernel that does not tell has it at 0.
    pub fn ipv4(&self, setting: Ipv4Setting) -> u32 {
        self.ipv4.get(setting as usize - 1).copied().unwrap_or(0)
    }

    /// Not every message has all settings in it: what this one leaves out is as before.
    pub fn keep_ipv4(&mut self, before: &Self) {
        if self.ipv4.is_empty() {
            self.ipv4.clone_from(&before.ipv4);
        }
    }

    /// Whether it is one of those that `use_vmac` makes.
    pub fn is_macvlan(&self) -> bool {
        self.kind.as_deref() == Some("macvlan")
    }
}

/// Whether an interface with these flags is administratively up and has carrier.
pub fn is_running(flags: u32) -> bool {
    flags & (link_flag::UP | link_flag::RUNNING) == link_flag::UP | link_flag::RUNNING
}

fn ipv4_settings(families: &[u8]) -> Vec<u32> {
    let value_of = |bytes, wanted| attributes(bytes).find(|(number, _)| *number == wanted).map(|(_, value)| value);
    let all = value_of(families, u16::from(super::FAMILY_IPV4)).and_then(|ipv4| value_of(ipv4, attribute::INET_CONF));
    let words = all.unwrap_or_default().chunks_exact(size_of::<u32>());
    words.map(|word| u32::from_ne_bytes([word[0], word[1], word[2], word[3]])).collect()
}

/// The kind of a virtual interface, and one of its own attributes.
fn of_kind(info: &[u8], wanted: u16) -> Option<(String, &[u8])> {
    let value_of = |bytes, wanted| attributes(bytes).find(|(number, _)| *number == wanted).map(|(_, value)| value);
    let kind = value_of(info, attribute::INFO_KIND)?;
    Some((text(kind), value_of(value_of(info, attribute::INFO_DATA)?, wanted)?))
}

fn vrf_table(info: &[u8]) -> Option<u32> {
    let (kind, table) = of_kind(info, attribute::VRF_TABLE)?;
    (kind == "vrf").then(|| table.try_into().ok().map(u32::from_ne_bytes))?
}

fn own_kind(info: &[u8]) -> Option<OwnKind> {
    // Both have it under the same number.
    let (kind, mode) = of_kind(info, attribute::MACVLAN_MODE)?;
    match kind.as_str() {
        "macvlan" if mode == MACVLAN_MODE_PRIVATE.to_ne_bytes() => Some(OwnKind::PrivateMacvlan),
        "ipvlan" if mode == IPVLAN_MODE_L2.to_ne_bytes() => Some(OwnKind::LayerTwoIpvlan),
        _ => None,
    }
}

/// The request for all interfaces.
pub fn dump(sequence: u32) -> Vec<u8> {
    Request::new(kind::GET_LINK, flag::REQUEST | flag::DUMP, sequence, &[0; BODY_LEN]).finish()
}

/// An interface that stands on another one.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Upper<'a> {
    /// Its name.
    pub name: &'a str,
    /// The index of the interface below.
    pub parent: u32,
    /// Its group, else filters by groups would treat its packets in another way than the packets of the interface below.
    pub group: u32,
    /// The VRF that the interface below belongs to.
    pub master: Option<u32>,
}

const CREATE: u16 = flag::REQUEST | flag::ACK | flag::CREATE | flag::EXCL;

impl Upper<'_> {
    /// The request for a macvlan in private mode with its own hardware address, as `use_vmac` makes it.
    pub fn create_macvlan(&self, sequence: u32, mac: [u8; 6]) -> Vec<u8> {
        let mut data = Vec::new();
        put_attribute(&mut data, attribute::MACVLAN_MODE, &MACVLAN_MODE_PRIVATE.to_ne_bytes());
        Request::new(kind::NEW_LINK, CREATE, sequence, &[0; BODY_LEN])
            .attribute(attribute::LINK_INFO | NESTED, &info("macvlan", &data))
            .attribute(attribute::LINK, &self.parent.to_ne_bytes())
            .attribute(attribute::NAME, &zero_ended(self.name))
            .attribute(attribute::GROUP, &self.group.to_ne_bytes())
            .attribute(attribute::ADDRESS, &mac)
            .optional(attribute::MASTER, self.master.map(u32::to_ne_bytes))
            .finish()
    }

    /// The request for an ipvlan in L2 mode, up at once, as `use_ipvlan` makes it. `flags`: 0 bridge, 1 private, 2 vepa.
    pub fn create_ipvlan(&self, sequence: u32, flags: u16) -> Vec<u8> {
        let mut data = Vec::new();
        put_attribute(&mut data, attribute::IPVLAN_MODE, &IPVLAN_MODE_L2.to_ne_bytes());
        put_attribute(&mut data, attribute::IPVLAN_FLAGS, &flags.to_ne_bytes());
        Request::new(kind::NEW_LINK, CREATE, sequence, &body(0, link_flag::UP, link_flag::UP))
            .attribute(attribute::LINK, &self.parent.to_ne_bytes())
            .attribute(attribute::NAME, &zero_ended(self.name))
            .attribute(attribute::GROUP, &self.group.to_ne_bytes())
            .attribute(attribute::LINK_INFO | NESTED, &info("ipvlan", &data))
            .optional(attribute::MASTER, self.master.map(u32::to_ne_bytes))
            .finish()
    }
}

fn info(kind: &str, data: &[u8]) -> Vec<u8> {
    let mut info = Vec::new();
    put_attribute(&mut info, attribute::INFO_KIND, kind.as_bytes());
    put_attribute(&mut info, attribute::INFO_DATA | NESTED, data);
    info
}

/// The request that changes nothing, and makes the kernel tell of an interface: some drivers change flags in silence.
pub fn tell_again(sequence: u32, index: u32, group: u32) -> Vec<u8> {
    Request::new(kind::NEW_LINK, flag::REQUEST | flag::ACK, sequence, &body(index, 0, 0))
        .attribute(attribute::GROUP, &group.to_ne_bytes())
        .finish()
}

/// The request that no link-local address is made by the kernel.
pub fn no_address_generation(sequence: u32, index: u32) -> Vec<u8> {
    let mut inet6 = Vec::new();
    put_attribute(&mut inet6, attribute::INET6_ADDR_GEN_MODE, &[ADDR_GEN_MODE_NONE]);
    let mut families = Vec::new();
    put_attribute(&mut families, u16::from(super::FAMILY_IPV6) | NESTED, &inet6);
    Request::new(kind::NEW_LINK, flag::REQUEST | flag::ACK, sequence, &body(index, 0, 0))
        .attribute(attribute::AF_SPEC | NESTED, &families)
        .finish()
}

/// The request to change IPv4 settings, of which all listeners hear, as of no change of a sysctl.
pub fn set_ipv4(sequence: u32, index: u32, settings: &[(Ipv4Setting, u32)]) -> Vec<u8> {
    let mut values = Vec::new();
    for (setting, value) in settings {
        put_attribute(&mut values, *setting as u16, &value.to_ne_bytes());
    }
    let (mut inet, mut families) = (Vec::new(), Vec::new());
    put_attribute(&mut inet, attribute::INET_CONF | NESTED, &values);
    put_attribute(&mut families, u16::from(super::FAMILY_IPV4) | NESTED, &inet);
    Request::new(kind::NEW_LINK, flag::REQUEST | flag::ACK, sequence, &body(index, 0, 0))
        .attribute(attribute::AF_SPEC | NESTED, &families)
        .finish()
}

/// The request to bring an interface up.
pub fn set_up(sequence: u32, index: u32) -> Vec<u8> {
    Request::new(kind::NEW_LINK, flag::REQUEST | flag::ACK, sequence, &body(index, link_flag::UP, link_flag::UP))
        .finish()
}

/// The request to delete an interface.
pub fn delete(sequence: u32, index: u32) -> Vec<u8> {
    Request::new(kind::DEL_LINK, flag::REQUEST | flag::ACK, sequence, &body(index, 0, 0)).finish()
}

fn body(index: u32, flags: u32, change: u32) -> [u8; BODY_LEN] {
    let mut body = [0; BODY_LEN];
    body[4..8].copy_from_slice(&index.to_ne_bytes());
    body[8..12].copy_from_slice(&flags.to_ne_bytes());
    body[12..16].copy_from_slice(&change.to_ne_bytes());
    body
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::netlink::messages;

    #[test]
    fn a_link_with_carrier() {
        let bytes = Request::new(kind::NEW_LINK, 0, 0, &body(5, link_flag::UP | link_flag::RUNNING, 0))
            .attribute(attribute::NAME, b"eth0\0")
            .attribute(attribute::ADDRESS, &[2, 0, 0, 0, 0, 1])
            .attribute(attribute::MTU, &1500u32.to_ne_bytes())
            .finish();
        let message = messages(&bytes).next().expect("one message");
        let link = Link::parse(message.body).expect("a link");
        assert_eq!((link.index, link.name.as_str(), link.running, link.mtu), (5, "eth0", true, 1500));
        assert_eq!(link.mac, Some([2, 0, 0, 0, 0, 1]));
        assert!(Link::parse(&message.body[..12]).is_none());
    }

    #[test]
    fn settings_are_asked_for_and_told_in_one_form() {
        use Ipv4Setting::{ArpIgnore, PromoteSecondaries, RpFilter};
        let asked = set_ipv4(1, 5, &[(ArpIgnore, 1)]);
        let families = halves(&[20, 26 | NESTED, 16, 2 | NESTED, 12, 1 | NESTED, 8, 19]);
        assert_eq!(asked[32..], [families, words(&[1])].concat());
        let told = {
            let mut values = vec![0; 32];
            (values[ArpIgnore as usize - 1], values[RpFilter as usize - 1]) = (2, 1);
            let (mut inet, mut families) = (Vec::new(), Vec::new());
            put_attribute(&mut inet, attribute::INET_CONF, &words(&values));
            put_attribute(&mut families, 2, &inet);
            Request::new(kind::NEW_LINK, 0, 0, &body(5, 0, 0)).attribute(attribute::AF_SPEC, &families).finish()
        };
        let link = Link::parse(messages(&told).next().expect("one message").body).expect("a link");
        let settings = |link: &Link| [ArpIgnore, RpFilter, PromoteSecondaries].map(|setting| link.ipv4(setting));
        assert_eq!(settings(&link), [2, 1, 0]);
        let mut silent = Link::default();
        silent.keep_ipv4(&link);
        assert_eq!(settings(&silent), [2, 1, 0]);
    }

    fn words(numbers: &[u32]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
    }

    fn halves(numbers: &[u16]) -> Vec<u8> {
        numbers.iter().flat_map(|number| number.to_ne_bytes()).collect()
    }

    /// What keepalived 2.4 sends, attribute by attribute.
    #[test]
    fn an_ipvlan_is_asked_for_as_keepalived_does() {
        let upper = Upper { name: "vrrp.5", parent: 2, group: 7, master: None };
        let bytes = upper.create_ipvlan(9, 1);
        let expected = [
            words(&[96]),
            halves(&[kind::NEW_LINK, 0x605]),
            words(&[9, 0, 0, 0, link_flag::UP, link_flag::UP]),
            halves(&[8, 5]),
            words(&[2]),
            halves(&[11, 3]),
            b"vrrp.5\0\0".to_vec(),
            halves(&[8, 27]),
            words(&[7]),
            halves(&[36, 18 | NESTED, 10, 1]),
            b"ipvlan\0\0".to_vec(),
            halves(&[20, 2 | NESTED, 6, 1, 0, 0, 6, 2, 1, 0]),
        ];
        assert_eq!(bytes, expected.concat());
        let slave = Upper { master: Some(4), ..upper }.create_ipvlan(9, 1);
        assert_eq!(slave[96..], [halves(&[8, 10]), words(&[4])].concat());
    }

    #[test]
    fn a_vrf_has_a_table() {
        let mut data = Vec::new();
        put_attribute(&mut data, attribute::VRF_TABLE, &100u32.to_ne_bytes());
        let tell = |kind: &str| {
            let bytes = Request::new(kind::NEW_LINK, 0, 0, &body(5, 0, 0))
                .attribute(attribute::NAME, b"red\0")
                .attribute(attribute::LINK_INFO | NESTED, &info(kind, &data))
                .finish();
            Link::parse(messages(&bytes).next().expect("one message").body).expect("a link").vrf_table
        };
        assert_eq!((tell("vrf"), tell("macvlan")), (Some(100), None));
    }
}
