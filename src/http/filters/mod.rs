//! What an answer goes through on its way out, one file for each of nginx's filters.

pub mod body;
pub mod charset;
pub mod chunked;
pub mod early_hints;
pub mod echo;
pub mod encoder;
pub mod gunzip;
pub mod gzip;
pub mod header;
pub mod headers;
pub mod http2;
pub mod not_modified;
pub mod order;
pub mod range;
pub mod ranges;
pub mod slice;
pub mod ssi;
pub mod state;
pub mod sub;
pub mod write;
