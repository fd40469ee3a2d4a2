//! What an answer goes through on its way out, one file for each of nginx's filters.

pub mod charset;
pub mod chunked;
pub mod gzip;
pub mod header;
pub mod headers;
pub mod http2;
pub mod not_modified;
pub mod order;
pub mod range;
