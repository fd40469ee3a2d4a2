//! The keywords of `virtual_server/real_server/SSL_GET/url`: those of `HTTP_GET/url`, and what only TLS has.

use crate::keepalived::{Keyword, also_in, check_http_get_url::KEYWORDS as ROWS, check_ssl_get};

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] =
    &also_in::<{ ROWS.len() + 1 }>("virtual_server/real_server/SSL_GET/url", ROWS, &[TLS_COMPLIANT]);

const TLS_COMPLIANT: Keyword = Keyword { default: "checker value", ..check_ssl_get::TLS_COMPLIANT };
