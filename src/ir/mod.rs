//! Trees to typed values: comparable, with the originals' defaults, nothing opened.

pub mod keepalived;
