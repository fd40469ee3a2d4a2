//! Reading `upstream { }`, and finding the group that a `proxy_pass` means.

pub mod setters;

use std::collections::HashMap;
use std::rc::Rc;

use super::sticky::{Source, Sticky};
use super::{Balancer, Keepalive, PeerAddress, Queue, Server, Upstream, UpstreamId, Zone};
use crate::conf::diagnostic::{Diagnostic, Level, Place};
use crate::conf::source::SourceId;
use crate::conf::tree::Directive;
use crate::ir::http::core::Resolver;
use crate::ir::url::{Host, Url};
use crate::ir::value::Text;

/// Until `http` is over and its own value is known.
const INHERITED_MS: u64 = u64::MAX;

/// `upstream { }` while it is read.
#[derive(Clone, PartialEq, Debug)]
pub struct UpstreamDraft {
    servers: Vec<Server>,
    /// Where `state` stands: then the servers come from its file alone.
    state_in: Option<SourceId>,
    balancer: Option<Balancer>,
    takes_backup: bool,
    hash_again: Option<u32>,
    zone: Option<Zone>,
    /// `sticky`
    pub sticky: Option<Sticky>,
    queue: Option<Queue>,
    resolver: Option<Rc<Resolver>>,
    resolver_timeout_ms: Option<u64>,
    keepalive: Option<(usize, bool)>,
    keepalive_requests: Option<u64>,
    keepalive_time_ms: Option<u64>,
    keepalive_timeout_ms: Option<u64>,
}

impl Default for UpstreamDraft {
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            state_in: None,
            balancer: None,
            takes_backup: true,
            hash_again: None,
            zone: None,
            sticky: None,
            queue: None,
            resolver: None,
            resolver_timeout_ms: None,
            keepalive: None,
            keepalive_requests: None,
            keepalive_time_ms: None,
            keepalive_timeout_ms: None,
        }
    }
}

impl UpstreamDraft {
    fn finish_into(self, upstream: &mut Upstream) {
        let defaults = Keepalive::default();
        let (connections, local) = self.keepalive.unwrap_or((defaults.connections, defaults.local));
        upstream.keepalive = Keepalive {
            connections,
            local,
            requests: self.keepalive_requests.unwrap_or(defaults.requests),
            time_ms: self.keepalive_time_ms.unwrap_or(defaults.time_ms),
            timeout_ms: self.keepalive_timeout_ms.unwrap_or(defaults.timeout_ms),
        };
        upstream.servers = self.servers;
        upstream.zone = self.zone;
        upstream.sticky = self.sticky;
        upstream.queue = self.queue;
        upstream.resolver = self.resolver;
        upstream.resolver_timeout_ms = self.resolver_timeout_ms.unwrap_or(INHERITED_MS);
        upstream.balancer = match (self.balancer.unwrap_or(Balancer::RoundRobin), self.hash_again) {
            (Balancer::Hash { key, .. }, Some(again)) => Balancer::UrlHash { key, again },
            (balancer, _) => balancer,
        };
    }
}

/// All groups met so far.
#[derive(Default, Debug)]
pub struct Upstreams {
    groups: Vec<Upstream>,
    by_name: HashMap<Vec<u8>, Vec<UpstreamId>>,
}

impl Upstreams {
    /// All groups, in the order of first use.
    pub fn into_groups(self) -> Vec<Upstream> {
        self.groups
    }

    /// The groups, to be completed.
    pub fn groups_mut(&mut self) -> &mut [Upstream] {
        &mut self.groups
    }

    /// The group whose `sticky learn` keeps its sessions in this zone.
    pub fn user_of_sticky_zone(&self, zone: &Text) -> Option<&Text> {
        let uses = |sticky: &Sticky| matches!(&sticky.source, Source::Learn(learn) if learn.zone.name == *zone);
        self.groups.iter().find(|group| group.sticky.as_ref().is_some_and(uses)).map(|group| &group.name)
    }

