//! Sockets: how they listen, how connections are accepted, and how a worker's connections learn that it is about to end.

pub mod accept;
pub mod at_once;
pub mod connect;
pub mod draining;
pub mod hosts;
pub mod listener;
pub mod ocsp;
pub mod places;
pub mod resolver;
pub mod stream;
pub mod timers;
pub mod tls_client;
pub mod tls_clients;
pub mod tls_fault;
pub mod tls_hello;
pub mod tls_keys;
pub mod tls_server;
pub mod tls_sessions;
pub mod tls_signatures;
pub mod tls_stapling;
pub mod tls_stream;
pub mod tls_verify;
pub mod tls_words;
pub mod turn;
pub mod turns;
pub mod zone_holder;
