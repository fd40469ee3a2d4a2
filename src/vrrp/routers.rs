//! The instances of one engine in the order of the file, found by time, by identity and by packet without a look at each.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::{Index, IndexMut};

use crate::primitives::monotonic::Monotonic;
use crate::wire::vrrp::Family;

use super::event::{InstanceId, Received};
use super::instance::VirtualRouter;

/// The instances. Whoever changes one gets it by [`IndexMut`], which takes its deadline off the queue first: what the queue
/// holds is never older than the instance. [`Routers::queue_changed`] puts it back.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Routers {
    all: Vec<VirtualRouter>,
    /// Deadline and place of each instance that waits for something and is not among `changed`.
    queue: BTreeSet<(Monotonic, usize)>,
    /// The places that are not in the queue because they may have another deadline by now.
    changed: BTreeSet<usize>,
    by_id: BTreeMap<InstanceId, usize>,
    by_packet: BTreeMap<(u8, Family), Listeners>,
}

/// The first place for each interface among the instances of one VRID and family.
#[derive(Clone, PartialEq, Debug, Default)]
struct Listeners {
    on: BTreeMap<String, usize>,
    /// An instance without an interface hears all of them.
    anywhere: Option<usize>,
}

impl Routers {
    /// The instances in their order. Name, VRID, interface and family of each stay as they are from here on.
    pub(super) fn new(all: Vec<VirtualRouter>) -> Self {
        let changed = (0..all.len()).collect();
        let by_id = all.iter().enumerate().map(|(place, router)| (router.id, place)).collect();
        let mut by_packet: BTreeMap<_, Listeners> = BTreeMap::new();
        for (place, router) in all.iter().enumerate() {
            let config = &router.config;
            let key = (config.virtual_router_id, Family::from(config.family));
            let listeners = by_packet.entry(key).or_default();
            match &config.interface {
                Some(interface) => _ = listeners.on.entry(interface.clone()).or_insert(place),
                None => _ = listeners.anywhere.get_or_insert(place),
            }
        }
        Self { all, queue: BTreeSet::new(), changed, by_id, by_packet }
    }

    pub(super) fn into_vec(self) -> Vec<VirtualRouter> {
        self.all
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    pub(super) fn as_slice(&self) -> &[VirtualRouter] {
        &self.all
    }

    /// When the first of them has something to do by itself.
    pub(super) fn next_deadline(&self) -> Option<Monotonic> {
        let queued = self.queue.first().map(|(deadline, _)| *deadline);
        let changed = self.changed.iter().filter_map(|place| self.all[*place].next_deadline());
        changed.chain(queued).min()
    }

    /// The places whose time has come, in the order of the file.
    pub(super) fn due(&mut self, now: Monotonic) -> BTreeSet<usize> {
        self.queue_changed();
        self.queue.range(..=(now, usize::MAX)).map(|(_, place)| *place).collect()
    }

    /// Asks the instances that were changed for their deadlines.
    pub(super) fn queue_changed(&mut self) {
        for place in std::mem::take(&mut self.changed) {
            self.queue.extend(self.all[place].next_deadline().map(|deadline| (deadline, place)));
        }
    }

    /// Where an instance stands.
    pub(super) fn place_of(&self, id: InstanceId) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// The first that listens to a packet: by interface, VRID and family.
    pub(super) fn listener(&self, received: &Received) -> Option<usize> {
        let vrid = *received.payload.get(1)?;
        let listeners = self.by_packet.get(&(vrid, Family::of(received.source)))?;
        let on = match &received.interface {
            Some(interface) => listeners.on.get(interface),
            None => listeners.on.values().min(),
        };
        on.copied().into_iter().chain(listeners.anywhere).min()
    }
}

impl Index<usize> for Routers {
    type Output = VirtualRouter;

    fn index(&self, place: usize) -> &VirtualRouter {
        &self.all[place]
    }
}

impl IndexMut<usize> for Routers {
    fn index_mut(&mut self, place: usize) -> &mut VirtualRouter {
        let router = &mut self.all[place];
        if self.changed.insert(place)
            && let Some(deadline) = router.next_deadline()
        {
            self.queue.remove(&(deadline, place));
        }
        router
    }
}

#[cfg(test)]
mod tests {
    use std::net::IpAddr;
    use std::time::Duration;

    use super::*;
    use crate::ir::keepalived::Keepalived;
    use crate::primitives::checksum::Sum;
    use crate::vrrp::instance::StateName;
    use crate::vrrp::{Engine, Event, advert, configuration_text};

