//! `flv`

use super::Content;
use crate::ir::setter::Table;

/// The setters of `http_flv`.
pub const SETTERS: Table = &[("flv", |reader, _| {
    reader.location().content = Some(Content::Flv);
    Ok(())
})];
