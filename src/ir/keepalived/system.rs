//! What reading a configuration asks of the machine: through a trait, so that values stay pure and tests need no machine.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::wire::netlink::link::OwnKind;

/// An interface that exists.
#[derive(Clone, PartialEq, Debug)]
pub struct Interface {
    /// It is `lo` or of its kind.
    pub loopback: bool,
    /// It can send to groups.
    pub multicast: bool,
    /// It is of the Ethernet kind, on which a VMAC can stand.
    pub ethernet: bool,
    /// The largest packet.
    pub mtu: u32,
    /// Its primary IPv4 address.
    pub address_v4: Option<Ipv4Addr>,
    /// Its link-local IPv6 address.
    pub address_v6: Option<Ipv6Addr>,
}

/// A user as a script runs as.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Identity {
    /// The user's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
}

/// What can be said about a script's file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ScriptFile {
    /// It does not exist, or the user cannot reach it.
    NotFound,
    /// It exists.
    Found {
        /// Where a name without `/` was found.
        searched: Option<String>,
        /// The user may execute it.
        executable: bool,
        /// It runs as root, and somebody else may write to this: to it, or to a directory above it.
        unsafe_part: Option<String>,
    },
}

/// The name tables of iproute2.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RouteNames {
    /// `rt_tables`
    Table,
    /// `rt_protos`
    Protocol,
    /// `rt_scopes`
    Scope,
    /// `rt_dsfield`
    TrafficClass,
    /// `rt_realms`
    Realm,
    /// `group`
    InterfaceGroup,
}

/// The machine.
pub trait System {
    /// An interface by its name.
    fn interface(&self, name: &str) -> Option<Interface>;
    /// The table of an interface that is a VRF.
    fn vrf_table(&self, name: &str) -> Option<u32>;
    /// Whether there is an interface of this name that is not of this kind.
    fn is_of_another_kind(&self, name: &str, wanted: OwnKind) -> bool;
    /// A user by name, with the user's own group.
    fn user(&self, name: &str) -> Option<Identity>;
    /// A group by name.
    fn group(&self, name: &str) -> Option<u32>;
    /// Who the program runs as.
    fn identity(&self) -> Identity;
    /// Whether a host name has an address.
    fn resolves(&self, host: &str) -> bool;
    /// The file of a script; a name without `/` is searched in the path.
    fn script(&self, program: &str, identity: Identity) -> ScriptFile;
    /// The number of a name in one of iproute2's tables.
    fn route_number(&self, names: RouteNames, name: &str) -> Option<u32>;
    /// Goes into a network namespace, so that its interfaces are those that are asked for; `false` if there is none.
    fn enter_namespace(&self, name: &str) -> bool;
    /// How many processors there are.
    fn processors(&self) -> u32;
    /// Whether the kernel balances (IPVS), or would with a module that is there.
    fn has_ipvs(&self) -> bool;
}

/// A machine that has whatever a configuration names: for reading a file away from where it runs.
#[derive(Clone, Copy, Debug, Default)]
pub struct AnyMachine;

impl System for AnyMachine {
    fn interface(&self, name: &str) -> Option<Interface> {
        let loopback = name == "lo";
        Some(Interface {
            loopback,
            multicast: !loopback,
            ethernet: !loopback,
            mtu: 1500,
            address_v4: None,
            address_v6: None,
        })
    }

    /// The main one, as if it were none.
    fn vrf_table(&self, _: &str) -> Option<u32> {
        Some(254)
    }

    fn is_of_another_kind(&self, _: &str, _: OwnKind) -> bool {
        false
    }

    fn user(&self, _: &str) -> Option<Identity> {
        Some(self.identity())
    }

    fn group(&self, _: &str) -> Option<u32> {
        Some(self.identity().gid)
    }

    fn identity(&self) -> Identity {
        Identity { uid: 0, gid: 0 }
    }

    fn resolves(&self, _: &str) -> bool {
        true
    }

    fn script(&self, _: &str, _: Identity) -> ScriptFile {
        ScriptFile::Found { searched: None, executable: true, unsafe_part: None }
    }

    fn route_number(&self, names: RouteNames, name: &str) -> Option<u32> {
        match (names, name) {
            (RouteNames::Table, "main") | (RouteNames::Scope, "host") => Some(254),
            (RouteNames::Table, "local") => Some(255),
            (RouteNames::Table, "default") | (RouteNames::Scope, "link") => Some(253),
            (RouteNames::Scope, "global") => Some(0),
            (RouteNames::Protocol, "keepalived") => Some(18),
            _ => None,
        }
    }

    fn enter_namespace(&self, _: &str) -> bool {
        true
    }

    fn processors(&self) -> u32 {
        u32::MAX
    }

    fn has_ipvs(&self) -> bool {
        true
    }
}
