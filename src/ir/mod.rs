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
pub mod event;
pub mod hostnames;
pub mod http;
pub mod ids;
pub mod keepalived;
pub mod listen;
pub mod lookup;
pub mod lower;
pub mod reader;
pub mod regex;
pub mod server_name;
pub mod tls;
pub mod upstream;
pub mod url;
pub mod value;
pub mod variables;

pub use lower::Nginx;
