//! The world of the simulation: routers, a network, and a clock that jumps from event to event.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::IpAddr;
use std::time::Duration;

use evenkeel::ir::keepalived::Keepalived;
use evenkeel::ir::keepalived::instance::Destination;
use evenkeel::primitives::checksum::Sum;
use evenkeel::primitives::monotonic::Monotonic;
use evenkeel::vrrp::action::{ChecksumForm, Outgoing};
use evenkeel::vrrp::event::{Received, ScriptExit};
use evenkeel::vrrp::instance::StateName;
use evenkeel::vrrp::{Action, Engine, Event};
use evenkeel::wire::vrrp;

use crate::plan::{Plan, Random};
use crate::setup::{INTERFACE, SCRIPT, WEIGHT, configuration};

/// One router: an engine, a clock, and what the world sees of it.
#[derive(Clone)]
struct Router {
    engine: Option<Engine>,
    config: Keepalived,
    address: IpAddr,
    priority: u8,
    /// Local time is global time times (1000 + drift) / 1000, plus the offset.
    drift_per_mille: i64,
    offset: u64,
    /// Addresses in the kernel: they stay there when the daemon is killed.
    holds: bool,
    script_good: bool,
    link_up: bool,
    /// The last advert that it heard as a backup was a word of farewell.
    handed_over: bool,
}

impl Router {
    fn local(&self, global: u64) -> Monotonic {
        let drifted = (global as i64 + global as i64 / 1000 * self.drift_per_mille) as u64;
        Monotonic::from_micros(self.offset + drifted)
    }

    fn is_master(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.instances()[0].state() == StateName::Master)
    }

    fn effective(&self) -> u8 {
        match self.priority {
            vrrp::OWNER => vrrp::OWNER,
            base if self.script_good => base,
            base => (i32::from(base) + WEIGHT).clamp(1, 254) as u8,
        }
    }
}

#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Delivery {
    at: u64,
    number: u64,
    to: usize,
    from: usize,
}

/// What can happen in a small space.
#[derive(Clone, Copy, Debug)]
pub enum Move {
    /// Time passes.
    Wait(Duration),
    /// The next packet on its way is lost.
    Lose,
    Kill(usize),
    Stop(usize),
    Start(usize),
    /// Nothing of the first reaches the second any more.
    Cut(usize, usize),
    /// All cuts are mended.
    Join,
    Script(usize, bool),
    Link(usize, bool),
    /// The configuration is read again, with this priority in it.
    Reload(usize, u8),
}

/// All of it.
#[derive(Clone)]
pub struct World {
    seed: u64,
    random: Random,
    routers: Vec<Router>,
    now: u64,
    queue: BinaryHeap<Reverse<Delivery>>,
    packets: BTreeMap<u64, Received>,
    next_number: u64,
    /// One-way: nothing of the first reaches the second.
    cuts: Vec<(usize, usize)>,
    loss_percent: u64,
    double_percent: u64,
    longest_delay: Duration,
    longest_double_mastery: Duration,
    /// Two masters that could hear each other, and since when.
    beside_each_other: BTreeMap<(usize, usize), u64>,
    /// Beside each router a client: who last told it to have the address. `None`: nobody it could rely on.
    clients: Vec<Option<usize>>,
    failovers: u64,
    transitions: u64,
    /// Who entered which state at what time, all of it in one number.
    history: DefaultHasher,
}

impl World {
    pub fn new(plan: &Plan, seed: u64) -> Self {
        let mut random = Random::new(!seed);
        let routers = plan.priorities.iter().enumerate().map(|(place, priority)| {
            let span = 2 * plan.drift_per_mille as u64 + 1;
            Router {
                engine: None,
                config: configuration(plan, place),
                address: plan.address(place),
                priority: *priority,
                drift_per_mille: random.below(span) as i64 - plan.drift_per_mille,
                offset: random.below(1_000_000_000),
                holds: false,
                script_good: true,
                link_up: true,
                handed_over: false,
            }
        });
        let routers: Vec<Router> = routers.collect();
        Self {
            clients: vec![None; routers.len()],
            seed,
            routers,
            random,
            now: 1_000_000,
            queue: BinaryHeap::new(),
            packets: BTreeMap::new(),
            next_number: 0,
            cuts: Vec::new(),
            loss_percent: 0,
            double_percent: 0,
            longest_delay: plan.longest_delay,
            longest_double_mastery: plan.longest_double_mastery(plan.longest_delay),
            beside_each_other: BTreeMap::new(),
            failovers: 0,
            transitions: 0,
            history: DefaultHasher::new(),
        }
    }

