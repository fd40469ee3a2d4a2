//! HTTP/2 (RFC 9113): frames, compressed header fields, and both sides of a connection as machines without a socket.

pub mod client;
pub mod frame;
pub mod hpack;
pub mod huffman;
pub mod server;
