//! Log lines with the originals' bytes, and the files and sockets they go to.

pub mod error_log;
pub mod keepalived_log;
pub mod now;
pub mod open_files;
pub mod opening;
pub mod path_cache;
pub mod syslog;
