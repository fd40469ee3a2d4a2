//! What nginx says, asks and does while it reads a configuration.

use std::rc::Rc;

use super::http::proxy_ssl::ProxySsl;
use super::ids::ServerId;
use super::lookup::HostId;
use super::tls::{ClientTls, ServerTls};
use super::value::Text;
use crate::conf::diagnostic::{Diagnostic, Place};

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
        /// The end of `http`, where nginx does so.
        close: Place,
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