    /// Four interfaces with eight routers each, some of them in groups; and two without an interface, which hear everything.
    fn configuration() -> Keepalived {
        let mut text = String::new();
        for (interface, vrid) in (0..4).flat_map(|interface| (1..=8).map(move |vrid| (interface, vrid))) {
            let (priority, seconds) = (50 + vrid * 10, 1 + vrid % 3);
            text += &format!(
                "vrrp_instance I{interface}_{vrid} {{\n interface eth{interface}\n virtual_router_id {vrid}\n \
                 priority {priority}\n advert_int {seconds}\n garp_master_refresh 7\n virtual_ipaddress {{\n \
                 10.{interface}.1.{vrid}\n }}\n}}\n"
            );
        }
        for vrid in [3, 9] {
            text += &format!(
                "vrrp_instance U{vrid} {{\n virtual_router_id {vrid}\n unicast_src_ip 10.0.0.1\n unicast_peer {{\n \
                 10.0.0.2\n }}\n virtual_ipaddress {{\n 10.9.1.{vrid}\n }}\n}}\n"
            );
        }
        text += "vrrp_sync_group G {\n group {\n I0_1\n I1_1\n I2_5\n }\n}\n";
        configuration_text::read(&text)
    }

    /// Says the same numbers in every run.
    fn numbers() -> impl FnMut(u64) -> u64 {
        let mut state = 1_u64;
        move |limit| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (state >> 33) % limit
        }
    }

    fn packet(engine: &Engine, number: &mut impl FnMut(u64) -> u64) -> Received {
        let routers = engine.instances();
        let router = &routers[number(routers.len() as u64) as usize];
        let mut repr = advert::compose(&router.config, number(256) as u8);
        repr.vrid = if number(10) == 0 { number(12) as u8 } else { repr.vrid };
        let mut payload = Vec::new();
        repr.emit(Sum::default(), &mut payload);
        Received {
            interface: router.config.interface.clone().filter(|_| number(10) > 0),
            source: IpAddr::from([10, 0, 0, 2]),
            destination: IpAddr::from([224, 0, 0, 18]),
            hop_limit: Some(255),
            header_len: 20,
            total_len: Some(20 + payload.len()),
            payload,
            date: Duration::ZERO,
            authentication: None,
        }
    }

    fn event(engine: &Engine, number: &mut impl FnMut(u64) -> u64) -> Event {
        match number(20) {
            0 => Event::Link { interface: format!("eth{}", number(4)), running: number(3) > 0 },
            1 => Event::Removed { instance: InstanceId(number(40) as u32) },
            2..10 => Event::Advert(packet(engine, number)),
            _ => Event::Deadline,
        }
    }

    /// What a look at every instance finds.
    fn check(engine: &Engine, now: Monotonic, heard: &Received) {
        let routers = engine.instances();
        let deadlines =
            || routers.iter().enumerate().filter_map(|(place, router)| Some((router.next_deadline()?, place)));
        assert_eq!(engine.next_deadline(), deadlines().map(|(deadline, _)| deadline).min());
        assert_eq!(engine.instances.queue, deadlines().collect());
        assert!(engine.instances.changed.is_empty());
        let due = deadlines().filter(|(deadline, _)| *deadline <= now).map(|(_, place)| place);
        assert_eq!(engine.instances.clone().due(now), due.collect());
        let listens = |router: &VirtualRouter| {
            let config = &router.config;
            let anywhere = heard.interface.is_none() || config.interface.is_none();
            heard.payload[1] == config.virtual_router_id && (anywhere || heard.interface == config.interface)
        };
        assert_eq!(engine.instances.listener(heard), routers.iter().position(listens));
        for number in 0..50 {
            let place = routers.iter().position(|router| router.id == InstanceId(number));
            assert_eq!(engine.instances.place_of(InstanceId(number)), place);
        }
    }

    #[test]
    fn it_finds_what_a_look_at_every_instance_finds() {
        let whole = configuration();
        let mut number = numbers();
        let mut now = Monotonic::from_micros(1_000_000);
        let mut engine = Engine::new(&whole, now);
        let mut actions = Vec::new();
        for interface in 0..4 {
            let interface = format!("eth{interface}");
            let address = Some(IpAddr::from([10, 0, 0, 1]));
            engine.step(now, &Event::Link { interface: interface.clone(), running: true }, &mut actions);
            engine.step(now, &Event::PrimaryAddress { interface, family: Family::Ipv4, address }, &mut actions);
        }
        engine.step(now, &Event::Start, &mut actions);
        let mut masters = 0;
        for _ in 0..5_000 {
            now = now + Duration::from_millis(number(200));
            let next = event(&engine, &mut number);
            engine.step(now, &next, &mut actions);
            if number(500) == 0 {
                let mut config = whole.clone();
                config.instances.retain(|_| number(4) > 0);
                engine.reload(now, &config, &mut actions);
            }
            check(&engine, now, &packet(&engine, &mut number));
            masters += engine.instances().iter().filter(|router| router.state() == StateName::Master).count();
        }
        assert!(masters > 5_000 && masters < 5_000 * whole.instances.len(), "{masters}");
        let became: u64 = engine.instances().iter().map(|router| router.statistics.became_master).sum();
        assert!(became > 100, "{became}");
    }
}
