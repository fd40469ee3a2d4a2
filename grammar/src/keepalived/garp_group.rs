//! The keywords of `garp_group`.

use crate::Status;
use crate::keepalived::Keyword;

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        block: "garp_group",
        name: "garp_interval",
        value: "decimal seconds 0-4294.967295",
        default: "unset",
        repeatable: "last wins",
        since: "1.2.21",
        needs: "-",
        status: Status::Done,
    },
    Keyword {
        block: "garp_group",
        name: "gna_interval",
        value: "decimal seconds 0-4294.967295",
        default: "unset",
        repeatable: "last wins",
        since: "1.2.21",
        needs: "-",
        status: Status::Done,
    },
    Keyword {
        block: "garp_group",
        name: "interface",
        value: "string (interface)",
        default: "-",
        repeatable: "yes",
        since: "1.2.21",
        needs: "-",
        status: Status::Done,
    },
    Keyword {
        block: "garp_group",
        name: "interfaces",
        value: "list of interfaces",
        default: "-",
        repeatable: "yes",
        since: "1.2.21",
        needs: "-",
        status: Status::Done,
    },
];
