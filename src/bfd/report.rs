//! keepalived's messages about BFD sessions as values. The shell prints them.

use std::fmt;
use std::net::SocketAddr;

use crate::wire::bfd::{Diagnostic, Malformed, State};

/// One line of log, or a few that belong together.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Report {
    /// What a session has to say.
    Session {
        /// Its name.
        name: String,
        /// What.
        text: SessionReport,
    },
    /// A packet is not right in itself.
    Malformed(Malformed),
    /// Nobody looks at this packet.
    Bogus(SocketAddr),
    /// It is for no session of ours.
    Unknown {
        /// Who sent it.
        source: SocketAddr,
        /// The session that it names.
        discriminator: u32,
    },
    /// It came from further away than is allowed.
    HopLimit {
        /// Of IPv4.
        is_ipv4: bool,
        /// Received.
        received: u8,
        /// At least.
        least: u8,
    },
    /// It is authenticated.
    Authenticated(SocketAddr),
    /// Its session has no socket to answer from.
    AdminDown(SocketAddr),
}

/// What a session has to say.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum SessionReport {
    /// It is up.
    Up,
    /// It was up, and is not.
    Down {
        /// Why.
        local: Diagnostic,
        /// Why the other one left its last state.
        remote: Diagnostic,
    },
    /// It has no socket to send from.
    AdminDown,
    /// Nothing was heard for too long.
    Expired {
        /// Since the last packet.
        silent_us: u64,
        /// Longer than it may be.
        overdue_us: u64,
    },
    /// The other one is asked to confirm new intervals.
    Poll,
    /// Another detection time.
    Detection {
        /// Now.
        to_us: u64,
        /// Before.
        from_us: u64,
    },
    /// What both ends have agreed on.
    Parameters {
        /// Our interval to send, what we can take, the interval in use, multiplier, the other one's detection time.
        local: Parameters,
        /// Theirs.
        remote: Parameters,
    },
}

/// One end's row of the table of intervals, in microseconds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Parameters {
    /// Wants to send this often.
    pub min_tx: u32,
    /// Can take this often.
    pub min_rx: u32,
    /// Sends this often.
    pub interval: u32,
    /// So many packets may be missing.
    pub multiplier: u8,
    /// After so long without a packet it is down.
    pub detection: u64,
}

impl Report {
    /// Whether keepalived says it with -D alone.
    pub fn is_detail(&self) -> bool {
        use SessionReport as S;
        match self {
            Self::Session { text, .. } => matches!(text, S::Poll | S::Parameters { .. }),
            _ => true,
        }
    }

    /// Its lines.
    pub fn lines(&self) -> Vec<String> {
        match self {
            Self::Session { name, text: SessionReport::Parameters { local, remote } } => {
                let indent = " ".repeat(name.len() + 2);
                vec![
                    format!("({name}) ---------------< Session parameters >--------------"),
                    format!("{indent}          min_tx  min_rx  tx_intv  mult  detect_time"),
                    format!("{indent} local  {local}"),
                    format!("{indent} remote {remote}"),
                ]
            }
            Self::Session { name, text: SessionReport::Detection { to_us, from_us } } => {
                let indent = " ".repeat(name.len() + 2);
                vec![format!("{indent} Detection time is {to_us} us (was {from_us} us)")]
            }
            other => vec![other.to_string()],
        }
    }
}

impl fmt::Display for Parameters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { min_tx, min_rx, interval, multiplier, detection } = self;
        write!(f, "{min_tx:8} {min_rx:7} {interval:8} {multiplier:5} {detection:12}")
    }
}

/// Address and port as keepalived writes them, in brackets for both families.
struct Pair(SocketAddr);

impl fmt::Display for Pair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "[{}]:{}", self.0.ip(), self.0.port())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Session { name, text } => write!(f, "({name}) {text}"),
            Self::Malformed(fault) => fault.fmt(f),
            Self::Bogus(source) => write!(f, "Discarding bogus packet from {}", Pair(*source)),
            Self::Unknown { source, discriminator } => {
                let text = "(session is not found - your discriminator field is";
                write!(f, "Discarding packet from {} {text} 0x{discriminator:08x})", Pair(*source))
            }
            Self::HopLimit { is_ipv4, received, least } => {
                let what = if *is_ipv4 { "ttl" } else { "hop_limit" };
                write!(f, "Packet {what}({received}) < {least} - discarding")
            }
            Self::Authenticated(source) => {
                let text = "(auth bit is set, but no authentication  is in use)";
                write!(f, "Discarding packet from {} {text}", Pair(*source))
            }
            Self::AdminDown(source) => {
                write!(f, "Discarding packet from {} (session is in AdminDown state)", Pair(*source))
            }
        }
    }
}

impl fmt::Display for SessionReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Up => write!(f, "Entering {} state", State::Up.name()),
            Self::AdminDown => write!(f, "Entering {} state", State::AdminDown.name()),
            Self::Down { local, remote } => {
                let (local, remote) = (local.name(), remote.name());
                write!(f, "Entering Down state (Local diagnostic - {local}, Remote diagnostic - {remote})")
            }
            Self::Expired { silent_us, overdue_us } => {
                write!(f, "Expired after {} ms ({overdue_us} usec overdue)", silent_us / 1000)
            }
            Self::Poll => f.write_str("Starting poll sequence"),
            // Their lines do not begin with the name alone: see `Report::lines`.
            Self::Detection { .. } | Self::Parameters { .. } => Ok(()),
        }
    }
}
