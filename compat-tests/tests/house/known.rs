//! What breaks a rule already: lists that may only get shorter.

/// Files longer than the limit, with the size they may not exceed.
pub const LARGE_FILES: &[(&str, usize)] = &[];

/// Functions longer than the limit, as `path::name`, with the size they may not exceed.
pub const LARGE_FUNCTIONS: &[(&str, usize)] = &[];

/// Files that make a banned call.
pub const BANNED_CALLS: &[&str] = &[];

/// Folders whose files still import each other in rings.
pub const RINGS: &[&str] = &[];
