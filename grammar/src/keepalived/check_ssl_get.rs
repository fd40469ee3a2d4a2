//! The keywords of `virtual_server/real_server/SSL_GET`: those of `HTTP_GET`, and what only TLS has.

use crate::Status;
use crate::keepalived::{Keyword, also_in, check_http_get::KEYWORDS as ROWS};

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] =
    &also_in::<{ ROWS.len() + 1 }>("virtual_server/real_server/SSL_GET", ROWS, &[TLS_COMPLIANT]);

/// A URL has it, too.
pub(super) const TLS_COMPLIANT: Keyword = Keyword {
    block: "",
    name: "tls_compliant",
    value: "bool (no value = true)",
    default: "false",
    repeatable: "last wins",
    since: "2.2.8",
    needs: "LVS",
    status: Status::NotYet,
};
