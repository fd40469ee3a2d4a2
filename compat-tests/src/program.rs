//! A program under test, evenkeel or an original, and how it is started.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::ports::Ports;
use crate::scratch::Scratch;

/// The two programs whose answers are compared.
#[derive(Clone, Debug)]
pub struct Program {
    /// What is called as `nginx`.
    pub nginx: PathBuf,
    /// What is called as `keepalived`.
    pub keepalived: PathBuf,
    /// The versions it answers for, as fences name them; empty for evenkeel.
    pub versions: Vec<String>,
}

impl Program {
    /// The file to run for the first word of a command.
    pub fn named(&self, name: &str) -> Result<&Path, String> {
        match name {
            "nginx" => Ok(&self.nginx),
            "keepalived" => Ok(&self.keepalived),
            other => Err(format!("a console block runs nginx or keepalived, not {other:?}")),
        }
    }
}

/// How long a command may take before it counts as hung.
const COMMAND_LIMIT: Duration = Duration::from_secs(20);

/// Runs a command to its end; standard output and error come back as one text, as on a terminal.
pub fn run(program: &Path, arguments: &[String], folder: &Path) -> Result<(String, i32), String> {
    let (mut reader, writer) = std::io::pipe().map_err(|error| error.to_string())?;
    let second = writer.try_clone().map_err(|error| error.to_string())?;
    let mut command = Command::new(program);
    command.args(arguments).current_dir(folder).stdin(Stdio::null()).stdout(writer).stderr(second);
    let mut child = command.spawn().map_err(|error| format!("{}: {error}", program.display()))?;
    // The command holds the writing ends; as long as it does, the read below does not end.
    drop(command);
    let deadline = Instant::now() + COMMAND_LIMIT;
    let output = std::thread::spawn(move || {
        let mut output = Vec::new();
        reader.read_to_end(&mut output).map(|_| output)
    });
    let status = loop {
        if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
            break status;
        }
        if Instant::now() > deadline {
            child.kill().map_err(|error| error.to_string())?;
            return Err(format!("{} {} did not end", program.display(), arguments.join(" ")));
        }
        std::thread::sleep(Duration::from_millis(2));
    };
    let output =
        output.join().map_err(|_| "the reader of the output ended early")?.map_err(|error| error.to_string())?;
    Ok((String::from_utf8_lossy(&output).into_owned(), status.code().unwrap_or(-1)))
}

/// A server that runs in the foreground until it is stopped or dropped.
#[derive(Debug)]
pub struct Server {
    child: Child,
    output: PathBuf,
}

impl Server {
    /// Starts nginx in a directory with this configuration, its ports filled in, and waits until it listens on those of `ports`.
    pub fn start_nginx(
        program: &Path,
        configuration: &str,
        scratch: &Scratch,
        filled_in: &mut Ports,
        ports: &[u16],
    ) -> Result<Self, String> {
        scratch.write("nginx.conf", &filled_in.fill_in(configuration)?)?;
        let prefix = format!("{}/", scratch.path().display());
        let arguments = ["-p", &prefix, "-c", "nginx.conf", "-e", "error.log"].map(str::to_owned);
        let ports: Vec<u16> = ports.iter().map(|port| filled_in.real(*port)).collect();
        Self::start(program, &arguments, scratch.path(), &ports)
    }

    /// Starts it and waits until it listens on all `ports`.
    pub fn start(program: &Path, arguments: &[String], folder: &Path, ports: &[u16]) -> Result<Self, String> {
        let output = folder.join(".output");
        let file = File::create(&output).map_err(|error| error.to_string())?;
        let second = file.try_clone().map_err(|error| error.to_string())?;
        let child = Command::new(program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .stdout(file)
            .stderr(second)
            .spawn()
            .map_err(|error| format!("{}: {error}", program.display()))?;
        let mut server = Self { child, output };
        server.await_listening(ports)?;
        Ok(server)
    }

    fn await_listening(&mut self, ports: &[u16]) -> Result<(), String> {
        let deadline = Instant::now() + Duration::from_secs(30);
        while !ports.iter().all(|port| is_listening(*port)) {
            if let Some(status) = self.child.try_wait().map_err(|error| error.to_string())? {
                return Err(format!("the server did not start ({status}):\n{}", self.read_output()));
            }
            if Instant::now() > deadline {
                return Err(format!("the server does not listen on {ports:?}:\n{}", self.read_output()));
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Ok(())
    }

    /// What it has written to its terminal.
    fn read_output(&self) -> String {
        std::fs::read_to_string(&self.output).unwrap_or_default()
    }

    /// Asks it to finish what it does and end, and waits for that; the logs are whole afterwards.
    pub fn stop(mut self) -> Result<(), String> {
        for (signal, patience_ms) in [(Signal::SIGQUIT, 3000), (Signal::SIGTERM, 2000)] {
            let _ = kill(self.pid(), signal);
            let deadline = Instant::now() + Duration::from_millis(patience_ms);
            while Instant::now() < deadline {
                if self.child.try_wait().map_err(|error| error.to_string())?.is_some() {
                    return Ok(());
                }
                std::thread::sleep(Duration::from_millis(5));
            }
        }
        Err("the server does not end, neither on SIGQUIT nor on SIGTERM".to_owned())
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            // A master that is asked takes its workers along; one that is killed would leave them behind.
            let _ = kill(self.pid(), Signal::SIGTERM);
            std::thread::sleep(Duration::from_millis(300));
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// Whether a socket of this machine listens on the TCP port; asking the kernel leaves no connection behind in any log.
fn is_listening(port: u16) -> bool {
    let local = format!(":{port:04X} ");
    ["/proc/net/tcp", "/proc/net/tcp6"].iter().any(|table| {
        let table = std::fs::read_to_string(table).unwrap_or_default();
        table.lines().any(|line| line.contains(&local) && line.split_whitespace().nth(3) == Some("0A"))
    })
}
