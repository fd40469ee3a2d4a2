//! `geo { }`: a variable that depends on an address; and networks, which other modules use too.

use std::net::IpAddr;
use std::rc::Rc;

use crate::ir::value::Text;
use crate::ir::variables::VariableId;

/// The number of a [`Geo`] in [`super::Http::geos`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, serde::Serialize)]
pub struct GeoId(pub u32);

/// `geo`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Geo {
    /// The variable whose value is the address; without one, the client's.
    pub address: Option<VariableId>,
    /// `default`
    pub default: Text,
    /// The networks; the longest prefix that fits counts.
    pub networks: Rc<[(Network, Text)]>,
    /// `ranges`: sorted, not overlapping, both ends included. They stand instead of networks.
    pub ranges: Option<Rc<[(std::net::Ipv4Addr, std::net::Ipv4Addr, Text)]>>,
    /// `proxy`: those whose `X-Forwarded-For` is believed.
    pub proxies: Rc<[Network]>,
    /// `proxy_recursive`
    pub proxy_recursive: bool,
    /// `volatile`
    pub volatile: bool,
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
    /// Whether an address lies in it. An IPv4 address written as IPv6 counts as IPv4, as in nginx.
    pub fn contains(&self, address: IpAddr) -> bool {
        match (self.address, address.to_canonical()) {
            (IpAddr::V4(network), IpAddr::V4(address)) => {
                let mask = u32::MAX.checked_shl(32 - u32::from(self.prefix)).unwrap_or(0);
                u32::from(address) & mask == u32::from(network)
            }
            (IpAddr::V6(network), IpAddr::V6(address)) => {
                let mask = u128::MAX.checked_shl(128 - u32::from(self.prefix)).unwrap_or(0);
                u128::from(address) & mask == u128::from(network)
            }
            _ => false,
        }
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
