//! `try_files`

pub mod setters;

use crate::ir::value::Template;

/// `try_files`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct TryFiles {
    /// What is looked for, in order.
    pub candidates: Vec<Candidate>,
    /// What happens when there is none of them.
    pub otherwise: Otherwise,
}

/// One name to look for under the root.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Candidate {
    /// The name, without the slash that asks for a directory.
    pub name: Template,
    /// A directory rather than a file.
    pub directory: bool,
}

/// The last word of `try_files`.
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Otherwise {
    /// A URI, whose part after `?` becomes the arguments.
    Uri(Template),
    /// `@name`
    Named(Template),
    /// `=code`
    Status(u16),
}
