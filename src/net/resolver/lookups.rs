//! What a resolver knows and what it waits for, as nginx's does: the cache, the questions under way, their repeats.
//!
//! No socket and no clock: time is an argument, and [`Effects`] is what a lookup does to the world.

use std::collections::{HashMap, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::rc::Rc;

use super::failure::Failure;
use crate::wire::dns::{self, Fault, Head, Name, Question, Records, Service};

/// A question that got no answer is sent again after so many seconds.
pub const RESEND_TIMEOUT_S: i64 = 5;
/// What nobody asked for in so many seconds is forgotten.
const EXPIRE_S: i64 = 30;
/// How long a failed lookup counts, where `valid` does not say it.
const FAILURE_VALID_S: i64 = 10;
/// So many names may lead to each other.
const MAX_RECURSION: u32 = 50;
/// As many lookups at most are looked through for the name of a bad answer.
const MOST_SEARCHED: usize = 100;

/// The parameters of `resolver`.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Settings {
    /// How many name servers there are.
    pub servers: usize,
    /// `valid`
    pub valid_s: Option<i64>,
    /// `ipv4`
    pub ipv4: bool,
    /// `ipv6`
    pub ipv6: bool,
}

/// How a message travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Transport {
    /// As a datagram.
    Udp,
    /// Over a connection.
    Tcp,
}

/// What is asked about a name.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kind {
    /// Its addresses.
    Addresses,
    /// The places of the service.
    Services,
}

/// Who waits for an answer.
pub type Waiter = u64;

/// What a lookup found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Found {
    /// Addresses, until this second.
    Addresses(Rc<[IpAddr]>, i64),
    /// Services, until this second.
    Services(Rc<[Service]>, i64),
}

/// What a lookup does to the world.
pub trait Effects {
    /// Sends a question; false if it could not be sent.
    fn send(&mut self, server: usize, over: Transport, question: &[u8]) -> bool;
    /// Tells a waiter.
    fn answer(&mut self, waiter: Waiter, outcome: Result<Found, Failure>);
    /// Writes a line of level error.
    fn log(&mut self, text: String);
    /// A number that nobody can guess.
    fn random(&mut self) -> u32;
}

type Key = (Kind, Name);

/// All names of a resolver.
#[derive(Debug)]
pub struct Lookups {
    settings: Settings,
    nodes: HashMap<Key, Node>,
    /// Names that are asked for, the latest question in front.
    asking: VecDeque<Key>,
    /// Names that are known, by the second in which each may be forgotten at the earliest.
    known: VecDeque<(i64, Key)>,
    next_server: usize,
}

/// One name.
#[derive(Debug, Default)]
struct Node {
    /// About addresses of IPv4, or about services, while it is under way.
    question: Option<Box<[u8]>>,
    /// About addresses of IPv6.
    question6: Option<Box<[u8]>>,
    is_over_tcp: bool,
    is_over_tcp6: bool,
    /// None until they are known.
    v4: Option<Vec<Ipv4Addr>>,
    v6: Option<Vec<Ipv6Addr>>,
    services: Option<Rc<[Service]>>,
    cname: Option<Name>,
    /// What was wrong with the first of two answers.
    code: u8,
    ttl_s: Option<u32>,
    server: usize,
    valid_s: i64,
    expire_s: i64,
    waiting: Waiting,
}

/// Who waits, and how many names led here.
#[derive(Debug, Default)]
struct Waiting {
    waiters: Vec<Waiter>,
    recursion: u32,
}

impl Lookups {
    /// Nothing is known yet.
    pub fn new(settings: Settings) -> Self {
        let (nodes, asking, known) = (HashMap::new(), VecDeque::new(), VecDeque::new());
        Self { settings, nodes, asking, known, next_server: 0 }
    }

    /// Asks for a name.
    pub fn ask(&mut self, kind: Kind, name: &[u8], waiter: Waiter, now_s: i64, effects: &mut dyn Effects) {
        let key = (kind, Name::from(name.to_ascii_lowercase()));
        self.look_up(key, Waiting { waiters: vec![waiter], recursion: 0 }, now_s, effects);
        self.forget(now_s);
    }