    // ---- looking ----

    pub fn failovers(&self) -> u64 {
        self.failovers
    }

    /// The same number for the same life, and hardly ever for two.
    pub fn history(&self) -> u64 {
        self.history.finish()
    }

    pub fn alive(&self) -> usize {
        self.routers.iter().filter(|router| router.engine.is_some()).count()
    }

    fn masters(&self) -> Vec<usize> {
        (0..self.routers.len()).filter(|place| self.routers[*place].is_master()).collect()
    }

    pub fn only_master(&self) -> Option<usize> {
        match self.masters()[..] {
            [only] => Some(only),
            _ => None,
        }
    }

    /// On a healed network there is exactly one master.
    fn check_one_master(&self, plan: &Plan) -> usize {
        self.only_master().unwrap_or_else(|| panic!("seed {}: masters {:?}, {plan:?}", self.seed, self.masters()))
    }

    /// The same, but one that preempts in this moment has not been heard yet.
    fn check_one_master_soon(&mut self, plan: &Plan) {
        assert!(!self.masters().is_empty(), "seed {}: no master, {plan:?}", self.seed);
        if self.only_master().is_none() {
            self.run_for(self.longest_double_mastery);
        }
        self.check_one_master(plan);
    }

    /// With preemption it is the one with the best right, and all clients know it.
    pub fn check_one_rightful_master(&self, plan: &Plan) {
        let seed = self.seed;
        let master = self.check_one_master(plan);
        if plan.preempt {
            let right = |router: &Router| (router.effective(), router.address);
            let best = self.routers.iter().map(right).max_by_key(|right| right.0).expect("routers");
            // Among equal priorities whoever is master stays.
            assert_eq!(self.routers[master].effective(), best.0, "seed {seed}: {master} is not the best, {plan:?}");
        }
        self.check_holders();
        for (place, client) in self.clients.iter().enumerate() {
            let right = client.is_none_or(|client| client == master);
            assert!(right, "seed {seed}: the client beside {place} sends to {client:?}, not to {master}, {plan:?}");
        }
    }

    /// Addresses are at masters and nowhere else, as far as daemons live.
    fn check_holders(&self) {
        for (place, router) in self.routers.iter().enumerate() {
            let started = router.engine.as_ref().is_some_and(|engine| engine.instances()[0].state() != StateName::Init);
            if started {
                assert_eq!(router.holds, router.is_master(), "seed {}: router {place} at {}", self.seed, self.now);
            }
        }
    }

    /// Two masters beside each other need a network that explains them.
    fn check_double_mastery(&mut self) {
        let masters = self.masters();
        let pairs =
            masters.iter().enumerate().flat_map(|(at, one)| masters[at + 1..].iter().map(|other| (*one, *other)));
        let hear_each_other: Vec<(usize, usize)> = pairs.filter(|(one, other)| self.connects(*one, *other)).collect();
        self.beside_each_other.retain(|pair, _| hear_each_other.contains(pair));
        for pair in hear_each_other {
            let since = *self.beside_each_other.entry(pair).or_insert(self.now);
            let time = Duration::from_micros(self.now - since);
            assert!(
                time <= self.longest_double_mastery,
                "seed {}: both of {pair:?} are master for {time:?}",
                self.seed
            );
        }
    }

    fn connects(&self, one: usize, other: usize) -> bool {
        let is_cut = self.cuts.contains(&(one, other)) || self.cuts.contains(&(other, one));
        let links = self.routers[one].link_up && self.routers[other].link_up;
        self.loss_percent == 0 && !is_cut && links
    }

