//! evenkeel's own command line: what neither original has.

use std::io;
use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

use super::master::Master;
use super::parse::Parse;
use super::status::StatusCommand;
use super::swap::Swap;

const AS_ORIGINAL: &str = "`evenkeel nginx` and `evenkeel keepalived` take the options of nginx(8) and keepalived(8); so does a link \
                           of either name.";

/// One program in the place of nginx and keepalived.
#[derive(Parser, Debug)]
#[command(name = "evenkeel", version, after_help = AS_ORIGINAL)]
struct Evenkeel {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Parse(Parse),
    Status(StatusCommand),
    /// Put this binary in the place of nginx and keepalived, while they run; what fails is undone
    SwapIn(Swap),
    /// Put the originals back, while this binary runs in their place
    RollBack(Swap),
    /// Let the running proxy read its configuration anew; fails, with the reason, if it was not taken
    Reload(Master),
    /// Print what a shell needs to complete these commands
    Completions {
        /// The shell
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
}

/// Runs one of evenkeel's commands. The words begin with the program's name.
pub fn run(words: impl IntoIterator<Item = String>) -> ExitCode {
    let outcome = match Evenkeel::parse_from(words).command {
        Command::Parse(parse) => parse.run().map_err(|error| error.to_string()),
        Command::Status(status) => status.run().map_err(|error| error.to_string()),
        Command::SwapIn(swap) => swap.swap_in().map_err(|error| error.to_string()),
        Command::RollBack(swap) => swap.roll_back().map_err(|error| error.to_string()),
        Command::Reload(master) => master.reload().map_err(|error| error.to_string()),
        Command::Completions { shell } => {
            clap_complete::generate(shell, &mut Evenkeel::command(), "evenkeel", &mut io::stdout());
            Ok(true)
        }
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
