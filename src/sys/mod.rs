//! The operating system: each file wraps what one kind of call needs. All `unsafe` of the program is in this folder.

pub mod coarse_clock;
pub mod credentials;
pub mod descriptors;
pub mod environment;
pub mod fifo;
pub mod fork;
pub mod glob;
pub mod inotify;
pub mod interfaces;
pub mod listening;
pub mod monotonic_clock;
pub mod namespace;
pub mod netlink_socket;
pub mod no_symlinks;
pub mod password_hash;
pub mod poll;
pub mod process_title;
pub mod raw_socket;
pub mod readiness;
pub mod scheduling;
pub mod send;
pub mod shared_words;
pub mod signal;
pub mod socket_options;
pub mod spawn;
pub mod usage;
