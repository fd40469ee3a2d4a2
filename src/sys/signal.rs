//! Signals as data: blocked, then read from a descriptor, with the sender's process number.

use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{SigHandler, SigSet};
use nix::sys::signalfd::{SfdFlags, SignalFd};

use super::fork::Pid;

pub use nix::sys::signal::Signal;

/// One signal that has arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Received {
    /// Which.
    pub signal: Signal,
    /// Who sent it; 0 if the kernel did.
    pub sender: Pid,
}

/// The signals of one process, waiting to be read. They stay blocked while this value lives.
#[derive(Debug)]
pub struct Signals {
    descriptor: SignalFd,
}

impl Signals {
    /// Blocks the signals and opens the descriptor on which they arrive from now on.
    pub fn block(signals: &[Signal]) -> io::Result<Self> {
        let set: SigSet = signals.iter().copied().collect();
        set.thread_block()?;
        let descriptor = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self { descriptor })
    }

    /// The same with signals that have a number alone (`SIGRTMIN` and above).
    #[allow(unsafe_code)]
    pub fn block_numbered(signals: &[Signal], numbers: &[i32]) -> io::Result<Self> {
        let set: SigSet = signals.iter().copied().collect();
        let mut set = *set.as_ref();
        for number in numbers {
            // SAFETY: the set is initialised and ours; a number that is none makes the call fail without effect.
            unsafe { libc::sigaddset(&raw mut set, *number) };
        }
        // SAFETY: the set was initialised by nix and changed by sigaddset alone.
        let set = unsafe { SigSet::from_sigset_t_unchecked(set) };
        set.thread_block()?;
        let descriptor = SignalFd::with_flags(&set, SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC)?;
        Ok(Self { descriptor })
    }

    /// The number of the next signal that has arrived, if any.
    pub fn next_number(&self) -> io::Result<Option<i32>> {
        Ok(self.descriptor.read_signal()?.map(|info| info.ssi_signo as i32))
    }

    /// The next signal that has arrived, if any.
    pub fn next(&self) -> io::Result<Option<Received>> {
        let Some(info) = self.descriptor.read_signal()? else { return Ok(None) };
        let signal = Signal::try_from(info.ssi_signo as i32)?;
        Ok(Some(Received { signal, sender: info.ssi_pid as Pid }))
    }

    /// Waits until a signal has arrived or the time is over. `None` waits for ever.
    pub fn wait(&self, limit: Option<Duration>) -> io::Result<()> {
        self.wait_with(&[], limit)
    }

    /// Waits until a signal has arrived, one of the others can be read, or the time is over. `None` waits for ever.
    pub fn wait_with(&self, others: &[BorrowedFd<'_>], limit: Option<Duration>) -> io::Result<()> {
        let timeout = match limit {
            None => PollTimeout::NONE,
            // Rounded up: a deadline that is almost reached must not spin.
            Some(limit) => PollTimeout::try_from(limit + Duration::from_micros(999)).unwrap_or(PollTimeout::MAX),
        };
        let mut descriptors: Vec<PollFd> = [&[self.descriptor.as_fd()], others]
            .concat()
            .into_iter()
            .map(|descriptor| PollFd::new(descriptor, PollFlags::POLLIN))
            .collect();
        match poll(&mut descriptors, timeout) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.descriptor.as_fd()
    }
}

impl AsRawFd for Signals {
    fn as_raw_fd(&self) -> RawFd {
        self.descriptor.as_fd().as_raw_fd()
    }
}

/// Lets the signals take no effect at all, here and in programs started from here.
#[allow(unsafe_code)]
pub fn ignore(signals: &[Signal]) -> io::Result<()> {
    for &signal in signals {
        // SAFETY: no handler function is installed, so nothing of ours runs in signal context.
        unsafe { nix::sys::signal::signal(signal, SigHandler::SigIgn) }?;
    }
    Ok(())
}

/// Gives the signals their default effect again and blocks none: what a program started from here expects.
#[allow(unsafe_code)]
pub fn reset_all() -> io::Result<()> {
    for signal in Signal::iterator() {
        if matches!(signal, Signal::SIGKILL | Signal::SIGSTOP) {
            continue;
        }
        // SAFETY: the default action is installed, no handler function.
        unsafe { nix::sys::signal::signal(signal, SigHandler::SigDfl) }?;
    }
    SigSet::empty().thread_set_mask()?;
    Ok(())
}

/// Sends a signal to one process.
pub fn send(pid: Pid, signal: Signal) -> io::Result<()> {
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), signal)?;
    Ok(())
}

/// Sends a signal that has a number alone.
#[allow(unsafe_code)]
pub fn send_numbered(pid: Pid, number: i32) -> io::Result<()> {
    // SAFETY: the call takes numbers alone.
    if unsafe { libc::kill(pid, number) } == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether a process of that number exists.
pub fn exists(pid: Pid) -> bool {
    !matches!(nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), None), Err(Errno::ESRCH))
}
