//! Two neighbours and what lies between them, in virtual time.

use super::*;
use crate::bfd::report::SessionReport;

const INTERVAL_US: u32 = 100_000;
const MULTIPLIER: u8 = 4;
const DETECTION: Duration = Duration::from_micros(INTERVAL_US as u64 * MULTIPLIER as u64);

fn address(end: usize) -> IpAddr {
    IpAddr::from([198, 51, 100, end as u8 + 1])
}

fn config(end: usize) -> BfdInstance {
    BfdInstance {
        name: "peer".into(),
        neighbor: address(1 - end),
        source: Some(address(end)),
        min_rx_us: INTERVAL_US,
        min_tx_us: INTERVAL_US,
        idle_tx_us: 1_000_000,
        multiplier: MULTIPLIER,
        passive: false,
        ttl: 255,
        max_hops: Some(0),
        multihop: false,
        weight: 0,
        reverse: false,
        for_vrrp: true,
    }
}

/// What an end said.
#[derive(Clone, PartialEq, Debug)]
struct Said {
    end: usize,
    action: Action,
}

struct World {
    now: Monotonic,
    ends: [Sessions; 2],
    random: Random,
    /// Of a hundred packets so many are lost.
    loss_percent: u32,
    /// Whether packets to this end arrive at all.
    arrives: [bool; 2],
    delay: Duration,
    on_the_way: Vec<(Monotonic, usize, Received)>,
    said: Vec<Said>,
}

impl World {
    fn new(seed: u64, change: impl Fn(usize, &mut BfdInstance)) -> Self {
        let mut actions = Vec::new();
        let ends = [0, 1].map(|end| {
            let mut config = config(end);
            change(end, &mut config);
            let mut sessions = Sessions::new(seed * 4 + end as u64 * 2);
            sessions.configure(&[config], &mut actions);
            sessions
        });
        let mut world = Self {
            now: Monotonic::from_micros(1_000_000),
            ends,
            random: Random::new(seed),
            loss_percent: 0,
            arrives: [true; 2],
            delay: Duration::from_millis(2),
            on_the_way: Vec::new(),
            said: Vec::new(),
        };
        for end in 0..2 {
            world.step(end, &Event::Start);
        }
        world
    }

    fn step(&mut self, end: usize, event: &Event) {
        let mut actions = Vec::new();
        self.ends[end].step(self.now, event, &mut actions);
        for action in actions {
            if let Action::Send { packet, .. } = &action {
                let lost = self.random.next() % 100 < self.loss_percent || !self.arrives[1 - end];
                let received = Received {
                    source: SocketAddr::from((address(end), 50_000)),
                    destination: address(1 - end),
                    hop_limit: Some(255),
                    multihop: false,
                    bytes: packet.bytes().to_vec(),
                };
                if !lost {
                    self.on_the_way.push((self.now + self.delay, 1 - end, received));
                }
            }
            self.said.push(Said { end, action });
        }
    }

    fn run(&mut self, time: Duration) {
        let until = self.now + time;
        loop {
            let timers = self.ends.iter().filter_map(Sessions::next_deadline);
            let Some(next) = timers.chain(self.on_the_way.iter().map(|(at, ..)| *at)).min() else { break };
            if next > until {
                break;
            }
            self.now = self.now.max(next);
            let (due, later) = std::mem::take(&mut self.on_the_way).into_iter().partition(|(at, ..)| *at <= self.now);
            self.on_the_way = later;
            let due: Vec<(Monotonic, usize, Received)> = due;
            for (_, end, received) in due {
                self.step(end, &Event::Received(received));
            }
            for end in 0..2 {
                self.step(end, &Event::Deadline);
            }
        }
        self.now = until;
    }

    fn states(&self) -> [State; 2] {
        [0, 1].map(|end| self.ends[end].all()[0].state)
    }

    /// What VRRP was told at an end, in order.
    fn told(&self, end: usize) -> Vec<bool> {
        let said = self.said.iter().filter(|said| said.end == end);
        said.filter_map(|said| if let Action::Told { up, .. } = &said.action { Some(*up) } else { None }).collect()
    }

    fn reports(&self, end: usize) -> Vec<String> {
        let said = self.said.iter().filter(|said| said.end == end);
        let reports =
            said.filter_map(|said| if let Action::Report(report) = &said.action { Some(report) } else { None });
        reports.flat_map(Report::lines).collect()
    }
}

