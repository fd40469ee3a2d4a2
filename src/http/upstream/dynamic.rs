//! `server … resolve`: servers whose addresses are looked up while running. The first worker asks, all take note.

use std::net::SocketAddr;
use std::rc::Rc;
use std::sync::atomic::AtomicU64;
use std::time::Duration;

use super::layout::{Server, SharedLayout, peer};
use crate::balance::Peer;
use crate::ir::upstream::{self, PeerAddress, Upstream};
use crate::log::error_log::{ErrorLog, Level};
use crate::log::now;
use crate::net::connect::Target;
use crate::net::resolver::{Failure, Place, Resolver};
use crate::zone::members::{Member, Members};
use crate::zone::peers::{Field, PeerTable};

/// The servers of one group that are looked up.
#[derive(Debug)]
pub struct Dynamic<'w> {
    upstream: Upstream,
    layout: SharedLayout,
    members: Members<'w>,
    tables: [PeerTable<'w>; 2],
    /// The servers that are known from the start.
    initial: [Vec<Server>; 2],
}

/// All servers of a group at one time.
pub struct Found {
    /// The number of this state.
    pub version: u64,
    /// The servers, primary and backup.
    pub servers: [Vec<Server>; 2],
    /// The same for the balancer, with the places of their state.
    pub peers: [Vec<(Peer, usize)>; 2],
}

impl<'w> Dynamic<'w> {
    /// None if nothing is looked up.
    pub fn new(
        upstream: &Upstream,
        layout: SharedLayout,
        words: &'w [AtomicU64],
        initial: [Vec<Server>; 2],
    ) -> Option<Self> {
        let members = layout.members(words)?;
        let tables = layout.tables(words);
        Some(Self { upstream: upstream.clone(), layout, members, tables, initial })
    }

    /// Another number after each change.
    pub fn version(&self) -> u64 {
        self.members.version()
    }

    /// All servers as they are now: those known from the start come first.
    pub fn servers(&self, initial_peers: &[Vec<Peer>; 2]) -> Found {
        let (version, members) = self.members.list();
        let mut servers = self.initial.clone();
        let in_order = |peers: Vec<Peer>| peers.into_iter().enumerate().map(|(slot, peer)| (peer, slot));
        let mut peers = initial_peers.clone().map(|peers| in_order(peers).collect::<Vec<_>>());
        for (place, member) in members {
            let Some(line) = self.line(member.template) else { continue };
            let server = Server::of(Target::Inet(member.address), line);
            let mut peer = peer(line, &server);
            peer.weight = member.weight;
            if !member.name.is_empty() {
                peer.server.clone_from(&member.name);
            }
            let rank = usize::from(member.is_backup);
            peers[rank].push((peer, self.layout.slot(place, member.is_backup)));
            servers[rank].push(server);
        }
        Found { version, servers, peers }
    }

    /// How many lines are looked up.
    pub fn lines(&self) -> usize {
        self.upstream.resolved_servers().count()
    }

    fn line(&self, template: usize) -> Option<&upstream::Server> {
        self.upstream.resolved_servers().nth(template)
    }

    /// Looks a line up again and again.
    pub async fn keep_resolving(&self, template: usize, resolver: Rc<Resolver>, log: Rc<ErrorLog>) {
        let Some(line) = self.line(template) else { return };
        let now_s = now_s();
        let valid_until_s = self.members.valid_until_s(template);
        let mut wait_ms = if valid_until_s > now_s { 1000 * (valid_until_s - now_s).unsigned_abs() } else { 1 };
        loop {
            tokio::time::sleep(Duration::from_millis(wait_ms)).await;
            wait_ms = match self.resolve(line, template, &resolver, &log).await {
                Some(valid_until_s) => {
                    self.members.set_valid_until_s(template, valid_until_s);
                    let left_s = valid_until_s - self::now_s();
                    1000 * if left_s > 0 { left_s.unsigned_abs() + 1 } else { 1 }
                }
                None => self.upstream.resolver_timeout_ms.max(1000),
            };
        }
    }

