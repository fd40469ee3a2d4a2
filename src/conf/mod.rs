//! Configuration text to trees, for both languages. Pure: files come in through [`include::Files`].

pub mod check;
pub mod diagnostic;
pub mod include;
pub mod keepalived;
pub mod nginx;
mod serialize;
pub mod source;
pub mod tree;
pub mod value;