#[test]
fn two_come_up_and_send_as_often_as_they_agreed() {
    for seed in 0..50 {
        let mut world = World::new(seed, |_, _| {});
        world.run(Duration::from_secs(5));
        assert_eq!(world.states(), [State::Up; 2], "seed {seed}");
        assert_eq!([world.told(0), world.told(1)], [[false, true]; 2], "seed {seed}");
        let begin = world.said.len();
        world.run(Duration::from_secs(10));
        let sent =
            world.said[begin..].iter().filter(|said| said.end == 0 && matches!(said.action, Action::Send { .. }));
        // Up to a quarter earlier each.
        let sent = sent.count();
        assert!((100..=134).contains(&sent), "seed {seed}: {sent} packets");
    }
}

#[test]
fn what_keepalived_writes_when_a_session_comes_up_and_ends() {
    let mut world = World::new(3, |_, _| {});
    world.run(Duration::from_secs(5));
    world.arrives = [false; 2];
    world.run(Duration::from_secs(2));
    let lines = world.reports(0);
    let table: Vec<&str> = lines.iter().map(String::as_str).skip(1).take(4).collect();
    assert_eq!(
        table,
        [
            "                min_tx  min_rx  tx_intv  mult  detect_time",
            "       local   1000000  100000  1000000     4      4000000",
            "       remote  1000000  100000  1000000     4      4000000",
            "       Detection time is 4000000 us (was 0 us)",
        ]
    );
    let end: Vec<&str> = lines.iter().rev().take(2).map(String::as_str).collect();
    let text = "Local diagnostic - Control Detection Time Expired, Remote diagnostic - No Diagnostic";
    let down = format!("(peer) Entering Down state ({text})");
    assert_eq!(end, [down.as_str(), "(peer) Expired after 400 ms (0 usec overdue)"]);
    assert!(lines.contains(&"(peer) Entering Up state".to_owned()), "{lines:#?}");
}

#[test]
fn a_cut_is_seen_within_the_detection_time_and_healed() {
    for seed in 0..50 {
        let mut world = World::new(seed, |_, _| {});
        world.run(Duration::from_secs(5));
        world.arrives = [false; 2];
        world.run(DETECTION + Duration::from_millis(10));
        assert_eq!(world.states(), [State::Down; 2], "seed {seed}");
        world.arrives = [true; 2];
        world.run(Duration::from_secs(5));
        assert_eq!(world.states(), [State::Up; 2], "seed {seed}");
        assert_eq!(world.told(1), [false, true, false, true], "seed {seed}");
    }
}

#[test]
fn who_still_hears_learns_of_a_cut_from_the_other() {
    for seed in 0..50 {
        let mut world = World::new(seed, |_, _| {});
        world.run(Duration::from_secs(5));
        world.arrives[0] = false;
        // The deaf end says so with its next packet, which is one of the slow ones at the latest.
        world.run(DETECTION + Duration::from_millis(1_100));
        let lines = world.reports(1);
        assert!(lines.iter().any(|line| line.contains("Local diagnostic - Neighbor Signaled Session Down")), "{seed}");
        assert_eq!(world.told(1), [false, true, false], "seed {seed}");
    }
}

#[test]
fn a_session_only_expires_if_nothing_arrived() {
    let mut expired = 0;
    for seed in 0..60 {
        let mut world = World::new(seed, |_, _| {});
        world.loss_percent = 30;
        for _ in 0..200 {
            let begin = world.said.len();
            world.run(Duration::from_millis(100));
            for said in &world.said[begin..] {
                let text =
                    if let Action::Report(Report::Session { text, .. }) = &said.action { Some(text) } else { None };
                if let Some(SessionReport::Expired { silent_us, .. }) = text {
                    expired += 1;
                    assert!(u128::from(*silent_us) >= DETECTION.as_micros(), "seed {seed}: {silent_us}");
                }
            }
        }
        world.loss_percent = 0;
        world.run(Duration::from_secs(15));
        assert_eq!(world.states(), [State::Up; 2], "seed {seed}");
    }
    assert!(expired > 30, "so much loss ends sessions: {expired}");
}

