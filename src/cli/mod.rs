//! Command lines: words to options, and the texts that answer them.

pub mod evenkeel;
pub mod keepalived;
mod keepalived_words;
pub mod nginx;
pub mod parse;