    fn named(&self, name: &[u8]) -> Vec<UpstreamId> {
        self.by_name.get(&name.to_ascii_lowercase()).cloned().unwrap_or_default()
    }

    fn group(&mut self, id: UpstreamId) -> &mut Upstream {
        &mut self.groups[id.0 as usize]
    }

    fn add(&mut self, name: &[u8], upstream: Upstream) -> UpstreamId {
        let id = UpstreamId(self.groups.len() as u32);
        self.groups.push(upstream);
        self.by_name.entry(name.to_ascii_lowercase()).or_default().push(id);
        id
    }

    /// The group of an `upstream { }`; a `proxy_pass` may have met it before.
    fn declare(&mut self, directive: &Directive<'_>, name: &[u8]) -> Result<UpstreamId, Diagnostic> {
        let shown = String::from_utf8_lossy(name);
        if let Some(id) = self.named(name).first() {
            let known = self.group(*id);
            if known.explicit {
                return Err(directive.emerg(format!("duplicate upstream \"{shown}\"")));
            }
            if known.has_port {
                let port = known.port.unwrap_or_default();
                let text = format!("upstream \"{shown}\" may not have port {port}");
                return Err(Diagnostic { level: Level::Emerg, text, place: known.place.clone() });
            }
            known.explicit = true;
            known.port = None;
            known.servers.clear();
            return Ok(*id);
        }
        let mut upstream = Upstream::implied(Text::from(name), None, directive.place());
        upstream.explicit = true;
        Ok(self.add(name, upstream))
    }

    /// The group that an address means: a declared one of that name, or one of its own.
    pub fn refer(&mut self, directive: &Directive<'_>, url: &Url<'_>) -> Result<UpstreamId, Diagnostic> {
        let (name, own_server) = match url.host {
            Host::Name(name) => (name, None),
            Host::Unix(path) => (path, Some(PeerAddress::Unix(Text::from(path)))),
            Host::Address(ip) => (host_text(url), Some(PeerAddress::Inet((ip, url.port).into()))),
        };
        let port = (url.port != 0).then_some(url.port);
        let has_port = url.port_text.is_some();
        for id in self.named(name) {
            let known = self.group(id);
            if known.explicit && has_port {
                let shown = String::from_utf8_lossy(name);
                let port = url.port;
                return Err(directive.emerg(format!("upstream \"{shown}\" may not have port {port}")));
            }
            match (known.port, port) {
                (Some(known), Some(port)) if known != port => continue,
                _ => return Ok(id),
            }
        }
        let mut upstream = Upstream::implied(Text::from(name), port, directive.place());
        upstream.has_port = has_port;
        upstream.servers =
            own_server.map(|address| Server::plain(Text::from(url.host_port), address)).into_iter().collect();
        Ok(self.add(name, upstream))
    }
}

/// The host alone, as written.
fn host_text<'t>(url: &Url<'t>) -> &'t [u8] {
    let port = url.port_text.map_or(0, |port| port.len() + 1);
    &url.host_port[..url.host_port.len() - port]
}

impl Upstream {
    /// A group that nobody declares.
    fn implied(name: Text, port: Option<u16>, place: Place) -> Self {
        Self {
            name,
            port,
            has_port: false,
            explicit: false,
            servers: Vec::new(),
            balancer: Balancer::RoundRobin,
            keepalive: Keepalive { connections: 0, ..Keepalive::default() },
            zone: None,
            sticky: None,
            queue: None,
            resolver: None,
            resolver_timeout_ms: INHERITED_MS,
            place,
        }
    }
}

impl Server {
    /// A server without parameters.
    pub fn plain(name: Text, address: PeerAddress) -> Self {
        Self {
            name,
            address,
            weight: 1,
            max_conns: 0,
            max_fails: 1,
            fail_timeout_seconds: 10,
            slow_start_ms: 0,
            down: false,
            backup: false,
            drain: false,
            route: None,
            resolve: false,
            service: None,
        }
    }
}
