//! Small values that every layer shares.

pub mod checksum;
pub mod monotonic;
