//! What a configuration wants from the outside, by name and in source order.

use super::value::Text;
use crate::conf::diagnostic::{Diagnostic, Place};

/// The number of a [`Host`] in [`super::Nginx::hosts`].
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize)]
pub struct HostId(pub u32);

/// A host name that nginx resolves while it reads the configuration.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Host {
    /// The name, or the text as written when the message quotes more than the name.
    pub name: Text,
    /// The port that belongs to it; all addresses get it.
    pub port: u16,
    /// What asks for it: decides the words when nothing is found.
    pub asked_by: AskedBy,
    /// Where it is written.
    pub place: Place,
}

/// What asks for a host name.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum AskedBy {
    /// `host not found in upstream "H"`; the text is what stands in the quotes (`backend:8080`).
    Upstream {
        /// The address as the operator wrote it.
        written: Text,
    },
    /// `host not found in "H:P" of the "listen" directive`
    Listen {
        /// The address as the operator wrote it.
        written: Text,
    },
    /// `host not found in resolver "H"`
    Resolver {
        /// The address as the operator wrote it.
        written: Text,
    },
    /// `host not found in set_real_ip_from "H"`
    SetRealIpFrom {
        /// The address as the operator wrote it.
        written: Text,
    },
    /// `host not found in debug_connection "H"`
    DebugConnection {
        /// The address as the operator wrote it.
        written: Text,
    },
    /// A syslog server of a log.
    Syslog {
        /// The address as the operator wrote it.
        written: Text,
    },
}

impl Host {
    /// What nginx says when the name has no address.
    pub fn not_found(&self) -> Diagnostic {
        let text = match &self.asked_by {
            AskedBy::Upstream { written } => format!("host not found in upstream \"{written}\""),
            AskedBy::Listen { written } => format!("host not found in \"{written}\" of the \"listen\" directive"),
            AskedBy::Resolver { written } => format!("host not found in resolver \"{written}\""),
            AskedBy::SetRealIpFrom { written } => {
                format!("host not found in set_real_ip_from \"{written}\"")
            }
            AskedBy::DebugConnection { written } => format!("host not found in debug_connection \"{written}\""),
            AskedBy::Syslog { written } => format!("host not found in syslog server \"{written}\""),
        };
        Diagnostic { level: crate::conf::diagnostic::Level::Emerg, text, place: self.place.clone() }
    }
}
