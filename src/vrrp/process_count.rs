//! `vrrp_track_process`: how many processes of a kind there are, and when that becomes news. Who lives is told from outside.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::ir::keepalived::TrackProcess;
use crate::ir::keepalived::tracker::ParameterMatch;
use crate::primitives::monotonic::Monotonic;
use crate::wire::netlink::process_event::ProcessEvent;

use super::event::Event;

/// What a process is called.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Names {
    /// The short name, at most 15 bytes of the program's.
    pub short: String,
    /// The words it was started with, a zero byte behind each.
    pub command_line: Vec<u8>,
}

/// One block and the processes that it counts.
#[derive(Clone, PartialEq, Debug)]
struct Counted {
    config: TrackProcess,
    pids: BTreeSet<i32>,
    /// What the engine was told.
    reached: bool,
    /// When a change becomes news that has not lasted long enough yet.
    settles: Option<Monotonic>,
}

/// How one block stands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Count {
    /// The processes that fit.
    pub processes: usize,
    /// A change waits until it has lasted long enough.
    pub settles: bool,
}

/// All blocks.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct ProcessCount {
    blocks: Vec<Counted>,
}

impl ProcessCount {
    /// The blocks of a configuration with the processes that are there.
    pub fn new(configs: &[TrackProcess], processes: &[(i32, Names)]) -> Self {
        let count = |config: &TrackProcess| {
            let fits = processes.iter().filter(|(_, names)| fits(config, names));
            let mut counted = Counted {
                config: config.clone(),
                pids: fits.map(|(pid, _)| *pid).collect(),
                reached: false,
                settles: None,
            };
            counted.reached = counted.is_enough();
            counted
        };
        Self { blocks: configs.iter().map(count).collect() }
    }

    /// How a block stands.
    pub fn count(&self, name: &str) -> Count {
        let counted = self.blocks.iter().find(|counted| counted.config.name == name);
        counted.map_or(Count::default(), |counted| Count {
            processes: counted.pids.len(),
            settles: counted.settles.is_some(),
        })
    }

    /// What is to be said of every block at the start.
    pub fn events(&self) -> Vec<Event> {
        self.blocks.iter().map(Counted::event).collect()
    }

    /// Counts anew: some news were lost.
    pub fn recount(&mut self, now: Monotonic, processes: &[(i32, Names)]) -> Vec<Event> {
        let recount = |counted: &mut Counted| {
            let fits = processes.iter().filter(|(_, names)| fits(&counted.config, names));
            let pids = fits.map(|(pid, _)| *pid).collect();
            counted.change(now, true, |counted| counted.pids = pids)
        };
        self.blocks.iter_mut().filter_map(recount).collect()
    }

    /// Takes one event in. `names` looks a process up that may be gone again.
    pub fn handle(&mut self, now: Monotonic, event: &ProcessEvent, names: impl Fn(i32) -> Option<Names>) -> Vec<Event> {
        let looked_up = match event {
            ProcessEvent::Exec(pid) => names(*pid),
            _ => None,
        };
        let handle = |counted: &mut Counted| match event {
            ProcessEvent::Acknowledged => None,
            // A child is what its parent is until it runs another program.
            ProcessEvent::Fork { parent, child } if counted.pids.contains(parent) => counted.add(now, true, *child),
            ProcessEvent::Fork { .. } => None,
            ProcessEvent::Exec(pid) => {
                let fits = looked_up.as_ref().is_some_and(|names| fits(&counted.config, names));
                if fits { counted.add(now, false, *pid) } else { counted.remove(now, false, *pid) }
            }
            ProcessEvent::Renamed { .. } if counted.config.full_command => None,
            ProcessEvent::Renamed { pid, name } if *name == counted.config.process => counted.add(now, false, *pid),
            ProcessEvent::Renamed { pid, .. } => counted.remove(now, false, *pid),
            ProcessEvent::Exit(pid) => counted.remove(now, true, *pid),
        };
        self.blocks.iter_mut().filter_map(handle).collect()
    }

    /// When [`ProcessCount::due`] has something to say.
    pub fn next_deadline(&self) -> Option<Monotonic> {
        self.blocks.iter().filter_map(|counted| counted.settles).min()
    }

    /// The changes that have lasted long enough.
    pub fn due(&mut self, now: Monotonic) -> Vec<Event> {
        let due = |counted: &mut Counted| {
            counted.settles.take_if(|at| *at <= now)?;
            counted.reached = counted.is_enough();
            Some(counted.event())
        };
        self.blocks.iter_mut().filter_map(due).collect()
    }
}

impl Counted {
    fn event(&self) -> Event {
        Event::ProcessQuorum { process: self.config.name.clone(), reached: self.reached }
    }

    fn is_enough(&self) -> bool {
        let count = self.pids.len() as u64;
        count >= u64::from(self.config.quorum) && self.config.quorum_max.is_none_or(|most| count <= u64::from(most))
    }

    fn add(&mut self, now: Monotonic, delayed: bool, pid: i32) -> Option<Event> {
        self.change(now, delayed, |counted| {
            counted.pids.insert(pid);
        })
    }

    fn remove(&mut self, now: Monotonic, delayed: bool, pid: i32) -> Option<Event> {
        self.change(now, delayed, |counted| {
            counted.pids.remove(&pid);
        })
    }

