//! evenkeel's own command line: what neither original has.

use std::fmt::Display;
use std::path::PathBuf;
use std::process::ExitCode;
use std::{fs, io};

use clap::{Args, Parser, Subcommand};

use super::parse::Parse;
use crate::process::control::{self, Question};

/// One program in the place of nginx and keepalived.
#[derive(Parser, Debug)]
#[command(name = "evenkeel", version)]
struct Evenkeel {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Parse(Parse),
    /// Show the running proxy: its configuration's generation, when it was taken, who still drains
    Status(Master),
    /// Let the running proxy read its configuration anew; fails, with the reason, if it was not taken
    Reload(Master),
}

/// Which master is meant.
#[derive(Args, Debug)]
struct Master {
    /// The pid file of the master
    #[arg(long, value_name = "FILE", default_value = "/run/nginx.pid")]
    pid_file: PathBuf,
}

impl Master {
    fn ask(&self, question: Question) -> io::Result<bool> {
        let text = fs::read_to_string(&self.pid_file).map_err(|error| self.about_file(&error))?;
        let pid = text.trim().parse().map_err(|_| self.about_file(&"no process number in it"))?;
        let answer = control::ask(pid, question).map_err(|error| match error.kind() {
            io::ErrorKind::ConnectionRefused => io::Error::other(format!("no evenkeel runs as process {pid}")),
            _ => error,
        })?;
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

/// Runs one of evenkeel's commands. The words begin with the program's name.
pub fn run(words: impl IntoIterator<Item = String>) -> ExitCode {
    let outcome = match Evenkeel::parse_from(words).command {
        Command::Parse(parse) => parse.run().map_err(|error| error.to_string()),
        Command::Status(master) => master.ask(Question::Status).map_err(|error| error.to_string()),
        Command::Reload(master) => master.ask(Question::Reload).map_err(|error| error.to_string()),
    };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("evenkeel: {error}");
            ExitCode::FAILURE
        }
    }
}
