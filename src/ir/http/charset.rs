//! The values of nginx's `http_charset` module.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::gzip::{MimeTypes, mime_types};
use crate::conf::tree::Directive;
use crate::ir::lower::Reader;
use crate::ir::setter::{self, Table};
use crate::ir::value::{Template, Text};

layer! {
    /// What `charset=` says of an answer.
    pub struct Charset, own CharsetOwn {
        /// `charset`; `None` for `off`.
        charset: Option<Template> = None,
        /// `charset_types`
        types: MimeTypes = default_types(),
        /// `override_charset`: also of backends' answers that say one.
        override_charset: bool = false,
    }
}

/// The setters of `http_charset`.
pub const SETTERS: Table = &[
    (
        "charset",
        own_with!(charset.charset, |reader: &mut Reader<'_>, directive: &Directive<'_>| {
            match directive.args()[0].value {
                b"off" => Ok(None),
                _ => setter::some_template(reader, directive),
            }
        }),
    ),
    ("charset_types", |reader, directive| {
        let now = |settings: &mut super::OwnSettings| settings.charset.get_or_insert_default().types.clone();
        let types = mime_types(reader, directive, "text/html", now)?;
        reader.own().charset.get_or_insert_default().types = Some(types);
        Ok(())
    }),
    ("override_charset", own!(charset.override_charset, setter::flag)),
];

/// What gets a charset without `charset_types`.
fn default_types() -> MimeTypes {
    let types =
        ["text/html", "text/xml", "text/plain", "text/vnd.wap.wml", "application/javascript", "application/rss+xml"];
    MimeTypes::Some(Rc::new(types.into_iter().map(Text::from).collect::<BTreeSet<_>>()))
}
