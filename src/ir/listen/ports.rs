//! Collecting the `listen` directives of all servers, and deciding which addresses share a socket.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};

use super::{AddressServers, ListenAddress, Listener, SocketOptions};
use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::conf::tree::Directive;
use crate::ir::ids::ServerId;
use crate::ir::server_name::{Added, ServerName, ServerNames};
use crate::ir::value::Text;

/// One address of one `listen`.
#[derive(Clone, PartialEq, Debug)]
pub struct Listen {
    /// Where.
    pub address: ListenAddress,
    /// How messages show it.
    pub text: Text,
    /// Any address of the machine.
    pub wildcard: bool,
    /// What is asked of the socket.
    pub options: SocketOptions,
    /// Whether anything was asked of the socket at all.
    pub sets_options: bool,
    /// `default_server`
    pub default_server: bool,
    /// What is spoken.
    pub protocols: Protocols,
}

/// What is spoken at an address.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Protocols {
    /// `proxy_protocol`
    pub proxy_protocol: bool,
    /// `ssl`
    pub ssl: bool,
    /// `http2`
    pub http2: bool,
    /// `quic`
    pub quic: bool,
}

impl Protocols {
    /// The bits that nginx compares; QUIC is not among them, as it has a socket type of its own.
    fn bits(self) -> u8 {
        u8::from(self.proxy_protocol) | u8::from(self.ssl) << 1 | u8::from(self.http2) << 2
    }

    fn or(self, other: Self) -> Self {
        Self {
            proxy_protocol: self.proxy_protocol | other.proxy_protocol,
            ssl: self.ssl | other.ssl,
            http2: self.http2 | other.http2,
            quic: self.quic | other.quic,
        }
    }
}

/// All addresses, by port.
#[derive(Default, Debug)]
pub struct Ports {
    ports: Vec<Vec<Address>>,
    by_key: HashMap<PortKey, usize>,
    by_address: HashMap<(ListenAddress, bool), (usize, usize)>,
}

/// Addresses with the same key can share a socket.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
enum PortKey {
    Inet4 { port: u16, datagram: bool },
    Inet6 { port: u16, datagram: bool },
    Unix { datagram: bool },
    Host { port_of: ListenAddress },
}

#[derive(Debug)]
struct Address {
    listen: Listen,
    servers: Vec<ServerId>,
    default_server: ServerId,
    protocols: Option<u8>,
    protocols_changed: bool,
}

impl Ports {
    /// Adds one address for a server. Warnings go to `warn`.
    pub fn add(
        &mut self,
        directive: &Directive<'_>,
        server: ServerId,
        listen: Listen,
        warn: &mut dyn FnMut(Diagnostic),
    ) -> Result<(), Diagnostic> {
        let key = (listen.address.clone(), listen.options.datagram);
        if let Some(&(port, address)) = self.by_address.get(&key) {
            return self.ports[port][address].add(directive, server, listen, warn);
        }
        let next = self.ports.len();
        let port = *self.by_key.entry(PortKey::of(&listen)).or_insert(next);
        if port == next {
            self.ports.push(Vec::new());
        }
        self.by_address.insert(key, (port, self.ports[port].len()));
        self.ports[port].push(Address {
            listen,
            servers: vec![server],
            default_server: server,
            protocols: None,
            protocols_changed: false,
        });
        Ok(())
    }

    /// The sockets. `names` are the names of each server, `captures` whether they have groups.
    pub fn into_listeners(
        self,
        names: &dyn Fn(ServerId) -> (Vec<ServerName>, bool),
        warn: &mut dyn FnMut(Diagnostic),
    ) -> Result<Vec<Listener>, Diagnostic> {
        let mut listeners = Vec::new();
        for mut addresses in self.ports {
            // Sockets of their own first, any address last.
            addresses.sort_by_key(|address| (address.listen.wildcard, !address.listen.options.bind));
            let mut tables = Vec::with_capacity(addresses.len());
            for address in &addresses {
                tables.push(address.server_names(names, warn)?);
            }
            let has_wildcard = addresses.last().is_some_and(|address| address.listen.wildcard);
            if let Some(last) = addresses.last_mut().filter(|_| has_wildcard) {
                last.listen.options.bind = true;
            }
            let mut shared = Vec::new();
            for (address, names) in addresses.into_iter().zip(tables) {
                let has_socket = !has_wildcard || address.listen.options.bind;
                let socket = (address.listen.address.clone(), address.listen.options.clone());
                shared.push(address.into_servers(names));
                if has_socket {
                    let (address, options) = socket;
                    listeners.push(Listener { address, options, addresses: std::mem::take(&mut shared) });
                }
            }
        }
        Ok(listeners)
    }
}

