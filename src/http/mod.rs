//! The HTTP engine: one request, whatever the version that carries it.
//!
//! [`connection::http1::serve`] reads requests and hands each to [`phases`], which is nginx's order of phases read from top to
//! bottom. Modules are leaves: they are called there, get the request, and answer with a [`verdict::Verdict`]. What is
//! answered goes through [`filters::order`] back to the connection.

pub mod access_log;
pub mod body_file;
pub mod body_reader;
pub mod certificate_files;
pub mod connection;
pub mod counters;
pub mod engine;
pub mod error_page;
pub mod evaluate;
pub mod filters;
pub mod finalize;
pub mod free_list;
pub mod handlers;
pub mod host;
pub mod limit_zones;
pub mod location;
pub mod log_files;
pub mod map_uri;
pub mod message;
pub mod modules;
pub mod ocsp;
pub mod open_file;
pub mod phases;
pub mod product;
pub mod redirect;
pub mod request;
pub mod resolvers;
pub mod rewrite;
pub mod spare;
pub mod status;
pub mod subrequest;
pub mod temp_file;
pub mod upstream;
pub mod variables;
pub mod verdict;
pub mod virtual_server;
