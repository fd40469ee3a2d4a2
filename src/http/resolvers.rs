//! The resolvers of a configuration as one worker runs them: one for each `resolver` line, whoever inherits it.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::rc::Rc;

use crate::ir::http::core::{NameServer, Resolver as Configured};
use crate::ir::lookup::HostId;
use crate::log::error_log::ErrorLog;
use crate::net::resolver::Resolver;
use crate::net::resolver::lookups::Settings;

/// The resolvers, by the place of their values in memory: inheritance shares those.
#[derive(Debug, Default)]
pub struct Resolvers(BTreeMap<usize, Rc<Resolver>>);

impl Resolvers {
    /// The resolver of a line; `hosts` gives the addresses of name servers that are written as names.
    pub fn add(
        &mut self,
        configured: &Rc<Configured>,
        hosts: &dyn Fn(HostId) -> Vec<SocketAddr>,
        log: &Rc<ErrorLog>,
    ) -> &Rc<Resolver> {
        self.0.entry(Rc::as_ptr(configured) as usize).or_insert_with(|| {
            let addresses = configured.servers.iter().flat_map(|server| match server {
                NameServer::Inet(address) => vec![*address],
                NameServer::Host(host) => hosts(*host),
            });
            let servers: Vec<_> = addresses.collect();
            let settings = Settings {
                servers: servers.len(),
                valid_s: configured.valid_seconds.filter(|valid| *valid > 0).map(u64::cast_signed),
                ipv4: configured.ipv4,
                ipv6: configured.ipv6,
            };
            Resolver::new(servers, settings, Rc::clone(log))
        })
    }

    /// The resolver that was made of this line.
    pub fn get(&self, configured: &Rc<Configured>) -> Option<&Rc<Resolver>> {
        self.0.get(&(Rc::as_ptr(configured) as usize))
    }
}
