//! HTTP/1 as nginx reads and writes it.

pub mod chunked;
pub mod header_line;
pub mod request_line;
pub mod status_line;
pub mod uri;
