//! `geo { }`: a variable that depends on an address; and networks, which other modules use too.

pub mod setters;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::rc::Rc;

use crate::ir::ids::VariableId;
use crate::ir::url::parse_ipv4;
use crate::ir::value::Text;
use crate::primitives::size::parse_number;

/// `geo`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Geo {
    /// The variable whose value is the address; without one, the client's.
    pub address: Option<VariableId>,
    /// `default`
    pub default: Text,
    /// The networks; the longest prefix that fits counts.
    pub networks: Networks,
    /// `ranges`: sorted, not overlapping, both ends included. They stand instead of networks.
    pub ranges: Option<Rc<[Range]>>,
    /// `proxy`: those whose `X-Forwarded-For` is believed.
    pub proxies: Rc<[Network]>,
    /// `proxy_recursive`
    pub proxy_recursive: bool,
    /// `volatile`
    pub volatile: bool,
}

/// A range of addresses, both ends included.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Range {
    /// The first address.
    pub first: Ipv4Addr,
    /// The last address.
    pub last: Ipv4Addr,
    /// The value.
    pub value: Text,
}

/// Networks with a value each.
#[derive(Clone, PartialEq, Default, Debug)]
pub struct Networks {
    by_network: BTreeMap<Network, Text>,
    /// The prefix lengths that occur, longest first, for each family.
    prefixes: [Vec<u8>; 2],
}

impl Networks {
    /// Takes the networks.
    pub fn new(by_network: BTreeMap<Network, Text>) -> Self {
        let prefixes = [false, true].map(|is_v6| {
            let of_family = by_network.keys().filter(|network| network.address.is_ipv6() == is_v6);
            let mut prefixes: Vec<u8> = of_family.map(|network| network.prefix).collect();
            prefixes.sort_unstable_by(|a, b| b.cmp(a));
            prefixes.dedup();
            prefixes
        });
        Self { by_network, prefixes }
    }

    /// The value of the smallest network that an address lies in.
    pub fn find(&self, address: IpAddr) -> Option<&Text> {
        let address = address.to_canonical();
        let prefixes = &self.prefixes[usize::from(address.is_ipv6())];
        prefixes.iter().find_map(|prefix| self.by_network.get(&Network::of(address, *prefix)))
    }
}

impl serde::Serialize for Networks {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.by_network.iter())
    }
}

/// An address with the number of bits that count.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Network {
    /// The address; bits beyond the prefix are zero.
    pub address: IpAddr,
    /// How many bits count.
    pub prefix: u8,
}

impl Network {
    /// The network of an address: bits beyond the prefix become zero.
    pub fn of(address: IpAddr, prefix: u8) -> Self {
        let address = match address {
            IpAddr::V4(address) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
                IpAddr::from((u32::from(address) & mask).to_be_bytes())
            }
            IpAddr::V6(address) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
                IpAddr::from((u128::from(address) & mask).to_be_bytes())
            }
        };
        Self { address, prefix }
    }

    /// Whether an address lies in it. An IPv4 address written as IPv6 counts as IPv4, as in nginx.
    pub fn contains(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv6() == self.address.is_ipv6() && Self::of(address, self.prefix) == *self
    }

    /// Reads `ADDRESS` or `ADDRESS/PREFIX`, and tells whether bits beyond the prefix were set.
    pub fn parse(text: &[u8]) -> Option<(Self, bool)> {
        let (address, prefix) = match text.iter().position(|byte| *byte == b'/') {
            Some(slash) => (&text[..slash], Some(&text[slash + 1..])),
            None => (text, None),
        };
        let address = match parse_ipv4(address) {
            Some(address) => IpAddr::V4(address),
            None => IpAddr::V6(std::str::from_utf8(address).ok()?.parse().ok()?),
        };
        let most = if address.is_ipv6() { 128 } else { 32 };
        let prefix = match prefix {
            Some(digits) => parse_number(digits).filter(|bits| *bits <= most)? as u8,
            None => most as u8,
        };
        let network = Self::of(address, prefix);
        Some((network, network.address != address))
    }
}

impl serde::Serialize for Network {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&format_args!("{}/{}", self.address, self.prefix))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefix_bits_decide() {
        let network = Network { address: "10.1.0.0".parse().expect("an address"), prefix: 16 };
        assert!(network.contains("10.1.255.3".parse().expect("an address")));
        assert!(!network.contains("10.2.0.1".parse().expect("an address")));
        let all = Network { address: "0.0.0.0".parse().expect("an address"), prefix: 0 };
        assert!(all.contains("::ffff:9.9.9.9".parse().expect("an address")));
    }
}
