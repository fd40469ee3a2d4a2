//! `empty_gif`

use super::Content;
use crate::ir::setter::Table;

/// The setters of `http_empty_gif`.
pub const SETTERS: Table = &[("empty_gif", |reader, _| {
    reader.location().content = Some(Content::EmptyGif);
    Ok(())
})];
