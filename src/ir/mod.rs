//! The configuration as typed values: inheritance and defaults resolved, nothing opened.
//!
//! [`Nginx`] is what the proxy engine runs on. Host names and files stand in it by name; `process::cycle` opens
//! them in the order in which [`lookup`] lists them.

#[macro_use]
pub mod inherit;
#[macro_use]
pub mod setter;
#[macro_use]
pub mod words;

pub mod core;
pub mod error_log;
pub mod http;
pub mod keepalived;
pub mod listen;
pub mod lookup;
pub mod lower;
pub mod regex;
pub mod server_name;
pub mod tls;
pub mod upstream;
pub mod url;
pub mod value;
pub mod variables;

use self::core::{Core, Events};
use self::http::Http;
use self::lookup::Host;

/// A whole nginx configuration.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Nginx {
    /// The directives outside all blocks.
    pub core: Core,
    /// `events { }`
    pub events: Events,
    /// `http { }`
    pub http: Option<Http>,
    /// The host names that have to be resolved before the first request; a [`lookup::HostId`] is an index into it.
    pub hosts: Vec<Host>,
}
