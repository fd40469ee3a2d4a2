//! Telling the outside of changes: notify scripts and FIFOs. Scripts are not waited for, except those of the end.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::PathBuf;

use crate::ir::keepalived::{Command, Global, Keepalived};
use crate::log::keepalived_log::KeepalivedLog;
use crate::sys::fifo;
use crate::sys::fork::Pid;
use crate::sys::spawn;
use crate::vrrp::action::{Notification, Subject};

use super::accounts;

#[derive(Debug)]
struct OpenFifo {
    path: PathBuf,
    file: File,
    /// Made by us, so removed by us.
    created: bool,
}

/// Starts notify scripts and writes FIFO lines.
#[derive(Debug, Default)]
pub struct Notifier {
    fifos: Vec<OpenFifo>,
    /// Scripts that are still running.
    running: Vec<Pid>,
}

impl Notifier {
    /// Opens the FIFOs of a configuration, after those of the last one are gone.
    pub fn configure(&mut self, config: &Keepalived, log: &KeepalivedLog) {
        self.close_fifos();
        let global = &config.global;
        for fifo in [&global.notify_fifo, &global.vrrp_notify_fifo].into_iter().flatten() {
            match open_fifo(&fifo.path) {
                Ok(open) => self.fifos.push(open),
                Err(error) => log.info(&format!("Unable to create/open notify fifo {} - {error}", fifo.path)),
            }
            if let Some(script) = &fifo.script {
                let mut command = script.clone();
                command.words.push(fifo.path.clone());
                self.start(&command, &[], global, log);
            }
        }
    }

    /// Removes the FIFOs that we made.
    pub fn close_fifos(&mut self) {
        for fifo in self.fifos.drain(..).filter(|fifo| fifo.created) {
            let _ = std::fs::remove_file(&fifo.path);
        }
    }

    /// Runs the script of the state, then the one of every state, then writes the line.
    pub fn notify(&mut self, notification: &Notification, global: &Global, log: &KeepalivedLog) {
        if let Some(command) = &notification.command {
            self.start(command, &[], global, log);
        }
        let subject = match notification.subject {
            Subject::Instance => "INSTANCE",
            Subject::Group => "GROUP",
        };
        let Notification { name, occasion, priority, .. } = notification;
        if let Some(command) = &notification.any {
            let arguments = [subject, name, occasion.word(), &priority.to_string()];
            self.start(command, &arguments, global, log);
        }
        let line = format!("{subject} \"{name}\" {} {priority}\n", occasion.word());
        for fifo in &mut self.fifos {
            // A full FIFO loses the line, as in keepalived; nobody waits for a reader.
            let _ = fifo.file.write(line.as_bytes());
        }
    }

    fn start(&mut self, command: &Command, arguments: &[&str], global: &Global, log: &KeepalivedLog) {
        let words: Vec<String> =
            command.words.iter().cloned().chain(arguments.iter().map(|word| (*word).to_owned())).collect();
        let started = accounts::identity(command, global).and_then(|identity| spawn::start(&words, identity.as_ref()));
        match started {
            Ok(pid) => self.running.push(pid),
            Err(error) => log.info(&format!("Couldn't run notify script {}: {error}", command.line())),
        }
    }

    /// Takes the end of a process in.
    pub fn child_ended(&mut self, pid: Pid) {
        self.running.retain(|running| *running != pid);
    }

    /// Whether scripts are still at work.
    pub fn busy(&self) -> bool {
        !self.running.is_empty()
    }
}

fn open_fifo(path: &str) -> std::io::Result<OpenFifo> {
    let created = fifo::create(path)?;
    // Read and write: without a reader the lines wait in it.
    let file = OpenOptions::new().read(true).write(true).custom_flags(fifo::NON_BLOCKING).open(path)?;
    Ok(OpenFifo { path: path.into(), file, created })
}
