//! HTTP/2 (RFC 9113): frames, compressed header fields, and the server's side of a connection as a machine without a socket.

pub mod frame;
pub mod hpack;
pub mod huffman;
pub mod server;
