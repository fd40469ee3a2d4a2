//! What workers share: tables and locks over words that someone else has mapped.

pub mod lock;
pub mod peers;
