//! The keywords of `virtual_server/real_server/BFD_CHECK`.

use crate::Status;
use crate::keepalived::Keyword;

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        block: "virtual_server/real_server/BFD_CHECK",
        name: "name",
        value: "string NAME",
        default: "none (required)",
        repeatable: "first kept",
        since: "2.0.0",
        needs: "BFD,LVS",
        status: Status::NotYet,
    },
    Keyword {
        block: "virtual_server/real_server/BFD_CHECK",
        name: "alpha",
        value: "bool (no value = true)",
        default: "as real_server",
        repeatable: "last wins",
        since: "2.0.0",
        needs: "BFD,LVS",
        status: Status::NotYet,
    },
];
