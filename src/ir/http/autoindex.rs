//! The values of nginx's `http_autoindex` module.

use crate::ir::setter::{self, Table};

layer! {
    /// Whether and how directories are listed.
    pub struct Autoindex, own AutoindexOwn {
        /// `autoindex`
        enabled: bool = false,
        /// `autoindex_exact_size`
        exact_size: bool = true,
        /// `autoindex_format`
        format: Format = Format::Html,
        /// `autoindex_localtime`
        localtime: bool = false,
    }
}

words! {
    /// `autoindex_format`
    pub enum Format {
        /// A page.
        Html = "html",
        /// JSON
        Json = "json",
        /// JSON in a function call.
        Jsonp = "jsonp",
        /// XML
        Xml = "xml",
    }
}

/// The setters of `http_autoindex`.
pub const SETTERS: Table = &[
    ("autoindex", own!(autoindex.enabled, setter::flag)),
    ("autoindex_exact_size", own!(autoindex.exact_size, setter::flag)),
    ("autoindex_format", own!(autoindex.format, setter::word)),
    ("autoindex_localtime", own!(autoindex.localtime, setter::flag)),
];
