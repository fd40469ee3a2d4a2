//! Many virtual routers: what they cost, and whether their adverts come in time.

use std::collections::{HashMap, HashSet};
use std::time::Duration;

use compat_tests::lab::{Lab, Node, Which};

use crate::capture::{Capture, Seen, What, clock};
use crate::{Figure, milliseconds, processor};

const INTERVAL: Duration = Duration::from_secs(1);
/// No advert may be later than this after its time.
const LATENESS: Duration = Duration::from_millis(5);
/// How long it is measured.
const TIME: Duration = Duration::from_secs(60);
/// Repeated announcements are over by then.
const SETTLING: Duration = Duration::from_secs(15);

/// Plays with so many routers on so many interfaces.
pub fn play(which: Which, routers: usize, interfaces: usize) -> Vec<Figure> {
    let lab = Lab::new();
    let mut node = lab.node("a", which, 200, true);
    let each = routers.div_ceil(interfaces);
    for number in 1..interfaces {
        let (name, peer) = (format!("eth{number}"), format!("peer{number}"));
        node.ip(&["link", "add", &name, "type", "veth", "peer", "name", &peer]);
        node.ip(&["addr", "add", &format!("10.{number}.0.1/16"), "dev", &name]);
        node.ip(&["link", "set", &name, "up"]);
        node.ip(&["link", "set", &peer, "up"]);
    }
    node.rewrite(|_| (0..routers).map(|place| instance(place / each, place % each + 1)).collect());
    let capture = Capture::start(&node);
    node.start();
    capture.wait(&lab, "all are masters", Duration::ZERO, |seen| senders(seen) == routers, &[&node]);
    std::thread::sleep(SETTLING);
    let (begin, spent) = (clock(), spent(&node));
    std::thread::sleep(TIME);
    let spent = self::spent(&node) - spent;
    let late = deviations(&capture.since(begin));
    let mean = late.iter().sum::<i64>() as f64 / late.len() as f64 / 1e6;
    let worst = Duration::from_nanos(late.iter().copied().max().unwrap_or_default().try_into().unwrap_or_default());
    let too_late = late.iter().filter(|late| **late > LATENESS.as_nanos() as i64).count();
    vec![
        Figure::new("processor time of a minute", spent.as_secs_f64() * 1e3, milliseconds(spent)).must_be_lower(),
        Figure::new("their period, mean", 0.0, format!("{:.3} ms", INTERVAL.as_secs_f64() * 1e3 + mean)),
        Figure::new("their latest advert", worst.as_secs_f64() * 1e3, milliseconds(worst)),
        Figure::new("adverts later than 5 ms", too_late as f64, format!("{too_late} of {}", late.len())).must_be_zero(),
    ]
}

fn instance(interface: usize, vrid: usize) -> String {
    format!(
        "vrrp_instance I{interface}_{vrid} {{\n state MASTER\n interface eth{interface}\n virtual_router_id {vrid}\n \
         priority 200\n advert_int 1\n virtual_ipaddress {{\n 10.{interface}.{vrid}.10/32\n }}\n}}\n"
    )
}

fn spent(node: &Node) -> Duration {
    node.pids().into_iter().map(processor::of_process).sum()
}

fn senders(seen: &[Seen]) -> usize {
    let routers = seen.iter().filter_map(|(_, what)| match what {
        What::Sent { interface, vrid } => Some((*interface, *vrid)),
        _ => None,
    });
    routers.collect::<HashSet<_>>().len()
}

/// By how many nanoseconds each advert came later than an interval after the one before it.
fn deviations(seen: &[Seen]) -> Vec<i64> {
    let mut last = HashMap::new();
    let mut deviations = Vec::new();
    for (at, what) in seen {
        if let What::Sent { interface, vrid } = what
            && let Some(before) = last.insert((*interface, *vrid), *at)
        {
            deviations.push((*at - before).as_nanos() as i64 - INTERVAL.as_nanos() as i64);
        }
    }
    deviations
}
