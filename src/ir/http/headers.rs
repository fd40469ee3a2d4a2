//! The values of nginx's `http_headers` module.

use crate::ir::value::{List, Template, Text};

layer! {
    /// The header lines that a location adds to answers.
    pub struct Headers, own HeadersOwn {
        /// `add_header`
        add_headers: List<AddHeader> = List::default(),
        /// `add_trailer`
        add_trailers: List<AddHeader> = List::default(),
        /// `expires`
        expires: Expires = Expires::Off,
    }
}

/// `add_header`, `add_trailer`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub struct AddHeader {
    /// The name as written.
    pub name: Text,
    /// The value; an empty one leaves the line out.
    pub value: Template,
    /// `always`: whatever the status.
    pub always: bool,
}

/// `expires`
#[derive(Clone, PartialEq, Debug, serde::Serialize)]
pub enum Expires {
    /// Neither `Expires` nor `Cache-Control`.
    Off,
    /// `epoch`: long ago.
    Epoch,
    /// `max`: far ahead.
    Max,
    /// Seconds from now.
    Access(i64),
    /// `modified`: seconds from the file's time.
    Modified(i64),
    /// `@`: this second of the day.
    Daily(i64),
    /// A value with variables, read for each request.
    Template {
        /// The value.
        value: Template,
        /// `modified`
        modified: bool,
    },
}
