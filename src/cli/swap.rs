//! `evenkeel swap-in` and `evenkeel roll-back`: this binary in the place of the originals while they run, and back.

use std::env;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::{Args, ValueEnum};

use crate::process::divert::Place;
use crate::process::replace::Daemon;

/// What a test says of a directive or keyword that the original knows and evenkeel does not serve.
const NOT_SERVED: &str = "not served yet by evenkeel";

/// Where the programs are, and which of them are meant.
#[derive(Args, Debug)]
pub struct Swap {
    /// The programs; without one, both as far as they are installed
    #[arg(value_enum)]
    programs: Vec<Program>,
    /// The folder of the programs
    #[arg(long, value_name = "DIR", default_value = "/usr/sbin")]
    sbin: PathBuf,
    /// The pid file of the running nginx
    #[arg(long, value_name = "FILE", default_value = "/run/nginx.pid")]
    pid_file: PathBuf,
    /// The pid file of the running keepalived
    #[arg(long, value_name = "FILE", default_value = "/run/keepalived.pid")]
    keepalived_pid_file: PathBuf,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, ValueEnum)]
enum Program {
    Nginx,
    Keepalived,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Way {
    In,
    Back,
}

impl Program {
    fn name(self) -> &'static str {
        match self {
            Self::Nginx => "nginx",
            Self::Keepalived => "keepalived",
        }
    }
}

impl Swap {
    /// Puts this binary in the place of each program; what fails is undone.
    pub fn swap_in(&self) -> io::Result<bool> {
        let ours = env::current_exe()?;
        for program in self.programs(Place::is_taken)? {
            let (place, daemon) = (self.place(program), self.daemon(program));
            let about = |error: io::Error| io::Error::other(format!("{}: {error}", program.name()));
            if place.is_swapped() {
                return Err(about(io::Error::other(format!("{} is in its place already", ours.display()))));
            }
            check(program, &ours, daemon.as_ref(), &place).map_err(about)?;
            place.swap_in(&ours).map_err(about)?;
            println!("{}: the original is now {}", place.path().display(), place.aside().display());
            if let Err(error) = replace(program, daemon.as_ref(), &place, &ours, Way::In) {
                place.roll_back()?;
                // A keepalived that was stopped for ours must not stay away.
                if let (Program::Keepalived, Some(daemon)) = (program, daemon) {
                    daemon.restart(place.path())?;
                }
                return Err(about(io::Error::other(format!("{error}; everything is as it was"))));
            }
        }
        Ok(true)
    }

    /// Puts the originals back.
    pub fn roll_back(&self) -> io::Result<bool> {
        for program in self.programs(Place::is_swapped)? {
            let (place, daemon) = (self.place(program), self.daemon(program));
            let about = |error: io::Error| io::Error::other(format!("{}: {error}", program.name()));
            if !place.is_swapped() {
                let text = format!("{} is not in the place of an original", place.path().display());
                return Err(about(io::Error::other(text)));
            }
            place.roll_back().map_err(about)?;
            println!("{}: the original again", place.path().display());
            replace(program, daemon.as_ref(), &place, place.path(), Way::Back).map_err(about)?;
        }
        Ok(true)
    }

    fn programs(&self, is_meant: impl Fn(&Place) -> bool) -> io::Result<Vec<Program>> {
        if !self.programs.is_empty() {
            return Ok(self.programs.clone());
        }
        let all = Program::value_variants().iter().copied();
        let programs: Vec<Program> = all.filter(|program| is_meant(&self.place(*program))).collect();
        if programs.is_empty() {
            return Err(io::Error::other(format!("nothing to do in {}", self.sbin.display())));
        }
        Ok(programs)
    }

    fn place(&self, program: Program) -> Place {
        Place::new(&self.sbin, program.name())
    }

    fn daemon(&self, program: Program) -> Option<Daemon> {
        Daemon::of(match program {
            Program::Nginx => &self.pid_file,
            Program::Keepalived => &self.keepalived_pid_file,
        })
    }
}

/// Lets ours test the configuration with the words that the running daemon was started with.
fn check(program: Program, ours: &Path, daemon: Option<&Daemon>, place: &Place) -> io::Result<()> {
    if let Some(daemon) = daemon
        && daemon.executable()? != place.path().canonicalize()?
    {
        let text = format!("process {} does not run {}", daemon.pid, place.path().display());
        return Err(io::Error::other(text));
    }
    let words = daemon.map_or(&[][..], |daemon| &daemon.arguments);
    let test = |binary: &Path| Command::new(binary).arg0(program.name()).args(words).arg("-t").output();
    let tested = test(ours)?;
    let text = String::from_utf8_lossy(&tested.stderr);
    let is_taken = match program {
        Program::Nginx => tested.status.success(),
        // It runs with many a fault that its test names, so the verdicts are compared.
        Program::Keepalived => tested.status == test(place.path())?.status && !text.contains(NOT_SERVED),
    };
    if is_taken {
        println!("{}: the configuration is taken", program.name());
        return Ok(());
    }
    Err(io::Error::other(format!("nothing is changed, because the configuration is not taken:\n{}", text.trim_end())))
}

/// Lets the program that is now in the place take over from the one that runs.
fn replace(program: Program, daemon: Option<&Daemon>, place: &Place, executable: &Path, way: Way) -> io::Result<()> {
    let name = program.name();
    let Some(daemon) = daemon else {
        println!("{name}: not running; the next start runs it");
        return Ok(());
    };
    let new = match program {
        Program::Nginx => daemon.change_binary(executable)?,
        Program::Keepalived if way == Way::In => daemon.take_over(executable, place.path())?,
        Program::Keepalived => daemon.restart(place.path())?,
    };
    println!("{name}: process {} took over from {}", new.pid, daemon.pid);
    Ok(())
}