    /// This one does not wait any longer.
    pub fn cancel(&mut self, waiter: Waiter) {
        for key in &self.asking {
            if let Some(node) = self.nodes.get_mut(key) {
                node.waiting.waiters.retain(|other| *other != waiter);
            }
        }
    }

    /// Is no question under way?
    pub fn is_idle(&self) -> bool {
        self.asking.is_empty()
    }

    /// Sends again what got no answer; gives the seconds until that is due for the next.
    pub fn resend(&mut self, now_s: i64, effects: &mut dyn Effects) -> Option<i64> {
        loop {
            let key = self.asking.back()?.clone();
            let due_s = self.nodes.get(&key).map_or(0, |node| node.expire_s);
            if now_s < due_s {
                return Some(due_s - now_s);
            }
            self.asking.pop_back();
            let servers = self.settings.servers;
            match self.nodes.get_mut(&key) {
                Some(node) if !node.waiting.waiters.is_empty() => {
                    node.server = (node.server + 1) % servers;
                    node.send(effects);
                    node.expire_s = now_s + RESEND_TIMEOUT_S;
                    self.asking.push_front(key);
                }
                _ => drop(self.nodes.remove(&key)),
            }
        }
    }

    fn look_up(&mut self, key: Key, waiting: Waiting, now_s: i64, effects: &mut dyn Effects) {
        let Some(node) = self.nodes.get_mut(&key) else { return self.begin(key, waiting, now_s, effects) };
        if node.valid_s >= now_s {
            node.expire_s = now_s + EXPIRE_S;
            if let Some(found) = node.found(true, effects) {
                return tell(waiting, &Ok(found), effects);
            }
            let cname = node.cname.clone();
            return self.follow(key.0, cname, waiting, now_s, effects);
        }
        if !node.waiting.waiters.is_empty() {
            node.waiting.waiters.extend(waiting.waiters);
            return;
        }
        self.begin(key, waiting, now_s, effects);
    }

    /// Goes on with the name that stands for another.
    fn follow(&mut self, kind: Kind, cname: Option<Name>, mut waiting: Waiting, now_s: i64, effects: &mut dyn Effects) {
        waiting.recursion += 1;
        match cname {
            Some(cname) if waiting.recursion <= MAX_RECURSION => {
                self.look_up((kind, cname), waiting, now_s, effects);
            }
            _ => tell(waiting, &Err(Failure::NOT_FOUND.until(self.failure_valid_s(now_s))), effects),
        }
    }

    fn begin(&mut self, key: Key, waiting: Waiting, now_s: i64, effects: &mut dyn Effects) {
        self.settle(&key);
        self.nodes.remove(&key);
        let Some(mut node) = self.node(&key, effects) else {
            return tell(waiting, &Err(Failure::NOT_FOUND.until(now_s)), effects);
        };
        let servers = self.settings.servers;
        node.server = self.next_server;
        self.next_server = (self.next_server + 1) % servers;
        if !node.send(effects) {
            node.server = (node.server + 1) % servers;
            node.send(effects);
        }
        node.expire_s = now_s + RESEND_TIMEOUT_S;
        node.valid_s = i64::MIN;
        node.waiting = waiting;
        self.asking.push_front(key.clone());
        self.nodes.insert(key, node);
    }

    /// A name with its questions; none for one that cannot be asked for.
    fn node(&self, (kind, name): &Key, effects: &mut dyn Effects) -> Option<Node> {
        let mut question = |kind| dns::question(effects.random() as u16, name, kind);
        let mut node = Node::default();
        if *kind == Kind::Services {
            node.question = Some(question(dns::SRV)?);
            return Some(node);
        }
        match self.settings.ipv4 {
            true => node.question = Some(question(dns::A)?),
            false => node.v4 = Some(Vec::new()),
        }
        match self.settings.ipv6 {
            true => node.question6 = Some(question(dns::AAAA)?),
            false => node.v6 = Some(Vec::new()),
        }
        Some(node)
    }

    /// Takes a message that came from a name server.
    pub fn receive(&mut self, message: &[u8], over: Transport, now_s: i64, effects: &mut dyn Effects) {
        if let Err(fault) = self.read(message, over, now_s, effects) {
            effects.log(fault.to_string());
        }
        self.forget(now_s);
    }

