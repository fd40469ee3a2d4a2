//! The values of nginx's `http_addition` module.

use super::gzip::MimeTypes;
use super::gzip::setters::mime_types;
use crate::ir::setter::{self, Table};
use crate::ir::value::Text;

layer! {
    /// Other answers that stand before and behind a body.
    pub struct Addition, own AdditionOwn {
        /// `add_before_body`; empty for none.
        before_body: Text = Text::default(),
        /// `add_after_body`; empty for none.
        after_body: Text = Text::default(),
        /// `addition_types`
        types: MimeTypes = MimeTypes::only("text/html"),
    }
}

/// The setters of `http_addition`.
pub const SETTERS: Table = &[
    ("add_after_body", own!(addition.after_body, setter::text)),
    ("add_before_body", own!(addition.before_body, setter::text)),
    ("addition_types", |reader, directive| {
        let now = |settings: &mut super::OwnSettings| settings.addition.get_or_insert_default().types.clone();
        let types = mime_types(reader, directive, "text/html", now)?;
        reader.own().addition.get_or_insert_default().types = Some(types);
        Ok(())
    }),
];
