//! Another binary in the place of a running one: nginx's live change, keepalived's stop and start.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use std::{fs, io};

use crate::sys::fork::Pid;
use crate::sys::signal::{self, Signal};

/// How long a new master may take until it has workers.
const START_LIMIT: Duration = Duration::from_secs(15);
/// How long a stopped daemon may take to end; keepalived gives its children three seconds.
const STOP_LIMIT: Duration = Duration::from_secs(15);
const PAUSE: Duration = Duration::from_millis(20);
/// systemd is the one that starts and stops where this is there.
const SYSTEMD: &str = "/run/systemd/system";

/// A process that runs, found by its pid file, with all that it takes to start it again.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Daemon {
    /// Its number.
    pub pid: Pid,
    /// The program's name as it was called.
    name: String,
    /// The words after the program's name that it was started with.
    pub arguments: Vec<String>,
    pid_file: PathBuf,
    /// The unit that systemd runs it as.
    unit: Option<String>,
}

impl Daemon {
    /// The daemon that a pid file names, if it lives.
    pub fn of(pid_file: &Path) -> Option<Self> {
        let pid = read_pid(pid_file).filter(|pid| signal::exists(*pid))?;
        let mut words = words(pid).ok()?.into_iter();
        let name = words.next().unwrap_or_default();
        Some(Self { pid, name, arguments: words.collect(), pid_file: pid_file.to_owned(), unit: unit(pid) })
    }

    /// The program that it runs.
    pub fn executable(&self) -> io::Result<PathBuf> {
        let path = fs::read_link(format!("/proc/{}/exe", self.pid))?;
        // A package that was upgraded meanwhile has put another file there.
        Ok(path.to_str().and_then(|path| path.strip_suffix(" (deleted)")).map(PathBuf::from).unwrap_or(path))
    }

    /// nginx's change of the binary: the new master takes the listening sockets over, the old one drains. If the new one does
    /// not come, the old one goes on as if nothing had been asked.
    pub fn change_binary(&self, expected: &Path) -> io::Result<Self> {
        if !self.name.contains('/') {
            let text =
                format!("it was called as \"{}\" and finds no other binary so; start it by its path first", self.name);
            return Err(io::Error::other(text));
        }
        signal::send(self.pid, Signal::SIGUSR2)?;
        let until = Instant::now() + START_LIMIT;
        let mut has_left = false;
        let came = wait(until, || {
            let named = Self::of(&self.pid_file);
            has_left |= named.is_none();
            // The old master gives its pid file the name back when the new one has ended.
            let is_over = named.as_ref().is_some_and(|named| named.pid != self.pid || has_left);
            is_over.then_some(named)
        });
        let new = came.flatten().filter(|new| new.pid != self.pid);
        let new = new.ok_or_else(|| io::Error::other("no new master came; its error log says why"))?;
        let serves = wait(until, || (new.executable().ok()? == expected && new.has_workers()).then_some(()));
        if serves.is_none() {
            // The old master takes its pid file back when the new one has ended.
            signal::send(new.pid, Signal::SIGQUIT)?;
            return Err(io::Error::other("the new master has no workers; its error log says why"));
        }
        signal::send(self.pid, Signal::SIGQUIT)?;
        Ok(new)
    }

    fn has_workers(&self) -> bool {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", self.pid));
        children.is_ok_and(|children| !children.trim().is_empty())
    }

    /// Stops it and starts a program in its place, with the same words; through systemd if that started it.
    pub fn restart(&self, program: &Path) -> io::Result<Self> {
        match &self.unit {
            Some(unit) => run(Command::new("systemctl").args(["restart", unit]))?,
            None => {
                self.stop()?;
                run(Command::new(program).args(&self.arguments).stdin(Stdio::null()))?;
            }
        }
        wait(Instant::now() + START_LIMIT, || Self::of(&self.pid_file).filter(|new| new.pid != self.pid))
            .ok_or_else(|| io::Error::other("it does not start; its log says why"))
    }

    /// Starts a program in its place unless it still runs.
    pub fn come_back(&self, program: &Path) -> io::Result<()> {
        if Self::of(&self.pid_file).is_some() { Ok(()) } else { self.restart(program).map(drop) }
    }

