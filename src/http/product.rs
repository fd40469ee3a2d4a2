//! What the server calls itself (`server_tokens`).

/// nginx's name and version in pages and in `Server`.
pub const NAME_AND_VERSION: &str = "nginx/1.31.5";
/// What `server_tokens build` shows.
pub const NAME_AND_BUILD: &str = "nginx/1.31.5 (evenkeel)";
