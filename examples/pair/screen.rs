//! What the viewer sees: the state of both nodes and who answered, a line a second and a line for each event.

use std::collections::BTreeMap;
use std::time::Instant;

use crate::node::Line;

/// What is known of a node.
#[derive(Clone, Debug, Default)]
pub struct NodeState {
    /// `MASTER`, `BACKUP` or `FAULT`, as its keepalived says.
    pub state: String,
    /// The effective priority.
    pub priority: u32,
}

/// All that has been seen.
#[derive(Debug)]
pub struct Screen {
    began: Instant,
    /// By the name of the node.
    pub nodes: BTreeMap<&'static str, NodeState>,
    /// Answers of `/group` by backend, since the last reset.
    pub group: BTreeMap<String, u32>,
    /// The backends that answered for an address or a session, ever.
    pub sticky: BTreeMap<String, Vec<String>>,
    /// Requests that got an answer, and that did not, since the last reset.
    pub answers: u32,
    /// See `answers`.
    pub failures: u32,
    /// What the path without a file was answered with, ever.
    pub missing: Vec<String>,
    /// The last line that the client printed.
    pub last_answer_failed: bool,
    last_status: String,
}

impl Screen {
    /// An empty screen; a node's first priority is the one of its file.
    pub fn new(priorities: &[(&'static str, u32)]) -> Self {
        let node = |priority| NodeState { state: "starting".to_owned(), priority };
        Self {
            began: Instant::now(),
            nodes: priorities.iter().map(|(name, priority)| (*name, node(*priority))).collect(),
            group: BTreeMap::new(),
            sticky: BTreeMap::new(),
            answers: 0,
            failures: 0,
            missing: Vec::new(),
            last_answer_failed: false,
            last_status: String::new(),
        }
    }

    /// Prints a line of the story.
    pub fn tell(&self, text: &str) {
        println!("{:6.1} s  {text}", self.began.elapsed().as_secs_f32());
    }

    /// Takes in a line that a machine printed.
    pub fn hear(&mut self, line: &Line) {
        match line.text.split(' ').collect::<Vec<_>>()[..] {
            ["answer", path, who] => self.hear_answer(path, who),
            ["failure", ..] => {
                self.failures += 1;
                self.last_answer_failed = true;
            }
            ["backends", "listen"] => {}
            _ => self.hear_program(line),
        }
    }

    fn hear_answer(&mut self, path: &str, who: &str) {
        self.last_answer_failed = false;
        self.answers += 1;
        let who = who.to_owned();
        match path {
            "/group" => *self.group.entry(who).or_default() += 1,
            "/missing" if !self.missing.contains(&who) => self.missing.push(who),
            "/missing" => {}
            _ => {
                let known = self.sticky.entry(path.to_owned()).or_default();
                if !known.contains(&who) {
                    known.push(who);
                }
            }
        }
    }

    fn hear_program(&mut self, line: &Line) {
        // keepalived dates its lines; `Sun Nov 22 18:42:08 2026: ` tells nothing here.
        let text = line
            .text
            .split_once(" 20")
            .and_then(|(_, rest)| rest.split_once(": "))
            .map_or(&*line.text, |(_, rest)| rest);
        if let Some(node) = self.nodes.get_mut(line.from) {
            if let Some((_, state)) = text.split_once(" Entering ") {
                node.state = state.split(' ').next().unwrap_or(state).to_owned();
            }
            if let Some(priority) =
                text.split_once("effective priority from ").and_then(|(_, rest)| rest.split(' ').nth(2))
            {
                node.priority = priority.parse().unwrap_or(node.priority);
            }
        }
        let is_event = ["Entering", "effective priority", "Script", "nginx:", "[emerg]", "rror"]
            .iter()
            .any(|word| text.contains(word));
        if is_event {
            self.tell(&format!("{}: {text}", line.from));
        }
    }

    /// Prints the state of everything, if it has changed.
    pub fn show_status(&mut self) {
        let nodes = self.nodes.iter().map(|(name, node)| format!("{name} {} {}", node.state, node.priority));
        let backends = ["web1", "web2", "web3", "web4"];
        let counts = backends.iter().map(|name| format!("{name} {}", self.group.get(*name).unwrap_or(&0)));
        let nodes = nodes.collect::<Vec<_>>().join("   ");
        let counts = counts.collect::<Vec<_>>().join("  ");
        let status = format!("{nodes}   | {counts} | {} answers, {} failures", self.answers, self.failures);
        if status != self.last_status {
            self.tell(&status);
            self.last_status = status;
        }
    }

    /// Begins to count anew.
    pub fn reset(&mut self) {
        self.group.clear();
        (self.answers, self.failures) = (0, 0);
    }
}
