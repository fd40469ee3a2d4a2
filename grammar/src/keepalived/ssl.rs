//! The keywords of `SSL`.

use crate::Status;
use crate::keepalived::Keyword;

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        block: "SSL",
        name: "password",
        value: "string",
        default: "unset",
        repeatable: "last wins (message)",
        since: "0.5.3",
        needs: "LVS",
        status: Status::NotYet,
    },
    Keyword {
        block: "SSL",
        name: "ca",
        value: "string",
        default: "unset",
        repeatable: "last wins (message)",
        since: "0.5.3",
        needs: "LVS",
        status: Status::NotYet,
    },
    Keyword {
        block: "SSL",
        name: "certificate",
        value: "string",
        default: "unset",
        repeatable: "last wins (message)",
        since: "0.5.3",
        needs: "LVS",
        status: Status::NotYet,
    },
    Keyword {
        block: "SSL",
        name: "key",
        value: "string",
        default: "unset",
        repeatable: "last wins (message)",
        since: "0.5.3",
        needs: "LVS",
        status: Status::NotYet,
    },
];
