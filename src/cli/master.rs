//! The running proxy, as evenkeel's own commands find and ask it.

use std::fmt::Display;
use std::path::PathBuf;
use std::{fs, io};

use clap::Args;

use crate::process::control::{self, Answer, Question};

/// Which master is meant.
#[derive(Args, Debug)]
pub struct Master {
    /// The pid file of the master
    #[arg(long, value_name = "FILE", default_value = "/run/nginx.pid")]
    pid_file: PathBuf,
}

impl Master {
    /// Asks it, and gives what it says.
    pub fn ask(&self, question: Question) -> io::Result<Answer> {
        let text = fs::read_to_string(&self.pid_file).map_err(|error| self.about_file(&error))?;
        let pid = text.trim().parse().map_err(|_| self.about_file(&"no process number in it"))?;
        control::ask(pid, question).map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => {
                io::Error::other(format!("no evenkeel runs as process {pid}; --pid-file names another master's file"))
            }
            _ => error,
        })
    }

    /// Lets it read its configuration anew; false, with the reason on the terminal, if it was not taken.
    pub fn reload(&self) -> io::Result<bool> {
        let answer = self.ask(Question::Reload)?;
        if answer.is_done {
            print!("{}", answer.text);
        } else {
            eprint!("evenkeel: {}", answer.text);
        }
        Ok(answer.is_done)
    }

    fn about_file(&self, reason: &dyn Display) -> io::Error {
        io::Error::other(format!("{}: {reason}", self.pid_file.display()))
    }
}
