//! What breaks a rule already: lists that may only get shorter.

/// Files longer than the limit, with the size they may not exceed.
pub const LARGE_FILES: &[(&str, usize)] = &[];

/// Functions longer than the limit, as `path::name`, with the size they may not exceed.
pub const LARGE_FUNCTIONS: &[(&str, usize)] = &[];

/// Files that make a banned call.
pub const BANNED_CALLS: &[&str] = &[];

/// Folders and files that still import each other in rings. Those of `src/http` are one: a request, its connection, the engine
/// behind it, and the modules and filters whose state all three hold.
pub const RINGS: &[&str] = &["src/http"];
