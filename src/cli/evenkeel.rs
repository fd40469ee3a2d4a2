//! evenkeel's own command line: what neither original has.

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use super::parse::Parse;

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
}

/// Runs one of evenkeel's commands. The words begin with the program's name.
pub fn run(words: impl IntoIterator<Item = String>) -> ExitCode {
    let Command::Parse(parse) = Evenkeel::parse_from(words).command;
    match parse.run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("evenkeel: {error}");
            ExitCode::FAILURE
        }
    }
}
