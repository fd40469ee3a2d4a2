//! What the sessions ask of the shell.

use crate::wire::bfd::Control;

use super::report::Report;

/// One thing to do.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Action {
    /// Send a packet to the neighbour of a session.
    Send {
        /// Which.
        session: String,
        /// What.
        packet: Control,
    },
    /// Try to open the socket of a session.
    Open {
        /// Which.
        session: String,
    },
    /// Tell VRRP how a session stands.
    Told {
        /// Which.
        session: String,
        /// Whether it is up.
        up: bool,
    },
    /// Write lines of log.
    Report(Report),
}
