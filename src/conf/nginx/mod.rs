//! nginx.conf: text to tree.

mod lexer;
mod parser;

pub use parser::parse;

#[cfg(test)]
mod tests;
