//! A machine of the play: a shell, alone in namespaces of its own, that does what it is told.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// A line that some machine printed.
#[derive(Clone, Debug)]
pub struct Line {
    /// The machine.
    pub from: &'static str,
    /// What it printed.
    pub text: String,
}

/// A running machine. When it is dropped, or this program dies, the shell's input ends, the shell with it, and with the shell,
/// as the first process of its namespace, everything that it started.
pub struct Node {
    name: &'static str,
    child: Child,
    input: Option<ChildStdin>,
    done: Receiver<String>,
    printed: Arc<Mutex<String>>,
}

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(20);

impl Node {
    /// A machine with its own network, mounts and processes.
    pub fn start(name: &'static str, lines: &Sender<Line>) -> Result<Self, String> {
        let own = ["--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc", "sh"];
        Self::spawn(name, Command::new("unshare").args(own), lines)
    }

    /// A shell that shares everything with this machine.
    pub fn start_plain(name: &'static str, lines: &Sender<Line>) -> Result<Self, String> {
        Self::spawn(name, &mut Command::new("sh"), lines)
    }

    fn spawn(name: &'static str, command: &mut Command, lines: &Sender<Line>) -> Result<Self, String> {
        let spawned = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
        let mut child = spawned.map_err(|error| format!("{name}: {error}"))?;
        let input = child.stdin.take();
        let output = child.stdout.take().ok_or("the shell has an output")?;
        let (sender, done) = channel();
        let lines = lines.clone();
        let printed = Arc::new(Mutex::new(String::new()));
        let sink = Arc::clone(&printed);
        thread::spawn(move || {
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                let was_read = match text.strip_prefix("@done ") {
                    Some(code) => sender.send(code.to_owned()).is_ok(),
                    None => {
                        sink.lock().unwrap_or_else(PoisonError::into_inner).push_str(&format!("\n{text}"));
                        lines.send(Line { from: name, text }).is_ok()
                    }
                };
                if !was_read {
                    return;
                }
            }
        });
        let mut node = Self { name, child, input, done, printed };
        node.run("exec 2>&1")?;
        Ok(node)
    }

    /// Its process, by which its network is found.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Has the shell run the command and waits until it is done; an exit code other than 0 is a fault.
    pub fn run(&mut self, command: &str) -> Result<(), String> {
        let input = self.input.as_mut().ok_or("the shell has an input")?;
        self.printed.lock().unwrap_or_else(PoisonError::into_inner).clear();
        writeln!(input, "{command}\necho \"@done $?\"").map_err(|error| format!("{}: {error}", self.name))?;
        let fault = match self.done.recv_timeout(LIMIT) {
            Ok(code) if code == "0" => return Ok(()),
            Ok(code) => format!("exit code {code}"),
            Err(RecvTimeoutError::Timeout) => "did not end".to_owned(),
            Err(RecvTimeoutError::Disconnected) => "the shell ended".to_owned(),
        };
        let printed = self.printed.lock().unwrap_or_else(PoisonError::into_inner);
        Err(format!("{}: {fault}: {command}{printed}", self.name))
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        drop(self.input.take());
        // Whatever became of the shell, there is nothing left to do about it.
        let _ = self.child.wait();
    }
}