#[test]
fn a_passive_end_waits_for_the_other() {
    let mut world = World::new(1, |end, config| config.passive = end == 1);
    world.run(Duration::from_secs(5));
    assert_eq!(world.states(), [State::Up; 2]);
    let mut world = World::new(1, |_, config| config.passive = true);
    world.run(Duration::from_secs(60));
    assert!(world.said.iter().all(|said| !matches!(said.action, Action::Send { .. })));
}

#[test]
fn without_a_socket_nothing_is_sent_until_there_is_one() {
    let mut world = World::new(1, |_, _| {});
    let output = |open| Event::Output { session: "peer".into(), open };
    world.run(Duration::from_secs(5));
    world.step(0, &output(false));
    let begin = world.said.len();
    world.run(Duration::from_secs(61));
    let opens = world.said[begin..].iter().any(|said| said.end == 0 && matches!(said.action, Action::Open { .. }));
    let sends = world.said[begin..].iter().any(|said| said.end == 0 && matches!(said.action, Action::Send { .. }));
    assert_eq!((opens, sends), (true, false));
    world.step(0, &output(true));
    world.run(Duration::from_secs(5));
    assert_eq!(world.states(), [State::Up; 2]);
}

#[test]
fn a_reload_keeps_the_session_and_asks_for_new_intervals() {
    let mut world = World::new(1, |_, _| {});
    world.run(Duration::from_secs(5));
    let slower = BfdInstance { min_tx_us: 200_000, ..config(0) };
    let mut actions = Vec::new();
    world.ends[0].configure(&[slower], &mut actions);
    world.step(0, &Event::Start);
    world.run(Duration::from_secs(5));
    assert_eq!(world.states(), [State::Up; 2]);
    assert!(world.reports(1).contains(&"       Detection time is 800000 us (was 400000 us)".to_owned()));
}

#[test]
fn strangers_are_refused() {
    let mut world = World::new(1, |_, _| {});
    world.run(Duration::from_secs(5));
    let source = SocketAddr::from((address(1), 50_000));
    let sent = world.said.iter().rev().filter(|said| said.end == 1).find_map(|said| match said.action {
        Action::Send { ref packet, .. } => Some(*packet),
        _ => None,
    });
    let sent = sent.expect("it sends");
    let packet = |your_discriminator: u32| Control { your_discriminator, ..sent };
    let known = packet(0).my_discriminator;
    let ours = world.ends[0].all()[0].discriminator;
    let received = |packet: Control, hop_limit| {
        let bytes = packet.bytes().to_vec();
        Event::Received(Received {
            source,
            destination: address(0),
            hop_limit: Some(hop_limit),
            multihop: false,
            bytes,
        })
    };
    let unknown = format!(
        "Discarding packet from [198.51.100.2]:50000 (session is not found - your discriminator field is 0x{known:08x})"
    );
    let cases = [
        (received(packet(ours), 254), "Packet ttl(254) < 255 - discarding"),
        (received(packet(known), 255), unknown.as_str()),
        (
            received(Control { authenticated: true, ..packet(ours) }, 255),
            "Discarding packet from [198.51.100.2]:50000 (auth bit is set, but no authentication  is in use)",
        ),
        (
            received(Control { detect_multiplier: 0, ..packet(ours) }, 255),
            "Discarding bogus packet from [198.51.100.2]:50000",
        ),
    ];
    for (event, line) in cases {
        world.step(0, &event);
        assert_eq!(world.reports(0).last().map(String::as_str), Some(line));
    }
}

#[test]
fn any_bytes_are_taken() {
    let mut world = World::new(9, |_, _| {});
    world.run(Duration::from_secs(5));
    let mut random = Random::new(77);
    for round in 0..20_000 {
        let mut bytes: Vec<u8> = (0..20 + random.next() % 8).map(|_| random.next() as u8).collect();
        let ours = world.ends[0].all()[0].discriminator;
        if round % 2 == 0 && bytes.len() >= 12 {
            bytes[0] = 0x20 | bytes[0] & 7;
            bytes[1] &= 0xc2;
            bytes[3] = bytes.len() as u8;
            bytes[8..12].copy_from_slice(&ours.to_be_bytes());
        }
        let source = SocketAddr::from((address(1), 50_000));
        let received = Received { source, destination: address(0), hop_limit: Some(255), multihop: false, bytes };
        world.step(0, &Event::Received(received));
        world.run(Duration::from_millis(u64::from(random.next() % 50)));
        world.said.clear();
    }
}