    fn read(&mut self, message: &[u8], over: Transport, now_s: i64, effects: &mut dyn Effects) -> Result<(), Fault> {
        let head = Head::parse(message)?;
        let Head { id, flags, .. } = head;
        if !head.is_answer() || (head.is_truncated() && over == Transport::Tcp) {
            let over = if over == Transport::Tcp { "TCP" } else { "UDP" };
            effects.log(format!("invalid {over} DNS response {id} fl:{flags:04X}"));
            return Ok(());
        }
        let code = head.code();
        if code == Failure::FORMAT || code > Failure::REFUSED {
            let name = if code == Failure::FORMAT { self.asked_with(id) } else { None };
            let name = name.map(|name| format!(", name:\"{}\"", String::from_utf8_lossy(&name)));
            let failure = Failure::of_code(code);
            effects.log(format!("DNS error ({failure}), query id:{id}{}", name.unwrap_or_default()));
            return Ok(());
        }
        let question = Question::parse(message, head)?;
        let Some(key) = self.expected(head, &question, effects) else { return Ok(()) };
        let answer = Answer { message, head, question };
        if head.is_truncated() {
            self.ask_over_tcp(key, answer.question.kind, now_s, effects);
            return Ok(());
        }
        match key.0 {
            Kind::Addresses => self.take_addresses(key, &answer, now_s, effects),
            Kind::Services => self.take_services(key, &answer, now_s, effects),
        }
    }

    fn asked_with(&self, id: u16) -> Option<Name> {
        let is_it = |question: &Option<Box<[u8]>>| question.as_deref().and_then(dns::id_of) == Some(id);
        let names = self.asking.iter().filter(|(kind, _)| *kind == Kind::Addresses).take(MOST_SEARCHED);
        let mut nodes = names.filter_map(|key| self.nodes.get(key).map(|node| (&key.1, node)));
        nodes.find(|(_, node)| is_it(&node.question) || is_it(&node.question6)).map(|(name, _)| Name::clone(name))
    }

    /// The name that this answers, if somebody asked and it has the question's number.
    fn expected(&self, head: Head, question: &Question, effects: &mut dyn Effects) -> Option<Key> {
        let kind = if question.kind == dns::SRV { Kind::Services } else { Kind::Addresses };
        let key = (kind, Name::clone(&question.name));
        let shown = String::from_utf8_lossy(&question.name);
        let node = self.nodes.get(&key).filter(|_| question.kind != dns::PTR);
        let asked = node.and_then(|node| match question.kind {
            dns::AAAA => node.question6.as_deref().filter(|_| node.v6.is_none()).zip(Some(node.is_over_tcp6)),
            dns::A => node.question.as_deref().filter(|_| node.v4.is_none()).zip(Some(node.is_over_tcp)),
            _ => node.question.as_deref().zip(Some(node.is_over_tcp)),
        });
        let Some((asked, is_over_tcp)) = asked else {
            effects.log(format!("unexpected DNS response for {shown}"));
            return None;
        };
        if head.is_truncated() && is_over_tcp {
            return None;
        }
        let expected = dns::id_of(asked).unwrap_or_default();
        if head.id != expected {
            effects.log(format!("wrong ident {} in DNS response for {shown}, expect {expected}", head.id));
            return None;
        }
        Some(key)
    }

    fn ask_over_tcp(&mut self, key: Key, kind: u16, now_s: i64, effects: &mut dyn Effects) {
        self.settle(&key);
        let Some(node) = self.nodes.get_mut(&key) else { return };
        if node.waiting.waiters.is_empty() {
            self.nodes.remove(&key);
            return;
        }
        let question = match kind {
            dns::AAAA => {
                node.is_over_tcp6 = true;
                &node.question6
            }
            _ => {
                node.is_over_tcp = true;
                &node.question
            }
        };
        if let Some(question) = question {
            effects.send(node.server, Transport::Tcp, question);
        }
        node.expire_s = now_s + RESEND_TIMEOUT_S;
        self.asking.push_front(key);
    }

