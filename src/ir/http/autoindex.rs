//! The values of nginx's `http_autoindex` module.

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
