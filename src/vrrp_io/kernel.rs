//! The kernel's interfaces, addresses, routes and rules: asked for at the start, followed by its news, changed on request.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::ir::keepalived::addresses::Prefix;
use crate::ir::keepalived::routes::Insertion;
use crate::ir::keepalived::{Route, Rule, VirtualAddress};
use crate::sys::netlink_socket::{NetlinkSocket, group};
use crate::wire::netlink::addr::{self, Address, address_flag};
use crate::wire::netlink::link::{self, Ipv4Setting, Link, OwnKind};
use crate::wire::netlink::{self, Message, kind, messages, removal, route};

use super::policy_routing;

const EEXIST: i32 = 17;
const ENOENT: i32 = 2;
const ESRCH: i32 = 3;
const EOPNOTSUPP: i32 = 95;
const SCOPE_LINK: u8 = 253;
/// keepalived looks at routes and rules of this maker alone.
const PROTOCOL_KEEPALIVED: u8 = 18;
const LINKS_AND_ADDRESSES: u32 = group::LINK | group::IPV4_ADDRESS | group::IPV6_ADDRESS;

/// What the kernel told.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum News {
    /// An interface appeared or changed.
    Link {
        /// As it is now.
        link: Link,
        /// Packets could not pass before, and can now.
        came_up: bool,
        /// As it was, if it was known.
        before: Option<Link>,
    },
    /// An interface is gone.
    LinkGone(Link),
    /// An address appeared on the interface of this name.
    AddressAdded(Address, String),
    /// An address is gone, maybe with its interface.
    AddressRemoved(Address, String),
    /// Somebody else took a route away.
    RouteRemoved(removal::Route),
    /// Somebody else took a rule away.
    RuleRemoved(removal::Rule),
    /// News were lost; what was asked for instead follows.
    Lost,
}

/// Two sockets: one for requests, one for news, as keepalived has them.
#[derive(Debug)]
pub struct Kernel {
    requests: NetlinkSocket,
    news: NetlinkSocket,
    sequence: u32,
    /// The number of `requests`: what we did ourselves is no news.
    port: u32,
    /// By index.
    pub links: BTreeMap<u32, Link>,
    /// In the order in which the kernel told of them.
    pub addresses: Vec<Address>,
    /// The interfaces that were up at some time.
    seen_up: BTreeSet<u32>,
    /// `rp_filter` of the interfaces that the kernel has told news of, as it was in the first.
    told_rp_filter: BTreeMap<u32, u32>,
}

impl Kernel {
    /// Opens both sockets and asks for everything there is.
    pub fn open() -> io::Result<Self> {
        let news = NetlinkSocket::open(LINKS_AND_ADDRESSES)?;
        let requests = NetlinkSocket::open(0)?;
        let port = requests.port()?;
        let (links, addresses, seen_up) = (BTreeMap::new(), Vec::new(), BTreeSet::new());
        let told_rp_filter = BTreeMap::new();
        // Of the time, as keepalived counts from it: the numbers are in the log.
        let sequence = SystemTime::now().duration_since(UNIX_EPOCH).map_or(1, |since| since.as_secs() as u32);
        let mut kernel = Self { requests, news, sequence, port, links, addresses, seen_up, told_rp_filter };
        kernel.refresh()?;
        Ok(kernel)
    }

    /// Whether routes and rules that go away are news: on a router with all of the internet they would be many.
    pub fn follow_routing(&self, follow: bool) -> io::Result<()> {
        let routing = group::IPV4_ROUTE | group::IPV6_ROUTE | group::IPV4_RULE | group::IPV6_RULE;
        self.news.hear(LINKS_AND_ADDRESSES | if follow { routing } else { 0 })
    }

    /// Asks for all interfaces and addresses anew.
    pub fn refresh(&mut self) -> io::Result<()> {
        self.links.clear();
        self.addresses.clear();
        for request in [link::dump, addr::dump] {
            let sequence = self.next_sequence();
            self.requests.send(&request(sequence))?;
            self.read_dump(sequence)?;
        }
        Ok(())
    }

    fn read_dump(&mut self, sequence: u32) -> io::Result<()> {
        loop {
            let bytes = self.requests.receive_answer()?;
            for message in messages(&bytes).filter(|message| message.sequence == sequence) {
                if matches!(message.kind, kind::DONE | kind::ERROR) {
                    return Ok(());
                }
                self.take_in(message);
            }
        }
    }

