//! The values of nginx's `http_gzip_static` module.

use crate::ir::setter::{self, Table};

layer! {
    /// Whether files that were compressed beforehand are sent.
    pub struct GzipStatic, own GzipStaticOwn {
        /// `gzip_static`
        mode: Mode = Mode::Off,
    }
}

words! {
    /// `gzip_static`
    pub enum Mode {
        /// Never.
        Off = "off",
        /// To those who take gzip.
        On = "on",
        /// To everybody.
        Always = "always",
    }
}

/// The setters of `http_gzip_static`.
pub const SETTERS: Table = &[("gzip_static", own!(gzip_static.mode, setter::word))];
