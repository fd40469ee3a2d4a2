//! The keywords of `static_routes`: those of `virtual_routes`, and the group that tracks them.

use crate::keepalived::{Keyword, TRACK_GROUP_OF_STATIC, also_in, virtual_routes::KEYWORDS as ROWS};

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &also_in::<{ ROWS.len() + 1 }>("static_routes", ROWS, &[TRACK_GROUP_OF_STATIC]);
