//! Programs started as somebody else, apart from us: track scripts and notifies.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{Signal, killpg};
use nix::unistd::{Gid, Pid, Uid, setgroups, setresgid, setresuid};

use super::{scheduling, signal};

/// Who a program runs as.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Identity {
    /// User.
    pub uid: u32,
    /// Group.
    pub gid: u32,
    /// Further groups.
    pub groups: Vec<u32>,
}

/// What every program gets that we start, whatever we give ourselves.
#[derive(Clone, Copy, Debug)]
struct Limits {
    core_file: (u64, u64),
    priority: i32,
}

static LIMITS: OnceLock<Limits> = OnceLock::new();

/// Remembers the limits of this process for the programs that it, and its children, will start.
pub fn remember_limits() {
    if let (Ok(core_file), Ok(priority)) = (scheduling::core_file_limit(), scheduling::priority()) {
        LIMITS.get_or_init(|| Limits { core_file, priority });
    }
}

/// What the system does not grant stays as it is: the program runs all the same.
fn restore_limits() {
    let Some(limits) = LIMITS.get() else { return };
    let (soft, hard) = limits.core_file;
    let _ = scheduling::set_core_file_limits(soft, hard);
    if scheduling::priority().is_ok_and(|priority| priority != limits.priority) {
        let _ = scheduling::set_priority(limits.priority);
    }
}

/// Starts a program in a process group of its own, without input or output; it gets SIGTERM when we die. The answer is its
/// process number, and that of its group.
#[allow(unsafe_code)]
pub fn start(words: &[String], identity: Option<&Identity>) -> io::Result<i32> {
    let [program, arguments @ ..] = words else {
        return Err(io::ErrorKind::InvalidInput.into());
    };
    let identity = identity.cloned();
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
    // What could make the shell of a script behave otherwise for another user, and what only we may answer.
    for variable in ["IFS", "LD_PRELOAD", "LD_LIBRARY_PATH", "NOTIFY_SOCKET"] {
        command.env_remove(variable);
    }
    let groups: Vec<Gid> = identity.iter().flat_map(|id| &id.groups).map(|gid| Gid::from_raw(*gid)).collect();
    let prepare = move || {
        restore_limits();
        // We take our own signals from a descriptor and block them: a script that did so would not end with SIGTERM.
        signal::reset_all()?;
        if let Some(identity) = &identity {
            setgroups(&groups)?;
            let (uid, gid) = (Uid::from_raw(identity.uid), Gid::from_raw(identity.gid));
            setresgid(gid, gid, gid)?;
            setresuid(uid, uid, uid)?;
        }
        // Last: a change of user clears it.
        set_pdeathsig(Signal::SIGTERM)?;
        Ok(())
    };
    // SAFETY: between fork and exec only system calls are made; nothing is allocated or locked.
    unsafe { command.pre_exec(prepare) };
    Ok(command.spawn()?.id() as i32)
}

/// Sends a signal to a whole process group; `false` if it no longer exists.
pub fn signal_group(group: i32, signal: Signal) -> bool {
    killpg(Pid::from_raw(group), signal).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::signal::Signals;

    #[test]
    fn a_program_blocks_no_signal_though_we_do() {
        let _blocked = Signals::block(&[Signal::SIGTERM]).expect("SIGTERM can be blocked");
        let pid = start(&["sleep".into(), "100".into()], None).expect("there is a sleep");
        let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:")).expect("Linux tells");
        signal_group(pid, Signal::SIGTERM);
        assert_eq!(blocked.trim().trim_matches('0'), "");
    }
}
