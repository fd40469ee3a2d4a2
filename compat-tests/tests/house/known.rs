//! What breaks a rule already: lists that may only get shorter.

/// Files longer than the limit, with the size they may not exceed.
pub const LARGE_FILES: &[(&str, usize)] = &[];

/// Functions longer than the limit, as `path::name`, with the size they may not exceed.
pub const LARGE_FUNCTIONS: &[(&str, usize)] = &[];

/// Files that make a banned call.
pub const BANNED_CALLS: &[&str] = &[];

/// Folders and files that still import each other in rings. Those of `src/ir` are one: the reader of nginx.conf, the setters
/// that it calls, and the drafts that they fill.
pub const RINGS: &[&str] = &[
    "src/http",
    "src/ir/core",
    "src/ir/error_log",
    "src/ir/event",
    "src/ir/http",
    "src/ir/listen/directive",
    "src/ir/lower",
    "src/ir/setter",
    "src/ir/upstream",
];