    /// Only forks and ends wait for their delay: another program or name is no accident (keepalived).
    fn change(&mut self, now: Monotonic, delayed: bool, change: impl FnOnce(&mut Self)) -> Option<Event> {
        let before = self.is_enough();
        change(self);
        let is_enough = self.is_enough();
        if is_enough == before {
            return None;
        }
        self.settles = None;
        if is_enough == self.reached {
            return None;
        }
        let delay = if is_enough { self.config.fork_delay_us } else { self.config.terminate_delay_us };
        if delayed && delay > 0 {
            self.settles = Some(now + Duration::from_micros(delay));
            return None;
        }
        self.reached = is_enough;
        Some(self.event())
    }
}

fn fits(config: &TrackProcess, names: &Names) -> bool {
    if !config.full_command {
        return names.short == config.process;
    }
    let mut parts = names.command_line.splitn(2, |byte| *byte == 0);
    let program = parts.next().unwrap_or_default();
    program == config.process.as_bytes() && parameters_fit(config, parts.next().unwrap_or_default())
}

/// `initial` leaves the end of the last parameter open, and needs it there all the same; `partial` lets more parameters
/// follow (keepalived 2.2.7, whatever its manual says).
fn parameters_fit(config: &TrackProcess, theirs: &[u8]) -> bool {
    let ours: Vec<u8> = config.parameters.iter().flat_map(|word| word.bytes().chain([0])).collect();
    match config.parameter_match {
        ParameterMatch::Any => true,
        ParameterMatch::Exact => theirs == ours,
        ParameterMatch::Partial => theirs.starts_with(&ours),
        ParameterMatch::Initial => {
            theirs.len() >= ours.len() && theirs.starts_with(&ours[..ours.len().saturating_sub(1)])
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn block(quorum: u32, quorum_max: Option<u32>, delay_us: u64) -> TrackProcess {
        TrackProcess {
            name: "web".into(),
            process: "nginx".into(),
            parameters: Vec::new(),
            parameter_match: ParameterMatch::Any,
            weight: 0,
            reverse: false,
            quorum,
            quorum_max,
            terminate_delay_us: delay_us,
            fork_delay_us: delay_us,
            full_command: false,
        }
    }

    fn at(seconds: u64) -> Monotonic {
        Monotonic::from_micros(seconds * 1_000_000)
    }

    fn nginx() -> Names {
        Names { short: "nginx".into(), command_line: b"nginx\0-g\0daemon off;\0".to_vec() }
    }

    fn news(reached: bool) -> Vec<Event> {
        vec![Event::ProcessQuorum { process: "web".into(), reached }]
    }

    #[test]
    fn a_quorum_is_lost_and_gained_at_its_edges() {
        let mut count = ProcessCount::new(&[block(1, Some(2), 0)], &[(1, nginx()), (7, Names::default())]);
        assert_eq!(count.events(), news(true));
        let mut handle = |event| count.handle(at(1), &event, |_| Some(nginx()));
        assert_eq!(handle(ProcessEvent::Fork { parent: 7, child: 8 }), []);
        assert_eq!(handle(ProcessEvent::Fork { parent: 1, child: 2 }), []);
        assert_eq!(handle(ProcessEvent::Fork { parent: 2, child: 3 }), news(false));
        assert_eq!(handle(ProcessEvent::Exit(3)), news(true));
        assert_eq!(handle(ProcessEvent::Exit(2)), []);
        assert_eq!(handle(ProcessEvent::Renamed { pid: 1, name: "other".into() }), news(false));
        assert_eq!(handle(ProcessEvent::Exec(9)), news(true));
    }

    #[test]
    fn a_short_gap_is_no_news() {
        let mut count = ProcessCount::new(&[block(1, None, 2_000_000)], &[(1, nginx())]);
        let none = |_| None;
        assert_eq!(count.handle(at(10), &ProcessEvent::Exit(1), none), []);
        assert_eq!(count.next_deadline(), Some(at(12)));
        let back = count.handle(at(11), &ProcessEvent::Renamed { pid: 5, name: "nginx".into() }, none);
        assert_eq!((back, count.next_deadline()), (vec![], None));
        assert_eq!(count.handle(at(20), &ProcessEvent::Exit(5), none), []);
        assert_eq!((count.due(at(21)), count.due(at(22))), (vec![], news(false)));
        assert_eq!(count.recount(at(30), &[(6, nginx())]), []);
        assert_eq!(count.due(at(32)), news(true));
    }

    #[test]
    fn parameters_are_compared_as_asked() {
        let verdict = |parameter_match, parameters: &[&str]| {
            let parameters = parameters.iter().map(|word| (*word).to_owned()).collect();
            fits(&TrackProcess { full_command: true, parameters, parameter_match, ..block(1, None, 0) }, &nginx())
        };
        assert!(verdict(ParameterMatch::Any, &[]));
        assert!(verdict(ParameterMatch::Exact, &["-g", "daemon off;"]));
        assert!(!verdict(ParameterMatch::Exact, &["-g"]));
        assert!(verdict(ParameterMatch::Partial, &["-g"]));
        assert!(!verdict(ParameterMatch::Partial, &["-"]));
        assert!(verdict(ParameterMatch::Initial, &["-g", "dae"]));
        assert!(!verdict(ParameterMatch::Initial, &["-g", "x"]));
    }
}
