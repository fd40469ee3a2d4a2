//! A service's places: the SRV records of its name, and the addresses of the hosts that they name (RFC 2782).

use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;

use super::failure::Failure;
use crate::wire::dns::{Name, Service};

/// One address of a service.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Place {
    /// Where.
    pub address: SocketAddr,
    /// The host that the record names.
    pub name: Name,
    /// The record's weight, at least 1.
    pub weight: u16,
    /// The smaller, the earlier.
    pub priority: u16,
}

/// What is known of a service.
#[derive(Debug)]
pub struct ServiceAnswer {
    /// Hosts without an address, and why.
    pub failed: Vec<(Name, Failure)>,
    /// The addresses by priority, and the second until which they hold.
    pub outcome: Result<(Vec<Place>, i64), Failure>,
}

impl ServiceAnswer {
    /// Nothing was found.
    pub fn failed(failure: Failure) -> Self {
        Self { failed: Vec::new(), outcome: Err(failure) }
    }
}

/// The addresses of a host, and the second until which they hold.
pub type Host = Result<(Rc<[IpAddr]>, i64), Failure>;

/// The name that the records of a service stand under.
pub fn name_of(service: &[u8], host: &[u8]) -> Vec<u8> {
    match service.contains(&b'.') {
        true => [service, b".", host].concat(),
        false => [b"_", service, b"._tcp.", host].concat(),
    }
}

/// What the records and the addresses of their hosts come to; `lot` says who of equals comes first.
pub fn answer(
    services: &[Service],
    hosts: Vec<Host>,
    valid_until_s: i64,
    failure_valid_s: i64,
    lot: &mut dyn FnMut() -> u32,
) -> ServiceAnswer {
    let failed: Vec<_> = services
        .iter()
        .zip(&hosts)
        .filter_map(|(service, host)| host.as_ref().err().map(|failure| (Name::clone(&service.name), *failure)))
        .collect();
    if failed.len() == services.len() {
        let all = || failed.iter().map(|(_, failure)| *failure);
        let failure = all().find(|failure| failure.is_not_found()).or_else(|| all().next());
        let outcome = Err(failure.unwrap_or(Failure::NOT_FOUND).until(failure_valid_s));
        return ServiceAnswer { failed, outcome };
    }
    let valid_until_s = hosts.iter().flatten().map(|(_, until)| *until).fold(valid_until_s, i64::min);
    let mut places = Vec::new();
    let all: Vec<_> = services.iter().zip(&hosts).collect();
    for equals in all.chunk_by(|one, other| one.0.priority == other.0.priority) {
        let first = first_by_weight(equals, lot());
        for (service, host) in equals[first..].iter().chain(&equals[..first]) {
            let Ok((addresses, _)) = host else { continue };
            places.extend(addresses.iter().map(|address| Place {
                address: SocketAddr::new(*address, service.port),
                name: Name::clone(&service.name),
                weight: service.weight,
                priority: service.priority,
            }));
        }
    }
    ServiceAnswer { failed, outcome: Ok((places, valid_until_s)) }
}

/// The one in whose share of all weights the lot falls; each address of a host counts.
fn first_by_weight(equals: &[(&Service, &Host)], lot: u32) -> usize {
    let share = |(service, host): &(&Service, &Host)| {
        host.as_ref().map_or(0, |(addresses, _)| addresses.len() as u32 * u32::from(service.weight))
    };
    let total: u32 = equals.iter().map(share).sum();
    if total == 0 {
        return 0;
    }
    let mut point = lot % total;
    for (index, pair) in equals.iter().enumerate() {
        let own = share(pair);
        if point < own {
            return index;
        }
        point -= own;
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_service_with_a_dot_is_a_whole_prefix() {
        assert_eq!(name_of(b"http", b"a.example"), b"_http._tcp.a.example");
        assert_eq!(name_of(b"_http._udp", b"a.example"), b"_http._udp.a.example");
    }

    #[test]
    fn priorities_come_first_and_the_lot_decides_among_equals() {
        let service = |name: &[u8], priority, weight| Service { priority, weight, port: 80, name: Name::from(name) };
        let services = [service(b"a", 1, 1), service(b"b", 1, 3), service(b"c", 2, 1), service(b"d", 2, 1)];
        let host = |last: u8| -> Host { Ok((Rc::from([IpAddr::from([127, 0, 0, last])]), 50)) };
        let hosts = vec![host(1), host(2), Err(Failure::NOT_FOUND), host(4)];
        let answer = answer(&services, hosts, 60, 10, &mut || 2);
        assert_eq!(answer.failed, [(Name::from(&b"c"[..]), Failure::NOT_FOUND)]);
        let (places, until) = answer.outcome.expect("three addresses");
        let shown: Vec<_> = places.iter().map(|place| &*place.name).collect();
        assert_eq!((shown, until), (vec![&b"b"[..], b"a", b"d"], 50));
    }
}
