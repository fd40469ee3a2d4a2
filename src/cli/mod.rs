//! Command lines: words to options, and the texts that answer them.

pub mod evenkeel;
pub mod genhash;
pub mod keepalived;
mod keepalived_words;
mod master;
pub mod nginx;
pub mod parse;
mod status;
mod swap;
