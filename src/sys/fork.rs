//! Child processes: fork, exec, and what became of them.

use std::ffi::{CString, OsString};
use std::io;
use std::os::unix::ffi::OsStringExt;

use nix::unistd;

/// The number of a process.
pub type Pid = i32;

/// Which of the two processes is running after a fork.
#[derive(Debug)]
pub enum Side {
    /// The new process.
    Child,
    /// The old one, with the number of its child.
    Parent(Pid),
}

/// How a process ended.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum End {
    /// By itself.
    Exited {
        /// Its exit status.
        code: i32,
    },
    /// Killed.
    Signaled {
        /// The number of the signal.
        signal: i32,
        /// Whether the kernel wrote a core file.
        core_dumped: bool,
    },
}

/// Splits this process in two. Call it only while no other thread exists: the child has this thread alone.
#[allow(unsafe_code)]
pub fn fork() -> io::Result<Side> {
    // SAFETY: the callers (master, daemon, VRRP parent) are single-threaded and have no runtime, so no lock can be held
    // by a thread that the child lacks.
    match unsafe { unistd::fork() }? {
        unistd::ForkResult::Child => Ok(Side::Child),
        unistd::ForkResult::Parent { child } => Ok(Side::Parent(child.as_raw())),
    }
}

/// Does something slow in a process of its own, which ends with it. The same holds as for [`fork`].
#[allow(unsafe_code)]
pub fn apart(work: impl FnOnce()) -> io::Result<Pid> {
    match fork()? {
        Side::Parent(pid) => Ok(pid),
        Side::Child => {
            work();
            // SAFETY: ends this process at once; nothing of the parent's that this copy holds is dropped.
            unsafe { libc::_exit(0) }
        }
    }
}

/// Leaves the session and terminal of the caller.
pub fn new_session() -> io::Result<()> {
    unistd::setsid()?;
    Ok(())
}

/// Our own process number.
pub fn own_pid() -> Pid {
    unistd::getpid().as_raw()
}

/// The number of the process that started us.
pub fn parent_pid() -> Pid {
    unistd::getppid().as_raw()
}

/// The number of the calling thread.
pub fn own_thread() -> Pid {
    unistd::gettid().as_raw()
}

/// The next child that has ended, if any; does not wait. No children at all is `ECHILD`.
#[allow(unsafe_code)]
pub fn reap() -> io::Result<Option<(Pid, End)>> {
    let mut status = 0;
    loop {
        // SAFETY: `status` outlives the call. nix's wrapper is not used: it fails, after reaping, for real-time signals.
        let pid = unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) };
        match pid {
            0 => return Ok(None),
            -1 => {
                let error = io::Error::last_os_error();
                if error.kind() != io::ErrorKind::Interrupted {
                    return Err(error);
                }
            }
            pid => return Ok(Some((pid, decode(status)))),
        }
    }
}

fn decode(status: i32) -> End {
    if libc::WIFSIGNALED(status) {
        End::Signaled { signal: libc::WTERMSIG(status), core_dumped: libc::WCOREDUMP(status) }
    } else {
        End::Exited { code: libc::WEXITSTATUS(status) }
    }
}

/// Replaces this process by another program; returns only if that fails.
pub fn execute(path: &OsString, arguments: &[OsString], environment: &[OsString]) -> io::Error {
    let strings = |words: &[OsString]| words.iter().map(c_string).collect::<io::Result<Vec<_>>>();
    let outcome = || {
        unistd::execve(&c_string(path)?, &strings(arguments)?, &strings(environment)?)?;
        Ok(())
    };
    match outcome() {
        Err(error) => error,
        Ok(()) => io::Error::other("execve() returned"),
    }
}

fn c_string(word: &OsString) -> io::Result<CString> {
    CString::new(word.clone().into_vec()).map_err(|_| io::ErrorKind::InvalidInput.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_told_apart() {
        assert_eq!(decode(2 << 8), End::Exited { code: 2 });
        assert_eq!(decode(9), End::Signaled { signal: 9, core_dumped: false });
        assert_eq!(decode(11 | 0x80), End::Signaled { signal: 11, core_dumped: true });
    }
}
