//! The values of nginx's `http_index` module.

use crate::ir::value::{List, Template};

layer! {
    /// The files that stand for a directory.
    pub struct Index, own IndexOwn {
        /// `index`, in the order they are tried. One that begins with `/` is a URI.
        files: List<Template> = List::from(vec![Template::literal("index.html")]),
    }
}
