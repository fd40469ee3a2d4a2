//! The keywords of `vrrp_instance/virtual_ipaddress_excluded`: those of `virtual_ipaddress`.

use crate::keepalived::{Keyword, also_in, virtual_ipaddress::KEYWORDS as ROWS};

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &also_in::<{ ROWS.len() }>("vrrp_instance/virtual_ipaddress_excluded", ROWS, &[]);
