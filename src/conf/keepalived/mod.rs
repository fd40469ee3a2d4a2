//! keepalived.conf to lines, words and blocks, with keepalived's own rules and messages.
//!
//! The language has no grammar apart from its keywords: whether a line opens a block is known only to the keyword, and
//! some blocks hold keywords while others hold values. So the reader ([`preprocess`]) gives lines, the dispatcher
//! ([`parser`]) finds each line's row in the grammar, and a [`parser::Language`] above says what it means.

pub mod definitions;
pub mod files;
pub mod include;
pub mod lexer;
pub mod parser;
pub mod preprocess;
pub mod report;
mod sequence;

#[cfg(test)]
mod tests;
