//! BFD in asynchronous mode (RFC 5880, 5881, 5883), as keepalived has it: `step(now, event, &mut actions)` and
//! `next_deadline()`. Pure: the shell in `vrrp_io` has the sockets.

pub mod action;
mod random;
pub mod report;
pub mod session;
pub mod sessions;

pub use action::Action;
pub use sessions::{Event, Received, Sessions};
