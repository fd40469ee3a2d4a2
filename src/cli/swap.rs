//! `evenkeel swap-in` and `evenkeel roll-back`: this binary in the place of the originals while they run, and back.

use std::env;
use std::fmt;
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

impl Way {
    fn other(self) -> Self {
        match self {
            Self::In => Self::Back,
            Self::Back => Self::In,
        }
    }
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
    /// Puts this binary in the place of each program; if one of them fails, all are as they were.
    pub fn swap_in(&self) -> io::Result<bool> {
        let ours = env::current_exe()?;
        self.exchange(&self.programs(Place::is_taken)?, Way::In, &ours)
    }

    /// Puts the originals back.
    pub fn roll_back(&self) -> io::Result<bool> {
        let ours = env::current_exe()?;
        self.exchange(&self.programs(Place::is_swapped)?, Way::Back, &ours)
    }

    /// Whatever can be asked beforehand is asked for all, before anything is changed.
    fn exchange(&self, programs: &[Program], way: Way, ours: &Path) -> io::Result<bool> {
        for program in programs {
            self.check(*program, way, ours).map_err(|error| about(*program, &error))?;
        }
        for (index, &program) in programs.iter().enumerate() {
            let daemon = self.daemon(program);
            if let Err(error) = self.exchange_one(program, way, ours, daemon.as_ref()) {
                self.undo(program, way, ours, daemon.as_ref()).map_err(|error| about(program, &error))?;
                for &earlier in programs[..index].iter().rev() {
                    let daemon = self.daemon(earlier);
                    let back = self.exchange_one(earlier, way.other(), ours, daemon.as_ref());
                    back.map_err(|error| about(earlier, &error))?;
                }
                return Err(about(program, &format_args!("{error}; everything is as it was")));
            }
        }
        Ok(true)
    }

    /// Changes place and process of one program.
    fn exchange_one(&self, program: Program, way: Way, ours: &Path, daemon: Option<&Daemon>) -> io::Result<()> {
        let place = self.place(program);
        put(&place, way, ours)?;
        match way {
            Way::In => println!("{}: the original is now {}", place.path().display(), place.aside().display()),
            Way::Back => println!("{}: the original again", place.path().display()),
        }
        replace(program, daemon, &place, ours, way)
    }

    /// As before a change that failed halfway. A keepalived that was stopped for the other must not stay away.
    fn undo(&self, program: Program, way: Way, ours: &Path, daemon: Option<&Daemon>) -> io::Result<()> {
        let place = self.place(program);
        if place.is_swapped() == (way == Way::In) {
            put(&place, way.other(), ours)?;
        }
        match (program, daemon) {
            (Program::Keepalived, Some(daemon)) => daemon.come_back(place.path()),
            _ => Ok(()),
        }
    }

    fn check(&self, program: Program, way: Way, ours: &Path) -> io::Result<()> {
        let (place, daemon) = (self.place(program), self.daemon(program));
        match way {
            Way::In if place.is_swapped() => {
                Err(io::Error::other(format!("{} is in its place already", ours.display())))
            }
            Way::In if !place.path().exists() => {
                Err(io::Error::other(format!("{} is not there; --sbin says where it lies", place.path().display())))
            }
            Way::In => check(program, ours, daemon.as_ref(), &place),
            Way::Back if !place.is_swapped() => {
                Err(io::Error::other(format!("{} is not in the place of an original", place.path().display())))
            }
            // Where nothing runs nothing can be lost.
            Way::Back if daemon.is_none() => Ok(()),
            Way::Back => check(program, &place.aside(), daemon.as_ref(), &place),
        }
    }

    fn programs(&self, is_meant: impl Fn(&Place) -> bool) -> io::Result<Vec<Program>> {
        if !self.programs.is_empty() {
            return Ok(self.programs.clone());
        }
        let all = Program::value_variants().iter().copied();
        let programs: Vec<Program> = all.filter(|program| is_meant(&self.place(*program))).collect();
        if programs.is_empty() {
            let text = format!("nothing to do in {}; --sbin says where the programs lie", self.sbin.display());
            return Err(io::Error::other(text));
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

fn about(program: Program, error: &dyn fmt::Display) -> io::Error {
    io::Error::other(format!("{}: {error}", program.name()))
}

fn put(place: &Place, way: Way, ours: &Path) -> io::Result<()> {
    match way {
        Way::In => place.swap_in(ours),
        Way::Back => place.roll_back(),
    }
}

/// Lets the one that is to come test the configuration with the words that the running daemon was started with.
fn check(program: Program, next: &Path, daemon: Option<&Daemon>, place: &Place) -> io::Result<()> {
    if let Some(daemon) = daemon
        && daemon.executable()? != place.path().canonicalize()?
    {
        let text = format!("process {} does not run {}", daemon.pid, place.path().display());
        return Err(io::Error::other(text));
    }
    let words = daemon.map_or(&[][..], |daemon| &daemon.arguments);
    let test = |binary: &Path| Command::new(binary).arg0(program.name()).args(words).arg("-t").output();
    let tested = test(next)?;
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
fn replace(program: Program, daemon: Option<&Daemon>, place: &Place, ours: &Path, way: Way) -> io::Result<()> {
    let name = program.name();
    let Some(daemon) = daemon else {
        println!("{name}: not running; the next start runs it");
        return Ok(());
    };
    let new = match (program, way) {
        (Program::Nginx, Way::In) => daemon.change_binary(ours)?,
        (Program::Nginx, Way::Back) => daemon.change_binary(place.path())?,
        (Program::Keepalived, Way::In) => daemon.take_over(ours, place.path())?,
        (Program::Keepalived, Way::Back) => daemon.restart(place.path())?,
    };
    println!("{name}: process {} took over from {}", new.pid, daemon.pid);
    Ok(())
}