    /// keepalived's addresses, states and priorities go over to ours without a transition. Only where its log goes to what systemd
    /// gave it as output is it started again instead: a successor has no way to that.
    pub fn take_over(&self, ours: &Path, place: &Path) -> io::Result<Self> {
        if self.unit.is_some() && self.logs_to_console() {
            return self.restart(place);
        }
        run(Command::new(ours).args(["keepalived", "--takeover"]).args(&self.arguments).stdin(Stdio::null()))?;
        Self::of(&self.pid_file).filter(|new| new.pid != self.pid).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// `-l`, alone or among other letters.
    fn logs_to_console(&self) -> bool {
        let is_letters = |word: &str| word.starts_with('-') && !word.starts_with("--");
        self.arguments.iter().any(|word| word.starts_with("--log-c") || is_letters(word) && word.contains('l'))
    }

    fn stop(&self) -> io::Result<()> {
        if !signal::exists(self.pid) {
            return Ok(());
        }
        signal::send(self.pid, Signal::SIGTERM)?;
        let gone = wait(Instant::now() + STOP_LIMIT, || (!signal::exists(self.pid)).then_some(()));
        gone.ok_or_else(|| io::Error::other(format!("process {} does not end", self.pid)))
    }
}

/// The words of its command line, the program's name first.
fn words(pid: Pid) -> io::Result<Vec<String>> {
    let line = fs::read(format!("/proc/{pid}/cmdline"))?;
    let text = String::from_utf8_lossy(&line).into_owned();
    Ok(match text.strip_prefix("nginx: master process ") {
        Some(title) => words_of_title(title.trim_end_matches('\0')),
        None => words_of_daemon(&text),
    })
}

fn unit(pid: Pid) -> Option<String> {
    let groups = fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let unit = groups.lines().filter_map(|line| line.rsplit_once('/')).find(|(_, name)| name.ends_with(".service"))?.1;
    Path::new(SYSTEMD).exists().then(|| unit.to_owned())
}

fn read_pid(pid_file: &Path) -> Option<Pid> {
    fs::read_to_string(pid_file).ok()?.trim().parse().ok().filter(|pid| *pid > 0)
}

fn wait<T>(until: Instant, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= until {
            return found;
        }
        std::thread::sleep(PAUSE);
    }
}

fn run(command: &mut Command) -> io::Result<()> {
    let status = command.status()?;
    if status.success() {
        return Ok(());
    }
    Err(io::Error::other(format!("{}: {status}", command.get_program().display())))
}

/// The words of a command line; those that made it a takeover were for that alone.
fn words_of_daemon(line: &str) -> Vec<String> {
    let words: Vec<&str> = line.split_terminator('\0').collect();
    let is_own = |(index, word): &(usize, &str)| *word != "--takeover" && !(*index == 1 && *word == "keepalived");
    words.into_iter().enumerate().filter(is_own).map(|(_, word)| word.to_owned()).collect()
}

/// The words of a title, which nginx joins by spaces: the text of `-g` goes up to the next option.
fn words_of_title(title: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    for word in title.split(' ') {
        let is_option = ["-p", "-c", "-e", "-g", "-q"].contains(&word);
        let in_directives = words.len() > 2 && words[words.len() - 2] == "-g";
        match words.last_mut() {
            Some(directives) if in_directives && !is_option => *directives = format!("{directives} {word}"),
            _ => words.push(word.to_owned()),
        }
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_gives_its_words_back() {
        let title = "/usr/sbin/nginx -g daemon on; master_process on; -c /etc/nginx/a.conf";
        let expected = ["/usr/sbin/nginx", "-g", "daemon on; master_process on;", "-c", "/etc/nginx/a.conf"];
        assert_eq!(words_of_title(title), expected);
        assert_eq!(words_of_title("nginx"), ["nginx"]);
    }

    #[test]
    fn a_daemon_that_took_over_is_started_again_without() {
        assert_eq!(words_of_daemon("evenkeel\0keepalived\0--takeover\0-D\0"), ["evenkeel", "-D"]);
        assert_eq!(words_of_daemon("/usr/sbin/keepalived\0-f\0a b\0"), ["/usr/sbin/keepalived", "-f", "a b"]);
    }

    #[test]
    fn nobody_is_found_by_a_file_that_names_nobody() {
        assert_eq!(Daemon::of(Path::new("/nonexistent/nginx.pid")), None);
    }
}
