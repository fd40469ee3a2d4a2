//! `timer_expired_backup`: a master whose process stood still for so long that another one must have taken over gives way by
//! itself, in place of an advert that would start a dispute (keepalived, for routers without preemption).

use std::time::Duration;

use crate::primitives::monotonic::Monotonic;

use super::action::Action;
use super::engine::Engine;
use super::instance::{State, VirtualRouter};
use super::report::Report;
use super::timers;

impl Engine {
    /// Lets those masters of `due` give way that were held up for too long.
    pub(super) fn yield_if_held_up(
        &mut self,
        now: Monotonic,
        due: impl IntoIterator<Item = usize>,
        actions: &mut Vec<Action>,
    ) {
        let late: Vec<usize> = due.into_iter().filter(|place| self.instances()[*place].was_held_up(now)).collect();
        let timers = late.iter().filter_map(|place| self.instances()[*place].next_deadline());
        if let Some(timer) = timers.min() {
            actions.push(Action::Report(Report::TimerExpired { ago: now.since(timer) }));
        }
        for place in late {
            let at = self.situation(now, place);
            self.instances[place].yield_mastership(at, false, actions);
        }
    }
}

impl VirtualRouter {
    /// Whether a backup of the priority that the keyword names has missed as many adverts as it waits for.
    fn was_held_up(&self, now: Monotonic) -> bool {
        let (State::Master { next_advert }, Some(other)) = (self.state, self.config.timer_expired_backup) else {
            return false;
        };
        let interval = Duration::from_micros(self.config.advert_interval_us);
        // The advert that is due is the first of three.
        next_advert + interval * 2 + timers::skew(self.config.version, other, interval) <= now
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vrrp::configuration_text;
    use crate::vrrp::event::Event;
    use crate::vrrp::instance::StateName;

    const CONFIGURATION: &str = "vrrp_instance A {\n state BACKUP\n interface eth0\n virtual_router_id 51\n nopreempt\n \
                                 priority 100\n timer_expired_backup 200\n virtual_ipaddress {\n 192.0.2.10\n }\n}\n";

    /// A master that looks at its timers so long after its last advert, and what it then says.
    fn held_up_for(late: Duration) -> (StateName, Vec<String>) {
        let config = configuration_text::read(CONFIGURATION);
        let mut now = Monotonic::from_micros(1_000_000);
        let mut engine = Engine::new(&config, now);
        let mut actions = Vec::new();
        let address = Some([192, 0, 2, 1].into());
        let family = crate::wire::vrrp::Family::Ipv4;
        engine.step(now, &Event::Link { interface: "eth0".into(), running: true }, &mut actions);
        engine.step(now, &Event::PrimaryAddress { interface: "eth0".into(), family, address }, &mut actions);
        engine.step(now, &Event::Start, &mut actions);
        while engine.instances()[0].state() != StateName::Master {
            now = engine.next_deadline().expect("it waits for a master");
            engine.step(now, &Event::Deadline, &mut actions);
        }
        actions.clear();
        engine.step(now + late, &Event::Deadline, &mut actions);
        let reports = actions.iter().filter_map(|action| match action {
            Action::Report(report) => Some(report.to_string()),
            _ => None,
        });
        (engine.instances()[0].state(), reports.collect())
    }

    #[test]
    fn it_gives_way_when_three_adverts_and_the_skew_are_over() {
        // Skew of priority 200: 56/256 of a second.
        let (state, reports) = held_up_for(Duration::from_micros(3_218_749));
        assert_eq!((state, reports), (StateName::Master, Vec::new()));
        let (state, reports) = held_up_for(Duration::from_micros(3_218_750));
        assert_eq!(state, StateName::Backup);
        assert_eq!(reports[..2], ["VRRP thread timer expired 2.218750 seconds ago", "(A) Entering BACKUP STATE"]);
    }
}
