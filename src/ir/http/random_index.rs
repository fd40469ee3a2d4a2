//! The values of nginx's `http_random_index` module.

use crate::ir::setter::{self, Table};

layer! {
    /// Whether any file of a directory stands for it.
    pub struct RandomIndex, own RandomIndexOwn {
        /// `random_index`
        enabled: bool = false,
    }
}

/// The setters of `http_random_index`.
pub const SETTERS: Table = &[("random_index", own!(random_index.enabled, setter::flag))];