    /// Until when the answer holds; none if nobody could say whether the name exists.
    async fn resolve(
        &self,
        line: &upstream::Server,
        template: usize,
        resolver: &Rc<Resolver>,
        log: &ErrorLog,
    ) -> Option<i64> {
        let PeerAddress::Resolve { host, port } = &line.address else { return None };
        let timeout_ms = self.upstream.resolver_timeout_ms;
        let asked_for = match &line.service {
            Some(service) => format!("service {service} of {host}"),
            None => host.to_string(),
        };
        let outcome = match &line.service {
            Some(service) => {
                let answer = resolver.service(service.as_bytes(), host.as_bytes(), timeout_ms).await;
                for (name, failure) in &answer.failed {
                    let name = String::from_utf8_lossy(name);
                    let text = format_args!("{name} could not be resolved ({failure}) while resolving {asked_for}");
                    log.say(Level::Error, text);
                }
                answer.outcome.map(|(places, until)| (self.of_service(line, template, &places), until))
            }
            None => resolver.addresses(host.as_bytes(), timeout_ms).await.map(|(addresses, until)| {
                let member = |ip: &std::net::IpAddr| Member {
                    is_backup: line.backup,
                    template,
                    address: SocketAddr::new(*ip, *port),
                    weight: i64::from(line.weight),
                    name: Box::default(),
                };
                (addresses.iter().map(member).collect(), until)
            }),
        };
        let (members, valid_until_s) = match outcome {
            Ok(found) => found,
            Err(failure) => {
                log.say(Level::Error, format_args!("{asked_for} could not be resolved ({failure})"));
                (Vec::new(), until(failure)?)
            }
        };
        self.take(template, members, log);
        Some(valid_until_s)
    }

    /// The first priority is the rank of the line; what comes later is for backup.
    fn of_service(&self, line: &upstream::Server, template: usize, places: &[Place]) -> Vec<Member> {
        let first = places.iter().map(|place| place.priority).min();
        let has_backup = self.upstream.takes_backup() || self.upstream.servers.iter().any(|server| server.backup);
        let member = |place: &Place| {
            let is_later = Some(place.priority) != first;
            if is_later && (line.backup || !has_backup) {
                return None;
            }
            let weight = if line.weight == 1 { i64::from(place.weight) } else { i64::from(line.weight) };
            let is_backup = line.backup || is_later;
            Some(Member { is_backup, template, address: place.address, weight, name: (*place.name).into() })
        };
        places.iter().filter_map(member).collect()
    }

    fn take(&self, template: usize, members: Vec<Member>, log: &ErrorLog) {
        let table = |is_backup: bool| &self.tables[usize::from(is_backup)];
        let is_free =
            |place: usize, is_backup: bool| table(is_backup).get(self.layout.slot(place, is_backup), Field::Conns) == 0;
        let taken = |place: usize, member: &Member| {
            table(member.is_backup).reset_peer(self.layout.slot(place, member.is_backup), member.weight);
        };
        if self.members.replace(template, members, is_free, taken) > 0 {
            let name = &self.upstream.name;
            log.say(Level::Error, format_args!("cannot add new server to upstream \"{name}\", memory exhausted"));
        }
    }

    /// Takes over what an earlier generation knows of the same names, so that no request finds the group empty.
    pub fn begin_from(&self, earlier: &Dynamic<'_>, log: &ErrorLog) {
        for (template, line) in self.upstream.resolved_servers().enumerate() {
            let is_same = |other: &&(usize, &upstream::Server)| same_name(other.1, line);
            let all: Vec<_> = earlier.upstream.resolved_servers().enumerate().collect();
            let Some((before, _)) = all.iter().find(is_same) else { continue };
            let PeerAddress::Resolve { port, .. } = &line.address else { continue };
            let known = earlier.members.list().1.into_iter().map(|(_, member)| member);
            let members = known.filter(|member| member.template == *before).map(|mut member| {
                member.template = template;
                if line.service.is_none() {
                    member.address.set_port(*port);
                    member.is_backup = line.backup;
                }
                if line.service.is_none() || line.weight != 1 {
                    member.weight = i64::from(line.weight);
                }
                member
            });
            self.take(template, members.collect(), log);
            self.members.set_valid_until_s(template, earlier.members.valid_until_s(*before));
        }
    }
}

/// A name that does not exist has no addresses; other failures say nothing about those that are known.
fn until(failure: Failure) -> Option<i64> {
    failure.is_not_found().then_some(failure.valid_until_s)
}

fn same_name(one: &upstream::Server, other: &upstream::Server) -> bool {
    let host = |server: &upstream::Server| match &server.address {
        PeerAddress::Resolve { host, .. } => Some(host.clone()),
        _ => None,
    };
    host(one) == host(other) && one.service == other.service
}

fn now_s() -> i64 {
    now::since_epoch().as_secs() as i64
}
