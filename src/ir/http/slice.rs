//! The values of nginx's `http_slice` module.

use crate::ir::setter::{self, Table};

layer! {
    /// Into which parts a backend's answer is split.
    pub struct Slice, own SliceOwn {
        /// `slice`; 0 for answers in one piece.
        size: usize = 0,
    }
}

/// The setters of `http_slice`.
pub const SETTERS: Table = &[("slice", own!(slice.size, setter::size))];
