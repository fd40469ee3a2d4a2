//! The variables, and what is fixed about each.

pub mod http;
pub mod stream;

use crate::{Edition, Status};

/// One variable, or one family of variables that share a prefix.
#[derive(PartialEq, Debug)]
pub struct Variable {
    /// The name without `$`; of a family, the prefix (`arg_`).
    pub name: &'static str,
    /// One name, or all that begin with it.
    pub kind: Kind,
    /// The nginx module that defines it.
    pub module: &'static str,
    /// Whether `set`, `map` and the like may define it anew.
    pub changeable: bool,
    /// Whether a value holds for the whole request once it was asked for.
    pub cacheable: bool,
    /// Which build of nginx has it.
    pub edition: Edition,
    /// What evenkeel does with it.
    pub status: Status,
}

/// How a row matches a name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// The whole name.
    Exact,
    /// Every name that begins so.
    Prefix,
}
