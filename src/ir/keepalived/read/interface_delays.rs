//! `interface_up_down_delays`: lines, and what an instance allows of them.

use crate::conf::keepalived::parser::{Line, Parser};
use crate::conf::keepalived::report::{Fault, Report};
use crate::ir::keepalived::{Instance, InterfaceDelays};

use super::completion::say;
use super::value;

/// One line: interface, delay down, delay up.
pub(super) fn read(parser: &mut Parser<'_, '_>, line: &Line) -> Option<InterfaceDelays> {
    let interface = line.words[0].clone();
    if line.len() < 2 {
        parser.report(Fault::LogOnly, format!("No timeouts specified for {interface} up/down delays"));
        return None;
    }
    if line.len() > 3 {
        parser.report(Fault::LogOnly, format!("Too many parameters for {interface} up/down delays"));
    }
    let mut delays = [0; 2];
    for (index, title) in ["down", "up"].into_iter().enumerate() {
        let Some(word) = line.words.get(index + 1) else { continue };
        let Some(delay) = value::seconds(parser, word, 0, 255_000_000) else {
            parser.report(Fault::LogOnly, format!("Invalid {title} delay {word} for {interface}"));
            return None;
        };
        delays[index] = delay;
    }
    Some(InterfaceDelays { interface, down_us: delays[0], up_us: delays[1] })
}

/// Nobody may take over before the interface is known to be down: the delay is less than the time that backups wait.
pub(super) fn limit(all: &mut [InterfaceDelays], instance: &Instance, reports: &mut Vec<Report>) {
    let own = |delays: &&mut InterfaceDelays| Some(&delays.interface) == instance.interface.as_ref();
    let Some(delays) = all.iter_mut().rfind(own) else { return };
    let adverts = u64::from(instance.down_timer_adverts - 1);
    let Instance { name, advert_interval_us, .. } = instance;
    if adverts == 0 {
        if delays.down_us > 0 || delays.up_us > 0 {
            let text = format!("{name}: cannot use debounce timers with down_timer_adverts = 1 - resetting");
            say(reports, Fault::LogOnly, text);
            (delays.down_us, delays.up_us) = (0, 0);
        }
        return;
    }
    let most = adverts * advert_interval_us - advert_interval_us / 256;
    if delays.down_us > most {
        if delays.up_us == delays.down_us {
            delays.up_us = most;
        }
        delays.down_us = most;
        let interface = &delays.interface;
        let text =
            format!("{name}: interface {interface} debounce timer(s) not less that {adverts} * advert_int - resetting");
        say(reports, Fault::LogOnly, text);
    }
}
