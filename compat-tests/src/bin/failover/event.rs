//! What happens to the master, how it passes, and how long clients are without an answer.

use std::time::{Duration, Instant};

use compat_tests::lab::{Lab, Node};

use crate::client::Client;
use crate::moment::Origin;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Event {
    Killed,
    Stopped,
    CableOut,
    ScriptFails,
    WeightFalls,
    SwitchDrops,
    ChildKilled,
}

impl Event {
    pub const ALL: [Self; 7] = [
        Self::Killed,
        Self::Stopped,
        Self::CableOut,
        Self::ScriptFails,
        Self::WeightFalls,
        Self::SwitchDrops,
        Self::ChildKilled,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Killed => "killed",
            Self::Stopped => "stopped",
            Self::CableOut => "cable out",
            Self::ScriptFails => "script fails",
            Self::WeightFalls => "script lowers the priority",
            Self::SwitchDrops => "switch drops all",
            Self::ChildKilled => "VRRP process killed",
        }
    }

    /// The weight of the tracked script.
    pub fn weight(self) -> i32 {
        if self == Self::WeightFalls { -60 } else { 0 }
    }

    /// Who is master in the end. A VRRP process that was killed is started again, and its node is the better one.
    pub fn successor(self) -> &'static str {
        if self == Self::ChildKilled { "a" } else { "b" }
    }

    /// What decides how long the master's part of it takes.
    pub fn origin(self) -> Origin {
        if matches!(self, Self::ScriptFails | Self::WeightFalls) { Origin::Script } else { Origin::Advert }
    }

    /// The master's processes were looked up before, because that takes its time.
    pub fn happen(self, lab: &Lab, master: &mut Node, processes: &[i32]) {
        match self {
            Self::Killed => master.kill(processes),
            Self::Stopped => master.stop(),
            Self::CableOut => lab.port("a", false),
            Self::ScriptFails | Self::WeightFalls => master.fail_script(true),
            Self::SwitchDrops => lab.cut("a", true),
            Self::ChildKilled => master.kill_one(master.pid(true)),
        }
    }

    /// All is as before.
    pub fn pass(self, lab: &Lab, master: &mut Node) {
        match self {
            Self::Killed | Self::Stopped => master.start(),
            Self::CableOut => lab.port("a", true),
            Self::ScriptFails | Self::WeightFalls => master.fail_script(false),
            Self::SwitchDrops => lab.cut("a", false),
            // A daemon whose child dies often waits longer and longer: the next one has to begin anew.
            Self::ChildKilled => {
                master.stop();
                master.start();
            }
        }
    }

    /// The gap between two answers, or where the old master answers until it is told, the time until the new one alone does. With
    /// `use_vmac` that is not its first answer: a killed master's kernel answers the announcements, and the switch believes it
    /// until the next advert.
    pub fn outage(self, client: &Client, begin: Instant) -> Duration {
        match self {
            Self::Killed | Self::ScriptFails | Self::WeightFalls => client.alone_after(begin, "b"),
            _ => client.longest_gap(begin),
        }
    }
}
