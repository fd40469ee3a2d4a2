//! Any bytes as adverts, script results and news of links, one after the other: routers of each kind go on, hold the rules of their
//! states, and every refused packet is counted.

#![no_main]

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use evenkeel::conf::keepalived::files::{FileKind, Files};
use evenkeel::ir::keepalived::Keepalived;
use evenkeel::ir::keepalived::read::{self, Options};
use evenkeel::ir::keepalived::system::AnyMachine;
use evenkeel::primitives::monotonic::Monotonic;
use evenkeel::vrrp::event::{Event, Received, ScriptExit};
use evenkeel::vrrp::{Action, Engine};
use evenkeel::wire::vrrp::Family;
use libfuzzer_sys::fuzz_target;

/// Version 2 with a password, version 3, IPv6, and signed; two of them in a group.
const TEXT: &str = "vrrp_script chk {\n script /bin/true\n weight -20\n}\n\
    vrrp_instance A {\n interface eth0\n virtual_router_id 1\n priority 100\n authentication {\n auth_type PASS\n auth_pass 1111\n }\n \
    track_script {\n chk\n }\n virtual_ipaddress {\n 192.0.2.10\n }\n}\n\
    vrrp_instance B {\n interface eth0\n virtual_router_id 2\n version 3\n nopreempt\n state BACKUP\n advert_int 0.1\n \
    virtual_ipaddress {\n 192.0.2.11\n }\n}\n\
    vrrp_instance C {\n interface eth0\n virtual_router_id 3\n priority 255\n state MASTER\n version 3\n virtual_ipaddress {\n fe80::9\n }\n}\n\
    vrrp_instance D {\n interface eth0\n virtual_router_id 4\n version 3\n preempt_delay 1\n auth_hmac {\n \
    key 1 0123456789abcdef0123456789abcdef\n active_key 1\n }\n virtual_ipaddress {\n 192.0.2.12\n }\n}\n\
    vrrp_sync_group G {\n group {\n A\n B\n }\n}\n";

struct OneText;

impl Files for OneText {
    fn read(&self, _: &str) -> io::Result<Vec<u8>> {
        Ok(TEXT.into())
    }

    fn kind(&self, _: &str) -> Option<FileKind> {
        Some(FileKind::Regular)
    }

    fn list(&self, _: &str) -> Option<Vec<String>> {
        None
    }
}

fn configuration() -> Keepalived {
    let options = Options { path: "k.conf".into(), directory: "/".into(), testing: true, ..Options::default() };
    read::read(&OneText, &AnyMachine, &options).keepalived
}

/// The next part of the input: its first byte says how long it is.
fn part<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (len, rest) = bytes.split_first()?;
    let (part, rest) = rest.split_at(usize::from(*len).min(rest.len()));
    *bytes = rest;
    Some(part)
}

fn advert(bytes: &[u8]) -> Option<Event> {
    let [kind, hop_limit, host, payload @ ..] = bytes else { return None };
    let (source, destination): (IpAddr, IpAddr) = if kind & 8 == 0 {
        ([192, 0, 2, *host].into(), [224, 0, 0, 18].into())
    } else {
        ([0xfe80, 0, 0, 0, 0, 0, 0, u16::from(*host)].into(), [0xff02, 0, 0, 0, 0, 0, 0, 0x12].into())
    };
    let is_v4 = source.is_ipv4();
    Some(Event::Advert(Received {
        interface: Some("eth0".into()),
        source,
        destination,
        hop_limit: Some(*hop_limit),
        header_len: if is_v4 { 20 } else { 0 },
        total_len: is_v4.then_some(payload.len() + 20),
        payload: payload.to_vec(),
        date: Duration::from_secs(1_800_000_000),
        authentication: None,
    }))
}

fn event(bytes: &[u8]) -> Option<Event> {
    let flag = bytes.get(1).is_some_and(|byte| byte & 1 != 0);
    match bytes.first()? & 7 {
        0 => Some(Event::ScriptExited { script: "chk".into(), exit: ScriptExit::Status(i32::from(flag)) }),
        1 => Some(Event::Link { interface: "eth0".into(), running: flag }),
        2 => {
            let address = flag.then(|| [192, 0, 2, 1].into());
            Some(Event::PrimaryAddress { interface: "eth0".into(), family: Family::Ipv4, address })
        }
        3 => Some(Event::Deadline),
        _ => advert(bytes),
    }
}

fuzz_target!(|bytes: &[u8]| {
    let config = configuration();
    assert_eq!(config.instances.len(), 4);
    let mut now = Monotonic::from_micros(1_000_000);
    let mut engine = Engine::new(&config, now);
    let mut actions: Vec<Action> = Vec::new();
    let addresses: [(Family, IpAddr); 2] = [
        (Family::Ipv4, [192, 0, 2, 1].into()),
        (Family::Ipv6, [0xfe80, 0, 0, 0, 0, 0, 0, 1].into()),
    ];
    engine.step(now, &Event::Link { interface: "eth0".into(), running: true }, &mut actions);
    for (family, address) in addresses {
        let event = Event::PrimaryAddress { interface: "eth0".into(), family, address: Some(address) };
        engine.step(now, &event, &mut actions);
    }
    engine.step(now, &Event::Start, &mut actions);
    let mut rest = bytes;
    while let Some(part) = part(&mut rest) {
        let Some(event) = event(part) else { continue };
        if event == Event::Deadline {
            now = engine.next_deadline().unwrap_or(now).max(now);
        }
        actions.clear();
        engine.step(now, &event, &mut actions);
        // What a packet leads to is bounded, whatever stands in it.
        assert!(actions.len() < 100, "{event:?}: {actions:?}");
        // Nothing is due any more at the moment at which everything due was done.
        if event == Event::Deadline {
            engine.step(now, &Event::Deadline, &mut actions);
            assert!(engine.next_deadline().is_none_or(|deadline| deadline > now), "it would turn in circles");
        }
    }
    engine.step(now, &Event::Stop, &mut actions);
});
