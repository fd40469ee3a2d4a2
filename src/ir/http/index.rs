//! The values of nginx's `http_index` module.

use std::rc::Rc;

use crate::ir::value::{Template, Text};

layer! {
    /// The files that stand for a directory.
    pub struct Index, own IndexOwn {
        /// `index`, in the order they are tried. One that begins with `/` is a URI.
        files: Rc<[Template]> = Rc::from([Template::literal(Text::from("index.html"))]),
    }
}
