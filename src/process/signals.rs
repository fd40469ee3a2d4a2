//! What each signal means to a master and to a worker, and how nginx's log tells of it.

use crate::conf::diagnostic::Level;
use crate::log::error_log::ErrorLog;
use crate::sys::signal::{Received, Signal};

/// The signals that a master or a worker waits for.
pub const HANDLED: &[Signal] = &[
    Signal::SIGHUP,
    Signal::SIGUSR1,
    Signal::SIGWINCH,
    Signal::SIGTERM,
    Signal::SIGQUIT,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGINT,
    Signal::SIGIO,
    Signal::SIGCHLD,
];

/// The signals that have no effect.
pub const IGNORED: &[Signal] = &[Signal::SIGSYS, Signal::SIGPIPE];

/// What a signal asks a process to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Request {
    /// End now.
    Terminate,
    /// End when the requests are done.
    Quit,
    /// Read the configuration anew.
    Reconfigure,
    /// Open the logs anew.
    Reopen,
    /// Start the binary that now lies at our path.
    ChangeBinary,
    /// Let the workers end, but stay.
    NoAccept,
    /// A child has ended.
    Reap,
}

/// What decides over the meaning of a signal besides its number.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Circumstances {
    /// Started in the background, or by another master.
    pub daemonized: bool,
    /// Another binary is running beside us already, the old one or the new one.
    pub binary_is_changing: bool,
}

/// What a signal asks of a master, and what the log adds about it.
pub fn of_master(signal: Signal, circumstances: Circumstances) -> (Option<Request>, &'static str) {
    match signal {
        Signal::SIGQUIT => (Some(Request::Quit), ", shutting down"),
        Signal::SIGTERM | Signal::SIGINT => (Some(Request::Terminate), ", exiting"),
        Signal::SIGWINCH if circumstances.daemonized => (Some(Request::NoAccept), ", stop accepting connections"),
        Signal::SIGHUP => (Some(Request::Reconfigure), ", reconfiguring"),
        Signal::SIGUSR1 => (Some(Request::Reopen), ", reopening logs"),
        Signal::SIGUSR2 if circumstances.binary_is_changing => (None, ", ignoring"),
        Signal::SIGUSR2 => (Some(Request::ChangeBinary), ", changing binary"),
        Signal::SIGCHLD => (Some(Request::Reap), ""),
        _ => (None, ""),
    }
}

/// What a signal asks of a worker, and what the log adds about it.
pub fn of_worker(signal: Signal, circumstances: Circumstances) -> (Option<Request>, &'static str) {
    match signal {
        Signal::SIGWINCH if !circumstances.daemonized => (None, ""),
        Signal::SIGWINCH | Signal::SIGQUIT => (Some(Request::Quit), ", shutting down"),
        Signal::SIGTERM | Signal::SIGINT => (Some(Request::Terminate), ", exiting"),
        Signal::SIGUSR1 => (Some(Request::Reopen), ", reopening logs"),
        Signal::SIGHUP | Signal::SIGUSR2 | Signal::SIGIO => (None, ", ignoring"),
        _ => (None, ""),
    }
}

/// Writes nginx's notice of a signal.
pub fn tell(received: Received, action: &str, log: &ErrorLog) {
    let Received { signal, sender } = received;
    let number = signal as i32;
    match sender {
        0 => log.say(Level::Notice, format_args!("signal {number} ({signal}) received{action}")),
        _ => log.say(Level::Notice, format_args!("signal {number} ({signal}) received from {sender}{action}")),
    }
    if signal == Signal::SIGUSR2 && action == ", ignoring" {
        let text = "the changing binary signal is ignored: you should shutdown or terminate before either old or new \
                    binary's process";
        log.say(Level::Crit, text);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALONE: Circumstances = Circumstances { daemonized: true, binary_is_changing: false };

    #[test]
    fn a_second_change_of_binary_is_refused() {
        let changing = Circumstances { binary_is_changing: true, ..ALONE };
        assert_eq!(of_master(Signal::SIGUSR2, ALONE), (Some(Request::ChangeBinary), ", changing binary"));
        assert_eq!(of_master(Signal::SIGUSR2, changing), (None, ", ignoring"));
    }

    #[test]
    fn winch_counts_in_the_background_only() {
        let foreground = Circumstances { daemonized: false, ..ALONE };
        assert_eq!(of_master(Signal::SIGWINCH, foreground), (None, ""));
        assert_eq!(of_worker(Signal::SIGWINCH, foreground), (None, ""));
        assert_eq!(of_worker(Signal::SIGWINCH, ALONE).0, Some(Request::Quit));
    }

    #[test]
    fn a_worker_leaves_configurations_to_the_master() {
        assert_eq!(of_worker(Signal::SIGHUP, ALONE), (None, ", ignoring"));
    }
}
