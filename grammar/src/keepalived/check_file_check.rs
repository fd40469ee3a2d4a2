//! The keywords of `virtual_server/real_server/FILE_CHECK`.

use crate::Status;
use crate::keepalived::Keyword;

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        block: "virtual_server/real_server/FILE_CHECK",
        name: "track_file",
        value: "string NAME",
        default: "none (required)",
        repeatable: "last wins",
        since: "2.1.0",
        needs: "LVS",
        status: Status::NotYet,
    },
    Keyword {
        block: "virtual_server/real_server/FILE_CHECK",
        name: "weight",
        value: "int -2147483647-2147483647 [reverse|noreverse]",
        default: "track_file weight",
        repeatable: "last wins",
        since: "2.1.0",
        needs: "LVS",
        status: Status::NotYet,
    },
];