    /// What has happened since the last call.
    pub fn news(&mut self) -> Vec<News> {
        let mut all = Vec::new();
        let mut is_lost = false;
        loop {
            match self.news.receive() {
                Ok(Some(bytes)) => all.extend(messages(&bytes).filter_map(|message| {
                    let news = self.take_in(message)?;
                    if let News::Link { link, before: Some(_), .. } = &news {
                        self.told_rp_filter.entry(link.index).or_insert_with(|| link.ipv4(Ipv4Setting::RpFilter));
                    }
                    Some(news)
                })),
                // The queue ran over (ENOBUFS). What was in it before is still read, since it is older than what is asked for.
                Err(_) if !is_lost => is_lost = true,
                Ok(None) | Err(_) => break,
            }
        }
        if is_lost {
            all.push(News::Lost);
            all.extend(self.missed());
        }
        all
    }

    /// Asks for what there is, and says what is new in it. Routes and rules that went away meanwhile stay unknown.
    fn missed(&mut self) -> Vec<News> {
        let (links, addresses) = (self.links.clone(), self.addresses.clone());
        if self.refresh().is_err() {
            return Vec::new();
        }
        let is_gone = |link: &&Link| !self.links.contains_key(&link.index);
        let gone = links.values().filter(is_gone).cloned().map(News::LinkGone);
        let present = self.links.values().cloned();
        let present = present.map(|link| {
            let before = links.get(&link.index).cloned();
            News::Link { came_up: link.running && !before.as_ref().is_some_and(|before| before.running), link, before }
        });
        let removed = addresses.iter().filter(|address| !self.addresses.contains(address));
        let added = self.addresses.iter().filter(|address| !addresses.contains(address));
        let removed = removed.map(|address| News::AddressRemoved(address.clone(), name_of(&links, address)));
        let added = added.map(|address| News::AddressAdded(address.clone(), name_of(&self.links, address)));
        let addresses = removed.chain(added);
        gone.chain(present).chain(addresses).collect()
    }

    /// Keeps the picture up to date; says what is new in it.
    fn take_in(&mut self, message: Message<'_>) -> Option<News> {
        match message.kind {
            kind::NEW_LINK => {
                let mut link = Link::parse(message.body)?;
                if let Some(before) = self.links.get(&link.index) {
                    link.keep_ipv4(before);
                }
                let before = self.links.insert(link.index, link.clone());
                let came_up = link.running && !before.as_ref().is_some_and(|before| before.running);
                if link.running {
                    self.seen_up.insert(link.index);
                }
                Some(News::Link { link, came_up, before })
            }
            kind::DEL_LINK => {
                let link = Link::parse(message.body)?;
                self.links.remove(&link.index);
                self.told_rp_filter.remove(&link.index);
                self.addresses.retain(|address| address.interface != link.index);
                Some(News::LinkGone(link))
            }
            kind::NEW_ADDR => {
                let address = Address::parse(message.body)?;
                let known = self.addresses.iter_mut().find(|known| same(known, &address));
                match known {
                    Some(known) => *known = address.clone(),
                    None => self.addresses.push(address.clone()),
                }
                let name = name_of(&self.links, &address);
                Some(News::AddressAdded(address, name))
            }
            kind::DEL_ADDR => {
                let address = Address::parse(message.body)?;
                let before = self.addresses.len();
                self.addresses.retain(|known| !same(known, &address));
                let name = name_of(&self.links, &address);
                (self.addresses.len() < before).then_some(News::AddressRemoved(address, name))
            }
            kind::DEL_ROUTE if message.port != self.port => {
                let route = removal::Route::parse(message.body)?;
                (route.protocol == PROTOCOL_KEEPALIVED).then_some(News::RouteRemoved(route))
            }
            kind::DEL_RULE if message.port != self.port => {
                let rule = removal::Rule::parse(message.body)?;
                let is_ours = rule.protocol.is_none_or(|protocol| protocol == PROTOCOL_KEEPALIVED);
                is_ours.then_some(News::RuleRemoved(rule))
            }
            _ => None,
        }
    }

    /// An interface by name.
    pub fn link_named(&self, name: &str) -> Option<&Link> {
        self.links.values().find(|link| link.name == name)
    }

    /// All interfaces by name, and which of them could be a router's own.
    pub fn own_kinds(&self) -> HashMap<String, Option<OwnKind>> {
        self.links.values().map(|link| (link.name.clone(), link.own_kind)).collect()
    }

    /// Where adverts of an interface come from: its first IPv4 address, or its link-local IPv6 one. `own` are addresses that
    /// we put there ourselves.
    pub fn primary_address(&self, index: u32, v6: bool, own: impl Fn(IpAddr) -> bool) -> Option<IpAddr> {
        self.usable_addresses(index, v6, own).next()
    }

