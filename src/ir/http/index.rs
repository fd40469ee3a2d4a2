//! The values of nginx's `http_index` module.

use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{Set, Table};
use crate::ir::value::{List, Template};

layer! {
    /// The files that stand for a directory.
    pub struct Index, own IndexOwn {
        /// `index`, in the order they are tried. One that begins with `/` is a URI.
        files: List<Template> = List::from(vec![Template::literal("index.html")]),
    }
}

/// The setters of `http_index`.
pub const SETTERS: Table = &[("index", index)];

fn index(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Set {
    for (at, word) in directive.args().iter().enumerate() {
        if word.value.starts_with(b"/") && at + 1 < directive.args().len() {
            let warning = "only the last index in \"index\" directive should be absolute";
            reader.warn(directive.warn(warning));
        }
        if word.value.is_empty() {
            return Err(directive.emerg("index \"\" in \"index\" directive is invalid"));
        }
        let file = reader.template(directive, word.value)?;
        reader.own().index.get_or_insert_default().files.get_or_insert_default().push(file);
    }
    Ok(())
}