    fn take_addresses(
        &mut self,
        key: Key,
        answer: &Answer<'_>,
        now_s: i64,
        effects: &mut dyn Effects,
    ) -> Result<(), Fault> {
        let Some(node) = self.nodes.get_mut(&key) else { return Ok(()) };
        let is_v6 = answer.question.kind == dns::AAAA;
        let code = answer.code(node);
        if code != 0 || answer.head.is_empty() {
            node.set_addresses(is_v6, Records::default());
            return self.conclude_without(key, code, now_s, effects);
        }
        let records = answer.records(effects)?;
        let cname = records.cname(answer.message);
        node.note_ttl(&records);
        let is_found = !records.v4.is_empty() || !records.v6.is_empty();
        node.set_addresses(is_v6, records);
        match cname {
            _ if node.has_both() && node.has_addresses() => self.finish(key, now_s, effects),
            _ if is_found => {}
            // Of two answers the last one's name counts.
            Some(cname) if node.has_both() => self.rename(key, cname?, now_s, effects),
            Some(_) => {}
            None => effects.log("no A or CNAME types in DNS response".to_owned()),
        }
        Ok(())
    }

    /// One of the answers has no addresses: that is the end, unless the other one has some or is still to come.
    fn conclude_without(&mut self, key: Key, code: u8, now_s: i64, effects: &mut dyn Effects) -> Result<(), Fault> {
        let Some(node) = self.nodes.get_mut(&key) else { return Ok(()) };
        if !node.has_both() {
            node.code = code;
        } else if code == 0 && node.has_addresses() {
            self.finish(key, now_s, effects);
        } else {
            self.fail(key, if code == 0 { Failure::NOT_FOUND_CODE } else { code }, now_s, effects);
        }
        Ok(())
    }

    fn take_services(
        &mut self,
        key: Key,
        answer: &Answer<'_>,
        now_s: i64,
        effects: &mut dyn Effects,
    ) -> Result<(), Fault> {
        let Some(node) = self.nodes.get_mut(&key) else { return Ok(()) };
        let code = answer.code(node);
        if code != 0 || answer.head.is_empty() {
            self.fail(key, if code == 0 { Failure::NOT_FOUND_CODE } else { code }, now_s, effects);
            return Ok(());
        }
        let records = answer.records(effects)?;
        let cname = records.cname(answer.message);
        node.note_ttl(&records);
        match cname {
            _ if !records.services.is_empty() => {
                node.services = Some(records.services.into());
                self.finish(key, now_s, effects);
            }
            Some(cname) => self.rename(key, cname?, now_s, effects),
            None => effects.log("no SRV type in DNS response".to_owned()),
        }
        Ok(())
    }

    fn fail(&mut self, key: Key, code: u8, now_s: i64, effects: &mut dyn Effects) {
        self.settle(&key);
        if let Some(node) = self.nodes.remove(&key) {
            let failure = Failure::of_code(code).until(self.failure_valid_s(now_s));
            tell(node.waiting, &Err(failure), effects);
        }
    }

    fn finish(&mut self, key: Key, now_s: i64, effects: &mut dyn Effects) {
        let waiting = self.keep(&key, now_s);
        let found = self.nodes.get(&key).and_then(|node| node.found(false, effects));
        if let Some(found) = found {
            tell(waiting, &Ok(found), effects);
        }
    }

    fn rename(&mut self, key: Key, cname: Name, now_s: i64, effects: &mut dyn Effects) {
        let waiting = self.keep(&key, now_s);
        if let Some(node) = self.nodes.get_mut(&key) {
            node.cname = Some(Name::clone(&cname));
        }
        if !waiting.waiters.is_empty() {
            self.follow(key.0, Some(cname), waiting, now_s, effects);
        }
    }

    /// The name is known from now on; gives who waited for it.
    fn keep(&mut self, key: &Key, now_s: i64) -> Waiting {
        self.settle(key);
        let valid_s = self.settings.valid_s;
        let Some(node) = self.nodes.get_mut(key) else { return Waiting::default() };
        node.valid_s = now_s + valid_s.unwrap_or(node.ttl_s.map_or(0, i64::from));
        node.expire_s = now_s + EXPIRE_S;
        (node.question, node.question6) = (None, None);
        self.known.push_back((node.expire_s, key.clone()));
        std::mem::take(&mut node.waiting)
    }