    /// Nothing moves without a cause.
    pub fn check_calm(&mut self, plan: &Plan, time: Duration) {
        let before = self.transitions;
        self.run_for(time);
        assert_eq!(self.transitions, before, "seed {}: flapping, {plan:?}", self.seed);
    }

    // ---- events from outside ----

    /// All is mended; one is master as soon as the protocol promises it, and in the end the right one.
    pub fn settle(&mut self, plan: &Plan) {
        self.heal(plan);
        self.run_for(plan.election_time());
        self.check_one_master_soon(plan);
        self.run_for(plan.preemption_time());
        self.check_one_rightful_master(plan);
    }

    pub fn start_all(&mut self) {
        for place in 0..self.routers.len() {
            self.start(place);
        }
    }

    fn start(&mut self, place: usize) {
        let router = &mut self.routers[place];
        router.engine = Some(Engine::new(&router.config, router.local(self.now)));
        let address = Some(router.address);
        self.link(place, true);
        let family = vrrp::Family::of(self.routers[place].address);
        self.feed(place, &Event::PrimaryAddress { interface: INTERFACE.into(), family, address });
        self.feed(place, &Event::Start);
        let good = self.routers[place].script_good;
        self.script_result(place, good);
    }

    fn stop(&mut self, place: usize) {
        self.feed(place, &Event::Stop);
        self.routers[place].engine = None;
    }

    fn kill(&mut self, place: usize) {
        self.routers[place].engine = None;
        self.excuse(|told| told == place);
    }

    /// Clients that were told so by one of these cannot know better: nobody was there to tell them.
    fn excuse(&mut self, these: impl Fn(usize) -> bool) {
        for client in &mut self.clients {
            client.take_if(|told| these(*told));
        }
    }

    /// A client that hears the living again may have missed that its master is gone; one whose master lives must be told.
    fn mend_cuts(&mut self) {
        self.cuts.clear();
        let masters = self.masters();
        self.excuse(|told| !masters.contains(&told));
    }

    pub fn script_result(&mut self, place: usize, good: bool) {
        self.routers[place].script_good = good;
        let exit = ScriptExit::Status(i32::from(!good));
        self.feed(place, &Event::ScriptExited { script: SCRIPT.into(), exit });
    }

    fn link(&mut self, place: usize, running: bool) {
        self.routers[place].link_up = running;
        if !running {
            self.excuse(|told| told == place);
        }
        self.feed(place, &Event::Link { interface: INTERFACE.into(), running });
    }

    fn reload(&mut self, place: usize, priority: u8) {
        let router = &mut self.routers[place];
        router.priority = priority;
        router.config.instances[0].priority = priority;
        let config = router.config.clone();
        self.step(place, |engine, now, actions| engine.reload(now, &config, actions));
    }

    /// One move of a small space.
    pub fn make(&mut self, move_: Move) {
        self.beside_each_other.clear();
        match move_ {
            Move::Wait(time) => self.run_for(time),
            Move::Lose => drop(self.queue.pop()),
            Move::Kill(place) => self.kill(place),
            Move::Stop(place) => self.stop(place),
            Move::Start(place) => self.start(place),
            Move::Cut(from, to) => self.cuts.push((from, to)),
            Move::Join => self.mend_cuts(),
            Move::Script(place, good) => self.script_result(place, good),
            Move::Link(place, running) => self.link(place, running),
            Move::Reload(place, priority) => self.reload(place, priority),
        }
    }

    /// A while of everything that can go wrong.
    pub fn trouble(&mut self, plan: &Plan) {
        self.longest_delay = plan.longest_troubled_delay;
        self.longest_double_mastery = plan.longest_double_mastery(self.longest_delay);
        self.loss_percent = plan.loss_percent;
        self.double_percent = plan.double_percent;
        for _ in 0..plan.troubles {
            self.one_trouble();
            let pause = self.random.below(plan.longest_master_down().as_micros() as u64 * 2);
            self.run_for(Duration::from_micros(pause));
        }
    }