    /// All addresses that adverts could come from.
    pub fn usable_addresses(&self, index: u32, v6: bool, own: impl Fn(IpAddr) -> bool) -> impl Iterator<Item = IpAddr> {
        let usable = move |address: &&Address| {
            address.interface == index
                && address.address.is_ipv6() == v6
                && !own(address.address)
                && (!v6 || address.scope == SCOPE_LINK)
                && address.flags & address_flag::TENTATIVE == 0
        };
        self.addresses.iter().filter(usable).map(|address| address.address)
    }

    /// Whether packets could ever pass an interface.
    pub fn was_up(&self, index: u32) -> bool {
        self.seen_up.contains(&index)
    }

    /// `rp_filter` of an interface, once there was news of it.
    pub fn told_rp_filter(&self, index: u32) -> Option<u32> {
        self.told_rp_filter.get(&index).copied()
    }

    // ---- changes ----

    /// The number of the last request.
    pub fn sequence(&self) -> u32 {
        self.sequence
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Sends one request and waits for the kernel's word.
    fn request(&mut self, build: impl FnOnce(u32) -> Vec<u8>) -> io::Result<()> {
        let sequence = self.next_sequence();
        self.requests.send(&build(sequence))?;
        loop {
            let bytes = self.requests.receive_answer()?;
            for message in messages(&bytes).filter(|message| message.sequence == sequence) {
                match message.error_number() {
                    Some(0) => return Ok(()),
                    Some(number) => return Err(io::Error::from_raw_os_error(number)),
                    None => {}
                }
            }
        }
    }

    /// Puts an address on an interface; one that is there already is no fault.
    pub fn add_address(&mut self, address: &VirtualAddress, interface: u32) -> io::Result<()> {
        let repr = address_repr(address, interface);
        ignoring(EEXIST, self.request(|sequence| repr.add(sequence)))
    }

    /// Takes an address away.
    pub fn delete_address(&mut self, address: &VirtualAddress, interface: u32) -> io::Result<()> {
        let repr = address_repr(address, interface);
        self.request(|sequence| repr.delete(sequence))
    }

    /// Whether an address is on an interface, as far as is known.
    pub fn has_address(&self, address: IpAddr, interface: u32) -> bool {
        self.addresses.iter().any(|known| known.address == address && known.interface == interface)
    }

    /// Puts a route in.
    pub fn add_route(&mut self, config: &Route) -> io::Result<()> {
        let repr = self.route_repr(config)?;
        let insertion = match config.insertion {
            Insertion::Prepend => route::Insertion::Prepend,
            Insertion::Add => route::Insertion::Add,
            Insertion::Append => route::Insertion::Append,
        };
        ignoring(EEXIST, self.request(|sequence| repr.add(sequence, insertion)))
    }

    /// Takes a route out; one that is not there is no fault: the kernel drops routes itself when an interface goes down, and
    /// refuses those that it was built without.
    pub fn delete_route(&mut self, config: &Route) -> io::Result<()> {
        let repr = self.route_repr(config)?;
        ignoring(EOPNOTSUPP, ignoring(ESRCH, self.request(|sequence| repr.delete(sequence))))
    }

    /// Puts a rule in.
    pub fn add_rule(&mut self, config: &Rule) -> io::Result<()> {
        let repr = policy_routing::rule(config);
        ignoring(EEXIST, self.request(|sequence| repr.add(sequence)))
    }

    /// Takes a rule out; one that is not there is no fault.
    pub fn delete_rule(&mut self, config: &Rule) -> io::Result<()> {
        let repr = policy_routing::rule(config);
        ignoring(ENOENT, self.request(|sequence| repr.delete(sequence)))
    }

    /// Makes an interface.
    pub fn create_link(&mut self, name: &str, build: impl FnOnce(u32) -> Vec<u8>) -> io::Result<Link> {
        self.request(build)?;
        self.refresh()?;
        self.link_named(name).cloned().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Brings an interface up that gets no address from the kernel.
    pub fn set_up_without_address(&mut self, index: u32) -> io::Result<()> {
        // A kernel without IPv6 knows nothing of it.
        let _ = self.request(|sequence| link::no_address_generation(sequence, index));
        self.request(|sequence| link::set_up(sequence, index))
    }

    /// Changes IPv4 settings of an interface.
    pub fn set_ipv4(&mut self, index: u32, settings: &[(Ipv4Setting, u32)]) -> io::Result<()> {
        self.request(|sequence| link::set_ipv4(sequence, index, settings))
    }

    /// Makes the kernel tell all listeners of an interface.
    pub fn tell_again(&mut self, link: &Link) -> io::Result<()> {
        self.request(|sequence| link::tell_again(sequence, link.index, link.group))
    }

    /// Puts an address on an interface of ours that is no virtual one.
    pub fn add_plain_address(&mut self, prefix: Prefix, index: u32, preferred_s: Option<u32>) -> io::Result<()> {
        let is_ipv6 = prefix.address.is_ipv6();
        let repr = addr::Repr {
            interface: index,
            address: prefix.address,
            prefix_len: prefix.length,
            scope: 0,
            peer: None,
            broadcast: None,
            label: None,
            flags: if is_ipv6 { address_flag::NO_DAD } else { 0 },
            preferred_lifetime_s: preferred_s,
        };
        ignoring(EEXIST, self.request(|sequence| repr.add(sequence)))
    }

    /// The link-local address of an interface, usable or not yet.
    pub fn link_local_address(&self, index: u32) -> Option<IpAddr> {
        let mut found = self.addresses.iter().filter(|address| address.interface == index && address.address.is_ipv6());
        found.find(|address| address.scope == SCOPE_LINK).map(|address| address.address)
    }

    /// Deletes an interface.
    pub fn delete_link(&mut self, index: u32) -> io::Result<()> {
        self.request(|sequence| link::delete(sequence, index))
    }

    /// Whether it is a route of the configuration that was taken away.
    pub fn is_route(&self, removed: &removal::Route, config: &Route) -> bool {
        config.tracked && self.route_repr(config).is_ok_and(|repr| removed.is(&repr))
    }

    /// Whether it is a rule of the configuration that was taken away.
    pub fn is_rule(removed: &removal::Rule, config: &Rule) -> bool {
        config.tracked && removed.is(&policy_routing::rule(config))
    }

    fn route_repr(&self, config: &Route) -> io::Result<route::Repr> {
        policy_routing::route(config, |name| self.link_named(name).map(|link| link.index))
            .ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

impl AsFd for Kernel {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.news.as_fd()
    }
}

/// Takes one of the kernel's errors for success.
pub(super) fn ignoring(number: i32, outcome: io::Result<()>) -> io::Result<()> {
    match outcome {
        Err(error) if error.raw_os_error() == Some(number) => Ok(()),
        other => other,
    }
}

fn name_of(links: &BTreeMap<u32, Link>, address: &Address) -> String {
    links.get(&address.interface).map(|link| link.name.clone()).unwrap_or_default()
}

fn same(left: &Address, right: &Address) -> bool {
    (left.interface, left.address, left.prefix_len) == (right.interface, right.address, right.prefix_len)
}

fn address_repr(config: &VirtualAddress, interface: u32) -> addr::Repr {
    let v6 = config.prefix.address.is_ipv6();
    let flag = |set: bool, flag: u32| if set { flag } else { 0 };
    addr::Repr {
        interface,
        address: config.prefix.address,
        prefix_len: config.prefix.length,
        scope: config.scope,
        peer: config.peer.map(|peer| (peer.address, peer.length)),
        broadcast: config.broadcast,
        label: config.label.clone(),
        flags: flag(v6 && config.no_dad, address_flag::NO_DAD)
            | flag(config.home, address_flag::HOME)
            | flag(config.manage_temporary, address_flag::MANAGE_TEMPORARY)
            | flag(config.no_prefix_route, address_flag::NO_PREFIX_ROUTE)
            | flag(config.autojoin, address_flag::AUTOJOIN),
        preferred_lifetime_s: config.preferred_lifetime_s,
    }
}

/// An error in the C library's words alone.
pub fn error_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

/// The kernel's word for a request that failed, as keepalived logs it.
pub fn error_line(error: &io::Error, kind: u16, sequence: u32) -> String {
    let number = error.raw_os_error().unwrap_or(0);
    let (text, message) = (error_text(error), message_name(kind));
    format!("Netlink: error: {text}({number}), type={message}({kind}), seq={sequence}, pid=0")
}

/// Number and name of the messages that change something, for log lines.
fn message_name(kind: u16) -> &'static str {
    match kind {
        netlink::kind::NEW_LINK => "RTM_NEWLINK",
        netlink::kind::DEL_LINK => "RTM_DELLINK",
        netlink::kind::NEW_ADDR => "RTM_NEWADDR",
        netlink::kind::DEL_ADDR => "RTM_DELADDR",
        netlink::kind::NEW_ROUTE => "RTM_NEWROUTE",
        netlink::kind::DEL_ROUTE => "RTM_DELROUTE",
        netlink::kind::NEW_RULE => "RTM_NEWRULE",
        netlink::kind::DEL_RULE => "RTM_DELRULE",
        _ => "unknown",
    }
}
