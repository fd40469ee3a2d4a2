//! The world of the simulation: routers, a network, and a clock that jumps from event to event.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::net::{IpAddr, Ipv4Addr};
use std::time::Duration;

use evenkeel::ir::keepalived::addresses::{Prefix, VirtualAddress};
use evenkeel::ir::keepalived::instance::{Announce, Authentication, Destination, Family, OldUnicastChecksum};
use evenkeel::ir::keepalived::tracker::{Tracked, Trackers};
use evenkeel::ir::keepalived::{Command, Instance, Keepalived, Notify, Script};
use evenkeel::primitives::checksum::Sum;
use evenkeel::primitives::monotonic::Monotonic;
use evenkeel::vrrp::action::{ChecksumForm, Outgoing};
use evenkeel::vrrp::event::{Received, ScriptExit};
use evenkeel::vrrp::instance::StateName;
use evenkeel::vrrp::{Action, Engine, Event};
use evenkeel::wire::vrrp;

const INTERFACE: &str = "eth0";
const SCRIPT: &str = "chk";

/// SplitMix64: small, seeded, the same everywhere.
#[derive(Clone)]
pub struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }
}

/// What a seed stands for.
#[derive(Clone, Debug)]
pub struct Plan {
    version: u8,
    interval: Duration,
    preempt: bool,
    /// Base priorities; two routers may have the same.
    priorities: Vec<u8>,
    longest_delay: Duration,
    loss_percent: u64,
    double_percent: u64,
    /// Clocks run wrong by at most so many parts in a thousand.
    drift_per_mille: i64,
    troubles: u64,
}

impl Plan {
    pub fn from_seed(seed: u64) -> Self {
        let mut random = Random(seed);
        let routers = 2 + random.below(6) as usize;
        let version = 2 + random.below(2) as u8;
        let interval = match version {
            2 => Duration::from_secs(1 + random.below(3)),
            _ => Duration::from_millis([100, 250, 1000][random.below(3) as usize]),
        };
        Self {
            version,
            interval,
            preempt: random.chance(70),
            priorities: (0..routers).map(|_| 1 + random.below(254) as u8).collect(),
            longest_delay: interval / [1000, 100, 20][random.below(3) as usize],
            loss_percent: random.below(40),
            double_percent: random.below(20),
            drift_per_mille: random.below(6) as i64,
            troubles: 2 + random.below(8),
        }
    }

    pub fn without_delays(mut self) -> Self {
        // Packets that overtake each other would be another story.
        self.longest_delay = Duration::ZERO;
        self.drift_per_mille = 0;
        self
    }

    pub fn preempting(mut self) -> Self {
        self.preempt = true;
        // The failing script must bring the best below the second best, and every router has its own place.
        self.priorities = (0..self.priorities.len()).map(|place| 100 + 10 * place as u8).collect();
        self
    }

    pub fn longest_skew(&self) -> Duration {
        if self.version == 2 { Duration::from_secs(1) } else { self.interval }
    }

    pub fn longest_master_down(&self) -> Duration {
        self.interval * 3 + self.longest_skew()
    }

    /// Long enough for two elections one after the other, and every clock's drift.
    pub fn settling_time(&self) -> Duration {
        self.longest_master_down() * 3
    }
}

/// One router: an engine, a clock, and what the world sees of it.
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
}

impl Router {
    fn local(&self, global: u64) -> Monotonic {
        let drifted = (global as i64 + global as i64 / 1000 * self.drift_per_mille) as u64;
        Monotonic::from_micros(self.offset + drifted)
    }

    fn is_master(&self) -> bool {
        self.engine.as_ref().is_some_and(|engine| engine.instances()[0].state() == StateName::Master)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Delivery {
    at: u64,
    number: u64,
    to: usize,
    from: usize,
}

/// All of it.
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
    failovers: u64,
    transitions: u64,
}

impl World {
    pub fn new(plan: &Plan, seed: u64) -> Self {
        let mut random = Random(!seed);
        let routers = plan.priorities.iter().enumerate().map(|(place, priority)| {
            let span = 2 * plan.drift_per_mille as u64 + 1;
            Router {
                engine: None,
                config: configuration(plan, *priority),
                address: IpAddr::V4(Ipv4Addr::new(198, 51, 100, 1 + place as u8)),
                priority: *priority,
                drift_per_mille: random.below(span) as i64 - plan.drift_per_mille,
                offset: random.below(1_000_000_000),
                holds: false,
                script_good: true,
            }
        });
        let routers = routers.collect();
        Self {
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
            failovers: 0,
            transitions: 0,
        }
    }