impl PortKey {
    fn of(listen: &Listen) -> Self {
        let datagram = listen.options.datagram;
        match &listen.address {
            ListenAddress::Inet(SocketAddr::V4(address)) => Self::Inet4 { port: address.port(), datagram },
            ListenAddress::Inet(SocketAddr::V6(address)) => Self::Inet6 { port: address.port(), datagram },
            ListenAddress::Unix(_) => Self::Unix { datagram },
            ListenAddress::Host(_) => Self::Host { port_of: listen.address.clone() },
        }
    }
}

impl Address {
    fn add(
        &mut self,
        directive: &Directive<'_>,
        server: ServerId,
        listen: Listen,
        warn: &mut dyn FnMut(Diagnostic),
    ) -> Result<(), Diagnostic> {
        let text = self.listen.text.clone();
        // Servers come one after the other, so that a second `listen` of a server can only follow its first.
        if self.servers.last() == Some(&server) {
            return Err(directive.emerg(format!("a duplicate listen {text}")));
        }
        self.servers.push(server);
        let had_default = self.listen.default_server;
        let had_options = self.listen.sets_options;
        let before = self.listen.protocols;
        if listen.sets_options && had_options {
            return Err(directive.emerg(format!("duplicate listen options for {text}")));
        }
        if listen.default_server {
            if had_default {
                return Err(directive.emerg(format!("a duplicate default server for {text}")));
            }
            self.default_server = server;
        }
        if self.redefines_protocols(&listen, before.bits(), had_options || listen.sets_options) {
            warn(directive.warn(format!("protocol options redefined for {text}")));
        }
        let protocols = before.or(listen.protocols);
        let default_server = had_default || listen.default_server;
        if listen.sets_options {
            self.listen = listen;
        }
        self.listen.protocols = protocols;
        self.listen.default_server = default_server;
        Ok(())
    }

    /// nginx's rule for when a later `listen` says something else about protocols than the earlier ones together.
    fn redefines_protocols(&mut self, listen: &Listen, before: u8, has_options: bool) -> bool {
        let new = listen.protocols.bits();
        let differs = self.protocols.is_some_and(|kept| kept != new);
        let all = before | new;
        if all != before {
            let redefined = (has_options && !listen.sets_options) || self.protocols_changed || all != new;
            self.protocols = Some(before);
            self.protocols_changed = true;
            redefined
        } else if all != new {
            self.protocols = Some(new);
            self.protocols_changed = true;
            listen.sets_options || differs
        } else {
            self.protocols = Some(new);
            (listen.sets_options && self.protocols_changed) || differs
        }
    }

    fn server_names(
        &self,
        names: &dyn Fn(ServerId) -> (Vec<ServerName>, bool),
        warn: &mut dyn FnMut(Diagnostic),
    ) -> Result<ServerNames, Diagnostic> {
        let mut table = ServerNames::default();
        if self.servers.len() == 1 && !names(self.default_server).1 {
            return Ok(table);
        }
        let text = &self.listen.text;
        let say = |level, text| Diagnostic { level, text, place: Place::Nowhere };
        for &server in &self.servers {
            for name in names(server).0 {
                match table.add(&name, server) {
                    Added::Yes => {}
                    Added::Conflict => {
                        warn(say(Level::Warn, format!("conflicting server name \"{name}\" on {text}, ignored")))
                    }
                    Added::Invalid => {
                        let fault = format!("invalid server name or wildcard \"{name}\" on {text}");
                        return Err(say(Level::Emerg, fault));
                    }
                }
            }
        }
        Ok(table)
    }

    fn into_servers(self, names: ServerNames) -> AddressServers {
        let Protocols { proxy_protocol, ssl, http2, quic } = self.listen.protocols;
        AddressServers {
            address: self.listen.address,
            default_server: self.default_server,
            ssl,
            http2,
            quic,
            proxy_protocol,
            names,
        }
    }
}

/// Whether an address means any address of the machine.
pub fn is_wildcard(address: IpAddr) -> bool {
    address.is_unspecified()
}
