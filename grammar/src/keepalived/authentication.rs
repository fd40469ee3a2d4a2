//! The keywords of `vrrp_instance/authentication`.

use crate::Status;
use crate::keepalived::Keyword;

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        block: "vrrp_instance/authentication",
        name: "auth_type",
        value: "PASS | AH",
        default: "none",
        repeatable: "last wins",
        since: "0.5.3",
        needs: "AUTH",
        status: Status::Done,
    },
    Keyword {
        block: "vrrp_instance/authentication",
        name: "auth_pass",
        value: "string, truncated to 8 bytes",
        default: "none",
        repeatable: "last wins",
        since: "0.5.3",
        needs: "AUTH",
        status: Status::Done,
    },
];
