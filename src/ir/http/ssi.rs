//! The values of nginx's `http_ssi` module.

use super::gzip::MimeTypes;
use super::gzip::setters::mime_types;
use crate::ir::setter::{self, Table};

layer! {
    /// Whether commands in a body are carried out.
    pub struct Ssi, own SsiOwn {
        /// `ssi`
        enabled: bool = false,
        /// `ssi_silent_errors`
        silent_errors: bool = false,
        /// `ssi_last_modified`: the validators stay.
        last_modified: bool = false,
        /// `ssi_types`
        types: MimeTypes = MimeTypes::only("text/html"),
        /// `ssi_value_length`
        value_length: usize = 255,
    }
}

/// The setters of `http_ssi`.
pub const SETTERS: Table = &[
    ("ssi", own!(ssi.enabled, setter::flag)),
    ("ssi_last_modified", own!(ssi.last_modified, setter::flag)),
    ("ssi_silent_errors", own!(ssi.silent_errors, setter::flag)),
    ("ssi_types", |reader, directive| {
        let now = |settings: &mut super::OwnSettings| settings.ssi.get_or_insert_default().types.clone();
        let types = mime_types(reader, directive, "text/html", now)?;
        reader.own().ssi.get_or_insert_default().types = Some(types);
        Ok(())
    }),
    ("ssi_value_length", own!(ssi.value_length, setter::size)),
];