    // ---- looking ----

    pub fn failovers(&self) -> u64 {
        self.failovers
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

    /// On a healed network there is exactly one master; with preemption it is the one with the best right.
    pub fn check_one_rightful_master(&self, plan: &Plan) {
        let seed = self.seed;
        let master =
            self.only_master().unwrap_or_else(|| panic!("seed {seed}: masters {:?}, {plan:?}", self.masters()));
        if plan.preempt {
            let right = |router: &Router| (router.effective(), router.address);
            let best = self.routers.iter().map(right).max_by_key(|right| right.0).expect("routers");
            // Among equal priorities whoever is master stays.
            assert_eq!(self.routers[master].effective(), best.0, "seed {seed}: {master} is not the best, {plan:?}");
        }
        self.check_holders();
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

    /// Nothing moves without a cause.
    pub fn check_calm(&mut self, plan: &Plan, time: Duration) {
        let before = self.transitions;
        self.run_for(time);
        assert_eq!(self.transitions, before, "seed {}: flapping, {plan:?}", self.seed);
    }

    // ---- events from outside ----

    pub fn start_all(&mut self) {
        for place in 0..self.routers.len() {
            self.start(place);
        }
    }

    fn start(&mut self, place: usize) {
        let router = &mut self.routers[place];
        router.engine = Some(Engine::new(&router.config, router.local(self.now)));
        let address = Some(router.address);
        self.feed(place, &Event::Link { interface: INTERFACE.into(), running: true });
        let family = vrrp::Family::Ipv4;
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
    }

    pub fn script_result(&mut self, place: usize, good: bool) {
        self.routers[place].script_good = good;
        let exit = ScriptExit::Status(i32::from(!good));
        self.feed(place, &Event::ScriptExited { script: SCRIPT.into(), exit });
    }

    fn link(&mut self, place: usize, running: bool) {
        self.feed(place, &Event::Link { interface: INTERFACE.into(), running });
    }

    /// A while of everything that can go wrong.
    pub fn trouble(&mut self, plan: &Plan) {
        self.loss_percent = plan.loss_percent;
        self.double_percent = plan.double_percent;
        for _ in 0..plan.troubles {
            self.one_trouble();
            let pause = self.random.below(plan.longest_master_down().as_micros() as u64 * 2);
            self.run_for(Duration::from_micros(pause));
        }
    }

    fn one_trouble(&mut self) {
        let routers = self.routers.len() as u64;
        let place = self.random.below(routers) as usize;
        let other = self.random.below(routers) as usize;
        match self.random.below(9) {
            0 => self.cuts.push((place, other)),
            1 => self.cuts.extend([(place, other), (other, place)]),
            2 => self.cut_in_two(),
            3 => self.cuts.clear(),
            4 => self.kill(place),
            5 => self.stop(place),
            6 => self.start(place),
            7 => {
                let good = !self.routers[place].script_good;
                self.script_result(place, good);
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
    pub fn heal(&mut self) {
        self.cuts.clear();
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
        if !self.cuts.contains(&(delivery.from, delivery.to)) {
            self.feed(delivery.to, &Event::Advert(packet));
        }
    }

    fn feed(&mut self, place: usize, event: &Event) {
        let router = &mut self.routers[place];
        let now = router.local(self.now);
        let was_master = router.is_master();
        let Some(engine) = &mut router.engine else { return };
        let before = engine.instances()[0].state();
        let mut actions = Vec::new();
        engine.step(now, event, &mut actions);
        let after = engine.instances()[0].state();
        self.transitions += u64::from(before != after);
        for action in actions {
            self.act(place, action);
        }
        self.failovers += u64::from(!was_master && self.routers[place].is_master());
        self.check_holders();
    }

    fn act(&mut self, place: usize, action: Action) {
        match action {
            Action::SendAdvert(outgoing) => self.send(place, &outgoing),
            Action::Addresses { set, .. } => self.routers[place].holds = set,
            _ => {}
        }
    }

    fn send(&mut self, from: usize, outgoing: &Outgoing) {
        let group = IpAddr::V4(vrrp::MULTICAST_V4);
        let start = match outgoing.checksum {
            ChecksumForm::Bare => Sum::default(),
            _ => vrrp::pseudo_header(outgoing.source, group, outgoing.repr.len()),
        };
        let mut payload = Vec::new();
        outgoing.repr.emit(start, &mut payload);
        let received = Received {
            interface: Some(INTERFACE.into()),
            source: outgoing.source,
            destination: group,
            hop_limit: Some(255),
            header_len: 20,
            total_len: Some(20 + payload.len()),
            payload,
        };
        for to in (0..self.routers.len()).filter(|to| *to != from) {
            let copies = if self.random.chance(self.loss_percent) {
                0
            } else {
                1 + u64::from(self.random.chance(self.double_percent))
            };
            for _ in 0..copies {
                let delay = self.random.below(self.longest_delay.as_micros() as u64 + 1);
                self.next_number += 1;
                let number = self.next_number;
                self.packets.insert(number, received.clone());
                self.queue.push(Reverse(Delivery { at: self.now + delay, number, to, from }));
            }
        }
        // Packets that have arrived everywhere are forgotten.
        let oldest = self.queue.iter().map(|Reverse(delivery)| delivery.number).min().unwrap_or(u64::MAX);
        self.packets = self.packets.split_off(&oldest);
    }
}

impl Router {
    fn effective(&self) -> u8 {
        if self.script_good { self.priority } else { self.priority.saturating_sub(60).max(1) }
    }
}

fn configuration(plan: &Plan, priority: u8) -> Keepalived {
    let command = Command { words: vec!["/bin/true".into()], user: None };
    let script = Script {
        name: SCRIPT.into(),
        command,
        interval_us: 1_000_000,
        timeout_us: 1_000_000,
        weight: -60,
        reverse: false,
        rise: 1,
        fall: 1,
        init_fail: false,
    };
    let instance = instance(plan, priority);
    Keepalived { scripts: vec![script], instances: vec![instance], ..Keepalived::default() }
}

fn instance(plan: &Plan, priority: u8) -> Instance {
    let address = IpAddr::V4(Ipv4Addr::new(198, 51, 100, 100));
    let tracked = Tracked { name: SCRIPT.into(), weight: -60, reverse: false };
    Instance {
        name: "LAB".into(),
        family: Family::V4,
        version: plan.version,
        virtual_router_id: 51,
        priority,
        wants_master: false,
        interface: Some(INTERFACE.into()),
        vrf: None,
        advert_interval_us: plan.interval.as_micros() as u64,
        down_timer_adverts: 3,
        destination: Destination::Multicast { group: IpAddr::V4(vrrp::MULTICAST_V4) },
        source_address: None,
        track_source_address: false,
        authentication: Authentication::None,
        auth_hmac: None,
        addresses: vec![virtual_address(address)],
        excluded_addresses: Vec::new(),
        routes: Vec::new(),
        rules: Vec::new(),
        promote_secondaries: false,
        trackers: Trackers { scripts: vec![tracked], ..Trackers::default() },
        track_primary: true,
        notify: Notify::default(),
        preempt: plan.preempt,
        preempt_delay_us: 0,
        strict: false,
        accept: true,
        skip_check_adv_addr: false,
        lower_prio_no_advert: false,
        higher_prio_send_advert: false,
        owner_ignore_adverts: false,
        v3_checksum_as_v2: false,
        old_unicast_checksum: OldUnicastChecksum::Auto,
        timer_expired_backup: 0,
        announce: Announce {
            master_delay_us: 5_000_000,
            master_repeat: 5,
            master_refresh_us: 0,
            master_refresh_repeat: 1,
            lower_prio_delay_us: 5_000_000,
            lower_prio_repeat: 5,
            extra_interface_us: 0,
            extra_interface_all: false,
        },
        vmac: None,
        ipvlan: None,
        receive_buffer_size: 0,
        debug: 0,
    }
}

fn virtual_address(address: IpAddr) -> VirtualAddress {
    VirtualAddress {
        prefix: Prefix { address, length: 32 },
        interface: Some(INTERFACE.into()),
        scope: 0,
        broadcast: None,
        label: None,
        peer: None,
        home: false,
        manage_temporary: false,
        no_prefix_route: false,
        autojoin: false,
        no_dad: true,
        preferred_lifetime_s: None,
        tracked: true,
        use_vmac: false,
    }
}
