//! `stub_status`

use super::Content;
use crate::ir::setter::Table;

/// The setters of `http_stub_status`.
pub const SETTERS: Table = &[("stub_status", |reader, _| {
    reader.location().content = Some(Content::StubStatus);
    Ok(())
})];
