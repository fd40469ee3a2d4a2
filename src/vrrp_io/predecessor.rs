//! A keepalived that runs and whose place is taken while its addresses stay where they are.

use std::fs;
use std::io;
use std::path::Path;

use crate::sys::fork::Pid;
use crate::sys::signal::{self, Signal};

/// The two processes that matter: the parent, which would start another child, and the child, which would let go of the addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Predecessor {
    parent: Pid,
    vrrp: Option<Pid>,
}

impl Predecessor {
    /// The daemon of these pid files, if it lives. A VRRP process that is not its child is none of its.
    pub fn find(pid_file: &Path, vrrp_pid_file: &Path) -> Option<Self> {
        let parent = read(pid_file).filter(|pid| signal::exists(*pid))?;
        let vrrp = read(vrrp_pid_file).filter(|pid| parent_of(*pid) == Some(parent));
        Some(Self { parent, vrrp })
    }

    /// The process that others know as the daemon.
    pub fn parent(&self) -> Pid {
        self.parent
    }

    /// Ends both without a chance to send a last advert or to clean up. The parent stands still first, so that it neither
    /// starts another child nor tells the one it has; its other children end when it does (keepalived asks the kernel for that).
    pub fn end(&self) -> io::Result<()> {
        signal::send(self.parent, Signal::SIGSTOP)?;
        let ended = self.vrrp.map_or(Ok(()), |vrrp| signal::send(vrrp, Signal::SIGKILL));
        if ended.is_err() {
            // It goes on as if nothing had been asked.
            signal::send(self.parent, Signal::SIGCONT)?;
            return ended;
        }
        signal::send(self.parent, Signal::SIGKILL)
    }
}

fn read(pid_file: &Path) -> Option<Pid> {
    fs::read_to_string(pid_file).ok()?.trim().parse().ok().filter(|pid| *pid > 0)
}

fn parent_of(pid: Pid) -> Option<Pid> {
    let status = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in parentheses may hold anything; behind it come the state and the parent.
    status.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::fork;

    #[test]
    fn a_process_knows_its_parent() {
        assert_eq!(parent_of(fork::own_pid()), Some(fork::parent_pid()));
        assert_eq!(Predecessor::find(Path::new("/nonexistent"), Path::new("/nonexistent")), None);
    }
}
