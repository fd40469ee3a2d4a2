//! The keywords of `static_rules`: those of `virtual_rules`, and the group that tracks them.

use crate::keepalived::{Keyword, TRACK_GROUP_OF_STATIC, also_in, virtual_rules::KEYWORDS as ROWS};

/// A row for each keyword.
pub const KEYWORDS: &[Keyword] = &also_in::<{ ROWS.len() + 1 }>("static_rules", ROWS, &[TRACK_GROUP_OF_STATIC]);
