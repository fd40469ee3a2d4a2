//! Interfaces: RTM_NEWLINK, RTM_DELLINK.

use super::{NESTED, Request, attributes, flag, kind, put_attribute, text, zero_ended};

const BODY_LEN: usize = 16;
const FLAG_UP: u32 = 0x1;
const FLAG_RUNNING: u32 = 0x40;

/// Attribute numbers of linux/if_link.h.
mod attribute {
    pub const ADDRESS: u16 = 1;
    pub const NAME: u16 = 3;
    pub const MTU: u16 = 4;
    pub const LINK: u16 = 5;
    pub const MASTER: u16 = 10;
    pub const LINK_INFO: u16 = 18;
    pub const INFO_KIND: u16 = 1;
    pub const INFO_DATA: u16 = 2;
    pub const MACVLAN_MODE: u16 = 1;
    pub const AF_SPEC: u16 = 26;
    pub const INET6_ADDR_GEN_MODE: u16 = 8;
}

const MACVLAN_MODE_PRIVATE: u32 = 1;
const ADDR_GEN_MODE_NONE: u8 = 1;

/// An interface as the kernel tells of it.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Link {
    /// Index.
    pub index: u32,
    /// Name.
    pub name: String,
    /// Hardware address, if it is an Ethernet one.
    pub mac: Option<[u8; 6]>,
    /// Largest packet.
    pub mtu: u32,
    /// Administratively up and with carrier.
    pub running: bool,
    /// The interface below, of a VLAN or macvlan.
    pub parent: Option<u32>,
    /// The bridge, bond or VRF above.
    pub master: Option<u32>,
}

impl Link {
    /// From the body of a message.
    pub fn parse(body: &[u8]) -> Option<Self> {
        let fixed: [u8; BODY_LEN] = body.get(..BODY_LEN)?.try_into().ok()?;
        let word = |at: usize| u32::from_ne_bytes([fixed[at], fixed[at + 1], fixed[at + 2], fixed[at + 3]]);
        let flags = word(8);
        let running = flags & (FLAG_UP | FLAG_RUNNING) == FLAG_UP | FLAG_RUNNING;
        let mut link = Self { index: word(4), running, ..Self::default() };
        for (number, value) in attributes(&body[BODY_LEN..]) {
            let number_in = || value.try_into().ok().map(u32::from_ne_bytes);
            match number {
                attribute::ADDRESS => link.mac = value.try_into().ok(),
                attribute::NAME => link.name = text(value),
                attribute::MTU => link.mtu = number_in()?,
                attribute::LINK => link.parent = number_in(),
                attribute::MASTER => link.master = number_in(),
                _ => {}
            }
        }
        Some(link)
    }
}

/// The request for all interfaces.
pub fn dump(sequence: u32) -> Vec<u8> {
    Request::new(kind::GET_LINK, flag::REQUEST | flag::DUMP, sequence, &[0; BODY_LEN]).finish()
}

/// The request for a macvlan in private mode with its own hardware address, as `use_vmac` makes it.
pub fn create_macvlan(sequence: u32, name: &str, parent: u32, mac: [u8; 6]) -> Vec<u8> {
    let mut data = Vec::new();
    put_attribute(&mut data, attribute::MACVLAN_MODE, &MACVLAN_MODE_PRIVATE.to_ne_bytes());
    let mut info = Vec::new();
    put_attribute(&mut info, attribute::INFO_KIND, b"macvlan");
    put_attribute(&mut info, attribute::INFO_DATA | NESTED, &data);
    Request::new(kind::NEW_LINK, flag::REQUEST | flag::ACK | flag::CREATE | flag::EXCL, sequence, &[0; BODY_LEN])
        .attribute(attribute::LINK, &parent.to_ne_bytes())
        .attribute(attribute::NAME, &zero_ended(name))
        .attribute(attribute::ADDRESS, &mac)
        .attribute(attribute::LINK_INFO | NESTED, &info)
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

/// The request to bring an interface up.
pub fn set_up(sequence: u32, index: u32) -> Vec<u8> {
    Request::new(kind::NEW_LINK, flag::REQUEST | flag::ACK, sequence, &body(index, FLAG_UP, FLAG_UP)).finish()
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
        let bytes = Request::new(kind::NEW_LINK, 0, 0, &body(5, FLAG_UP | FLAG_RUNNING, 0))
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
}
