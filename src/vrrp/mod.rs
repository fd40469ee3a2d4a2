//! The VRRP engine: `step(now, event, &mut actions)` and `next_deadline()`. Pure: the shell in `vrrp_io` feeds it what
//! happened and does what it asks for.
//!
//! A reader starts at [`instance`], which has the picture of the states, then [`transition`] (the rules of RFC 9568 §6.4),
//! [`advert`] (what is accepted), [`engine`] (who tells whom).

pub mod action;
pub mod addresses;
pub mod advert;
pub mod announce;
pub mod authentication_header;
#[cfg(test)]
pub(crate) mod configuration_text;
pub mod engine;
pub mod event;
pub mod fault;
pub mod group;
mod held_up;
pub mod instance;
pub mod interfaces;
mod observe;
pub mod priority;
pub mod process_count;
pub mod reception;
pub mod refusal;
pub mod reload;
pub mod report;
mod routers;
pub mod signature;
pub mod statistics;
pub mod sync_group;
pub mod timers;
pub mod tracker;
pub mod transition;

pub use action::Action;
pub use engine::Engine;
pub use event::Event;
