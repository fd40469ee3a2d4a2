//! A message, whatever version of HTTP carries it.

pub mod cookie;
pub mod head;
pub mod headers;
pub mod known_names;
pub mod response;
pub mod user_agent;
