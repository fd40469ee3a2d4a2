//! The values of nginx's `http_gunzip` module.

use crate::ir::setter::{self, Table};

layer! {
    /// Whether bodies are unpacked for clients that do not take gzip.
    pub struct Gunzip, own GunzipOwn {
        /// `gunzip`
        enabled: bool = false,
    }
}

/// The setters of `http_gunzip`.
pub const SETTERS: Table = &[("gunzip", own!(gunzip.enabled, setter::flag))];
