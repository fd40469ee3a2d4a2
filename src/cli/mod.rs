//! Command lines: words to options, and the texts that answer them.

pub mod nginx;