    /// No question about it is under way any more.
    fn settle(&mut self, key: &Key) {
        self.asking.retain(|other| other != key);
    }

    /// Until when a failed lookup counts.
    pub fn failure_valid_s(&self, now_s: i64) -> i64 {
        now_s + self.settings.valid_s.unwrap_or(FAILURE_VALID_S)
    }

    /// Forgets names that nobody asked for in a while: two at a time, as nginx does, so that no call takes long.
    fn forget(&mut self, now_s: i64) {
        for _ in 0..2 {
            let Some((_, key)) = self.known.pop_front_if(|(expire_s, _)| now_s > *expire_s) else { return };
            match self.nodes.get(&key) {
                Some(node) if node.question.is_some() || node.question6.is_some() => {}
                Some(node) if now_s <= node.expire_s => self.known.push_back((node.expire_s, key)),
                _ => drop(self.nodes.remove(&key)),
            }
        }
    }
}

fn tell(waiting: Waiting, outcome: &Result<Found, Failure>, effects: &mut dyn Effects) {
    for waiter in waiting.waiters {
        effects.answer(waiter, outcome.clone());
    }
}

/// A message that answers a question of ours.
struct Answer<'m> {
    message: &'m [u8],
    head: Head,
    question: Question,
}

impl Answer<'_> {
    /// What is wrong, with this answer or with the one before it.
    fn code(&self, node: &Node) -> u8 {
        if self.head.code() == 0 { node.code } else { self.head.code() }
    }

    fn records(&self, effects: &mut dyn Effects) -> Result<Records, Fault> {
        Records::parse(self.message, self.head, &self.question, &mut |odd| effects.log(odd.to_string()))
    }
}

impl Node {
    fn send(&self, effects: &mut dyn Effects) -> bool {
        let over = |tcp| if tcp { Transport::Tcp } else { Transport::Udp };
        let mut send = |question: &Option<Box<[u8]>>, is_known: bool, tcp: bool| match question {
            Some(question) if !is_known => effects.send(self.server, over(tcp), question),
            _ => true,
        };
        send(&self.question, self.v4.is_some(), self.is_over_tcp)
            && send(&self.question6, self.v6.is_some(), self.is_over_tcp6)
    }

    fn note_ttl(&mut self, records: &Records) {
        self.ttl_s = self.ttl_s.into_iter().chain(records.ttl_s).min();
    }

    fn set_addresses(&mut self, is_v6: bool, records: Records) {
        match is_v6 {
            true => self.v6 = Some(records.v6),
            false => self.v4 = Some(records.v4),
        }
    }

    fn has_both(&self) -> bool {
        self.v4.is_some() && self.v6.is_some()
    }

    fn has_addresses(&self) -> bool {
        self.v4.as_ref().is_some_and(|v4| !v4.is_empty()) || self.v6.as_ref().is_some_and(|v6| !v6.is_empty())
    }

    /// What is known of the name; `rotates` lets a further asker begin somewhere else.
    fn found(&self, rotates: bool, effects: &mut dyn Effects) -> Option<Found> {
        if let Some(services) = &self.services {
            return Some(Found::Services(Rc::clone(services), self.valid_s));
        }
        if !self.has_addresses() {
            return None;
        }
        let v4: Vec<IpAddr> = self.v4.iter().flatten().copied().map(IpAddr::V4).collect();
        let v6: Vec<IpAddr> = self.v6.iter().flatten().copied().map(IpAddr::V6).collect();
        let mut rotate = |mut list: Vec<IpAddr>| {
            if rotates && list.len() > 1 {
                let places = effects.random() as usize % list.len();
                list.rotate_left(places);
            }
            list
        };
        let (v4, v6) = (rotate(v4), rotate(v6));
        // nginx turns the two families against each other the other way round; where it begins is random all the same.
        let both = rotate([v4, v6].concat());
        Some(Found::Addresses(both.into(), self.valid_s))
    }
}

#[cfg(test)]
mod tests;