    fn one_trouble(&mut self) {
        // Whoever was better may not be so any more: what follows is another pair of masters.
        self.beside_each_other.clear();
        let routers = self.routers.len() as u64;
        let place = self.random.below(routers) as usize;
        let other = self.random.below(routers) as usize;
        match self.random.below(10) {
            0 => self.cuts.push((place, other)),
            1 => self.cuts.extend([(place, other), (other, place)]),
            2 => self.cut_in_two(),
            3 => self.mend_cuts(),
            4 => self.kill(place),
            5 => self.stop(place),
            6 => self.start(place),
            7 => {
                let good = !self.routers[place].script_good;
                self.script_result(place, good);
            }
            8 if self.routers[place].priority != vrrp::OWNER => {
                let priority = 1 + self.random.below(254) as u8;
                self.reload(place, priority);
            }
            _ => {
                let running = self.random.chance(50);
                self.link(place, running);
            }
        }
    }

    fn cut_in_two(&mut self) {
        let here: Vec<bool> = (0..self.routers.len()).map(|_| self.random.chance(50)).collect();
        for from in 0..here.len() {
            for to in 0..here.len() {
                if here[from] != here[to] {
                    self.cuts.push((from, to));
                }
            }
        }
    }

    /// Everything works again, and everyone is there.
    pub fn heal(&mut self, plan: &Plan) {
        self.mend_cuts();
        self.longest_delay = plan.longest_delay;
        self.loss_percent = 0;
        self.double_percent = 0;
        for place in 0..self.routers.len() {
            if self.routers[place].engine.is_none() {
                self.start(place);
            }
            self.link(place, true);
        }
    }

    pub fn stop_master_and_wait(&mut self) -> Duration {
        let master = self.only_master().expect("one master");
        self.stop(master);
        self.wait_for_master()
    }

    pub fn kill_master_and_wait(&mut self) -> Duration {
        let master = self.only_master().expect("one master");
        self.kill(master);
        self.wait_for_master()
    }

    fn wait_for_master(&mut self) -> Duration {
        let begin = self.now;
        while self.masters().is_empty() {
            assert!(self.run_one(u64::MAX), "seed {}: nobody takes over", self.seed);
        }
        Duration::from_micros(self.now - begin)
    }

    // ---- the clock ----

    pub fn run_for(&mut self, time: Duration) {
        let until = self.now + time.as_micros() as u64;
        while self.run_one(until) {}
        self.now = until;
    }

    /// The next thing that happens before `until`, if any.
    fn run_one(&mut self, until: u64) -> bool {
        let delivery = self.queue.peek().map(|Reverse(delivery)| delivery.at);
        let timer = (0..self.routers.len()).filter_map(|place| Some((self.deadline(place)?, place))).min();
        match (delivery, timer) {
            (Some(at), timer) if at <= until && timer.is_none_or(|(due, _)| at <= due) => {
                let Reverse(delivery) = self.queue.pop().expect("it was there");
                self.now = self.now.max(at);
                self.deliver(&delivery);
                true
            }
            (_, Some((due, place))) if due <= until => {
                self.now = self.now.max(due);
                self.feed(place, &Event::Deadline);
                true
            }
            _ => false,
        }
    }

    /// The deadline of a router in global time, rounded up.
    fn deadline(&self, place: usize) -> Option<u64> {
        let router = &self.routers[place];
        let deadline = router.engine.as_ref()?.next_deadline()?;
        let mut global = self.now;
        let missing = |global: u64| deadline.since(router.local(global)).as_micros() as u64;
        while missing(global) > 0 {
            global += (missing(global) * 1000).div_ceil((1000 + router.drift_per_mille) as u64).max(1);
        }
        Some(global)
    }

    fn deliver(&mut self, delivery: &Delivery) {
        let Some(packet) = self.packets.get(&delivery.number).cloned() else { return };
        if !self.cuts.contains(&(delivery.from, delivery.to)) && self.routers[delivery.to].link_up {
            if !self.routers[delivery.to].is_master() {
                let says_farewell = packet.payload.get(2) == Some(&0);
                self.routers[delivery.to].handed_over = says_farewell;
            }
            self.feed(delivery.to, &Event::Advert(packet));
        }
    }

    fn feed(&mut self, place: usize, event: &Event) {
        self.step(place, |engine, now, actions| engine.step(now, event, actions));
    }

