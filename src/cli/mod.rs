//! Command lines: words to options, and the texts that answer them.

pub mod evenkeel;
pub mod nginx;
pub mod parse;
