//! The values of nginx's `http_sub` module.

use super::gzip::MimeTypes;
use super::gzip::setters::mime_types;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Table};
use crate::ir::value::{List, Template};

/// nginx numbers the patterns of a location with one byte.
const MOST_PATTERNS: usize = 255;

layer! {
    /// What is put in the place of texts in a body.
    pub struct Sub, own SubOwn {
        /// `sub_filter`
        pairs: List<Pair> = List::default(),
        /// `sub_filter_types`
        types: MimeTypes = MimeTypes::only("text/html"),
        /// `sub_filter_once`
        once: bool = true,
        /// `sub_filter_last_modified`: the validators stay.
        last_modified: bool = false,
    }
}

/// `sub_filter`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct Pair {
    /// What is looked for, in lower case: letter case does not matter.
    pub pattern: Template,
    /// What takes its place.
    pub replacement: Template,
}

/// The setters of `http_sub`.
pub const SETTERS: Table = &[
    ("sub_filter", own_push!(sub.pairs, pair)),
    ("sub_filter_last_modified", own!(sub.last_modified, setter::flag)),
    ("sub_filter_once", own!(sub.once, setter::flag)),
    ("sub_filter_types", |reader, directive| {
        let now = |settings: &mut super::OwnSettings| settings.sub.get_or_insert_default().types.clone();
        let types = mime_types(reader, directive, "text/html", now)?;
        reader.own().sub.get_or_insert_default().types = Some(types);
        Ok(())
    }),
];

fn pair(reader: &mut Reader<'_>, directive: &Directive<'_>) -> Result<Pair, Diagnostic> {
    let [pattern, replacement, ..] = directive.args() else { return Err(directive.fails("invalid value")) };
    if pattern.value.is_empty() {
        return Err(directive.emerg("empty search pattern"));
    }
    let pairs = &reader.own().sub.get_or_insert_default().pairs;
    if pairs.as_ref().is_some_and(|pairs| pairs.len() == MOST_PATTERNS) {
        return Err(directive.emerg("number of search patterns exceeds 255"));
    }
    Ok(Pair {
        pattern: reader.template(directive, &pattern.value.to_ascii_lowercase())?,
        replacement: reader.template(directive, replacement.value)?,
    })
}
