//! `split_clients { }`: a variable that divides requests by the hash of a text.

pub mod setters;

use crate::ir::value::{Template, Text};

/// `split_clients`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct SplitClients {
    /// What is hashed (MurmurHash2).
    pub subject: Template,
    /// For each part, the first hash that is no longer in it (`None`: all that is left, `*`), and the value.
    pub parts: Vec<(Option<u32>, Text)>,
}
