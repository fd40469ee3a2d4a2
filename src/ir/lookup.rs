//! What a configuration wants from the outside, by name and in source order.

use std::rc::Rc;

use super::http::ServerId;
use super::http::proxy_ssl::ProxySsl;
use super::tls::{ClientTls, ServerTls};
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

/// One thing that nginx says or does while it reads a configuration, in the order in which it happens.
///
/// The first lookup that fails ends the reading, before any later error is seen; so whoever opens things walks these
/// events first and looks at the result afterwards.
#[derive(Clone, PartialEq, Debug)]
pub enum Event {
    /// A warning or notice.
    Message(Diagnostic),
    /// A directive that evenkeel accepts and does nothing for, with the reason. nginx says nothing here.
    WithoutEffect(Diagnostic),
    /// The whole text was read: `-t` says that the syntax is ok. Later faults have no place in the text.
    SyntaxIsOk,
    /// This host's addresses are asked for here.
    Resolve(HostId),
    /// The user's and group's numbers are asked for here (`user`).
    FindUser {
        /// The user's name.
        user: Text,
        /// The group's name; without one, that of the user.
        group: Option<Text>,
        /// Where it is written.
        place: Place,
    },
    /// A module that is not built in is loaded here.
    LoadModule {
        /// Its file.
        path: Text,
        /// Its directives are known, though not served.
        is_known: bool,
        /// Where it is written.
        place: Place,
    },
    /// A server's certificates and keys are read here, and its TLS is made.
    MakeTls {
        /// The server.
        server: ServerId,
        /// What it is made of.
        tls: Rc<ServerTls>,
    },
    /// The files of TLS towards backends are read here, and it is made.
    MakeClientTls {
        /// The location's values; their place in memory names them.
        ssl: Rc<ProxySsl>,
        /// What it is made of.
        tls: Rc<ClientTls>,
    },
    /// A file is opened and read here; what is in it is needed later.
    MustBeReadable {
        /// The full path.
        path: Text,
        /// Where it is written.
        place: Place,
    },
}
