//! The keywords of `vrrp_instance/auth_hmac`.

use crate::Status;
use crate::keepalived::Keyword;

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &[
    Keyword {
        block: "vrrp_instance/auth_hmac",
        name: "key",
        value: "int 1-255 then ASCII | hex:DIGITS | file:PATH, 32-64 bytes",
        default: "-",
        repeatable: "yes, ids unique",
        since: "2.4.0",
        needs: "AUTH",
        status: Status::Done,
    },
    Keyword {
        block: "vrrp_instance/auth_hmac",
        name: "active_key",
        value: "int 1-255",
        default: "none (required)",
        repeatable: "last wins",
        since: "2.4.0",
        needs: "AUTH",
        status: Status::Done,
    },
    Keyword {
        block: "vrrp_instance/auth_hmac",
        name: "time_window",
        value: "int seconds 1-300",
        default: "max(5, 3 x advert_int)",
        repeatable: "last wins",
        since: "2.4.0",
        needs: "AUTH",
        status: Status::Done,
    },
    Keyword {
        block: "vrrp_instance/auth_hmac",
        name: "anti_replay",
        value: "time | monotonic",
        default: "time",
        repeatable: "last wins",
        since: "2.4.0",
        needs: "AUTH",
        status: Status::Done,
    },
    Keyword {
        block: "vrrp_instance/auth_hmac",
        name: "mode",
        value: "enforce | permissive | receive-only",
        default: "enforce",
        repeatable: "last wins",
        since: "2.4.0",
        needs: "AUTH",
        status: Status::Done,
    },
];
