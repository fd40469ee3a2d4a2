//! The keywords of `track_group`.

use crate::Status;
use crate::keepalived::Keyword;

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &[Keyword {
    block: "track_group",
    name: "group",
    value: "list of instance names",
    default: "-",
    repeatable: "first kept",
    since: "2.0.3",
    needs: "-",
    status: Status::Done,
}];
