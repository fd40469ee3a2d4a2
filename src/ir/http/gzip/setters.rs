//! Reading `gzip` and what goes with it, and sets of MIME types.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::MimeTypes;
use crate::conf::diagnostic::Diagnostic;
use crate::conf::tree::Directive;
use crate::conf::value;
use crate::ir::http::OwnSettings;
use crate::ir::reader::Reader;
use crate::ir::setter::{self, Table};
use crate::ir::value::Text;

/// The setters of `http_gzip`.
pub const SETTERS: Table = &[
    ("gzip", own!(gzip.enabled, setter::flag)),
    ("gzip_buffers", own!(gzip.buffers, setter::buffers)),
    (
        "gzip_comp_level",
        own!(gzip.level, |directive| value::number_within(directive, 1, Some(9)).map(|level| level as u8)),
    ),
    (
        "gzip_hash",
        own!(gzip.hash, |directive| {
            power(directive, 128 * 1024, "must be 512, 1k, 2k, 4k, 8k, 16k, 32k, 64k, or 128k")
        }),
    ),
    ("gzip_min_length", own!(gzip.min_length, |directive| setter::size(directive).map(|size| size as u64))),
    ("gzip_no_buffer", own!(gzip.no_buffer, setter::flag)),
    ("gzip_types", |reader, directive| {
        let types =
            mime_types(reader, directive, "text/html", |settings| settings.gzip.get_or_insert_default().types.clone())?;
        reader.own().gzip.get_or_insert_default().types = Some(types);
        Ok(())
    }),
    (
        "gzip_window",
        own!(gzip.window, |directive| { power(directive, 32 * 1024, "must be 512, 1k, 2k, 4k, 8k, 16k, or 32k") }),
    ),
    ("postpone_gzipping", own!(gzip.postpone, setter::size)),
];

/// A power of two from 512 on.
fn power(directive: &Directive<'_>, most: usize, fault: &str) -> Result<usize, Diagnostic> {
    match setter::size(directive)? {
        size if size.is_power_of_two() && (512..=most).contains(&size) => Ok(size),
        _ => Err(directive.fails(fault)),
    }
}

/// Types that one more line adds to those of the block; the first line brings the default type with it.
pub fn mime_types(
    reader: &mut Reader<'_>,
    directive: &Directive<'_>,
    default: &str,
    now: impl Fn(&mut OwnSettings) -> Option<MimeTypes>,
) -> Result<MimeTypes, Diagnostic> {
    let mut types = match now(reader.own()) {
        Some(MimeTypes::Any) => return Ok(MimeTypes::Any),
        Some(MimeTypes::Some(types)) => (*types).clone(),
        None => BTreeSet::from([Text::from(default)]),
    };
    for word in directive.args() {
        if word.value == b"*" {
            return Ok(MimeTypes::Any);
        }
        let mime = Text::from(word.value.to_ascii_lowercase());
        if !types.insert(mime.clone()) {
            reader.warn(directive.warn(format!("duplicate MIME type \"{mime}\"")));
        }
    }
    Ok(MimeTypes::Some(Rc::new(types)))
}