    fn step(&mut self, place: usize, take: impl FnOnce(&mut Engine, Monotonic, &mut Vec<Action>)) {
        let router = &mut self.routers[place];
        let now = router.local(self.now);
        let was_master = router.is_master();
        let Some(engine) = &mut router.engine else { return };
        let before = engine.instances()[0].state();
        let mut actions = Vec::new();
        take(engine, now, &mut actions);
        let after = engine.instances()[0].state();
        if before != after {
            self.transitions += 1;
            (self.now, place, after as u8).hash(&mut self.history);
        }
        // What it says when it leaves may be lost, or is not said where it took over from one that said farewell.
        let is_heard = self.loss_percent == 0 && self.cuts.is_empty() && !self.routers[place].handed_over;
        if was_master && after != StateName::Master && !is_heard {
            self.excuse(|told| told == place);
        }
        for action in actions {
            self.act(place, action);
        }
        self.failovers += u64::from(!was_master && self.routers[place].is_master());
        self.check_holders();
        self.check_double_mastery();
    }

    fn act(&mut self, place: usize, action: Action) {
        match action {
            Action::SendAdvert(outgoing) => self.send(place, &outgoing),
            Action::Addresses { set, .. } => self.routers[place].holds = set,
            Action::Announce { .. } => self.announce(place),
            _ => {}
        }
    }

    fn announce(&mut self, from: usize) {
        for beside in (0..self.routers.len()).filter(|_| self.routers[from].link_up) {
            if !self.cuts.contains(&(from, beside)) {
                self.clients[beside] = Some(from);
            }
        }
    }

    fn send(&mut self, from: usize, outgoing: &Outgoing) {
        match &outgoing.destination {
            Destination::Multicast { group } => {
                let received = packet(outgoing, *group);
                for to in (0..self.routers.len()).filter(|to| *to != from) {
                    self.carry(from, to, &received);
                }
            }
            Destination::Unicast { peers, .. } => {
                for peer in peers {
                    let to = self.routers.iter().position(|router| router.address == peer.address);
                    self.carry(from, to.expect("every peer is a router"), &packet(outgoing, peer.address));
                }
            }
        }
        self.forget_what_arrived();
    }

    /// Puts a packet on its way: not at all, once or twice, each with a delay of its own.
    fn carry(&mut self, from: usize, to: usize, received: &Received) {
        // A carrier that is down takes nothing away.
        let lost = self.random.chance(self.loss_percent) || !self.routers[from].link_up;
        let copies = if lost { 0 } else { 1 + u64::from(self.random.chance(self.double_percent)) };
        for _ in 0..copies {
            let delay = self.random.below(self.longest_delay.as_micros() as u64 + 1);
            self.next_number += 1;
            let number = self.next_number;
            self.packets.insert(number, received.clone());
            self.queue.push(Reverse(Delivery { at: self.now + delay, number, to, from }));
        }
    }

    fn forget_what_arrived(&mut self) {
        let oldest = self.queue.iter().map(|Reverse(delivery)| delivery.number).min().unwrap_or(u64::MAX);
        self.packets = self.packets.split_off(&oldest);
    }
}

/// What arrives of what was sent.
fn packet(outgoing: &Outgoing, destination: IpAddr) -> Received {
    let start = match outgoing.checksum {
        ChecksumForm::Bare => Sum::default(),
        ChecksumForm::PseudoHeader => vrrp::pseudo_header(outgoing.source, destination, outgoing.repr.len()),
        ChecksumForm::OldUnicast => {
            vrrp::pseudo_header(outgoing.source, IpAddr::V4(vrrp::MULTICAST_V4), outgoing.repr.len())
        }
    };
    let mut payload = Vec::new();
    outgoing.repr.emit(start, &mut payload);
    // Of IPv6 the kernel takes the header off.
    let header_len = if destination.is_ipv4() { 20 } else { 0 };
    Received {
        interface: Some(INTERFACE.into()),
        source: outgoing.source,
        destination,
        hop_limit: Some(255),
        header_len,
        total_len: destination.is_ipv4().then_some(header_len + payload.len()),
        payload,
        date: Duration::ZERO,
        authentication: None,
    }
}
