//! The keywords of `track_file`.

use crate::Status;
use crate::keepalived::Keyword;

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        block: "track_file",
        name: "file",
        value: "string PATH",
        default: "none (required)",
        repeatable: "first kept",
        since: "2.1.0",
        needs: "-",
        status: Status::Done,
    },
    Keyword {
        block: "track_file",
        name: "weight",
        value: "int -254-254 [reverse]",
        default: "1",
        repeatable: "first kept",
        since: "2.1.0",
        needs: "-",
        status: Status::Done,
    },
    Keyword {
        block: "track_file",
        name: "init_file",
        value: "none or list: [int -254-254] [overwrite]",
        default: "off",
        repeatable: "last wins",
        since: "2.1.0",
        needs: "-",
        status: Status::Done,
    },
];
